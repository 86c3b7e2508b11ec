"""Errors as pages: what happened, what was kept, what to do."""

from dataclasses import dataclass

from flask import Response, g, make_response, render_template, request
from flask_babel import gettext as _

from sync.errors import XunchengError


@dataclass(frozen=True)
class Advice:
    """What a person is told beside the error's own message."""

    kept: str
    to_do: str


def render_error(error: XunchengError, status: int) -> Response:
    """Answer a browser: a whole page, or for htmx a fragment at the page's notice place."""
    fragment = "HX-Request" in request.headers
    template = "console/error_fragment.html" if fragment else "console/error.html"
    html = render_template(
        template,
        error=error,
        message=_(error.kind.message),
        fields=[_(text) for texts in error.fields.values() for text in texts],
        hint=_(error.hint) if error.hint else None,
        advice=advice_for(error.code),
        status=status,
        request_id=g.get("request_id"),
    )
    response = make_response(html, status)
    if fragment:
        response.headers["HX-Retarget"] = "#notice"
        response.headers["HX-Reswap"] = "innerHTML"
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def advice_for(code: str) -> Advice:
    """Return what was kept and what to do, for an error's code."""
    kept_input = _("刚才的操作没有执行，填写的内容还在上一页。")
    table = {
        "page_expired": Advice(kept_input, _("返回上一页，刷新后再提交。")),
        "conflict": Advice(kept_input, _("打开案件看看最新情况，再决定是否继续。")),
        "move_not_allowed": Advice(kept_input, _("打开案件看看最新状态，按现有按钮办理。")),
        "not_found": Advice(_("数据没有变化。"), _("检查地址是否完整，或从案件列表重新查找。")),
        "not_allowed": Advice(_("数据没有变化。"), _("需要此权限时，请联系系统管理员。")),
        "server_error": Advice(
            _("已保存的数据不受影响；刚才的操作可能没有执行。"),
            _("稍后重试；仍然出错时，把下面的编号告诉系统管理员。"),
        ),
        "slow_down": Advice(kept_input, _("等一会儿再试。")),
        "locked_out": Advice(_("账号本身没有变化。"), _("等待锁定时间结束，或联系系统管理员。")),
    }
    return table.get(code, Advice(kept_input, _("返回上一页，改正后再提交。")))
