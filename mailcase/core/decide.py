"""What a mail does. One rule after the other is asked; the first that applies decides, and gives its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailcase.core import answer, opening, people
from mailcase.core import token as tokens
from mailcase.core.agent_mail import agent_without_proof, from_agent, held_confirmed
from mailcase.core.case import Cause
from mailcase.core.change import Change
from mailcase.core.context import Arrival, Desk
from mailcase.core.decision import (
    Actor,
    BounceRecorded,
    CaseView,
    Decision,
    Outcome,
    Participant,
    ParticipantsChanged,
    Recorded,
)
from mailcase.core.filing import filed
from mailcase.core.message import Kind
from mailcase.core.policy import StatusKind
from mailcase.core.reading import thanks

Rule = Callable[[Arrival, Desk], Decision | None]


def decide(arrival: Arrival, desk: Desk) -> Decision:
    """The decision on one mail. Pure, and an answer for every mail: the last rule takes all."""
    for rule in RULES:
        decision = rule(arrival, desk)
        if decision is not None:
            return _with_reuse(decision, arrival)
    raise AssertionError("the last rule takes every mail")


def _with_reuse(decision: Decision, arrival: Arrival) -> Decision:
    """Another mail with this Message-ID was there before: both are kept, and the history says so (B7)."""
    case = decision.outcome.case
    if not arrival.repeats or case is None or decision.hold:
        return decision
    note = Recorded(case, "message-id-reused", arrival.reading.mail.message_id)
    return replace(decision, events=(*decision.events, note))


def _actor(arrival: Arrival) -> Actor:
    return Actor("customer", arrival.author.address if arrival.author else "")


def _change(arrival: Arrival, desk: Desk, case: CaseView, actor: Actor | None = None) -> Change:
    change = Change(desk.policy, desk.now, actor or _actor(arrival), case)
    change.silent = arrival.silent
    return change


def _file_machine(arrival: Arrival, desk: Desk, rule: str) -> Decision | None:
    """Machine mail is filed on its case and changes nothing, also on a closed one (R4, F7)."""
    case = arrival.thread.case
    if case is None:
        return None
    change = _change(arrival, desk, case, Actor("system"))
    change.file(filed(arrival, case, automatic=True, verified=_knows(arrival, case)))
    return change.finish(rule, Outcome("note", case.number, arrival.reading.kind.value))


def loop(arrival: Arrival, desk: Desk) -> Decision | None:
    """Our own mail came back (O4, S16): filed where it belongs, answered never."""
    if arrival.reading.kind is not Kind.LOOP:
        return None
    filed_on_case = _file_machine(arrival, desk, "loop")
    return filed_on_case or Decision("loop", Outcome("ignored", None, "our own mail came back"))


def sent_folder(arrival: Arrival, desk: Desk) -> Decision | None:
    """Mail that agents sent straight from the shared mailbox joins its case as outgoing, and is not sent again (B4)."""
    if arrival.source != "sent":
        return None
    marks = {s.name for s in arrival.reading.signals}
    if "own-loop-mark" in marks:
        # Some providers put there what we ourselves sent through them. Our address in From says nothing here.
        return Decision("sent-by-us", Outcome("ignored", None, "we sent it ourselves"))
    if any(s.strong and s.kind is Kind.AUTOMATIC_REPLY for s in arrival.reading.signals):
        return _sent_by_a_machine(arrival, desk)
    mail = arrival.reading.mail
    actor = Actor("agent", arrival.agent.name if arrival.agent else arrival.mailbox.name)
    case = arrival.follow_up or arrival.thread.case
    to = people.outside((*mail.to, *mail.cc), desk.policy)
    if case is None and not to:
        return Decision("sent-folder", Outcome("ignored", None, "sent to nobody outside"))
    if case is None:
        change = opening.new_case(
            desk, arrival.mailbox, actor, StatusKind.OPEN, to[0], mail.subject,
            language=desk.languages.get(to[0].key, ""), participants=tuple(Participant(a, "cc") for a in to[1:]),
        )  # fmt: skip
    elif case.closed:
        change = opening.follow_up(desk, case, actor, StatusKind.OPEN)
    else:
        change = _change(arrival, desk, case, actor)
    change.silent = arrival.silent
    change.file(filed(arrival, change.case, direction="outgoing"))
    change.move(Cause.AGENT_ANSWERS)
    return change.finish("sent-folder", Outcome("case" if case is None else "note", change.case.number))


def _sent_by_a_machine(arrival: Arrival, desk: Desk) -> Decision:
    """An absence notice of the shared mailbox answers nobody's question: it is kept, and no status moves."""
    case = arrival.thread.case
    if case is None:
        return Decision("sent-by-a-machine", Outcome("ignored", None, "an automatic reply of the mailbox"))
    change = _change(arrival, desk, case, Actor("system"))
    change.file(filed(arrival, case, direction="outgoing", automatic=True))
    return change.finish("sent-by-a-machine", Outcome("note", case.number, "an automatic reply of the mailbox"))


