"""What is wrong with a report, in the words of the field that it came in."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from server.areas.locating import district_code, in_territory, locate
from server.areas.models import Area
from server.cases.recording import Hand
from server.cases.rules import (
    MAX_AREA_M2,
    MAX_QUANTITY,
    corrected,
    in_range,
    plausible_time,
)
from server.catalog import lookup
from server.catalog.lookup import CategoryInfo
from sync.errors import Refused
from sync.messages import Location, PhotoRef, PhotoRole


@dataclass(frozen=True)
class Spot:
    """Where a case lies: its grid and community, if in any, and its street or district."""

    area_code: str
    grid_code: str | None = None
    community_code: str | None = None


def check_time(hand: Hand) -> None:
    """Refuse what was observed in 1970 or will be tomorrow: `implausible_time`."""
    actor = hand.actor
    if actor is None or actor.observed_at is None:
        return
    moment = corrected(actor.observed_at, actor.clock_skew_ms, hand.now) or actor.observed_at
    if not plausible_time(moment, hand.now):
        message = "记录时间不合理，请检查手机时间"
        raise Refused("implausible_time", fields={"observed_at": [message]})


def known_category(session: Session, key: str) -> CategoryInfo:
    """Return an enabled category, or refuse with `unknown_category`."""
    found = lookup.category(session, key)
    if found is None or not found.enabled:
        raise Refused("unknown_category", fields={"category": ["没有这个问题类别"]})
    return found


def known_condition(session: Session, category_key: str, code: str | None) -> str | None:
    """Return the condition's code, the category's default for none, or `unknown_condition`."""
    found = lookup.condition(session, category_key, code)
    if found is None and code is not None:
        raise Refused("unknown_condition", fields={"condition": ["该类别没有这个立案条件"]})
    return found.code if found else None


def check_quantity(
    category: CategoryInfo, quantity: Decimal | None, area_m2: Decimal | None = None
) -> None:
    """Refuse a missing quantity where the category needs one, and any that cannot be."""
    if category.quantity_required and quantity is None:
        raise Refused("quantity_required", fields={"quantity": ["请填写数量"]})
    check_range("quantity", quantity, MAX_QUANTITY)
    check_range("area_m2", area_m2, MAX_AREA_M2)


def check_range(name: str, amount: Decimal | None, most: Decimal = MAX_QUANTITY) -> None:
    if not in_range(amount, most):
        raise Refused("out_of_range", fields={name: ["数值超出允许范围"]})


def check_place(session: Session, location: Location | None) -> None:
    """Refuse a point that cannot be this district's: `outside_territory`."""
    if location is not None and not in_territory(session, location.lat, location.lon):
        message = "坐标不在辖区范围内，请检查定位"
        raise Refused("outside_territory", fields={"location": [message]})


def find_spot(session: Session, location: Location | None, fallback: tuple[str, ...]) -> Spot:
    """Return where a point lies. Without one: the reporter's street if there is just one.

    A point in no grid is accepted; outside every street it is the district's.
    """
    district = district_code(session) or next((code[:6] for code in fallback), "")
    if location is None:
        streets = [code for code in fallback if len(code) == 9]
        return Spot(streets[0] if len(streets) == 1 else district)
    place = locate(session, location.lat, location.lon)
    return Spot(
        place.street_code or district,
        place.grid_code,
        place.community_code,
    )


def named_area(session: Session, code: str) -> Spot:
    """Return the street or district that a clerk picked for a case without a point."""
    area = session.get(Area, code)
    if area is None or area.level not in ("street", "district"):
        raise Refused("invalid", fields={"area_code": ["没有这个街道"]})
    return Spot(area.code)


def require_after_photo(photos: tuple[PhotoRef, ...]) -> None:
    """Refuse work reported done without a picture of it: `photo_required`."""
    if not any(photo.role == PhotoRole.AFTER for photo in photos):
        raise Refused("photo_required", fields={"photos": ["缺少处置后的照片"]})
