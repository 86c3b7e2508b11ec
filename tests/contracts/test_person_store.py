"""What a sync round relies on, stated once for the store in memory and the one on the disk."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.store.person_store import PersonStore
from mobile.store.photo_shelf import HeldPhoto
from mobile.store.sealing import Seal
from sync.digests import scope_digest
from sync.messages import Change, Outcome, PhotoRef, PhotoRole
from sync.outbox import ChangeState, Settlement
from sync.photos import PhotoState
from sync.remote import LinkDown, Page, Row, ScopeDigest
from tests.memory_store import MemoryStore

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@dataclass
class Subject:
    """A store, and what the two kinds of store do in their own ways."""

    store: Any
    state: Callable[[str], ChangeState]
    add_photo: Callable[[bytes], str]
    photo_state: Callable[[str], PhotoState]
    hold: Callable[[str], None]  # make a record one with unsent work


def _in_memory(_folder: Path) -> Subject:
    store = MemoryStore()
    return Subject(
        store,
        store.outbox.state,
        store.photos.add,
        store.photos.state,
        store.replica.held.add,
    )


def _on_disk(folder: Path) -> Subject:
    return _subject(PersonStore(folder))


def _sealed_on_disk(folder: Path) -> Subject:
    return _subject(PersonStore(folder, seal=Seal(bytes(32))))


def _subject(store: PersonStore) -> Subject:

    def state(change_id: str) -> ChangeState:
        entry = store.outbox.entry(change_id)
        assert entry is not None
        return entry.state

    def photo_state(sha256: str) -> PhotoState:
        held = store.photos.get(sha256)
        assert held is not None
        return held.state

    def hold(record_id: str) -> None:
        store.outbox.append(change(f"holding-{record_id}", record_id), NOW)

    return Subject(store, state, lambda data: _photo_on_disk(store, data), photo_state, hold)


def _photo_on_disk(store: PersonStore, data: bytes) -> str:
    """Keep a photo that an acknowledged change names."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = store.photos.folder / sha256
    path.write_bytes(data)
    store.photos.add(
        HeldPhoto(
            sha256=sha256,
            original=path,
            thumb=path,
            screen=None,
            marked=None,
            bytes=len(data),
            media_type="image/jpeg",
            state=PhotoState.LOCAL,
            stand_in=False,
            sent=0,
            error=None,
            created_at=NOW,
        )
    )
    ref = PhotoRef(sha256, len(data), "image/jpeg", PhotoRole.BEFORE)
    name = f"names-{sha256[:8]}"
    store.outbox.append(
        Change(name, 0, "case.report", name, NOW.isoformat(), {}, photos=(ref,)), NOW
    )
    store.outbox.settle([settled(name)], NOW)
    return sha256