def bounce(arrival: Arrival, desk: Desk) -> Decision | None:
    """A delivery report: about a mail of ours it fails that mail, opens the case and tells the agent (R5, S32)."""
    report = arrival.reading.bounce
    if arrival.reading.kind is not Kind.BOUNCE or report is None:
        return None
    case = arrival.thread.case
    if case is None:
        return Decision("bounce", Outcome("ignored", None, "a delivery report about nothing of ours"))
    change = _change(arrival, desk, case, Actor("system"))
    change.file(filed(arrival, case, automatic=True))
    about = arrival.about
    if about is None:
        return change.finish("bounce-unproven", Outcome("note", case.number, "bounce without a token of ours"))
    words = []
    for who in report.recipients:
        failed = who.action == "failed"
        change.add(BounceRecorded(case.number, about.message_id, who.address, failed, who.status, who.text))
        words.append({"address": who.address, "status": who.status, "text": who.text, "permanent": failed})
    if report.permanent and not report.recipients:
        change.add(BounceRecorded(case.number, about.message_id, about.to, True))
    if report.permanent and not case.closed:
        change.move(Cause.BOUNCE)
        agents = people.responsible(change.case, change.mailbox, desk.policy)
        values = {"recipients": words or [{"address": about.to, "status": "", "text": "", "permanent": True}]}
        answer.to_agents(change, agents, "delivery-problem", f"bounce:{arrival.key}", values)
    return change.finish("bounce", Outcome("note", case.number, "bounce"))


def machine(arrival: Arrival, desk: Desk) -> Decision | None:
    """Automatic replies and bulk mail. Without a case an alert becomes one, a vacation notice is ignored (R4)."""
    kind = arrival.reading.kind
    if kind not in (Kind.AUTOMATIC_REPLY, Kind.BULK, Kind.BOUNCE):
        return None
    on_case = _file_machine(arrival, desk, kind.value)
    if on_case:
        return on_case
    if kind is not Kind.BULK:
        return Decision(kind.value, Outcome("ignored", None, f"{kind.value} that belongs to no case"))
    change = opening.from_mail(desk, arrival, Actor("system"))
    change.silent = arrival.silent
    change.file(filed(arrival, change.case, automatic=True))
    answer.suppressed(change, "acknowledgement", arrival.unanswerable or "machine mail")
    answer.notify(change, arrival, (), ())
    return change.finish("machine-case", Outcome("case", change.case.number, kind.value))


def confirmed(arrival: Arrival, desk: Desk) -> Decision | None:
    """The customer says that it is solved: resolved becomes closed, and anything else goes on to the next rule."""
    case = arrival.thread.case
    if case is None or case.kind is not StatusKind.RESOLVED or not _knows(arrival, case) or _helps(arrival, case):
        return None
    if not desk.policy.mailbox(case.mailbox).deadlines.close_on_confirm:
        return None
    by_link = arrival.keys.token is not None and arrival.keys.token.kind == tokens.CONFIRM
    language = case.language or arrival.reading.language
    in_words = not arrival.reading.mail.attachments and thanks.is_confirmation(arrival.reading.new, language)
    if not (by_link or in_words):
        return None
    change = _change(arrival, desk, case)
    change.file(filed(arrival, case), arrival.reading.mail.references)
    change.close(Cause.CONFIRMS, "confirmed")
    _tell_closed(change, arrival, desk)
    return change.finish("confirmed", Outcome("note", case.number, "by link" if by_link else "in words"))


def _tell_closed(change: Change, arrival: Arrival, desk: Desk) -> None:
    if arrival.unanswerable:
        answer.suppressed(change, "closed", arrival.unanswerable)
        return
    reason = f"closed:{change.case.number}:{change.before.version}"
    answer.to_customer(change, "closed", reason, desk.counts, {"confirm": False})


def stranger(arrival: Arrival, desk: Desk) -> Decision | None:
    """A number or an id alone does not make a stranger a participant (T3, S1-S3)."""
    case = arrival.thread.case
    if case is None or _knows(arrival, case) or arrival.mailbox.strangers == "thread":
        return None
    target = arrival.follow_up or case
    if target.closed or arrival.mailbox.strangers == "new_case":
        return _open(arrival, desk, "stranger-new-case", mentions=case.number)
    change = _change(arrival, desk, target)
    change.file(filed(arrival, target, verified=False))
    if arrival.author and not any(p.address.key == arrival.author.key for p in target.participants):
        change.add(ParticipantsChanged(target.number, (Participant(arrival.author, "unverified"),)))
    change.move(Cause.CUSTOMER_WRITES)
    who = str(arrival.author or "?")
    change.record("unverified-sender", change.phrase("unverified_sender", sender=who), sender=who)
    answer.notify(change, arrival, desk.history, desk.chain)
    return change.finish("stranger-flagged", Outcome("note", target.number, "unverified sender"))


