"""What one person's store does beyond a sync round: chains, threads, kills, old versions."""

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mobile.capture.drafts import open_drafts
from mobile.store.home import DeviceHome, KnownPerson
from mobile.store.person_store import PersonStore
from sync.errors import Refused, Unavailable
from sync.messages import Change, Outcome
from sync.outbox import ChangeState, Settlement
from tests.server_process import ROOT

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)
OFFICER = KnownPerson("p1", "officer1", "队员一", ("officer",), ("360802001",))


@pytest.fixture
def store(tmp_path: Path) -> PersonStore:
    return PersonStore(tmp_path / "person")


def add(store: PersonStore, name: str, record_id: str = "r", replaces: str | None = None) -> Change:
    change = Change(name, 0, "case.handle", record_id, NOW.isoformat(), {}, replaces=replaces)
    return store.outbox.append(change, NOW)


def settle(store: PersonStore, name: str, outcome: Outcome) -> None:
    refused = outcome is Outcome.REJECTED
    state = ChangeState.ATTENTION if refused else ChangeState.ACKNOWLEDGED
    store.outbox.settle([Settlement(name, state, outcome)], NOW)


def test_changes_on_one_record_are_chained(store: PersonStore) -> None:
    assert [add(store, name).previous for name in "abc"] == [None, "a", "b"]
    assert add(store, "other", "another record").previous is None


def test_a_mending_change_takes_the_place_of_the_refused_one(store: PersonStore) -> None:
    for name in "abc":
        add(store, name)
    settle(store, "a", Outcome.APPLIED)
    settle(store, "b", Outcome.REJECTED)
    mending = add(store, "b2", replaces="b")
    assert (mending.previous, mending.n) == ("a", 4)
    entry = store.outbox.entry("b")
    assert entry is not None
    assert entry.state is ChangeState.MENDED


def test_what_follows_a_mended_record_follows_the_end_of_its_chain(store: PersonStore) -> None:
    for name in "abc":
        add(store, name)
    settle(store, "b", Outcome.REJECTED)
    add(store, "b2", replaces="b")
    assert add(store, "d").previous == "c"


def test_a_withdrawn_change_is_no_link_of_the_chain(store: PersonStore) -> None:
    add(store, "a")
    add(store, "b")
    settle(store, "b", Outcome.REJECTED)
    store.outbox.withdraw("b")
    assert add(store, "c").previous == "a"


@pytest.mark.parametrize("outcome", [None, Outcome.APPLIED])
def test_only_a_refused_change_can_be_mended(store: PersonStore, outcome: Outcome | None) -> None:
    add(store, "a")
    if outcome:
        settle(store, "a", outcome)
    with pytest.raises(Refused, match="not_rejected"):
        add(store, "a2", replaces="a")
    assert store.outbox.entry("a2") is None


def test_a_number_that_was_not_used_is_given_again(store: PersonStore) -> None:
    with pytest.raises(Refused):
        add(store, "a", replaces="unknown")
    assert add(store, "b").n == 1


def test_numbers_go_on_after_what_the_server_has_seen(store: PersonStore) -> None:
    store.outbox.raise_n(41)
    assert add(store, "a").n == 42
    store.outbox.raise_n(7)
    assert add(store, "b").n == 43


def test_acknowledged_changes_are_let_go_after_thirty_days(store: PersonStore) -> None:
    for name in "ab":
        add(store, name)
    settle(store, "a", Outcome.APPLIED)
    store.tidy(NOW + timedelta(days=29))
    assert store.outbox.entry("a") is not None
    store.tidy(NOW + timedelta(days=31))
    assert store.outbox.entry("a") is None
    assert store.outbox.entry("b") is not None
    assert add(store, "c").n == 3


