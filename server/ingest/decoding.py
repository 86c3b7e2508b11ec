"""The fast way from JSON to changes, generated from the schemas of `sync.schemas`.

msgspec takes some 5 µs a record where marshmallow takes 170. It may only say yes: what it refuses
goes to the schema, which finds the words for what is wrong. `tests/contracts/test_schemas_agree.py`
proves that both accept and refuse alike.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from marshmallow import fields
from msgspec import Meta

from sync import schemas
from sync.bodies import Body, UnknownBody
from sync.checks import LARGEST_QUANTITY, parse_quantity
from sync.errors import Malformed
from sync.fields import (
    Anything,
    Choice,
    Number,
    Part,
    Quantity,
    Several,
    Text,
    Whole,
    YesNo,
)
from sync.messages import Change, Json
from sync.schemas import BODY_SCHEMAS, ChangeSchema, StrictSchema, TrackPoint

_NO_NUL = "^[^\0]*\\Z"
Finish = Callable[[Any], Any]


def decode_change(raw: object) -> Change:
    """Return the envelope of a change. Raises `Malformed` as `sync.schemas.load_change` does."""
    try:
        return _CHANGE(raw)  # type: ignore[no-any-return]
    except (msgspec.ValidationError, Malformed):
        return schemas.load_change(raw)


def decode_body(kind: str, raw: Json) -> Body | UnknownBody:
    """Return the body of a change. Raises `Malformed` as `sync.schemas.load_body` does."""
    decoder = _BODIES.get(kind)
    if decoder is None:
        return UnknownBody(raw)
    try:
        return decoder(raw)  # type: ignore[no-any-return]
    except (msgspec.ValidationError, Malformed):
        return schemas.load_body(kind, raw)


def decoder_of(schema: type[StrictSchema]) -> Callable[[object], Any]:
    """Return a function that loads what `schema` loads, or raises msgspec's or our own error."""
    struct, finish = _struct_of(schema)

    def decode(raw: object) -> Any:
        return finish(msgspec.convert(raw, struct))

    return decode


def _struct_of(schema: type[StrictSchema]) -> tuple[type[msgspec.Struct], Finish]:
    parts: list[Any] = []
    finishers: list[tuple[str, Finish | None]] = []
    for name, field in schema().fields.items():
        shape, finish = _type_of(field)
        parts.append((name, shape) if field.required else (name, shape | None, None))
        finishers.append((name, finish))
    # Required ones first: a Struct wants it so, and JSON has no order.
    parts.sort(key=len)
    struct = msgspec.defstruct(schema.__name__, parts, kw_only=True)
    makes = schema.makes

    def build(filled: Any) -> Any:
        given = {}
        for name, finish in finishers:
            value = getattr(filled, name)
            if value is not None:
                given[name] = value if finish is None else finish(value)
        given.pop("crs", None)  # checked, not loaded: there is only one
        return makes(**given)

    return struct, build


def _type_of(field: Any) -> tuple[Any, Finish | None]:
    """Return the msgspec type of a field, and what makes our value of msgspec's."""
    for kind, make in _MAKERS:
        if isinstance(field, kind):
            return make(field)
    raise TypeError(f"no fast decoder for {field!r}")


def _text(field: Text) -> tuple[Any, Finish | None]:
    shape = Annotated[str, Meta(max_length=field.longest, pattern=_NO_NUL)]
    if type(field) is Text:
        return shape, None

    def checked(value: str) -> str:
        if field.problem(value) is not None:
            raise Malformed("malformed")
        return value

    return shape, checked


def _range(base: type) -> Callable[[Any], tuple[Any, None]]:
    return lambda field: (Annotated[base, Meta(ge=field.least, le=field.most)], None)


def _several(field: Several) -> tuple[Any, Finish]:
    shape, finish = _type_of(field.inner)

    def each(values: list[Any]) -> tuple[Any, ...]:
        return tuple(values) if finish is None else tuple(map(finish, values))

    return Annotated[list[shape], Meta(max_length=field.most)], each  # type: ignore[valid-type]


def _track_point(field: TrackPoint) -> tuple[Any, Finish | None]:
    inner: list[fields.Field[Any]] = list(field.tuple_fields)
    shapes = tuple(_type_of(part)[0] for part in inner)
    return tuple.__class_getitem__(shapes), None


def _quantity(value: object) -> Any:
    number = parse_quantity(value)
    if number is None or not 0 <= number <= LARGEST_QUANTITY:
        raise Malformed("malformed")
    return number


# The narrower class stands before the wider one.
_MAKERS: tuple[tuple[type, Callable[[Any], tuple[Any, Finish | None]]], ...] = (
    (Choice, lambda field: (field.choices, None)),
    (Text, _text),
    (Whole, _range(int)),
    (Number, _range(float)),
    (TrackPoint, _track_point),
    (Quantity, lambda _: (int | float | str, _quantity)),
    (YesNo, lambda _: (bool, None)),
    (Anything, lambda _: (dict[str, Any], None)),
    (Several, _several),
    (Part, lambda field: _struct_of(type(field.schema))),
)
_CHANGE = decoder_of(ChangeSchema)
_BODIES: dict[str, Callable[[object], Any]] = {
    str(kind): decoder_of(schema) for kind, schema in BODY_SCHEMAS.items()
}
