"""All phones of a district at once, as on the morning after a day without a network."""

import time
from collections.abc import Callable
from functools import partial

import orjson

from bench.district import read_district
from bench.figures import Figure, percentile
from bench.phones import Phone, all_at_once
from bench.stage import Stage, stage

CROWDS = (64, 300)
RECORDS_EACH = 10


def measure_crowds() -> list[Figure]:
    """Let 64 and then 300 devices push ten records each and pull, all at the same moment."""
    figures = []
    for size in CROWDS:
        with stage() as place:
            figures += _measure(place, size)
    return figures


def _measure(place: Stage, size: int) -> list[Figure]:
    district = read_district(place.environment)
    phones = [Phone(place.port, f"officer{1 + number % 12}") for number in range(size)]
    work: list[Callable[[], float]] = [
        partial(_round, phone, phone.batch(district.reports(RECORDS_EACH, seed=number)))
        for number, phone in enumerate(phones)
    ]
    times, seconds = all_at_once(work)
    return [
        Figure(f"{size} devices at once, 10 records each and a pull: all done", seconds, "s"),
        Figure(f"one of {size} devices, p99", percentile(times, 0.99), "s"),
    ]


def _round(phone: Phone, batch: bytes) -> float:
    started = time.perf_counter()
    receipts = phone.post("/api/v1/sync/push", batch)["receipts"]
    outcomes = {one["outcome"] for one in receipts}
    if outcomes != {"applied"}:
        raise RuntimeError(f"not applied: {orjson.dumps(receipts)[:300]!r}")
    phone.get("/api/v1/sync/pull?limit=500")
    return time.perf_counter() - started
