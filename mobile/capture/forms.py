"""What is wrong with a form, said before it is saved, by the same schemas as the server's.

Rules beyond the shape (photos that a step needs, reasons, quantities) are those of
`docs/protocol.md`, Kinds and bodies; the values are codes of `sync.errors.CATALOGUE` or the
messages of `sync.checks`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from mobile.capture.drafts import Draft
from mobile.store.catalog import category, conditions
from mobile.store.person_store import PersonStore
from sync.bodies import (
    Body,
    CaseCheck,
    CaseHandle,
    CaseReport,
    CheckResult,
    HandleStep,
    UnknownBody,
)
from sync.errors import Malformed
from sync.messages import MAX_PHOTO_BYTES, PhotoRole
from sync.schemas import load_body

Wrong = dict[str, tuple[str, ...]]

_NEED_REASON = frozenset({HandleStep.RETURN, HandleStep.ASK_EXTENSION, HandleStep.ASK_SUSPENSION})
_FIRST_PLAUSIBLE_YEAR = 2020


def check_form(store: PersonStore, draft: Draft, now: datetime) -> Wrong:
    """Return what is wrong, per field; empty when the draft can be saved. `now` is aware."""
    try:
        body = load_body(draft.kind, dict(draft.body))
    except Malformed as malformed:
        return {path: tuple(said) for path, said in malformed.fields.items()}
    wrong = _photos(draft)
    if now.year < _FIRST_PLAUSIBLE_YEAR:
        wrong["observed_at"] = ("implausible_time",)
    return wrong | _RULES.get(type(body), _nothing)(store, draft, body)


def _nothing(_store: PersonStore, _draft: Draft, _body: Body | UnknownBody) -> Wrong:
    return {}


def _report(store: PersonStore, draft: Draft, body: Body | UnknownBody) -> Wrong:
    assert isinstance(body, CaseReport)
    wrong: Wrong = {}
    chosen = category(store, body.category)
    if chosen is None:
        return {"category": ("unknown_category",)}
    known = {condition.code for condition in conditions(store, body.category)}
    if body.condition is not None and body.condition not in known:
        wrong["condition"] = ("unknown_condition",)
    if chosen.quantity_required and body.quantity is None:
        wrong["quantity"] = ("quantity_required",)
    if body.quantity is not None and body.quantity <= 0:
        wrong["quantity"] = ("out_of_range",)
    roles = _roles(draft)
    if not roles:
        wrong["photos"] = ("photo_required",)
    elif body.handled_on_spot and PhotoRole.AFTER not in roles:
        wrong["photos.after"] = ("photo_required",)
    return wrong


def _check(_store: PersonStore, draft: Draft, body: Body | UnknownBody) -> Wrong:
    assert isinstance(body, CaseCheck)
    wrong: Wrong = {}
    if PhotoRole.AFTER not in _roles(draft):
        wrong["photos"] = ("photo_required",)
    if body.result is CheckResult.FAIL and not body.note.strip():
        wrong["note"] = ("reason_required",)
    return wrong


def _handle(_store: PersonStore, draft: Draft, body: Body | UnknownBody) -> Wrong:
    assert isinstance(body, CaseHandle)
    wrong: Wrong = {}
    if body.step in _NEED_REASON and not body.reason.strip():
        wrong["reason"] = ("reason_required",)
    if body.step is HandleStep.DONE and PhotoRole.AFTER not in _roles(draft):
        wrong["photos.after"] = ("photo_required",)
    if body.step is HandleStep.ASK_SUSPENSION and body.until is None:
        wrong["until"] = ("date_required",)
    if body.quantity is not None and body.quantity < 0:
        wrong["quantity"] = ("out_of_range",)
    return wrong


def _photos(draft: Draft) -> Wrong:
    wrong: Wrong = {}
    for place, photo in enumerate(draft.photos):
        if photo.ref.bytes == 0:
            wrong[f"photos.{place}"] = ("photo_empty",)
        elif photo.ref.bytes > MAX_PHOTO_BYTES:
            wrong[f"photos.{place}"] = ("photo_too_large",)
    return wrong


def _roles(draft: Draft) -> Sequence[PhotoRole]:
    return [photo.ref.role for photo in draft.photos]


_Rule = Callable[[PersonStore, Draft, Body | UnknownBody], Wrong]
_RULES: dict[type, _Rule] = {CaseReport: _report, CaseCheck: _check, CaseHandle: _handle}
