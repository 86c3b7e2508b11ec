"""Signing in on the phone, with no network, and opening it again after it was locked."""

from tests.mobile.driver import Phone


def test_a_person_who_has_signed_in_once_opens_the_app_without_a_network(phone: Phone) -> None:
    hand = phone.sign_in()
    hand.wait_to_see("今日巡查")
    hand.wait_to_see("离线登录")


def test_a_wrong_password_is_refused_in_words(phone: Phone) -> None:
    hand = phone.start()
    hand.write(phone.password_field(), "wrong-password")
    hand.tap(lambda widget: getattr(widget, "icon_name", "") == "login")
    hand.wait_to_see("用户名或密码不正确")
    assert phone.page.name == "sign_in"


def test_a_locked_app_opens_with_the_pin_where_it_was(phone: Phone) -> None:
    hand = phone.sign_in()
    hand.tap("我的")
    hand.tap("密码与 PIN")
    hand.write(lambda widget: getattr(widget, "label", "") == "新 PIN（至少 4 位数字）", "2580")
    hand.tap("设置 PIN")
    hand.wait_to_see("PIN 已设置")
    hand.tap("返回")
    hand.tap("锁定应用")
    hand.wait_to_see("欢迎回来")
    hand.write(phone.password_field(), "2580")
    hand.tap("解锁")
    hand.wait_to_see("锁定应用")


def test_a_pin_of_three_digits_is_refused(phone: Phone) -> None:
    hand = phone.sign_in()
    hand.tap("我的")
    hand.tap("密码与 PIN")
    hand.write(lambda widget: getattr(widget, "label", "") == "新 PIN（至少 4 位数字）", "258")
    hand.tap("设置 PIN")
    hand.wait_to_see("PIN 至少 4 位数字")


def test_the_app_locks_itself_after_inactivity(phone: Phone) -> None:
    hand = phone.sign_in()
    assert phone.app is not None
    phone.app.home.set_setting("lock_minutes", "5")
    phone.app.look_at_the_clock(idle_s=299)
    assert phone.page.name == "today"
    phone.app.look_at_the_clock(idle_s=301)
    hand.wait_to_see("欢迎回来")
