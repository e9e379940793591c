"""The daemon: builds the parts, starts them as processes, watches them, stops them in order.

The parent has no threads and touches no mail. It owns the listening sockets, so that no restart of a part, and no
reload, refuses a connection. It forks, from one warmed-up image: a listener, the workers, a sender, and a keeper for
the IMAP pollers, the clock and /healthz.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from mailcase import log, memory, notify
from mailcase.config import Config, load
from mailcase.config.errors import ConfigError
from mailcase.core.policy import Policy
from mailcase.intake.sockets import ListenerSockets, open_sockets
from mailcase.outgoing.templates import TemplateError, Templates
from mailcase.outgoing.templates import load as load_templates
from mailcase.parts import PARTS, Setup
from mailcase.pulse import Bell, Pulse
from mailcase.store import migrate, spool
from mailcase.store.engine import Database
from mailcase.store.errors import AlreadyRunning, StoreError
from mailcase.store.lock import Lock

# A part that has shown no sign for so long hangs. The longest honest task, one mail, is bounded well below it.
HANGS_AFTER = 90.0
# From SIGTERM to the end: what is in hand may be finished, then the rest is killed; it loses nothing (A15).
STOP_WITHIN = 30.0
# A part that dies at once is not started again at once.
RESTART_PAUSE = (0.0, 0.5, 2.0, 5.0, 15.0)

# How often the parent asks whether the lock of the daemon is still ours.
LOCK_SECONDS = 5.0
# How long a start waits for it.
LOCK_PATIENCE = 3.0

_SIGNALS = frozenset((signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD))
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

logger = log.get("daemon")


@dataclass(slots=True)
class Child:
    """One part: what it runs, its process now, and when it may be started again."""

    name: str
    main: Callable[[Setup, int], None]
    slot: int
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    not_before: float = 0.0


@dataclass(slots=True)
class Parent:
    """The state of the parent process."""

    config: Config
    sockets: ListenerSockets
    setup: Setup
    database: Database
    lock: Lock
    children: list[Child] = field(default_factory=list)
    stopping: bool = False
    told: float = 0.0
    looked_at_lock: float = 0.0
    usurper: AlreadyRunning | None = None


def run(config: Config) -> None:
    """Run until SIGTERM or SIGINT. Raises MailcaseError when it cannot start: config, database, ports."""
    log.set_up(config.log.format, config.log.level)
    database = Database.open(config.database)
    _prepare(database, config.database)
    lock = _lock(database)
    with database.write() as conn:
        # All was killed, by whatever hand: that was no mail's fault.
        spool.free_leases(conn, counting=())
    for warning in database.warnings:
        logger.warning("database", problem=warning)
    templates, policy = build(config)
    sockets = open_sockets(config)
    names = _names(config)
    setup = Setup(config, policy, templates, sockets, Pulse(len(names)), _bells(), tuple(n for n, _ in names))
    parent = Parent(config, sockets, setup, database, lock)
    parent.children = [Child(name, main, slot) for slot, (name, main) in enumerate(names)]
    database.close_connections()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    memory.keep_small()
    gc.collect()
    gc.freeze()
    _start_all(parent)
    listening = [str(s.getsockname()) for s in sockets.all]
    logger.info("ready", listening=listening, database=database.dialect, parts=[c.name for c in parent.children])
    notify.ready("accepting mail")
    _watch(parent)
    sockets.close()
    database.close()
    if parent.usurper:
        raise parent.usurper
    logger.info("stopped")


def _prepare(database: Database, url: str) -> None:
    """See `migrate.prepare`. A new schema is made by a process of its own: Alembic would stay in this one, and in all
    parts that are forked from it.
    """
    if not migrate.is_empty(database):
        migrate.check(database)
        return
    database.close_connections()
    maker = multiprocessing.get_context("fork").Process(target=_make, args=(url,))
    maker.start()
    maker.join()
    migrate.prepare(database)  # where that failed, this says why


def _make(url: str) -> None:
    database = Database.open(url)
    migrate.prepare(database)
    database.close()


def _lock(database: Database) -> Lock:
    """The lock of the daemon. After a kill -9 the parts of the last one hold it for the moment that they take to die.

    Raises AlreadyRunning.
    """
    give_up = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            return database.lock_for_daemon()
        except AlreadyRunning:
            if time.monotonic() > give_up:
                raise
        time.sleep(0.05)


def build(config: Config) -> tuple[Templates, Policy]:
    """Templates and policy of a config. Raises MailcaseError for what is wrong in either."""
    templates = load_templates(config.templates)
    return templates, config.policy(templates.phrases, templates.answers)


def _bells() -> dict[str, Bell]:
    return {"worker": Bell(), "sender": Bell()}


def _names(config: Config) -> list[tuple[str, Callable[[Setup, int], None]]]:
    found = []
    for name, main in PARTS.items():
        if name == "listener" and not (config.smtp or config.lmtp):
            continue
        copies = config.workers if name == "worker" else 1
        found += [(f"{name}-{i + 1}" if copies > 1 else name, main) for i in range(copies)]
    return found


def _start_all(parent: Parent) -> None:
    for child in parent.children:
        if not child.pid and time.monotonic() >= child.not_before:
            _start(parent, child)


def _start(parent: Parent, child: Child) -> None:
    """Fork a part. Safe: this process has no threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent.setup.pulse.revive(child.slot)
    own = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be(parent, child, own)
    child.pid, child.started = pid, time.monotonic()


