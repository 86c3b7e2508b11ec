"""A phone that is lost shows nothing: records, drafts, rows and photos are sealed on its disk."""

import hashlib
import json
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile.capture.drafts import new_draft, open_drafts
from mobile.capture.evidence import develop, take_in
from mobile.device.desktop.keys import FileVault
from mobile.rescue.packing import make_package
from mobile.store.home import DeviceHome, KnownPerson
from mobile.store.person_store import PersonStore
from mobile.store.sealing import Seal, SealBroken, SealClosed, SealedWriter, open_file
from mobile.ui.fonts import FOLDER
from sync.bodies import Kind
from sync.captions import Caption
from sync.errors import Unavailable
from sync.messages import Change, PhotoRole
from sync.remote import Page, Row
from sync.rescue import Package

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)
PASSWORD = "a password of some length"
OFFICER = KnownPerson(
    "0192aaaa-0000-7000-8000-000000000001", "officer1", "队员一", ("officer",), ()
)
SECRETS = ("门前垃圾", "没写完的", "张三的店", "看错了")


def device(folder: Path, vault: bool = True) -> DeviceHome:
    """Start a device, with a key store or without one."""
    home = DeviceHome(folder)
    home.keyring.use(FileVault(folder.with_name("keys.json")) if vault else None)
    return home


def fill(store: PersonStore, picture: Path) -> str:
    """Record, draft, photograph with all copies, and take in rows; return the photo's hash."""
    row = Row("area:360802001", 1, "premises", "p", 1, data={"name": "张三的店"})
    store.replica.apply_page(Page([row], "c", False, ("area:360802001",), (), {}))
    photo = take_in(store, picture, PhotoRole.BEFORE, NOW, None)
    develop(store, photo.ref.sha256, Caption("队员一", NOW, "看错了", "r"), FOLDER / "text.ttf")
    body = {"description": "门前垃圾"}
    change = Change("c-1", 0, "case.report", "r", NOW.isoformat(), body, photos=(photo.ref,))
    store.outbox.append(change, NOW)
    new_draft(store, Kind.CASE_REPORT, NOW, body={"description": "没写完的"})
    store.photos.remember_caption(photo.ref.sha256, '{"place": "看错了"}')
    return photo.ref.sha256


@pytest.fixture
def picture() -> Path:
    return Path(__file__).parents[1] / "photos" / "gps_DSCN0010.jpg"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[DeviceHome]:
    made = device(tmp_path / "device")
    made.remember_person(OFFICER, PASSWORD, NOW)
    yield made
    made.close()


def on_disk(home: DeviceHome) -> Iterator[tuple[Path, bytes]]:
    for path in (home.folder / "people").rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def test_nothing_of_the_work_can_be_read_from_the_disk(home: DeviceHome, picture: Path) -> None:
    store = home.open_person(OFFICER.id)
    fill(store, picture)
    seen = 0
    for path, data in on_disk(home):
        seen += 1
        for secret in SECRETS:
            assert secret.encode() not in data, path
            assert json.dumps(secret)[1:-1].encode() not in data, path
        assert b"\xff\xd8\xff" not in data[:64], path
        assert picture.read_bytes()[1000:1100] not in data, path
    assert seen >= 5  # database, log, original, and copies
    store.close()


def test_whoever_has_the_key_reads_everything_byte_for_byte(
    home: DeviceHome, picture: Path
) -> None:
    store = home.open_person(OFFICER.id)
    sha256 = fill(store, picture)
    store.close()
    again = device(home.folder).open_person(OFFICER.id)
    assert again.outbox.waiting(0, 9)[0].body == {"description": "门前垃圾"}
    assert open_drafts(again)[0].body == {"description": "没写完的"}
    assert again.replica.one("premises", "p") == {"name": "张三的店"}
    assert again.photos.undeveloped() == [(sha256, '{"place": "看错了"}')]
    original = picture.read_bytes()
    assert again.photos.read(sha256, 0, len(original) + 1) == original
    assert again.photos.read(sha256, 70_001, 99) == original[70_001:70_100]
    assert again.photos.is_intact(sha256)
    again.close()


@pytest.mark.parametrize("vault", [True, False])
def test_the_password_opens_what_the_key_store_has_forgotten(
    tmp_path: Path, picture: Path, vault: bool
) -> None:
    home = device(tmp_path / "device", vault)
    home.remember_person(OFFICER, PASSWORD, NOW)
    fill(home.open_person(OFFICER.id), picture)
    home.close()
    tmp_path.joinpath("keys.json").unlink(missing_ok=True)
    home.keyring.close(OFFICER.id)
    del home
    later = device(tmp_path / "device", vault)
    with pytest.raises(Unavailable, match="key_needed"):
        later.open_person(OFFICER.id)
    assert later.check_offline("officer1", "wrong", NOW) is None
    with pytest.raises(Unavailable, match="key_needed"):
        later.open_person(OFFICER.id)
    assert later.check_offline("officer1", PASSWORD, NOW) == OFFICER
    assert len(later.open_person(OFFICER.id).outbox.waiting(0, 9)) == 1


def test_without_a_key_store_the_pin_opens_it(tmp_path: Path, picture: Path) -> None:
    home = device(tmp_path / "device", vault=False)
    home.remember_person(OFFICER, PASSWORD, NOW)
    home.set_pin(OFFICER.id, "4711")
    fill(home.open_person(OFFICER.id), picture)
    home.keyring.close(OFFICER.id)
    later = device(tmp_path / "device", vault=False)
    assert later.check_offline("officer1", "4711", NOW) == OFFICER
    assert len(later.open_person(OFFICER.id).outbox.waiting(0, 9)) == 1


