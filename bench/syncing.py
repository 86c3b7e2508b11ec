"""What a sync costs: bytes on the wire, requests, rows behind, bytes that go twice."""

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.district import read_district
from bench.figures import Figure, percentile
from bench.phones import Json, Phone
from bench.stage import Stage, folder, stage
from mobile.transfer.sign_in import remote_of
from server import clock
from server.app import create_app
from server.config import read_settings
from server.db import db
from server.feed import publish, transaction
from sync.bodies import Kind
from sync.messages import Change, PhotoRole
from sync.remote import LinkDown
from tests.faults.meddler import Meddler
from tests.link import Link
from tests.mobile.engine import Engine, signed_in

PICTURE = Path(__file__).parent.parent / "tests" / "photos" / "gps_DSCN0010.jpg"
BATCH = 50
BOOTSTRAP_ROWS = 20_000
BEHIND = (100_000, 1_000_000)
STREET = "area:360802001"
CUT_EVERY = 12_000_000
PHOTO_BYTES, PHOTOS = 3_000_000, 20


def measure_wire() -> list[Figure]:
    """Push 50 reports of a real phone, then let it sync with nothing to do."""
    with stage() as place, folder() as own, _link(place) as link:
        engine = _phone(own, link.url)
        engine.sync()
        for body in read_district(place.environment).reports(BATCH, seed=5):
            picture = own / "picture.jpg"
            picture.write_bytes(PICTURE.read_bytes() + os.urandom(16))
            engine.record(Kind.CASE_REPORT, body, (picture, PhotoRole.BEFORE))
        before = link.bytes_up
        changes = engine.store.outbox.waiting(0, BATCH)
        _push(engine, changes)
        per_record = (link.bytes_up - before) / len(changes)
        engine.sync()
        engine.sync()
        up, down = link.bytes_up, link.bytes_down
        engine.sync()
        idle = link.bytes_up - up + link.bytes_down - down
        requests = _requests_of_an_idle_sync(place, engine)
        engine.close()
    return [
        Figure(
            "bytes up for a record with a photo named, in a batch of 50", per_record, "B", "300"
        ),
        Figure("requests of an idle sync", requests, "", "1"),
        Figure("bytes of an idle sync, both ways, headers too", idle, "B", "1,024"),
    ]


def measure_bootstrap() -> list[Figure]:
    """Let a new phone fetch 20,000 rows into its own database."""
    with stage() as place, folder() as own:
        _publish(place, BOOTSTRAP_ROWS)
        engine = _phone(own, place.server.url)
        started = time.perf_counter()
        rows = engine.sync().pull.rows
        seconds = time.perf_counter() - started
        engine.close()
    return [Figure("first sync of 20,000 rows on a phone", seconds * BOOTSTRAP_ROWS / rows, "s")]


def measure_delta() -> list[Figure]:
    """Pull ten new rows with more and more rows behind them."""
    figures, behind = [], 0
    with stage() as place:
        phone = Phone(place.port, "officer1")
        for wanted in BEHIND:
            _publish(place, wanted - behind, start=behind)
            behind = wanted
            cursor = _drain(phone)
            times = []
            for turn in range(20):
                _publish(place, 10, start=10_000_000 + behind + 10 * turn)
                started = time.perf_counter()
                page: Json = phone.get(f"/api/v1/sync/pull?limit=500&cursor={cursor}")
                times.append(time.perf_counter() - started)
                cursor = page["cursor"]
            figures.append(
                Figure(
                    f"pull of 10 new rows, {behind:,} behind, p50",
                    percentile(times, 0.5) * 1e3,
                    "ms",
                )
            )
    return figures


def measure_cuts() -> list[Figure]:
    """Send 60 MB of photos over a link that breaks again and again; count what went twice."""
    with stage() as place, folder() as own, _link(place) as link:
        engine = _phone(own, link.url)
        engine.sync()
        engine.piece_bytes = 256 * 1024
        body = read_district(place.environment).reports(1, seed=6)[0]
        for number in range(PHOTOS):
            picture = own / f"{number}.jpg"
            picture.write_bytes(PICTURE.read_bytes() + os.urandom(PHOTO_BYTES))
            engine.record(Kind.CASE_REPORT, body, (picture, PhotoRole.BEFORE))
        photo_bytes = engine.store.outbox.unsent_status().unsent_photo_bytes
        chance, before = random.Random(3), link.bytes_up
        while engine.store.outbox.unsent_status().unsent_photo_bytes:
            link.cut_after(chance.randrange(CUT_EVERY // 2, CUT_EVERY * 3 // 2))
            with suppress(LinkDown):
                engine.sync()
        sent = link.bytes_up - before
        engine.close()
    return [
        Figure(f"bytes up, all, ÷ photo bytes, {link.cuts} cuts", sent / photo_bytes, "", "1.01"),
    ]


def _phone(own: Path, url: str) -> Engine:
    return signed_in(own / "phone", url, "officer1", PICTURE.parent)


def _push(engine: Engine, changes: Sequence[Change]) -> None:
    remote = remote_of(engine.home, engine.devices, engine.person.id)
    remote.push(changes, engine.store.outbox.unsent_status())
    remote.close()


def _requests_of_an_idle_sync(place: Stage, engine: Engine) -> int:
    meddler = Meddler(place.port)
    engine.home.set_setting("server", meddler.url)
    engine.sync()
    meddler.close()
    return len(meddler.asked)


@contextmanager
def _link(place: Stage) -> Iterator[Link]:
    link = Link(place.port)
    try:
        yield link
    finally:
        link.close()


def _publish(place: Stage, number: int, start: int = 0) -> None:
    """Put rows such as shop fronts into the first street's feed."""
    app = create_app(read_settings(place.environment))
    with app.app_context():
        for first in range(start, start + number, 50_000):
            now = clock.now()
            with transaction() as session:
                for one in range(first, min(first + 50_000, start + number)):
                    data = {"name": f"门店 {one}", "address": "井冈山大道 88 号", "area_m2": 36}
                    publish(session, STREET, "shop", f"shop-{one:08}", 1, data, now)
        db.engine.dispose()


def _drain(phone: Phone) -> str:
    cursor, more = "", True
    while more:
        asked = f"&cursor={cursor}" if cursor else ""
        page: Json = phone.get(f"/api/v1/sync/pull?limit=2000{asked}")
        cursor, more = page["cursor"], page["more"]
    return cursor