def _be(parent: Parent, child: Child, own: int) -> NoReturn:
    """In the child: run the part and leave. If the parent dies, by whatever hand, so does the part (prctl(2))."""
    code = 1
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_NAME, f"mc-{child.name}".encode())  # what ps and top show, at most 15 characters
        if os.getppid() != own:
            os._exit(0)
        for number in (signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
        # A terminal's ctrl-C reaches every process: only the parent acts on it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if child.name != "listener":
            parent.sockets.close()
        child.main(parent.setup, child.slot)
        code = 0
    except BaseException as error:
        if not isinstance(error, SystemExit):
            logger.exception("part-failed", part=child.name)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _watch(parent: Parent) -> None:
    """Until all parts have stopped: signals, dead and hanging parts, the watchdog."""
    interval = notify.watchdog_interval()
    while any(c.pid for c in parent.children) or not parent.stopping:
        info = signal.sigtimedwait(_SIGNALS, 0.5)
        number = info.si_signo if info else 0
        if number in (signal.SIGTERM, signal.SIGINT) and not parent.stopping:
            _stop(parent)
        elif number == signal.SIGHUP and not parent.stopping:
            _reload(parent)
        _reap(parent)
        if parent.stopping:
            if time.monotonic() - parent.told > STOP_WITHIN:
                _signal_all(parent, signal.SIGKILL)
            continue
        _keep_lock(parent)
        _start_all(parent)
        lively = _kill_hanging(parent)
        if interval and lively:
            notify.alive()


def _keep_lock(parent: Parent) -> None:
    """PostgreSQL drops our lock when it restarts: take it again, or stop when another daemon was quicker (C5)."""
    if time.monotonic() - parent.looked_at_lock < LOCK_SECONDS:
        return
    parent.looked_at_lock = time.monotonic()
    if parent.lock.held():
        return
    try:
        parent.lock = parent.database.lock_for_daemon()
    except AlreadyRunning as error:
        logger.error("lock-lost", problems=list(error.problems))
        parent.usurper = error
        _stop(parent)
    except StoreError as error:
        logger.warning("lock-lost", problems=list(error.problems))
    else:
        logger.warning("lock-taken-again")


def _stop(parent: Parent) -> None:
    notify.stopping()
    logger.info("stopping")
    parent.stopping, parent.told = True, time.monotonic()
    _signal_all(parent, signal.SIGTERM)


def _signal_all(parent: Parent, number: signal.Signals) -> None:
    for child in parent.children:
        if child.pid:
            os.kill(child.pid, number)
    for bell in parent.setup.bells.values():
        bell.ring()


def _reap(parent: Parent) -> None:
    """Note which parts have ended, and when they may start again."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        child = next((c for c in parent.children if c.pid == pid), None)
        if child is None:
            continue
        child.pid = 0
        if parent.stopping:
            continue
        lived = time.monotonic() - child.started
        child.failures = 0 if lived > 60 or status == 0 else child.failures + 1
        task = parent.setup.pulse.read(child.slot).task
        # Who died over a mail starts at once: that mail's attempts are counted, and others wait behind it (B8).
        pause = 0.0 if task else RESTART_PAUSE[min(child.failures, len(RESTART_PAUSE) - 1)]
        child.not_before = time.monotonic() + pause
        if status:
            logger.error("part-died", part=child.name, status=os.waitstatus_to_exitcode(status), task=task)


def _kill_hanging(parent: Parent) -> bool:
    """False when a part hangs: it is killed, and the watchdog is not fed in this round."""
    lively = True
    for child in parent.children:
        if child.pid and time.monotonic() - parent.setup.pulse.read(child.slot).at > HANGS_AFTER:
            logger.error("part-hangs", part=child.name, task=parent.setup.pulse.read(child.slot).task)
            os.kill(child.pid, signal.SIGKILL)
            lively = False
    return lively


def _reload(parent: Parent) -> None:
    """SIGHUP: the new config if it is right, else say why not and go on with the old one (C8)."""
    notify.reloading()
    try:
        config = load(parent.config.source)
        if (config.smtp, config.lmtp, config.http, config.database, config.workers) != (
            parent.config.smtp, parent.config.lmtp, parent.config.http, parent.config.database, parent.config.workers
        ):  # fmt: skip
            raise ConfigError("smtp, lmtp, http, database and workers cannot change by a reload: restart mailcase")
        templates, policy = build(config)
    except (ConfigError, TemplateError, StoreError) as error:
        logger.error("reload-refused", problems=list(error.problems))
    else:
        parent.config = config
        parent.setup = parent.setup.with_config(config, policy, templates)
        logger.info("reloaded", config=str(config.source))
        # Parts that stop cleanly are started again at once, from this image.
        _signal_all(parent, signal.SIGTERM)
    notify.ready("accepting mail")