@pytest.fixture(params=[_in_memory, _on_disk, _sealed_on_disk], ids=["memory", "disk", "sealed"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    made: Subject = request.param(tmp_path / "person")
    yield made
    if isinstance(made.store, PersonStore):
        made.store.close()


def change(name: str, record_id: str = "") -> Change:
    return Change(name, 0, "case.report", record_id or f"record-{name}", NOW.isoformat(), {"a": 1})


def settled(name: str, outcome: Outcome = Outcome.APPLIED) -> Settlement:
    refused = outcome is Outcome.REJECTED
    state = ChangeState.ATTENTION if refused else ChangeState.ACKNOWLEDGED
    return Settlement(name, state, outcome, version=1, error={"code": "x"} if refused else None)


def page(*rows: Row, cursor: str = "c", scopes: tuple[str, ...] = ("catalog",)) -> Page:
    return Page(rows, cursor, False, scopes, (), {})


def row(row_id: str, seq: int = 1, *, version: int = 1, scope: str = "catalog") -> Row:
    return Row(scope, seq, "category", row_id, version, data={"id": row_id})


# --- outbox


def test_changes_are_numbered_without_gaps(subject: Subject) -> None:
    numbers = [subject.store.outbox.append(change(name), NOW).n for name in "abc"]
    assert numbers == [1, 2, 3]


def test_changes_wait_in_their_order(subject: Subject) -> None:
    for name in "abc":
        subject.store.outbox.append(change(name), NOW)
    assert [one.id for one in subject.store.outbox.waiting(0, 10)] == ["a", "b", "c"]
    assert [one.id for one in subject.store.outbox.waiting(1, 1)] == ["b"]


def test_a_change_comes_back_as_it_was(subject: Subject) -> None:
    kept = subject.store.outbox.append(change("a"), NOW)
    assert subject.store.outbox.waiting(0, 10) == [kept]


def test_what_is_being_sent_still_counts_as_unsent(subject: Subject) -> None:
    subject.store.outbox.append(change("a"), NOW)
    subject.store.outbox.mark_sending(["a"])
    assert subject.state("a") is ChangeState.SENDING
    assert len(subject.store.outbox.waiting(0, 10)) == 1
    status = subject.store.outbox.unsent_status()
    assert (status.unsent_records, status.oldest_unsent_at) == (1, NOW)


def test_after_a_restart_nothing_is_being_sent(subject: Subject) -> None:
    subject.store.outbox.append(change("a"), NOW)
    subject.store.outbox.mark_sending(["a"])
    subject.store.outbox.recover()
    assert subject.state("a") is ChangeState.WAITING


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.APPLIED, ChangeState.ACKNOWLEDGED),
        (Outcome.HELD, ChangeState.ACKNOWLEDGED),
        (Outcome.REJECTED, ChangeState.ATTENTION),
    ],
)
def test_a_settled_change_waits_no_more(
    subject: Subject, outcome: Outcome, state: ChangeState
) -> None:
    subject.store.outbox.append(change("a"), NOW)
    subject.store.outbox.settle([settled("a", outcome), settled("unknown")], NOW)
    assert subject.state("a") is state
    assert subject.store.outbox.waiting(0, 10) == []
    assert subject.store.outbox.unsent_status().unsent_records == 0


def test_acknowledged_changes_can_be_sent_again(subject: Subject) -> None:
    for name, at in (("old", NOW), ("new", LATER)):
        subject.store.outbox.append(change(name), at)
        subject.store.outbox.settle([settled(name)], at)
    assert subject.store.outbox.send_again(NOW + timedelta(minutes=1)) == 1
    assert [one.id for one in subject.store.outbox.waiting(0, 10)] == ["new"]


# --- photos


def test_a_photo_is_read_in_pieces(subject: Subject) -> None:
    sha256 = subject.add_photo(b"0123456789")
    assert subject.store.photos.read(sha256, 4, 3) == b"456"
    assert subject.store.photos.read(sha256, 8, 9) == b"89"
    assert subject.store.photos.is_intact(sha256)


def test_an_upload_remembers_where_it_was(subject: Subject) -> None:
    sha256 = subject.add_photo(b"0123456789")
    subject.store.photos.mark_upload(sha256, "/uploads/1", 4)
    (queued,) = subject.store.photos.unverified(10)
    assert (queued.url, queued.offset, queued.state) == ("/uploads/1", 4, PhotoState.UPLOADING)


def test_a_held_photo_is_asked_for_until_it_is_verified(subject: Subject) -> None:
    sha256 = subject.add_photo(b"0123456789")
    subject.store.photos.mark_held(sha256)
    assert len(subject.store.photos.unverified(10)) == 1
    subject.store.photos.mark_verified([sha256], NOW)
    assert subject.store.photos.unverified(10) == []
    assert subject.photo_state(sha256) is PhotoState.VERIFIED


def test_a_refused_photo_is_not_sent_again(subject: Subject) -> None:
    sha256 = subject.add_photo(b"0123456789")
    subject.store.photos.mark_refused(sha256, "photo_wrong_type")
    assert subject.store.photos.unverified(10) == []


def test_a_restart_of_an_upload_is_counted(subject: Subject) -> None:
    sha256 = subject.add_photo(b"0123456789")
    subject.store.photos.mark_upload(sha256, "/uploads/1", 4)
    subject.store.photos.begin_again(sha256, count=True)
    (queued,) = subject.store.photos.unverified(10)
    assert (queued.url, queued.offset, queued.restarts) == (None, 0, 1)


