"""From a spooled mail to a plan: everything is looked up, decided and written before anything is changed.

A plan remembers what it rests on. If that moved by the time it is to be committed, it is made again (C4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from mailcase.asking import with_answers
from mailcase.core import guard, proof, thread
from mailcase.core import token as tokens
from mailcase.core.command import Order, parse
from mailcase.core.context import Arrival, Counts, Desk, HistoryLine, Sent
from mailcase.core.decide import decide
from mailcase.core.decision import CaseOpened, CaseView, Decision
from mailcase.core.message import Address, Envelope, Ours, Reading
from mailcase.core.policy import Agent, Mailbox, Policy
from mailcase.core.reading import classify
from mailcase.core.reading.read import own_words
from mailcase.guarding import confirmed_by, with_guard
from mailcase.lookup import (
    NOTHING,
    Ahead,
    author_of,
    correspondent,
    final_cases,
    history,
    keys_of,
    look_up_ids,
    looked_up,
    mailbox_for,
    written,
)
from mailcase.outgoing.letters import Writer
from mailcase.store import cases, letters, outbox, spool
from mailcase.store.values import OutgoingMail, Spooled
from mailcase.writing import originals, write_all

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(slots=True)
class Batch:
    """What the plans made before in the same batch will add, and the database does not know yet."""

    opened: int = 0
    automatic: Counter[str] = field(default_factory=Counter)
    ahead: Ahead = NOTHING

    def add(self, plan: Plan) -> None:
        """Count what a plan will add."""
        self.opened += plan.opens
        for mail in plan.mails:
            if mail.automatic:
                for recipient in mail.recipients:
                    self.automatic.update((recipient.casefold(), _domain(recipient), f"#{mail.case}", ""))

    def on_top_of(self, counts: Counts, target: str, number: int) -> Counts:
        """`counts` as they will be when the batch is committed (O4): fifty mails of one sender are not one."""
        more = self.automatic
        return Counts(
            counts.address_hour + more[target],
            counts.address_day + more[target],
            counts.case_day + min(more[target], more[f"#{number}"]),
            counts.domain_hour + more[_domain(target)],
            counts.total_hour + more[""],
        )


def _domain(address: str) -> str:
    return "@" + address.casefold().rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision, its mails, and what both rest on: case versions, how many new numbers it
    takes, what the Message-IDs pointed at."""

    decision: Decision
    mails: tuple[OutgoingMail, ...]
    versions: Mapping[int, int]
    opens: int = 0
    ids: tuple[str, ...] = ()
    known: tuple[thread.Known, ...] = ()
    arrival: Arrival | None = None


def ours(policy: Policy) -> Ours:
    """How we recognise ourselves."""
    addresses = (a.casefold() for m in policy.mailboxes for a in (m.address, *m.aliases))
    return Ours(frozenset(addresses), policy.desk_id)


