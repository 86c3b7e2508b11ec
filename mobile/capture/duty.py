"""On duty: from signing in on the beat to signing off with a handover note.

The shift is a draft of kind `patrol.record`, so a kill loses nothing of it. The track is taken
only while on duty (个人信息保护法 Art 28: movements are sensitive), and ends with the shift.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from mobile.capture import drafts
from mobile.capture.finalise import finalise
from mobile.device.clock import ClockReading
from mobile.store.person_store import PersonStore
from mobile.store.places import metres_between
from sync.bodies import Kind
from sync.messages import Change, Location

ON_BEAT_METRES = 800
STANDING_METRES = 8
MOST_POINTS = 5000


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


def shift_now(store: PersonStore) -> Shift | None:
    """Return the running shift, or None when off duty."""
    found = drafts.open_drafts(store, Kind.PATROL_RECORD)
    return _shift(found[0]) if found else None


def go_on_duty(store: PersonStore, name: str, now: datetime, location: Location | None) -> Shift:
    """Start a shift (or return the one that runs), signed in where the person stands."""
    running = shift_now(store)
    if running is not None:
        return running
    beat = beat_of(store)
    on_beat = None
    if beat is not None and location is not None:
        on_beat = metres_between(location.lat, location.lon, beat.lat, beat.lon) <= ON_BEAT_METRES
    entry = _entry(now, "sign_in", beat.name if beat else "", on_beat=on_beat)
    body: dict[str, Any] = {
        "started_at": now.isoformat(timespec="seconds"),
        "shift": name,
        "log": [entry],
        "track": [_point(now, location)] if location else [],
    }
    if beat is not None:
        body["beat"] = beat.id
    return _shift(drafts.new_draft(store, Kind.PATROL_RECORD, now, body=body))


def add_to_log(store: PersonStore, text: str, now: datetime, what: str = "note") -> Shift | None:
    """Write a line into the patrol log; nothing happens off duty."""
    return _change(store, lambda body: {"log": [*body.get("log", ()), _entry(now, what, text)]})


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
