"""What befalls a photo between the camera and the server's store."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mobile.capture.evidence import take_in
from mobile.store.summary import sync_summary
from sync.errors import Refused
from sync.messages import Change, PhotoRole
from sync.photos import PhotoState
from sync.remote import LinkDown
from tests.faults.meddler import Meddler, Pass, Reply, Request, meanwhile
from tests.faults.proof import Proof
from tests.link import Link
from tests.mobile.engine import HERE, Engine

PATCH = "PATCH /photos/uploads"


def photo_state(engine: Engine, change: Change) -> tuple[PhotoState, str | None]:
    held = engine.store.photos.get(change.photos[0].sha256)
    assert held is not None
    return held.state, held.error


def original(engine: Engine, change: Change) -> Path:
    held = engine.store.photos.get(change.photos[0].sha256)
    assert held is not None
    return held.original


def flip_a_bit(request: Request, forward: Pass) -> Reply:
    body = bytearray(request.body)
    body[len(body) // 2] ^= 1
    return forward(replace(request, body=bytes(body)))


def test_a_bit_flipped_under_the_checksum_is_sent_again(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path
) -> None:
    change = officer.report(picture)
    meddler.meddle(PATCH, flip_a_bit, skip=2)
    before = meddler.count(PATCH)
    officer.sync()
    pieces = -(-change.photos[0].bytes // officer.piece_bytes)
    assert meddler.count(PATCH) == before + pieces + 1
    proof.holds(change)


def test_two_pieces_at_the_same_offset_make_one_photo(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path
) -> None:
    def send_twice_and_believe_the_first(request: Request, forward: Pass) -> Reply:
        first = forward(request)
        assert forward(request).status == 409
        return first

    change = officer.report(picture)
    meddler.meddle(PATCH, send_twice_and_believe_the_first, times=3)
    officer.sync()
    proof.holds(change)


def test_a_photo_file_changed_between_two_pieces_is_shown_and_the_record_stays(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path
) -> None:
    change = officer.report(picture)

    def change_its_end() -> None:
        with original(officer, change).open("r+b") as file:
            file.seek(-1000, os.SEEK_END)
            file.write(bytes(1000))

    meddler.meddle(PATCH, meanwhile(change_its_end))
    officer.sync()
    assert photo_state(officer, change) == (PhotoState.REFUSED, "photo_hash_mismatch")
    assert original(officer, change).exists()
    assert proof.reports_of(change) == 1
    # The seal tells the device that the file has been altered: such bytes are not even sent.
    assert not officer.store.photos.is_intact(change.photos[0].sha256)


@pytest.mark.parametrize("left", [None, 0, 100_000], ids=["gone", "emptied", "cut short"])
def test_a_photo_file_gone_between_two_pieces_is_shown_and_blocks_no_other(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path, tmp_path: Path, left: int | None
) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(picture.read_bytes() + b"other")
    change, next_one = officer.report(picture), officer.report(other)

    def lose_it() -> None:
        path = original(officer, change)
        if left is None:
            path.unlink()
        else:
            os.truncate(path, left)

    meddler.meddle(PATCH, meanwhile(lose_it))
    officer.sync()
    assert photo_state(officer, change) == (PhotoState.REFUSED, "photo_hash_mismatch")
    assert proof.reports_of(change) == 1
    proof.holds(next_one)


def test_a_photo_of_no_bytes_is_refused_at_the_camera(officer: Engine, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    before = officer.store.reading().execute("SELECT count(*) FROM photo").fetchone()[0]
    with pytest.raises(Refused, match=r"photo_empty|photo_wrong_type"):
        take_in(officer.store, empty, PhotoRole.BEFORE, officer.now(), HERE)
    after = officer.store.reading().execute("SELECT count(*) FROM photo").fetchone()[0]
    assert after == before
    assert not list(officer.store.photos.folder.glob("taking-*"))


def test_an_upload_that_expired_at_99_per_cent_begins_anew_and_arrives(
    phone_at: Callable[..., Engine], link: Link, proof: Proof, picture: Path
) -> None:
    engine = phone_at(link.url)
    engine.sync()
    change = engine.report(picture)
    engine.piece_bytes = 8192
    link.cut_after(int(change.photos[0].bytes * 0.99))
    with pytest.raises(LinkDown):
        engine.sync()
    sha256 = change.photos[0].sha256
    ((offset, length),) = proof.rows('SELECT "offset", length FROM upload WHERE sha256 = ?', sha256)
    assert 0.8 * length < offset < length
    gone = proof.write(
        "UPDATE upload SET expires_at = '2020-01-01T00:00:00.000+00:00' WHERE sha256 = ?", sha256
    )
    assert gone == 1
    engine.sync()
    proof.holds(change)
    assert sync_summary(engine.store).all_sent


def test_an_upload_that_was_swept_away_begins_anew_and_arrives(
    officer: Engine, meddler: Meddler, proof: Proof, picture: Path
) -> None:
    change = officer.report(picture)
    sha256 = change.photos[0].sha256

    def sweep() -> None:
        proof.write("DELETE FROM upload WHERE sha256 = ?", sha256)
        for part in (proof.home / "uploads").glob("*.part"):
            part.unlink()

    meddler.meddle(PATCH, meanwhile(sweep), skip=1)
    officer.sync()
    officer.sync()
    proof.holds(change)
