"""A quarter of the demo's history, made through the same functions as real cases.

Every story's steps are carried out in the order of their times; what would happen after now does
not happen, and so the district wakes up with its work half done.
"""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.cases.ledger import prefetch
from server.cases.models import Case
from server.db import db
from server.deadlines.sweep import sweep
from server.demo.divisions import STREETS, community_code
from server.demo.fates import Fate, Step, Story, draw_fate
from server.demo.ids import demo_id
from server.demo.matters import Matter
from server.demo.pictures import keep_pictures
from server.demo.stories import Teller
from server.demo.today import fate_of, wishes
from server.demo.world import World, load_world, pick_matter
from server.feed import transaction

DAYS = 91
REPORTS_A_DAY = 25
# Stories' steps within so much time share a transaction.
_TOGETHER = timedelta(hours=4)
_WEEKEND = {5: 0.55, 6: 0.5}  # fewer on Saturdays and Sundays
_HOURS = (8, 9, 10, 11, 14, 15, 16, 17, 18, 19)
_BUSY = (3, 6, 6, 4, 3, 5, 5, 4, 2, 1)


@dataclass(order=True)
class _Turn:
    """A story that waits for the time of its next step."""

    at: datetime
    serial: int
    case_id: str = field(compare=False)
    story: Story = field(compare=False)
    step: Step = field(init=False, compare=False)


def fill_history(now: datetime) -> int:
    """Make the history up to `now` and return how many cases there are then.

    Cases that exist are left alone, so an interrupted run can be repeated.
    """
    keep_pictures(now)
    world = load_world(db.session(), now)
    present = set(db.session.scalars(select(Case.id)))
    tellers = [each for each in _all(world, now) if each.case_id not in present]
    _run(tellers, now)
    sweep(now)
    return int(db.session.scalar(select(func.count(Case.id))) or 0)


def _run(tellers: list[Teller], now: datetime) -> None:
    waiting = [_Turn(each.at, n, each.case_id, each.tell()) for n, each in enumerate(tellers)]
    for turn in waiting:
        turn.step = next(turn.story)
    heapq.heapify(waiting)
    while waiting and waiting[0].at <= now:
        until = min(waiting[0].at + _TOGETHER, now)
        with transaction() as session:
            prefetch(session, [turn.case_id for turn in waiting if turn.at <= until])
            while waiting and waiting[0].at <= until:
                _carry_out(session, waiting)


def _carry_out(session: Session, waiting: list[_Turn]) -> None:
    turn = heapq.heappop(waiting)
    case = turn.step.act(session, turn.at)
    try:
        turn.step = turn.story.send(case)
    except StopIteration:
        return
    turn.at = turn.step.at
    heapq.heappush(waiting, turn)


def _all(world: World, now: datetime) -> Iterator[Teller]:
    yield from _past(world, now)
    yield from _waiting_today(world, now)


def _past(world: World, now: datetime) -> Iterator[Teller]:
    zone = current_app.extensions["xuncheng_settings"].timezone
    today = now.astimezone(zone).date()
    letters = [(street, each) for street in STREETS for each in street.communities]
    codes = [community_code(street, each) for street, each in letters]
    for back in range(DAYS, -1, -1):
        on = today - timedelta(days=back)
        dice = random.Random(f"{on}")
        count = round(REPORTS_A_DAY * _WEEKEND.get(on.weekday(), 1) * dice.uniform(0.8, 1.2))
        for n in range(count):
            at = _moment(on, dice).replace(tzinfo=zone)
            matter = pick_matter(dice)
            fate = draw_fate(dice, matter)
            teller = _teller(world, f"{on}/{n}", dice.choice(codes), (matter, fate), at)
            if at <= now:
                yield teller


def _waiting_today(world: World, now: datetime) -> Iterator[Teller]:
    by_letter = {
        each.letter: community_code(street, each)
        for street in STREETS
        for each in street.communities
    }
    anchor = _last_working_moment(now)
    for n, (letter, wish) in enumerate(wishes()):
        dice = random.Random(f"today/{n}")
        code = by_letter[letter] if letter else dice.choice(sorted(by_letter.values()))
        at = anchor - timedelta(hours=dice.uniform(*wish.hours_ago))
        yield _teller(world, f"today/{n}", code, fate_of(wish, dice), at)


def _teller(
    world: World, name: str, community: str, what: tuple[Matter, Fate], at: datetime
) -> Teller:
    matter, fate = what
    dice = random.Random(name)
    scene = world.scene(dice, matter, community)
    return Teller(world, dice, demo_id("case", name), matter, scene, fate, at)


def _moment(on: date, dice: random.Random) -> datetime:
    hour = dice.choices(_HOURS, weights=_BUSY)[0]
    return datetime.combine(on, time(hour, dice.randrange(60), dice.randrange(60)))


def _last_working_moment(now: datetime) -> datetime:
    """Return now, or the end of the last day on the street when it is night."""
    zone = current_app.extensions["xuncheng_settings"].timezone
    local = now.astimezone(zone)
    evening = local.replace(hour=18, minute=0, second=0, microsecond=0)
    if local.hour < 9:
        return evening - timedelta(days=1)
    return min(local, evening)
