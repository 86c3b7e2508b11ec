"""How photos travel: asked first, resumed, checked, and each one's trouble its own."""

import os
from datetime import UTC, datetime

import pytest

from sync.photos import PhotoReport, PhotoState, Travel, send_photos
from sync.remote import Limits, LinkDown, ServerSaidNo
from tests.memory_remote import MemoryRemote
from tests.memory_store import MemoryPhotos

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)


@pytest.fixture
def shelf() -> MemoryPhotos:
    return MemoryPhotos()


@pytest.fixture
def remote() -> MemoryRemote:
    return MemoryRemote()


def send(shelf: MemoryPhotos, remote: MemoryRemote, piece_bytes: int = 100) -> PhotoReport:
    return send_photos(shelf, remote, Limits(), Travel(piece_bytes, lambda: False), NOW)


def test_a_photo_arrives_byte_for_byte(shelf: MemoryPhotos, remote: MemoryRemote) -> None:
    data = os.urandom(1234)
    sha256 = shelf.add(data)
    report = send(shelf, remote)
    assert remote.photos[sha256] == data
    assert shelf.state(sha256) is PhotoState.VERIFIED
    assert (report.verified, report.left) == (1, 0)


def test_what_the_server_has_is_not_sent(shelf: MemoryPhotos, remote: MemoryRemote) -> None:
    data = os.urandom(500)
    sha256 = shelf.add(data)
    remote.photos[sha256] = data
    send(shelf, remote)
    assert remote.log == ["have"]
    assert shelf.state(sha256) is PhotoState.VERIFIED


def test_a_cut_link_resumes_where_the_server_stands(
    shelf: MemoryPhotos, remote: MemoryRemote
) -> None:
    sha256 = shelf.add(os.urandom(1000))
    pieces: list[int] = []

    def cut_at_the_fourth(_url: str, offset: int, _piece: bytes) -> None:
        pieces.append(offset)
        if len(pieces) == 4:
            raise LinkDown("cut")

    remote.before["send_piece"] = cut_at_the_fourth
    with pytest.raises(LinkDown):
        send(shelf, remote)
    assert shelf.state(sha256) is PhotoState.UPLOADING
    send(shelf, remote)
    assert pieces == [0, 100, 200, 300, 300, 400, 500, 600, 700, 800, 900]
    assert shelf.state(sha256) is PhotoState.VERIFIED


def test_a_piece_whose_answer_was_lost_is_not_sent_twice(
    shelf: MemoryPhotos, remote: MemoryRemote
) -> None:
    sha256 = shelf.add(os.urandom(300))
    remote.lose_answer_once("send_piece")
    with pytest.raises(LinkDown):
        send(shelf, remote)
    send(shelf, remote)
    assert remote.log.count("send_piece") == 3
    assert shelf.state(sha256) is PhotoState.VERIFIED


def test_an_expired_upload_begins_anew(shelf: MemoryPhotos, remote: MemoryRemote) -> None:
    sha256 = shelf.add(os.urandom(300))
    shelf.mark_upload(sha256, "/uploads/forgotten", 200)
    send(shelf, remote)
    assert shelf.state(sha256) is PhotoState.VERIFIED


@pytest.mark.parametrize("code", ["checksum_mismatch", "offset_mismatch"])
def test_a_damaged_piece_is_sent_again(
    shelf: MemoryPhotos, remote: MemoryRemote, code: str
) -> None:
    sha256 = shelf.add(os.urandom(300))
    remote.fail_once("send_piece", ServerSaidNo(460, code))
    send(shelf, remote)
    assert shelf.state(sha256) is PhotoState.VERIFIED


def test_a_wrong_hash_restarts_once_and_then_shows(
    shelf: MemoryPhotos, remote: MemoryRemote
) -> None:
    sha256 = shelf.add(os.urandom(300))

    def refuse(*_: object) -> None:
        raise ServerSaidNo(460, "photo_hash_mismatch")

    remote.before["send_piece"] = refuse
    send(shelf, remote)
    assert shelf.state(sha256) is PhotoState.LOCAL
    send(shelf, remote)
    assert shelf.state(sha256) is PhotoState.REFUSED
    assert shelf.errors[sha256] == "photo_hash_mismatch"


def test_an_original_damaged_on_the_phone_is_shown_at_once(
    shelf: MemoryPhotos, remote: MemoryRemote
) -> None:
    sha256 = shelf.add(os.urandom(300))
    shelf.files[sha256] = os.urandom(300)
    send(shelf, remote)
    assert shelf.state(sha256) is PhotoState.REFUSED


def test_a_refused_picture_blocks_no_other(shelf: MemoryPhotos, remote: MemoryRemote) -> None:
    bad, good = shelf.add(b"not a picture"), shelf.add(os.urandom(300))
    remote.refused[bad] = "photo_wrong_type"
    report = send(shelf, remote)
    assert shelf.state(bad) is PhotoState.REFUSED
    assert shelf.errors[bad] == "photo_wrong_type"
    assert shelf.state(good) is PhotoState.VERIFIED
    assert (report.verified, report.refused) == (1, 1)


def test_one_photo_that_makes_the_server_fail_blocks_no_other(
    shelf: MemoryPhotos, remote: MemoryRemote
) -> None:
    first, second = shelf.add(os.urandom(50)), shelf.add(os.urandom(60))
    remote.fail_once("open_upload", ServerSaidNo(500, "server_error"))
    report = send(shelf, remote)
    assert shelf.state(first) is PhotoState.LOCAL
    assert shelf.state(second) is PhotoState.VERIFIED
    assert report.failure is not None
    assert report.left == 1


def test_a_busy_upload_keeps_its_place(shelf: MemoryPhotos, remote: MemoryRemote) -> None:
    sha256 = shelf.add(os.urandom(300))
    remote.fail_once("send_piece", ServerSaidNo(409, "upload_busy"))
    send(shelf, remote)
    assert shelf.state(sha256) is PhotoState.UPLOADING
    assert shelf.queued[sha256].url is not None


def test_a_new_record_interrupts_between_two_pieces(
    shelf: MemoryPhotos, remote: MemoryRemote
) -> None:
    sha256 = shelf.add(os.urandom(1000))
    answers = iter([False, False, True])
    report = send_photos(shelf, remote, Limits(), Travel(100, lambda: next(answers)), NOW)
    assert report.interrupted
    assert shelf.queued[sha256].offset == 200
    send(shelf, remote)
    assert shelf.state(sha256) is PhotoState.VERIFIED
    assert remote.log.count("open_upload") == 1
