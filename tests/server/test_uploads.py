"""Photos arrive by tus: what the server says it holds, it holds."""

import hashlib
import os
import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from server import clock
from server.db import db
from server.photos.models import Photo, Upload
from server.photos.part_file import only_writer
from server.photos.store import photo_store
from server.photos.tus import CHECKSUMS, Checksum, Creation
from server.photos.uploads import (
    LIFETIME,
    Piece,
    Place,
    create_upload,
    find_upload,
    receive,
    sweep_uploads,
)
from sync.errors import Refused
from sync.messages import MAX_PHOTO_BYTES
from tests.uploading import UPLOADS, Phone, in_base64, metadata, sha256_of, sign_in

PICTURE = os.urandom(700_000)
SHA256 = sha256_of(PICTURE)


@pytest.fixture
def phone(any_app: Flask) -> Phone:
    return sign_in(any_app, "officer")


def _code(answer) -> str:
    return answer.get_json()["error"]["code"]


def _parts(app: Flask) -> list[Path]:
    return list((app.extensions["xuncheng_settings"].home / "uploads").glob("*"))


def _stored(app: Flask, sha256: str) -> bytes:
    with app.app_context():
        return photo_store().read(sha256)


def _nothing(*_: object) -> None:
    """Nobody waits for news of a photo here."""


# --- the way it should go


def test_a_photo_sent_in_pieces_is_held_byte_for_byte(any_app: Flask, phone: Phone) -> None:
    answer = phone.upload(PICTURE)
    assert answer.status_code == 204
    assert answer.headers["Upload-Offset"] == str(len(PICTURE))
    assert answer.headers["Photo-Sha256"] == SHA256
    assert _stored(any_app, SHA256) == PICTURE
    assert _parts(any_app) == []


def test_creation_with_upload_takes_the_whole_photo_at_once(any_app: Flask, phone: Phone) -> None:
    answer = phone.call(
        "POST",
        UPLOADS,
        PICTURE,
        Upload_Length=str(len(PICTURE)),
        Content_Type="application/offset+octet-stream",
    )
    assert answer.status_code == 201
    assert answer.headers["Upload-Offset"] == str(len(PICTURE))
    assert _stored(any_app, SHA256) == PICTURE


def test_creation_with_a_first_piece_goes_on_from_there(phone: Phone) -> None:
    answer = phone.call(
        "POST",
        UPLOADS,
        PICTURE[:1000],
        Upload_Length=str(len(PICTURE)),
        Content_Type="application/offset+octet-stream",
    )
    location = answer.headers["Location"]
    assert phone.offset(location) == 1000
    assert phone.patch(location, 1000, PICTURE[1000:]).headers["Photo-Sha256"] == SHA256


def test_a_client_that_says_nothing_of_the_photo_learns_its_hash(phone: Phone) -> None:
    location = phone.create(PICTURE, Upload_Metadata="")
    phone.patch(location, 0, PICTURE)
    answer = phone.call("HEAD", location)
    assert answer.headers["Photo-Sha256"] == SHA256
    assert answer.headers["Upload-Length"] == str(len(PICTURE))


def test_the_state_of_an_upload_is_never_cached(phone: Phone) -> None:
    answer = phone.call("HEAD", phone.create(PICTURE))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Upload-Offset"] == "0"
    assert "Upload-Expires" in answer.headers


def test_the_server_says_what_it_can_do(phone: Phone) -> None:
    for path in (UPLOADS, phone.create(PICTURE)):
        answer = phone.call("OPTIONS", path, Tus_Resumable="")
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Max-Size"] == str(MAX_PHOTO_BYTES)
        assert "creation-with-upload" in answer.headers["Tus-Extension"].split(",")
        assert answer.headers["Tus-Checksum-Algorithm"].startswith("sha1")


def test_an_empty_piece_changes_nothing(phone: Phone) -> None:
    location = phone.create(PICTURE)
    assert phone.patch(location, 0, b"").status_code == 204
    assert phone.offset(location) == 0


def test_the_same_photo_twice_is_normal(any_app: Flask, phone: Phone) -> None:
    phone.upload(PICTURE)
    assert phone.upload(PICTURE).status_code == 204
    assert _stored(any_app, SHA256) == PICTURE


def test_a_client_that_can_only_post_is_understood(phone: Phone) -> None:
    location = phone.create(PICTURE)
    sent = phone.call(
        "POST",
        location,
        PICTURE,
        X_HTTP_Method_Override="PATCH",
        Upload_Offset="0",
        Content_Type="application/offset+octet-stream",
    )
    assert sent.status_code == 204
    asked = phone.call("POST", location, X_HTTP_Method_Override="HEAD")
    assert asked.headers["Upload-Offset"] == str(len(PICTURE))
    assert phone.call("POST", location, X_HTTP_Method_Override="BREW").status_code == 400


