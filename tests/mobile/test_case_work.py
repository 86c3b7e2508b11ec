"""Work on cases: verify, check and handle, all offline, and mending what was refused."""

from collections.abc import Callable
from datetime import UTC, datetime

from mobile.store.records import RecordStatus, records
from mobile.ui.widgets.photos import AddTile
from sync.messages import Outcome, Receipt
from sync.outbox import settlement
from tests.mobile.driver import Phone
from tests.mobile.phone import CaseOnPhone

CREW_MOVES = ("done", "return", "ask_extension", "ask_suspension")


def open_first(phone: Phone, page: str) -> None:
    """Touch the first row of Today and wait for its page."""
    phone.settle()
    phone.hand.tap(lambda widget: type(widget).__name__ == "WorkRow")
    phone.hand.wait(lambda: phone.page.name == page and phone.page.drafting is not None)
    phone.settle()


def last_change(phone: Phone):  # type: ignore[no-untyped-def]
    store = phone.store()
    changes = store.outbox.waiting(0, 10)
    store.close()
    return changes[-1]


def test_a_check_that_passes_goes_into_the_outbox_and_off_the_list(phone: Phone) -> None:
    case = CaseOnPhone()
    phone.hold(case)
    hand = phone.sign_in()
    open_first(phone, "check")
    hand.tap("拍摄现在的情况")
    hand.wait(lambda: phone.page.photo_count == 1)
    phone.settle()
    hand.tap("通过")
    hand.tap("保存核查结果")
    hand.wait_to_see("现在没有待办")
    change = last_change(phone)
    assert (change.kind, change.record_id) == ("case.check", case.id)
    assert (change.body["result"], change.base_version) == ("pass", 3)
    assert [photo.role for photo in change.photos] == ["after"]


def test_a_failed_check_needs_a_reason(phone: Phone) -> None:
    phone.hold(CaseOnPhone())
    hand = phone.sign_in()
    open_first(phone, "check")
    hand.tap("拍摄现在的情况")
    hand.wait(lambda: phone.page.photo_count == 1)
    phone.settle()
    hand.tap("不通过")
    hand.tap("保存核查结果")
    hand.wait(lambda: "note" in phone.page.errors)
    phone.page.note = "垃圾仍未清走"
    hand.tap("保存核查结果")
    hand.wait_to_see("今日巡查")
    assert last_change(phone).body["result"] == "fail"


def test_a_check_without_a_photo_is_refused_at_the_field(phone: Phone) -> None:
    phone.hold(CaseOnPhone())
    hand = phone.sign_in()
    open_first(phone, "check")
    hand.tap("通过")
    hand.tap("保存核查结果")
    hand.wait(lambda: "photos" in phone.page.errors)
    hand.wait_to_see("缺少必需的照片")


def test_before_and_after_lie_over_each_other_when_asked(phone: Phone) -> None:
    phone.hold(CaseOnPhone())
    hand = phone.sign_in()
    open_first(phone, "check")
    hand.tap("叠加对照")
    hand.wait_to_see("处置前（半透明）")


def test_a_verification_says_whether_it_exists(phone: Phone) -> None:
    phone.hold(CaseOnPhone(state="pre_verify", moves=("verify",)))
    hand = phone.sign_in()
    open_first(phone, "verify")
    hand.tap("保存核实结果")
    hand.wait_to_see("请选择是否属实")
    hand.tap("不属实")
    hand.tap("保存核实结果")
    hand.wait_to_see("今日巡查")
    assert last_change(phone).body["exists"] is False


def test_a_crew_reports_done_with_an_after_photo(phone_of: Callable[[str], Phone]) -> None:
    phone = phone_of("crew1")
    phone.hold(CaseOnPhone(state="handling", moves=CREW_MOVES))
    hand = phone.sign_in()
    open_first(phone, "handle")
    hand.tap("处置完成")
    hand.wait(lambda: "photos.after" in phone.page.errors)
    hand.tap(lambda widget: isinstance(widget, AddTile) and widget.text == "处置后")
    hand.wait(lambda: len(phone.page.ids.after.photos) == 1)
    phone.settle()
    phone.page.quantity = "2"
    hand.tap("处置完成")
    hand.wait_to_see("今日巡查")
    body = last_change(phone).body
    assert (body["step"], body["quantity"]) == ("done", "2")


