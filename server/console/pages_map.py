"""The map of open cases: own polygons and points, configured tiles underneath if any."""

from flask import Response, jsonify, render_template
from sqlalchemy import select

from server import clock
from server.areas.models import Area, ControlZone, Grid, VendingPoint
from server.cases import queries
from server.cases.detail import case_photos
from server.cases.selecting import clock_of
from server.console import times, words
from server.console.blueprint import bp
from server.console.names import names_for
from server.console.visitor import requires, visitor
from server.db import db
from sync.errors import Refused


@bp.get("/map")
@requires()
def map_page() -> str:
    """Show where open cases are."""
    return render_template("console/map.html")


@bp.get("/map/cases.json")
@requires()
def map_cases() -> Response:
    """Points of open cases: [id, lat, lon, tone, category] each."""
    now, names = clock.now(), names_for(db.session())
    points = [
        {
            "id": point.id,
            "lat": point.lat,
            "lon": point.lon,
            "state": point.state,
            "tone": times.due_tone(point.clock_at, now) if point.clock_at else "calm",
            "label": f"{names.category(point.category_key)} · {words.state_name(point.state)}",
        }
        for point in queries.map_points(db.session(), visitor())
    ]
    return jsonify(points)


@bp.get("/map/areas.json")
@requires()
def map_areas() -> Response:
    """Polygons of streets, communities, grids, zones and vending points as GeoJSON."""
    session, names = db.session(), names_for(db.session())
    features = [
        _feature(row.polygon, row.level, names.area(row.code))
        for row in session.scalars(select(Area).where(Area.level != "district"))
    ]
    features += [_feature(row.polygon, "grid", row.name) for row in session.scalars(select(Grid))]
    features += [
        _feature(row.polygon, f"zone-{row.level}", row.name)
        for row in session.scalars(select(ControlZone))
    ]
    features += [
        _feature(row.polygon, "vending", row.name) for row in session.scalars(select(VendingPoint))
    ]
    response = jsonify({"type": "FeatureCollection", "features": features})
    response.headers["Cache-Control"] = "private, max-age=600"
    response.headers["Vary"] = "Cookie"
    return response


@bp.get("/map/cases/<case_id>")
@requires()
def map_panel(case_id: str) -> str:
    """One case beside the map."""
    found = queries.find_case(db.session(), visitor(), case_id)
    if found is None:
        raise Refused("not_found")
    return render_template(
        "console/map_panel.html",
        case=found,
        clock_at=clock_of(found),
        photos=case_photos(db.session(), found.id),
        names=names_for(db.session()),
    )


def _feature(polygon: object, kind: str, name: str) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": polygon,
        "properties": {"kind": kind, "name": name},
    }
