"""Records pushed per second, and the pull of what was pushed."""

import time
from functools import partial

from bench.district import read_district
from bench.figures import Figure, percentile
from bench.phones import Json, Phone, all_at_once
from bench.stage import DATABASES, Stage, stage

CLIENTS = 16
BATCH = 50
BATCHES_EACH = 25
WANTED_ROWS = 20_000


def measure_push() -> list[Figure]:
    """Push 20,000 reports in batches of 50 from 16 clients, once on each database.

    Every report is filed, given its grid, deadline and unit, dispatched, and published in the
    feed; each batch is one synced commit.
    """
    figures = []
    for database in DATABASES:
        with stage(database) as place:
            figures += push_everything(place, database)
    return figures


def push_everything(place: Stage, database: str) -> list[Figure]:
    district = read_district(place.environment)
    phones = [Phone(place.port, f"officer{1 + number % 12}") for number in range(CLIENTS)]
    work = []
    for number, phone in enumerate(phones):
        reports = district.reports(BATCH * BATCHES_EACH, seed=number)
        batches = [
            phone.batch(reports[start : start + BATCH]) for start in range(0, len(reports), BATCH)
        ]
        work.append((phone, batches))
    used = place.cpu_seconds()
    results, seconds = all_at_once([partial(_push, *pair) for pair in work])
    times = [spent for result in results for spent in result]
    used = place.cpu_seconds() - used
    records = CLIENTS * BATCH * BATCHES_EACH
    return [
        Figure(f"records pushed, {database}, 16 clients", records / seconds, "/s", "2,000 /s"),
        Figure(f"server's processor time a record, {database}", used / records * 1000, "ms"),
        Figure(f"a push of 50, {database}, p99", percentile(times, 0.99) * 1000, "ms"),
    ]


def _push(phone: Phone, batches: list[bytes]) -> list[float]:
    times = []
    for batch in batches:
        started = time.perf_counter()
        answer = phone.post("/api/v1/sync/push", batch)
        times.append(time.perf_counter() - started)
        refused = [one for one in answer["receipts"] if one["outcome"] != "applied"]
        if refused:
            raise RuntimeError(f"not applied: {refused[0]}")
    return times


def measure_pull() -> list[Figure]:
    """Pull 20,000 rows from the beginning, and then ten changes among them."""
    with stage() as place:
        push_everything(place, "SQLite")
        phone = Phone(place.port, "squad1")
        started = time.perf_counter()
        rows, cursor = _pull(phone, "")
        seconds = time.perf_counter() - started
        scaled = seconds * WANTED_ROWS / rows
        officer = Phone(place.port, "officer1")
        district = read_district(place.environment)
        _push(officer, [officer.batch(district.reports(10, seed=99))])
        started = time.perf_counter()
        _pull(phone, cursor)
        delta = time.perf_counter() - started
    return [
        Figure("pull of 20,000 rows", scaled, "s", "1 s"),
        Figure(f"pull of 10 changes among {rows:,} rows", delta * 1000, "ms"),
    ]


def _pull(phone: Phone, cursor: str) -> tuple[int, str]:
    rows, more = 0, True
    while more:
        asked = f"&cursor={cursor}" if cursor else ""
        page: Json = phone.get(f"/api/v1/sync/pull?limit=2000{asked}")
        rows += len(page["rows"])
        cursor, more = page["cursor"], page["more"]
    return rows, cursor
