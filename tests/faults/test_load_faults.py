"""Very many at once: all phones after a day offline, a huge import while others poll."""

import itertools
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from server import clock
from server.accounts.people import find_person
from server.accounts.sessions import DeviceCard, open_session
from server.app import create_app
from server.config import read_settings
from server.db import db
from server.feed import publish, transaction
from tests.conftest import environment_for
from tests.server.device import PLACE, iso, new_id
from tests.server.test_together import Caller, drained
from tests.server_process import ServerProcess

DEVICES, RECORDS_EACH, AT_ONCE = 300, 4, 300
IMPORTED = 100_000
Json = dict[str, Any]


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    return shutil.copytree(demo_home, tmp_path / "home")


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(environment_for(home, DEMO="1"), tmp_path / "server.log")
    process.start()
    yield process
    process.close()


def signed_in_devices(home: Path, count: int) -> list[tuple[str, str]]:
    """Return (device id, access token) of devices that signed in this morning."""
    app = create_app(read_settings(environment_for(home, DEMO="1")))
    secret = app.extensions["xuncheng_settings"].secret_key
    made = []
    with app.app_context():
        with transaction() as session:
            people = [find_person(session, f"officer{number}") for number in range(1, 13)]
            for _, person in zip(range(count), itertools.cycle(people), strict=False):
                assert person is not None
                card = DeviceCard(new_id(), "test", "1.0.0", 1)
                made.append((card.id, open_session(session, secret, person, card, clock.now())))
        db.engine.dispose()
    return [(device_id, pair.access_token) for device_id, pair in made]


def push_and_pull(url: str, device_id: str, token: str, changes: list[Json]) -> list[str]:
    """Send a day's records and take what is new, trying again as a phone does."""
    headers = {"Authorization": f"Bearer {token}"}
    body = {"device_id": device_id, "sent_at": iso(), "changes": changes}
    for wait in (0.5, 1, 2, 4, 8, 0):
        try:
            answer = requests.post(
                f"{url}/api/v1/sync/push", json=body, headers=headers, timeout=90
            )
        except requests.ConnectionError:
            time.sleep(wait)
            continue
        if answer.status_code == 200:
            outcomes = [one["outcome"] for one in answer.json()["receipts"]]
            if "retry" not in outcomes:
                break
        time.sleep(wait)
    pulled = requests.get(
        f"{url}/api/v1/sync/pull", params={"limit": "50"}, headers=headers, timeout=90
    )
    assert pulled.status_code == 200, pulled.text
    return outcomes


def test_300_devices_at_once_after_a_day_offline(server: ServerProcess, home: Path) -> None:
    devices = signed_in_devices(home, DEVICES)
    work = []
    for device_id, token in devices:
        changes = [
            {
                "id": new_id(),
                "n": n,
                "kind": "case.report",
                "record_id": new_id(),
                "observed_at": datetime.now(UTC).isoformat(),
                "body": {"category": "E09006", "location": PLACE},
            }
            for n in range(1, RECORDS_EACH + 1)
        ]
        work.append((device_id, token, changes))
    gate = threading.Barrier(AT_ONCE)

    def go(one: tuple[str, str, list[Json]]) -> list[str]:
        gate.wait()
        return push_and_pull(server.url, *one)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = Counter(itertools.chain.from_iterable(pool.map(go, work)))
    assert outcomes["applied"] + outcomes["duplicate"] == DEVICES * RECORDS_EACH
    reader = Caller(server.url, "squad1")
    rows, _ = drained(reader, None)
    sent = {change["record_id"] for _, _, changes in work for change in changes}
    assert sent <= {row["id"] for row in rows if row["entity"] == "case"}


def test_a_bulk_import_of_100_000_rows_during_polling(server: ServerProcess, home: Path) -> None:
    reader = Caller(server.url, "officer1")
    _, cursor = drained(reader, None)
    app = create_app(read_settings(environment_for(home, DEMO="1")))
    done = threading.Event()

    def import_rows() -> None:
        with app.app_context():
            now = clock.now()
            with transaction() as session:
                for number in range(IMPORTED):
                    data = {"name": f"门店 {number}"}
                    publish(session, "area:360802001", "shop", f"shop-{number}", 1, data, now)
            db.engine.dispose()
        done.set()

    importing = threading.Thread(target=import_rows)
    importing.start()
    seen: Counter[str] = Counter()
    slowest = 0.0
    finished = False
    while not finished:
        finished = done.is_set()
        began = time.monotonic()
        page = reader.pull(cursor, 2000)
        slowest = max(slowest, time.monotonic() - began)
        seen.update(row["id"] for row in page["rows"] if row["entity"] == "shop")
        cursor, finished = page["cursor"], finished and not page["more"]
    importing.join()
    assert len(seen) == IMPORTED
    assert set(seen.values()) == {1}
    assert slowest < 15  # nobody waits for the import to end
