"""Three-way merge: other fields go together, one field with two values is kept apart."""

import pytest

from server.places.rules import merge
from sync.messages import Outcome

SHOP = {"name": "老李面馆", "trade": "餐饮", "operator_name": "李某", "status": "open"}


def test_nothing_changed_meanwhile_so_the_edit_is_applied():
    merged = merge(SHOP, {"name": "老王面馆"}, set())
    assert (merged.outcome, merged.taken) == (Outcome.APPLIED, {"name": "老王面馆"})


def test_another_field_changed_meanwhile_so_both_hold():
    merged = merge(SHOP, {"name": "老王面馆"}, {"trade"})
    assert (merged.outcome, merged.taken) == (Outcome.MERGED, {"name": "老王面馆"})


def test_the_same_field_with_another_value_is_kept_apart_and_the_rest_holds():
    merged = merge(SHOP, {"name": "老王面馆", "trade": "零售"}, {"name"})
    assert merged.outcome is Outcome.CONFLICT
    assert merged.apart == {"name": "老王面馆"}
    assert merged.taken == {"trade": "零售"}


def test_the_same_value_is_no_conflict():
    merged = merge(SHOP, {"name": "老李面馆"}, {"name"})
    assert (merged.outcome, merged.taken, merged.apart) == (Outcome.APPLIED, {}, {})


def test_an_edit_of_what_was_closed_meanwhile_asks_whether_it_is_closed():
    merged = merge(SHOP | {"status": "closed"}, {"name": "老王面馆"}, {"status"})
    assert merged.outcome is Outcome.CONFLICT
    assert merged.apart == {"status": "open"}
    assert merged.taken == {"name": "老王面馆"}


def test_closing_what_was_edited_meanwhile_is_merged():
    merged = merge(SHOP, {"status": "closed"}, {"name"})
    assert (merged.outcome, merged.taken) == (Outcome.MERGED, {"status": "closed"})


@pytest.mark.parametrize("changed", [{"status"}, {"status", "name"}])
def test_both_close_it_and_agree(changed: set[str]):
    merged = merge(SHOP | {"status": "closed"}, {"status": "closed"}, changed)
    assert merged.apart == {}
