"""A case comes in: from patrol with its rules, or taken in by a clerk from outside."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.cases import plausibility, rules, stages, timekeeping
from server.cases.inputs import IntakeForm, Source
from server.cases.models import Case, CaseIntake
from server.cases.plausibility import Spot
from server.cases.recording import Hand, hand_of, record
from server.cases.workflow import REPORTERS, Move, State
from server.catalog import lookup
from server.catalog.lookup import CategoryInfo
from sync.bodies import CaseReport
from sync.errors import Refused
from sync.messages import Location, PhotoRef
from sync.roles import FIELD_ROLES, Role

# A new row before anything is known of it; copied, for a row that is inserted in bulk gets no
# defaults from its mapping. Lists and dictionaries are replaced on change, never changed.
_BLANK: dict[str, Any] = {
    column.key: column.default.arg if column.default is not None else None
    for column in Case.__table__.columns
} | {"handled_by": [], "open_requests": {}, "version": 0}


def report(
    session: Session,
    actor: Actor,
    case_id: str,
    body: CaseReport,
    photos: tuple[PhotoRef, ...],
    now: datetime,
) -> Case:
    """Open a case from the field; file and dispatch it where a clear rule is switched on.

    Raises `not_allowed`, `move_not_allowed` (the case is there already), `unknown_category`,
    `unknown_condition`, `quantity_required`, `out_of_range`, `outside_territory`,
    `implausible_time`, `photo_required` (handled on the spot without a picture of it).
    """
    hand = _opening(session, actor, case_id, FIELD_ROLES, now)
    category = plausibility.known_category(session, body.category)
    plausibility.known_condition(session, body.category, body.condition)
    plausibility.check_quantity(category, body.quantity, body.area_m2)
    plausibility.check_place(session, body.location)
    plausibility.check_time(hand)
    if body.handled_on_spot:
        plausibility.require_after_photo(photos)
    spot = plausibility.find_spot(session, body.location, actor.areas)
    case = _new_case(hand, case_id, body.category, spot, body.location)
    _fill(case, body, actor)
    case.unit_of_measure = body.unit_of_measure or category.unit_of_measure
    _open(hand, case, photos)
    _follow_rules(hand.as_rule(), case, category, hand.observed_at)
    return case


def intake(session: Session, actor: Actor, case_id: str, form: IntakeForm, now: datetime) -> Case:
    """Open a case that came from outside, with its outside number and reply deadline.

    It waits for the acceptor's next move: filing, or a collector's verification.
    """
    hand = _opening(session, actor, case_id, frozenset({Role.ACCEPTOR}), now)
    if form.source is Source.PATROL:
        raise Refused("invalid", fields={"source": ["请选择来源"]})
    category = plausibility.known_category(session, form.category)
    plausibility.known_condition(session, form.category, form.condition)
    plausibility.check_range("quantity", form.quantity)
    plausibility.check_place(session, form.location)
    if form.reply_due_at is not None and form.reply_due_at <= now:
        raise Refused("out_of_range", fields={"reply_due_at": ["答复时限须晚于现在"]})
    spot = plausibility.find_spot(session, form.location, actor.areas)
    if form.location is None and form.area_code:
        spot = plausibility.named_area(session, form.area_code)
    case = _new_case(hand, case_id, form.category, spot, form.location)
    case.source = str(form.source)
    case.condition_code, case.description = form.condition, form.description
    case.address, case.quantity = form.address, _number(form.quantity)
    case.unit_of_measure = category.unit_of_measure
    hand.book.later.append(_outside(case_id, form))
    _open(hand, case, form.photos)
    return case


def _opening(
    session: Session, actor: Actor, case_id: str, roles: frozenset[Role], now: datetime
) -> Hand:
    hand = hand_of(session, actor, now)
    role = next(iter(sorted(actor.roles & roles & REPORTERS)), None)
    if role is None:
        raise Refused("not_allowed")
    if hand.book.find(case_id) is not None:
        raise Refused("move_not_allowed", detail="the case is there already")
    return hand.in_role(role)


def _new_case(
    hand: Hand, case_id: str, category_key: str, spot: Spot, location: Location | None
) -> Case:
    """Return a transient row. It is filled without the mapping's history, for none is needed."""
    case = Case()
    where = {} if location is None else _point(location)
    case.__dict__.update(
        _BLANK,
        id=case_id,
        category_key=category_key,
        reported_by=hand.person.person_id,
        reported_at=hand.now,
        area_code=spot.area_code,
        grid_code=spot.grid_code,
        community_code=spot.community_code,
        **where,
    )
    return case


def _point(location: Location) -> dict[str, Any]:
    return {
        "lat": location.lat,
        "lon": location.lon,
        "place_cell": rules.place_cell(location.lat, location.lon),
        "accuracy_m": location.accuracy_m,
        "provider": location.provider,
        "mock_location": location.mock,
    }


def _fill(case: Case, body: CaseReport, actor: Actor) -> None:
    case.__dict__.update(
        condition_code=body.condition,
        description=body.description,
        address=body.address,
        quantity=_number(body.quantity),
        area_m2=_number(body.area_m2),
        premises_id=body.premises_id,
        campaign_id=body.campaign_id,
        second_officer_id=body.second_officer_id,
        handled_on_spot=body.handled_on_spot,
        device_id=actor.device_id,
        observed_at=actor.observed_at,
        handled_by=[actor.person_id] if body.handled_on_spot else [],
    )


def _open(hand: Hand, case: Case, photos: tuple[PhotoRef, ...]) -> None:
    hand.book.add(case)
    timekeeping.set_stage(hand, case, "file")
    record(hand, case, Move.REPORT, State.REPORTED, photos=photos)


def _follow_rules(
    hand: Hand, case: Case, category: CategoryInfo, observed_at: datetime | None
) -> None:
    """Verify, close on the spot, file, dispatch: as far as clear rules go. The rest waits."""
    if case.handled_on_spot:
        if category.auto_close and not case.mock_location:
            stages.close(hand, case, Move.QUICK_CLOSE)
        return
    case.late_sync = rules.came_late(
        category.perishable, category.perishable_minutes, observed_at, hand.now
    )
    if case.late_sync:
        stages.ask_verify(hand, case, reason=stages.RULE_LATE)
        return
    follow_filing_rule(hand, case, category)
    if case.state == State.FILED:
        follow_dispatch_rule(hand, case, category)


def follow_filing_rule(hand: Hand, case: Case, category: CategoryInfo) -> None:
    """File by rule where that is switched on and the case is clear."""
    condition = case.condition_code or category.default_condition
    if rules.may_file(category.auto_file, condition is not None, case.mock_location):
        stages.file_case(hand, case, condition)


def follow_dispatch_rule(hand: Hand, case: Case, category: CategoryInfo) -> None:
    """Dispatch by rule where that is switched on and one unit answers for the place."""
    if not category.auto_dispatch:
        return
    street = case.area_code if len(case.area_code) == 9 else None
    unit_id = lookup.unit_for(hand.session, case.category_key, street)
    unit = lookup.unit(hand.session, unit_id) if unit_id else None
    if unit is not None and unit.active:
        stages.dispatch(hand, case, unit.id)


def _outside(case_id: str, form: IntakeForm) -> CaseIntake:
    return CaseIntake(
        case_id=case_id,
        outside_number=form.outside_number or None,
        caller_name=form.caller_name or None,
        caller_phone=form.caller_phone or None,
        reply_due_at=form.reply_due_at,
        next_sweep_at=form.reply_due_at - rules.REPLY_WARNING if form.reply_due_at else None,
    )


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
