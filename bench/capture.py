"""Capture on the phone: from the camera's picture to a record in the outbox."""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from bench.figures import Figure, percentile
from bench.stage import filled_home, folder
from mobile.capture.darkroom import Darkroom
from mobile.capture.drafts import CapturedPhoto, new_draft, save_draft
from mobile.capture.finalise import finalise
from mobile.device.clock import ClockReading
from mobile.store.person_store import PersonStore
from sync.bodies import Kind
from sync.errors import XunchengError
from sync.messages import PhotoRole
from tests.mobile.phone import feed_rows, known_person, put_rows, scopes_of
from tests.server_process import ROOT

RECORDS = 10
PHOTOS = 3
TWELVE_MEGAPIXELS = (4000, 3000)
FONT = ROOT / "mobile/ui/fonts/text.ttf"
BODY = {"category": "E09006", "condition": "main", "description": "占道", "quantity": "1"}


def measure_capture() -> list[Figure]:
    """Record ten violations with three 12-MP photos each, while their copies are developed."""
    taking: list[float] = []
    saving: list[float] = []
    with folder() as place:
        store = _store_of_an_officer(place)
        pictures = _pictures(place)
        darkroom = Darkroom(store, FONT)
        for _ in range(RECORDS):
            _record(store, darkroom, pictures, taking, saving)
        darkroom.stop()
        store.close()
    kept = percentile(taking, 0.5) * 1000
    saved = percentile(saving, 0.5) * 1000
    return [
        Figure("a 12-MP photo taken in: hashed, fsynced, thumb", kept, "ms"),
        Figure("saving a record with three of them, p50", saved, "ms", "300 ms"),
        Figure("the same, slowest of ten", max(saving) * 1000, "ms", "300 ms"),
    ]


def _record(
    store: PersonStore,
    darkroom: Darkroom,
    pictures: list[Path],
    taking: list[float],
    saving: list[float],
) -> None:
    now = datetime.now(UTC)
    draft = new_draft(store, Kind.CASE_REPORT, now, body=BODY)
    for picture in pictures:
        with picture.open("ab") as file:
            file.write(os.urandom(8))  # another photo each time: a known one costs less
        started = time.perf_counter()
        photo = _take_in(darkroom, picture, now)
        taking.append(time.perf_counter() - started)
        draft = draft.with_photo(photo)
        save_draft(store, draft)
    reading = ClockReading(wall=now, uptime_ms=time.monotonic_ns() // 1_000_000)
    started = time.perf_counter()
    change = finalise(store, draft, reading)
    saving.append(time.perf_counter() - started)
    darkroom.develop_record(change, "队员一")


def _take_in(darkroom: Darkroom, picture: Path, now: datetime) -> CapturedPhoto:
    done = threading.Event()
    taken: list[CapturedPhoto] = []

    def keep(photo: CapturedPhoto | None, error: XunchengError | None) -> None:
        if error is not None:
            raise error
        assert photo is not None
        taken.append(photo)
        done.set()

    darkroom.take_in(picture, PhotoRole.BEFORE, now, None, keep)
    if not done.wait(60):
        raise RuntimeError("the picture was not taken in within a minute")
    return taken[0]


def _store_of_an_officer(place: Path) -> PersonStore:
    """Return a phone's store that holds what officer1 has pulled from the demo district."""
    home = filled_home(place / "home")
    scopes = scopes_of(known_person("officer1"))
    store = PersonStore(place / "officer1")
    put_rows(store, feed_rows(home / "xuncheng.db", scopes), scopes)
    return store


def _pictures(place: Path) -> list[Path]:
    """Make pictures of 12 megapixels with a camera's detail from the sample photos."""
    with Image.open(ROOT / "tests/photos/phone_jolla.jpg") as sample:
        large = sample.convert("RGB").resize(TWELVE_MEGAPIXELS)
    paths = [place / f"camera-{number}.jpg" for number in range(PHOTOS)]
    for path in paths:
        large.save(path, quality=92)
    return paths
