"""Photos are read by those who may see a record that names them: whole, in sizes, in ranges."""

import io
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from server import clock
from server.accounts.actor import Actor
from server.accounts.models import Person
from server.cases.models import Case
from server.cases.moves import report
from server.cases.photo_access import may_see
from server.db import db
from server.feed import transaction
from server.photos.models import PhotoView
from server.photos.store import photo_store
from server.photos.watermark import watermarked, with_lines
from sync.bodies import CaseReport
from sync.captions import Caption
from sync.messages import Location, PhotoRef, PhotoRole
from sync.roles import Role
from tests.hostile_pictures import NOT_PICTURES, png_bomb
from tests.server.device import Device
from tests.uploading import NOW, Phone, new_id, sha256_of, sign_in

SAMPLES = Path(__file__).parents[1] / "photos"
PICTURE = (SAMPLES / "orientation_landscape_6.jpg").read_bytes()
HEIC = (SAMPLES / "phone_iphone.heic").read_bytes()
SHA256 = sha256_of(PICTURE)


@pytest.fixture
def phone(app: Flask) -> Phone:
    """Somebody who has named and sent one picture."""
    return _with_picture(app)


@pytest.fixture
def any_phone(any_app: Flask) -> Phone:
    """The same on both databases, for what asks them something of its own."""
    return _with_picture(any_app)


def _with_picture(app: Flask) -> Phone:
    phone = sign_in(app, "officer")
    phone.name(PICTURE)
    phone.upload(PICTURE)
    return phone


def _code(answer: TestResponse) -> str:
    return answer.get_json()["error"]["code"]


def _views(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [
            tuple(row) for row in db.session.execute(select(PhotoView.sha256, PhotoView.person_id))
        ]


# --- what one gets


def test_an_original_is_byte_identical(phone: Phone) -> None:
    answer = phone.read(SHA256, "original")
    assert answer.status_code == 200
    assert answer.data == PICTURE
    assert answer.content_length == len(PICTURE)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("size", "longest"), [("thumb", 320), ("screen", 600), ("", 600)])
def test_a_size_is_a_plain_upright_jpeg(phone: Phone, size: str, longest: int) -> None:
    answer = phone.read(SHA256, size)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.width == longest
        assert picture.height == longest * 3 // 4
        assert not picture.getexif()


def test_a_heic_original_is_kept_and_shown_as_jpeg(app: Flask) -> None:
    phone = sign_in(app, "officer")
    phone.name(HEIC)
    phone.upload(HEIC)
    assert phone.read(sha256_of(HEIC), "screen").mimetype == "image/jpeg"
    answer = phone.read(sha256_of(HEIC), "original")
    assert (answer.data, answer.mimetype) == (HEIC, "image/heic")


def test_sizes_thrown_away_are_made_again(app: Flask, phone: Phone) -> None:
    first = phone.read(SHA256, "thumb").data
    folder = app.extensions["xuncheng_settings"].home / "photos" / "derived"
    for path in folder.rglob("*.jpg"):
        path.unlink()
    assert phone.read(SHA256, "thumb").data == first


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("bytes=5-5", 5, 6)],
)
def test_a_range_of_an_original(phone: Phone, asked: str, start: int, end: int | None) -> None:
    answer = phone.read(SHA256, "original", Range=asked)
    assert answer.status_code == 206
    assert answer.data == PICTURE[start:end]
    assert answer.headers["Content-Range"].endswith(f"/{len(PICTURE)}")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=0-9", "bytes=9-0", "nonsense"])
def test_a_range_that_is_not_understood_gives_the_whole(phone: Phone, asked: str) -> None:
    assert phone.read(SHA256, "original", Range=asked).data == PICTURE


def test_a_range_behind_the_end_is_refused(phone: Phone) -> None:
    answer = phone.read(SHA256, "original", Range="bytes=999999999-")
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(PICTURE)}"


def test_a_range_of_another_version_gives_the_whole(phone: Phone) -> None:
    answer = phone.read(SHA256, "original", Range="bytes=0-9", If_Range='"another"')
    assert (answer.status_code, answer.data) == (200, PICTURE)
    answer = phone.read(SHA256, "original", Range="bytes=0-9", If_Range=f'"{SHA256}"')
    assert (answer.status_code, answer.data) == (206, PICTURE[:10])


