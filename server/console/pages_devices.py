"""设备: who has not synced, asking a phone to, and stopping one that is lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, Select, select
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.accounts.actor import Actor
from server.accounts.devices import (
    REASON_MISSING,
    ask_to_sync,
    revoke_device,
    sync_is_awaited,
)
from server.accounts.models import Device, DeviceStatus, Person, PersonArea
from server.console.blueprint import bp
from server.console.names import names_for
from server.console.navigation import DEVICE_READERS
from server.console.visitor import requires, visitor
from server.db import db
from server.feed import transaction
from sync.errors import Refused
from sync.roles import Role

SILENT = timedelta(days=3)
SKEW = timedelta(minutes=5)
MOST = 1000
Choice = TypeVar("Choice", bound=StrEnum)
DEVICE_STOPPERS = frozenset({Role.ADMIN, Role.SUPERVISOR})


class Show(StrEnum):
    """What the list shows; in the address as `show`."""

    ALL = "all"
    UNSENT = "unsent"
    SILENT = "silent"
    CLOCK = "clock"
    HOLES = "holes"
    ASKED = "asked"
    REVOKED = "revoked"


class Sort(StrEnum):
    UNSENT = "unsent"
    OLDEST = "oldest"
    HEARD = "heard"
    NAME = "name"


SHOWS = {
    Show.ALL: _l("全部"),
    Show.UNSENT: _l("有未传"),
    Show.SILENT: _l("三天没有消息"),
    Show.CLOCK: _l("时钟不准"),
    Show.HOLES: _l("编号有缺"),
    Show.ASKED: _l("已催同步"),
    Show.REVOKED: _l("已停用"),
}
SORTS = {
    Sort.UNSENT: _l("未传最多在前"),
    Sort.OLDEST: _l("积压最久在前"),
    Sort.HEARD: _l("最久没消息在前"),
    Sort.NAME: _l("按姓名"),
}


@dataclass(frozen=True)
class DeviceLine:
    """A device and one person's unsent work on it. `missing`: numbers that never arrived."""

    device: Device
    person: Person
    status: DeviceStatus
    heard_at: datetime | None
    silent: bool
    skew: timedelta
    missing: int
    asked: bool

    @property
    def clock_off(self) -> bool:
        return abs(self.skew) > SKEW

    def shown_as(self, show: Show) -> bool:
        """Say whether the line belongs under `show`."""
        revoked = self.device.revoked_at is not None
        return {
            Show.ALL: True,
            Show.UNSENT: bool(self.status.unsent_records or self.status.unsent_photo_bytes),
            Show.SILENT: self.silent and not revoked,
            Show.CLOCK: self.clock_off,
            Show.HOLES: self.missing > 0,
            Show.ASKED: self.asked,
            Show.REVOKED: revoked,
        }[show]


@bp.get("/devices")
@requires(*DEVICE_READERS)
def devices() -> str:
    """List devices with what they still hold; filter and order are in the address."""
    lines = _lines(visitor(), clock.now())
    show = _one_of(Show, "show", Show.ALL)
    sort = _one_of(Sort, "sort", Sort.UNSENT)
    street = request.args.get("street", "")
    if street:
        lines = [line for line in lines if street in line.person.areas]
    names = names_for(db.session())
    return render_template(
        "console/devices.html",
        lines=_sorted([line for line in lines if line.shown_as(show)], sort),
        counts={each: sum(line.shown_as(each) for line in lines) for each in Show},
        shows=SHOWS,
        show=show,
        sorts=SORTS,
        sort=sort,
        street=street,
        streets=names.streets(visitor()),
        names=names,
    )


@bp.get("/devices/<device_id>/<person_id>")
@requires(*DEVICE_READERS)
def device(device_id: str, person_id: str) -> str:
    """Show one person's device, and what can be done about it."""
    return _device_page(device_id, person_id, None)


