"""What the scripted phones report: believable bodies in the demo district, the same every time."""

import random
from dataclasses import dataclass

from sqlalchemy import select

from bench.phones import Json
from server.app import create_app
from server.areas.models import Grid
from server.catalog.models import Category, Condition
from server.config import read_settings
from server.db import db


@dataclass(frozen=True)
class District:
    """Categories with a condition each, and points inside grids (latitude, longitude)."""

    categories: tuple[tuple[str, str, str], ...]
    points: tuple[tuple[float, float], ...]

    def reports(self, number: int, seed: int) -> list[Json]:
        """Return `number` bodies of `case.report`."""
        chance = random.Random(seed)
        return [self._report(chance) for _ in range(number)]

    def _report(self, chance: random.Random) -> Json:
        key, condition, measure = chance.choice(self.categories)
        lat, lon = chance.choice(self.points)
        return {
            "category": key,
            "condition": condition,
            "description": "人行道上有占道物品，影响通行",
            "location": {
                "lat": round(lat + chance.uniform(-2e-4, 2e-4), 6),
                "lon": round(lon + chance.uniform(-2e-4, 2e-4), 6),
                "accuracy_m": 8.0,
                "crs": "WGS84",
                "provider": "gps",
                "mock": False,
            },
            "address": "井冈山大道 88 号门前",
            "quantity": "1",
            "unit_of_measure": measure,
        }


def read_district(environment: dict[str, str]) -> District:
    """Read from the server's database what may be reported and where.

    Categories that are filed and dispatched by rule, so that a report goes the whole way.
    """
    app = create_app(read_settings(environment))
    with app.app_context():
        rows = db.session.execute(
            select(Category.key, Condition.code, Category.unit_of_measure)
            .join(Condition, Condition.category_key == Category.key)
            .where(Category.auto_file, Category.auto_dispatch, ~Category.perishable)
            .where(Condition.is_default)
            .order_by(Category.key)
        ).all()
        polygons = db.session.scalars(select(Grid.polygon).order_by(Grid.code)).all()
        db.engine.dispose()
    categories = tuple((row[0], row[1], row[2]) for row in rows)
    return District(categories, tuple(_middle(polygon) for polygon in polygons))


def _middle(polygon: Json) -> tuple[float, float]:
    ring = polygon["coordinates"][0][:-1]
    return sum(lat for _, lat in ring) / len(ring), sum(lon for lon, _ in ring) / len(ring)
