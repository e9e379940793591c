"""The sender: claims what is due in the outbox, hands it over, records what happened before it takes the next (O1)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from mailcase import log
from mailcase.config import Config
from mailcase.core.delivery import DEFERRED, FAILED, SENT, UNCERTAIN, Try, everybody
from mailcase.core.retry import next_try
from mailcase.failpoint import failpoint
from mailcase.outgoing.smarthost import open_way
from mailcase.outgoing.way import Unreachable, Way
from mailcase.store import outbox
from mailcase.store.engine import Database
from mailcase.store.errors import DatabaseUnavailable, LeaseLost, Moved
from mailcase.store.values import OutboxItem, RecipientState
from mailcase.tls import client_context

if TYPE_CHECKING:
    from sqlalchemy import Connection

    TellFailed = Callable[[Connection, OutboxItem, Sequence[tuple[str, str]]], None]

BATCH = 50
# How long to wait before what came of a mail is written down again.
RECORD_PAUSE = 0.5
LEASE = timedelta(minutes=15)
# After the smarthost could not be reached nobody knocks again at once, however many mails are due.
PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
# Kinds that go to customers: when one fails an agent must know (D3). The others went to an agent.
TO_CUSTOMERS = frozenset(("answer", "acknowledgement", "follow-up", "reminder", "resolved", "closed", "no-response"))

logger = log.get("sender")


class Sender:
    """The one process that sends. `turn` does what is due now.

    `tell_failed` is called in the transaction that records a customer's mail as failed: what follows from it for the
    case is decided elsewhere.
    """

    def __init__(self, database: Database, config: Config, tell_failed: TellFailed, owner: str = "sender") -> None:
        self.database, self.config, self.tell_failed, self.owner = database, config, tell_failed, owner
        # Asked for once: to read all certificates of the system takes 30 ms, longer than to send ten mails.
        self.context = cache(partial(client_context, insecure=config.send.insecure))
        self.failures = 0
        self.not_before = 0.0
        self.unfinished = False
        with database.write() as conn:
            outbox.free_leases(conn, owner)

    @staticmethod
    def clock() -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def turn(self, beat: Callable[[float], None], stopped: Callable[[], bool]) -> int:
        """Send what is due, in one session. Returns how many mails were tried.

        `beat` is told how many seconds the next step may take: a server may be silent for as long as we wait for it.
        """
        if time.monotonic() < self.not_before:
            return 0
        with self.database.read() as conn:
            if not outbox.waiting(conn):
                return 0
        with self.database.write() as conn:
            if self.unfinished:
                # The database went away, it may be after the commit of a claim of which we did not hear.
                outbox.free_leases(conn, self.owner)
            self.unfinished = True
            # Who wants to decide about each interrupted mail must not find fifty that were not begun among them.
            most = BATCH if self.config.send.uncertain == "resend" else 1
            items = outbox.claim(conn, most, self.clock(), LEASE, self.owner)
        beat(5 * self._patience)
        self._hand_over(self._without_interrupted(items), beat, stopped)
        self.unfinished = False
        return len(items)

    def _hand_over(self, items: list[OutboxItem], beat: Callable[[float], None], stopped: Callable[[], bool]) -> None:
        """All in one session; where there is none to be had, each is due again later."""
        if not items:
            return
        try:
            with open_way(self.config.send, self.context) as way:
                self.failures = 0
                self._send_all(way, items, beat, stopped)
        except Unreachable as error:
            self._pause(error.words)
            for item in items:
                waiting = [r.address for r in item.recipients if r.state not in (SENT, FAILED)]
                self._insist(
                    partial(self._record, item, everybody(waiting, DEFERRED, error.words, ours=True)), beat, stopped
                )

    @property
    def _patience(self) -> float:
        """Seconds that a server may take for one answer."""
        return self.config.send.timeout.total_seconds()

    def _insist(self, write: Callable[[], None], beat: Callable[[float], None], stopped: Callable[[], bool]) -> None:
        """Write down what came of a mail, also when the database is away for a while: if we forgot it, it would be
        sent twice. Raises DatabaseUnavailable when we are told to stop before it is back.
        """
        while True:
            try:
                return write()
            except LeaseLost as error:
                # The last try was committed, and only the answer to it was lost.
                logger.warning("recorded-before", problems=list(error.problems))
                return None
            except (DatabaseUnavailable, Moved) as error:
                if stopped():
                    raise
                logger.warning("not-recorded-yet", problems=list(error.problems))
            beat(0)
            time.sleep(RECORD_PAUSE)

    def _without_interrupted(self, items: list[OutboxItem]) -> list[OutboxItem]:
        """What was being sent when a sender died may have arrived: the operator chose what that means (D6)."""
        interrupted = [i for i in items if i.state == "sending"]
        if not interrupted or self.config.send.uncertain == "resend":
            return items
        words = "interrupted while it was being handed over"
        with self.database.write() as conn:
            outbox.record_many(
                conn, [outbox.Result(i.id, UNCERTAIN, (), words, None, False) for i in interrupted], self.clock()
            )
        return [i for i in items if i.state != "sending"]

    def _give_back(self, items: list[OutboxItem]) -> None:
        """Not begun: due again at once, and no attempt counted."""
        now = self.clock()
        with self.database.write() as conn:
            outbox.record_many(conn, [outbox.Result(i.id, "queued", (), i.last_reply, now, False) for i in items], now)

    def _pause(self, words: str) -> None:
        pause = PAUSES[min(self.failures, len(PAUSES) - 1)]
        self.failures += 1
        self.not_before = time.monotonic() + pause
        logger.warning("unreachable", to=self.config.send.to, problem=words, pause=pause)

    def _send_all(
        self, way: Way, items: list[OutboxItem], beat: Callable[[float], None], stopped: Callable[[], bool]
    ) -> None:
        for position, item in enumerate(items):
            if stopped():
                self._insist(partial(self._give_back, items[position:]), beat, lambda: True)
                return
            beat(self._patience * (4 + len(item.recipients)))
            result = way.send(item)
            failpoint("before_sent_commit")
            self._insist(partial(self._record, item, result), beat, stopped)
            failpoint("after_sent_commit")
            beat(0)
            if result.ours or result.state == UNCERTAIN:
                # The session is gone: the rest is tried in the next one, and no attempt is counted for it.
                self._insist(partial(self._give_back, items[position + 1 :]), beat, stopped)
                self._pause(result.last)
                return

    def _record(self, item: OutboxItem, result: Try) -> None:
        """One commit a mail: a crash between two mails then costs at most one copy."""
        now = self.clock()
        send = self.config.send
        state, again = result.state, None
        if state == DEFERRED or (state == UNCERTAIN and send.uncertain == "resend"):
            again = next_try(item.attempts + 1, now, item.created_at, send.retry, send.give_up_after, random.random())
        states = {r.address: r for r in item.recipients}
        failures = list(result.failures)
        if state == DEFERRED and again is None:
            failures += [(a, words) for a, (s, words) in result.recipients.items() if s == DEFERRED]
            state = FAILED if not any(s == SENT for s, _ in result.recipients.values()) else SENT
        for address, (what, words) in result.recipients.items():
            given_up = (address, words) in failures
            states[address] = RecipientState(address, FAILED if given_up else what, words)
        row_state = {DEFERRED: "queued", UNCERTAIN: "uncertain", SENT: "sent", FAILED: "failed"}[state]
        with self.database.write() as conn:
            outbox.record(conn, item.id, row_state, tuple(states.values()), result.last, again, now)
            if failures and item.kind in TO_CUSTOMERS and item.case is not None:
                self.tell_failed(conn, item, failures)
        logger.info("sent" if row_state == "sent" else row_state, outbox=item.id, case=item.case, kind=item.kind,
                    attempts=item.attempts + 1, reply=result.last)  # fmt: skip

    def close(self) -> None:
        """Leave the database."""
        self.database.close()
