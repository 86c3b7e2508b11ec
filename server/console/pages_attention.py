"""同步待办: what of the phones' work waits for a supervisor, with what can be done about it."""

import json

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.accounts.models import Device, Person
from server.cases.models import Case
from server.console.blueprint import bp
from server.console.names import names_for
from server.console.navigation import ATTENTION_READERS
from server.console.visitor import requires, visitor
from server.db import db
from server.ingest import attention as desk
from server.ingest.models import ReceivedChange
from server.places.conflicts import Choice
from server.places.models import Conflict, Premises
from sync.errors import CATALOGUE, Refused
from sync.messages import Outcome

KINDS = {
    "case.report": _l("上报"),
    "case.verify": _l("核实"),
    "case.check": _l("核查"),
    "case.handle": _l("处置"),
    "patrol.record": _l("巡查记录"),
    "position.report": _l("位置"),
    "work.record": _l("工作量"),
    "premises.register": _l("门店登记"),
    "premises.update": _l("门店修改"),
    "change.withdraw": _l("撤回"),
}
FIELDS = {
    "name": _l("店名"),
    "address": _l("地址"),
    "trade": _l("业态"),
    "location": _l("位置"),
    "operator_name": _l("经营者"),
    "operator_phone": _l("电话"),
    "licence_no": _l("证照号"),
    "status": _l("状态"),
}
STATUSES = {"open": _l("营业"), "closed": _l("已关门"), "changed": _l("已换店")}
CHOICES = {
    Choice.KEEP: _l("保留现值"),
    Choice.TAKE: _l("采用后到的"),
    Choice.OTHER: _l("另填"),
}


@bp.get("/attention")
@requires(*ATTENTION_READERS)
def attention() -> str:
    """Show what waits: conflicts, what was refused, waits too long, or is of a former area."""
    session = db.session()
    waiting = desk.attention(session, visitor(), clock.now())
    names = names_for(session)
    changes = [*waiting.rejected, *waiting.held, *waiting.former_area]
    people: list[str | None] = [row.person_id for row in changes]
    people += [row.person_id for row in waiting.unreadable]
    people += [each for one in waiting.conflicts for each in (one.person_id, one.ours_person_id)]
    shops = [one.record_id for one in waiting.conflicts]
    return render_template(
        "console/attention.html",
        waiting=waiting,
        names=names,
        people=names.people(people),
        shops={row.id: row for row in session.query(Premises).where(Premises.id.in_(shops))},
        kinds=KINDS,
        fields=FIELDS,
        choices=CHOICES,
        statuses=STATUSES,
        value_words=value_words,
        reason_of=reason_of,
    )


@bp.get("/attention/changes/<change_id>")
@requires(*ATTENTION_READERS)
def attention_change(change_id: str) -> str:
    """Show one change as it came, and what can be done about it."""
    return _change_page(change_id, None)


@bp.post("/attention/changes/<change_id>/retry")
@requires(*ATTENTION_READERS)
def retry_change(change_id: str) -> BaseResponse:
    """Carry a refused change out again."""
    outcome = desk.retry_change(change_id, visitor(), clock.now())
    if outcome is Outcome.REJECTED:
        flash(_("重试后仍被退回，原因见下。"), "late")
        return redirect(url_for("console.attention_change", change_id=change_id))
    flash(_("已重新办理，队员手机下次同步时会看到。"), "good")
    return redirect(url_for("console.attention"))


@bp.post("/attention/changes/<change_id>/mend")
@requires(*ATTENTION_READERS)
def ask_to_mend(change_id: str) -> str | BaseResponse | tuple[str, int]:
    """Send a word to the officer whose change was refused."""
    try:
        desk.ask_to_mend(change_id, request.form.get("note", ""), visitor(), clock.now())
    except Refused as error:
        if error.code != "reason_required":
            raise
        return _change_page(change_id, error), error.kind.status
    flash(_("已告诉队员，说明会显示在手机的这条记录上。"), "good")
    return redirect(url_for("console.attention"))


@bp.post("/attention/changes/<change_id>/seen")
@requires(*ATTENTION_READERS)
def mark_seen(change_id: str) -> BaseResponse:
    """Take a change from a former area off the list."""
    desk.mark_seen(change_id, visitor(), clock.now())
    return redirect(url_for("console.attention"))


@bp.post("/attention/conflicts/<conflict_id>")
@requires(*ATTENTION_READERS)
def settle_conflict(conflict_id: str) -> BaseResponse:
    """Decide which value holds."""
    given = request.form
    if given.get("choice") not in set(Choice):
        raise Refused("malformed")
    desk.settle(
        conflict_id,
        Choice(given["choice"]),
        given.get("other", ""),
        given.get("note", ""),
        visitor(),
        clock.now(),
    )
    flash(_("已裁定并发布，队员手机下次同步时更新。"), "good")
    return redirect(url_for("console.attention"))


def value_words(conflict: Conflict, value: object) -> str:
    """Return a field's value as people say it."""
    if conflict.field == "status":
        return str(STATUSES.get(str(value), value))
    if isinstance(value, list):
        return ", ".join(f"{part:.5f}" for part in value)
    return str(value or _("（空）"))


def reason_of(row: ReceivedChange) -> str:
    """Return why a change was refused, in the reader's language."""
    code = (row.receipt.get("error") or {}).get("code", "")
    return _(CATALOGUE[code].message) if code in CATALOGUE else code


def _change_page(change_id: str, error: Refused | None) -> str:
    session = db.session()
    row = desk.find_change(session, visitor(), change_id, lock=False)
    given = (row.receipt.get("error") or {}).get("fields") or {}
    sender = session.get_one(Person, row.person_id)
    device = session.get(Device, row.device_id)
    names = names_for(session)
    return render_template(
        "console/attention_change.html",
        row=row,
        raw=json.dumps(json.loads(row.raw), ensure_ascii=False, indent=2),
        given=given,
        sender=sender,
        device=device,
        case=session.get(Case, row.record_id) if row.record_id else None,
        kinds=KINDS,
        reason=reason_of(row),
        people=names.people([row.handled_by]),
        refused=row.outcome == Outcome.REJECTED and row.replaced_by is None,
        error=error,
    )
