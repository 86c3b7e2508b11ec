"""Feed rows of divisions, grids, control zones, vending points and beats.

`area` rows belong to scope `catalog`, the others to `area:<street>` and a beat to its person.
Whoever changes a grid, zone or vending point also publishes its street's `area` row, because the
maps that processes keep are as new as scope `catalog` is (`server.feed.caching`).
"""

from datetime import datetime

from sqlalchemy.orm import Session

from server.areas.models import Area, Beat, ControlZone, Grid, VendingPoint
from server.feed import publish
from server.feed.caching import CATALOG_SCOPE


def area_scope(code: str) -> str:
    """Return the scope of a street (nine digits) or of a district's cases outside all streets."""
    return f"area:{code}"


def publish_area(session: Session, row: Area, now: datetime) -> None:
    data = {
        "code": row.code,
        "name": row.name,
        "name_en": row.name_en,
        "level": row.level,
        "parent": row.parent_code,
        "polygon": row.polygon,
    }
    publish(session, CATALOG_SCOPE, "area", row.code, row.version, data, now)


def publish_grid(session: Session, row: Grid, now: datetime) -> None:
    data = {
        "code": row.code,
        "name": row.name,
        "community": row.community_code,
        "street": row.street_code,
        "polygon": row.polygon,
    }
    publish(session, area_scope(row.street_code), "grid", row.code, row.version, data, now)


def publish_control_zone(session: Session, row: ControlZone, now: datetime) -> None:
    data = {
        "name": row.name,
        "level": row.level,
        "street": row.street_code,
        "polygon": row.polygon,
    }
    scope = area_scope(row.street_code)
    publish(session, scope, "control_zone", row.id, row.version, data, now)


def publish_vending_point(session: Session, row: VendingPoint, now: datetime) -> None:
    """Show where and when (local `HH:MM`) vendors of which categories are allowed."""
    data = {
        "name": row.name,
        "street": row.street_code,
        "polygon": row.polygon,
        "hours": row.hours,
        "categories": row.category_keys,
    }
    scope = area_scope(row.street_code)
    publish(session, scope, "vending_point", row.id, row.version, data, now)


def publish_beat(session: Session, row: Beat, now: datetime) -> None:
    """Show a beat to the person who walks it; a beat of nobody is shown to nobody."""
    if row.person_id is None:
        return
    data = {
        "name": row.name,
        "street": row.street_code,
        "grids": row.grid_codes,
        "lat": row.lat,
        "lon": row.lon,
        "active": row.active,
    }
    publish(session, f"person:{row.person_id}", "beat", row.id, row.version, data, now)
