"""The shapes of pull, for the API document."""

from marshmallow import Schema, fields

from server.accounts.schemas import Envelope


class RowAnswer(Schema):
    scope = fields.String(required=True)
    seq = fields.Integer(required=True)
    entity = fields.String(required=True)
    id = fields.String(required=True)
    version = fields.Integer(required=True)
    deleted = fields.Boolean(required=True)
    reason = fields.String(metadata={"enum": ["left"]})
    data = fields.Dict()


class DigestAnswer(Schema):
    count = fields.Integer(required=True)
    digest = fields.String(required=True, metadata={"pattern": "^[0-9a-f]{64}$"})


class PullAnswer(Envelope):
    rows = fields.List(fields.Nested(RowAnswer), required=True)
    cursor = fields.String(required=True)
    more = fields.Boolean(required=True)
    requests = fields.List(fields.String(), required=True)
    scopes = fields.List(fields.String(), required=True)
    digests = fields.Dict(keys=fields.String(), values=fields.Nested(DigestAnswer))
