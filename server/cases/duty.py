"""On duty: patrol records, the last position, and work counted outside cases.

A track is personal (行踪轨迹, standards §11): it is kept for the time on duty and no other.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.accounts.models import Person
from server.areas.locating import locate
from server.areas.models import Beat
from server.cases import plausibility
from server.cases.models import LastPosition, Shift, WorkRecord
from server.cases.recording import Hand, hand_of
from server.cases.rules import corrected
from server.feed import publish
from sync.bodies import PatrolRecord, PositionReport, WorkRecordBody
from sync.errors import Refused
from sync.messages import PhotoRef
from sync.roles import FIELD_ROLES, Role

WALKERS = FIELD_ROLES | {Role.ASSESSOR}
LONGEST_SHIFT = timedelta(hours=16)  # a shift that was never ended ends by itself
TRACK_TOLERANCE = timedelta(minutes=5)

Point = tuple[float, float, float, float]


def record_patrol(
    session: Session, actor: Actor, record_id: str, body: PatrolRecord, now: datetime
) -> Shift:
    """Keep a piece of duty; sent again with the same record (at its end), it grows.

    Raises `not_allowed`, `implausible_time`, `invalid` (times that cannot be), `off_duty` (a track
    that leaves the time on duty), `conflict` (somebody else's record).
    """
    hand = _on_foot(session, actor, now)
    plausibility.check_time(hand)
    started_at = _instant(hand, "started_at", body.started_at)
    ended_at = _instant(hand, "ended_at", body.ended_at) if body.ended_at else None
    _check_times(started_at, ended_at, now)
    _check_track(hand, body.track, started_at, ended_at or now)
    beat = _beat(session, body.beat)
    on_beat = _on_beat(session, beat, body.track)
    shift = session.get(Shift, record_id) or Shift(id=record_id, person_id=actor.person_id)
    if shift.person_id != actor.person_id:
        raise Refused("conflict")
    shift.beat_id, shift.name = beat.id if beat else None, body.shift
    shift.started_at, shift.ended_at = started_at, ended_at
    shift.track = [list(point) for point in body.track]
    shift.log = list(body.log)
    shift.handover_note = _handover(body)
    shift.on_beat = on_beat
    session.add(shift)
    if beat is not None and ended_at is not None and shift.handover_note:
        _hand_over(session, beat, shift, now)
    return shift


def _hand_over(session: Session, beat: Beat, shift: Shift, now: datetime) -> None:
    """Show the note to everybody who walks that ground, this person's next shift included."""
    by = session.get_one(Person, shift.person_id).name
    data = {"beat": beat.id, "text": shift.handover_note, "by": by, "shift": shift.name}
    data["at"] = (shift.ended_at or now).isoformat(timespec="milliseconds")
    version = session.scalar(select(func.count()).where(Shift.ended_at.is_not(None))) or 1
    same_street = select(Beat).where(Beat.street_code == beat.street_code, Beat.active)
    for one in session.scalars(same_street.order_by(Beat.id)):
        if one.person_id is not None and set(one.grid_codes) & set(beat.grid_codes):
            publish(session, f"person:{one.person_id}", "handover", one.id, version, data, now)


def report_position(
    session: Session, actor: Actor, body: PositionReport, now: datetime
) -> LastPosition:
    """Remember where a person on duty is: one row each, no track. Raises `off_duty`."""
    hand = _on_foot(session, actor, now)
    plausibility.check_time(hand)
    plausibility.check_place(session, body.location)
    if not on_duty(session, actor.person_id, now):
        raise Refused("off_duty")
    seen_at = hand.observed_at or now
    row = session.get(LastPosition, actor.person_id)
    if row is None:
        row = LastPosition(person_id=actor.person_id, at=seen_at, lat=0, lon=0)
        session.add(row)
    if seen_at >= row.at:  # what was seen earlier and arrives later changes nothing
        row.lat, row.lon, row.at = body.location.lat, body.location.lon, seen_at
        row.accuracy_m = body.location.accuracy_m
    return row


def record_work(
    session: Session,
    actor: Actor,
    record_id: str,
    body: WorkRecordBody,
    photos: tuple[PhotoRef, ...],
    now: datetime,
) -> WorkRecord:
    """Count work done outside cases (工作量). Raises `not_allowed`, `out_of_range`, `conflict`."""
    hand = _on_foot(session, actor, now)
    plausibility.check_time(hand)
    plausibility.check_range("quantity", body.quantity)
    plausibility.check_place(session, body.location)
    if session.get(WorkRecord, record_id) is not None:
        raise Refused("conflict")
    spot = plausibility.find_spot(session, body.location, actor.areas)
    at = body.location
    work = WorkRecord(
        id=record_id,
        person_id=actor.person_id,
        area_code=spot.area_code or None,
        work_type=body.work_type,
        object=body.object,
        quantity=float(body.quantity),
        unit_of_measure=body.unit_of_measure,
        campaign_id=body.campaign_id,
        note=body.note,
        lat=at.lat if at else None,
        lon=at.lon if at else None,
        observed_at=actor.observed_at,
        at=now,
    )
    session.add(work)
    hand.name(record_id, None, photos)
    return work


def on_duty(session: Session, person_id: str, now: datetime) -> bool:
    """Say whether a person has a shift that is running."""
    running = select(Shift.id).where(
        Shift.person_id == person_id,
        Shift.ended_at.is_(None),
        Shift.started_at > now - LONGEST_SHIFT,
        Shift.started_at <= now + TRACK_TOLERANCE,
    )
    return session.scalar(running.limit(1)) is not None


def _on_foot(session: Session, actor: Actor, now: datetime) -> Hand:
    if not actor.roles & WALKERS:
        raise Refused("not_allowed")
    return hand_of(session, actor, now)


def _instant(hand: Hand, name: str, text: str) -> datetime:
    """Return the device's word by the server's clock."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused("invalid", fields={name: ["时间格式不正确"]})
    return (corrected(moment, hand.person.clock_skew_ms, hand.now) or moment).astimezone(UTC)


def _check_times(started_at: datetime, ended_at: datetime | None, now: datetime) -> None:
    if started_at > now + TRACK_TOLERANCE:
        raise Refused("implausible_time", fields={"started_at": ["记录时间不合理，请检查手机时间"]})
    if ended_at is not None and not timedelta() <= ended_at - started_at <= 2 * LONGEST_SHIFT:
        raise Refused("invalid", fields={"ended_at": ["结束时间不合理"]})


def _check_track(
    hand: Hand, track: tuple[Point, ...], started_at: datetime, ended_at: datetime
) -> None:
    skew = (hand.person.clock_skew_ms or 0) / 1000
    first = (started_at - TRACK_TOLERANCE).timestamp() + skew
    last = (ended_at + TRACK_TOLERANCE).timestamp() + skew
    if any(not first <= point[0] <= last for point in track):
        raise Refused("off_duty", fields={"track": ["仅在岗期间记录轨迹"]})


def _beat(session: Session, beat: str | None) -> Beat | None:
    if not beat:
        return None
    return session.scalar(select(Beat).where((Beat.id == beat) | (Beat.name == beat)).limit(1))


def _on_beat(session: Session, beat: Beat | None, track: tuple[Point, ...]) -> bool | None:
    """Say whether the duty began on its beat; None without a beat or a point."""
    if beat is None or not track:
        return None
    _, lat, lon, _ = track[0]
    return locate(session, lat, lon).grid_code in beat.grid_codes


def _handover(body: PatrolRecord) -> str:
    notes = [str(line.get("text", "")) for line in body.log if line.get("what") == "handover"]
    return "\n".join(notes)
