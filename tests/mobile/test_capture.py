"""Photos as evidence, forms with their errors, and records that are saved whole or not at all."""

import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mobile.capture import drafts, evidence
from mobile.capture.darkroom import Darkroom
from mobile.capture.drafts import CapturedPhoto, Draft
from mobile.capture.finalise import finalise, withdraw
from mobile.device.clock import ClockReading
from mobile.store.person_store import PersonStore
from sync.captions import Caption
from sync.errors import Refused, XunchengError
from sync.ids import uuid7
from sync.messages import Location, Outcome, PhotoRole
from sync.outbox import ChangeState, Settlement
from sync.remote import Page, Row
from tests.server_process import ROOT

NOW = datetime(2026, 11, 20, 9, 14, 3, tzinfo=UTC)
READING = ClockReading(NOW, uptime_ms=8_412_345, offset_ms=-1830, synced_at=NOW)
HERE = Location(27.1138, 114.9864, accuracy_m=8.0, provider="gps")
FONT = ROOT / "mobile" / "ui" / "fonts" / "text.ttf"
CASE = uuid7(1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PersonStore]:
    made = PersonStore(tmp_path / "person")
    made.replica.apply_page(Page(list(_catalog()), "cursor", False, ("catalog",), (), {}))
    yield made
    made.close()


def _catalog() -> Iterator[Row]:
    for seq, (key, needed) in enumerate((("E09006", False), ("E09009", True)), 1):
        category = {
            "key": key, "code": key[1:], "kind": "event", "zh": "占道经营", "en": "Street vending",
            "major_zh": "街面秩序", "major_en": "Street order", "initials": "zdjy",
            "unit_of_measure": "处", "quantity_required": needed, "perishable": True,
        }  # fmt: skip
        condition = {"category": key, "code": "main", "zh": "", "en": "", "position": 0}
        yield Row("catalog", seq, "category", key, 1, data=category)
        yield Row("catalog", seq + 10, "condition", f"{key}:main", 1, data=condition | {
            "close_zh": "", "close_en": "", "urgent": False, "is_default": True, "limit": None,
        })  # fmt: skip


def take(store: PersonStore, picture: Path, role: PhotoRole = PhotoRole.BEFORE) -> CapturedPhoto:
    return evidence.take_in(store, picture, role, NOW, HERE)


def report(store: PersonStore, **body: Any) -> Draft:
    whole = {"category": "E09006", "location": HERE.as_json()} | body
    return drafts.new_draft(store, "case.report", NOW, body=whole)


# --- evidence


@pytest.mark.parametrize(
    "name",
    [
        "gps_DSCN0010.jpg",
        "phone_iphone.heic",
        "no_exif.jpg",
        "odd_gps_ifd.jpg",
        "invalid_image01088.jpg",
    ],
)
def test_an_original_is_kept_byte_for_byte(store: PersonStore, photos: Path, name: str) -> None:
    picture = photos / name
    photo = take(store, picture)
    data = picture.read_bytes()
    assert Path(photo.path).read_bytes() == data
    assert photo.ref.sha256 == hashlib.sha256(data).hexdigest()
    assert photo.ref.bytes == len(data)


def test_a_photo_says_when_and_where_it_was_taken(store: PersonStore, photos: Path) -> None:
    ref = take(store, photos / "gps_DSCN0010.jpg").ref
    assert (ref.type, ref.lat, ref.lon, ref.accuracy_m) == ("image/jpeg", 27.1138, 114.9864, 8.0)
    assert ref.taken_at == "2026-11-20T09:14:03+00:00"


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_copies_are_upright(store: PersonStore, photos: Path, orientation: int) -> None:
    photo = take(store, photos / f"orientation_landscape_{orientation}.jpg")
    evidence.develop(store, photo.ref.sha256, _caption(), FONT)
    screen = evidence.screen_copy(store, photo.ref.sha256)
    marked = evidence.marked_copy(store, photo.ref.sha256)
    assert screen is not None
    assert marked is not None
    for path in (Path(photo.thumb), screen, marked):
        with Image.open(path) as copy:
            assert copy.width > copy.height
            assert copy.getexif().get(0x0112, 1) == 1


def test_a_copy_made_upright_shows_the_same_picture(store: PersonStore, photos: Path) -> None:
    shown = []
    for orientation in (1, 6):
        photo = take(store, photos / f"orientation_landscape_{orientation}.jpg")
        with Image.open(photo.thumb) as thumb:
            shown.append(thumb.convert("L").resize((8, 6)).tobytes())
    differences = [abs(a - b) for a, b in zip(*shown, strict=True)]
    assert max(differences) < 40