def test_a_crew_accepts_and_stays_on_the_case(phone_of: Callable[[str], Phone]) -> None:
    phone = phone_of("crew1")
    phone.hold(CaseOnPhone(state="dispatched", moves=("accept", *CREW_MOVES)))
    hand = phone.sign_in()
    open_first(phone, "handle")
    hand.tap("接收")
    hand.wait(lambda: phone.page.name == "handle" and not phone.page.can_accept)
    assert last_change(phone).body == {"step": "accept"}


def test_a_crew_returns_a_case_with_a_reason(phone_of: Callable[[str], Phone]) -> None:
    phone = phone_of("crew1")
    phone.hold(CaseOnPhone(state="dispatched", moves=("accept", *CREW_MOVES)))
    hand = phone.sign_in()
    open_first(phone, "handle")
    hand.tap(lambda widget: getattr(widget, "icon_name", "") == "dots-horizontal")
    hand.tap("退回案件")
    hand.tap("不属于本单位职责范围")
    hand.tap("退回")
    hand.wait_to_see("已退回，等待派遣员处理")
    assert last_change(phone).body["reason"] == "不属于本单位职责范围"


def test_a_refused_record_says_why_and_is_mended_and_sent_again(phone: Phone) -> None:
    phone.hold(CaseOnPhone())
    hand = phone.sign_in()
    open_first(phone, "check")
    hand.tap("拍摄现在的情况")
    hand.wait(lambda: phone.page.photo_count == 1)
    phone.settle()
    hand.tap("通过")
    hand.tap("保存核查结果")
    hand.wait_to_see("今日巡查")
    refused = last_change(phone)
    refuse(phone, refused.id, "own_work")
    hand.tap("记录")
    hand.wait_to_see("不能核查本人处置的案件")
    phone.settle()
    hand.tap(lambda widget: type(widget).__name__ == "RecordRow")
    hand.tap("修改后重新上传")
    hand.wait(lambda: phone.page.name == "check" and phone.page.photo_count == 1)
    phone.settle()
    hand.tap("保存核查结果")
    hand.wait_to_see("今日巡查")
    assert last_change(phone).replaces == refused.id


def test_a_refused_record_can_be_withdrawn(phone: Phone) -> None:
    phone.hold(CaseOnPhone(state="pre_verify", moves=("verify",)))
    hand = phone.sign_in()
    open_first(phone, "verify")
    hand.tap("情况属实")
    hand.tap("保存核实结果")
    hand.wait_to_see("今日巡查")
    refused = last_change(phone)
    refuse(phone, refused.id, "move_not_allowed")
    hand.tap("同步")
    hand.wait_to_see("需要处理 1 条")
    phone.settle()
    hand.tap(lambda widget: type(widget).__name__ == "SettingLine" and widget.tone == "bad")
    hand.tap("撤回这条记录")
    hand.tap("填写有误")
    hand.tap("撤回")
    hand.wait_to_see("已撤回")
    change = last_change(phone)
    assert (change.kind, change.body["change_id"]) == ("change.withdraw", refused.id)


def refuse(phone: Phone, change_id: str, code: str) -> None:
    """Let the outbox hear that the server refused a change."""
    receipt = Receipt(
        change_id, Outcome.REJECTED, error={"code": code, "message": "", "fields": {}}
    )
    store = phone.store()
    settled = settlement(change_id, receipt)
    assert settled is not None
    store.outbox.settle([settled], datetime.now(UTC))
    assert [item.status for item in records(store)] == [RecordStatus.ATTENTION]
    store.close()
