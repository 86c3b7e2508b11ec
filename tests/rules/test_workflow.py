"""The table of states and moves, as facts."""

import itertools

import pytest

from server.cases.workflow import (
    MOVE_NAMES,
    MOVES,
    OPEN_STATES,
    STATE_NAMES,
    UNIT_STATES,
    Facts,
    Move,
    State,
    allowed_moves,
    refusal,
)
from sync.roles import FIELD_ROLES, UNIT_ROLES, Role

ENDED = (State.CLOSED, State.REJECTED, State.VOID)
OWN_UNIT = Facts(own_area=False, own_unit=True)


def roles(*names: Role) -> frozenset[Role]:
    return frozenset(names)


def test_the_states_have_the_trades_names():
    assert [STATE_NAMES[state].zh for state in State] == [
        "待受理", "不予立案", "待核实", "待派遣", "已派遣", "回退",
        "处置中", "待核查", "返工", "挂账", "已结案", "作废",
    ]  # fmt: skip


def test_every_state_and_move_has_names():
    assert set(STATE_NAMES) == set(State)
    assert set(MOVE_NAMES) == set(Move)


def test_every_state_can_be_reached():
    reached = {rule.to for rule in MOVES.values()} | {State.REPORTED}
    assert reached == set(State)


def test_every_move_but_the_report_is_in_the_table():
    assert {move for _, move in MOVES} == set(Move) - {Move.REPORT}


def test_nobody_may_make_a_move_that_is_absent():
    everything = frozenset(Role)
    facts = Facts(own_unit=True)
    for state, move in itertools.product(State, Move):
        if (state, move) not in MOVES:
            assert refusal(state, move, everything, facts) == "move_not_allowed"


@pytest.mark.parametrize("state", ENDED)
def test_an_ended_case_stays_where_it_is(state):
    assert {rule.to for (of, _), rule in MOVES.items() if of is state} == {state}


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_every_open_case_can_be_voided_with_a_reason(state):
    assert MOVES[state, Move.VOID].to is State.VOID
    assert MOVES[state, Move.VOID].reason_required


NEED_A_REASON = (
    *(Move.REFUSE, Move.RETURN, Move.FORCE_CLOSE, Move.VOID, Move.REWORK, Move.ASK_EXTENSION),
    *(Move.ASK_SUSPENSION, Move.APPEAL, Move.SUPERVISE, Move.MARK_OWNERLESS, Move.DENY_APPEAL),
)


@pytest.mark.parametrize("move", NEED_A_REASON)
def test_moves_that_need_a_reason_say_so_in_every_state(move):
    assert all(rule.reason_required for (_, each), rule in MOVES.items() if each is move)


@pytest.mark.parametrize("move", [Move.WARN, Move.OVERDUE, Move.ESCALATE])
def test_only_the_server_warns_and_escalates(move):
    for (_, each), rule in MOVES.items():
        if each is move:
            assert rule.by_rule
            assert not rule.roles


@pytest.mark.parametrize("role", [Role.LEADER, Role.ADMIN, Role.REVIEWER, Role.ASSESSOR])
@pytest.mark.parametrize("state", list(State))
def test_who_only_reads_moves_nothing(role, state):
    assert allowed_moves(state, roles(role), Facts(own_unit=True)) == ()


@pytest.mark.parametrize("role", sorted(UNIT_ROLES))
@pytest.mark.parametrize("state", sorted(UNIT_STATES))
def test_a_unit_reports_done_only_on_its_own_case(role, state):
    assert Move.DONE in allowed_moves(state, roles(role), OWN_UNIT)
    assert allowed_moves(state, roles(role), Facts(own_area=True, own_unit=False)) == ()


@pytest.mark.parametrize("role", sorted(FIELD_ROLES))
def test_the_field_checks_only_in_its_own_area(role):
    assert Move.CHECK in allowed_moves(State.POST_CHECK, roles(role))
    assert allowed_moves(State.POST_CHECK, roles(role), Facts(own_area=False)) == ()


def test_nobody_checks_a_case_they_handled():
    mine = Facts(handled_by_me=True)
    assert refusal(State.POST_CHECK, Move.CHECK, roles(Role.OFFICER), mine) == "own_work"
    assert refusal(State.POST_CHECK, Move.FORCE_CLOSE, roles(Role.ACCEPTOR), mine) == "own_work"


def test_a_case_closes_only_after_it_passed_its_check():
    acceptor = roles(Role.ACCEPTOR)
    unchecked, failed, passed = (Facts(checked_result=result) for result in (None, "fail", "pass"))
    assert refusal(State.POST_CHECK, Move.CLOSE, acceptor, unchecked) == "move_not_allowed"
    assert refusal(State.POST_CHECK, Move.CLOSE, acceptor, failed) == "move_not_allowed"
    assert refusal(State.POST_CHECK, Move.CLOSE, acceptor, passed) is None


