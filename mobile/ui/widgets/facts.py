"""Lists of facts, and the numbers of a month."""

from kivy.properties import ListProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from mobile.ui.kv import load_beside
from mobile.ui.widgets.surfaces import Card, Fact


class FactList(BoxLayout):
    """One line for each `(label, value)`."""

    facts = ListProperty([])

    def on_facts(self, *_: object) -> None:
        self.clear_widgets()
        for label, value in self.facts:
            self.add_widget(Fact(label=label, value=value))


class FactCard(Card):
    """A card of facts that is not there when there are none."""

    facts = ListProperty([])
    title = StringProperty("")


class Figure(BoxLayout):
    """A number over its name."""

    number = StringProperty("")
    name = StringProperty("")


load_beside(__file__)