def test_with_a_key_store_the_pin_is_no_way_to_the_key(home: DeviceHome) -> None:
    home.set_pin(OFFICER.id, "4711")
    rows = home._database.reading().execute("SELECT way FROM person_key").fetchall()
    assert [row["way"] for row in rows] == ["password"]


def test_a_password_changed_elsewhere_waits_for_the_former_one(tmp_path: Path) -> None:
    home = device(tmp_path / "device", vault=False)
    home.remember_person(OFFICER, PASSWORD, NOW)
    home.open_person(OFFICER.id).close()
    home.keyring.close(OFFICER.id)
    later = device(tmp_path / "device", vault=False)
    with pytest.raises(Unavailable, match="key_needed"):
        later.remember_person(OFFICER, "a new password", NOW)
    assert later.keyring.is_locked(OFFICER.id)
    assert later.check_offline("officer1", PASSWORD, NOW) == OFFICER
    later.remember_person(OFFICER, "a new password", NOW)
    later.keyring.close(OFFICER.id)
    assert later.check_offline("officer1", "a new password", NOW) == OFFICER
    later.open_person(OFFICER.id).close()


def test_a_store_is_never_written_with_another_key(home: DeviceHome) -> None:
    home.open_person(OFFICER.id).close()
    home.keyring.close(OFFICER.id)
    with pytest.raises(Unavailable, match="key_needed"):
        PersonStore(home.folder / "people" / OFFICER.id, seal=Seal(bytes(32)))
    with pytest.raises(Unavailable, match="key_needed"):
        PersonStore(home.folder / "people" / OFFICER.id)


def test_a_damaged_sealed_store_is_salvaged_like_another(home: DeviceHome, picture: Path) -> None:
    store = home.open_person(OFFICER.id)
    sha256 = fill(store, picture)
    store.close()
    path = store.folder / "person.sqlite"
    with path.open("r+b") as file:
        file.write(bytes(100))
    again = device(home.folder).open_person(OFFICER.id)
    assert [change.id for change in again.outbox.waiting(0, 9)] == ["c-1"]
    assert again.photos.is_intact(sha256)
    again.close()


def test_an_altered_record_is_noticed_and_the_others_are_kept(
    home: DeviceHome, picture: Path
) -> None:
    store = home.open_person(OFFICER.id)
    fill(store, picture)
    for name in ("c-2", "c-3"):
        store.outbox.append(Change(name, 0, "case.report", name, NOW.isoformat(), {}), NOW)
    with store.writing() as connection:
        connection.row_factory = None
        (content,) = connection.execute("SELECT content FROM change WHERE id = 'c-2'").fetchone()
        altered = content[:40] + bytes([content[40] ^ 1]) + content[41:]
        connection.execute("UPDATE change SET content = ? WHERE id = 'c-2'", (altered,))
    store.close()
    again = device(home.folder).open_person(OFFICER.id)
    assert [change.id for change in again.outbox.waiting(0, 9)] == ["c-1", "c-3"]
    again.close()


def test_the_rescue_package_can_be_read_without_any_key(home: DeviceHome, picture: Path) -> None:
    store = home.open_person(OFFICER.id)
    fill(store, picture)
    store.close()
    made = make_package(home, [OFFICER], home.folder / "out", NOW)
    home.keyring.close(OFFICER.id)
    with Package(made.path) as package:
        (entry,) = package.manifest.of("changes", OFFICER.id)
        assert package.change(entry).raw["body"] == {"description": "门前垃圾"}
        (photo,) = [one for one in package.manifest.entries if one.kind == "photos"]
        assert package.read(photo) == picture.read_bytes()


# --- sealed files


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 300_001])
def test_a_sealed_file_is_the_plain_one_from_any_place(tmp_path: Path, size: int) -> None:
    seal, data = Seal(bytes(range(32))), os.urandom(size)
    path = write_sealed(tmp_path / "f", seal, data)
    with open_file(path) as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()
        for _ in range(20):
            place, length = random.randrange(size + 1), random.randrange(90_000)
            file.seek(place)
            assert file.read(length) == data[place : place + length]


def test_a_sealed_file_altered_or_cut_is_noticed(tmp_path: Path) -> None:
    seal = Seal(bytes(range(32)))
    sealed = write_sealed(tmp_path / "f", seal, os.urandom(200_000)).read_bytes()
    pieces = 65_536 + 16
    for damaged in (
        sealed[:-1],
        sealed[: 23 + pieces * 2],  # cut exactly between two pieces
        sealed[:5000] + b"x" + sealed[5001:],
        sealed[:23] + sealed[23 + pieces : 23 + 2 * pieces] + sealed[23 + pieces :],
    ):
        (tmp_path / "f").write_bytes(damaged)
        with pytest.raises(SealBroken), open_file(tmp_path / "f") as file:
            file.read()


def test_a_sealed_file_needs_its_own_key(tmp_path: Path) -> None:
    path = write_sealed(tmp_path / "f", Seal(os.urandom(32)), b"something")
    with pytest.raises(SealClosed):
        open_file(path)


def test_a_key_opened_twice_stays_open_when_one_lets_go(tmp_path: Path) -> None:
    first, second = Seal(bytes(32)), Seal(bytes(32))
    path = write_sealed(tmp_path / "f", second, b"something")
    del second
    with open_file(path) as file:
        assert file.read() == b"something"
    assert first.key_id


def write_sealed(path: Path, seal: Seal, data: bytes) -> Path:
    with path.open("wb") as file:
        writer = SealedWriter(file, seal)
        for start in range(0, len(data), 70_000):
            writer.write(data[start : start + 70_000])
        writer.finish()
    return path
