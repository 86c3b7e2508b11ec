"""The demo's accounts: everybody's name, roles, areas and unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.accounts.passwords import hash_password
from server.accounts.people import add_person
from server.catalog.models import Unit
from server.catalog.publishing import publish_unit
from server.demo.divisions import DISTRICT, STREETS, community_code
from server.demo.ids import demo_id
from server.demo.units import CONTRACTORS, CREWS, UNITS
from sync.roles import Role

PASSWORD = "xuncheng-demo"

_OFFICERS = [
    "刘志强",
    "陈晓燕",
    "王建军",
    "李婷",
    "周海波",
    "黄丽萍",
    "肖文斌",
    "曾庆华",
    "郭志勇",
    "罗小琴",
    "彭伟",
    "胡雪梅",
]
_ASSISTANTS = ("邓小龙", "欧阳敏", "谢卫东")
_SQUAD_LEADERS = ("宋国平", "尹建华", "康志明")
_CLERKS = ["李秀英", "张慧", "刘芳", "吴晓明", "郑建国", "何静", "许峰", "杨帆", "邹国强", "廖玲"]
_HANDLERS = [
    "段永福",
    "钟家旺",
    "匡小军",
    "罗水生",
    "毛德胜",
    "易桂花",
    "梁宏",
    "涂志高",
    "阮文涛",
    "熊大勇",
]
_CREW_HANDLERS = ["戴小平", "贺春生", "龙建平", "温桂香", "郭铁牛"]


@dataclass(frozen=True)
class Account:
    username: str
    name: str
    roles: tuple[Role, ...]
    areas: tuple[str, ...] = ()
    unit_id: str | None = None
    certificate_no: str | None = None

    @property
    def id(self) -> str:
        return demo_id("person", self.username)


def accounts() -> tuple[Account, ...]:
    """Return every account of the demo."""
    return (*_field(), *_desk(), *_of_units())


def fill_people(session: Session, now: datetime) -> None:
    """Add every account, and make each unit's clerk its head for escalations."""
    password_hash = hash_password(PASSWORD)  # slow on purpose: once for all of them
    for account in accounts():
        add_person(
            session,
            account.username,
            account.name,
            PASSWORD,
            account.roles,
            account.areas,
            account.unit_id,
            now,
            demo=True,
            person_id=account.id,
            certificate_no=account.certificate_no,
            password_hash=password_hash,
        )
    for number, unit in enumerate(UNITS, 1):
        row = session.get_one(Unit, unit.id)
        row.head_person_id = demo_id("person", f"unit{number}")
        row.version += 1
        publish_unit(session, row, now)


def walkers() -> dict[str, str]:
    """Return the officer's id per community code: each walks one community."""
    codes = [community_code(street, each) for street in STREETS for each in street.communities]
    return {code: demo_id("person", f"officer{n}") for n, code in enumerate(codes, 1)}


def _field() -> Iterator[Account]:
    for n, name in enumerate(_OFFICERS, 1):
        street = STREETS[(n - 1) // 4].code
        number = f"{DISTRICT}{2019 + n % 5}{n:04d}"
        yield Account(f"officer{n}", name, (Role.OFFICER,), (street,), None, number)
    for n, name in enumerate(_ASSISTANTS, 1):
        roles = (Role.ASSISTANT, Role.COLLECTOR)
        yield Account(f"assistant{n}", name, roles, (STREETS[n - 1].code,))
    for n, name in enumerate(_SQUAD_LEADERS, 1):
        number = f"{DISTRICT}2016{n:04d}"
        roles = (Role.SQUAD_LEADER, Role.OFFICER)
        yield Account(f"squad{n}", name, roles, (STREETS[n - 1].code,), None, number)


def _desk() -> Iterator[Account]:
    for username, name, role in (
        ("leader1", "萧国华", Role.LEADER),
        ("acceptor1", "曹丽娟", Role.ACCEPTOR),
        ("dispatcher1", "袁明", Role.DISPATCHER),
        ("assessor1", "蒋小红", Role.ASSESSOR),
        ("sanitation1", "严卫民", Role.SANITATION_HEAD),
        ("supervisor1", "章志刚", Role.SUPERVISOR),
        ("reviewer1", "聂雯", Role.REVIEWER),
        ("admin1", "江涛", Role.ADMIN),
    ):
        yield Account(username, name, (role,), (DISTRICT,))


def _of_units() -> Iterator[Account]:
    for n, (name, unit) in enumerate(zip(_CLERKS, UNITS, strict=True), 1):
        yield Account(f"unit{n}", name, (Role.UNIT_CLERK,), (), unit.id)
    for n, (name, unit) in enumerate(zip(_HANDLERS, UNITS, strict=True), 1):
        yield Account(f"crew{n}", name, (Role.HANDLER,), (), unit.id)
    for n, (name, unit) in enumerate(zip(_CREW_HANDLERS, CREWS, strict=True), len(UNITS) + 1):
        yield Account(f"crew{n}", name, (Role.HANDLER,), (), unit.id)
    yield Account("contractor1", "高金贵", (Role.CONTRACTOR,), (), CONTRACTORS[0].id)
