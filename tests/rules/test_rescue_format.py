"""The rescue package: what is whole is read, what is damaged is refused alone."""

import hashlib
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.errors import Refused
from sync.rescue import (
    Entry,
    Manifest,
    Package,
    RescuedChange,
    RescuedPerson,
    change_path,
    photo_path,
    record_entry,
    write_package,
)

PERSON = RescuedPerson("0192aaaa-0000-7000-8000-000000000001", "officer1", "队员一")


def change(number: int) -> RescuedChange:
    raw = {"id": f"0192-{number}", "n": number, "kind": "case.report", "body": {"说明": "占道"}}
    return RescuedChange(raw, "0192-device", "waiting", "2026-11-20T01:14:00+00:00")


CHANGES = {change_path(PERSON.id, f"0192-{n}"): change(n).packed() for n in range(1, 6)}
PHOTO_BYTES = [bytes([n]) * 40_000 + b"PK\x03\x04 by chance" for n in range(3)]
PHOTOS = {photo_path(hashlib.sha256(data).hexdigest()): data for data in PHOTO_BYTES}
CONTENT = {**CHANGES, **PHOTOS}


def manifest() -> Manifest:
    records = [record_entry(path, text, PERSON.id) for path, text in CHANGES.items()]
    photos = [Entry(path, path[len("photos/") :], len(data)) for path, data in PHOTOS.items()]
    return Manifest(
        "0192-device", "2026-11-20T09:14:00+08:00", "1.0.0", (PERSON,), (*records, *photos)
    )


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "a.xcrescue"
    with path.open("wb") as file:
        assert write_package(file, manifest(), lambda entry: [CONTENT[entry.path]]) == []
    return path


def refused(path: Path) -> dict[str, str]:
    """Return the codes of the entries that cannot be taken from a package."""
    codes: dict[str, str] = {}
    with Package(path) as package:
        for entry in package.manifest.entries:
            try:
                found = package.read(entry)
            except Refused as error:
                codes[entry.path] = error.code
            else:
                assert found == CONTENT[entry.path]
    return codes


def rewritten(path: Path, alter: Callable[[bytearray], object]) -> Path:
    data = bytearray(path.read_bytes())
    alter(data)
    path.write_bytes(data)
    return path


def test_everything_comes_out_as_it_went_in(packed: Path) -> None:
    with Package(packed) as package:
        assert package.manifest == manifest()
        assert refused(packed) == {}
        (first, *_) = package.manifest.of("changes", PERSON.id)
        assert package.change(first) == change(1)


def test_any_zip_program_can_open_it(packed: Path) -> None:
    with zipfile.ZipFile(packed) as package:
        assert package.testzip() is None
        assert json.loads(package.read("manifest.json"))["format"] == "xuncheng-rescue"


def test_a_flipped_bit_costs_one_entry_at_most(packed: Path) -> None:
    whole = packed.read_bytes()
    chance = random.Random(3)
    for place in sorted(chance.sample(range(len(whole)), 300)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        packed.write_bytes(damaged)
        assert len(refused(packed)) <= 1, place


def test_a_flipped_bit_in_a_photo_is_noticed(packed: Path) -> None:
    (path, data), *_ = PHOTOS.items()
    start = packed.read_bytes().index(data)
    rewritten(packed, lambda file: file.__setitem__(start + 20_000, 0xAA))
    assert refused(packed) == {path: "rescue_damaged"}


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
def test_a_package_cut_off_gives_what_came_before_the_cut(packed: Path, kept: float) -> None:
    whole = packed.read_bytes()
    packed.write_bytes(whole[: int(len(whole) * kept)])
    lost = refused(packed)
    assert set(lost) <= set(PHOTOS)
    assert set(lost.values()) <= {"rescue_damaged", "rescue_missing"}
    assert len(lost) == sum(
        whole.index(data) + len(data) > len(whole) * kept for data in PHOTO_BYTES
    )


def test_a_damaged_manifest_is_read_from_its_copy(packed: Path) -> None:
    start = packed.read_bytes().index(b"made_at")
    rewritten(packed, lambda data: data.__setitem__(start, 0x20))
    assert refused(packed) == {}


def test_an_entry_put_in_by_hand_is_no_part_of_it(packed: Path) -> None:
    with zipfile.ZipFile(packed, "a") as package:
        package.writestr("changes/0192/0192-99.json", "{}")
    assert refused(packed) == {}


def test_a_record_altered_together_with_its_hash_in_the_manifest_is_noticed(tmp_path: Path) -> None:
    raw = json.loads(change(1).packed())
    raw["raw"]["body"] = {"说明": "something else"}
    forged = json.dumps(raw).encode()
    path = change_path(PERSON.id, "0192-1")
    made = Manifest("d", "t", "1", (PERSON,), (record_entry(path, forged, PERSON.id),))
    with (tmp_path / "b").open("wb") as file:
        write_package(file, made, lambda _: [forged])
    with Package(tmp_path / "b") as package, pytest.raises(Refused, match="rescue_damaged"):
        package.change(made.entries[0])


@pytest.mark.parametrize("content", [b"", b"PK", b"not a package at all" * 100])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c"
    path.write_bytes(content)
    with pytest.raises(Refused, match="rescue_unreadable"):
        Package(path)


def test_a_package_of_a_newer_app_is_not_guessed_at(packed: Path) -> None:
    newer = packed.read_bytes().replace(b'"version":1,"sha256"', b'"version":2,"sha256"')
    packed.write_bytes(newer)
    with pytest.raises(Refused, match="rescue_newer"):
        Package(packed)


def test_a_photo_that_differs_on_the_device_is_named_while_packing(tmp_path: Path) -> None:
    path = next(iter(PHOTOS))
    content = {**CONTENT, path: b"shorter than it was"}
    with (tmp_path / "d").open("wb") as file:
        differing = write_package(file, manifest(), lambda entry: [content[entry.path]])
    assert [entry.path for entry in differing] == [path]
    assert len(CONTENT) - 1 == sum(1 for _ in CONTENT) - len(refused(tmp_path / "d"))
