"""One spooled mail, or one due deadline, from claim to commit. Everything slow happens before the transaction."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from mailcase import log, rounds
from mailcase.core import opening, thread
from mailcase.core.answer import notify
from mailcase.core.context import Arrival, Desk
from mailcase.core.decision import SYSTEM, Deadline, Decision, MessageFiled, Outcome
from mailcase.core.delivery import decide_failed
from mailcase.core.due import decide_due
from mailcase.core.due_later import decide_later
from mailcase.core.message import Address, Mail, Reading
from mailcase.core.policy import StatusKind
from mailcase.core.reading.read import read
from mailcase.core.thread import Keys
from mailcase.failpoint import failpoint
from mailcase.guarding import confirmation
from mailcase.lookup import NOTHING, Ahead, look_ahead, look_up_ids, mailbox_for
from mailcase.outgoing.letters import Writer
from mailcase.planning import Batch, Plan, desk_for, ours, plan_mail
from mailcase.store import cases, later, outbox, record, spool
from mailcase.store.engine import Database, fault_of
from mailcase.store.errors import DatabaseUnavailable, Moved
from mailcase.store.values import OutboxItem, OutgoingMail, Spooled
from mailcase.writing import write_all

if TYPE_CHECKING:
    from sqlalchemy import Connection

BATCH = 50
# Several large mails of one batch are in memory at once; a lease outlives the slowest batch.
LEASE = timedelta(minutes=5)
# Once in a batch, then alone; a mail that fails as often as this is set aside (B8).
MOST_ATTEMPTS = 3
# One mail may cost this much processor time; then the kernel ends the worker, and the mail's attempt counts (R2).
CPU_SECONDS = 10
# Deadlines that came while nobody was there are not all answered in one breath (C7).
DUE_A_ROUND = 20

Planned = tuple[Spooled, Reading, Plan]
T = TypeVar("T", Deadline, later.Scheduled)

logger = log.get("worker")


@dataclass(slots=True)
class Worker:
    """What a worker works with. `begin` and `progress` tell the parent what is in hand."""

    database: Database
    writer: Writer
    owner: str = "worker"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    begin: Callable[[int], None] = lambda _task: None
    progress: Callable[[int, int], None] = lambda _done, _failed: None
    unfinished: bool = False

    def mails(self) -> int:
        """Work on what waits, at most a batch. Returns how many mails have got their outcome."""
        if not self._waiting():
            return 0
        with self.database.write() as conn:
            if self.unfinished:
                spool.free_leases(conn, self.owner, counting=())
            # If the database goes away from here on, be it after a commit of which we do not hear, what is claimed is
            # free again as soon as it is back: not the mails' fault.
            self.unfinished = True
            ids = spool.claim(conn, BATCH, self.clock(), LEASE, self.owner)
        if not ids:
            self.unfinished = False
            return 0
        with self.database.read() as conn:  # megabytes: not while the listener waits for the writer's lock
            claimed = spool.read(conn, ids)
        failpoint("after_claim")
        readings, failures = self._read(claimed)
        plans = self._plan(claimed, readings, failures)
        self.begin(0)
        failpoint("before_process")
        done = self._commit(plans, failures)
        for mail, reason in failures:
            self._failed(mail, reason)
        self.unfinished = False
        self.progress(done, len(failures))
        return len(claimed)

    def _waiting(self) -> bool:
        with self.database.read() as conn:
            return spool.waiting(conn) > 0

    def _read(self, claimed: list[Spooled]) -> tuple[dict[int, Reading], list[tuple[Spooled, str]]]:
        """Foreign bytes become facts, each mail with its own bound on processor time."""
        readings: dict[int, Reading] = {}
        failures: list[tuple[Spooled, str]] = []
        ourselves = ours(self.writer.policy)
        for mail in claimed:
            if mail.attempts > MOST_ATTEMPTS:
                failures.append((mail, "reading it ended the process that read it"))
                continue
            self.begin(mail.id)
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            try:
                failpoint("in_read", mail.raw)
                readings[mail.id] = read(mail.raw, mail.envelope, ourselves)
            except Exception as error:
                logger.exception("read-failed", spool=mail.id)
                failures.append((mail, f"{type(error).__name__} while reading"))
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        return readings, failures

    def _plan(
        self, claimed: list[Spooled], readings: dict[int, Reading], failures: list[tuple[Spooled, str]]
    ) -> list[Planned]:
        plans = []
        now = self.clock()
        with self.database.read() as conn:
            batch = Batch(ahead=self._look_ahead(conn, claimed, readings, now))
            for mail in claimed:
                if mail.id not in readings:
                    continue
                self.begin(mail.id)
                try:
                    plan = plan_mail(conn, mail, readings[mail.id], self.writer, now, batch)
                except Exception as error:
                    if fault_of(error):
                        raise  # not the mail's fault
                    logger.exception("plan-failed", spool=mail.id)
                    failures.append((mail, f"{type(error).__name__} while deciding"))
                    continue
                plans.append((mail, readings[mail.id], plan))
        return plans

    def _look_ahead(
        self, conn: Connection, claimed: list[Spooled], readings: dict[int, Reading], now: datetime
    ) -> Ahead:
        mails = [(mail, readings[mail.id]) for mail in claimed if mail.id in readings]
        try:
            return look_ahead(conn, mails, self.writer.policy, now)
        except DatabaseUnavailable:
            raise
        except Exception:
            # One of them is to blame, and it will show when it is looked up alone.
            logger.exception("look-ahead-failed", mails=len(mails))
            return NOTHING

    def _commit(self, plans: list[Planned], failures: list[tuple[Spooled, str]]) -> int:
        """Store a batch in one transaction. If that fails, mail by mail: one that fails takes nothing with it."""
        if not plans:
            return 0
        try:
            self._commit_together(plans)
        except DatabaseUnavailable:
            raise
        except Exception:
            logger.exception("batch-failed", mails=len(plans))
            return self._commit_each(plans, failures)
        return len(plans)

    def _commit_together(self, plans: list[Planned]) -> None:
        with self.database.write() as conn:
            failpoint("in_process")
            stored, again = self._store(conn, plans)
            stored += self._settle(conn, again)
            failpoint("before_process_commit")
        failpoint("after_process_commit")
        for planned in sorted(stored, key=_by_id):
            _told(planned)

    def _store(self, conn: Connection, plans: list[Planned]) -> tuple[list[Planned], list[Planned]]:
        """Store the plans that hold. Returns (these, the others)."""
        firm, again = self._firm(conn, plans)
        left = set(record.record_many(conn, [_change(*planned) for planned in firm], self.clock()) if firm else ())
        again += [firm[i] for i in left]
        return [planned for i, planned in enumerate(firm) if i not in left], sorted(again, key=_by_id)

    def _settle(self, conn: Connection, again: list[Planned]) -> list[Planned]:
        """Look up, decide and store inside the transaction, where nothing moves any more (C4).

        Of several mails on one case each round settles the first. Raises Moved when a round settles none.
        """
        settled: list[Planned] = []
        while again:
            now, mails = self.clock(), [(mail, reading) for mail, reading, _ in again]
            batch = Batch(ahead=look_ahead(conn, mails, self.writer.policy, now))
            plans = [(m, r, plan_mail(conn, m, r, self.writer, now, batch)) for m, r in mails]
            stored, left = self._store(conn, plans)
            if not stored:
                raise Moved(f"spooled mail {left[0][0].id}: what it was decided on moved inside the transaction")
            settled, again = settled + stored, left
        return settled

    def _firm(self, conn: Connection, plans: list[Planned]) -> tuple[list[Planned], list[Planned]]:
        """Plans that still hold, and those whose thread has come in since: look these up again (pipeline rule)."""
        known: dict[str, set[thread.Known]] = {}
        for found in look_up_ids(conn, tuple({i for _, _, plan in plans for i in plan.ids})):
            known.setdefault(found.message_id, set()).add(found)
        firm: list[Planned] = []
        again: list[Planned] = []
        before: set[str] = set()
        for planned in plans:
            _, reading, plan = planned
            now = set().union(*(known.get(i, set()) for i in plan.ids))
            holds = now == set(plan.known) and before.isdisjoint(plan.ids)
            (firm if holds else again).append(planned)
            before.add(reading.mail.message_id)
        return firm, again

    def _commit_each(self, plans: list[Planned], failures: list[tuple[Spooled, str]]) -> int:
        done = 0
        for planned in plans:
            mail = planned[0]
            try:
                with self.database.write() as conn:
                    (settled,) = self._settle(conn, [planned])
            except DatabaseUnavailable:
                raise
            except Exception as error:
                logger.exception("commit-failed", spool=mail.id)
                failures.append((mail, f"{type(error).__name__} while storing"))
                continue
            _told(settled)
            done += 1
        return done

    def _failed(self, mail: Spooled, reason: str) -> None:
        """Give it another try, alone; after the last one set it aside with a case that everybody sees (B8, C2)."""
        if mail.attempts < MOST_ATTEMPTS:
            with self.database.write() as conn:
                spool.end_lease(conn, mail.id)
            return
        with self.database.write() as conn:
            decision, mails = self._unreadable(conn, mail, reason)
            apply(conn, decision, mails, self.clock(), spool_id=mail.id, versions={})
            spool.quarantine(conn, mail.id, reason, decision.outcome.case, now=self.clock())
        logger.error("quarantined", spool=mail.id, reason=reason, case=decision.outcome.case)

    def _unreadable(self, conn: Connection, mail: Spooled, reason: str) -> tuple[Decision, tuple[OutgoingMail, ...]]:
        """A case that says: a mail came that could not be read. Made of the envelope alone, not of the mail."""
        policy, now = self.writer.policy, self.clock()
        sender = Address("", mail.envelope.sender) if "@" in mail.envelope.sender else Address("", "")
        mailbox = mailbox_for(mail, policy)
        title = policy.phrase(mailbox.language, "unreadable_mail")
        text = policy.phrase(mailbox.language, "unreadable_text", id=mail.id, reason=reason)
        reading = Reading(Mail(subject=title, authors=(sender,), text=text), new=text)
        arrival = Arrival(f"s{mail.id}", reading, mail.envelope, mail.source, mailbox, Keys(), received_at=now)
        desk = Desk(policy, now, cases.next_number(conn))
        change = opening.new_case(desk, mailbox, SYSTEM, StatusKind.NEW, sender, title)
        change.silent = mail.silent
        change.file(MessageFiled(change.case.number, "note", Address("mailcase", ""), text=text, at=now))
        change.record("quarantined", reason, spool=mail.id)
        notify(change, arrival, (), ())
        decision = change.finish("quarantined", Outcome("quarantined", change.case.number, reason))
        return decision, write_all(decision.replies, self.writer, now)

    def due(self) -> int:
        """Do what is due, oldest first, at most DUE_A_ROUND of each. Returns how many deadlines and answers came."""
        now = self.clock()
        with self.database.read() as conn:
            deadlines, answers = cases.due(conn, now, DUE_A_ROUND), later.due(conn, now, DUE_A_ROUND)
        self._each(deadlines, self._one_due, record.postpone_deadline)
        self._each(answers, self._one_later, later.postpone)
        return len(deadlines) + len(answers) + rounds.turn(self.database, self.writer, self.clock())

    def _each(
        self, found: Sequence[T], do: Callable[[T], None], postpone: Callable[[Connection, T, datetime], None]
    ) -> None:
        """One after the other; what fails comes again later: the next one is somebody else's case and must not wait."""
        for one in found:
            try:
                do(one)
            except Moved:
                continue
            except DatabaseUnavailable:
                raise
            except Exception:
                logger.exception("deadline-failed", case=one.case, kind=one.kind)
                with self.database.write() as conn:
                    postpone(conn, one, self.clock() + timedelta(minutes=15))
            self.progress(0, 0)

    def _one_later(self, scheduled: later.Scheduled) -> None:
        now = self.clock()
        with self.database.read() as conn:
            case = cases.by_number(conn, cases.final_number(conn, scheduled.answer.case))
            desk = desk_for(conn, self.writer.policy, now, case, case.requester if case else None, {})
        if case is None:
            return
        decision = decide_later(case, scheduled.id, scheduled.answer, desk)
        mails = write_all(decision.replies, self.writer, now)
        with self.database.write() as conn:
            if not later.take(conn, scheduled):
                return
            apply(conn, decision, mails, now, spool_id=None, versions={case.number: case.version})
        logger.info("scheduled-answer", case=case.number, later=scheduled.id, rule=decision.rule)

    def tell_failed(self, conn: Connection, item: OutboxItem, failures: Sequence[tuple[str, str]]) -> None:
        """In the sender's transaction: a mail to a customer will not arrive, so the case opens and agents know (R5)."""
        case = cases.by_number(conn, item.case) if item.case is not None else None
        if case is None:
            return
        now = self.clock()
        desk = desk_for(conn, self.writer.policy, now, case, None, {})
        decision = decide_failed(case, item.message_id, item.kind, failures, now, desk)
        apply(conn, decision, write_all(decision.replies, self.writer, now), now, spool_id=None, versions={})

    def _one_due(self, deadline: Deadline) -> None:
        now = self.clock()
        with self.database.read() as conn:
            case = cases.by_number(conn, deadline.case)
            desk = desk_for(conn, self.writer.policy, now, case, case.requester if case else None, {})
        if case is None:
            return
        decision = decide_due(case, deadline, desk)
        mails = write_all(decision.replies, self.writer, now)
        with self.database.write() as conn:
            if not record.take_deadline(conn, deadline):
                return
            apply(conn, decision, mails, now, spool_id=None, versions={case.number: case.version})
        logger.info("deadline", case=case.number, kind=deadline.kind, rule=decision.rule)


