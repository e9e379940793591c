"""What each process of the daemon does from its start to its end. The daemon starts them; here is what they run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from mailcase import log, memory
from mailcase.config import Config
from mailcase.core.policy import Policy
from mailcase.intake.listener import run_listener
from mailcase.intake.sockets import ListenerSockets
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.sender import Sender
from mailcase.outgoing.templates import Templates
from mailcase.pulse import Bell, Pulse
from mailcase.scheduler import Keeper
from mailcase.store import spool
from mailcase.store.engine import Database
from mailcase.store.errors import DatabaseUnavailable
from mailcase.worker import DUE_A_ROUND, Worker

# How long a part sleeps when nobody wakes it: commands of the operator ring no bell.
IDLE_SECONDS = 1.0
# After so many pieces of work a part that has nothing to do leaves and is forked anew from the parent's image: what its
# work has left in memory is gone with it, for a few milliseconds.
WORN_AFTER = 500
# How often a worker looks for deadlines while mail keeps it busy.
DUE_SECONDS = 5.0
# A worker steps back for the listener: mail at the door waits for an answer, mail that is in does not.
NICE = 5
# After a long stop much is due: DUE_A_ROUND at a time, with a pause, so that nobody gets a burst of mail (C6, D2).
DUE_PAUSE = 60.0

logger = log.get("parts")


@dataclass(frozen=True, slots=True)
class Setup:
    """What all parts share since the fork. `names` are the parts in the order of their slots in `pulse`."""

    config: Config
    policy: Policy
    templates: Templates
    sockets: ListenerSockets
    pulse: Pulse
    bells: Mapping[str, Bell]
    names: tuple[str, ...]

    def with_config(self, config: Config, policy: Policy, templates: Templates) -> Setup:
        """The same processes' memory and bells with a new config (SIGHUP)."""
        return replace(self, config=config, policy=policy, templates=templates)


class Stop:
    """Set by SIGTERM. Rings a bell, so that a part that sleeps hears of it at once."""

    def __init__(self, bell: Bell | None = None) -> None:
        self.now = False
        self._bell = bell
        signal.signal(signal.SIGTERM, self._hear)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def _hear(self, _number: int, _frame: object) -> None:
        self.now = True
        if self._bell:
            self._bell.ring()


def listener(setup: Setup, slot: int) -> None:
    """SMTP and LMTP: takes mail, keeps it, answers (B1, B2)."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    memory.keep_some()

    def beat() -> None:
        setup.pulse.beat(slot)
        memory.give_back()  # about once a second, for less than a millisecond

    run_listener(
        setup.sockets,
        setup.config,
        setup.policy,
        setup.config.database,
        wake=setup.bells["worker"].ring,
        heartbeat=beat,
    )


def worker(setup: Setup, slot: int) -> None:
    """Turns spooled mail and due deadlines into cases, one batch after the other."""
    bell = setup.bells["worker"]
    stop = Stop(bell)
    work = Worker(
        Database.open(setup.config.database),
        Writer(setup.policy, setup.templates, os.urandom),
        owner=setup.names[slot],
        begin=lambda task: setup.pulse.begin(slot, task),
        progress=lambda done, failed: setup.pulse.beat(slot, done=done, failed=failed),
    )
    _free(work, setup.pulse.read(slot).task)
    setup.pulse.beat(slot)
    memory.limit()
    with suppress(PermissionError):  # systemd's sandbox lets nobody change priorities
        os.nice(NICE)
    looked, many = 0.0, False

    def turn() -> int:
        nonlocal looked, many
        count = work.mails()
        if time.monotonic() - looked >= (DUE_PAUSE if many else DUE_SECONDS) or not (count or many):
            looked = time.monotonic()
            came = work.due()
            many = came >= DUE_A_ROUND
            count += came
        if count:
            setup.bells["sender"].ring()
        return count

    _loop(setup, slot, stop, bell, turn)


def _free(work: Worker, died_over: int) -> None:
    """What this worker had in hand when it died is free again; only the mail it died over stays counted.

    Where that is not known every mail of the batch is counted: each then comes alone, and the one at fault shows.
    """
    with work.database.write() as conn:
        spool.free_leases(conn, work.owner, counting=(died_over,) if died_over else None)


def sender(setup: Setup, slot: int) -> None:
    """Hands the outbox over to the smarthost (O1)."""
    bell = setup.bells["sender"]
    stop = Stop(bell)
    database = Database.open(setup.config.database)
    telling = Worker(database, Writer(setup.policy, setup.templates, os.urandom))
    out = Sender(database, setup.config, telling.tell_failed, owner=setup.names[slot])
    _loop(setup, slot, stop, bell, lambda: out.turn(lambda seconds: setup.pulse.wait(slot, seconds), lambda: stop.now))
    out.close()


def _loop(setup: Setup, slot: int, stop: Stop, bell: Bell, turn: Callable[[], int]) -> None:
    """Turn until told to stop, or worn and idle; sleep when there was nothing to do, also when the database is away."""
    busy, done = False, 0
    while not stop.now:
        try:
            count = turn()
        except DatabaseUnavailable as error:
            logger.warning("database-unavailable", problems=list(error.problems))
            count = 0
        setup.pulse.beat(slot)
        if busy and not count:
            memory.give_back()
        busy = bool(count)
        done += count
        if not count and done >= WORN_AFTER:
            return
        if not count and not stop.now:
            bell.wait(IDLE_SECONDS)


def keeper(setup: Setup, slot: int) -> None:
    """The IMAP pollers, the clock and /healthz with /metrics."""
    stop = Stop()
    keep = Keeper(setup.config, setup.pulse, setup.names, setup.bells["worker"].ring)
    keep.run(lambda: stop.now, lambda: setup.pulse.beat(slot))


PARTS: Mapping[str, Callable[[Setup, int], None]] = {
    "listener": listener,
    "worker": worker,
    "sender": sender,
    "keeper": keeper,
}
