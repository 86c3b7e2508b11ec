"""The workflow of a case as a table: (state, move) → where to, by whom, with what (pure).

What is absent is refused. `docs/workflow.md` is printed from this table, the console makes its
buttons from it, and a device learns from it what its person may do. Stages and states follow
standards §2.1; an extension, a suspension and an overdue appeal are requests, not states.
"""

from dataclasses import dataclass

from server.cases.states import MOVE_NAMES, STATE_NAMES, Move, Need, State, Words
from sync.roles import FIELD_ROLES, UNIT_ROLES, Role

__all__ = [
    "MOVES",
    "MOVE_NAMES",
    "OPEN_STATES",
    "REPORTERS",
    "STATE_NAMES",
    "UNIT_STATES",
    "Facts",
    "Move",
    "Need",
    "Rule",
    "State",
    "Words",
    "acting_role",
    "allowed_moves",
    "refusal",
]


MAX_EXTENSIONS = 2  # standards §2.1
MAX_SUSPENSIONS = 1


@dataclass(frozen=True)
class Rule:
    """Where a move leads, which roles may make it, and whether a rule may make it by itself."""

    to: State
    roles: frozenset[Role] = frozenset()
    by_rule: bool = False
    needs: frozenset[Need] = frozenset()

    @property
    def reason_required(self) -> bool:
        return Need.REASON in self.needs


@dataclass(frozen=True)
class Facts:
    """What the table's guards must know of a case and of the person in front of it.

    `own_area`: the case lies in one of the person's areas. `own_unit`: the person's unit (or crew)
    answers for it. `asked`: kinds of requests that wait for a decision; `own_request`: the person
    made one of them. `returnable`: the set time for returning has not passed.
    """

    own_area: bool = True
    own_unit: bool = False
    handled_by_me: bool = False
    own_request: bool = False
    asked: frozenset[str] = frozenset()
    checked_result: str | None = None
    handled_on_spot: bool = False
    overdue: bool = False
    overdue_excused: bool = False
    returnable: bool = True
    extensions: int = 0
    suspensions: int = 0
    from_outside: bool = False
    replied: bool = False
    called_back: bool = False


_ACCEPTOR = frozenset({Role.ACCEPTOR})
_DISPATCHER = frozenset({Role.DISPATCHER})
_DECIDERS = frozenset({Role.DISPATCHER, Role.SUPERVISOR})
_SUPERVISOR = frozenset({Role.SUPERVISOR})
_CLERK = frozenset({Role.UNIT_CLERK})
_OFFICE = frozenset({Role.ACCEPTOR, Role.DISPATCHER, Role.SUPERVISOR})
_NOTERS = _OFFICE | FIELD_ROLES | UNIT_ROLES
_REASON = frozenset({Need.REASON})

# Whoever may open a case: the field by its patrol, the acceptor for a source outside.
REPORTERS = FIELD_ROLES | _ACCEPTOR
OPEN_STATES = frozenset(State) - {State.CLOSED, State.REJECTED, State.VOID}
# The unit's clock runs in these.
UNIT_STATES = frozenset({State.DISPATCHED, State.HANDLING, State.REWORK})
_FILED_STATES = OPEN_STATES - {State.REPORTED, State.PRE_VERIFY}


def _rule(
    to: State,
    roles: frozenset[Role] = frozenset(),
    *needs: Need,
    by_rule: bool = False,
) -> Rule:
    return Rule(to, roles, by_rule, frozenset(needs))


def _before_dispatch() -> dict[tuple[State, Move], Rule]:
    table = {
        (State.REPORTED, Move.ASK_VERIFY): _rule(State.PRE_VERIFY, _ACCEPTOR, by_rule=True),
        (State.PRE_VERIFY, Move.VERIFY): _rule(State.REPORTED, FIELD_ROLES, Need.RESULT),
        (State.REPORTED, Move.FILE): _rule(State.FILED, _ACCEPTOR, Need.CONDITION, by_rule=True),
        (State.PRE_VERIFY, Move.FILE): _rule(State.FILED, _ACCEPTOR, Need.CONDITION, Need.REASON),
        (State.REPORTED, Move.QUICK_CLOSE): _rule(State.CLOSED, _ACCEPTOR, by_rule=True),
        (State.FILED, Move.DISPATCH): _rule(State.DISPATCHED, _DISPATCHER, Need.UNIT, by_rule=True),
        (State.RETURNED, Move.DISPATCH): _rule(State.DISPATCHED, _DISPATCHER, Need.UNIT),
    }
    for state in (State.REPORTED, State.PRE_VERIFY):
        table[state, Move.REFUSE] = _rule(State.REJECTED, _ACCEPTOR, Need.REASON)
    for state in (State.REPORTED, State.PRE_VERIFY, State.FILED, State.DISPATCHED):
        table[state, Move.MERGE] = _rule(State.VOID, _ACCEPTOR, Need.CASE)
    for state in (State.FILED, State.RETURNED):
        table[state, Move.MARK_OWNERLESS] = _rule(state, _DISPATCHER, Need.REASON)
    return table


