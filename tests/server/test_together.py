"""Many clients of one real server process at once, over real HTTP."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sync.ids import uuid7
from tests.conftest import environment_for
from tests.server.device import PASSWORD, PLACE, iso, new_id
from tests.server_process import ServerProcess

Json = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """The real server over the demo district, once on each database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("server_process")
        return
    url = request.getfixturevalue("demo_postgres_url")
    environment = environment_for(tmp_path / "home", DEMO="1", DATABASE_URL=url)
    process = ServerProcess(environment, tmp_path / "server.log")
    process.start()
    yield process
    process.close()


class Caller:
    def __init__(self, url: str, username: str) -> None:
        self.url = f"{url}/api/v1"
        self.device_id = new_id()
        device = {"id": self.device_id, "name": "x", "app_version": "1.0.0", "protocol": 1}
        body = {"username": username, "password": PASSWORD, "device": device}
        answer = requests.post(f"{self.url}/sign-in", json=body, timeout=60)
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def push(self, changes: list[Json]) -> list[Json]:
        body = {"device_id": self.device_id, "sent_at": iso(), "changes": changes}
        answer = requests.post(f"{self.url}/sync/push", json=body, headers=self.headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["receipts"])

    def pull(self, cursor: str | None, limit: int) -> Json:
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        answer = requests.get(
            f"{self.url}/sync/pull", params=query, headers=self.headers, timeout=60
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def report(n: int) -> Json:
    return {
        "id": uuid7(n),
        "n": n,
        "kind": "case.report",
        "record_id": uuid7(n),
        "observed_at": iso(),
        "body": {"category": "E09006", "location": PLACE},
    }


def test_the_same_push_many_times_at_once_is_carried_out_once(server: ServerProcess) -> None:
    caller = Caller(server.url, "officer1")
    cursor = drained(caller, None)[1]
    changes = [report(n) for n in range(1, 21)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(caller.push, [changes] * 8))
    for place, change in enumerate(changes):
        outcomes = Counter(receipts[place]["outcome"] for receipts in answers)
        assert outcomes == {"applied": 1, "duplicate": 7}, change
        firsts = [one[place].get("first") for one in answers]
        (applied,) = [one[place] for one in answers if one[place]["outcome"] == "applied"]
        assert all(first == applied for first in firsts if first)
    rows, _ = drained(caller, cursor)
    cases = [row["id"] for row in rows if row["entity"] == "case"]
    assert sorted(cases) == sorted(change["record_id"] for change in changes)


def test_pushes_of_many_devices_with_the_same_changes_do_not_wait_for_each_other_for_ever(
    server: ServerProcess,
) -> None:
    callers = [Caller(server.url, "officer1") for _ in range(4)]
    changes = [report(n) for n in range(1, 31)]
    orders = [changes, changes[::-1], changes[15:] + changes[:15], changes]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda pair: pair[0].push(pair[1]), zip(callers, orders, strict=True))
        )
    outcomes = Counter(receipt["outcome"] for receipts in answers for receipt in receipts)
    assert outcomes["applied"] == len(changes)
    assert outcomes["duplicate"] == 3 * len(changes)


def test_a_poller_misses_nothing_while_eight_devices_push(server: ServerProcess) -> None:
    reader = Caller(server.url, "squad1")
    _, cursor = drained(reader, None)
    callers = [Caller(server.url, f"officer{1 + number % 4}") for number in range(8)]
    batches = [[[report(5 * b + n) for n in range(1, 6)] for b in range(6)] for _ in callers]
    with ThreadPoolExecutor(9) as pool:
        writing = [
            pool.submit(lambda c=caller, its=its: [c.push(batch) for batch in its])
            for caller, its in zip(callers, batches, strict=True)
        ]
        seen: Counter[str] = Counter()
        running = True
        while running:
            running = not all(one.done() for one in writing)
            rows, cursor = drained(reader, cursor, limit=11)
            seen.update(row["id"] for row in rows if row["entity"] == "case")
        for one in writing:
            one.result()
    wanted = {change["record_id"] for its in batches for batch in its for change in batch}
    assert wanted <= seen.keys()


def drained(caller: Caller, cursor: str | None, limit: int = 2000) -> tuple[list[Json], str]:
    rows: list[Json] = []
    while True:
        page = caller.pull(cursor, limit)
        rows += page["rows"]
        cursor = str(page["cursor"])
        if not page["more"]:
            return rows, cursor
