"""Feed rows of premises, lots and road sections, each in its street's scope."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.areas.publishing import area_scope
from server.feed import publish
from server.places.models import Lot, Premises, RoadSection


def publish_premises(session: Session, row: Premises, now: datetime) -> None:
    """Show a shop front. `_operator_phone` is masked by role for each reader: it is personal."""
    data = {
        "name": row.name,
        "address": row.address,
        "trade": row.trade,
        "lat": row.lat,
        "lon": row.lon,
        "grid": row.grid_code,
        "street": row.street_code,
        "operator_name": row.operator_name,
        "_operator_phone": row.operator_phone,
        "licence_no": row.licence_no,
        "status": row.status,
    }
    publish(session, area_scope(row.street_code), "premises", row.id, row.version, data, now)


def publish_lot(session: Session, row: Lot, now: datetime) -> None:
    data = {
        "name": row.name,
        "contractor_unit_id": row.contractor_unit_id,
        "street": row.street_code,
    }
    publish(session, area_scope(row.street_code), "lot", row.id, row.version, data, now)


def publish_road_section(session: Session, row: RoadSection, now: datetime) -> None:
    """Show a section: its level (1 is the best kept), area in m² and line in WGS-84."""
    data = {
        "name": row.name,
        "lot_id": row.lot_id,
        "street": row.street_code,
        "level": row.level,
        "area_m2": row.area_m2,
        "line": row.line,
    }
    publish(session, area_scope(row.street_code), "road_section", row.id, row.version, data, now)