def _at_the_unit() -> dict[tuple[State, Move], Rule]:
    table: dict[tuple[State, Move], Rule] = {}
    # While it is being handled a colleague may accept it too: a clerk at a desk and a crew that was
    # offline both did, and the crew's "done" must not wait for a quarrel about who was first.
    for state in UNIT_STATES:
        table[state, Move.ACCEPT] = _rule(State.HANDLING, UNIT_ROLES)
    for state in (State.DISPATCHED, State.HANDLING):
        table[state, Move.RETURN] = _rule(State.RETURNED, UNIT_ROLES, Need.REASON)
    for state in UNIT_STATES:
        table |= _while_the_clock_runs(state)
    table[State.SUSPENDED, Move.RESUME] = _rule(State.HANDLING, _DECIDERS, by_rule=True)
    return table


def _while_the_clock_runs(state: State) -> dict[tuple[State, Move], Rule]:
    return {
        (state, Move.DONE): _rule(State.POST_CHECK, UNIT_ROLES, Need.AFTER_PHOTO),
        (state, Move.DISPATCH_AGAIN): _rule(state, _CLERK, Need.UNIT),
        # A wrong dispatch is put right at any time, after the unit's own time for returning too.
        (state, Move.RECALL): _rule(State.RETURNED, _DISPATCHER, Need.REASON),
        (state, Move.ASK_EXTENSION): _rule(state, UNIT_ROLES, Need.REASON),
        (state, Move.GRANT_EXTENSION): _rule(state, _DECIDERS),
        (state, Move.DENY_EXTENSION): _rule(state, _DECIDERS, Need.REASON),
        (state, Move.ASK_SUSPENSION): _rule(state, UNIT_ROLES, Need.REASON, Need.UNTIL),
        (state, Move.GRANT_SUSPENSION): _rule(State.SUSPENDED, _DECIDERS),
        (state, Move.DENY_SUSPENSION): _rule(state, _DECIDERS, Need.REASON),
        (state, Move.OVERDUE): _rule(state, by_rule=True),
        (state, Move.ESCALATE): _rule(state, by_rule=True),
    }


def _checking_and_closing() -> dict[tuple[State, Move], Rule]:
    table = {
        (State.POST_CHECK, Move.CHECK): _rule(State.POST_CHECK, FIELD_ROLES, Need.RESULT),
        (State.POST_CHECK, Move.CLOSE): _rule(State.CLOSED, _ACCEPTOR, by_rule=True),
        (State.POST_CHECK, Move.REWORK): _rule(
            State.REWORK, _ACCEPTOR | _DISPATCHER, Need.REASON, by_rule=True
        ),
    }
    for state in _FILED_STATES:
        table[state, Move.FORCE_CLOSE] = _rule(State.CLOSED, _ACCEPTOR, Need.REASON)
    # A case found not to exist is voided by rule after its verification.
    table[State.REPORTED, Move.VOID] = _rule(State.VOID, _ACCEPTOR, Need.REASON, by_rule=True)
    for state in OPEN_STATES - {State.REPORTED}:
        table[state, Move.VOID] = _rule(State.VOID, _ACCEPTOR, Need.REASON)
    for state in (State.POST_CHECK, State.REWORK, State.CLOSED):
        table[state, Move.APPEAL] = _rule(state, UNIT_ROLES, Need.REASON)
        table[state, Move.GRANT_APPEAL] = _rule(state, _SUPERVISOR)
        table[state, Move.DENY_APPEAL] = _rule(state, _SUPERVISOR, Need.REASON)
    return table


