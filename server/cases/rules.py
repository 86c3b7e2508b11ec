"""What the server decides by itself about a case (pure): plausibility, filing, dispatch, merging.

Everything is an argument, the time included. Device clocks decide nothing: where an observation's
time matters it is corrected by how far the device's clock was off when it sent.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

FIRST_PLAUSIBLE_YEAR = 2020  # nothing was recorded with this system before
FUTURE_TOLERANCE = timedelta(hours=24)  # a wrong time zone on the phone is off by less
MAX_QUANTITY = Decimal(100_000)
MAX_AREA_M2 = Decimal(1_000_000)
MAX_SUSPENSION = timedelta(days=366)  # "≤ 1 year", standards §2.1

REPLY_WARNING = timedelta(hours=4)  # before a reply to a source outside is due

MERGE_WITHIN_M = 50.0
MERGE_WINDOW = timedelta(hours=24)
METRES_PER_DEGREE = 111_195.0
# Cells a little over 50 m wide (up to 55° of latitude): whatever is near lies in one of nine.
_CELL_LAT = 0.0005
_CELL_LON = 0.0008


@dataclass(frozen=True)
class StageLimit:
    """A limit that holds where the catalogue gives none."""

    value: int
    unit: str
    source: str = "default"


# Stage → limit. Standards §1.3: stages other than handling may have limits of their own.
DEFAULT_LIMITS = {
    "file": StageLimit(2, "work_hour"),
    "verify": StageLimit(4, "work_hour"),
    "dispatch": StageLimit(2, "work_hour"),
    "check": StageLimit(1, "work_day"),
    "handle": StageLimit(3, "work_day"),
}


def corrected(
    observed_at: datetime | None, clock_skew_ms: int | None, now: datetime
) -> datetime | None:
    """Return when it was observed by the server's clock.

    `clock_skew_ms` is the device's clock minus the server's as it was known when the change was
    made (ahead: positive). A clock that was set right since it was last compared makes that figure
    wrong: where it leads to an impossible time and the device's own word is possible, that stands.
    """
    if observed_at is None or clock_skew_ms is None:
        return observed_at
    try:
        moment = observed_at - timedelta(milliseconds=clock_skew_ms)
    except OverflowError:
        return observed_at
    stale = not plausible_time(moment, now) and plausible_time(observed_at, now)
    return observed_at if stale else moment


def plausible_time(moment: datetime, now: datetime) -> bool:
    """Say whether an observation can have been made then: not in 1970, not in the future."""
    return moment.year >= FIRST_PLAUSIBLE_YEAR and moment <= now + FUTURE_TOLERANCE


def in_range(amount: Decimal | None, most: Decimal) -> bool:
    """Say whether a quantity is absent, or a number above zero and not above `most`."""
    return amount is None or (amount.is_finite() and 0 < amount <= most)


def came_late(
    perishable: bool, perishable_minutes: int, corrected_at: datetime | None, now: datetime
) -> bool:
    """Say whether a perishable matter (a vendor, a parked vehicle) arrived too old to dispatch."""
    if not perishable or corrected_at is None:
        return False
    return now - corrected_at > timedelta(minutes=perishable_minutes)


def done_in_time(corrected_at: datetime | None, due_at: datetime | None, now: datetime) -> bool:
    """Say whether a done that arrived after the deadline was observed before it (超时申诉)."""
    if corrected_at is None or due_at is None:
        return False
    return corrected_at <= due_at < now


def may_file(auto_file: bool, condition_known: bool, mock_location: bool) -> bool:
    """Say whether a report is filed by rule: switched on, and nothing that a person should see."""
    return auto_file and condition_known and not mock_location


def place_cell(lat: float | None, lon: float | None) -> str | None:
    """Return the cell of a point, by which near cases are found."""
    if lat is None or lon is None:
        return None
    return f"{math.floor(lat / _CELL_LAT)}:{math.floor(lon / _CELL_LON)}"


def cells_around(lat: float, lon: float) -> tuple[str, ...]:
    """Return the nine cells in which everything within 50 m of a point lies."""
    row, column = math.floor(lat / _CELL_LAT), math.floor(lon / _CELL_LON)
    return tuple(f"{row + north}:{column + east}" for north in (-1, 0, 1) for east in (-1, 0, 1))


def near(lat: float, lon: float, other_lat: float, other_lon: float) -> bool:
    """Say whether two points are within 50 m of each other (flat earth; good at this distance)."""
    north = (other_lat - lat) * METRES_PER_DEGREE
    east = (other_lon - lon) * METRES_PER_DEGREE * math.cos(math.radians(lat))
    return math.hypot(north, east) <= MERGE_WITHIN_M


def merge_window(perishable: bool, perishable_minutes: int) -> timedelta:
    """Return how far apart two reports of one matter may be to suggest a merge 并案.

    A vendor who moved on and came back is a new matter; an unmended hole is not.
    """
    return timedelta(minutes=perishable_minutes) if perishable else MERGE_WINDOW


def next_knock(*times: datetime | None) -> datetime | None:
    """Return the earliest instant at which the sweep has something to do."""
    return min((each for each in times if each is not None), default=None)
