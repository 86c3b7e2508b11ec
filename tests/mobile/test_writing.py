"""Chinese input methods deliver composition and commit in different orders; text stays right."""

from collections.abc import Iterator

import pytest
from kivy.app import App
from kivy.core.window import Window

from mobile.ui.hand import Hand
from mobile.ui.widgets.fields import ImeTextInput


class OneField(App):
    def build(self) -> ImeTextInput:
        return ImeTextInput(multiline=False)


@pytest.fixture
def field() -> Iterator[ImeTextInput]:
    hand = Hand()
    app = OneField()
    hand.start(app)
    app.root.focus = True
    hand.frames(3)
    yield app.root
    hand.close()


def compose(*steps: str) -> None:
    for step in steps:
        Window.dispatch("on_textedit", step)


def commit(text: str) -> None:
    Window.dispatch("on_textinput", text)


def test_the_composition_is_cleared_before_the_commit(field: ImeTextInput) -> None:
    compose("c", "cheng", "cheng guan", "")
    commit("城管")
    assert (field.text, field.committed) == ("城管", "城管")


def test_the_commit_comes_while_the_composition_still_stands(field: ImeTextInput) -> None:
    compose("c", "cheng", "cheng guan")
    commit("城管")
    compose("")
    assert (field.text, field.committed) == ("城管", "城管")


def test_the_last_composition_is_the_committed_text_itself(field: ImeTextInput) -> None:
    commit("甲")
    compose("x", "xun", "巡查")
    commit("巡查")
    compose("")
    assert (field.text, field.committed) == ("甲巡查", "甲巡查")


def test_what_is_being_composed_is_not_yet_committed(field: ImeTextInput) -> None:
    commit("巡")
    compose("cha")
    assert field.text == "巡cha"
    assert field.committed == "巡"


def test_leaving_the_field_drops_an_unfinished_composition(field: ImeTextInput) -> None:
    commit("巡")
    compose("cha")
    field.focus = False
    assert (field.text, field.committed) == ("巡", "巡")
