"""今日: what waits for me. Every number opens its list."""

from dataclasses import dataclass

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.accounts.actor import Actor
from server.cases import queries
from server.cases.notices import mark_notices_seen, unseen_notices
from server.cases.queries import StateCount
from server.cases.selecting import CaseFilter, Order, Timing
from server.cases.workflow import OPEN_STATES, UNIT_STATES, State
from server.console.blueprint import bp
from server.console.names import names_for
from server.console.navigation import ATTENTION_READERS, DECIDERS
from server.console.visitor import requires, visitor
from server.db import db
from server.ingest.attention import attention
from sync.roles import UNIT_ROLES, Role

Counts = dict[State, StateCount]
LINES = 8
REMINDERS = 4


@dataclass(frozen=True)
class Tile:
    """One number with its list behind it."""

    label: str
    icon: str
    address: str
    count: StateCount


@dataclass(frozen=True)
class StageLine:
    """One line of the table by stage."""

    state: State
    count: StateCount


@bp.get("/")
@requires()
def today() -> str:
    """Show what waits, what is nearly late, and what is late."""
    now, actor, session = clock.now(), visitor(), db.session()
    counts = queries.count_open(session, actor, now)
    coming = CaseFilter(order=Order.DUE, timing=Timing.COMING)
    late = CaseFilter(order=Order.DUE, timing=Timing.OVERDUE)
    return render_template(
        "console/today.html",
        tiles=[*tiles_for(actor, counts, len(_requests(actor))), *_sync_tiles(actor)],
        stages=[StageLine(state, counts[state]) for state in State if state in counts],
        total=total_of(counts, OPEN_STATES),
        coming=queries.list_cases(session, actor, coming, now, after=None, limit=LINES).rows,
        late=queries.list_cases(session, actor, late, now, after=None, limit=LINES).rows,
        notices=unseen_notices(session, actor, REMINDERS),
        names=names_for(session),
    )


@bp.post("/notices/seen")
@requires()
def notices_seen() -> BaseResponse:
    """Put the reminders away."""
    mark_notices_seen(visitor(), clock.now())
    return redirect(url_for("console.today"))


def total_of(counts: Counts, states: frozenset[State] | tuple[State, ...]) -> StateCount:
    """Add up some states."""
    some = [counts[state] for state in states if state in counts]
    return StateCount(
        sum(each.cases for each in some),
        sum(each.overdue for each in some),
        sum(each.soon for each in some),
        sum(each.rework for each in some),
    )


def tiles_for(actor: Actor, counts: Counts, requests: int) -> list[Tile]:
    """Return what waits for this person, by role; pure but for the addresses."""
    tiles: list[Tile] = []

    def add(label: str, icon: str, address: str, *states: State) -> None:
        tiles.append(Tile(label, icon, address, total_of(counts, states)))

    if Role.ACCEPTOR in actor.roles:
        add(_("待受理"), "inbox", _queue("intake", "reported"), State.REPORTED)
        add(_("待核实"), "search", _queue("intake", "pre_verify"), State.PRE_VERIFY)
        add(_("待核查、待结案"), "checks", _queue("closing"), State.POST_CHECK)
    if Role.DISPATCHER in actor.roles:
        add(_("待派遣"), "send", _queue("dispatch", "filed"), State.FILED)
        add(_("回退"), "arrow-back-up", _queue("dispatch", "returned"), State.RETURNED)
    if actor.roles & DECIDERS:
        tiles.append(
            Tile(_("待审批申请"), "hourglass", url_for("console.requests"), StateCount(requests))
        )
    if actor.roles & UNIT_ROLES:
        unit = "console.unit"
        add(_("待接收"), "inbox", url_for(unit, show="dispatched"), State.DISPATCHED)
        add(_("处置中"), "clock", url_for(unit, show="handling"), State.HANDLING)
        add(_("返工"), "rotate", url_for(unit, show="rework"), State.REWORK)
        add(_("等待核查"), "checks", url_for(unit, show="post_check"), State.POST_CHECK)
    if not tiles or actor.roles & {Role.SUPERVISOR, Role.LEADER, Role.ADMIN}:
        add(_("全部未结"), "list-details", _list(state="open", sort="due"), *sorted(OPEN_STATES))
        add(_("待处置"), "building", _list(state="handling", sort="due"), *sorted(UNIT_STATES))
        add(_("挂账"), "player-pause", _list(state="suspended"), State.SUSPENDED)
    return tiles


def _sync_tiles(actor: Actor) -> list[Tile]:
    """Return what of the phones' work waits for a supervisor."""
    if not actor.roles & ATTENTION_READERS:
        return []
    waiting = attention(db.session(), actor, clock.now()).count
    address = url_for("console.attention")
    return [Tile(_("同步待办"), "alert-triangle", address, StateCount(waiting))]


def _requests(actor: Actor) -> tuple[queries.WaitingRequest, ...]:
    return queries.waiting_requests(db.session(), actor) if actor.roles & DECIDERS else ()


def _queue(name: str, state: str | None = None) -> str:
    return url_for("console.queue", name=name, state=state)


def _list(state: str, sort: str | None = None) -> str:
    return url_for("console.cases", state=state, sort=sort)
