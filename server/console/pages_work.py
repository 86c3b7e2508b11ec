"""The unit's own page, the requests that wait for a decision, and moves on several cases."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.accounts.actor import Actor
from server.cases import queries
from server.cases.actions import perform_move
from server.cases.detail import first_photos
from server.cases.inputs import MoveInputs
from server.cases.models import Case
from server.cases.selecting import CaseFilter, Order
from server.cases.standing import moves_of
from server.cases.workflow import Move, State
from server.console import words
from server.console.blueprint import bp
from server.console.names import names_for
from server.console.navigation import DECIDERS
from server.console.visitor import requires, safe_target, visitor
from server.db import db
from sync.errors import Refused, XunchengError
from sync.roles import UNIT_ROLES

MOST_AT_ONCE = 200
_BULK = frozenset({Move.FILE, Move.DISPATCH, Move.CLOSE})


@dataclass(frozen=True)
class Shelf:
    """One tab of the unit's page."""

    label: object
    states: tuple[State, ...]


SHELVES = {
    "todo": Shelf(_l("待处置"), (State.DISPATCHED, State.HANDLING, State.REWORK)),
    "dispatched": Shelf(_l("待接收"), (State.DISPATCHED,)),
    "handling": Shelf(_l("处置中"), (State.HANDLING,)),
    "rework": Shelf(_l("返工"), (State.REWORK,)),
    "post_check": Shelf(_l("等待核查"), (State.POST_CHECK,)),
    "suspended": Shelf(_l("挂账"), (State.SUSPENDED,)),
}


@bp.get("/unit")
@requires(*UNIT_ROLES)
def unit() -> str:
    """What my unit has to do, the nearest deadline first, with the next step on each line."""
    show = request.args.get("show", "todo")
    if show not in SHELVES:
        raise Refused("not_found")
    actor, now, session = visitor(), clock.now(), db.session()
    wanted = CaseFilter(states=SHELVES[show].states, order=Order.DUE)
    after = request.args.get("after")
    counts = queries.count_open(session, actor, now)
    rows_only = "HX-Request" in request.headers and after is not None
    page = queries.list_cases(session, actor, wanted, now, after=after, limit=30)
    return render_template(
        "console/unit_rows.html" if rows_only else "console/unit.html",
        page=page,
        shots=first_photos(session, [row.id for row in page.rows]),
        shelves=SHELVES,
        show=show,
        amounts={
            name: sum(counts[state].cases for state in shelf.states if state in counts)
            for name, shelf in SHELVES.items()
        },
        names=names_for(session),
    )


@bp.get("/requests")
@requires(*DECIDERS)
def requests() -> str:
    """What units asked for: more time, a pause, an overdue mark taken back."""
    session = db.session()
    waiting = queries.waiting_requests(session, visitor())
    names = names_for(session)
    people = names.people(each.asked_by for each in waiting)
    return render_template(
        "console/requests.html",
        waiting=waiting,
        names=names,
        people=people,
        decisions=DECISIONS,
        shots=first_photos(session, [each.case.id for each in waiting]),
        may=_moves_by_case(each.case.id for each in waiting),
    )


def _moves_by_case(ids: Iterable[str]) -> dict[str, tuple[Move, ...]]:
    found = db.session.scalars(select(Case).where(Case.id.in_(list(ids))))
    now = clock.now()
    return {case.id: moves_of(case, visitor(), now) for case in found}


# Request kind → (grant, deny).
DECISIONS = {
    "extension": (Move.GRANT_EXTENSION, Move.DENY_EXTENSION),
    "suspension": (Move.GRANT_SUSPENSION, Move.DENY_SUSPENSION),
    "appeal": (Move.GRANT_APPEAL, Move.DENY_APPEAL),
}


@bp.post("/cases/bulk")
@requires()
def bulk() -> BaseResponse:
    """Make one move on each chosen case. One that is refused does not hold up the others."""
    move = request.form.get("move", "")
    if move not in _BULK:
        raise Refused("invalid")
    chosen = [_chosen(text) for text in request.form.getlist("case")[:MOST_AT_ONCE]]
    inputs = MoveInputs(unit_id=request.form.get("unit") or None)
    if move == Move.DISPATCH and inputs.unit_id is None:
        flash(_("先选择派给哪个单位，再派遣。选中的案件没有变化。"), "late")
        return redirect(safe_target(request.form.get("back")))
    refused = _move_each(chosen, Move(move), inputs, visitor())
    done = len(chosen) - sum(len(numbers) for numbers in refused.values())
    if done:
        name = words.move_name(Move(move))
        flash(
            _("%(name)s：%(num)s 件已办理", num=done, name=name),
            "good",
        )
    for reason, numbers in refused.items():
        shown = "、".join(numbers[:5]) + ("…" if len(numbers) > 5 else "")
        flash(
            _(
                "%(count)s 件没有办理：%(reason)s（%(numbers)s）",
                count=len(numbers),
                reason=reason,
                numbers=shown,
            ),
            "late",
        )
    return redirect(safe_target(request.form.get("back")))


def _move_each(
    chosen: list[tuple[str, int]], move: Move, inputs: MoveInputs, actor: Actor
) -> dict[str, list[str]]:
    """Return the numbers of refused cases by reason."""
    refused: dict[str, list[str]] = {}
    for case_id, version in chosen:
        try:
            perform_move(case_id, move, inputs, by=actor, now=clock.now(), expected_version=version)
        except XunchengError as error:
            found = queries.find_case(db.session(), actor, case_id)
            number = found.number if found else case_id
            refused.setdefault(_(error.kind.message), []).append(number)
    return refused


def _chosen(text: str) -> tuple[str, int]:
    case_id, _colon, version = text.partition(":")
    if not version.isdigit():
        raise Refused("malformed")
    return case_id, int(version)
