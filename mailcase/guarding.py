"""What the guard of an agent's answer looks at, looked up: crossings, notes, what a held mail waits for (A6, A8)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from mailcase.core.context import Arrival, Crossing
from mailcase.core.decision import CaseView
from mailcase.core.lock import RETURNED
from mailcase.store import between
from mailcase.store.values import Spooled

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Stands behind the agent's name where a held mail was released by `#send`; an agent's name has no blank in it.
_SENT = " #send"
_SEND = re.compile(r"(?:[ \t]*\n){0,50}[ \t]*#[ \t]?send[ \t:=]*#?(\d{0,12})", re.IGNORECASE)


def confirmation(agent: str, *, overrule: bool) -> str:
    """What is kept with a held mail that its agent lets go on."""
    return agent + _SENT if overrule else agent


def confirmed_by(mail: Spooled, agent: str) -> bool:
    """Whether this agent has said that a held mail is theirs."""
    return bool(mail.confirmed_by) and mail.confirmed_by.removesuffix(_SENT).casefold() == agent.casefold()


def with_guard(conn: Connection, arrival: Arrival, mail: Spooled) -> Arrival:
    """An agent's mail with all that the guard looks at. Nothing is looked up for what is not going to be guarded."""
    if arrival.proof:
        arrival = replace(arrival, returned=_returned(conn, arrival))
    case = arrival.follow_up or arrival.thread.case
    overruled = mail.confirmed_by.endswith(_SENT)
    if not arrival.proof or arrival.silent or overruled or case is None or not arrival.reading.new.strip():
        return replace(arrival, overruled=overruled)
    notes, told = between.texts(conn, case.number)
    return replace(arrival, overtaken_by=_crossing(conn, arrival, case), notes=notes, told=told)


def _returned(conn: Connection, arrival: Arrival) -> int | None:
    """The held answer of this agent that `#send 17` names, else that of the returned mail that is answered; or None."""
    asked = _SEND.match(arrival.reading.new)
    if asked is None or arrival.agent is None:
        return None
    if asked[1]:
        return between.held_answer(conn, [f"{RETURNED}s{int(asked[1])}:{arrival.agent.name}"])
    return between.held_answer(conn, between.returned_as(conn, arrival.keys.ids, arrival.agent.name))


def _crossing(conn: Connection, arrival: Arrival, case: CaseView) -> Crossing | None:
    """The newest answer of a colleague that this agent cannot have seen in the mail that is answered."""
    since = _answered_at(conn, arrival)
    if since is None or arrival.agent is None:
        return None
    unseen = [
        a
        for a in between.answers_since(conn, case.number, since)
        if a.agent.casefold() != arrival.agent.name.casefold() and a.message_id not in arrival.keys.ids
    ]
    return Crossing(unseen[-1].agent, unseen[-1].at, unseen[-1].text) if unseen else None


def _answered_at(conn: Connection, arrival: Arrival) -> datetime | None:
    """When the mail was written that this one answers; for one that answers none of ours, when it was written itself.

    In-Reply-To comes first in the keys, then References from the last to the first.
    """
    ours = between.sent_at(conn, arrival.keys.ids)
    answered = next((ours[found] for found in arrival.keys.ids if found in ours), None)
    return answered or arrival.reading.mail.date