def test_a_unit_returns_a_case_only_within_the_set_time():
    clerk = roles(Role.UNIT_CLERK)
    late = Facts(own_unit=True, returnable=False)
    assert refusal(State.DISPATCHED, Move.RETURN, clerk, OWN_UNIT) is None
    assert refusal(State.DISPATCHED, Move.RETURN, clerk, late) == "too_late"


def test_a_colleague_may_accept_what_is_being_handled_but_nobody_accepts_twice():
    handler = roles(Role.HANDLER)
    mine = Facts(own_unit=True, handled_by_me=True)
    assert refusal(State.HANDLING, Move.ACCEPT, handler, OWN_UNIT) is None
    assert refusal(State.HANDLING, Move.ACCEPT, handler, mine) == "move_not_allowed"
    assert refusal(State.REWORK, Move.ACCEPT, handler, mine) is None


def test_an_extension_is_asked_for_before_the_deadline_and_at_most_twice():
    clerk = roles(Role.UNIT_CLERK)
    again = Facts(own_unit=True, extensions=1)
    third = Facts(own_unit=True, extensions=2)
    late = Facts(own_unit=True, overdue=True)
    waiting = Facts(own_unit=True, asked=frozenset({"extension"}))
    assert refusal(State.HANDLING, Move.ASK_EXTENSION, clerk, again) is None
    assert refusal(State.HANDLING, Move.ASK_EXTENSION, clerk, third) == "too_often"
    assert refusal(State.HANDLING, Move.ASK_EXTENSION, clerk, late) == "too_late"
    assert refusal(State.HANDLING, Move.ASK_EXTENSION, clerk, waiting) == "too_often"


def test_a_case_is_suspended_once():
    clerk = roles(Role.UNIT_CLERK)
    second = Facts(own_unit=True, suspensions=1)
    assert refusal(State.HANDLING, Move.ASK_SUSPENSION, clerk, OWN_UNIT) is None
    assert refusal(State.HANDLING, Move.ASK_SUSPENSION, clerk, second) == "too_often"


def test_only_what_was_asked_for_is_granted_and_not_by_the_asker():
    dispatcher = roles(Role.DISPATCHER)
    asked = Facts(asked=frozenset({"extension"}))
    my_own = Facts(asked=frozenset({"extension"}), own_request=True)
    assert refusal(State.HANDLING, Move.GRANT_EXTENSION, dispatcher, asked) is None
    assert refusal(State.HANDLING, Move.GRANT_SUSPENSION, dispatcher, asked) == "move_not_allowed"
    assert refusal(State.HANDLING, Move.GRANT_EXTENSION, dispatcher, my_own) == "own_work"


def test_only_an_overdue_case_has_an_appeal():
    clerk = roles(Role.UNIT_CLERK)
    late = Facts(own_unit=True, overdue=True)
    excused = Facts(own_unit=True, overdue=True, overdue_excused=True)
    assert refusal(State.CLOSED, Move.APPEAL, clerk, late) is None
    assert refusal(State.CLOSED, Move.APPEAL, clerk, OWN_UNIT) == "move_not_allowed"
    assert refusal(State.CLOSED, Move.APPEAL, clerk, excused) == "move_not_allowed"


def test_only_what_was_handled_on_the_spot_closes_as_such():
    acceptor = roles(Role.ACCEPTOR)
    on_the_spot = Facts(handled_on_spot=True)
    assert refusal(State.REPORTED, Move.QUICK_CLOSE, acceptor, Facts()) == "move_not_allowed"
    assert refusal(State.REPORTED, Move.QUICK_CLOSE, acceptor, on_the_spot) is None


def test_a_reply_and_a_call_back_belong_to_a_source_outside():
    acceptor = roles(Role.ACCEPTOR)
    outside = Facts(from_outside=True)
    replied = Facts(from_outside=True, replied=True)
    assert refusal(State.CLOSED, Move.REPLY, acceptor, Facts()) == "move_not_allowed"
    assert refusal(State.CLOSED, Move.REPLY, acceptor, outside) is None
    assert refusal(State.CLOSED, Move.CALL_BACK, acceptor, outside) == "move_not_allowed"
    assert refusal(State.CLOSED, Move.CALL_BACK, acceptor, replied) is None


def test_whoever_holds_two_roles_has_the_moves_of_both():
    both = roles(Role.ACCEPTOR, Role.DISPATCHER)
    assert {Move.DISPATCH, Move.VOID} <= set(allowed_moves(State.FILED, both))
