"""Taking a list away as a file."""

from flask import Response, request, send_file

from server import clock
from server.cases import queries
from server.console import filters
from server.console.blueprint import bp
from server.console.export import MOST_ROWS, write_cases
from server.console.names import names_for
from server.console.security import page_settings
from server.console.visitor import requires, visitor
from server.db import db

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/cases/export.xlsx")
@requires()
def export() -> Response:
    """The list at this address as an Excel file, with the same filters and order."""
    zone, now, session = page_settings().timezone, clock.now(), db.session()
    asked = filters.read_filter(request.args, zone)
    cases = queries.each_case(session, visitor(), asked.wanted, now, MOST_ROWS)
    file = write_cases(cases, names_for(session), zone)
    name = f"xuncheng-{now.astimezone(zone):%Y%m%d-%H%M}.xlsx"
    return send_file(file, _XLSX, as_attachment=True, download_name=name)