@bp.post("/devices/<device_id>/<person_id>/ask")
@requires(*DEVICE_READERS)
def ask_device(device_id: str, person_id: str) -> BaseResponse:
    """Ask a device to send what it holds."""
    actor, now = visitor(), clock.now()
    line = _line(actor, device_id, person_id, now)
    with transaction() as session:
        ask_to_sync(session, device_id, person_id, actor.person_id, now)
    flash(_("已请 %(name)s 的手机同步，手机下次联网时会收到。", name=line.person.name), "good")
    return redirect(url_for("console.device", device_id=device_id, person_id=person_id))


@bp.post("/devices/<device_id>/<person_id>/revoke")
@requires(*DEVICE_STOPPERS)
def stop_device(device_id: str, person_id: str) -> str | BaseResponse | tuple[str, int]:
    """Stop a lost device, with the reason."""
    actor, now = visitor(), clock.now()
    _line(actor, device_id, person_id, now)
    reason = request.form.get("reason", "").strip()
    if not reason:
        error = Refused("reason_required", fields=REASON_MISSING)
        return _device_page(device_id, person_id, error), error.kind.status
    with transaction() as session:
        revoke_device(session, device_id, now, by=actor.person_id, reason=reason)
    flash(_("这台手机已停用，不能再登录和同步；没传上来的记录仍在手机里。"), "good")
    return redirect(url_for("console.device", device_id=device_id, person_id=person_id))


def _device_page(device_id: str, person_id: str, error: Refused | None) -> str:
    line = _line(visitor(), device_id, person_id, clock.now())
    names = names_for(db.session())
    return render_template(
        "console/device.html",
        line=line,
        names=names,
        people=names.people([line.device.revoked_by, line.status.sync_requested_by]),
        may_stop=bool(visitor().roles & DEVICE_STOPPERS),
        error=error,
    )


def _lines(actor: Actor, now: datetime) -> list[DeviceLine]:
    return [_as_line(row, now) for row in db.session.execute(_visible(actor).limit(MOST))]


def _line(actor: Actor, device_id: str, person_id: str, now: datetime) -> DeviceLine:
    query = _visible(actor).where(
        DeviceStatus.device_id == device_id, DeviceStatus.person_id == person_id
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise Refused("not_found")
    return _as_line(row, now)


def _visible(actor: Actor) -> Select[DeviceStatus, Device, Person]:
    """Return the query of the devices of people in the actor's areas."""
    query = (
        select(DeviceStatus, Device, Person)
        .join(Device, Device.id == DeviceStatus.device_id)
        .join(Person, Person.id == DeviceStatus.person_id)
    )
    if any(len(code) <= 6 for code in actor.areas):
        return query
    here = select(PersonArea.person_id).where(
        PersonArea.area_code.in_(actor.areas), PersonArea.revoked_at.is_(None)
    )
    return query.where(Person.id.in_(here))


def _as_line(row: Row[DeviceStatus, Device, Person], now: datetime) -> DeviceLine:
    status, device, person = row
    heard = [at for at in (status.last_push_at, status.last_pull_at) if at is not None]
    heard_at = max(heard, default=None)
    return DeviceLine(
        device=device,
        person=person,
        status=status,
        heard_at=heard_at,
        silent=heard_at is None or now - heard_at > SILENT,
        skew=timedelta(milliseconds=status.clock_skew_ms or 0),
        missing=sum(last - first + 1 for first, last in status.holes),
        asked=sync_is_awaited(status),
    )


def _sorted(lines: list[DeviceLine], sort: Sort) -> list[DeviceLine]:
    """Order by what is asked; who has the same is ordered by name."""

    def at(instant: datetime | None, absent: float) -> float:
        return instant.timestamp() if instant else absent

    never, none = float("-inf"), float("inf")
    keys = {
        Sort.UNSENT: lambda line: (-line.status.unsent_records, -line.status.unsent_photo_bytes),
        Sort.OLDEST: lambda line: at(line.status.oldest_unsent_at, none),
        Sort.HEARD: lambda line: at(line.heard_at, never),
        Sort.NAME: lambda line: line.person.name,
    }
    return sorted(sorted(lines, key=keys[Sort.NAME]), key=keys[sort])


def _one_of(kind: type[Choice], name: str, default: Choice) -> Choice:
    given = request.args.get(name)
    return kind(given) if given in set(kind) else default