def test_copies_have_their_sizes(store: PersonStore, photos: Path) -> None:
    photo = take(store, photos / "phone_iphone.heic")
    evidence.develop(store, photo.ref.sha256, _caption(), FONT)
    screen = evidence.screen_copy(store, photo.ref.sha256)
    assert screen is not None
    with Image.open(photo.thumb) as thumb, Image.open(screen) as large:
        assert max(thumb.size) == 256
        assert max(large.size) == 1600


def test_the_watermark_is_written_at_the_foot(store: PersonStore, photos: Path) -> None:
    photo = take(store, photos / "gps_DSCN0010.jpg")
    evidence.develop(store, photo.ref.sha256, _caption(), FONT)
    screen = evidence.screen_copy(store, photo.ref.sha256)
    marked = evidence.marked_copy(store, photo.ref.sha256)
    assert screen is not None
    assert marked is not None
    with Image.open(screen) as plain, Image.open(marked) as written:
        assert plain.size == written.size
        width, height = plain.size
        foot = (0, height - 60, width, height)
        assert _difference(plain.crop(foot), written.crop(foot)) > 20
        head = (0, 0, width, height // 2)
        assert _difference(plain.crop(head), written.crop(head)) < 5


def test_a_picture_that_cannot_be_opened_gets_a_stand_in(
    store: PersonStore, tmp_path: Path, photos: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((photos / "gps_DSCN0010.jpg").read_bytes()[:600])
    photo = take(store, broken)
    assert photo.stand_in
    with Image.open(photo.thumb) as thumb:
        assert thumb.size == (256, 256)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "photo_empty"), (b"this is a letter", "photo_wrong_type")],
)
def test_what_is_no_picture_is_not_taken_in(
    store: PersonStore, tmp_path: Path, content: bytes, code: str
) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(content)
    with pytest.raises(Refused, match=code):
        take(store, picture)
    assert _leftovers(store) == []


def test_a_photo_above_40_mb_is_not_taken_in(store: PersonStore, tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    with picture.open("wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(41_943_041)
    with pytest.raises(Refused, match="photo_too_large"):
        take(store, picture)
    assert _leftovers(store) == []


def test_an_original_is_let_go_thirty_days_after_it_was_verified(
    store: PersonStore, photos: Path
) -> None:
    photo = take(store, photos / "gps_DSCN0010.jpg")
    draft = report(store, condition="main").with_photo(photo)
    finalise(store, draft, READING)
    store.tidy(NOW + timedelta(days=400))
    assert Path(photo.path).exists()
    store.photos.mark_verified([photo.ref.sha256], NOW)
    store.tidy(NOW + timedelta(days=29))
    assert Path(photo.path).exists()
    store.tidy(NOW + timedelta(days=31))
    assert not Path(photo.path).exists()
    assert Path(photo.thumb).exists()


# --- drafts


def test_a_draft_comes_back_as_it_was_left(store: PersonStore, photos: Path) -> None:
    draft = (
        report(store)
        .with_fields(description="门前堆放")
        .with_photo(take(store, photos / "gps_DSCN0010.jpg"))
    )
    drafts.save_draft(store, draft)
    again = PersonStore(store.folder)
    assert drafts.open_drafts(again) == [draft]
    again.close()


def test_a_field_set_to_nothing_is_taken_out(store: PersonStore) -> None:
    draft = report(store).with_fields(description="a").with_fields(description=None)
    assert "description" not in draft.body


def test_a_discarded_draft_takes_its_photos_along(store: PersonStore, photos: Path) -> None:
    photo = take(store, photos / "gps_DSCN0010.jpg")
    draft = report(store).with_photo(photo)
    drafts.save_draft(store, draft)
    drafts.discard(store, draft.id)
    assert drafts.open_drafts(store) == []
    assert not Path(photo.path).exists()


def test_a_photo_that_a_saved_record_names_outlives_a_draft(
    store: PersonStore, photos: Path
) -> None:
    photo = take(store, photos / "gps_DSCN0010.jpg")
    finalise(store, report(store).with_photo(photo), READING)
    other = report(store).with_photo(photo)
    drafts.save_draft(store, other)
    drafts.discard(store, other.id)
    assert Path(photo.path).exists()


# --- saving


def test_a_saved_record_waits_in_the_outbox_and_its_draft_is_gone(
    store: PersonStore, photos: Path
) -> None:
    photo = take(store, photos / "gps_DSCN0010.jpg")
    draft = report(store, condition="main").with_photo(photo)
    drafts.save_draft(store, draft)
    change = finalise(store, draft, READING)
    assert drafts.open_drafts(store) == []
    assert store.outbox.waiting(0, 10) == [change]
    assert (change.n, change.record_id, change.photos) == (1, draft.record_id, (photo.ref,))
    assert change.observed_at == "2026-11-20T09:14:03.000+00:00"
    assert change.clock == {
        "offset_ms": -1830,
        "uptime_ms": 8_412_345,
        "synced_at": NOW.isoformat(),
    }


def wrong_fields(store: PersonStore, draft: Draft, reading: ClockReading = READING) -> set[str]:
    drafts.save_draft(store, draft)
    with pytest.raises(Refused) as refusal:
        finalise(store, draft, reading)
    assert refusal.value.code == "invalid"
    assert store.outbox.waiting(0, 10) == []
    assert len(drafts.open_drafts(store)) == 1
    return set(refusal.value.fields)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"category": None}, {"category"}),
        ({"category": "E99999"}, {"category"}),
        ({"condition": "no such"}, {"condition"}),
        ({"category": "E09009"}, {"quantity"}),
        ({"quantity": "-1"}, {"quantity"}),
        ({"quantity": "many"}, {"quantity"}),
        ({"handled_on_spot": True}, {"photos.after"}),
        ({"location": {"lat": 127.0, "lon": 27.0}}, {"location.lat"}),
        ({"description": "字" * 5000}, {"description"}),
    ],
)
def test_a_report_says_what_is_wrong_with_it(
    store: PersonStore, photos: Path, body: dict[str, Any], fields: set[str]
) -> None:
    photo = take(store, photos / "gps_DSCN0010.jpg")
    draft = report(store).with_fields(**body).with_photo(photo)
    assert wrong_fields(store, draft) == fields


