"""Strict marshmallow fields: a value of another JSON type is refused, never turned into this one.

Each field knows what it accepts (`sync.checks`); messages are source texts. The server's fast
decoder (`server.ingest.decoding`) is made from these same fields.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from marshmallow import ValidationError, fields

from sync import checks

LONG_TEXT = 4000
F = TypeVar("F", bound=fields.Field[Any])


_WORDING = {
    "required": checks.REQUIRED,
    "null": checks.NOT_NULL,
    "type": checks.NOT_OBJECT,
    "invalid": checks.NOT_LIST,
}


def worded(field: type[F]) -> type[F]:
    """Give a field class our source texts in place of marshmallow's English ones."""
    field.default_error_messages = {**field.default_error_messages, **_WORDING}
    return field


@worded
class Text(fields.String):
    """Text of at most `longest` characters, without NUL (PostgreSQL cannot keep it)."""

    def __init__(self, *, longest: int = LONG_TEXT, **kwargs: Any) -> None:
        self.longest = longest
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        kwargs.setdefault("metadata", {})
        kwargs["metadata"] = {"maxLength": longest, **kwargs["metadata"]}
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(checks.NOT_TEXT)
        if len(value) > self.longest:
            raise ValidationError(checks.TEXT_TOO_LONG)
        if "\x00" in value:
            raise ValidationError(checks.NUL_IN_TEXT)
        problem = self.problem(value)
        if problem is not None:
            raise ValidationError(problem)
        return value

    def problem(self, value: str) -> str | None:
        """Return what else is wrong with `value`, or None."""
        del value
        return None


class Uuid(Text):
    """A UUID in canonical lower-case form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=36, metadata={"format": "uuid"}, **kwargs)

    def problem(self, value: str) -> str | None:
        return None if checks.is_uuid(value) else checks.NOT_UUID


class InstantText(Text):
    """An RFC 3339 time with offset, kept as the text it came as."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=40, metadata={"format": "date-time"}, **kwargs)

    def problem(self, value: str) -> str | None:
        return None if checks.is_instant(value) else checks.NOT_INSTANT


class Sha256(Text):
    """64 lower-case hexadecimal digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=64, metadata={"pattern": "^[0-9a-f]{64}$"}, **kwargs)

    def problem(self, value: str) -> str | None:
        return None if checks.is_sha256(value) else checks.NOT_SHA256


class Crs(Text):
    """The coordinate system of the wire; there is only one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=16, metadata={"enum": ["WGS84"], "nullable": True}, **kwargs)

    def problem(self, value: str) -> str | None:
        return None if value == "WGS84" else checks.NOT_WGS84


class Choice(Text):
    """One value of a StrEnum, loaded as its member."""

    def __init__(self, choices: type[StrEnum], **kwargs: Any) -> None:
        self.choices = choices
        super().__init__(longest=32, metadata={"enum": [str(one) for one in choices]}, **kwargs)

    def problem(self, value: str) -> str | None:
        return None if value in set(self.choices) else checks.NOT_A_CHOICE

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> StrEnum:
        return self.choices(super()._deserialize(value, *args, **kwargs))


@worded
class Whole(fields.Integer):
    """A JSON integer within [`least`, `most`]; 1.0 and true are not."""

    def __init__(self, *, least: int = 0, most: int = checks.LARGEST_WHOLE, **kwargs: Any) -> None:
        self.least, self.most = least, most
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        super().__init__(metadata={"minimum": least, "maximum": most}, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if type(value) is not int:
            raise ValidationError(checks.NOT_WHOLE)
        if not self.least <= value <= self.most:
            raise ValidationError(checks.OUT_OF_RANGE)
        return value


@worded
class Number(fields.Float):
    """A finite JSON number within [`least`, `most`]."""

    def __init__(self, *, least: float, most: float, **kwargs: Any) -> None:
        self.least, self.most = least, most
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        super().__init__(metadata={"minimum": least, "maximum": most}, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if type(value) not in (int, float):
            raise ValidationError(checks.NOT_NUMBER)
        if not self.least <= value <= self.most:  # false for NaN too
            raise ValidationError(checks.OUT_OF_RANGE)
        return float(value)


@worded
class Quantity(fields.Decimal):
    """A count or measure: a JSON number or a decimal string, from 0 to 1,000,000,000."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal:
        number = checks.parse_quantity(value)
        if number is None:
            raise ValidationError(checks.NOT_NUMBER)
        if not 0 <= number <= checks.LARGEST_QUANTITY:
            raise ValidationError(checks.OUT_OF_RANGE)
        return number


@worded
class YesNo(fields.Boolean):
    """A JSON boolean; 1 and "true" are not."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(checks.NOT_YES_NO)
        return value


@worded
class Anything(fields.Dict):
    """A JSON object kept as it came."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError(checks.NOT_OBJECT)
        return value


@worded
class Part(fields.Nested):
    """An object of another schema."""

    def __init__(self, nested: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        super().__init__(nested, **kwargs)


@worded
class Several(fields.List[Any]):
    """A list of at most `most` items, loaded as a tuple."""

    def __init__(self, inner: Any, *, most: int, **kwargs: Any) -> None:
        self.most = most
        kwargs.setdefault("allow_none", not kwargs.get("required", False))
        super().__init__(inner, metadata={"maxItems": most}, **kwargs)

    def _deserialize(  # type: ignore[override]
        self, value: Any, *args: Any, **kwargs: Any
    ) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValidationError(checks.NOT_LIST)
        if len(value) > self.most:
            raise ValidationError(checks.TOO_MANY)
        return tuple(super()._deserialize(value, *args, **kwargs))
