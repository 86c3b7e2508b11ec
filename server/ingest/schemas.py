"""The shapes of a push and its receipts, for the API document; reading is in `envelope`."""

from marshmallow import Schema, fields

from server.accounts.schemas import Envelope
from server.describe import ErrorDetail
from server.ingest.envelope import HeadSchema
from sync.messages import Outcome
from sync.schemas import ChangeSchema


class PushBody(HeadSchema):
    changes = fields.List(fields.Nested(ChangeSchema), required=True)


class ReceiptAnswer(Schema):
    change_id = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, metadata={"enum": [str(one) for one in Outcome]})
    record_id = fields.String()
    version = fields.Integer()
    first = fields.Dict(metadata={"description": "the receipt given before, of a duplicate"})
    error = fields.Nested(ErrorDetail)
    conflicts = fields.List(
        fields.String(), metadata={"description": "fields that are kept and not in force"}
    )
    index = fields.Integer(metadata={"description": "place in the push, without a readable id"})


class PushAnswer(Envelope):
    receipts = fields.List(fields.Nested(ReceiptAnswer), required=True)