def test_held_originals_can_be_asked_for_again(subject: Subject) -> None:
    sha256 = subject.add_photo(b"0123456789")
    subject.store.photos.mark_verified([sha256], NOW)
    subject.store.photos.ask_again()
    assert [queued.sha256 for queued in subject.store.photos.unverified(10)] == [sha256]


# --- replica


def test_a_page_and_its_cursor_stand_together(subject: Subject) -> None:
    replica = subject.store.replica
    replica.apply_page(page(row("a"), row("b", 2), cursor="c2"))
    assert list(replica.cursors()) == ["c2"]
    assert list(replica.scopes()) == ["catalog"]
    assert replica.digest("catalog").count == 2


def test_a_digest_is_that_of_the_live_rows(subject: Subject) -> None:
    replica = subject.store.replica
    replica.apply_page(page(row("a", version=3), row("b", 2)))
    gone = Row("catalog", 3, "category", "b", 2, deleted=True)
    replica.apply_page(page(gone))
    expected = ScopeDigest(1, scope_digest([("category", "a", 3)]))
    assert replica.digest("catalog") == expected


def test_an_older_row_does_not_replace_a_newer_one(subject: Subject) -> None:
    replica = subject.store.replica
    replica.apply_page(page(row("a", 9, version=4)))
    replica.apply_page(page(row("a", 5, version=2)))
    assert replica.digest("catalog") == ScopeDigest(1, scope_digest([("category", "a", 4)]))


def test_a_row_of_two_scopes_leaves_only_one(subject: Subject) -> None:
    replica = subject.store.replica
    both = (row("a", scope="area:1"), row("a", 2, scope="unit:1"))
    replica.apply_page(page(*both, scopes=("area:1", "unit:1")))
    left = Row("area:1", 3, "category", "a", 2, deleted=True)
    replica.apply_page(page(left, scopes=("area:1", "unit:1")))
    assert (replica.digest("area:1").count, replica.digest("unit:1").count) == (0, 1)


def test_a_snapshot_takes_the_place_of_its_scope(subject: Subject) -> None:
    replica = subject.store.replica
    replica.apply_page(page(row("a"), row("x", scope="area:1"), scopes=("catalog", "area:1")))
    replica.load_scope("catalog", iter([row("b", 7), row("c", 8)]), 2)
    assert replica.digest("catalog") == ScopeDigest(
        2, scope_digest([("category", "b", 1), ("category", "c", 1)])
    )
    assert replica.digest("area:1").count == 1


def test_half_a_snapshot_changes_nothing(subject: Subject) -> None:
    replica = subject.store.replica
    replica.apply_page(page(row("a")))
    with pytest.raises(LinkDown):
        replica.load_scope("catalog", iter([row("b", 7)]), 2)
    assert replica.digest("catalog") == ScopeDigest(1, scope_digest([("category", "a", 1)]))


def test_a_dropped_scope_keeps_what_has_unsent_work(subject: Subject) -> None:
    replica = subject.store.replica
    replica.apply_page(page(row("mine"), row("other", 2)))
    subject.hold("mine")
    assert not replica.drop_scope("catalog")
    assert replica.digest("catalog").count == 1
    assert list(replica.scopes()) == ["catalog"]


def test_a_dropped_scope_without_unsent_work_is_gone(subject: Subject) -> None:
    replica = subject.store.replica
    replica.apply_page(page(row("a")))
    assert replica.drop_scope("catalog")
    assert list(replica.scopes()) == []


def test_the_epoch_is_kept(subject: Subject) -> None:
    assert subject.store.replica.epoch() is None
    subject.store.replica.set_epoch("epoch-1")
    assert subject.store.replica.epoch() == "epoch-1"


def test_cursors_of_several_snapshots_are_kept(subject: Subject) -> None:
    subject.store.replica.set_cursors(["a", "b"])
    assert list(subject.store.replica.cursors()) == ["a", "b"]
