"""设备: who has what on which phone, and when it was last heard of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template
from sqlalchemy import func, select

from server import clock
from server.accounts.models import Device, DeviceStatus, Person, PersonArea
from server.console.blueprint import bp
from server.console.names import names_for
from server.console.navigation import DEVICE_READERS
from server.console.visitor import requires, visitor
from server.db import db

SILENT = timedelta(days=3)
SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class DeviceLine:
    """A device and one person's unsent work on it."""

    device: Device
    person: Person
    status: DeviceStatus
    heard_at: datetime | None
    silent: bool
    clock_off: bool


@bp.get("/devices")
@requires(*DEVICE_READERS)
def devices() -> str:
    """List devices, those with unsent work first."""
    now = clock.now()
    query = (
        select(DeviceStatus, Device, Person)
        .join(Device, Device.id == DeviceStatus.device_id)
        .join(Person, Person.id == DeviceStatus.person_id)
        .order_by(DeviceStatus.unsent_records.desc(), func.lower(Person.name))
        .limit(500)
    )
    if len(shortest := min(visitor().areas, key=len, default="")) > 6 or not shortest:
        here = select(PersonArea.person_id).where(
            PersonArea.area_code.in_(visitor().areas), PersonArea.revoked_at.is_(None)
        )
        query = query.where(Person.id.in_(here))
    lines = [
        _line(status, device, person, now) for status, device, person in db.session.execute(query)
    ]
    return render_template("console/devices.html", lines=lines, names=names_for(db.session()))


def _line(status: DeviceStatus, device: Device, person: Person, now: datetime) -> DeviceLine:
    heard = [at for at in (status.last_push_at, status.last_pull_at) if at is not None]
    heard_at = max(heard, default=None)
    skew = timedelta(milliseconds=abs(status.clock_skew_ms or 0))
    return DeviceLine(
        device=device,
        person=person,
        status=status,
        heard_at=heard_at,
        silent=heard_at is None or now - heard_at > SILENT,
        clock_off=skew > SKEW,
    )
