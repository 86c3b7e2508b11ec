"""A list's filters in its address: read, shown as chips, taken out one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from server.cases.inputs import Source
from server.cases.selecting import CaseFilter, Order, Timing
from server.cases.workflow import OPEN_STATES, UNIT_STATES, State
from server.console import words
from server.console.names import Names

# Names for several states at once, as people ask for them.
STATE_GROUPS: dict[str, tuple[State, ...]] = {
    "open": tuple(state for state in State if state in OPEN_STATES),
    "intake": (State.REPORTED, State.PRE_VERIFY),
    "dispatch": (State.FILED, State.RETURNED),
    "handling": tuple(state for state in State if state in UNIT_STATES),
}
GROUP_NAMES = {
    "open": _l("全部未结"),
    "intake": _l("待受理、待核实"),
    "dispatch": _l("待派遣、回退"),
    "handling": _l("待处置"),
}
TIMINGS = {
    Timing.OVERDUE: _l("已超时"),
    Timing.SOON: _l("2 小时内到期"),
    Timing.COMING: _l("未到期"),
}
ORDERS = {
    Order.NEWEST: _l("最新上报在前"),
    Order.OLDEST: _l("最早上报在前"),
    Order.DUE: _l("最紧时限在前"),
}
CHECKED = {"pass": _l("核查通过"), "fail": _l("核查不通过"), "none": _l("尚未核查")}

EVERYTHING = CaseFilter()

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class Asked:
    """What the address asks for: the filter, and its words for the form."""

    wanted: CaseFilter
    state: str
    since_on: date | None
    until_on: date | None

    @property
    def is_set(self) -> bool:
        """Say whether anything but the order is set."""
        return replace(self.wanted, order=Order.NEWEST) != EVERYTHING


def read_filter(
    address: MultiDict[str, str] | Mapping[str, str],
    zone: ZoneInfo,
    base: CaseFilter = EVERYTHING,
) -> Asked:
    """Read the filter of an address on top of `base`. What cannot be read does not filter."""
    state = address.get("state", "")
    since, until = _date(address.get("from")), _date(address.get("to"))
    wanted = replace(
        base,
        states=_states(state) or base.states,
        category_key=address.get("category") or None,
        street_code=address.get("street") or None,
        unit_id=address.get("unit") or None,
        source=_one_of(Source, address.get("source")),
        timing=_one_of(Timing, address.get("due")),
        since=_midnight(since, zone),
        until=_midnight(until + timedelta(days=1), zone) if until else None,
        text=address.get("q", "").strip()[:100],
        rework=address.get("rework") == "1",
        late_sync=address.get("late") == "1",
        checked=address.get("checked") if address.get("checked") in CHECKED else None,
        order=_one_of(Order, address.get("sort")) or base.order,
    )
    return Asked(wanted, state if _states(state) else "", since, until)


@dataclass(frozen=True)
class Chip:
    """One condition that is set, and the address arguments that go when it is taken out."""

    label: str
    without: dict[str, None]


def chips(asked: Asked, names: Names) -> list[Chip]:
    """Return what is set, in words."""
    wanted = asked.wanted
    found: list[tuple[str, tuple[str, ...]]] = []
    if asked.state:
        label = GROUP_NAMES.get(asked.state) or "、".join(
            words.state_name(state) for state in wanted.states
        )
        found.append((str(label), ("state",)))
    if wanted.category_key:
        found.append((names.category(wanted.category_key), ("category",)))
    if wanted.street_code:
        found.append((names.area(wanted.street_code), ("street",)))
    if wanted.unit_id:
        found.append((names.unit(wanted.unit_id), ("unit",)))
    if wanted.source:
        found.append((words.source_name(wanted.source), ("source",)))
    if wanted.timing:
        found.append((str(TIMINGS[wanted.timing]), ("due",)))
    if asked.since_on or asked.until_on:
        found.append((f"{asked.since_on or '…'} – {asked.until_on or '…'}", ("from", "to")))
    if wanted.rework:
        found.append((_("有返工"), ("rework",)))
    if wanted.late_sync:
        found.append((_("迟到同步"), ("late",)))
    if wanted.checked:
        found.append((str(CHECKED[wanted.checked]), ("checked",)))
    if wanted.text:
        found.append((f"“{wanted.text}”", ("q",)))
    return [Chip(label, dict.fromkeys(taken)) for label, taken in found]


def _states(text: str) -> tuple[State, ...]:
    if text in STATE_GROUPS:
        return STATE_GROUPS[text]
    return tuple(State(code) for code in text.split(",") if code in set(State))


def _one_of(kind: type[Choice], text: str | None) -> Choice | None:
    return kind(text) if text in set(kind) else None


def _date(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None
