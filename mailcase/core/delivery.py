"""What one try to hand a mail over came to, and what follows from it (O1): values, tested as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailcase.core import answer, people
from mailcase.core.case import Cause
from mailcase.core.change import Change
from mailcase.core.context import Desk
from mailcase.core.decision import SYSTEM, BounceRecorded, CaseView, Decision, Outcome

# What a try, or one recipient of it, can end as.
SENT, DEFERRED, FAILED, UNCERTAIN = "sent", "deferred", "failed", "uncertain"


@dataclass(frozen=True, slots=True)
class Try:
    """One try: the state of every recipient with the server's words, and whether the account or server is at fault.

    `ours` is set when nothing was wrong with the mail itself (no connection, refused login): everything waits, and
    nothing is failed for it (D3). `last` is the last thing the server said, or what went wrong.
    """

    recipients: Mapping[str, tuple[str, str]]
    last: str = ""
    ours: bool = False

    @property
    def state(self) -> str:
        """uncertain before deferred before sent before failed: as long as somebody may still get it, it is not over."""
        states = {state for state, _ in self.recipients.values()}
        return next((s for s in (UNCERTAIN, DEFERRED, SENT) if s in states), FAILED)

    @property
    def failures(self) -> tuple[tuple[str, str], ...]:
        """(address, the server's words) of those who will not get it."""
        return tuple((a, words) for a, (state, words) in self.recipients.items() if state == FAILED)


def everybody(recipients: Sequence[str], state: str, words: str, *, ours: bool = False) -> Try:
    """A try that ended the same way for all."""
    return Try(dict.fromkeys(recipients, (state, words)), words, ours)


def of_code(code: int, ok: Sequence[int] = (250, 251)) -> str:
    """What a reply code means for a mail (RFC 5321 section 4.2.1): 5xx is final, everything else is tried again."""
    if code in ok:
        return SENT
    return FAILED if 500 <= code < 600 else DEFERRED


def decide_failed(
    case: CaseView, message_id: str, kind: str, failures: Sequence[tuple[str, str]], now: datetime, desk: Desk
) -> Decision:
    """A mail to a customer will not arrive: the case is open again and its agents are told (R5). Nobody else is."""
    change = Change(desk.policy, now, SYSTEM, case)
    for address, words in failures:
        change.add(BounceRecorded(case.number, message_id, address, True, "", words))
    if not case.closed:
        change.move(Cause.BOUNCE)
    agents = people.responsible(change.case, change.mailbox, desk.policy)
    values = {
        "recipients": [{"address": a, "status": "", "text": words, "permanent": True} for a, words in failures],
        "kind": kind,
    }
    answer.to_agents(change, agents, "delivery-problem", f"failed:{message_id}", values)
    return change.finish("delivery-failed", Outcome("note", case.number, "not delivered"))
