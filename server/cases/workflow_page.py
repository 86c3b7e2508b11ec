"""`docs/workflow.md`, printed from the table (pure)."""

from collections.abc import Iterable, Iterator

from server.cases.clock import ESCALATION, RETURN_WITHIN
from server.cases.rules import DEFAULT_LIMITS, MAX_SUSPENSION, MERGE_WITHIN_M
from server.cases.workflow import (
    MAX_EXTENSIONS,
    MAX_SUSPENSIONS,
    MOVE_NAMES,
    MOVES,
    REPORTERS,
    STATE_NAMES,
    Move,
    Need,
    Rule,
    State,
)
from sync.roles import Role

_INTRO = """\
# The workflow of a case

This page is printed from the table in `server/cases/workflow.py` by `python -m server workflow`; a
test fails when they differ. What is not in the table is refused with `move_not_allowed`. Roles of a
unit (`unit_clerk`, `handler`) count for the cases of their unit or crew, all other roles for the
cases in the person's areas; anything else is `unknown_record` to them. *rule* means that the server
may make the move by itself.

Whoever handled a case may not check, close or send it back (`own_work`), and nobody decides a
request that they made."""

_RULES = f"""\
## What the server does by itself

- **Filing and dispatch** happen by rule where the category has them switched on, the condition is
  known (a category's default counts), the position is not a mocked one, and one unit answers for
  the category in that street. Everything else waits in a queue for a person; what a person has
  filed may still be dispatched by rule.
- **Perishable matters** (vendors, parked vehicles) that arrive later than the category's age after
  their observation go to verification. The observation's time is corrected by how far the device's
  clock was off; the server's clock decides.
- **快速处置**: handled on the spot, with an after photo and the quantity in one record. Closed by
  rule or by the acceptor with a move of its own, and counted apart.
- **并案**: the same category within {MERGE_WITHIN_M:.0f} m and the time window is suggested for
  merging, across street borders too; a person decides.
- **核查**: where the category closes by rule, a pass closes and a fail sends to rework; else the
  acceptor does.
- **The unit's clock** starts at dispatch and stops when the server receives "done". Rework lets
  what was left run on from that moment; a suspension stops it until its date. See
  `docs/decisions/case-clock.md`.
- **The sweep** warns with a quarter of the limit left (days: a working day before), marks overdue
  just after the deadline, escalates, resumes suspended cases on their date, and watches replies."""


def workflow_page() -> str:
    """Return the page as Markdown, with a newline at its end."""
    parts = [_INTRO, *_sections(), _RULES, _limits(), ""]
    return "\n\n".join(parts).rstrip() + "\n"


def _sections() -> Iterator[str]:
    yield "## States\n\n" + _table(("state", "中文", "English"), _states())
    yield "## Moves\n\n" + _table(("from", "move", "to", "who", "needs"), _moves())


def _states() -> Iterator[tuple[str, ...]]:
    for state in State:
        yield f"`{state}`", *STATE_NAMES[state]


def _moves() -> Iterator[tuple[str, ...]]:
    yield "–", _move(Move.REPORT), f"`{State.REPORTED}`", _roles(REPORTERS), ""
    for state in State:
        for move in Move:
            rule = MOVES.get((state, move))
            if rule is not None:
                to = "stays" if rule.to is state else f"`{rule.to}`"
                yield f"`{state}`", _move(move), to, _who(rule), _needs(rule)


def _limits() -> str:
    rows = [
        ("extensions", f"at most {MAX_EXTENSIONS}, asked for before the deadline"),
        ("suspensions", f"at most {MAX_SUSPENSIONS}, for up to {MAX_SUSPENSION.days - 1} days"),
        ("return", f"within {RETURN_WITHIN[0]} {RETURN_WITHIN[1]} of dispatch"),
    ]
    rows += [
        (f"`{stage}` limit where the catalogue has none", f"{limit.value} {limit.unit}")
        for stage, limit in DEFAULT_LIMITS.items()
    ]
    rows += [
        (f"escalation `{step.name}`", f"{step.after.total_seconds() / 3600:g} h after the deadline")
        for step in ESCALATION
    ]
    note = "Hours of escalation run on the unit's own clock."
    return "## Limits\n\n" + _table(("what", "value"), rows) + "\n\n" + note


def _move(move: Move) -> str:
    return f"`{move}` {MOVE_NAMES[move].zh}"


def _who(rule: Rule) -> str:
    named = _roles(rule.roles)
    if not rule.by_rule:
        return named
    return f"{named}, *rule*" if named else "*rule*"


def _roles(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(roles))


def _needs(rule: Rule) -> str:
    return ", ".join(str(need) for need in Need if need in rule.needs)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