@dataclass(frozen=True, slots=True)
class View:
    """A mail with everything that was looked up for it. `known` is what its Message-IDs pointed at."""

    arrival: Arrival
    desk: Desk
    known: tuple[thread.Known, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The Message-IDs that were looked up: those the mail refers to, and its own, which should be a new one."""
        return looked_up(self.arrival.keys, self.arrival.reading)


def plan_mail(conn: Connection, mail: Spooled, reading: Reading, writer: Writer, now: datetime, batch: Batch) -> Plan:
    """The plan for one mail. Reads only; `batch` is what the plans before it will have changed."""
    view = look(conn, mail, reading, writer.policy, now, batch.ahead)
    arrival, desk = view.arrival, view.desk
    case, target = arrival.follow_up or arrival.thread.case, _target(arrival)
    desk = replace(
        desk,
        next_number=desk.next_number + batch.opened,
        counts=batch.on_top_of(desk.counts, target.key if target else "", case.number if case else 0),
    )
    decision = decide(arrival, desk)
    mails = write_all(decision.replies, writer, now, mail, reading, originals(conn, decision.replies))
    versions = {c.number: c.version for c in desk.cases.values()}
    opens = sum(isinstance(event, CaseOpened) for event in decision.events)
    plan = Plan(decision, mails, versions, opens, view.ids, view.known, arrival)
    batch.add(plan)
    return plan


def look(
    conn: Connection, mail: Spooled, reading: Reading, policy: Policy, now: datetime, ahead: Ahead = NOTHING
) -> View:
    """Look up all that the decision on a mail needs, and `ahead` does not have."""
    keys = ahead.keys.get(mail.id) or keys_of(mail, reading, policy, now)
    about = _about(conn, reading, mail.envelope, policy)
    arrival, found, known = _placed(conn, _alone(mail, reading, keys, policy, now), about, policy, now, ahead)
    if arrival.agent:
        arrival = with_guard(conn, _with_proof(conn, arrival, arrival.agent, mail, policy), mail)
    return View(arrival, _desk(conn, arrival, found, policy, now, ahead), known)


def look_at_nothing(mail: Spooled, reading: Reading, policy: Policy, now: datetime) -> View:
    """A mail as an empty desk sees it: for `explain` without a desk."""
    arrival = _alone(mail, reading, keys_of(mail, reading, policy, now), policy, now)
    if arrival.agent:
        proved, distrust = proof.prove(
            arrival.agent, reading.mail, mail.envelope, arrival.keys, mail.source, policy
        )  # fmt: skip
        arrival = replace(arrival, proof=proved, distrust=distrust)
    return View(arrival, Desk(policy, now, 1))


def _alone(mail: Spooled, reading: Reading, keys: thread.Keys, policy: Policy, now: datetime) -> Arrival:
    """What a mail says by itself, before the store is asked."""
    mailbox, author = mailbox_for(mail, policy), author_of(reading)
    return Arrival(
        key=f"s{mail.id}",
        reading=reading,
        envelope=mail.envelope,
        source=mail.source,
        mailbox=mailbox,
        keys=keys,
        author=author,
        agent=_agent(author, mailbox, policy),
        unanswerable=classify.answerable(reading.mail, mail.envelope, ours(policy), reading.signals),
        silent=mail.silent,
        received_at=min(mail.received_at, now),
    )


def _about(conn: Connection, reading: Reading, envelope: Envelope, policy: Policy) -> Sent | None:
    """The mail of ours that a delivery report proves to be about: by Message-ID, or by the address it came to (S32)."""
    if reading.bounce is None:
        return None
    original = reading.bounce.original_message_id
    found = outbox.by_message_id(conn, [original]).get(original) if original else None
    if found is None:
        for address in envelope.recipients:
            token = tokens.parse(tokens.plus_part(address))
            if token and token.kind == tokens.BOUNCE:
                found = outbox.by_envelope_from(conn, address)
                break
    if found is None or found.case is None:
        return None
    return Sent(found.message_id, found.case, found.kind, found.to)


def _placed(
    conn: Connection, arrival: Arrival, about: Sent | None, policy: Policy, now: datetime, ahead: Ahead
) -> tuple[Arrival, dict[int, CaseView], tuple[thread.Known, ...]]:
    """The mail with its case; all cases that it points at, and what its Message-IDs do."""
    author, keys, own = arrival.author, arrival.keys, arrival.reading.mail.message_id
    known = look_up_ids(conn, looked_up(keys, arrival.reading), ahead)
    found = final_cases(conn, [*written(keys), *(k.case for k in known)], ahead)
    place = thread.choose(keys, found, known, author.key if author else "")
    if author and not arrival.agent and place.case and not place.case.knows(author.address):
        place = _after_split(conn, place, place.case, author, found)
    if about:
        bounced = final_cases(conn, [about.case]).get(about.case)
        found |= {bounced.number: bounced} if bounced else {}
        place = thread.Thread(bounced, f"bounce of {about.message_id}", place.doubts) if bounced else place
    follow_up = _active(conn, place.case) if place.case and place.case.closed else None
    if follow_up:
        found[follow_up.number] = follow_up
    arrival = replace(
        arrival,
        mailbox=policy.mailbox(place.case.mailbox) if place.case else arrival.mailbox,
        thread=place,
        follow_up=follow_up,
        about=about,
        known_sender=bool(author and correspondent(conn, author.address, now, ahead).answered),
        repeats=any(k.message_id == own for k in known),
    )
    return arrival, found, known


def _after_split(
    conn: Connection, place: thread.Thread, case: CaseView, author: Address, found: dict[int, CaseView]
) -> thread.Thread:
    """Mail of somebody whose message was split off belongs to the case that it became (T4)."""
    number = letters.split_off(conn, case.number, author.address)
    split = final_cases(conn, [number]).get(number) if number is not None else None
    if split is None:
        return place
    found[split.number] = split
    return replace(place, case=split, evidence=f"{place.evidence}, split from {case.number}")


def _active(conn: Connection, closed: CaseView) -> CaseView | None:
    number = cases.active_follow_up(conn, closed.number)
    return cases.by_number(conn, number) if number is not None else None


def _agent(author: Address | None, mailbox: Mailbox, policy: Policy) -> Agent | None:
    """The agent whose address this is, where they work on this mailbox; elsewhere they are a customer like others."""
    agent = policy.agent_of(author.address) if author else None
    return agent if agent and agent in policy.team(mailbox.name) else None


def _with_proof(conn: Connection, arrival: Arrival, agent: Agent, mail: Spooled, policy: Policy) -> Arrival:
    letter = arrival.reading.mail
    arrival = replace(arrival, reading=own_words(arrival.reading))
    if confirmed_by(mail, agent.name):
        return replace(arrival, proof="confirmed")
    proved, distrust = proof.prove(
        agent, letter, arrival.envelope, arrival.keys, arrival.source, policy, received_at=mail.received_at,
        place=arrival.thread, seen=arrival.repeats,
    )  # fmt: skip
    held = None
    token = arrival.keys.token
    forged = proof.refuted(letter, arrival.envelope, arrival.source, policy)
    if token and token.kind == tokens.HOLD and not forged and spool.is_held(conn, token.number):
        held = token.number
    return replace(arrival, proof=proved, distrust=distrust, held=held)


def _desk(
    conn: Connection, arrival: Arrival, found: Mapping[int, CaseView], policy: Policy, now: datetime, ahead: Ahead
) -> Desk:
    case = arrival.follow_up or arrival.thread.case
    target = _target(arrival)
    order = parse(arrival.reading.new, policy, now) if arrival.agent else Order()
    named = [int(c.argument) for c in order.commands if c.name in ("link", "merge")]
    named += guard.numbers(arrival.reading.new, policy) if arrival.agent else ()
    others = final_cases(conn, named)
    return with_answers(conn, arrival, desk_for(conn, policy, now, case, target, {**found, **others}, ahead))


def _target(arrival: Arrival) -> Address | None:
    """Whom automatic mail would go to: the requester when an agent writes, else the author."""
    case = arrival.follow_up or arrival.thread.case
    return case.requester if arrival.agent and case else arrival.author


def desk_for(
    conn: Connection,
    policy: Policy,
    now: datetime,
    case: CaseView | None,
    target: Address | None,
    found: Mapping[int, CaseView],
    ahead: Ahead = NOTHING,
) -> Desk:
    """What every decision needs. `target` is whom automatic mail would go to."""
    counts = Counts()
    languages: dict[str, str] = {}
    if target and "@" in target.address:
        known = correspondent(conn, target.address, now, ahead)
        counts = known.counts(case.number if case else None)
        languages[target.key] = known.language or ""
    lines: tuple[HistoryLine, ...] = ()
    chain: tuple[int, ...] = ()
    if case:
        lines = history(conn, case.number, ahead)
        linked = case.follow_up_of is not None or case.follow_ups
        chain = tuple(cases.chain(conn, case.number)) if linked else (case.number,)
    number = cases.next_number(conn) if ahead.next_number is None else ahead.next_number
    return Desk(policy, now, number, found, counts, lines, chain, languages)