# --- checksums


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_a_piece_with_its_checksum_is_taken(phone: Phone, algorithm: str) -> None:
    location = phone.create(PICTURE)
    digest = hashlib.new(algorithm, PICTURE).digest()
    answer = phone.patch(location, 0, PICTURE, Upload_Checksum=f"{algorithm} {in_base64(digest)}")
    assert answer.status_code == 204


def test_a_piece_with_a_wrong_checksum_leaves_the_offset(phone: Phone) -> None:
    location = phone.create(PICTURE)
    phone.patch(location, 0, PICTURE[:1000])
    wrong = in_base64(hashlib.sha256(b"another").digest())
    answer = phone.patch(location, 1000, PICTURE[1000:], Upload_Checksum=f"sha256 {wrong}")
    assert (answer.status_code, _code(answer)) == (460, "checksum_mismatch")
    assert phone.offset(location) == 1000
    assert phone.patch(location, 1000, PICTURE[1000:]).headers["Photo-Sha256"] == SHA256


@pytest.mark.parametrize(
    "checksum", ["crc32 AAAA", "sha256", "sha256 !!", "sha256 AAAA", "", "sha1 ", "shake_128 AA=="]
)
def test_an_unreadable_checksum_is_refused(phone: Phone, checksum: str) -> None:
    location = phone.create(PICTURE)
    answer = phone.patch(location, 0, PICTURE, Upload_Checksum=checksum or " ")
    assert (answer.status_code, _code(answer)) == (400, "malformed")
    assert phone.offset(location) == 0


def test_a_photo_with_another_hash_goes_to_quarantine(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE, Upload_Metadata=metadata(sha256="a" * 64))
    answer = phone.patch(location, 0, PICTURE)
    assert (answer.status_code, _code(answer)) == (460, "photo_hash_mismatch")
    with any_app.app_context():
        assert photo_store().size(SHA256) is None
        assert db.session.get(Photo, "a" * 64) is None
    folder = any_app.extensions["xuncheng_settings"].home / "photos" / "quarantine"
    assert [path.read_bytes() for path in folder.iterdir()] == [PICTURE]
    assert phone.call("HEAD", location).status_code == 410
    assert phone.upload(PICTURE).status_code == 204


# --- offsets, cuts and crashes


def test_a_piece_at_another_offset_is_refused(phone: Phone) -> None:
    location = phone.create(PICTURE)
    phone.patch(location, 0, PICTURE[:1000])
    for offset in (0, 999, 1001, 10**17):
        answer = phone.patch(location, offset, b"x")
        assert (answer.status_code, _code(answer)) == (409, "offset_mismatch")
    assert phone.offset(location) == 1000


