"""What travels in sign-in and its relatives."""

from dataclasses import dataclass

from marshmallow import Schema, fields

from server.accounts.sessions import DeviceCard
from sync.fields import Part, Text, Uuid, Whole
from sync.schemas import StrictSchema


@dataclass(frozen=True)
class SignIn:
    username: str
    password: str
    device: DeviceCard


@dataclass(frozen=True)
class Renewal:
    refresh_token: str


@dataclass(frozen=True)
class NewPassword:
    old_password: str
    new_password: str


class DeviceSchema(StrictSchema):
    makes = DeviceCard
    id = Uuid(required=True)
    name = Text(required=True, longest=128)
    app_version = Text(required=True, longest=32)
    protocol = Whole(required=True, most=1_000_000)


class SignInSchema(StrictSchema):
    makes = SignIn
    username = Text(required=True, longest=64)
    password = Text(required=True, longest=256)
    device = Part(DeviceSchema, required=True)


class RenewalSchema(StrictSchema):
    makes = Renewal
    refresh_token = Text(required=True, longest=2048)


class NewPasswordSchema(StrictSchema):
    makes = NewPassword
    old_password = Text(required=True, longest=256)
    new_password = Text(required=True, longest=256)


class Envelope(Schema):
    """What every JSON answer carries."""

    server_time = fields.AwareDateTime(required=True)
    epoch = fields.String(required=True, allow_none=True)


class PersonAnswer(Schema):
    id = fields.String(required=True)
    username = fields.String(required=True)
    name = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    areas = fields.List(fields.String(), required=True)
    unit_id = fields.String(required=True, allow_none=True)
    certificate_no = fields.String(allow_none=True)
    language = fields.String()


class TokensAnswer(Envelope):
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(required=True)


class SignInAnswer(TokensAnswer):
    last_n = fields.Integer(required=True)
    person = fields.Nested(PersonAnswer, required=True)


class PlainAnswer(Envelope):
    """Nothing but the envelope."""