def test_a_report_needs_a_photo(store: PersonStore) -> None:
    assert wrong_fields(store, report(store)) == {"photos"}


def test_a_phone_in_1970_saves_no_record(store: PersonStore, photos: Path) -> None:
    draft = report(store).with_photo(take(store, photos / "gps_DSCN0010.jpg"))
    then = ClockReading(datetime(1970, 1, 1, tzinfo=UTC), 0)
    assert wrong_fields(store, draft, then) == {"observed_at"}


@pytest.mark.parametrize(
    ("kind", "body", "fields"),
    [
        ("case.check", {"result": "fail", "note": ""}, {"photos", "note"}),
        ("case.check", {}, {"result"}),
        ("case.verify", {}, {"exists"}),
        ("case.handle", {"step": "done"}, {"photos.after"}),
        ("case.handle", {"step": "return"}, {"reason"}),
        ("case.handle", {"step": "ask_extension", "reason": " "}, {"reason"}),
        ("case.handle", {"step": "ask_suspension", "reason": "下雨"}, {"until"}),
        ("case.handle", {"step": "dance"}, {"step"}),
    ],
)
def test_a_move_says_what_is_wrong_with_it(
    store: PersonStore, kind: str, body: dict[str, Any], fields: set[str]
) -> None:
    draft = drafts.new_draft(store, kind, NOW, record_id=CASE, body=body)
    assert wrong_fields(store, draft) == fields


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("case.verify", {"exists": False, "note": "已自行清走"}),
        ("case.handle", {"step": "accept"}),
        ("case.handle", {"step": "ask_extension", "reason": "需要吊车"}),
    ],
)
def test_a_good_move_is_saved(store: PersonStore, kind: str, body: dict[str, Any]) -> None:
    draft = drafts.new_draft(store, kind, NOW, record_id=CASE, body=body)
    assert finalise(store, draft, READING).record_id == CASE


@pytest.fixture
def refused(store: PersonStore, photos: Path) -> str:
    """The id of a record that the server has refused."""
    draft = report(store).with_photo(take(store, photos / "gps_DSCN0010.jpg"))
    change = finalise(store, draft, READING)
    settlement = Settlement(
        change.id, ChangeState.ATTENTION, Outcome.REJECTED, error={"code": "outside_territory"}
    )
    store.outbox.settle([settlement], NOW)
    return change.id