def _beside_the_stages() -> dict[tuple[State, Move], Rule]:
    table: dict[tuple[State, Move], Rule] = {}
    for state in OPEN_STATES:
        table[state, Move.SUPERVISE] = _rule(state, _SUPERVISOR, Need.REASON)
        table[state, Move.WARN] = _rule(state, by_rule=True)
    for state in State:
        table[state, Move.REPLY] = _rule(state, _ACCEPTOR, Need.TEXT)
        table[state, Move.CALL_BACK] = _rule(state, _ACCEPTOR, Need.RESULT)
        table[state, Move.NOTE] = _rule(state, _NOTERS, Need.TEXT)
    return table


MOVES: dict[tuple[State, Move], Rule] = {
    **_before_dispatch(),
    **_at_the_unit(),
    **_checking_and_closing(),
    **_beside_the_stages(),
}

# Nobody judges their own work: these are closed to whoever handled the case.
_JUDGING = frozenset({Move.CHECK, Move.CLOSE, Move.QUICK_CLOSE, Move.FORCE_CLOSE, Move.REWORK})
_DECIDED_REQUEST: dict[Move, str] = {
    Move.GRANT_EXTENSION: "extension",
    Move.DENY_EXTENSION: "extension",
    Move.GRANT_SUSPENSION: "suspension",
    Move.DENY_SUSPENSION: "suspension",
    Move.GRANT_APPEAL: "appeal",
    Move.DENY_APPEAL: "appeal",
}
_ASKED_REQUEST: dict[Move, str] = {
    Move.ASK_EXTENSION: "extension",
    Move.ASK_SUSPENSION: "suspension",
    Move.APPEAL: "appeal",
}


def acting_role(rule: Rule, roles: frozenset[Role], facts: Facts) -> Role | None:
    """Return the role in which a person may follow `rule`, or None.

    A unit's roles count for that unit's cases, all others for cases in the person's areas.
    """
    for role in sorted(roles & rule.roles):
        if facts.own_unit if role in UNIT_ROLES else facts.own_area:
            return role
    return None


def refusal(state: State, move: Move, roles: frozenset[Role], facts: Facts) -> str | None:
    """Return the error code with which a person's move is refused, or None when it is allowed."""
    rule = MOVES.get((state, move))
    if rule is None:
        return "move_not_allowed"
    if acting_role(rule, roles, facts) is None:
        return "not_allowed"
    if move is Move.ACCEPT and state is State.HANDLING and facts.handled_by_me:
        return "move_not_allowed"
    return _guarded(move, facts)


def allowed_moves(state: State, roles: frozenset[Role], facts: Facts = Facts()) -> tuple[Move, ...]:
    """Return what a person may do with a case now, in the order in which moves are listed."""
    return tuple(move for move in Move if refusal(state, move, roles, facts) is None)


def _guarded(move: Move, facts: Facts) -> str | None:  # noqa: PLR0911  one line per rule reads best
    if move in _JUDGING and facts.handled_by_me:
        return "own_work"
    if move in _DECIDED_REQUEST:
        if _DECIDED_REQUEST[move] not in facts.asked:
            return "move_not_allowed"
        return "own_work" if facts.own_request else None
    if move in _ASKED_REQUEST:
        return _asking(move, facts)
    if move is Move.RETURN and not facts.returnable:
        return "too_late"
    if move is Move.CLOSE and facts.checked_result != "pass":
        return "move_not_allowed"
    if move is Move.QUICK_CLOSE and not facts.handled_on_spot:
        return "move_not_allowed"
    if move is Move.REPLY and (not facts.from_outside or facts.replied):
        return "move_not_allowed"
    if move is Move.CALL_BACK and (not facts.replied or facts.called_back):
        return "move_not_allowed"
    return None


def _asking(move: Move, facts: Facts) -> str | None:
    if _ASKED_REQUEST[move] in facts.asked:
        return "too_often"
    if move is Move.ASK_EXTENSION:
        if facts.extensions >= MAX_EXTENSIONS:
            return "too_often"
        return "too_late" if facts.overdue else None
    if move is Move.ASK_SUSPENSION:
        return "too_often" if facts.suspensions >= MAX_SUSPENSIONS else None
    return None if facts.overdue and not facts.overdue_excused else "move_not_allowed"
