"""What the screens are told: today with own unsent work over it, records, catalogue, places."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from mobile.capture.drafts import new_draft
from mobile.store import catalog, places, records, worklist
from mobile.store.person_store import PersonStore
from mobile.store.photo_shelf import HeldPhoto
from mobile.store.records import RecordStatus
from mobile.store.summary import sync_summary
from sync.messages import Change, Outcome, PhotoRef, PhotoRole
from sync.outbox import ChangeState, Settlement
from sync.photos import PhotoState
from sync.remote import Page, Row

NOW = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)
SOON = NOW + timedelta(hours=2)
AREA, UNIT = "area:360802001", "unit:u1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PersonStore]:
    made = PersonStore(tmp_path / "person")
    pull(made, [_category("E09006", "占道经营", "zdjy"), _category("E06010", "暴露垃圾", "bllj")])
    yield made
    made.close()


_seq = iter(range(1, 100_000))


def pull(store: PersonStore, rows: Sequence[Row]) -> None:
    """Let rows come as the last page of a pull that began after everything before it."""
    store.replica.apply_page(Page(rows, "cursor", False, ("catalog", AREA, UNIT), (), {}))
    store.outbox.mark_reflected(NOW + timedelta(minutes=1))


def _category(key: str, zh: str, initials: str) -> Row:
    data = {
        "key": key, "code": key[1:], "kind": "event", "zh": zh, "en": f"{initials} en",
        "major_zh": "", "major_en": "", "initials": initials, "unit_of_measure": "处",
        "quantity_required": False, "perishable": False, "enabled": True,
    }  # fmt: skip
    return Row("catalog", next(_seq), "category", key, 1, data=data)


def case(
    name: str, state: str, moves: Sequence[str], scope: str = AREA, version: int = 1, **more: Any
) -> Row:
    data = {
        "number": f"N-{name}", "category": "E09006", "state": state, "moves": list(moves),
        "address": f"{name}号", "photos": [], "due_at": SOON.isoformat(), "rework": 0,
    }  # fmt: skip
    return Row(scope, next(_seq), "case", name, version, data=data | more)


def record(store: PersonStore, case_id: str, kind: str, **body: Any) -> Change:
    name = f"{kind}-{case_id}-{next(_seq)}"
    return store.outbox.append(Change(name, 0, kind, case_id, NOW.isoformat(), body), NOW)


def settle(store: PersonStore, change: Change, outcome: Outcome = Outcome.APPLIED) -> None:
    refused = outcome is Outcome.REJECTED
    state = ChangeState.ATTENTION if refused else ChangeState.ACKNOWLEDGED
    error = {"code": "outside_territory", "message": "坐标", "fields": {"location": ["x"]}}
    settlement = Settlement(change.id, state, outcome, error=error if refused else None)
    store.outbox.settle([settlement], NOW)


def groups(store: PersonStore) -> dict[str, str]:
    return {item.case_id: item.group.value for item in worklist.today(store, NOW)}


# --- today


def test_a_case_is_listed_by_what_is_to_be_done_with_it(store: PersonStore) -> None:
    pull(
        store,
        [
            case("a", "pre_verify", ("verify", "note")),
            case("b", "post_check", ("check", "note")),
            case("c", "dispatched", ("accept", "return", "done"), UNIT),
            case("d", "rework", ("accept", "done"), UNIT, rework=1),
            case("e", "dispatched", ("note",)),
            case("f", "closed", ("note", "appeal")),
        ],
    )
    assert groups(store) == {"a": "verify", "b": "check", "c": "handle", "d": "rework"}


def test_overdue_work_comes_first_then_the_nearest_deadline(store: PersonStore) -> None:
    pull(
        store,
        [
            case("later", "post_check", ("check",), due_at=(NOW + timedelta(days=2)).isoformat()),
            case("never", "post_check", ("check",), due_at=None),
            case("late", "post_check", ("check",), due_at=(NOW - timedelta(hours=1)).isoformat()),
            case("soon", "post_check", ("check",)),
        ],
    )
    items = worklist.today(store, NOW)
    assert [item.case_id for item in items] == ["late", "soon", "later", "never"]
    assert [item.overdue for item in items] == [True, False, False, False]
    numbers = worklist.counts(store, NOW)
    assert (numbers["all"], numbers["check"], numbers["overdue"]) == (4, 4, 1)


def test_a_case_in_two_scopes_is_listed_once_as_it_is_now(store: PersonStore) -> None:
    pull(
        store,
        [
            case("a", "dispatched", ("accept",), AREA, version=2),
            case("a", "rework", ("accept", "done"), UNIT, version=3, rework=1),
        ],
    )
    (item,) = worklist.today(store, NOW)
    assert item.group == "rework"
    assert worklist.counts(store, NOW)["all"] == 1


@pytest.mark.parametrize(
    ("kind", "body", "moves"),
    [
        ("case.verify", {"exists": True}, ("verify",)),
        ("case.check", {"result": "pass"}, ("check",)),
        ("case.handle", {"step": "done"}, ("accept", "done", "return")),
        ("case.handle", {"step": "return", "reason": "x"}, ("accept", "done", "return")),
    ],
)
def test_work_done_offline_leaves_the_list_at_once_and_stays_off_it(
    store: PersonStore, kind: str, body: dict[str, Any], moves: tuple[str, ...]
) -> None:
    pull(store, [case("a", "post_check", moves)])
    change = record(store, "a", kind, **body)
    assert groups(store) == {}
    store.outbox.mark_sending([change.id])
    assert groups(store) == {}
    settle(store, change)
    assert groups(store) == {}, "acknowledged, and the row of the case has not come yet"
    pull(store, [case("a", "rework", ("check",), version=2)])
    assert groups(store) == {"a": "check"}


def test_a_pull_that_began_before_the_answer_brings_nothing_back(store: PersonStore) -> None:
    pull(store, [case("a", "post_check", ("check",))])
    change = record(store, "a", "case.check", result="pass")
    settle(store, change)
    store.outbox.mark_reflected(NOW - timedelta(minutes=1))
    assert groups(store) == {}


def test_work_that_was_refused_is_to_be_done_again(store: PersonStore) -> None:
    pull(store, [case("a", "post_check", ("check",))])
    settle(store, record(store, "a", "case.check", result="pass"), Outcome.REJECTED)
    assert groups(store) == {"a": "check"}


def test_a_crew_goes_on_offline_after_accepting(store: PersonStore) -> None:
    pull(store, [case("a", "dispatched", ("accept", "return", "done", "ask_extension"), UNIT)])
    record(store, "a", "case.handle", step="accept")
    record(store, "a", "case.handle", step="ask_extension", reason="x")
    (item,) = worklist.today(store, NOW)
    assert (item.state, item.moves, item.waiting) == ("handling", ("return", "done"), True)


def test_a_held_change_keeps_its_case_off_the_list_until_it_is_decided(
    store: PersonStore,
) -> None:
    pull(store, [case("a", "post_check", ("check",))])
    change = record(store, "a", "case.check", result="pass")
    settle(store, change, Outcome.HELD)
    pull(store, [])
    assert groups(store) == {}
    said = {"outcome": "rejected", "error": {"code": "move_not_allowed"}}
    pull(store, [Row("person:p", next(_seq), "my_change", change.id, 2, data=said)])
    assert groups(store) == {"a": "check"}
    (item,) = records.problems(store)
    assert item.error is not None
    assert item.error.code == "move_not_allowed"


def test_a_case_checked_by_somebody_waits_for_the_acceptor(store: PersonStore) -> None:
    pull(store, [case("a", "post_check", ("check",), checked_result="fail")])
    assert groups(store) == {}
    card = worklist.case_card(store, "a", NOW)
    assert card is not None
    assert card.item.number == "N-a"


# --- records


def photo(store: PersonStore, change_id: str, state: PhotoState) -> PhotoRef:
    sha256 = f"{next(_seq):064x}"
    path = store.photos.folder / sha256
    path.write_bytes(b"x")
    store.photos.add(
        HeldPhoto(sha256, path, path, None, None, 1, "image/jpeg", state, False, 0, None, NOW)
    )
    del change_id
    return PhotoRef(sha256, 1, "image/jpeg", PhotoRole.BEFORE)


def report(store: PersonStore, photo_state: PhotoState, at: datetime = NOW) -> Change:
    ref = photo(store, "", photo_state)
    name = f"report-{next(_seq)}"
    body = {"category": "E09006", "address": "步行街 3 号"}
    change = Change(name, 0, "case.report", f"case-{name}", at.isoformat(), body, photos=(ref,))
    return store.outbox.append(change, at)


def status(store: PersonStore, change: Change) -> RecordStatus:
    item = records.record(store, change.id)
    assert item is not None
    return item.status


def test_a_record_says_how_far_it_has_got(store: PersonStore) -> None:
    change = report(store, PhotoState.LOCAL)
    sha256 = change.photos[0].sha256
    assert status(store, change) is RecordStatus.WAITING
    store.outbox.mark_sending([change.id])
    assert status(store, change) is RecordStatus.SENDING
    settle(store, change)
    assert status(store, change) is RecordStatus.PHOTOS_PENDING
    store.photos.mark_verified([sha256], NOW)
    assert status(store, change) is RecordStatus.SENT
    pull(store, [case(change.record_id, "closed", ())])
    assert status(store, change) is RecordStatus.REVIEWED


def test_a_refused_photo_needs_attention(store: PersonStore) -> None:
    change = report(store, PhotoState.LOCAL)
    settle(store, change)
    store.photos.mark_refused(change.photos[0].sha256, "photo_truncated")
    (item,) = sync_summary(store).problems
    assert (item.status, item.id) == (RecordStatus.ATTENTION, change.id)
    assert item.error is not None
    assert item.error.code == "photo_truncated"


def test_a_refused_record_says_why(store: PersonStore) -> None:
    change = report(store, PhotoState.LOCAL)
    settle(store, change, Outcome.REJECTED)
    (item,) = sync_summary(store).problems
    assert item.error is not None
    assert (item.error.code, item.error.fields) == ("outside_territory", {"location": ("x",)})


def test_records_are_paged_newest_first_with_drafts_among_them(store: PersonStore) -> None:

    changes = [
        report(store, PhotoState.LOCAL, NOW + timedelta(minutes=minute)) for minute in range(5)
    ]
    draft = new_draft(store, "case.report", NOW + timedelta(minutes=2, seconds=30))
    found = records.records(store, limit=4)
    newest = [changes[4].id, changes[3].id, draft.id, changes[2].id]
    assert [item.id for item in found] == newest
    assert found[2].status is RecordStatus.DRAFT
    rest = records.records(store, limit=4, before=found[-1].at)
    assert [item.id for item in rest] == [changes[1].id, changes[0].id]


def test_records_are_found_by_title_and_place(store: PersonStore) -> None:
    change = report(store, PhotoState.LOCAL)
    assert [item.id for item in records.records(store, query="占道")] == [change.id]
    assert [item.id for item in records.records(store, query="步行街")] == [change.id]
    assert records.records(store, query="no such place") == []


def test_the_summary_counts_what_waits(store: PersonStore) -> None:
    for _ in range(2):
        report(store, PhotoState.LOCAL)
    summary = sync_summary(store)
    assert (summary.unsent_records, summary.unsent_photos, summary.unsent_photo_bytes) == (2, 2, 2)
    assert summary.oldest_unsent_at == NOW
    assert not summary.all_sent


# --- catalogue


@pytest.mark.parametrize("text", ["占道", "zdjy", "ZDJY", "09006", "E09006", " 占 道 ", "zdjy en"])
def test_a_category_is_found_by_name_initials_and_code(store: PersonStore, text: str) -> None:
    assert [one.key for one in catalog.search_categories(store, text)] == ["E09006"]


def test_what_nobody_calls_anything_is_not_found(store: PersonStore) -> None:
    assert catalog.search_categories(store, "qqq") == []


def test_recent_and_frequent_categories_come_first(store: PersonStore) -> None:
    assert [one.key for one in catalog.search_categories(store, "")] == ["E06010", "E09006"]
    assert catalog.recent_categories(store) == []
    report(store, PhotoState.LOCAL)
    assert [one.key for one in catalog.search_categories(store, "")] == ["E09006", "E06010"]
    assert [one.key for one in catalog.recent_categories(store)] == ["E09006"]


def test_a_category_no_longer_in_use_is_not_offered_but_named(store: PersonStore) -> None:
    old = _category("E01001", "旧类别", "jlb")
    pull(store, [replace(old, data={**(old.data or {}), "enabled": False})])
    assert catalog.search_categories(store, "旧") == []
    assert catalog.category_names(store)["E01001"].zh == "旧类别"


# --- places

SQUARE = [[114.0, 27.0], [114.1, 27.0], [114.1, 27.1], [114.0, 27.1], [114.0, 27.0]]
HOLE = [[114.04, 27.04], [114.06, 27.04], [114.06, 27.06], [114.04, 27.06], [114.04, 27.04]]
CHINA = timezone(timedelta(hours=8))


@pytest.fixture
def mapped(store: PersonStore) -> PersonStore:
    grid = {"name": "1号网格", "community": "360802001001", "street": "360802001"}
    polygon = {"type": "Polygon", "coordinates": [SQUARE, HOLE]}
    zone = {"name": "步行街", "level": "forbidden", "polygon": polygon}
    vending = {
        "name": "早市", "polygon": polygon, "hours": [["06:00", "09:00"]], "categories": ["E09006"],
    }  # fmt: skip
    pull(
        store,
        [
            Row(AREA, next(_seq), "grid", "360802001001001", 1, data={**grid, "polygon": polygon}),
            Row(AREA, next(_seq), "control_zone", "z", 1, data=zone),
            Row(AREA, next(_seq), "vending_point", "v", 1, data=vending),
            Row("catalog", next(_seq), "area", "360802001", 1, data={
                "name": "古南镇街道", "level": "street", "polygon": polygon,
            }),
        ],
    )  # fmt: skip
    return store


def at(hour: int) -> datetime:
    return datetime(2026, 11, 20, hour, 30, tzinfo=CHINA)


def test_a_point_finds_its_grid_street_and_zones(mapped: PersonStore) -> None:
    place = places.place_of(mapped, 27.02, 114.02, at(7))
    assert (place.grid_code, place.street_name) == ("360802001001001", "古南镇街道")
    assert [zone.level for zone in place.zones] == ["forbidden"]


@pytest.mark.parametrize(("lat", "lon"), [(27.05, 114.05), (27.2, 114.02), (27.02, 114.2)])
def test_a_point_in_a_hole_or_outside_lies_in_no_grid(
    mapped: PersonStore, lat: float, lon: float
) -> None:
    assert places.place_of(mapped, lat, lon, at(7)).grid_code is None


@pytest.mark.parametrize(
    ("hour", "category", "allowed"),
    [(7, "E09006", True), (9, "E09006", False), (5, "E09006", False), (7, "E06010", False)],
)
def test_an_allowed_vendor_raises_a_warning(
    mapped: PersonStore, hour: int, category: str, allowed: bool
) -> None:
    place = places.place_of(mapped, 27.02, 114.02, at(hour))
    assert (places.allowed_vending(place, category) is not None) is allowed


def test_shops_near_by_come_nearest_first(store: PersonStore) -> None:
    shop = {"name": "店", "address": "x", "lat": 27.0, "lon": 114.0}
    pull(
        store,
        [
            Row(AREA, next(_seq), "premises", "far", 1, data=shop | {"lat": 27.005}),
            Row(AREA, next(_seq), "premises", "near", 1, data=shop | {"lat": 27.0005}),
            Row(AREA, next(_seq), "premises", "too far", 1, data=shop | {"lat": 27.2}),
        ],
    )
    found = places.nearby_premises(store, 27.0, 114.0)
    assert [one.id for one in found] == ["near", "far"]
    assert found[0].metres == pytest.approx(55.7, abs=0.5)
