"""Long lists, long names and rare characters on the screen."""

from datetime import UTC, datetime, timedelta

from kivy.core.window import Window

from mobile.ui.fonts import heading_face
from mobile.ui.theme import theme
from mobile.ui.widgets.text import broken
from tests.mobile.driver import Phone
from tests.mobile.phone import CaseOnPhone, put_rows

LONG = "吉州大道与阳明东路交叉口西北角向北约一百五十米人行道中段靠近公交站台的配电箱旁边"


def rows_on_screen(phone: Phone) -> list[object]:
    return [
        widget
        for widget in phone.hand.widgets()
        if type(widget).__name__ == "WorkRow" and phone.hand.visible(widget)
    ]


def test_today_holds_five_hundred_cases_and_draws_only_those_in_sight(phone: Phone) -> None:
    now = datetime.now(UTC)
    store = phone.store()
    cases = [CaseOnPhone(due_in=timedelta(minutes=n), address=f"第 {n} 处") for n in range(520)]
    for n, case in enumerate(cases):
        case.id = f"0192{n:04d}-0000-7000-8000-000000000000"
    put_rows(store, [case.row(now) for case in cases])
    store.close()
    phone.sign_in()
    phone.settle()
    assert len(phone.page.ids.rows.data) == 500
    assert len(rows_on_screen(phone)) < 12
    before = [row.place for row in rows_on_screen(phone)]
    phone.hand.drag((Window.width / 2, 400), (Window.width / 2, 1100))
    phone.hand.frames(5)
    assert [row.place for row in rows_on_screen(phone)] != before, "the content has moved"


def test_dragging_over_a_row_does_not_open_it(phone: Phone) -> None:
    phone.hold(CaseOnPhone())
    phone.sign_in()
    phone.settle()
    row = rows_on_screen(phone)[0]
    x, y = row.to_window(*row.center)
    phone.hand.drag((x, y), (x, y - 300))
    phone.hand.frames(5)
    assert phone.page.name == "today"


def test_a_long_place_is_cut_within_its_row(phone: Phone) -> None:
    phone.hold(CaseOnPhone(address=LONG * 3))
    phone.sign_in()
    phone.settle()
    row = rows_on_screen(phone)[0]
    labels = [widget for widget in row.walk() if getattr(widget, "text", "").startswith("吉州")]
    assert labels and all(label.texture_size[0] <= row.width for label in labels)
    assert row.height == theme.body * 5.5 + 2 * 26


def test_the_filter_shows_one_kind_of_work(phone: Phone) -> None:
    phone.hold(
        CaseOnPhone(address="核查处"),
        CaseOnPhone(address="核实处", state="pre_verify", moves=("verify",)),
    )
    hand = phone.sign_in()
    hand.tap("待核实 1")
    phone.settle()
    assert [row.place for row in rows_on_screen(phone)] == ["核实处"]


def test_an_overdue_case_says_for_how_long(phone: Phone) -> None:
    phone.hold(CaseOnPhone(due_in=-timedelta(hours=2, minutes=5)))
    phone.sign_in().wait_to_see("已超期 2 小时")


def test_names_outside_gb2312_use_the_face_that_has_them() -> None:
    assert heading_face("刘志强") == "Heading"
    assert heading_face("陶喆") == "UI"


def test_no_line_begins_with_a_closing_sign() -> None:
    assert broken("垃圾堆放约两米，气味大。", 7, len) == "垃圾堆放约两\n米，气味大。"


def test_words_with_spaces_are_left_to_kivy() -> None:
    text = "The first sign-in needs a network; later ones do not."
    assert broken(text, 20, len) == text
