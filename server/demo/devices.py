"""The handhelds of the demo's people, as the server last heard of them."""

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.accounts.models import Device, DeviceStatus
from server.demo.ids import demo_id
from server.demo.people import accounts
from sync.messages import PROTOCOL
from sync.roles import FIELD_ROLES, Role

_MODELS = ("华为 畅享 70", "小米 Redmi Note 13", "荣耀 X50", "OPPO A3", "优博讯 DT50 手持终端")
_ON_FOOT = FIELD_ROLES | {Role.HANDLER}
# Somebody's phone lies in a drawer, one has a wrong clock, some are out of reach just now.
_SILENT, _WRONG_CLOCK = "assistant3", "crew6"
_OUT_OF_REACH = {"officer7": 4, "officer11": 2, "crew2": 3}


def fill_devices(session: Session, now: datetime) -> None:
    """Add one device for everybody who works on foot, with its latest word."""
    on_foot = [each for each in accounts() if _ON_FOOT.intersection(each.roles)]
    for number, account in enumerate(on_foot, 1):
        dice = random.Random(account.username)
        device = Device(
            id=demo_id("device", account.id),
            name=f"{dice.choice(_MODELS)} · {number:02d} 号机",
            app_version="1.0.0",
            protocol=PROTOCOL,
            registered_at=now - timedelta(days=dice.uniform(92, 200)),
        )
        session.merge(device)
        session.flush()
        session.merge(_status(account.username, account.id, dice, now))


def _status(username: str, person_id: str, dice: random.Random, now: datetime) -> DeviceStatus:
    heard_at = now - timedelta(minutes=dice.uniform(1, 25))
    unsent = _OUT_OF_REACH.get(username, 0)
    if username == _SILENT:
        heard_at -= timedelta(days=5)
    elif unsent:
        heard_at -= timedelta(hours=2)
    return DeviceStatus(
        device_id=demo_id("device", person_id),
        person_id=person_id,
        last_n=dice.randrange(60, 400),
        last_push_at=heard_at,
        last_pull_at=heard_at,
        unsent_records=unsent,
        unsent_photo_bytes=unsent * 2_400_000,
        oldest_unsent_at=heard_at if unsent else None,
        clock_skew_ms=412_000 if username == _WRONG_CLOCK else dice.randrange(-2000, 2000),
        holes=[],
    )
