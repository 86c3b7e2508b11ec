"""The life of one case in the demo's history: who does what next, and when.

A story is a generator. It yields steps; the history (`server.demo.history`) carries each out at
its time, in the order of all stories' times, and sends back the case as it then is.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.cases import moves
from server.cases.inputs import IntakeForm, MoveInputs, Source
from server.cases.models import Case
from server.cases.workflow import Move, State
from server.catalog import lookup
from server.demo import matters
from server.demo.fates import Step, Story
from server.demo.players import Players
from server.demo.world import location_of
from server.worktime.arithmetic import remaining
from sync.bodies import CaseCheck, CaseHandle, CaseReport, CaseVerify, CheckResult, HandleStep
from sync.messages import PhotoRole


class Teller(Players):
    """Tells one story."""

    def tell(self) -> Story:
        """Yield the case's steps until it ends or waits."""
        case = yield self._opening()
        while case.state != self.fate.stop_in:
            step = self._next(case)
            if step is None:
                return
            self.at = step.at
            case = yield step

    # --- how it comes in

    def _opening(self) -> Step:
        if self.fate.source is not Source.PATROL:
            return Step(self.at, self._take_in)
        return Step(self.at, self._report)

    def _report(self, session: Session, now: datetime) -> Case:
        seen_at = now - timedelta(hours=self.fate.offline_hours, minutes=self.dice.uniform(0.5, 9))
        actor = self.world.cast.at_work(self._walker(self.scene.community_code), seen_at)
        body = CaseReport(
            category=self.matter.category,
            condition=self.matter.condition,
            description=self.dice.choice(self.matter.notes),
            location=location_of(self.scene, self.dice),
            address=self.scene.address,
            quantity=self._quantity(),
            premises_id=self.scene.premises_id,
            handled_on_spot=self.fate.on_spot,
        )
        roles = [PhotoRole.BEFORE] * (2 if self.dice.random() < 0.3 else 1)
        roles += [PhotoRole.AFTER] if self.fate.on_spot else []
        photos = [
            self.world.photo(self.dice, self.matter, role, self.scene, seen_at) for role in roles
        ]
        return moves.report(session, actor, self.case_id, body, tuple(photos), now)

    def _take_in(self, session: Session, now: datetime) -> Case:
        number = f"{now:%Y%m%d}{self.dice.randrange(10_000):04d}"
        hotline = self.fate.source is Source.HOTLINE
        form = IntakeForm(
            source=self.fate.source,
            category=self.matter.category,
            condition=self.matter.condition,
            description=f"群众反映：{self.dice.choice(self.matter.notes)}",
            address=self.scene.address,
            location=location_of(self.scene, self.dice),
            quantity=self._quantity(),
            outside_number=f"12345-{number}" if hotline else f"JB-{number}",
            caller_name=self.dice.choice(("刘女士", "陈先生", "王先生", "肖女士", "曾先生")),
            caller_phone=f"1300000{self.dice.randrange(10_000):04d}" if hotline else "",
            reply_due_at=self.world.soon(now, 35, self.world.office),
        )
        return moves.intake(session, self._person("acceptor1"), self.case_id, form, now)

    # --- what comes next, by state

    def _next(self, case: Case) -> Step | None:
        tellers = {
            State.REPORTED: self._when_reported,
            State.PRE_VERIFY: self._when_to_verify,
            State.FILED: self._when_filed,
            State.RETURNED: self._when_filed,
            State.DISPATCHED: self._when_at_unit,
            State.HANDLING: self._when_at_unit,
            State.REWORK: self._when_at_unit,
            State.SUSPENDED: self._when_suspended,
            State.POST_CHECK: self._when_to_check,
        }
        tell = tellers.get(State(case.state), self._when_ended)
        return tell(case)

    def _when_reported(self, case: Case) -> Step | None:
        at = self._in_office(0.1, 0.9)
        if self.fate.on_spot:
            return self._desk("acceptor1", Move.QUICK_CLOSE, at)
        if self.fate.refused:
            reason = self.dice.choice(matters.REFUSE_REASONS)
            return self._desk("acceptor1", Move.REFUSE, at, MoveInputs(reason=reason))
        if self.fate.verify_first:
            self.fate.verify_first = False
            return self._desk("acceptor1", Move.ASK_VERIFY, at)
        code = case.condition_code
        return self._desk("acceptor1", Move.FILE, at, MoveInputs(condition=code))

    def _when_to_verify(self, case: Case) -> Step:
        at = self._on_duty(0.2, 2.5)

        def verify(session: Session, now: datetime) -> Case:
            seen_at = now - timedelta(minutes=self.dice.uniform(1, 20))
            actor = self.world.cast.at_work(self._walker(case.community_code), seen_at)
            note = "" if self.fate.exists else "现场未发现该问题"
            body = CaseVerify(self.fate.exists, note, location_of(self.scene, self.dice))
            photo = self.world.photo(self.dice, self.matter, PhotoRole.SCENE, self.scene, seen_at)
            return moves.verify(session, actor, self.case_id, body, (photo,), now)

        return Step(at, verify)

    def _when_filed(self, case: Case) -> Step:
        at = self._in_office(0.1, 1.2)
        if self.fate.void:
            return self._desk("acceptor1", Move.VOID, at, MoveInputs(reason="重复上报"))
        if self.fate.ownerless:
            self.fate.ownerless = False
            inputs = MoveInputs(reason="经查找无权属单位，使用应急资金处置")
            return self._desk("dispatcher1", Move.MARK_OWNERLESS, at, inputs)

        def dispatch(session: Session, now: datetime) -> Case:
            inputs = MoveInputs(unit_id=self._unit_for(session, case))
            dispatcher = self._person("dispatcher1")
            return moves.perform(session, dispatcher, self.case_id, Move.DISPATCH, inputs, now)

        return Step(at, dispatch)

    def _unit_for(self, session: Session, case: Case) -> str:
        street = case.area_code if len(case.area_code) == 9 else None
        usual = lookup.unit_for(session, case.category_key, street)
        offices = list(self.world.cast.clerks)
        return usual or offices[int((street or "0")[-1]) - 1]

    def _when_at_unit(self, case: Case) -> Step | None:
        if self.fate.supervised:
            self.fate.supervised = False
            inputs = MoveInputs(reason="领导批示，限时办结")
            return self._desk("supervisor1", Move.SUPERVISE, self._in_office(0.05, 0.3), inputs)
        if case.state == State.DISPATCHED:
            return self._when_dispatched(case)
        if case.state == State.REWORK:
            return self._handle(case, HandleStep.ACCEPT, self._on_duty(0.1, 1.0))
        return self._asking(case) or self._done(case)

    def _when_dispatched(self, case: Case) -> Step:
        if self.fate.returned:
            self.fate.returned = False
            at = self._on_duty(0.1, 1.2)
            if case.return_by is not None and at <= case.return_by:
                reason = self.dice.choice(matters.RETURN_REASONS)
                return self._handle(case, HandleStep.RETURN, at, reason=reason)
        if self.fate.to_crew and case.crew_unit_id is None:
            self.fate.to_crew = False
            return self._dispatch_again(case)
        return self._handle(case, HandleStep.ACCEPT, self._on_duty(0.1, 1.0))

    def _dispatch_again(self, case: Case) -> Step:
        clerk = self._clerk(case)
        at = self._on_duty(0.05, 0.5)

        def act(session: Session, now: datetime) -> Case:
            crews = lookup.crews_of(session, case.unit_id or "")
            squad = next((crew for crew in crews if crew.id in self.world.cast.handlers), None)
            if squad is None:
                inputs = MoveInputs(text="已安排本单位人员处置")
                return moves.perform(session, clerk, self.case_id, Move.NOTE, inputs, now)
            inputs = MoveInputs(unit_id=squad.id, reason="由中队处置")
            return moves.perform(session, clerk, self.case_id, Move.DISPATCH_AGAIN, inputs, now)

        return Step(at, act)

    def _asking(self, case: Case) -> Step | None:
        """Ask for an extension or suspension, and have it decided, before the deadline."""
        fate = self.fate
        for kind in ("extension", "suspension"):
            wish = getattr(fate, kind)
            at = self._on_duty(0.05, 0.2)
            if not wish or (case.due_at is not None and case.due_at <= at):
                continue
            if kind in case.open_requests:
                setattr(fate, kind, "")
                return self._decision(kind, wish)
            if wish == "asked":
                fate.stop_in = State(case.state)  # and there it waits for the decision
            until = None
            reason = self.dice.choice(matters.EXTENSION_REASONS)
            if kind == "suspension":
                until = (self.at + timedelta(days=fate.suspended_days)).isoformat()
                reason = self.dice.choice(matters.SUSPENSION_REASONS)
            return self._handle(
                case,
                HandleStep(f"ask_{kind}"),
                at,
                reason=reason,
                until=until,
            )
        return None

    def _decision(self, kind: str, wish: str) -> Step:
        verb = "grant" if wish == "granted" else "deny"
        inputs = MoveInputs(reason="情况属实，同意" if verb == "grant" else "理由不充分，按期办结")
        return self._desk("dispatcher1", Move(f"{verb}_{kind}"), self._in_office(0.05, 0.3), inputs)

    def _when_suspended(self, case: Case) -> Step | None:
        if case.resume_at is None:
            return None
        return self._desk("dispatcher1", Move.RESUME, case.resume_at, MoveInputs(reason="到期恢复"))

    def _when_to_check(self, case: Case) -> Step | None:
        if case.checked_result == "pass":
            return self._desk("acceptor1", Move.CLOSE, self._in_office(0.1, 1.5))
        if case.checked_result == "fail":
            inputs = MoveInputs(reason=self.dice.choice(matters.FAIL_NOTES))
            return self._desk("acceptor1", Move.REWORK, self._in_office(0.1, 0.8), inputs)
        return self._check(case)

    def _check(self, case: Case) -> Step:
        at = self._on_duty(0.3, 5)

        def act(session: Session, now: datetime) -> Case:
            passed = self.fate.fails == 0
            self.fate.fails = max(self.fate.fails - 1, 0)
            seen_at = now - timedelta(minutes=self.dice.uniform(1, 30))
            actor = self.world.cast.at_work(self._walker(case.community_code), seen_at)
            role = PhotoRole.AFTER if passed else PhotoRole.SCENE
            body = CaseCheck(
                CheckResult.PASS if passed else CheckResult.FAIL,
                "现场已恢复" if passed else self.dice.choice(matters.FAIL_NOTES),
                location_of(self.scene, self.dice),
            )
            photo = self.world.photo(self.dice, self.matter, role, self.scene, seen_at)
            return moves.check(session, actor, self.case_id, body, (photo,), now)

        return Step(at, act)

    def _when_ended(self, case: Case) -> Step | None:
        """After the end: an appeal of the overdue mark; the reply to a source outside."""
        if self.fate.appeals and case.overdue_at is not None and case.state == State.CLOSED:
            if "appeal" in case.open_requests:
                self.fate.appeals = False
                inputs = MoveInputs(reason="离线期间已完成，情况属实")
                return self._desk("supervisor1", Move.GRANT_APPEAL, self._in_office(1, 6), inputs)
            clerk = self._clerk(case)
            inputs = MoveInputs(reason="现场无信号，完成时未超时")
            return self._step(clerk, Move.APPEAL, self._in_office(1, 5), inputs)
        if self.fate.reply:
            self.fate.reply = False
            inputs = MoveInputs(text=self.dice.choice(matters.REPLIES))
            return self._desk("acceptor1", Move.REPLY, self._next_day(), inputs)
        if self.fate.call_back and case.state == State.CLOSED:
            self.fate.call_back = False
            inputs = MoveInputs(result=self.dice.random() < 0.9, text="电话回访")
            return self._desk("acceptor1", Move.CALL_BACK, self._next_day(), inputs)
        return None

    # --- moves

    def _done(self, case: Case) -> Step:
        continuous = case.limit_unit == "hour" or self.fate.brisk
        calendar = self.world.round_the_clock if continuous else self.world.office
        due = case.due_at or self.at
        left = remaining(self.at, due, "work_hour", calendar)
        hours = max(left.total_seconds() / 3600, 0.3) * self.fate.pace
        hours = min(hours, 1.0) if self.fate.brisk else hours
        at = self.world.soon(self.at, max(hours, 0.05), calendar)

        def act(session: Session, now: datetime) -> Case:
            late = timedelta(hours=2) if self.fate.appeals else timedelta()
            seen_at = min(now, max(now - late, self.at)) - timedelta(minutes=1)
            actor = self.world.cast.at_work(self._handler(case), seen_at)
            photo = self.world.photo(self.dice, self.matter, PhotoRole.AFTER, self.scene, seen_at)
            body = CaseHandle(
                HandleStep.DONE,
                quantity=self._quantity(),
                note=self.dice.choice(matters.DONE_NOTES),
            )
            return moves.handle(session, actor, self.case_id, body, (photo,), now)

        return Step(at, act)
