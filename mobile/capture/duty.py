"""On duty: from signing in on the beat to signing off with a handover note.

The shift is a draft of kind `patrol.record`, so a kill loses nothing of it. The track is taken
only while on duty (个人信息保护法 Art 28: movements are sensitive), and ends with the shift.

A first piece of the record goes out at its start: the server takes positions only of a person whom
it knows to be on duty. All times are the device's own; the server sets them right.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from mobile.capture import drafts
from mobile.capture.finalise import finalise, passing, piece
from mobile.device.clock import ClockReading
from mobile.store.catalog import category_names
from mobile.store.person_store import PersonStore
from mobile.store.places import metres_between, place_of
from mobile.store.times import as_text, from_text
from sync.bodies import Kind
from sync.messages import Change, Location
from sync.outbox import ChangeState

ON_BEAT_METRES = 800
STANDING_METRES = 8
MOST_POINTS = 5000
POSITION_EVERY = timedelta(minutes=5)
_POSITION_AT = "position_at"
_LOGGED: Mapping[str, str] = {
    Kind.CASE_REPORT: "上报",
    Kind.CASE_VERIFY: "核实",
    Kind.CASE_CHECK: "核查",
    Kind.CASE_HANDLE: "处置",
    Kind.WORK_RECORD: "工作量",
}


@dataclass(frozen=True)
class Beat:
    """巡查责任区: its middle in degrees, WGS-84."""

    id: str
    name: str
    lat: float
    lon: float
    grids: tuple[str, ...]


@dataclass(frozen=True)
class LogEntry:
    """A line of the patrol log. `what`: sign_in | note | handover | record."""

    at: datetime
    what: str
    text: str


@dataclass(frozen=True)
class Handover:
    """交接: what whoever walked the beat last leaves to the next shift."""

    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Shift:
    """The shift that is running. `on_beat` is None without a position or a beat."""

    draft_id: str
    name: str
    started_at: datetime
    beat: str | None
    on_beat: bool | None
    metres: float
    log: tuple[LogEntry, ...]


def beat_of(store: PersonStore) -> Beat | None:
    """Return the beat that the server has given to this person."""
    rows = store.reading().execute("SELECT id, data FROM replica WHERE entity = 'beat'").fetchall()
    for row in rows:
        data = json.loads(row["data"])
        if data.get("active", True):
            return Beat(
                row["id"], data["name"], data["lat"], data["lon"], tuple(data.get("grids", ()))
            )
    return None


def handover_for(store: PersonStore) -> Handover | None:
    """Return the newest handover note for this person's beat, once the server has sent one."""
    rows = store.reading().execute("SELECT data FROM replica WHERE entity = 'handover'").fetchall()
    notes = [json.loads(row["data"]) for row in rows]
    if not notes:
        return None
    newest = max(notes, key=lambda note: datetime.fromisoformat(note["at"]))
    return Handover(newest["text"], newest["by"], datetime.fromisoformat(newest["at"]))


def shift_now(store: PersonStore) -> Shift | None:
    """Return the running shift, or None when off duty."""
    found = drafts.open_drafts(store, Kind.PATROL_RECORD)
    return _shift(found[0]) if found else None


def go_on_duty(
    store: PersonStore, name: str, reading: ClockReading, location: Location | None
) -> Shift:
    """Start a shift (or return the one that runs), signed in where the person stands."""
    running = shift_now(store)
    if running is not None:
        return running
    beat, now = beat_of(store), reading.wall
    on_beat = _on_beat(store, beat, location, now)
    entry = _entry(now, "sign_in", beat.name if beat else "", on_beat=on_beat)
    body: dict[str, Any] = {
        "started_at": now.isoformat(timespec="seconds"),
        "shift": name,
        "log": [entry],
        "track": [_point(now, location)] if location else [],
    }
    if beat is not None:
        body["beat"] = beat.id
    with store.writing():
        begun = drafts.new_draft(store, Kind.PATROL_RECORD, now, body=body)
        store.outbox.append(piece(begun, reading), now)
    return _shift(begun)


def add_to_log(store: PersonStore, text: str, now: datetime, what: str = "note") -> Shift | None:
    """Write a line into the patrol log; nothing happens off duty."""
    return _change(store, lambda body: {"log": [*body.get("log", ()), _entry(now, what, text)]})


