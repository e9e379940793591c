"""The status table, row by row as the product has it, and nothing besides (S, S1)."""

from __future__ import annotations

import itertools

import pytest

from mailcase.core.case import FOLLOW_UP, MOVES, Cause, ImpossibleMove, check_settable, move
from mailcase.core.policy import StatusKind as K

ROWS = [
    (Cause.CUSTOMER_WRITES, K.NEW, K.NEW),
    (Cause.CUSTOMER_WRITES, K.OPEN, K.OPEN),
    (Cause.CUSTOMER_WRITES, K.PENDING, K.OPEN),
    (Cause.CUSTOMER_WRITES, K.POSTPONED, K.OPEN),
    (Cause.CUSTOMER_WRITES, K.RESOLVED, K.OPEN),
    (Cause.CUSTOMER_WRITES, K.CLOSED, FOLLOW_UP),
    (Cause.AGENT_ANSWERS, K.NEW, K.PENDING),
    (Cause.AGENT_ANSWERS, K.OPEN, K.PENDING),
    (Cause.AGENT_ANSWERS, K.PENDING, K.PENDING),
    (Cause.AGENT_ANSWERS, K.POSTPONED, K.PENDING),
    (Cause.AGENT_ANSWERS, K.RESOLVED, K.RESOLVED),
    (Cause.AGENT_ANSWERS, K.CLOSED, FOLLOW_UP),
    (Cause.BOUNCE, K.NEW, K.OPEN),
    (Cause.BOUNCE, K.OPEN, K.OPEN),
    (Cause.BOUNCE, K.PENDING, K.OPEN),
    (Cause.BOUNCE, K.POSTPONED, K.OPEN),
    (Cause.BOUNCE, K.RESOLVED, K.OPEN),
    (Cause.BOUNCE, K.CLOSED, K.CLOSED),
    (Cause.WAKES, K.POSTPONED, K.OPEN),
    (Cause.CONFIRMS, K.RESOLVED, K.CLOSED),
    (Cause.SILENT_RESOLVED, K.RESOLVED, K.CLOSED),
    (Cause.SILENT_PENDING, K.PENDING, K.CLOSED),
]


@pytest.mark.parametrize(("cause", "before", "after"), ROWS)
def test_row(cause: Cause, before: K, after: object) -> None:
    assert move(before, cause) is after


def test_a_case_that_was_never_answered_wakes_as_new() -> None:
    assert move(K.POSTPONED, Cause.WAKES, answered=False) is K.NEW


def test_every_other_pair_is_impossible_and_names_both() -> None:
    there = {(cause, before) for cause, before, _ in ROWS}
    assert there == {(cause, before) for cause, row in MOVES.items() for before in row}
    for cause, before in set(itertools.product(Cause, K)) - there:
        with pytest.raises(ImpossibleMove, match=before.value) as caught:
            move(before, cause)
        assert cause.value in str(caught.value)


@pytest.mark.parametrize("target", list(K))
def test_nothing_can_be_set_on_a_closed_case(target: K) -> None:
    with pytest.raises(ImpossibleMove, match=f"from archived to {target.value}"):
        check_settable(K.CLOSED, "archived", target, target.value)


@pytest.mark.parametrize("before", [k for k in K if k is not K.NEW])
def test_a_seen_case_is_never_new_again(before: K) -> None:
    with pytest.raises(ImpossibleMove):
        check_settable(before, before.value, K.NEW, "new")
