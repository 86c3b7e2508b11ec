"""A damaged database on the phone: noticed at the start, set aside, its unsent work saved."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mobile.capture.drafts import new_draft, open_drafts, save_draft
from mobile.capture.evidence import take_in
from mobile.store.carving import carve
from mobile.store.home import DeviceHome
from mobile.store.person_store import PersonStore
from mobile.store.salvage import SALVAGED
from sync.bodies import Kind
from sync.messages import Change, Outcome, PhotoRole
from sync.outbox import ChangeState, Settlement
from sync.remote import Page, Row
from tests.mobile.driver import Phone
from tests.mobile.test_capture import NOW

PERSON = "0192aaaa-0000-7000-8000-000000000001"
RECORDS = 40


def fill(store: PersonStore, picture: Path) -> None:
    """Forty records of which ten are acknowledged, a photo, a draft, and rows of the server."""
    rows = [
        Row("catalog", n, "category", f"E{n:05}", 1, data={"name": "类别" * 30}) for n in range(300)
    ]
    store.replica.apply_page(Page(rows, "c", False, ("catalog",), (), {}))
    photo = take_in(store, picture, PhotoRole.BEFORE, NOW, None)
    for number in range(1, RECORDS + 1):
        photos = (photo.ref,) if number == RECORDS else ()
        body = {"description": f"占道经营 {number}" + "，长说明" * (2000 if number == 20 else 1)}
        kind = "case.report"
        made = Change(f"c-{number}", 0, kind, f"r-{number}", NOW.isoformat(), body, photos=photos)
        store.outbox.append(made, NOW)
    done = [
        Settlement(f"c-{number}", ChangeState.ACKNOWLEDGED, Outcome.APPLIED)
        for number in range(1, 11)
    ]
    store.outbox.settle(done, NOW)
    draft = new_draft(store, Kind.CASE_REPORT, NOW, body={"description": "没写完"})
    save_draft(store, draft.with_photo(photo))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """The folder of a device, closed; copy it."""
    folder = tmp_path_factory.mktemp("filled") / "device"
    home = DeviceHome(folder)
    assert home.device_id
    store = home.open_person(PERSON)
    fill(store, photos / "gps_DSCN0010.jpg")
    store.close()
    home.close()
    return folder


@pytest.fixture(scope="module")
def photos() -> Path:
    return Path(__file__).parents[1] / "photos"


@pytest.fixture
def device(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "device")


def database(device: Path) -> Path:
    return device / "people" / PERSON / "person.sqlite"


def opened(device: Path) -> tuple[PersonStore, dict[str, object]]:
    """Start the app on a device and open the person's store; return it with what was saved."""
    home = DeviceHome(device)
    store = home.open_person(PERSON)
    home.close()
    return store, json.loads(store.note(SALVAGED) or "{}")


def unsent(store: PersonStore) -> set[str]:
    return {change.id for change in store.outbox.waiting(-1000, 1000)}


ALL = {f"c-{number}" for number in range(11, RECORDS + 1)}


def test_a_sound_database_is_left_alone(device: Path) -> None:
    store, said = opened(device)
    assert (unsent(store), said) == (ALL, {})
    assert not (device / "people" / PERSON / "damaged").exists()


def _overwrite_start(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * 100)


def _drop_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE replica")
        connection.execute("DROP TABLE staging")


