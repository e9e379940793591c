"""Puts mails into the spool: one thread, many mails in one commit, each waiting for its own result (B2)."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from mailcase.core.message import Envelope
from mailcase.core.reading.ingest import ingest_key
from mailcase.failpoint import failpoint
from mailcase.store import spool
from mailcase.store.engine import Database
from mailcase.store.errors import DatabaseBroken, DatabaseUnavailable
from mailcase.store.values import Accepted, Incoming

PATIENCE = 9.0  # seconds: an answer within ten, whatever the database does
MOST_MAILS = 100
MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A mail that came by SMTP or LMTP, and where its sender waits to hear what became of it."""

    raw: bytes
    envelope: Envelope
    source: str
    origin: str
    result: asyncio.Future[Accepted]


class Keep:
    """The one writer of the listener. It never waits to fill a batch: it takes what is there."""

    def __init__(self, database: Database, wake: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """`wake` is called after each commit, from the writer's thread; results are handed to `loop`."""
        self._database = database
        self._wake = wake
        self._loop = loop
        self._arrivals: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._busy_since: float | None = None
        self.broken: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="keep", daemon=True)
        self._thread.start()

    async def add(self, raw: bytes, envelope: Envelope, source: str, origin: str) -> Accepted:
        """Returns when the mail is on disk. Raises what the database said, or TimeoutError after PATIENCE."""
        arrival = Arrival(raw, envelope, source, origin, self._loop.create_future())
        self._arrivals.put(arrival)
        async with asyncio.timeout(PATIENCE):
            return await arrival.result

    def close(self) -> None:
        """Ends the thread after what it has in hand."""
        self._arrivals.put(None)
        self._thread.join(PATIENCE)

    def stuck_for(self) -> float:
        """For how many seconds the transaction in hand has been running; 0.0 when there is none."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def _run(self) -> None:
        open_for_more = True
        while open_for_more:
            batch, open_for_more = self._next_batch()
            self._busy_since = time.monotonic()
            waiting = [arrival for arrival in batch if not arrival.result.cancelled()]
            if waiting:
                outcomes = self._store(waiting)
                self._loop.call_soon_threadsafe(_settle, waiting, outcomes)
            self._busy_since = None

    def _next_batch(self) -> tuple[list[Arrival], bool]:
        """What is waiting, at least one; and False when the thread is to end after it."""
        batch: list[Arrival] = []
        size = 0
        first = self._arrivals.get()
        while first is not None:
            batch.append(first)
            size += len(first.raw)
            if len(batch) >= MOST_MAILS or size >= MOST_BYTES:
                return batch, True
            try:
                first = self._arrivals.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _store(self, batch: Sequence[Arrival]) -> Sequence[Accepted | BaseException]:
        try:
            return self._commit(batch)
        except DatabaseUnavailable as error:  # the same for all of them
            if isinstance(error, DatabaseBroken):
                self.broken = error
            return [error] * len(batch)
        except Exception as error:
            if len(batch) == 1:
                return [error]
        # One mail that the database will not take must not keep the others out.
        return [outcome for arrival in batch for outcome in self._store([arrival])]

    def _commit(self, batch: Sequence[Arrival]) -> Sequence[Accepted]:
        now = datetime.now(UTC)
        mails = [
            Incoming(
                a.raw, a.envelope, a.source, ingest_key(a.raw), now, origin=a.origin, sha256=sha256(a.raw).digest()
            )
            for a in batch
        ]
        failpoint("before_begin")
        with self._database.write() as connection:
            accepted = spool.add(connection, mails)
            failpoint("before_commit")
        failpoint("after_commit")
        self._wake()
        return accepted


def _settle(batch: Sequence[Arrival], outcomes: Sequence[Accepted | BaseException]) -> None:
    """Runs in the event loop: tells each session. Some may have gone away, or been told to try again."""
    for arrival, outcome in zip(batch, outcomes, strict=True):
        if arrival.result.done():
            continue
        if isinstance(outcome, BaseException):
            arrival.result.set_exception(outcome)
        else:
            arrival.result.set_result(outcome)
