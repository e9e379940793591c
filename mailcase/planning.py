"""From a spooled mail to a plan: everything is looked up, decided and written before anything is changed.

A plan remembers what it rests on. If that moved by the time it is to be committed, it is made again (C4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from mailcase.asking import with_answers
from mailcase.core import guard, proof, thread
from mailcase.core import token as tokens
from mailcase.core.command import Order, parse
from mailcase.core.compose import OutgoingAttachment
from mailcase.core.context import Arrival, Counts, Desk, HistoryLine, Sent
from mailcase.core.decide import decide
from mailcase.core.decision import CaseOpened, CaseView, Decision, Reply
from mailcase.core.message import Address, Envelope, Mail, Ours, Reading
from mailcase.core.policy import Agent, Mailbox, Policy
from mailcase.core.reading import classify
from mailcase.core.reading.address import parse_list
from mailcase.core.reading.parse import attachment_bytes, read_mail
from mailcase.core.reading.read import own_words
from mailcase.guarding import confirmed_by, with_guard
from mailcase.outgoing.letters import Writer
from mailcase.store import cases, letters, outbox, spool
from mailcase.store.values import OutboxItem, OutgoingMail, Spooled

if TYPE_CHECKING:
    from sqlalchemy import Connection

# How many lines of history an agent's copy shows.
HISTORY_LINES = 8


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the mails of a batch point at, looked up for all of them at once: one question costs as much as twenty.

    `ids` has every Message-ID that was asked for, `cases` every number; None is a case that does not exist.
    """

    ids: Mapping[str, tuple[thread.Known, ...]] = field(default_factory=dict)
    cases: Mapping[int, CaseView | None] = field(default_factory=dict)


NOTHING = Ahead()


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


def mailbox_for(mail: Spooled, policy: Policy) -> Mailbox:
    """The mailbox a mail came for: the one it was fetched from, else the first recipient of ours (A14)."""
    named = [m for m in policy.mailboxes if m.name == mail.mailbox]
    found = named or [m for m in (policy.mailbox_of(a) for a in mail.envelope.recipients) if m]
    return found[0] if found else policy.mailboxes[0]


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


def look_ahead(conn: Connection, mails: Sequence[tuple[Spooled, Reading]], policy: Policy, now: datetime) -> Ahead:
    """What these mails point at, as it stands in the transaction of `conn`: of use only there."""
    found = [thread.keys(r.mail, m.envelope, mailbox_for(m, policy), policy, now) for m, r in mails]
    asked = (i for keys, (_, reading) in zip(found, mails, strict=True) for i in looked_up(keys, reading))
    ids: dict[str, list[thread.Known]] = {i: [] for i in asked}
    numbers = dict.fromkeys(number for keys in found for number in _written(keys))
    for known in look_up_ids(conn, tuple(ids)):
        ids[known.message_id].append(known)
        numbers[known.case] = None
    views: dict[int, CaseView | None] = dict.fromkeys(numbers)
    views.update((case.number, case) for case in cases.by_numbers(conn, views))
    return Ahead({i: tuple(known) for i, known in ids.items()}, views)


def look(
    conn: Connection, mail: Spooled, reading: Reading, policy: Policy, now: datetime, ahead: Ahead = NOTHING
) -> View:
    """Look up all that the decision on a mail needs, and `ahead` does not have."""
    mailbox = mailbox_for(mail, policy)
    keys = thread.keys(reading.mail, mail.envelope, mailbox, policy, now)
    about = _about(conn, reading, mail.envelope, policy)
    arrival, found, known = _arrival(conn, mail, reading, mailbox, keys, about, policy, now, ahead)
    return View(arrival, _desk(conn, arrival, found, policy, now), known)


def look_at_nothing(mail: Spooled, reading: Reading, policy: Policy, now: datetime) -> View:
    """A mail as an empty desk sees it: for `explain` without a desk."""
    mailbox = mailbox_for(mail, policy)
    keys = thread.keys(reading.mail, mail.envelope, mailbox, policy, now)
    author = _author(reading)
    agent = _agent(author, mailbox, policy)
    proved, distrust = "", ""
    if agent:
        proved, distrust = proof.prove(agent, reading.mail, mail.envelope, keys, mail.source, policy)
    arrival = Arrival(
        key="explain",
        reading=reading,
        envelope=mail.envelope,
        source=mail.source,
        mailbox=mailbox,
        keys=keys,
        author=author,
        agent=agent,
        proof=proved,
        distrust=distrust,
        unanswerable=classify.answerable(reading.mail, mail.envelope, ours(policy), reading.signals),
        received_at=mail.received_at,
    )
    return View(arrival, Desk(policy, now, 1))


