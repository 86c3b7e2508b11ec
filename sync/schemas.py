"""The contract of what travels in a push: one schema per shape, loaded into frozen dataclasses.

Unknown fields are left out of what is loaded and kept in what is stored (`docs/protocol.md`, Push).
`schema.makes` is the class that a schema loads into.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load

from sync import bodies, checks
from sync.bodies import Body, CheckResult, HandleStep, Kind, PremisesStatus, UnknownBody
from sync.errors import Fields, Malformed
from sync.fields import (
    Anything,
    Choice,
    Crs,
    InstantText,
    Number,
    Part,
    Quantity,
    Several,
    Sha256,
    Text,
    Uuid,
    Whole,
    YesNo,
    worded,
)
from sync.messages import Change, Json, Location, PhotoRef, PhotoRole

MAX_PHOTOS = 50
MAX_TRACK = 20_000


class StrictSchema(Schema):
    """Keeps to the wire's rules: unknown fields are let be, null stands for absent."""

    makes: ClassVar[type]
    error_messages = {  # noqa: RUF012
        "type": checks.NOT_OBJECT
    }

    class Meta:
        unknown = EXCLUDE

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> Any:
        return self.makes(**{name: value for name, value in data.items() if value is not None})


class LocationSchema(StrictSchema):
    makes = Location
    lat = Number(required=True, least=-90, most=90)
    lon = Number(required=True, least=-180, most=180)
    accuracy_m = Number(least=0, most=10_000_000)
    crs = Crs()
    provider = Text(longest=24)
    mock = YesNo()

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> Location:
        known = {name: data[name] for name in data if name != "crs" and data[name] is not None}
        return Location(**known)


class PhotoRefSchema(StrictSchema):
    makes = PhotoRef
    sha256 = Sha256(required=True)
    bytes = Whole(required=True, most=2**53)
    type = Text(required=True, longest=64)
    role = Choice(PhotoRole, required=True)
    finding = Text(longest=36)
    taken_at = InstantText()
    lat = Number(least=-90, most=90)
    lon = Number(least=-180, most=180)
    accuracy_m = Number(least=0, most=10_000_000)


class ClockSchema(StrictSchema):
    """`offset_ms` is what the device adds to its own clock to get the server's."""

    makes = dict
    offset_ms = Whole(least=-(2**53), most=2**53)
    uptime_ms = Whole(most=2**53)
    synced_at = InstantText()


class ChangeSchema(StrictSchema):
    makes = Change
    id = Uuid(required=True)
    n = Whole(required=True, least=1)
    kind = Text(required=True, longest=32)
    record_id = Uuid(required=True)
    previous = Uuid()
    replaces = Uuid()
    base_version = Whole()
    schema = Whole(least=1, most=1_000_000)
    observed_at = InstantText(required=True)
    clock = Part(ClockSchema)
    body = Anything(required=True)
    photos = Several(Part(PhotoRefSchema, required=True), most=MAX_PHOTOS)


class CaseReportSchema(StrictSchema):
    makes = bodies.CaseReport
    category = Text(required=True, longest=32)
    condition = Text(longest=64)
    description = Text()
    location = Part(LocationSchema)
    address = Text(longest=256)
    quantity = Quantity()
    unit_of_measure = Text(longest=8)
    area_m2 = Quantity()
    premises_id = Uuid()
    campaign_id = Uuid()
    handled_on_spot = YesNo()
    second_officer_id = Uuid()


class CaseVerifySchema(StrictSchema):
    makes = bodies.CaseVerify
    exists = YesNo(required=True)
    note = Text()
    location = Part(LocationSchema)


class CaseCheckSchema(StrictSchema):
    makes = bodies.CaseCheck
    result = Choice(CheckResult, required=True)
    note = Text()
    location = Part(LocationSchema)


class CaseHandleSchema(StrictSchema):
    makes = bodies.CaseHandle
    step = Choice(HandleStep, required=True)
    reason = Text()
    quantity = Quantity()
    until = InstantText()
    note = Text()


@worded
class TrackPoint(fields.Tuple):
    """[t, lat, lon, accuracy_m]; t in seconds since 1970."""

    def __init__(self, **kwargs: Any) -> None:
        parts = (
            Number(required=True, least=0, most=2**40),
            Number(required=True, least=-90, most=90),
            Number(required=True, least=-180, most=180),
            Number(required=True, least=0, most=10_000_000),
        )
        super().__init__(parts, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list) or len(value) != 4:
            raise ValidationError(checks.NOT_LIST)
        return super()._deserialize(value, *args, **kwargs)


