"""The hands of a story: its people, times and amounts, and the moves they make."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from server.accounts.actor import Actor
from server.cases import moves
from server.cases.inputs import MoveInputs
from server.cases.models import Case
from server.cases.workflow import Move
from server.demo.fates import Fate, Step
from server.demo.matters import Matter
from server.demo.world import Scene, World
from server.worktime.arithmetic import WorkCalendar
from sync.bodies import CaseHandle, HandleStep


@dataclass
class Players:
    """Who and what one story draws on, and how steps are made of it."""

    world: World
    dice: random.Random
    case_id: str
    matter: Matter
    scene: Scene
    fate: Fate
    at: datetime

    def _handle(
        self, case: Case, step: HandleStep, at: datetime, reason: str = "", until: str | None = None
    ) -> Step:
        def act(session: Session, now: datetime) -> Case:
            actor = self.world.cast.at_work(self._handler(case), now - timedelta(minutes=1))
            body = CaseHandle(step, reason=reason, until=until)
            return moves.handle(session, actor, self.case_id, body, (), now)

        return Step(at, act)

    def _desk(
        self, username: str, move: Move, at: datetime, inputs: MoveInputs | None = None
    ) -> Step:
        return self._step(self._person(username), move, at, inputs or MoveInputs())

    def _step(self, actor: Actor, move: Move, at: datetime, inputs: MoveInputs) -> Step:
        return Step(
            at,
            lambda session, now: moves.perform(session, actor, self.case_id, move, inputs, now),
        )

    # --- people, times, amounts

    def _walker(self, community_code: str | None) -> Actor:
        return self.world.cast.walker(community_code)

    def _person(self, username: str) -> Actor:
        return self.world.cast.people[username]

    def _handler(self, case: Case) -> Actor:
        return self.world.cast.handlers[case.crew_unit_id or case.unit_id or ""]

    def _clerk(self, case: Case) -> Actor:
        return self.world.cast.clerks[case.unit_id or ""]

    def _quantity(self) -> Decimal | None:
        return Decimal(self.dice.randint(1, self.matter.most)) if self.matter.most else None

    def _in_office(self, least: float, most: float) -> datetime:
        return self._later(least, most, self.world.office)

    def _on_duty(self, least: float, most: float) -> datetime:
        return self._later(least, most, self.world.street)

    def _next_day(self) -> datetime:
        return self._later(7, 12, self.world.office)

    def _later(self, least: float, most: float, calendar: WorkCalendar) -> datetime:
        if self.fate.brisk:
            calendar = self.world.round_the_clock
        return self.world.soon(self.at, self.dice.uniform(least, most), calendar)
