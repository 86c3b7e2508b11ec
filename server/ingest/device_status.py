"""What is known of a person's device: its counter, its unsent work, how far its clock is off."""

from datetime import datetime

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from server.accounts.models import Device, DeviceStatus
from server.db import insert_into
from server.ingest.counters import note_counters
from server.ingest.envelope import Push
from sync.checks import parse_instant

_TABLE: Table = DeviceStatus.__table__  # type: ignore[assignment]


def lock_status(session: Session, device_id: str, person_id: str) -> DeviceStatus:
    """Return the status row of the pair, locked: pushes of one device go one after the other."""
    query = (
        select(DeviceStatus)
        .where(DeviceStatus.device_id == device_id, DeviceStatus.person_id == person_id)
        .with_for_update()
    )
    status = session.scalar(query)
    if status is not None:
        return status
    row = {"device_id": device_id, "person_id": person_id, "holes": []}
    session.execute(insert_into(session, _TABLE).values(row).on_conflict_do_nothing())
    return session.scalars(query).one()


def ensure_device(session: Session, device_id: str, now: datetime) -> None:
    """Note a device that only others speak of: a restored database may not know it."""
    row = {"id": device_id, "name": "", "app_version": "", "protocol": 1, "registered_at": now}
    table: Table = Device.__table__  # type: ignore[assignment]
    session.execute(insert_into(session, table).values(row).on_conflict_do_nothing())


def note_push(status: DeviceStatus, push: Push, skew_ms: int | None, now: datetime) -> None:
    """Write down what this push says of its device."""
    numbers = [one.change.n for one in push.incoming if one.change]
    status.last_n, status.holes = note_counters(status.last_n, status.holes, numbers)
    if push.rescued_from:
        return  # another device spoke for this one, which has not been heard of
    status.last_push_at = now
    if skew_ms is not None:
        status.clock_skew_ms = skew_ms
    if push.status is not None:
        status.unsent_records = push.status.unsent_records
        status.unsent_photo_bytes = push.status.unsent_photo_bytes
        oldest = push.status.oldest_unsent_at
        status.oldest_unsent_at = parse_instant(oldest) if oldest else None
