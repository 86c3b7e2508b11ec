"""A list as an Excel file, with every cell that a spreadsheet could run made harmless."""

import tempfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

import xlsxwriter
from flask_babel import gettext as _

from server.cases.models import Case
from server.console import words
from server.console.names import Names

MOST_ROWS = 100_000
_RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | float | datetime | None


def write_cases(cases: Iterable[Case], names: Names, zone: ZoneInfo) -> IO[bytes]:
    """Return an open temporary file with one line per case, written row by row.

    Times are local. The caller closes the file.
    """
    file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115  handed to the response
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(file, options)
    sheet = book.add_worksheet(_("案件"))
    bold = book.add_format({"bold": True, "bg_color": "#E5EFFC", "bottom": 1})
    time_format = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.freeze_panes(1, 1)
    for column, (title, width) in enumerate(_columns()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, bold)
    row = 0
    for row, case in enumerate(cases, start=1):
        for column, value in enumerate(_cells(case, names, zone)):
            if isinstance(value, datetime):
                sheet.write_datetime(row, column, value, time_format)
            elif isinstance(value, int | float):
                sheet.write_number(row, column, value)
            elif value:
                sheet.write_string(row, column, harmless(value))
    sheet.autofilter(0, 0, max(row, 1), len(_columns()) - 1)
    book.close()
    file.seek(0)
    return file


def harmless(text: str) -> str:
    """Return `text` so that no spreadsheet runs it, not even after being saved as CSV (OWASP)."""
    return "'" + text if text.startswith(_RUNS_AS_FORMULA) else text


def _columns() -> list[tuple[str, int]]:
    return [
        (_("案件编号"), 18),
        (_("状态"), 10),
        (_("类别代码"), 10),
        (_("类别"), 20),
        (_("立案条件"), 30),
        (_("描述"), 36),
        (_("地点"), 32),
        (_("街道"), 14),
        (_("社区"), 14),
        (_("网格"), 18),
        (_("责任单位"), 20),
        (_("来源"), 12),
        (_("数量"), 8),
        (_("计量单位"), 8),
        (_("上报时间"), 17),
        (_("立案时间"), 17),
        (_("派遣时间"), 17),
        (_("处置时限"), 17),
        (_("完成时间"), 17),
        (_("结案时间"), 17),
        (_("超时"), 6),
        (_("返工次数"), 8),
        (_("延期次数"), 8),
        (_("退回次数"), 8),
        (_("经度"), 11),
        (_("纬度"), 11),
    ]


def _cells(case: Case, names: Names, zone: ZoneInfo) -> list[Cell]:
    def local(instant: datetime | None) -> datetime | None:
        return instant.astimezone(zone).replace(tzinfo=None) if instant else None

    return [
        case.number,
        words.state_name(case.state),
        case.category_key,
        names.category(case.category_key),
        names.condition(case.category_key, case.condition_code),
        case.description,
        case.address,
        names.area(case.area_code),
        names.area(case.community_code),
        case.grid_code,
        names.unit(case.unit_id),
        words.source_name(case.source),
        case.quantity,
        case.unit_of_measure,
        local(case.reported_at),
        local(case.filed_at),
        local(case.dispatched_at),
        local(case.due_at),
        local(case.done_at),
        local(case.closed_at),
        words.yes_no(case.overdue_at is not None and not case.overdue_excused),
        case.rework,
        case.extensions,
        case.returns,
        case.lon,
        case.lat,
    ]