def look_up_ids(conn: Connection, ids: Sequence[str], ahead: Ahead = NOTHING) -> tuple[thread.Known, ...]:
    """What the store knows of these Message-IDs, in a fixed order."""
    if not ids:
        return ()
    if ahead.ids.keys() >= set(ids):
        known = {one for message_id in ids for one in ahead.ids[message_id]}
        return tuple(sorted(known, key=lambda k: (k.message_id, k.case)))
    rows = (thread.Known(f.message_id, f.case, f.ours) for f in cases.by_message_ids(conn, ids))
    return tuple(sorted(rows, key=lambda k: (k.message_id, k.case)))


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


def _author(reading: Reading) -> Address | None:
    """Who wrote it. A list that put itself into From states the author elsewhere (R6, DMARC rewriting)."""
    sender = reading.mail.sender
    original = reading.mail.first("x-original-from") or reading.mail.first("x-original-sender")
    listed = bool(reading.mail.first("list-id") or reading.mail.first("list-post"))
    if sender and original and listed:
        stated = parse_list(original)
        if len(stated) == 1 and "@" in stated[0].address:
            return stated[0]
    return sender


def _arrival(
    conn: Connection,
    mail: Spooled,
    reading: Reading,
    mailbox: Mailbox,
    keys: thread.Keys,
    about: Sent | None,
    policy: Policy,
    now: datetime,
    ahead: Ahead,
) -> tuple[Arrival, dict[int, CaseView], tuple[thread.Known, ...]]:
    author = _author(reading)
    agent = _agent(author, mailbox, policy)
    known = look_up_ids(conn, looked_up(keys, reading), ahead)
    repeats = any(k.message_id == reading.mail.message_id for k in known)
    found = final_cases(conn, [*_written(keys), *(k.case for k in known)], ahead)
    place = thread.choose(keys, found, known, author.key if author else "")
    if author and not agent and place.case and not place.case.knows(author.address):
        place = _after_split(conn, place, place.case, author, found)
    if about:
        bounced = final_cases(conn, [about.case]).get(about.case)
        found |= {bounced.number: bounced} if bounced else {}
        place = thread.Thread(bounced, f"bounce of {about.message_id}", place.doubts) if bounced else place
    follow_up = _active(conn, place.case) if place.case and place.case.closed else None
    arrival = Arrival(
        key=f"s{mail.id}",
        reading=reading,
        envelope=mail.envelope,
        source=mail.source,
        mailbox=policy.mailbox(place.case.mailbox) if place.case else mailbox,
        keys=keys,
        thread=place,
        author=author,
        agent=agent,
        follow_up=follow_up,
        about=about,
        known_sender=bool(author and cases.was_answered(conn, author.address)),
        unanswerable=classify.answerable(reading.mail, mail.envelope, ours(policy), reading.signals),
        silent=mail.silent,
        repeats=repeats,
        received_at=min(mail.received_at, now),
    )
    if agent:
        arrival = with_guard(conn, _with_proof(conn, arrival, agent, mail, policy, repeats), mail)
    if follow_up:
        found[follow_up.number] = follow_up
    return arrival, found, known


def looked_up(keys: thread.Keys, reading: Reading) -> tuple[str, ...]:
    """The Message-IDs to ask the store about: those a mail refers to, then its own."""
    own = reading.mail.message_id
    return (*keys.ids, own) if own and own not in keys.ids else keys.ids


def _written(keys: thread.Keys) -> tuple[int, ...]:
    """The numbers of cases that stand in a mail itself."""
    token = keys.token
    return (*keys.numbers, token.number) if token and token.kind != tokens.HOLD else keys.numbers


def final_cases(conn: Connection, numbers: Sequence[int], ahead: Ahead = NOTHING) -> dict[int, CaseView]:
    """Cases by the number that was written, each followed to where it was merged (T4)."""
    found = {number: case for number in numbers if (case := ahead.cases.get(number))}
    wanted = tuple(dict.fromkeys(number for number in numbers if number not in ahead.cases))
    found |= {c.number: c for c in cases.by_numbers(conn, wanted)} if wanted else {}
    for number, case in list(found.items()):
        if case.merged_into is not None:
            final = cases.by_number(conn, cases.final_number(conn, number))
            found[number] = final or case
    return found


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


