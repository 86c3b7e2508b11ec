"""What the bureau can do about a device: ask it to sync, and stop it when it is lost."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.accounts.models import Device, DeviceStatus
from server.accounts.people import end_sessions
from sync.errors import Refused

REASON_MISSING = {"reason": ["请填写原因"]}


def ask_to_sync(
    session: Session, device_id: str, person_id: str, by: str, now: datetime
) -> DeviceStatus:
    """Wish that a person's device sends what it holds; it learns of it at its next pull.

    The wish lasts until the device has pushed. Raises `not_found`, `device_revoked`.
    """
    status = session.get(DeviceStatus, (device_id, person_id), with_for_update=True)
    if status is None:
        raise Refused("not_found")
    if session.get_one(Device, device_id).revoked_at is not None:
        raise Refused("device_revoked")
    status.sync_requested_at, status.sync_requested_by = now, by
    return status


def revoke_device(
    session: Session, device_id: str, now: datetime, *, by: str | None = None, reason: str = ""
) -> Device:
    """Stop a lost device: it may neither sign in nor sync. The first reason given stays.

    Raises `Refused("not_found")`.
    """
    device = session.get(Device, device_id, with_for_update=True)
    if device is None:
        raise Refused("not_found")
    if device.revoked_at is None:
        device.revoked_at, device.revoked_by = now, by
        device.revoked_reason = reason.strip()[:256] or None
    end_sessions(session, device_id=device_id, now=now)
    return device


def sync_is_awaited(status: DeviceStatus) -> bool:
    """Say whether a device that was asked to sync has not done so yet."""
    asked, pushed = status.sync_requested_at, status.last_push_at
    return asked is not None and (pushed is None or pushed < asked)
