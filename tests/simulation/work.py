"""What people do on their phones, through the app's own capture."""

from dataclasses import dataclass, replace
from random import Random

from mobile.store.worklist import today
from sync.bodies import Kind
from sync.messages import Location, PhotoRole
from tests.simulation.phone import Phone
from tests.simulation.town import BY_HAND, BY_RULE, NORTH, SOUTH, a_point
from tests.simulation.world import World

_FAR = (20.0, 120.0)  # outside the territory: the server refuses it


@dataclass
class Work:
    """Each function is one piece of work on some phone; a kill in the midst of it is possible."""

    world: World
    random: Random

    def a_phone(self) -> Phone:
        alive = [phone for phone in self.world.phones if not phone.fate.dead]
        return self.random.choice(alive or self.world.phones)

    def report(self) -> None:
        phone = self.a_phone()
        if phone.fate.dead or phone.person.unit_id:
            return
        street = self.random.choice((NORTH, SOUTH))
        lat, lon = _FAR if self.random.random() < 0.15 else a_point(self.random, street)
        at = Location(lat, lon, 8.0, "gps")
        body = {
            "category": self.random.choice((BY_RULE, BY_RULE, BY_HAND)),
            "description": f"{self.random.random()}",
            "location": at.as_json(),
        }
        with phone.mortally():
            draft = phone.draft(Kind.CASE_REPORT, None, body)
            for _ in range(self.random.choice((1, 1, 2))):
                picture = self.random.choice(self.world.ground.pictures)
                draft = phone.photograph(draft, picture, PhotoRole.BEFORE, at)
            phone.save(draft)

    def work_on_a_case(self) -> None:
        lists = {
            phone.name: (phone, today(phone.store, phone.reading().now))
            for phone in self.world.phones
            if not phone.fate.dead
        }
        busy = [(phone, items) for phone, items in lists.values() if items]
        if not busy:
            return
        phone, items = self.random.choice(busy)
        item = self.random.choice(items)
        kind, body = self._move(self.random.choice(item.moves))
        at = Location(*a_point(self.random, NORTH), 8.0, "gps")
        with phone.mortally():
            draft = phone.draft(kind, item.case_id, body)
            picture = self.random.choice(self.world.ground.pictures)
            draft = phone.photograph(draft, picture, PhotoRole.AFTER, at)
            phone.save(draft)

    def _move(self, move: str) -> tuple[Kind, dict[str, object]]:
        if move == "verify":
            return Kind.CASE_VERIFY, {"exists": self.random.random() < 0.8}
        if move == "check":
            result = self.random.choice(("pass", "pass", "fail"))
            return Kind.CASE_CHECK, {"result": result, "note": "看过了"}
        step = move if move in ("accept", "return", "done", "ask_extension") else "done"
        return Kind.CASE_HANDLE, {"step": step, "reason": "说明", "note": "已处理"}

    def record_work(self) -> None:
        phone = self.a_phone()
        if phone.fate.dead or phone.person.unit_id:
            return
        body = {"work_type": "poster", "object": "墙", "quantity": "3", "unit_of_measure": "张"}
        with phone.mortally():
            phone.save(phone.draft(Kind.WORK_RECORD, None, body))

    def mend_or_withdraw(self) -> None:
        phone = self.a_phone()
        if phone.fate.dead:
            return
        refused = phone.refused()
        if not refused:
            return
        change_id = self.random.choice(refused)
        at = Location(*a_point(self.random, NORTH), 8.0, "gps").as_json()
        with phone.mortally():
            entry = phone.store.outbox.entry(change_id)
            its_kind = entry.change.kind if entry else ""
            if its_kind == Kind.CASE_REPORT and self.random.random() < 0.7:
                phone.mend(change_id, location=at)
            else:
                phone.withdraw(change_id)

    def register_premises(self) -> None:
        phone = self.a_phone()
        if phone.fate.dead or phone.person.unit_id:
            return
        at = Location(*a_point(self.random, self.random.choice((NORTH, SOUTH))), 8.0, "gps")
        body = {"name": self._text("店"), "address": self._text("路"), "trade": "餐饮"}
        with phone.mortally():
            draft = phone.draft(Kind.PREMISES_REGISTER, None, body | {"location": at.as_json()})
            picture = self.random.choice(self.world.ground.pictures)
            phone.save(phone.photograph(draft, picture, PhotoRole.SCENE, at))

    def edit_premises(self) -> None:
        """Edit a shop front as it stands on this phone, whatever others have done to it."""
        phone = self.a_phone()
        if phone.fate.dead or phone.person.unit_id:
            return
        rows = phone.store.reading().execute(
            "SELECT id, version FROM replica WHERE entity = 'premises' ORDER BY id"
        )
        known = [(row["id"], row["version"]) for row in rows]
        if not known:
            return
        premises_id, version = self.random.choice(known)
        fields = self.random.sample(("name", "address", "trade", "operator_name"), 2)
        body = {"set": {name: self._text(name) for name in fields}}
        with phone.mortally():
            draft = phone.draft(Kind.PREMISES_UPDATE, premises_id, body)
            phone.save(replace(draft, base_version=version))

    def _text(self, what: str) -> str:
        return f"{what} {self.random.randrange(10**6)}"
