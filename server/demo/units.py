"""Units of the demo district, their crews, and what each answers for."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.catalog.models import Category, Responsibility, Unit
from server.catalog.publishing import publish_category, publish_unit
from server.demo.divisions import STREETS
from server.demo.ids import demo_id


@dataclass(frozen=True)
class DemoUnit:
    """A unit; `parent` is the name of the unit that dispatches to it again (二级派遣)."""

    name: str
    name_en: str
    kind: str  # department | street | company | crew
    street_code: str | None = None
    schedule: str = "office"
    parent: str | None = None

    @property
    def id(self) -> str:
        return demo_id("unit", self.name)


# unit1 … unit10: the order is that of the demo accounts.
UNITS = (
    DemoUnit("古南镇街道办事处", "Gunanzhen Subdistrict Office", "street", "360802001"),
    DemoUnit("永叔街道办事处", "Yongshu Subdistrict Office", "street", "360802002"),
    DemoUnit("文山街道办事处", "Wenshan Subdistrict Office", "street", "360802003"),
    DemoUnit("区环境卫生管理所", "District Sanitation Office", "department"),
    DemoUnit("区市政工程管理所", "District Municipal Works Office", "department"),
    DemoUnit("区园林绿化中心", "District Parks Centre", "department", schedule="seven_days"),
    DemoUnit("交警大队吉州中队", "Traffic Police, Jizhou Squadron", "department"),
    DemoUnit("区住房和城乡建设局", "District Construction Bureau", "department"),
    DemoUnit("吉州供电中心", "Jizhou Power Supply Centre", "company", schedule="always"),
    DemoUnit("吉州供排水公司", "Jizhou Water Company", "company", schedule="always"),
)
CREWS = (
    DemoUnit("古南镇城管中队", "Gunanzhen Squad", "crew", "360802001", parent=UNITS[0].name),
    DemoUnit("永叔城管中队", "Yongshu Squad", "crew", "360802002", parent=UNITS[1].name),
    DemoUnit("文山城管中队", "Wenshan Squad", "crew", "360802003", parent=UNITS[2].name),
    DemoUnit("环卫机动班", "Mobile Sanitation Crew", "crew", None, "seven_days", UNITS[3].name),
    DemoUnit("市政抢修班", "Municipal Repair Crew", "crew", None, "always", UNITS[4].name),
)
CONTRACTORS = (
    DemoUnit("庐陵环境服务有限公司", "Luling Environment Co.", "company", parent=UNITS[3].name),
    DemoUnit("白鹭保洁有限公司", "Bailu Cleaning Co.", "company", parent=UNITS[3].name),
)

STREET_OFFICES = UNITS[:3]
# The catalogue names who answers for a category in words; the first that fits decides. What names
# an owner, an operator or another authority has no unit here: a dispatcher picks one.
_ANSWERS = (
    ("环卫", UNITS[3]),
    ("园林", UNITS[5]),
    ("交警", UNITS[6]),
    ("停车管理", UNITS[6]),
    ("施工", UNITS[7]),
    ("住建", UNITS[7]),
    ("建设", UNITS[7]),
    ("供电", UNITS[8]),
    ("路灯", UNITS[8]),
    ("供水", UNITS[9]),
    ("排水", UNITS[9]),
    ("水务", UNITS[9]),
    ("市政", UNITS[4]),
)
_STREET_WORDS = ("街道", "执法队", "社区", "城管")

# Clear-cut categories that the demo files, dispatches and closes by rule.
BY_RULE = frozenset(
    {"E06007", "E06010", "E06011", "E06012", "E06014", "E06017", "E06019", "E06029", "E06036"}
    | {"E06037", "E06042", "E07001", "E07002", "E07007", "E09001", "E09005", "E09006", "E09009"}
    | {"E09010", "E09011", "E09022", "X06995", "X06999", "X09997", "X09998", "X09999"}
)


def fill_units(session: Session, now: datetime) -> None:
    """Add units, crews and contractors."""
    for each in (*UNITS, *CREWS, *CONTRACTORS):
        row = Unit(
            id=each.id,
            name=each.name,
            name_en=each.name_en,
            kind=each.kind,
            parent_id=demo_id("unit", each.parent) if each.parent else None,
            street_code=each.street_code,
            schedule_code=each.schedule,
            active=True,
            version=1,
        )
        session.add(row)
        session.flush()
        publish_unit(session, row, now)


def fill_responsibilities(session: Session, said_of: dict[str, str], now: datetime) -> None:
    """Say who answers for what, and switch the clear-cut categories to go by rule.

    `said_of` gives, per category key, who answers for it in the seed catalogue's words.
    """
    for key, words in sorted(said_of.items()):
        session.add_all(_responsibilities(key, words))
    for key in sorted(BY_RULE):
        category = session.get_one(Category, key)
        category.auto_file = category.auto_dispatch = category.auto_close = True
        category.version += 1
        publish_category(session, category, now)


def _responsibilities(key: str, words: str) -> list[Responsibility]:
    first = min(
        ((words.find(word), unit) for word, unit in _ANSWERS if word in words),
        key=lambda found: found[0],
        default=None,
    )
    street = min((words.find(word) for word in _STREET_WORDS if word in words), default=None)
    if street is not None and (first is None or street < first[0]):
        return [
            Responsibility(category_key=key, street_code=each.code, unit_id=unit.id)
            for each, unit in zip(STREETS, STREET_OFFICES, strict=True)
        ]
    return [] if first is None else [Responsibility(category_key=key, unit_id=first[1].id)]