@pytest.mark.parametrize("size", ["thumb", "screen", "original"])
def test_what_the_caller_has_is_not_sent_again(phone: Phone, size: str) -> None:
    first = phone.read(SHA256, size)
    assert "immutable" in first.headers["Cache-Control"]
    assert "private" in first.headers["Cache-Control"]
    again = phone.read(SHA256, size, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


def test_reading_an_original_is_logged_and_a_size_is_not(any_app: Flask, any_phone: Phone) -> None:
    etag = any_phone.read(SHA256, "screen").headers["ETag"]
    any_phone.read(SHA256, "thumb")
    assert _views(any_app) == []
    any_phone.read(SHA256, "original", If_None_Match=f'"{SHA256}", {etag}')
    any_phone.call("HEAD", f"/api/v1/photos/{SHA256}?size=original")
    assert _views(any_app) == []
    any_phone.read(SHA256, "original")
    assert _views(any_app) == [(SHA256, any_phone.actor.person_id)]


# --- what one does not get


@pytest.mark.parametrize("size", ["huge", "../original", "THUMB", "thumb.jpg"])
def test_a_size_that_is_none_is_refused(phone: Phone, size: str) -> None:
    answer = phone.read(SHA256, size)
    assert (answer.status_code, _code(answer)) == (422, "invalid")


@pytest.mark.parametrize("name", ["have", "0" * 64, "x", "..%2f..%2fsecret-key", "%00", "A" * 9000])
def test_what_is_no_photo_is_not_found(any_phone: Phone, name: str) -> None:
    assert any_phone.read(name).status_code == 404


def test_a_photo_still_to_come_is_not_found_and_says_why(app: Flask) -> None:
    phone = sign_in(app, "officer")
    phone.name(PICTURE)
    answer = phone.read(SHA256)
    assert (answer.status_code, _code(answer)) == (404, "not_found")
    assert "照片尚未上传" in answer.get_json()["error"]["hint"]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (NOT_PICTURES["zip"], 415, "photo_wrong_type"),
        (NOT_PICTURES["svg"], 415, "photo_wrong_type"),
        (PICTURE[:70_000], 422, "photo_truncated"),
        (png_bomb(), 422, "photo_too_many_pixels"),
    ],
)
def test_what_is_no_picture_says_so_and_is_only_downloaded(
    app: Flask, data: bytes, status: int, code: str
) -> None:
    phone = sign_in(app, "officer")
    phone.name(data)
    phone.upload(data)
    answer = phone.read(sha256_of(data), "thumb")
    assert (answer.status_code, _code(answer)) == (status, code)
    original = phone.read(sha256_of(data), "original")
    assert original.data == data
    assert original.mimetype == "application/octet-stream"
    assert original.headers["Content-Disposition"] == "attachment"
    assert phone.have(sha256_of(data))["refused"][0]["error"]["code"] == code


def test_nobody_reads_without_signing_in(app: Flask) -> None:
    client = app.test_client()
    assert client.get(f"/api/v1/photos/{SHA256}").status_code == 401
    assert client.post("/api/v1/photos/have", json={"sha256": [SHA256]}).status_code == 401


# --- what is held


def test_have_sorts_photos_by_what_is_held(any_phone: Phone) -> None:
    waiting, wrong = b"still to come", NOT_PICTURES["html"]
    any_phone.name(waiting, wrong)
    any_phone.upload(wrong)
    answer = any_phone.have(SHA256, sha256_of(waiting), sha256_of(wrong), "0" * 64, SHA256)
    assert answer["verified"] == [SHA256]
    assert answer["missing"] == [sha256_of(waiting), "0" * 64]
    assert [one["sha256"] for one in answer["refused"]] == [sha256_of(wrong)]
    assert answer["refused"][0]["error"]["code"] == "photo_wrong_type"
    assert answer["refused"][0]["error"]["message"]
    assert answer["inspecting"] == []
    assert {"server_time", "epoch"} <= set(answer)


@pytest.mark.usefixtures("any_phone")
def test_have_says_nothing_of_other_peoples_photos(any_app: Flask) -> None:
    other = sign_in(any_app, "other")
    assert other.have(SHA256)["missing"] == [SHA256]
    other.upload(PICTURE)
    assert other.have(SHA256)["missing"] == [SHA256]
    other.name(PICTURE)
    assert other.have(SHA256)["verified"] == [SHA256]


def test_a_photo_of_a_change_that_waits_for_another_is_known_to_be_held(
    demo_officer: Device,
) -> None:
    named = {"sha256": SHA256, "bytes": len(PICTURE), "type": "image/jpeg", "role": "before"}
    first = demo_officer.report()
    (receipt,) = demo_officer.push(demo_officer.report(previous=first["id"], photos=[named]))
    assert receipt["outcome"] == "held"
    actor = Actor(demo_officer.person_id, "", frozenset())
    phone = Phone(demo_officer.client, demo_officer.tokens["access_token"], actor)
    assert phone.have(SHA256)["missing"] == [SHA256]
    phone.upload(PICTURE)
    assert phone.have(SHA256)["verified"] == [SHA256]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sha256": "a"},
        {"sha256": ["A" * 64]},
        {"sha256": [None]},
        {"sha256": [1]},
        {"sha256": ["a" * 64] * 501},
        [],
    ],
)
def test_an_unreadable_question_is_refused(phone: Phone, body: object) -> None:
    answer = phone.client.post("/api/v1/photos/have", json=body, headers=phone.bearer)
    assert (answer.status_code, _code(answer)) == (400, "malformed")