class PatrolRecordSchema(StrictSchema):
    makes = bodies.PatrolRecord
    started_at = InstantText(required=True)
    ended_at = InstantText()
    shift = Text(longest=16)
    beat = Text(longest=36)
    track = Several(TrackPoint(required=True), most=MAX_TRACK)
    log = Several(Anything(required=True), most=2000)


class PositionReportSchema(StrictSchema):
    makes = bodies.PositionReport
    location = Part(LocationSchema, required=True)


class WorkRecordSchema(StrictSchema):
    makes = bodies.WorkRecordBody
    work_type = Text(required=True, longest=32)
    quantity = Quantity(required=True)
    unit_of_measure = Text(required=True, longest=8)
    object = Text(longest=64)
    campaign_id = Uuid()
    note = Text()
    location = Part(LocationSchema)


class PremisesRegisterSchema(StrictSchema):
    makes = bodies.PremisesRegister
    name = Text(required=True, longest=128)
    address = Text(required=True, longest=256)
    trade = Text(required=True, longest=24)
    location = Part(LocationSchema, required=True)
    operator_name = Text(longest=64)
    operator_phone = Text(longest=32)
    licence_no = Text(longest=32)


class PremisesFieldsSchema(StrictSchema):
    makes = bodies.PremisesFields
    name = Text(longest=128)
    address = Text(longest=256)
    trade = Text(longest=24)
    location = Part(LocationSchema)
    operator_name = Text(longest=64)
    operator_phone = Text(longest=32)
    licence_no = Text(longest=32)
    status = Choice(PremisesStatus)


class PremisesUpdateSchema(StrictSchema):
    makes = bodies.PremisesUpdate
    set = Part(PremisesFieldsSchema, required=True)


class ChangeWithdrawSchema(StrictSchema):
    makes = bodies.ChangeWithdraw
    change_id = Uuid(required=True)
    reason = Text()


BODY_SCHEMAS: dict[Kind, type[StrictSchema]] = {
    Kind.CASE_REPORT: CaseReportSchema,
    Kind.CASE_VERIFY: CaseVerifySchema,
    Kind.CASE_CHECK: CaseCheckSchema,
    Kind.CASE_HANDLE: CaseHandleSchema,
    Kind.PATROL_RECORD: PatrolRecordSchema,
    Kind.POSITION_REPORT: PositionReportSchema,
    Kind.WORK_RECORD: WorkRecordSchema,
    Kind.PREMISES_REGISTER: PremisesRegisterSchema,
    Kind.PREMISES_UPDATE: PremisesUpdateSchema,
    Kind.CHANGE_WITHDRAW: ChangeWithdrawSchema,
}

_CHANGE = ChangeSchema()
_BODIES = {kind: schema() for kind, schema in BODY_SCHEMAS.items()}


def load_change(raw: object) -> Change:
    """Return the envelope of a change. Raises `Malformed` with the fields that are wrong."""
    return load(_CHANGE, raw)  # type: ignore[no-any-return]


def load_body(kind: str, raw: Json) -> Body | UnknownBody:
    """Return the body of a change of `kind`; of an unknown kind, the body as it came.

    Raises `Malformed` with the fields that are wrong.
    """
    if kind not in _BODIES:
        return UnknownBody(raw)
    return load(_BODIES[Kind(kind)], raw)  # type: ignore[no-any-return]


def load(schema: Schema, raw: object) -> Any:
    """Load `raw` by `schema`. Raises `Malformed`, its fields as paths such as `photos.0.bytes`.

    Its code is `out_of_range` when nothing but the size of numbers is wrong.
    """
    if not isinstance(raw, dict):
        raise Malformed("malformed", fields={"": [checks.NOT_OBJECT]})
    try:
        return schema.load(raw)
    except ValidationError as error:
        wrong = flatten(error.messages)
        only_range = all(said == [checks.OUT_OF_RANGE] for said in wrong.values())
        raise Malformed("out_of_range" if only_range else "malformed", fields=wrong) from None


def flatten(messages: Any, path: str = "") -> Fields:
    """Turn marshmallow's nested messages into {path: [message]}."""
    if isinstance(messages, Mapping):
        flat: dict[str, Sequence[str]] = {}
        for key, inner in messages.items():
            here = path if key == "_schema" else f"{path}.{key}".lstrip(".")
            flat.update(flatten(inner, here))
        return flat
    return {path: [str(message) for message in messages]}
