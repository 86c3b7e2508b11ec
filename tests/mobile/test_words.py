"""The app's words in both languages, and a glyph for each of their characters."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fontTools.ttLib import TTFont

from mobile.ui import fonts
from mobile.ui.theme import theme
from tests.mobile.driver import Phone
from tests.mobile.phone import CaseOnPhone

ROOT = Path(__file__).parents[2]


def test_every_word_of_the_app_has_its_english() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/app_words.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_category_name_can_be_drawn_bold() -> None:
    known = set(TTFont(fonts.FOLDER / "bold.ttf").getBestCmap())
    seed = json.loads((ROOT / "server/catalog/case_categories.json").read_text())
    names = {entry.get("matter_zh") or entry["zh"] for entry in seed["categories"]}
    assert {char for name in names for char in name if ord(char) not in known} == set()


def test_the_text_face_has_rare_names_and_the_signs_of_the_trade() -> None:
    known = set(TTFont(fonts.FOLDER / "text.ttf").getBestCmap())
    assert {char for char in "喆堃㎡①…“”·±–—×" if ord(char) not in known} == set()


def test_the_app_speaks_english_when_asked(phone: Phone) -> None:
    phone.hold(CaseOnPhone())
    phone.home.set_setting("language", "en")
    hand = phone.sign_in()
    hand.wait_to_see("To check")
    hand.wait_to_see("Exposed rubbish")


def test_the_language_changes_at_once(phone: Phone) -> None:
    hand = phone.sign_in()
    hand.tap("我的")
    hand.tap("语言")
    hand.tap("English")
    hand.wait_to_see("This month")
    hand.tap("Today")
    hand.wait_to_see("Nothing to do now")
    assert phone.home.setting("language") == "en"


def test_dark_mode_is_kept_and_redraws_in_place(phone: Phone) -> None:
    hand = phone.sign_in()
    hand.tap("我的")
    hand.tap("深色模式")
    hand.wait(lambda: theme.dark)
    hand.wait(lambda: phone.home.setting("dark") == "yes")
    phone.close()
    phone.start()
    assert theme.dark


def test_text_size_is_kept(phone: Phone) -> None:
    hand = phone.sign_in()
    hand.tap("我的")
    hand.tap("文字大小")
    hand.tap("特大")
    hand.wait(lambda: phone.home.setting("text_scale") == "1.3")
    assert theme.scale == 1.3


def test_a_shift_goes_from_sign_in_to_handover(phone_of: Callable[[str], Phone]) -> None:
    phone = phone_of("officer1")
    hand = phone.sign_in()
    hand.tap("我的")
    hand.tap("上岗签到")
    hand.tap("签到上岗")
    hand.wait_to_see("已上岗，注意安全")
    phone.page.note = "步行街劝离游商 3 处"
    hand.tap("记入日志")
    hand.wait_to_see("步行街劝离游商 3 处")
    phone.page.handover = "北门夜市需复看"
    hand.tap("下班签退")
    hand.tap("签退")
    hand.wait_to_see("已签退，辛苦了")
    store = phone.store()
    begun, change = store.outbox.waiting(0, 10)
    store.close()
    assert begun.kind == change.kind == "patrol.record"
    assert begun.record_id == change.record_id
    assert "ended_at" not in begun.body
    assert [entry["what"] for entry in change.body["log"]] == ["sign_in", "note", "handover"]
    assert change.body["ended_at"] and change.body["beat"]
