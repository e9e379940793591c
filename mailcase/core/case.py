"""The life of a case: one table of moves, and nothing else decides what status follows (S1)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from mailcase.core.policy import StatusKind

NEW, OPEN, PENDING = StatusKind.NEW, StatusKind.OPEN, StatusKind.PENDING
POSTPONED, RESOLVED, CLOSED = StatusKind.POSTPONED, StatusKind.RESOLVED, StatusKind.CLOSED

RESOLUTIONS = ("solved", "confirmed", "no_response", "spam", "duplicate", "withdrawn")
PRIORITIES = ("low", "normal", "high", "urgent")


class Cause(StrEnum):
    """What moves a case."""

    CUSTOMER_WRITES = "customer writes"
    AGENT_ANSWERS = "agent answers"
    BOUNCE = "permanent bounce"
    WAKES = "postponed date came"
    CONFIRMS = "customer confirms"
    SILENT_RESOLVED = "silent after resolved"
    SILENT_PENDING = "no response"


class FollowUp:
    """Stands in the table where a case does not move: mail makes a follow-up case instead (F1)."""


FOLLOW_UP = FollowUp()

# The status table of the product, row by row. What is not here is impossible. Machine mail, notes, transfers and
# assignments move nothing and therefore have no row.
MOVES: Mapping[Cause, Mapping[StatusKind, StatusKind | FollowUp]] = {
    Cause.CUSTOMER_WRITES: {
        NEW: NEW, OPEN: OPEN, PENDING: OPEN, POSTPONED: OPEN, RESOLVED: OPEN, CLOSED: FOLLOW_UP,
    },
    Cause.AGENT_ANSWERS: {
        NEW: PENDING, OPEN: PENDING, PENDING: PENDING, POSTPONED: PENDING, RESOLVED: RESOLVED, CLOSED: FOLLOW_UP,
    },
    Cause.BOUNCE: {NEW: OPEN, OPEN: OPEN, PENDING: OPEN, POSTPONED: OPEN, RESOLVED: OPEN, CLOSED: CLOSED},
    Cause.WAKES: {POSTPONED: OPEN},
    Cause.CONFIRMS: {RESOLVED: CLOSED},
    Cause.SILENT_RESOLVED: {RESOLVED: CLOSED},
    Cause.SILENT_PENDING: {PENDING: CLOSED},
}  # fmt: skip

# What somebody may set by hand, from each kind. A closed case is never reopened (F1), a seen one is never new again.
SETTABLE: Mapping[StatusKind, frozenset[StatusKind]] = {
    NEW: frozenset((NEW, OPEN, PENDING, POSTPONED, RESOLVED, CLOSED)),
    OPEN: frozenset((OPEN, PENDING, POSTPONED, RESOLVED, CLOSED)),
    PENDING: frozenset((OPEN, PENDING, POSTPONED, RESOLVED, CLOSED)),
    POSTPONED: frozenset((OPEN, PENDING, POSTPONED, RESOLVED, CLOSED)),
    RESOLVED: frozenset((OPEN, PENDING, POSTPONED, RESOLVED, CLOSED)),
    CLOSED: frozenset(),
}


class ImpossibleMove(ValueError):
    """A move that is not in the table; the message names both statuses."""

    def __init__(self, from_status: str, to_status: str) -> None:
        super().__init__(f"a case cannot go from {from_status} to {to_status}")
        self.from_status, self.to_status = from_status, to_status


def move(kind: StatusKind, cause: Cause, *, answered: bool = True) -> StatusKind | FollowUp:
    """The kind that follows `kind` when `cause` happens, or FOLLOW_UP.

    A postponed case that never was answered wakes as new. Raises ImpossibleMove for a pair not in the table.
    """
    after = MOVES[cause].get(kind)
    if after is None:
        raise ImpossibleMove(kind.value, cause.value)
    if cause is Cause.WAKES and not answered:
        return NEW
    return after


def check_settable(kind: StatusKind, from_status: str, to_kind: StatusKind, to_status: str) -> None:
    """Raises ImpossibleMove, naming both statuses, when nobody may set this by hand."""
    if to_kind not in SETTABLE[kind]:
        raise ImpossibleMove(from_status, to_status)