def _with_proof(conn: Connection, arrival: Arrival, agent: Agent, mail: Spooled, policy: Policy, seen: bool) -> Arrival:
    letter = arrival.reading.mail
    arrival = replace(arrival, reading=own_words(arrival.reading))
    if confirmed_by(mail, agent.name):
        return replace(arrival, proof="confirmed")
    proved, distrust = proof.prove(
        agent, letter, arrival.envelope, arrival.keys, arrival.source, policy, received_at=mail.received_at,
        place=arrival.thread, seen=seen,
    )  # fmt: skip
    held = None
    token = arrival.keys.token
    forged = proof.refuted(letter, arrival.envelope, arrival.source, policy)
    if token and token.kind == tokens.HOLD and not forged and spool.is_held(conn, token.number):
        held = token.number
    return replace(arrival, proof=proved, distrust=distrust, held=held)


def _desk(conn: Connection, arrival: Arrival, found: Mapping[int, CaseView], policy: Policy, now: datetime) -> Desk:
    case = arrival.follow_up or arrival.thread.case
    target = _target(arrival)
    order = parse(arrival.reading.new, policy, now) if arrival.agent else Order()
    named = [int(c.argument) for c in order.commands if c.name in ("link", "merge")]
    named += guard.numbers(arrival.reading.new, policy) if arrival.agent else ()
    others = final_cases(conn, named)
    return with_answers(conn, arrival, desk_for(conn, policy, now, case, target, {**found, **others}))


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
) -> Desk:
    """What every decision needs. `target` is whom automatic mail would go to."""
    counts = Counts()
    languages: dict[str, str] = {}
    if target and "@" in target.address:
        counts = outbox.automatic_counts(conn, target.address, case.number if case else None, now)
        languages[target.key] = cases.contact_language(conn, target.address) or ""
    history: tuple[HistoryLine, ...] = ()
    chain: tuple[int, ...] = ()
    if case:
        lines = cases.history(conn, case.number, HISTORY_LINES)
        history = tuple(HistoryLine(line.at, line.actor, line.text) for line in lines)
        linked = case.follow_up_of is not None or case.follow_ups
        chain = tuple(cases.chain(conn, case.number)) if linked else (case.number,)
    return Desk(policy, now, cases.next_number(conn), found, counts, history, chain, languages)


def originals(conn: Connection, replies: Sequence[Reply]) -> dict[int, bytes]:
    """The bytes of the mails whose attachments go along with a transfer, by their spool ids."""
    wanted = [reply.passes_on for reply in replies if reply.passes_on]
    return {mail.id: mail.raw for mail in spool.read(conn, wanted)} if wanted else {}


def write_all(
    replies: Sequence[Reply],
    writer: Writer,
    now: datetime,
    mail: Spooled | None = None,
    reading: Reading | None = None,
    passed_on: Mapping[int, bytes] | None = None,
) -> tuple[OutgoingMail, ...]:
    """The mails of a decision, with the attachments that came with the mail where they are passed on (O2)."""
    out = []
    for reply in replies:
        files: tuple[OutgoingAttachment, ...] = ()
        if reply.attach and mail and reading:
            files = _files(mail.raw, reading.mail)
        if passed_on and (raw := passed_on.get(reply.passes_on)):
            files = (*files, *_files(raw, read_mail(raw)))
        out.append(writer.write(reply, now, files, hold_id=mail.id if mail else 0))
    return tuple(out)


def write_again(
    item: OutboxItem, reply: Reply, writer: Writer, now: datetime, mail: Spooled | None, passed_on: Mapping[int, bytes]
) -> OutgoingMail:
    """A mail that was held because its template failed, under the Message-ID that its case knows it by."""
    files = _files(mail.raw, read_mail(mail.raw)) if reply.attach and mail else ()
    if raw := passed_on.get(reply.passes_on):
        files = (*files, *_files(raw, read_mail(raw)))
    return writer.write(reply, now, files, hold_id=mail.id if mail else 0, message_id=item.message_id)


def _files(raw: bytes, mail: Mail) -> tuple[OutgoingAttachment, ...]:
    return tuple(
        OutgoingAttachment(a.filename, a.content_type, attachment_bytes(raw, a.index))
        for a in mail.attachments
        if not a.inline
    )