def test_five_hundred_hashes_are_answered_at_once(any_phone: Phone) -> None:
    hashes = [f"{number:064x}" for number in range(499)] + [SHA256]
    answer = any_phone.have(*hashes)
    assert answer["missing"] == hashes[:499]
    assert answer["verified"] == [SHA256]


# --- who


@pytest.fixture
def reported(demo_app: Flask) -> str:
    """A case of the demo district that names a photo; its reporter has sent it."""
    reporter = sign_in(demo_app, "officer1")
    case_id = new_id()
    photo = PhotoRef(SHA256, len(PICTURE), "image/jpeg", PhotoRole.BEFORE)
    body = CaseReport("E09006", location=Location(27.1138, 114.9864), description="占道")
    with demo_app.app_context(), transaction() as session:
        report(session, reporter.actor, case_id, body, (photo,), clock.now())
    reporter.upload(PICTURE)
    return case_id


def test_exactly_those_who_may_see_the_case_may_see_its_photo(
    demo_app: Flask, reported: str
) -> None:
    with demo_app.app_context():
        case = db.session.get_one(Case, reported)
        people = {person.username: _may_see_case(case, person) for person in _everybody()}
    assert set(people.values()) == {True, False}
    for username, allowed in people.items():
        status = sign_in(demo_app, username).read(SHA256, "thumb").status_code
        assert (username, status) == (username, 200 if allowed else 404)


def _everybody() -> list[Person]:
    return list(db.session.scalars(select(Person).where(Person.demo)))


def _may_see_case(case: Case, person: Person) -> bool:
    own = person.id == case.reported_by
    area = any(case.area_code.startswith(code) for code in person.areas)
    unit = person.unit_id is not None and person.unit_id in (case.unit_id, case.crew_unit_id)
    return own or area or unit


def test_a_unit_sees_the_photo_from_the_dispatch_on(demo_app: Flask, reported: str) -> None:
    with demo_app.app_context():
        clerk = next(
            person
            for person in _everybody()
            if Role.UNIT_CLERK in person.roles and not person.areas and person.unit_id
        )
        username, unit_id = clerk.username, clerk.unit_id
        _dispatch(reported, None)
    phone = sign_in(demo_app, username)
    assert phone.read(SHA256).status_code == 404
    with demo_app.app_context():
        _dispatch(reported, unit_id)
        assert may_see(db.session(), phone.actor, SHA256)
    assert phone.read(SHA256).status_code == 200


def _dispatch(case_id: str, unit_id: str | None) -> None:
    with transaction() as session:
        session.get_one(Case, case_id).unit_id = unit_id


# --- copies for documents


CAPTION = Caption("队员一", NOW, "吉州区井冈山大道128号", "360802-20261120-0001")


@pytest.mark.usefixtures("phone")
def test_a_watermarked_copy_is_upright_and_kept(app: Flask) -> None:
    with app.app_context():
        copy = watermarked(SHA256, CAPTION)
        with Image.open(io.BytesIO(copy)) as picture:
            assert picture.size == (600, 450)
            assert not picture.getexif()
        assert watermarked(SHA256, CAPTION) == copy
        assert photo_store().read(SHA256) == PICTURE
        other = Caption("队员二", NOW, CAPTION.place, CAPTION.record)
        assert watermarked(SHA256, other) != copy


def test_every_character_of_a_caption_can_be_written() -> None:
    """A missing one would be drawn as the box that stands for it."""
    plain = Image.new("RGB", (1200, 400), "white")
    target = io.BytesIO()
    plain.save(target, "PNG")

    def drawn(text: str) -> bytes:
        return with_lines(target.getvalue(), (text,))

    box = drawn("\ufffe")
    assert all(drawn(letter) != box for letter in "队员井冈山大道鑫堃号：，（）°′″㎡①→Aa0-")


def test_a_long_line_is_made_to_fit() -> None:
    target = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(target, "PNG")
    copy = with_lines(target.getvalue(), ("吉州区井冈山大道" * 5,))
    with Image.open(io.BytesIO(copy)) as picture:
        edge = picture.convert("L").crop((396, 270, 400, 300))
        assert max(edge.tobytes()) < 160  # no letter reaches the right edge