def log_record(store: PersonStore, change: Change, now: datetime) -> Shift | None:
    """Write a record that was just saved into the patrol log by itself."""
    said = _LOGGED.get(change.kind)
    if said is None:
        return None
    case = store.replica.one("case", change.record_id) or {}
    subject = {**case, **change.body}
    name = category_names(store).get(subject.get("category", ""))
    title = name.zh if name else str(subject.get("work_type", ""))
    parts = (f"{said}{title}", subject.get("address"))
    return add_to_log(store, " · ".join(part for part in parts if part), now, "record")


def pass_by(store: PersonStore, location: Location | None, reading: ClockReading) -> Shift | None:
    """Take down where the person is: the track, and now and then the server's last position."""
    if location is None:
        return shift_now(store)
    shift = add_position(store, location, reading.wall)
    if shift is not None:
        _report_position(store, location, reading)
    return shift


def add_position(store: PersonStore, location: Location, now: datetime) -> Shift | None:
    """Lengthen the track, unless the person stands still; nothing happens off duty."""

    def longer(body: Mapping[str, Any]) -> dict[str, Any]:
        track = list(body.get("track", ()))
        if track:
            _, lat, lon, *_ = track[-1]
            if metres_between(lat, lon, location.lat, location.lon) < STANDING_METRES:
                return {}
        return {"track": [*track, _point(now, location)][-MOST_POINTS:]}

    return _change(store, longer)


def go_off_duty(store: PersonStore, handover: str, reading: ClockReading) -> Change | None:
    """End the shift: the patrol record with its handover note goes into the outbox."""
    found = drafts.open_drafts(store, Kind.PATROL_RECORD)
    if not found:
        return None
    draft = found[0]
    log = list(draft.body.get("log", ()))
    if handover:
        log.append(_entry(reading.wall, "handover", handover))
    ended = draft.with_fields(log=log, ended_at=reading.wall.isoformat(timespec="seconds"))
    return finalise(store, ended, reading)


def _report_position(store: PersonStore, location: Location, reading: ClockReading) -> None:
    """Put a position into the outbox, unless the last one is new or has not gone out yet.

    Without a network one waits and no more: the server wants the last position, not a second track.
    """
    last = from_text(store.note(_POSITION_AT) or None)
    if last is not None and timedelta() <= reading.wall - last < POSITION_EVERY:
        return
    unsent = (Kind.POSITION_REPORT, ChangeState.WAITING, ChangeState.SENDING)
    if store.outbox.entries("kind = ? AND state IN (?, ?)", unsent):
        return
    with store.writing():
        body = {"location": location.as_json()}
        store.outbox.append(passing(Kind.POSITION_REPORT, body, reading), reading.wall)
        store.set_note(_POSITION_AT, as_text(reading.wall))


def _on_beat(
    store: PersonStore, beat: Beat | None, location: Location | None, now: datetime
) -> bool | None:
    """Say whether a point lies on the beat, by its grids; by distance while they are not here."""
    if beat is None or location is None:
        return None
    grid = place_of(store, location.lat, location.lon, now).grid_code
    if grid is not None:
        return grid in beat.grids
    return metres_between(location.lat, location.lon, beat.lat, beat.lon) <= ON_BEAT_METRES


def _change(
    store: PersonStore, change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> Shift | None:
    found = drafts.open_drafts(store, Kind.PATROL_RECORD)
    if not found:
        return None
    fields = change(found[0].body)
    if not fields:
        return _shift(found[0])
    changed = found[0].with_fields(**fields)
    drafts.save_draft(store, changed)
    return _shift(changed)


def _shift(draft: drafts.Draft) -> Shift:
    body = draft.body
    log: Sequence[Mapping[str, Any]] = body.get("log", ())
    signed_in = next((entry for entry in log if entry["what"] == "sign_in"), None)
    return Shift(
        draft_id=draft.id,
        name=body.get("shift") or "",
        started_at=datetime.fromisoformat(body["started_at"]),
        beat=(signed_in or {}).get("text") or None,
        on_beat=(signed_in or {}).get("on_beat"),
        metres=_length(body.get("track", ())),
        log=tuple(
            LogEntry(datetime.fromisoformat(entry["at"]), entry["what"], entry["text"])
            for entry in log
        ),
    )


def _length(track: Sequence[Sequence[float]]) -> float:
    return sum(metres_between(*a[1:3], *b[1:3]) for a, b in pairwise(track))


def _entry(at: datetime, what: str, text: str, **more: Any) -> dict[str, Any]:
    known = {name: value for name, value in more.items() if value is not None}
    return {"at": at.isoformat(timespec="seconds"), "what": what, "text": text, **known}


def _point(at: datetime, location: Location) -> list[float]:
    return [round(at.timestamp()), location.lat, location.lon, location.accuracy_m or 0.0]
