"""Reporting a problem offline: photo first, category and place, saved into the outbox."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mobile.store.records import RecordStatus, records
from mobile.ui.widgets.photos import AddTile
from tests.mobile.driver import Phone

ROOT = Path(__file__).parents[2]


def shoot(phone: Phone) -> None:
    """Press the camera button and wait for the form with the photo in it."""
    phone.hand.tap(lambda widget: type(widget).__name__ == "CameraButton")
    phone.hand.wait(lambda: phone.page.name == "report" and phone.page.photo_count == 1)
    phone.settle()


def choose(phone: Phone, typed: str, name: str) -> None:
    """Open the picker, type, and tap the category."""
    phone.page.pick_category()
    phone.hand.wait(lambda: phone.page.name == "category")
    phone.hand.write(phone.page.ids.search, typed)
    phone.hand.tap(name)
    phone.hand.wait(lambda: phone.page.name == "report")
    phone.settle()


def test_photo_category_save_puts_the_record_into_the_outbox(phone: Phone) -> None:
    hand = phone.sign_in()
    shoot(phone)
    choose(phone, "bllj", "暴露垃圾")
    hand.tap("保存，联网后自动上传")
    hand.wait_to_see("今日巡查")
    store = phone.store()
    [change] = store.outbox.waiting(0, 10)
    assert (change.kind, change.body["category"]) == ("case.report", "E06010")
    assert change.body["condition"], "the category's usual condition comes with it"
    assert change.body["location"]["crs"] == "WGS84"
    assert change.body["address"], "a place is suggested from the position"
    assert [photo.role for photo in change.photos] == ["before"]
    assert [item.status for item in records(store)] == [RecordStatus.WAITING]
    store.close()


@pytest.mark.parametrize("typed", ["暴露垃圾", "bllj", "06010"])
def test_a_category_is_found_by_name_initials_and_code(phone: Phone, typed: str) -> None:
    phone.sign_in()
    assert phone.app is not None
    phone.app.pages.open("category", chosen=lambda _: None)
    phone.page.text = typed
    phone.settle()
    assert phone.page.ids.rows.data[0]["key"] == "E06010"


def test_a_report_without_a_category_says_so_at_the_field_and_loses_nothing(phone: Phone) -> None:
    hand = phone.sign_in()
    shoot(phone)
    phone.page.note = "人行道上的垃圾"
    hand.tap("保存，联网后自动上传")
    hand.wait(lambda: "category" in phone.page.errors)
    assert phone.page.name == "report"
    store = phone.store()
    [item] = records(store)
    assert item.status is RecordStatus.DRAFT and item.photos == 1
    store.close()


def test_handled_on_the_spot_needs_a_photo_of_after(phone: Phone) -> None:
    hand = phone.sign_in()
    shoot(phone)
    phone.page.choose_category("E09006")
    phone.settle()
    hand.tap("已当场处置")
    hand.tap("保存，联网后自动上传")
    hand.wait(lambda: "photos.after" in phone.page.errors)
    hand.tap(lambda widget: isinstance(widget, AddTile) and widget.text == "处置后")
    hand.wait(lambda: len(phone.page.ids.after.photos) == 1)
    phone.settle()
    hand.tap("保存，联网后自动上传")
    hand.wait_to_see("今日巡查")
    store = phone.store()
    [change] = store.outbox.waiting(0, 10)
    assert change.body["handled_on_spot"] is True
    assert {photo.role for photo in change.photos} == {"before", "after"}
    store.close()


def test_a_photo_can_be_looked_at_and_taken_out_again(phone: Phone) -> None:
    hand = phone.sign_in()
    shoot(phone)
    hand.tap(lambda widget: type(widget).__name__ == "PhotoTile")
    hand.tap("移除这张照片")
    hand.wait(lambda: phone.page.photo_count == 0)


def test_an_empty_form_leaves_no_draft_behind(phone: Phone) -> None:
    hand = phone.sign_in()
    assert phone.app is not None
    phone.app.pages.open("report")
    phone.settle()
    hand.tap("返回")
    phone.settle()
    store = phone.store()
    assert not records(store)
    store.close()


def test_the_open_form_is_back_after_a_kill(phone: Phone) -> None:
    folder, camera = phone.home.folder, phone.camera
    script = Path(__file__).with_name("typing_until_killed.py")
    child = subprocess.Popen(
        [sys.executable, str(script), str(folder), str(camera)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "typed"
    child.send_signal(signal.SIGKILL)
    child.wait()
    hand = phone.sign_in()
    hand.wait(lambda: phone.page.name == "report" and phone.page.photo_count == 1)
    assert phone.page.note == "井盖缺失，有危险"
    hand.wait_to_see("已恢复上次没写完的记录")
