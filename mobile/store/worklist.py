"""Today's list: what the person has to do, after what they have already done offline."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from mobile.store.catalog import category_names, condition_name
from mobile.store.names import Name
from mobile.store.overlay import WORK_MOVES, Overlay, overlay
from mobile.store.person_store import PersonStore
from mobile.store.photo_cache import showable
from mobile.store.times import from_text
from sync.messages import Json

LONGEST_LIST = 500
_FAR = datetime.max.replace(tzinfo=UTC)


class Group(StrEnum):
    """The kinds of work on Today's list."""

    VERIFY = "verify"  # 待核实
    CHECK = "check"  # 待核查
    HANDLE = "handle"  # 待处置
    REWORK = "rework"  # 返工


@dataclass(frozen=True)
class PhotoOfCase:
    """A photo of a case: `path` is an upright copy on this device that may be shown, or None."""

    sha256: str
    role: str
    verified: bool
    path: str | None = None
    thumb: str | None = None


@dataclass(frozen=True)
class WorkItem:
    """One line of Today's list. `moves` is what the person may do now (values of the wire)."""

    case_id: str
    number: str
    title: Name
    address: str
    description: str
    state: str
    group: Group
    due_at: datetime | None
    overdue: bool
    moves: tuple[str, ...]
    photo: PhotoOfCase | None
    rework: int = 0
    waiting: bool = False  # an own move on it has not reached the server


@dataclass(frozen=True)
class CaseCard:
    """Everything the phone knows of one case; times aware, quantity in `unit_of_measure`."""

    item: WorkItem
    category: str
    condition: str | None
    condition_name: Name
    grid: str | None
    area: str | None
    lat: float | None
    lon: float | None
    quantity: float | None
    unit_of_measure: str | None
    reported_at: datetime | None
    dispatched_at: datetime | None
    photos: tuple[PhotoOfCase, ...]
    version: int


def today(store: PersonStore, now: datetime, group: Group | None = None) -> Sequence[WorkItem]:
    """Return what is to be done, overdue first, then by deadline; at most 500 items."""
    own = overlay(store.outbox)
    names = category_names(store)
    found = []
    for case_id, data in _cases_to_do(store):
        item = _item(store, case_id, data, own, names, now)
        if item is not None and group in (None, item.group):
            found.append(item)
    found.sort(key=lambda item: (not item.overdue, item.due_at or _FAR, item.number))
    return found[:LONGEST_LIST]


def counts(store: PersonStore, now: datetime) -> Mapping[str, int]:
    """Return how many items each group has, `overdue` and `all` included."""
    own = overlay(store.outbox)
    numbers = dict.fromkeys([*Group, "overdue", "all"], 0)
    for case_id, data in _cases_to_do(store):
        moves = own.moves(case_id, data.get("moves", ()))
        group = _group(own.state(case_id, data["state"]), moves, data)
        if group is None:
            continue
        numbers[group] += 1
        numbers["all"] += 1
        due_at = _due(data, group)
        numbers["overdue"] += due_at is not None and due_at < now
    return {str(name): number for name, number in numbers.items()}


def case_card(store: PersonStore, case_id: str, now: datetime) -> CaseCard | None:
    """Return one case with its photos, or None when the phone does not hold it."""
    data = store.replica.one("case", case_id)
    if data is None:
        return None
    own = overlay(store.outbox)
    item = _item(store, case_id, data, own, category_names(store), now, always=True)
    assert item is not None
    location = data.get("location") or {}
    return CaseCard(
        item=item,
        category=data["category"],
        condition=data.get("condition"),
        condition_name=condition_name(store, data["category"], data.get("condition")),
        grid=data.get("grid"),
        area=data.get("area"),
        lat=location.get("lat"),
        lon=location.get("lon"),
        quantity=_number(data.get("quantity")),
        unit_of_measure=data.get("unit_of_measure"),
        reported_at=from_text(data.get("reported_at")),
        dispatched_at=from_text(data.get("dispatched_at")),
        photos=photos_of_case(store, data),
        version=int(data.get("version", 0)),
    )


def photos_of_case(store: PersonStore, data: Json) -> tuple[PhotoOfCase, ...]:
    """Return the photos that a case row names, with the copies this device can show."""
    found = []
    for photo in data.get("photos", ()):
        files = showable(store, photo["sha256"])
        verified = bool(photo.get("verified"))
        found.append(
            PhotoOfCase(photo["sha256"], photo["role"], verified, files.screen, files.thumb)
        )
    return tuple(found)


def _cases_to_do(store: PersonStore) -> Iterator[tuple[str, Json]]:
    """Yield (id, data) of cases with work for this person, once each, by deadline."""
    rows = store.reading().execute(
        """SELECT id, data, max(version) FROM replica WHERE actionable = 1 AND entity = 'case'
           GROUP BY id ORDER BY due_at IS NULL, due_at"""
    )
    for row in rows.fetchall():
        yield row["id"], json.loads(row["data"])


def _item(
    store: PersonStore,
    case_id: str,
    data: Json,
    own: Overlay,
    names: Mapping[str, Name],
    now: datetime,
    *,
    always: bool = False,
) -> WorkItem | None:
    """Return the line of a case, or None (unless `always`) when nothing is to be done on it."""
    moves = own.moves(case_id, data.get("moves", ()))
    state = own.state(case_id, data["state"])
    group = _group(state, moves, data)
    if group is None and not always:
        return None
    photos = photos_of_case(store, {"photos": data.get("photos", ())[:1]})
    due_at = _due(data, group)
    return WorkItem(
        case_id=case_id,
        number=data.get("number") or "",
        title=names.get(data["category"], Name(data["category"])),
        address=data.get("address") or "",
        description=data.get("description") or "",
        state=state,
        group=group or Group.CHECK,
        due_at=due_at,
        overdue=group is not None and due_at is not None and due_at < now,
        moves=moves,
        photo=photos[0] if photos else None,
        rework=int(data.get("rework") or 0),
        waiting=own.waits(case_id),
    )


def _group(state: str, moves: Sequence[str], data: Json) -> Group | None:
    """Return whose kind of work a case is. A check already made waits for the acceptor."""
    to_do = WORK_MOVES.intersection(moves)
    if "verify" in to_do:
        return Group.VERIFY
    if "check" in to_do:
        return None if data.get("checked_result") else Group.CHECK
    if to_do:
        return Group.REWORK if state == "rework" or data.get("rework") else Group.HANDLE
    return None


def _due(data: Json, group: Group | None) -> datetime | None:
    """Return the deadline that counts: the unit's for handling, else the present stage's."""
    unit_first = group in (Group.HANDLE, Group.REWORK)
    order = ("due_at", "stage_due_at") if unit_first else ("stage_due_at", "due_at")
    return from_text(data.get(order[0]) or data.get(order[1]))


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
