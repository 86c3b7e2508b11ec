"""Signing in on the phone, with no network."""

from tests.mobile.driver import Phone


def test_a_person_who_has_signed_in_once_opens_the_app_without_a_network(phone: Phone) -> None:
    hand = phone.sign_in()
    hand.wait_to_see("今日巡查")
    hand.wait_to_see("离线登录")


def test_a_wrong_password_is_refused_in_words(phone: Phone) -> None:
    hand = phone.start()
    hand.write(phone.password_field(), "wrong-password")
    hand.tap("登录")
    hand.wait_to_see("用户名或密码不正确")
    assert phone.page.name == "sign_in"
