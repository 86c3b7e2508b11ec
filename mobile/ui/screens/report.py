"""Report: photo first, then category and place, saved. Works the same without a network."""

from collections.abc import Sequence
from typing import Any

from kivy.clock import Clock
from kivy.properties import BooleanProperty, ListProperty, StringProperty

from mobile.capture.drafts import CapturedPhoto, Draft
from mobile.store.catalog import CategoryChoice
from mobile.store.places import NearbyPremises, PlaceHere, allowed_vending
from mobile.ui import wording
from mobile.ui.desk import CategoryView
from mobile.ui.drafting import Drafting
from mobile.ui.kv import load_beside
from mobile.ui.screens.form import FormPage
from mobile.ui.widgets.buttons import FilterChip
from mobile.ui.widgets.sheets import Option, Sheet
from mobile.ui.words import tr
from sync.bodies import Kind
from sync.messages import Location, PhotoRole

NEAR_METRES = 60
LOOK_AGAIN_SECONDS = 1.0


class ReportPage(FormPage):
    kind = Kind.CASE_REPORT.value
    category_text = StringProperty("")
    condition_text = StringProperty("")
    has_conditions = BooleanProperty(False)
    address = StringProperty("")
    place_text = StringProperty("")
    place_tone = StringProperty("sub")
    quantity = StringProperty("")
    unit = StringProperty("")
    note = StringProperty("")
    spot_done = BooleanProperty(False)
    warning = StringProperty("")
    recent = ListProperty([])
    view: CategoryView | None = None
    place: PlaceHere | None = None
    _waiting_for_place: Any = None
    _first_photo: CapturedPhoto | None = None

    # --- opening
    def arrive(self, draft_id: str = "", photo: CapturedPhoto | None = None, **_: Any) -> None:
        if self.drafting is not None and not self.drafting.ended and self._same(draft_id):
            return  # back from the category picker
        self.view = self.place = None
        self._first_photo = photo
        self.title = tr("上报问题")
        self.ids.scroll.scroll_y = 1
        self.begin_with(draft_id, None)
        self.desk.usual_categories(self._show_recent)
        self.desk.phrases("report", self._show_phrases)

    def _same(self, draft_id: str) -> bool:
        return not draft_id or (self.drafting is not None and self.drafting.draft.id == draft_id)

    def begin(self, draft: Draft) -> None:
        super().begin(draft)
        photo, self._first_photo = self._first_photo, None
        if photo is not None and self.drafting is not None:
            self.drafting.take(photo)
        if draft.replaces:
            self.title = tr("修改后重新上报")
        self._find_place()
        if draft.body.get("category"):
            self.desk.category(draft.body["category"], self._show_category)

    def leave(self) -> bool:
        self._stop_looking()
        left = super().leave()
        self.drafting = None
        return left

    def fill(self, drafting: Drafting) -> None:
        self.category_text = self.condition_text = self.place_text = self.warning = ""
        self.has_conditions = False
        self.address = drafting.value("address", "")
        self.quantity = str(drafting.value("quantity") or "")
        self.unit = drafting.value("unit_of_measure") or ""
        self.note = drafting.value("description", "")
        self.spot_done = bool(drafting.value("handled_on_spot", False))

    def show_draft(self, drafting: Drafting) -> None:
        self.ids.before.photos = drafting.tiles(PhotoRole.BEFORE, PhotoRole.SCENE)
        self.ids.after.photos = drafting.tiles(PhotoRole.AFTER)
        self.photo_count = len(self.ids.before.photos)
        self._warn_of_vending()

    # --- category
    def pick_category(self) -> None:
        self.pages.open("category", chosen=self.choose_category)

    def choose_category(self, key: str) -> None:
        """Take a category; its usual condition and unit come with it."""
        self.put(category=key, condition=None)
        self.desk.category(key, self._show_category)

    def _show_category(self, view: CategoryView) -> None:
        self.view = view
        choice, drafting = view.choice, self.drafting
        if choice is None or drafting is None:
            return
        self.category_text = wording.named(choice.name)
        self.has_conditions = len(view.conditions) > 1
        if not drafting.value("condition") and view.conditions:
            usual = next((c for c in view.conditions if c.is_default), view.conditions[0])
            self.put(condition=usual.code)
        self._show_condition()
        self._show_phrases(view.phrases)
        self.unit = drafting.value("unit_of_measure") or choice.unit_of_measure
        self.put(unit_of_measure=self.unit)
        self._mark_recent(choice.key)
        self._warn_of_vending()

    def _show_condition(self) -> None:
        if self.view is None or self.drafting is None:
            return
        code = self.drafting.value("condition")
        found = next((c for c in self.view.conditions if c.code == code), None)
        self.condition_text = wording.named(found.name) if found else ""

    def pick_condition(self) -> None:
        if self.view is None or self.drafting is None:
            return
        options = [
            Option(one.code, wording.named(one.name), tr("紧急") if one.urgent else "")
            for one in self.view.conditions
        ]
        sheet = Sheet(title=tr("立案条件")).show_options(
            options, self._choose_condition, self.drafting.value("condition", "")
        )
        self.pages.show(sheet)

    def _choose_condition(self, code: str) -> None:
        self.put(condition=code)
        self._show_condition()

    def _show_recent(self, found: Sequence[CategoryChoice]) -> None:
        self.ids.recent.clear_widgets()
        for choice in found:
            chip = FilterChip(key=choice.key, text=wording.named(choice.name), raised=False)
            chip.bind(on_release=lambda touched: self.choose_category(touched.key))
            self.ids.recent.add_widget(chip)
        self._mark_recent(self.drafting.value("category", "") if self.drafting else "")

    def _mark_recent(self, key: str) -> None:
        for chip in self.ids.recent.children:
            chip.active = chip.key == key

    # --- place
    def _find_place(self) -> None:
        if self.drafting is None:
            return
        known = self.drafting.value("location")
        if known:
            self._located(Location(known["lat"], known["lon"], known.get("accuracy_m")))
            return
        self.desk.devices.locator.start()
        self._look_for_place()

    def _look_for_place(self, *_: Any) -> None:
        here = self.desk.here()
        if here is not None:
            self._stop_looking()
            self.put(location=here.as_json())
            self._located(here)
            return
        self.place_text, self.place_tone = tr("正在定位…"), "warn"
        if self._waiting_for_place is None:
            self._waiting_for_place = Clock.schedule_interval(
                self._look_for_place, LOOK_AGAIN_SECONDS
            )

    def _stop_looking(self) -> None:
        if self._waiting_for_place is not None:
            self._waiting_for_place.cancel()
            self._waiting_for_place = None
            self.desk.devices.locator.stop()

    def locate_again(self) -> None:
        self.put(location=None)
        self.place = None
        self._find_place()

    def _located(self, location: Location) -> None:
        self._accuracy = location.accuracy_m
        self.desk.place(location, self._show_place)
        if not self.address:
            self.desk.nearby(location, self._suggest_address)

    def _show_place(self, place: PlaceHere) -> None:
        self.place = place
        where = " · ".join(
            name for name in (place.street_name, place.community_name, place.grid_name) if name
        )
        within = tr("（±{n} 米）", n=round(self._accuracy)) if self._accuracy else ""
        self.place_tone = "ok" if place.grid_code else "warn"
        self.place_text = (where or tr("不在任何网格内，仍可上报")) + within
        self._warn_of_vending()

    def _suggest_address(self, found: Sequence[NearbyPremises]) -> None:
        if self.address or self.drafting is None:
            return
        if found and found[0].metres <= NEAR_METRES:
            self.address = tr(
                "{address}（{name}）附近", address=found[0].address, name=found[0].name
            )
        elif self.place is not None and self.place.street_name:
            self.address = self.place.street_name + self.place.community_name

    def correct_place(self) -> None:
        """Offer what lies near, and finding the position anew."""
        location = self.drafting.value("location") if self.drafting else None
        if location is None:
            self.locate_again()
            return
        self.desk.nearby(Location(location["lat"], location["lon"]), self._offer_places)

    def _offer_places(self, found: Sequence[NearbyPremises]) -> None:
        options = [Option("again", tr("重新定位"), "", "crosshairs-gps")]
        options += [
            Option(one.id, one.name, f"{one.address} · {round(one.metres)} m", "map-marker-outline")
            for one in found[:12]
        ]
        by_id = {one.id: one for one in found}

        def chosen(key: str) -> None:
            if key == "again":
                self.locate_again()
            else:
                self.address = f"{by_id[key].address} {by_id[key].name}"
                self.put(premises_id=key)

        self.pages.show(Sheet(title=tr("更正位置")).show_options(options, chosen))

    def _warn_of_vending(self) -> None:
        key = self.drafting.value("category") if self.drafting else None
        point = allowed_vending(self.place, key) if self.place is not None and key else None
        hours = "、".join(f"{start}–{end}" for start, end in point.hours) if point else ""
        self.warning = (
            tr(
                "这里是疏导点“{name}”，{hours} 允许经营，请核对后再上报",
                name=point.name,
                hours=hours,
            )
            if point
            else ""
        )

    # --- fields
    def on_address(self, *_: Any) -> None:
        self.put(address=self.address or None)

    def on_quantity(self, *_: Any) -> None:
        self.put(quantity=self.quantity.strip() or None)

    def on_note(self, *_: Any) -> None:
        self.put(description=self.note or None)

    def on_spot_done(self, *_: Any) -> None:
        self.put(handled_on_spot=self.spot_done or None)

    def _show_phrases(self, phrases: Sequence[str]) -> None:
        self.ids.phrases.clear_widgets()
        for phrase in phrases[:8]:
            chip = FilterChip(text=phrase, key=phrase, raised=False)
            chip.bind(on_release=lambda touched: self._add_phrase(touched.key))
            self.ids.phrases.add_widget(chip)

    def _add_phrase(self, phrase: str) -> None:
        self.note = f"{self.note}，{phrase}" if self.note else phrase


load_beside(__file__)
