"""What makes a single value acceptable, on both sides: instants, hashes, ids, numbers, texts.

Messages are source texts (Chinese); whoever shows them translates them.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal

from sync.ids import is_uuid

REQUIRED = "缺少此项"
NOT_NULL = "不能为空"
NOT_TEXT = "应为文本"
TEXT_TOO_LONG = "文字过长"
NUL_IN_TEXT = "含有无效字符"
NOT_WHOLE = "应为整数"
NOT_NUMBER = "应为数字"
NOT_YES_NO = "应为是或否"
NOT_OBJECT = "应为对象"
NOT_LIST = "应为列表"
TOO_MANY = "项目过多"
NOT_UUID = "应为 UUID"
NOT_INSTANT = "应为带时区的时间（RFC 3339）"
NOT_SHA256 = "应为 64 位小写十六进制"
NOT_A_CHOICE = "不在可选范围内"
OUT_OF_RANGE = "数值超出允许范围"
NOT_WGS84 = "坐标系应为 WGS84"

__all__ = ["is_instant", "is_sha256", "is_uuid", "parse_instant", "parse_quantity"]

MESSAGES = (
    REQUIRED,
    NOT_NULL,
    NOT_TEXT,
    TEXT_TOO_LONG,
    NUL_IN_TEXT,
    NOT_WHOLE,
    NOT_NUMBER,
    NOT_YES_NO,
    NOT_OBJECT,
    NOT_LIST,
    TOO_MANY,
    NOT_UUID,
    NOT_INSTANT,
    NOT_SHA256,
    NOT_A_CHOICE,
    OUT_OF_RANGE,
    NOT_WGS84,
)

LARGEST_WHOLE = 2**63 - 1
LARGEST_QUANTITY = Decimal(10**9)

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DECIMAL = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")


def parse_instant(text: str) -> datetime | None:
    """Return the aware instant that RFC 3339 `text` names, or None when it names none."""
    if not _INSTANT.fullmatch(text):
        return None
    if text[19:20] == ".":  # Python 3.11 reads three or six digits of a second, RFC 3339 any number
        end = 20
        while text[end].isdigit():
            end += 1
        text = text[:20] + text[20:end][:6].ljust(6, "0") + text[end:]
    try:
        instant = datetime.fromisoformat(text.upper())
        instant.astimezone(UTC)  # near the years 1 and 9999 an offset leads out of the calendar
    except (ValueError, OverflowError):
        return None
    return instant


def is_instant(text: str) -> bool:
    return parse_instant(text) is not None


def is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def parse_quantity(value: object) -> Decimal | None:
    """Return a count or measure given as a JSON number or a decimal string, else None.

    At most 12 digits before and 6 after the point; the range is checked by the caller.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    number = Decimal(str(value))
    return number if number.is_finite() and abs(number) < 10**12 else None