def _knows(arrival: Arrival, case: CaseView) -> bool:
    return arrival.author is not None and case.knows(arrival.author.address)


def _helps(arrival: Arrival, case: CaseView) -> bool:
    return arrival.author is not None and case.helper(arrival.author.address)


def transfer_answer(arrival: Arrival, desk: Desk) -> Decision | None:
    """Whom an agent asked for help answers: agents see it, the customer does not, and it brings nobody along (L2)."""
    case = arrival.follow_up or arrival.thread.case
    if case is None or not _helps(arrival, case):
        return None
    change = _change(arrival, desk, case)
    change.file(filed(arrival, case))
    if not case.closed:
        change.move(Cause.CUSTOMER_WRITES)
    answer.notify(change, arrival, desk.history, desk.chain)
    return change.finish("transfer-answer", Outcome("note", case.number))


def closed_case(arrival: Arrival, desk: Desk) -> Decision | None:
    """A closed case is never reopened: a follow-up case begins, or the active one goes on (F1, F5)."""
    case = arrival.thread.case
    if case is None or not case.closed or arrival.follow_up:
        return None
    change = opening.follow_up(desk, case, _actor(arrival), StatusKind.NEW, arrival.reading.mail.subject)
    change.silent = arrival.silent
    _join(change, arrival)
    change.file(filed(arrival, change.case), arrival.reading.mail.references)
    _acknowledge(change, arrival, desk, "follow-up", {"continues": case.number})
    answer.notify(change, arrival, desk.history, (*desk.chain, change.case.number))
    return change.finish("follow-up-case", Outcome("case", change.case.number, f"follow-up of {case.number}"))


def customer(arrival: Arrival, desk: Desk) -> Decision | None:
    """A customer writes on their case: it needs attention again."""
    case = arrival.follow_up or arrival.thread.case
    if case is None:
        return None
    change = _change(arrival, desk, case)
    for doubt in arrival.thread.doubts:
        change.record("evidence-disagrees", doubt)
    _join(change, arrival)
    change.file(filed(arrival, case))
    change.move(Cause.CUSTOMER_WRITES)
    answer.notify(change, arrival, desk.history, desk.chain)
    rule = "active-follow-up" if arrival.follow_up else "customer-writes"
    return change.finish(rule, Outcome("note", case.number))


def _join(change: Change, arrival: Arrival) -> None:
    """Who a known customer brings along in To and Cc joins, when the mail surely answers one of ours (S2).

    A guessed number with a forged From must not add its author's accomplice, so the number is not enough.
    """
    newcomers = people.newcomers(arrival.reading.mail, arrival.author, change.case, change.policy)
    sure = arrival.thread.evidence.startswith(("token", "own-id"))
    if arrival.mailbox.strangers == "thread" and arrival.author and not change.case.knows(arrival.author.address):
        newcomers = (Participant(arrival.author, "cc"), *newcomers)
        sure = True
    if newcomers and sure:
        change.add(ParticipantsChanged(change.case.number, newcomers))
        change.case = replace(change.case, participants=(*change.case.participants, *newcomers))


def new_case(arrival: Arrival, desk: Desk) -> Decision:
    """Mail that belongs to nothing is a new case."""
    return _open(arrival, desk, "new-case")


def _open(arrival: Arrival, desk: Desk, rule: str, mentions: int | None = None) -> Decision:
    change = opening.from_mail(desk, arrival, _actor(arrival))
    change.silent = arrival.silent
    change.file(filed(arrival, change.case), arrival.reading.mail.references)
    if mentions is not None:
        change.record("mentions-case", change.phrase("mentions_case", number=mentions), number=mentions)
    _acknowledge(change, arrival, desk, "acknowledgement", {})
    answer.notify(change, arrival, (), (change.case.number,))
    return change.finish(rule, Outcome("case", change.case.number))


def _acknowledge(change: Change, arrival: Arrival, desk: Desk, kind: str, values: dict[str, object]) -> None:
    """Tell the sender the number, unless that would be wrong or unwelcome (O4, O5)."""
    if not arrival.mailbox.acknowledge:
        answer.suppressed(change, kind, "the mailbox does not acknowledge")
        return
    if arrival.unanswerable:
        answer.suppressed(change, kind, arrival.unanswerable)
        return
    values = {**values, "known": arrival.known_sender, "expected_time": arrival.mailbox.expected_time}
    reason = f"{kind}:{change.case.number}"
    answer.to_customer(change, kind, reason, desk.counts, values, null_sender=True)


RULES: tuple[Rule, ...] = (
    sent_folder,
    loop,
    bounce,
    machine,
    held_confirmed,
    agent_without_proof,
    from_agent,
    confirmed,
    stranger,
    transfer_answer,
    closed_case,
    customer,
    new_case,
)