def test_threads_save_at_once_and_no_number_is_lost(store: PersonStore) -> None:
    def save(thread: int) -> None:
        for number in range(25):
            add(store, f"{thread}-{number}", f"record-{thread}")

    threads = [threading.Thread(target=save, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.n for one in store.outbox.waiting(0, 1000)] == list(range(1, 101))


def test_a_failed_transaction_leaves_nothing(store: PersonStore) -> None:
    with pytest.raises(ZeroDivisionError), store.writing():
        add(store, "a")
        _ = 1 / 0
    assert store.outbox.entry("a") is None


def test_a_commit_is_synced_to_the_disk(store: PersonStore) -> None:
    assert store.reading().execute("PRAGMA synchronous").fetchone()[0] == 2
    assert store.reading().execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_store_of_a_newer_app_is_not_touched(tmp_path: Path) -> None:
    PersonStore(tmp_path).close()
    with sqlite3.connect(tmp_path / "person.sqlite") as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(Unavailable):
        PersonStore(tmp_path)


_SAVE_FOREVER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mobile.capture.drafts import new_draft, save_draft
from mobile.store.person_store import PersonStore

store = PersonStore(Path(sys.argv[1]))
draft = new_draft(store, "case.report", datetime(2026, 11, 20, tzinfo=UTC))
for number in range(100_000):
    save_draft(store, draft.with_fields(description=str(number)))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_a_draft_survives_a_kill_in_the_middle_of_saving(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _SAVE_FOREVER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(50)]
    child.kill()
    said += child.stdout.readlines()
    child.wait()
    last = int([line for line in said if line.endswith(b"\n")][-1])
    (draft,) = open_drafts(PersonStore(tmp_path))
    assert int(draft.body["description"]) >= last


# --- the device


@pytest.fixture
def home(tmp_path: Path) -> DeviceHome:
    return DeviceHome(tmp_path / "device")


def test_a_device_has_one_id_for_ever(home: DeviceHome) -> None:
    assert home.device_id == home.device_id == DeviceHome(home.folder).device_id


def test_a_known_person_opens_the_app_without_a_network(home: DeviceHome) -> None:
    home.remember_person(OFFICER, "xuncheng-demo", NOW)
    assert home.check_offline("officer1", "xuncheng-demo", NOW) == OFFICER
    assert home.check_offline("officer1", "wrong", NOW) is None
    assert home.check_offline("nobody", "xuncheng-demo", NOW) is None


def test_a_pin_opens_the_app_too(home: DeviceHome) -> None:
    home.remember_person(OFFICER, "xuncheng-demo", NOW)
    home.set_pin("p1", "4711")
    assert home.check_offline("officer1", "4711", NOW) == OFFICER
    assert home.is_pin("officer1", "4711")
    with pytest.raises(Refused):
        home.set_pin("p1", "12")


def test_five_wrong_tries_lock_for_five_minutes(home: DeviceHome) -> None:
    home.remember_person(OFFICER, "xuncheng-demo", NOW)
    for _ in range(5):
        home.check_offline("officer1", "wrong", NOW)
    with pytest.raises(Refused, match="locked_out"):
        home.check_offline("officer1", "xuncheng-demo", NOW + timedelta(minutes=4))
    assert home.check_offline("officer1", "xuncheng-demo", NOW + timedelta(minutes=6)) == OFFICER


def test_the_passwords_themselves_are_not_on_the_device(home: DeviceHome) -> None:
    home.remember_person(OFFICER, "xuncheng-demo", NOW)
    home.set_pin("p1", "471147114711")
    held = b"".join(path.read_bytes() for path in home.folder.glob("device.sqlite*"))
    assert b"xuncheng-demo" not in held
    assert b"471147114711" not in held


def test_a_new_password_and_new_roles_take_the_place_of_the_old(home: DeviceHome) -> None:
    home.remember_person(OFFICER, "old-password", NOW)
    leader = replace(OFFICER, roles=("squad_leader",))
    home.remember_person(leader, "new-password", NOW)
    assert home.check_offline("officer1", "old-password", NOW) is None
    assert home.check_offline("officer1", "new-password", NOW) == leader
    assert list(home.people()) == [leader]
