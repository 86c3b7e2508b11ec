"""Photos that have arrived are opened by a job: shared, repeatable, and it always ends."""

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from server import clock
from server.db import db
from server.feed import transaction
from server.photos.inspection import CLAIM_FOR, MAX_TRIES, inspect_pending, inspect_photo
from server.photos.models import Photo
from server.photos.store import photo_store
from tests.hostile_pictures import NOT_PICTURES
from tests.uploading import Phone, sha256_of, sign_in

SAMPLES = Path(__file__).parents[1] / "photos"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


@pytest.fixture
def phone(any_app: Flask) -> Phone:
    return sign_in(any_app, "officer")


def _photo(sha256: str) -> Photo:
    return db.session.get_one(Photo, sha256, populate_existing=True)


def test_the_job_opens_what_has_arrived(any_app: Flask, phone: Phone) -> None:
    data = _sample("orientation_landscape_6.jpg")
    phone.upload(data)
    with any_app.app_context():
        told: list[list[str]] = []
        opened = inspect_pending(clock.now(), 10, lambda _, hashes, __: told.append(list(hashes)))
        assert opened == [sha256_of(data)]
        assert told == [opened]
        photo = _photo(opened[0])
        assert (photo.type, photo.width, photo.height) == ("image/jpeg", 600, 450)
        assert photo.refused_code is None
        assert photo_store().derived(opened[0], "thumb.jpg")
        assert inspect_pending(clock.now(), 10) == []


def test_the_job_keeps_what_the_camera_wrote(any_app: Flask, phone: Phone) -> None:
    data = _sample("gps_DSCN0010.jpg")
    phone.upload(data)
    with any_app.app_context():
        inspect_photo(sha256_of(data), clock.now())
        photo = _photo(sha256_of(data))
        assert photo.exif == {"orientation": 1, "make": "NIKON", "model": "COOLPIX P6000"}
        assert photo.exif_taken_at == _instant("2008-10-22T16:28:39+08:00")
        assert photo.exif_lat == pytest.approx(43.4674483)


def test_what_is_refused_stays_held_byte_for_byte(any_app: Flask, phone: Phone) -> None:
    data = NOT_PICTURES["zip"]
    phone.upload(data)
    with any_app.app_context():
        assert inspect_pending(clock.now(), 10) == [sha256_of(data)]
        assert _photo(sha256_of(data)).refused_code == "photo_wrong_type"
        assert photo_store().read(sha256_of(data)) == data


def test_a_photo_that_has_not_arrived_waits(any_app: Flask, phone: Phone) -> None:
    phone.name(b"not sent yet")
    with any_app.app_context():
        assert inspect_pending(clock.now(), 10) == []
        inspect_photo(hashlib.sha256(b"not sent yet").hexdigest(), clock.now())
        assert _photo(sha256_of(b"not sent yet")).inspected_at is None


def _claim(sha256: str, at: datetime, tries: int) -> None:
    with transaction() as session:
        photo = session.get_one(Photo, sha256)
        photo.inspect_claimed_at, photo.inspect_tries = at, tries


def test_a_photo_that_another_process_has_claimed_is_left_to_it(
    any_app: Flask, phone: Phone
) -> None:
    data = _sample("no_exif.jpg")
    phone.upload(data)
    now = clock.now()
    with any_app.app_context():
        _claim(sha256_of(data), now, 1)
        assert inspect_pending(now + timedelta(seconds=1), 10) == []
        assert inspect_pending(now + CLAIM_FOR, 10) == [sha256_of(data)]


def test_two_jobs_at_once_share_the_work(any_app: Flask, phone: Phone) -> None:
    pictures = [_sample("no_exif.jpg") + bytes([number]) for number in range(8)]
    for data in pictures:
        phone.upload(data)
    together = threading.Barrier(2)
    opened: list[str] = []

    def job() -> None:
        with any_app.app_context():
            together.wait()
            opened.extend(inspect_pending(clock.now(), 20))

    jobs = [threading.Thread(target=job) for _ in range(2)]
    for each in jobs:
        each.start()
    for each in jobs:
        each.join()
    assert sorted(opened) == sorted(map(sha256_of, pictures))


def test_a_photo_that_kills_its_opener_is_refused_in_the_end(any_app: Flask, phone: Phone) -> None:
    data = _sample("no_exif.jpg")
    phone.upload(data)
    now = clock.now()
    with any_app.app_context():
        _claim(sha256_of(data), now - CLAIM_FOR, MAX_TRIES)
        assert inspect_pending(now, 10) == [sha256_of(data)]
        assert _photo(sha256_of(data)).refused_code == "photo_unreadable"