def _cut(share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return cut


def _no_schema(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [_overwrite_start, _drop_tables, _no_schema])
def test_whatever_is_wrong_with_the_file_all_unsent_work_is_saved(
    device: Path, harm: Callable[[Path], None]
) -> None:
    harm(database(device))
    store, said = opened(device)
    assert unsent(store) == ALL
    assert (said["records"], said["drafts"], said["lost"]) == (30, 1, 0)
    (entry,) = store.outbox.entries("id = 'c-20'")
    assert len(entry.change.body["description"]) > 8000
    (draft,) = open_drafts(store)
    assert draft.body == {"description": "没写完"}
    assert store.photos.is_intact(draft.photos[0].ref.sha256)
    assert store.replica.cursors() == []  # everything of the server's is fetched again
    after = store.outbox.append(Change("new", 0, "case.report", "r", NOW.isoformat(), {}), NOW)
    assert after.n == RECORDS + 1
    aside = device / "people" / PERSON / "damaged"
    assert [path.name for path in aside.glob("*/person.sqlite")] == ["person.sqlite"]
    again, _ = opened(device)
    assert unsent(again) == ALL | {"new"}
    assert len(list(aside.iterdir())) == 1


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_of_a_file_cut_off_what_is_there_is_saved(device: Path, share: float) -> None:
    ids = {str(row[0]) for row in _carved(device, share)}
    _cut(share)(database(device))
    store, said = opened(device)
    assert unsent(store) == ids & ALL
    assert said["at"]


def _carved(device: Path, share: float) -> Iterator[tuple[object, ...]]:
    """Say independently which records lie before the cut: whole in the bytes that stay."""
    data = database(device).read_bytes()[: int(database(device).stat().st_size * share)]
    for number in range(1, RECORDS + 1):
        text = f'"占道经营 {number}，长说明"'.encode()
        if number != 20 and text in data:
            yield (f"c-{number}",)
        if number == 20:
            yield from () if b"c-20" not in data or not _long_is_whole(data) else (("c-20",),)


def _long_is_whole(data: bytes) -> bool:
    return data.count("，长说明".encode()) > 2000


def test_bytes_flipped_anywhere_lose_next_to_nothing(filled: Path, tmp_path: Path) -> None:
    chance = random.Random(11)
    size = database(filled).stat().st_size
    noticed = 0
    for attempt in range(60):
        device = shutil.copytree(filled, tmp_path / f"flip-{attempt}")
        with database(device).open("r+b") as file:
            for _ in range(4):
                place = chance.randrange(size)
                file.seek(place)
                byte = file.read(1)[0]
                file.seek(place)
                file.write(bytes([byte ^ 1 << chance.randrange(8)]))
        store, said = opened(device)
        noticed += bool(said)
        assert len(unsent(store) & ALL) >= len(ALL) - 12
        store.close()
    assert noticed > 5


def test_an_empty_file_beside_photos_counts_as_damaged(device: Path) -> None:
    database(device).write_bytes(b"")
    store, said = opened(device)
    assert said["records"] == 0
    assert list((device / "people" / PERSON / "photos").glob("??/*.jpg"))
    assert unsent(store) == set()


def test_what_only_the_log_holds_is_saved_too(device: Path) -> None:
    store, _ = opened(device)
    store.outbox.append(Change("late", 0, "case.report", "r", NOW.isoformat(), {}), NOW)
    copy = device.with_name("killed")
    shutil.copytree(device, copy)  # as a kill leaves it: the log not yet in the file
    store.close()
    _no_schema(database(copy))
    with database(copy).open("r+b") as file:
        file.write(b"\0" * 100)
    saved, _ = opened(copy)
    assert unsent(saved) == ALL | {"late"}


def test_without_its_log_the_file_is_taken_as_it_is(device: Path) -> None:
    store, _ = opened(device)
    store.outbox.append(Change("late", 0, "case.report", "r", NOW.isoformat(), {}), NOW)
    copy = device.with_name("killed")
    shutil.copytree(device, copy)
    store.close()
    database(copy).with_name("person.sqlite-wal").unlink()
    saved, _ = opened(copy)
    assert unsent(saved) >= ALL


def test_a_salvage_that_was_interrupted_is_finished(device: Path) -> None:
    _overwrite_start(database(device))
    place = device / "people" / PERSON / "damaged" / "20261120T011400.000000Z"
    place.mkdir(parents=True)
    database(device).rename(place / "person.sqlite")
    store, said = opened(device)
    assert unsent(store) == ALL
    assert said["kept_in"] == place.name


def test_an_acknowledged_record_stays_acknowledged(device: Path) -> None:
    _drop_tables(database(device))
    store, _ = opened(device)
    assert len(store.outbox.entries("state = 'acknowledged'")) == 10


@pytest.mark.parametrize("harm", [_overwrite_start, _no_schema, _cut(0.0)])
def test_a_damaged_device_file_keeps_the_devices_id(
    device: Path, harm: Callable[[Path], None]
) -> None:
    before = DeviceHome(device)
    before.set_setting("server", "http://localhost:1")
    device_id = before.device_id
    before.close()
    harm(device / "device.sqlite")
    after = DeviceHome(device)
    assert after.device_id == device_id
    if harm is not _cut:
        assert unsent(after.open_person(PERSON)) == ALL


def test_carving_finds_every_row_of_a_sound_file(device: Path) -> None:
    found = {row[0] for row in carve(database(device)) if len(row) == 14}
    assert {f"c-{number}" for number in range(1, RECORDS + 1)} <= found


def test_the_person_is_told_how_much_was_saved(phone_of: Callable[..., Phone]) -> None:
    phone = phone_of("officer1")
    store = phone.store()
    store.outbox.append(Change("late", 0, "case.report", "r", NOW.isoformat(), {}), NOW)
    path = store.folder / "person.sqlite"
    store.close()
    _overwrite_start(path)
    phone.home.close()
    restarted = Phone(DeviceHome(phone.home.folder), phone.camera)
    try:
        restarted.sign_in()
        restarted.hand.wait_to_see("手机数据库曾损坏，已修复：找回 1 条记录、0 份草稿、0 张照片")
        restarted.hand.tap("知道了")
    finally:
        restarted.close()
