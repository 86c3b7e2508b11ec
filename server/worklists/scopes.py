"""Which scopes a person may hold on a device."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.areas.models import Area
from server.feed.caching import CATALOG_SCOPE, CatalogCache


def _load_streets(session: Session) -> dict[str, tuple[str, ...]]:
    """Return the street codes of each district."""
    query = select(Area.code).where(Area.level == "street").order_by(Area.code)
    streets: dict[str, tuple[str, ...]] = {}
    for code in session.scalars(query):
        district = code[:6]
        streets[district] = (*streets.get(district, ()), code)
    return streets


_STREETS = CatalogCache(_load_streets)


def scopes_of(session: Session, actor: Actor) -> list[str]:
    """Return the scopes in which `actor` may see every row.

    The catalogue; each of their streets (a district stands for itself and all its streets); their
    unit; themselves.
    """
    streets = _STREETS.get(session)
    areas = dict.fromkeys(code for area in actor.areas for code in (area, *streets.get(area, ())))
    scopes = [CATALOG_SCOPE, *(f"area:{code}" for code in areas)]
    if actor.unit_id:
        scopes.append(f"unit:{actor.unit_id}")
    return [*scopes, f"person:{actor.person_id}"]