def test_a_refused_record_is_mended_with_its_photos(store: PersonStore, refused: str) -> None:
    draft = drafts.mend(store, refused, NOW)
    assert drafts.mend(store, refused, NOW) == draft
    mended = finalise(store, draft.with_fields(description="改正"), READING)
    assert mended.replaces == refused
    assert len(mended.photos) == 1
    with pytest.raises(Refused, match="not_rejected"):
        drafts.mend(store, refused, NOW)


def test_a_refused_record_is_withdrawn_by_a_change_of_its_own(
    store: PersonStore, refused: str
) -> None:
    change = withdraw(store, refused, "重复", READING)
    assert (change.kind, change.body["change_id"]) == ("change.withdraw", refused)
    entry = store.outbox.entry(refused)
    assert entry is not None
    assert entry.state is ChangeState.WITHDRAWN
    with pytest.raises(Refused, match="not_rejected"):
        withdraw(store, refused, "again", READING)


# --- the darkroom


@pytest.fixture
def darkroom(store: PersonStore) -> Iterator[Darkroom]:
    made = Darkroom(store, FONT)
    yield made
    made.stop()


def test_pictures_are_taken_in_off_the_callers_thread(darkroom: Darkroom, photos: Path) -> None:
    taken: list[tuple[CapturedPhoto | None, XunchengError | None, str]] = []

    def then(photo: CapturedPhoto | None, error: XunchengError | None) -> None:
        taken.append((photo, error, threading.current_thread().name))

    darkroom.take_in(photos / "gps_DSCN0010.jpg", PhotoRole.BEFORE, NOW, HERE, then)
    darkroom.take_in(photos / "README.md", PhotoRole.BEFORE, NOW, HERE, then)
    darkroom.take_in(photos / "no such picture.jpg", PhotoRole.BEFORE, NOW, HERE, then)
    assert darkroom.wait_idle(20)
    (photo, _, thread), (_, wrong_type, _), (_, unreadable, _) = taken
    assert photo is not None
    assert thread == "darkroom"
    assert wrong_type is not None
    assert unreadable is not None
    assert (wrong_type.code, unreadable.code) == ("photo_wrong_type", "photo_unreadable")


def test_copies_not_made_before_a_restart_are_made_after_it(
    store: PersonStore, photos: Path
) -> None:
    sha256 = take(store, photos / "gps_DSCN0010.jpg").ref.sha256
    store.photos.remember_caption(
        sha256, f'{{"person": "队员一", "taken_at": "{NOW}", "place": "", "record": "x"}}'
    )
    darkroom = Darkroom(store, FONT)
    assert darkroom.wait_idle(20)
    darkroom.stop()
    assert evidence.marked_copy(store, sha256) is not None
    assert store.photos.undeveloped() == []


def test_a_saved_record_gets_watermarked_copies(
    store: PersonStore, darkroom: Darkroom, photos: Path
) -> None:
    photo = take(store, photos / "gps_DSCN0010.jpg")
    change = finalise(store, report(store).with_photo(photo), READING)
    darkroom.develop_record(change, "队员一")
    assert darkroom.wait_idle(20)
    assert evidence.marked_copy(store, photo.ref.sha256) is not None


def test_saving_a_record_with_three_large_photos_does_not_hold_the_officer_up(
    store: PersonStore, darkroom: Darkroom, tmp_path: Path
) -> None:
    draft = report(store, condition="main")
    for number in range(3):
        picture = tmp_path / f"{number}.jpg"
        noise = Image.effect_noise((4000, 3000), 20 + number)
        noise.convert("RGB").save(picture, quality=80)
        draft = draft.with_photo(take(store, picture))
        drafts.save_draft(store, draft)
    started = time.perf_counter()
    change = finalise(store, draft, READING)
    darkroom.develop_record(change, "队员一")
    assert time.perf_counter() - started < 0.3
    assert darkroom.wait_idle(60)


def _caption() -> Caption:
    return Caption("队员一", NOW, "井冈山大道 88 号", "36080220261120-0001")


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of grey values, 0 to 255."""
    pairs = zip(one.convert("L").tobytes(), other.convert("L").tobytes(), strict=True)
    differences = [abs(a - b) for a, b in pairs]
    return sum(differences) / len(differences)


def _leftovers(store: PersonStore) -> list[Path]:
    return [path for path in store.photos.folder.rglob("*") if path.is_file()]
