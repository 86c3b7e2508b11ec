"""Lists of cases: all with filters, and the queues by stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from server import clock
from server.accounts.actor import Actor
from server.cases import queries
from server.cases.inputs import Source
from server.cases.queries import CasePage
from server.cases.selecting import CaseFilter, Order
from server.cases.workflow import Move, State
from server.console import filters, words
from server.console.blueprint import bp
from server.console.names import Names, Option, names_for
from server.console.security import page_settings
from server.console.visitor import requires, visitor
from server.db import db
from sync.errors import Refused
from sync.roles import UNIT_ROLES, Role

PAGE = 50
NARROWING = ("state", "late", "checked")  # what a queue's tabs set


@dataclass(frozen=True)
class Tab:
    """A narrower view inside a queue: the address arguments that it sets."""

    label: object
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Queue:
    """A list that one stage works off, the nearest deadline first."""

    title: object
    empty: object
    base: CaseFilter
    roles: frozenset[Role]
    tabs: tuple[Tab, ...]
    bulk: tuple[Move, ...] = ()


QUEUES = {
    "intake": Queue(
        _l("受理"),
        _l("没有等待受理的案件。新上报的会自动出现在这里。"),
        CaseFilter(states=filters.STATE_GROUPS["intake"], order=Order.DUE),
        frozenset({Role.ACCEPTOR}),
        (
            Tab(_l("全部")),
            Tab(_l("待受理"), (("state", "reported"),)),
            Tab(_l("待核实"), (("state", "pre_verify"),)),
            Tab(_l("迟到同步"), (("late", "1"),)),
        ),
        (Move.FILE,),
    ),
    "dispatch": Queue(
        _l("派遣"),
        _l("没有等待派遣的案件。立案后不能自动派遣的会出现在这里。"),
        CaseFilter(states=filters.STATE_GROUPS["dispatch"], order=Order.DUE),
        frozenset({Role.DISPATCHER}),
        (
            Tab(_l("全部")),
            Tab(_l("待派遣"), (("state", "filed"),)),
            Tab(_l("回退"), (("state", "returned"),)),
        ),
        (Move.DISPATCH,),
    ),
    "closing": Queue(
        _l("核查结案"),
        _l("没有等待核查或结案的案件。单位报完成后会出现在这里。"),
        CaseFilter(states=(State.POST_CHECK,), order=Order.DUE),
        frozenset({Role.ACCEPTOR}),
        (
            Tab(_l("全部")),
            Tab(_l("可以结案"), (("checked", "pass"),)),
            Tab(_l("核查不通过"), (("checked", "fail"),)),
            Tab(_l("等待核查"), (("checked", "none"),)),
        ),
        (Move.CLOSE,),
    ),
}


@bp.get("/cases")
@requires()
def cases() -> str:
    """Every case that one may read, by filters in the address."""
    return render_list(
        title=_("案件"),
        empty=_("没有符合这些条件的案件。减少一个条件，或换一个时间段。"),
        base=CaseFilter(),
        bulk=_bulk_moves(visitor()),
    )


@bp.get("/queue/<name>")
@requires()
def queue(name: str) -> str:
    """What waits at one stage."""
    found = QUEUES.get(name)
    if found is None:
        raise Refused("not_found")
    if not visitor().roles & found.roles:
        raise Refused("not_allowed")
    return render_list(
        title=str(found.title),
        empty=str(found.empty),
        base=found.base,
        bulk=found.bulk,
        tabs=found.tabs,
    )


def render_list(
    *,
    title: str,
    empty: str,
    base: CaseFilter,
    bulk: tuple[Move, ...] = (),
    tabs: tuple[Tab, ...] = (),
) -> str:
    """Render one list page (or, for htmx, only its further rows)."""
    now, actor, session = clock.now(), visitor(), db.session
    asked = filters.read_filter(request.args, page_settings().timezone, base)
    after = request.args.get("after")
    page = queries.list_cases(session(), actor, asked.wanted, now, after=after, limit=PAGE)
    names = names_for(session())
    rows_only = "HX-Request" in request.headers and after is not None
    template = "console/case_rows.html" if rows_only else "console/cases.html"
    return render_template(
        template,
        title=title,
        empty=empty,
        asked=asked,
        page=page,
        names=names,
        bulk=bulk,
        tabs=_shown_tabs(tabs),
        in_queue=bool(tabs),
        only_unit=only_unit(actor),
        chips=[] if rows_only or tabs else filters.chips(asked, names),
        export_arguments=_export_arguments(asked),
        count=_count(page, asked, rows_only),
        count_to=queries.COUNT_TO,
        choices=None if rows_only else Choices(names, actor),
        order=asked.wanted.order,
    )


def _count(page: CasePage, asked: filters.Asked, rows_only: bool) -> int | None:
    """Return how many cases the list has; None where counting would cost more than it tells."""
    if page.after is None:
        return len(page.rows)
    if rows_only or asked.wanted.text:
        return None
    return queries.count_cases(db.session(), visitor(), asked.wanted, clock.now())


@dataclass(frozen=True)
class ShownTab:
    label: str
    address: str
    current: bool


def _shown_tabs(tabs: tuple[Tab, ...]) -> list[ShownTab]:
    narrowing = {name: request.args[name] for name in NARROWING if name in request.args}
    here = request.view_args or {}
    return [
        ShownTab(
            str(tab.label),
            url_for("console.queue", name=here["name"], **dict(tab.arguments)),  # type: ignore[arg-type]
            narrowing == dict(tab.arguments),
        )
        for tab in tabs
    ]


def _export_arguments(asked: filters.Asked) -> dict[str, str]:
    """Return the address of this list as the export reads it: a queue's states said aloud."""
    arguments = {name: value for name, value in request.args.items() if name != "after"}
    if asked.wanted.states and not asked.state:
        arguments["state"] = ",".join(asked.wanted.states)
    return arguments | {"sort": str(asked.wanted.order)}


class Choices:
    """The selects of the filter row, made when a template asks for them."""

    def __init__(self, names: Names, actor: Actor) -> None:
        self._names = names
        self._actor = actor

    def states(self) -> list[Option]:
        groups = [Option(code, str(name)) for code, name in filters.GROUP_NAMES.items()]
        return groups + [Option(state, words.state_name(state)) for state in State]

    def categories(self) -> object:
        return self._names.categories()

    def streets(self) -> tuple[Option, ...]:
        return self._names.streets(self._actor)

    def units(self) -> tuple[Option, ...]:
        return self._names.units()

    def sources(self) -> list[Option]:
        return [Option(source, words.source_name(source)) for source in Source]

    def timings(self) -> list[Option]:
        return _options(filters.TIMINGS)

    def orders(self) -> list[Option]:
        return _options(filters.ORDERS)


def _options(table: Mapping[Any, object]) -> list[Option]:
    return [Option(str(code), str(name)) for code, name in table.items()]


def _bulk_moves(actor: Actor) -> tuple[Move, ...]:
    """Return what this person may do with several cases at once."""
    by_role = {Role.DISPATCHER: Move.DISPATCH, Role.ACCEPTOR: Move.CLOSE}
    return tuple(move for role, move in by_role.items() if role in actor.roles)


def only_unit(actor: Actor) -> bool:
    """Say whether a person works for a unit and nothing else."""
    return bool(actor.roles) and actor.roles <= UNIT_ROLES | {Role.CONTRACTOR}
