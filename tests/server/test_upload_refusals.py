"""Uploads that cannot be right: a clear code, and nothing stored."""

import base64
import gzip
import os
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from server import clock
from server.db import db
from server.photos.models import Upload
from server.photos.store import photo_store
from server.photos.uploads import Piece, Place, receive
from sync.errors import Refused
from sync.messages import MAX_PHOTO_BYTES
from tests.uploading import (
    TUS,
    UPLOADS,
    Phone,
    in_base64,
    metadata,
    new_id,
    sha256_of,
    sign_in,
)

PICTURE = os.urandom(700_000)
SHA256 = sha256_of(PICTURE)


@pytest.fixture
def phone(app: Flask) -> Phone:
    return sign_in(app, "officer")


def _code(answer) -> str:
    return answer.get_json()["error"]["code"]


def _parts(app: Flask) -> list[Path]:
    return list((app.extensions["xuncheng_settings"].home / "uploads").glob("*"))


def _place(app: Flask) -> Place:
    with app.app_context():
        return Place(app.extensions["xuncheng_settings"].home / "uploads", photo_store())


def _nothing(*_: object) -> None:
    """Nobody waits for news of a photo here."""


# --- who


def test_somebody_elses_upload_is_not_there(app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    stranger = sign_in(app, "stranger")
    for method in ("HEAD", "PATCH", "DELETE"):
        headers = {"Upload_Offset": "0", "Content_Type": "application/offset+octet-stream"}
        answer = stranger.call(method, location, b"x" if method == "PATCH" else b"", **headers)
        assert answer.status_code == 404
    assert phone.offset(location) == 0


def test_another_device_of_the_same_person_goes_on(app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    assert sign_in(app, "officer").patch(location, 0, PICTURE).status_code == 204


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE", "OPTIONS"])
def test_nobody_uploads_without_signing_in(app: Flask, phone: Phone, method: str) -> None:
    location = UPLOADS if method == "POST" else phone.create(PICTURE)
    before = _parts(app)
    answer = app.test_client().open(location, method=method, headers=TUS, data=PICTURE)
    assert answer.status_code == 401
    assert _parts(app) == before


def test_an_upload_that_never_was_is_not_found(phone: Phone) -> None:
    assert phone.call("HEAD", f"{UPLOADS}/{new_id()}").status_code == 404
    assert phone.call("HEAD", f"{UPLOADS}/..%2f..%2fsecret-key").status_code == 404


# --- what is said of the photo and of its pieces


@pytest.mark.parametrize(
    ("length", "status", "code"),
    [
        ("0", 422, "photo_empty"),
        (str(MAX_PHOTO_BYTES + 1), 413, "photo_too_large"),
        ("9" * 18, 413, "photo_too_large"),
        ("9" * 5000, 400, "malformed"),
        ("-1", 400, "malformed"),
        ("1e3", 400, "malformed"),
        ("", 400, "malformed"),
        ("1.0", 400, "malformed"),
        ("0x10", 400, "malformed"),
    ],
)
def test_an_unfit_length_is_refused(
    app: Flask, phone: Phone, length: str, status: int, code: str
) -> None:
    answer = phone.call("POST", UPLOADS, Upload_Length=length)
    assert (answer.status_code, _code(answer)) == (status, code)
    with app.app_context():
        assert db.session.query(Upload).count() == 0


@pytest.mark.parametrize("header", ["Upload-Defer-Length", "Upload-Concat"])
def test_extensions_that_are_not_offered_are_refused_by_name(phone: Phone, header: str) -> None:
    answer = phone.call("POST", UPLOADS, Upload_Length="5", **{header: "1"})
    assert answer.status_code == 400
    assert header in answer.get_json()["error"]["fields"]


@pytest.mark.parametrize(
    "text",
    [
        "sha256 " + in_base64(b"not a hash"),
        "sha256 " + in_base64(b"Z" * 64),
        "sha256 !!!",
        "filename " + in_base64(b"a") + ",filename " + in_base64(b"b"),
    ],
)
def test_unreadable_metadata_is_refused(phone: Phone, text: str) -> None:
    answer = phone.call("POST", UPLOADS, Upload_Length="5", Upload_Metadata=text)
    assert (answer.status_code, _code(answer)) == (400, "malformed")


def test_an_upper_case_hash_is_the_same_hash(phone: Phone) -> None:
    location = phone.create(PICTURE, Upload_Metadata=metadata(sha256=SHA256.upper()))
    assert phone.patch(location, 0, PICTURE).status_code == 204


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie: x=1"),
        ("\x00\x01", None),
        ("照片" * 500, ("照片" * 500)[:256]),
        ("/", None),
    ],
)
def test_a_file_name_is_only_ever_a_label(
    app: Flask, phone: Phone, sent: str, kept: str | None
) -> None:
    location = phone.create(PICTURE, Upload_Metadata=metadata(filename=sent, filetype="a\r\nb"))
    assert phone.patch(location, 0, PICTURE).status_code == 204
    assert "Set-Cookie" not in phone.call("HEAD", location).headers
    with app.app_context():
        row = db.session.get(Upload, location.rsplit("/", 1)[1])
        assert (row.filename, row.filetype) == (kept, "ab")