def _change(mail: Spooled, reading: Reading, plan: Plan) -> record.Change:
    agent = plan.arrival.agent if plan.arrival else None
    confirmed_by = confirmation(agent.name, overrule=plan.decision.overrule) if agent else ""
    return record.Change(plan.decision, plan.mails, plan.versions, mail.id, reading.mail.message_id, confirmed_by)


def _by_id(planned: Planned) -> int:
    return planned[0].id


def _told(planned: Planned) -> None:
    mail, _, plan = planned
    outcome = plan.decision.outcome
    logger.info("mail", spool=mail.id, rule=plan.decision.rule, outcome=outcome.kind, case=outcome.case)
    for held in (letter for letter in plan.mails if letter.hold):
        logger.error("template-failed", case=held.case, kind=held.kind, problem=held.hold,
                     remedy="mend the template, then mailcase outbox retry")  # fmt: skip


def apply(
    conn: Connection,
    decision: Decision,
    mails: tuple[OutgoingMail, ...],
    now: datetime,
    *,
    spool_id: int | None,
    versions: Mapping[int, int],
) -> None:
    """Mails into the outbox and events onto cases, in the caller's transaction: the only way to change a case."""
    ids = outbox.add(conn, mails, now) if mails else []
    sent = {i: (ids[i], mail.message_id) for i, mail in enumerate(mails)}
    record.record(conn, decision, now=now, spool_id=spool_id, sent=sent, versions=versions)