def test_of_two_pieces_at_one_offset_exactly_one_wins(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    together = threading.Barrier(8)
    statuses: list[int] = []

    def send() -> None:
        client = Phone(any_app.test_client(), phone.token, phone.actor)
        together.wait()
        statuses.append(client.patch(location, 0, PICTURE[:300_000]).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [204] + [409] * 7
    assert phone.offset(location) == 300_000
    assert phone.patch(location, 300_000, PICTURE[300_000:]).headers["Photo-Sha256"] == SHA256


class _Stalling:
    """A client that sends a little, then holds the line."""

    def __init__(self, data: bytes) -> None:
        self._pieces = [data]
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def read(self, _: int, /) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        self.reached.set()
        self.go_on.wait(30)
        return b""


def test_an_upload_that_stalls_blocks_no_other(any_app: Flask, phone: Phone) -> None:
    place = _place(any_app)
    with any_app.app_context():
        slow = create_upload(phone.actor, Creation(len(PICTURE)), clock.now())
    source = _Stalling(PICTURE[:5000])

    def send_slowly() -> None:
        with any_app.app_context():
            piece = Piece(0, source, None)
            receive(place, phone.actor, slow.id, piece, clock.now(), _nothing)

    thread = threading.Thread(target=send_slowly)
    thread.start()
    assert source.reached.wait(30)
    assert phone.upload(PICTURE).status_code == 204
    busy = phone.patch(f"{UPLOADS}/{slow.id}", 0, PICTURE)
    assert (busy.status_code, _code(busy)) == (409, "upload_busy")
    assert phone.call("DELETE", f"{UPLOADS}/{slow.id}").status_code == 409
    source.go_on.set()
    thread.join()
    assert phone.offset(f"{UPLOADS}/{slow.id}") == 5000


class _Cut:
    """A link that breaks after some bytes."""

    def __init__(self, data: bytes) -> None:
        self._pieces = [data]

    def read(self, _: int, /) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        raise ConnectionResetError


def test_what_came_before_the_link_broke_is_kept(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    upload_id = location.rsplit("/", 1)[1]
    with any_app.app_context():
        piece = Piece(0, _Cut(PICTURE[:123_456]), len(PICTURE))
        receive(_place(any_app), phone.actor, upload_id, piece, clock.now(), _nothing)
    assert phone.offset(location) == 123_456
    assert phone.patch(location, 123_456, PICTURE[123_456:]).headers["Photo-Sha256"] == SHA256


def test_a_cut_piece_with_a_checksum_is_dropped(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    upload_id = location.rsplit("/", 1)[1]
    checksum = Checksum("sha256", hashlib.sha256(PICTURE).digest())
    with any_app.app_context(), pytest.raises(Refused, match="checksum_mismatch"):
        piece = Piece(0, _Cut(PICTURE[:123_456]), len(PICTURE), checksum)
        receive(_place(any_app), phone.actor, upload_id, piece, clock.now(), _nothing)
    assert phone.offset(location) == 0


def test_bytes_behind_the_recorded_offset_are_cut_off(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    phone.patch(location, 0, PICTURE[:1000])
    # A crash after writing, before the offset was recorded.
    with only_writer(_place(any_app).folder, location.rsplit("/", 1)[1]) as part:
        part.append(BytesIO(bytes(len(PICTURE))), 1000, len(PICTURE), None)
    assert phone.offset(location) == 1000
    assert phone.patch(location, 1000, PICTURE[1000:]).headers["Photo-Sha256"] == SHA256


def test_a_crash_after_the_photo_was_stored_harms_no_original(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    phone.patch(location, 0, PICTURE[:1000])
    # The store has the whole file under a second name, the database has not heard of it.
    with only_writer(_place(any_app).folder, location.rsplit("/", 1)[1]) as part:
        part.append(BytesIO(PICTURE[1000:]), 1000, len(PICTURE), None)
        _place(any_app).store.put_file(SHA256, part.path)
    other = b"other bytes" + PICTURE[1011:]
    assert _code(phone.patch(location, 1000, other[: len(PICTURE) - 1000])) == "photo_hash_mismatch"
    assert _stored(any_app, SHA256) == PICTURE


def test_an_upload_whose_bytes_are_lost_starts_over(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    phone.patch(location, 0, PICTURE[:1000])
    for path in _parts(any_app):
        path.unlink()
    answer = phone.patch(location, 1000, PICTURE[1000:])
    assert (answer.status_code, _code(answer)) == (410, "upload_expired")
    assert phone.upload(PICTURE).status_code == 204


def _place(app: Flask) -> Place:
    with app.app_context():
        return Place(app.extensions["xuncheng_settings"].home / "uploads", photo_store())


# --- an end, by wish or by time


def test_an_upload_given_up_is_gone(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    phone.patch(location, 0, PICTURE[:1000])
    assert phone.call("DELETE", location).status_code == 204
    assert _parts(any_app) == []
    assert phone.call("HEAD", location).status_code == 410
    assert phone.patch(location, 1000, PICTURE[1000:]).status_code == 410


def test_giving_up_a_finished_upload_keeps_the_photo(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    phone.patch(location, 0, PICTURE)
    assert phone.call("DELETE", location).status_code == 204
    assert _stored(any_app, SHA256) == PICTURE


def test_an_old_upload_has_expired(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    phone.patch(location, 0, PICTURE[:1000])
    upload_id = location.rsplit("/", 1)[1]
    later = clock.now() + LIFETIME + timedelta(seconds=1)
    with any_app.app_context():
        with pytest.raises(Refused, match="upload_expired"):
            find_upload(phone.actor, upload_id, later)
        assert sweep_uploads(_place(any_app), later) == 1
        assert sweep_uploads(_place(any_app), later) == 0
        assert _parts(any_app) == []
        sweep_uploads(_place(any_app), later + timedelta(days=60))
        assert db.session.get(Upload, upload_id) is None


def test_a_piece_gives_an_upload_more_time(any_app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    upload_id = location.rsplit("/", 1)[1]
    later = clock.now() + LIFETIME - timedelta(hours=1)
    with any_app.app_context():
        receive(
            _place(any_app), phone.actor, upload_id, Piece(0, BytesIO(b"x"), 1), later, _nothing
        )
        assert find_upload(phone.actor, upload_id, later + timedelta(days=1)).offset == 1