def test_a_piece_longer_than_the_photo_is_refused(app: Flask, phone: Phone) -> None:
    location = phone.create(PICTURE)
    answer = phone.patch(location, 0, PICTURE + b"x")
    assert (answer.status_code, _code(answer)) == (413, "too_large")
    assert phone.offset(location) == 0
    with app.app_context(), pytest.raises(Refused, match="too_large"):
        piece = Piece(0, BytesIO(PICTURE + b"x"), None)  # chunked: the size was not said
        upload_id = location.rsplit("/", 1)[1]
        receive(_place(app), phone.actor, upload_id, piece, clock.now(), _nothing)
    assert phone.patch(location, 0, PICTURE).headers["Photo-Sha256"] == SHA256


def test_a_creation_that_carries_too_much_opens_nothing(app: Flask, phone: Phone) -> None:
    answer = phone.call(
        "POST",
        UPLOADS,
        PICTURE,
        Upload_Length="10",
        Content_Type="application/offset+octet-stream",
    )
    assert (answer.status_code, _code(answer)) == (413, "too_large")
    with app.app_context():
        assert db.session.query(Upload).count() == 0


@pytest.mark.parametrize("offset", ["-1", "", "1e3", "9" * 400, "0x0", " "])
def test_an_unreadable_offset_is_refused(phone: Phone, offset: str) -> None:
    location = phone.create(PICTURE)
    answer = phone.call(
        "PATCH",
        location,
        b"x",
        Upload_Offset=offset,
        Content_Type="application/offset+octet-stream",
    )
    assert (answer.status_code, _code(answer)) == (400, "malformed")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "image/jpeg"},
        {"Content_Type": ""},
        {"Content_Encoding": "gzip"},
        {"Content_Encoding": "br"},
    ],
)
def test_a_piece_is_bare_bytes_or_refused(phone: Phone, headers: dict[str, str]) -> None:
    location = phone.create(PICTURE)
    answer = phone.patch(location, 0, gzip.compress(bytes(100_000)), **headers)
    assert (answer.status_code, _code(answer)) == (415, "unsupported_type")
    assert phone.offset(location) == 0


@pytest.mark.parametrize("version", ["", "0.2.2", "2.0.0"])
def test_another_version_of_tus_is_refused_with_ours(phone: Phone, version: str) -> None:
    for method, path in (("POST", UPLOADS), ("HEAD", phone.create(PICTURE))):
        answer = phone.call(method, path, Tus_Resumable=version, Upload_Length="5")
        assert answer.status_code == 412
        assert answer.headers["Tus-Version"] == "1.0.0"


def test_errors_speak_the_callers_language(phone: Phone) -> None:
    def message(language: str) -> str:
        answer = phone.call("POST", UPLOADS, Upload_Length="0", Accept_Language=language)
        return answer.get_json()["error"]["message"]

    assert message("zh-CN") == "照片是空文件"
    assert message("en").isascii()


def test_a_person_may_not_open_uploads_without_end(
    app: Flask, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.photos.uploads.MAX_OPEN_UPLOADS", 3)
    for _ in range(3):
        phone.create(PICTURE)
    answer = phone.call("POST", UPLOADS, Upload_Length="5")
    assert (answer.status_code, _code(answer)) == (429, "slow_down")
    assert answer.headers["Retry-After"] == "60"
    assert sign_in(app, "another").upload(PICTURE).status_code == 204


def test_base64_with_line_ends_is_refused(phone: Phone) -> None:
    broken = base64.encodebytes(os.urandom(100)).decode().replace("\n", " ")
    answer = phone.call("POST", UPLOADS, Upload_Length="5", Upload_Metadata=f"filename {broken}")
    assert answer.status_code == 400
