"""The listener process: SMTP and LMTP on the sockets it is given, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import uvloop

from mailcase import log
from mailcase.config import Config, Smtp
from mailcase.core.policy import Policy
from mailcase.errors import MailcaseError
from mailcase.intake.door import Door
from mailcase.intake.keep import Keep
from mailcase.intake.lmtp import LmtpSession
from mailcase.intake.smtp import SmtpSession
from mailcase.intake.smtp_auth import read_passwords, server_context
from mailcase.intake.sockets import BACKLOG, ListenerSockets
from mailcase.store import engine
from mailcase.store.engine import Database

_log = log.get("intake")

SWEEP = 1.0  # seconds
ACCEPTED = 0.1  # seconds
STUCK = 30.0  # a transaction that lasts longer is no progress
# A client waits for every commit here: as long as others do the checkpoints, none is done in it.
JOURNAL_PAGES = 4 * engine.JOURNAL_PAGES


class DiskFailed(MailcaseError):
    """The disk failed under the database: only a new process can tell what is on it (A12)."""


def run_listener(
    sockets: ListenerSockets,
    config: Config,
    policy: Policy,
    database_url: str,
    wake: Callable[[], None],
    heartbeat: Callable[[], None],
    stop_fd: int | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT comes, or `stop_fd` can be read (the parent closed its end).

    `wake` is called after each commit, from another thread; `heartbeat` about once a second, as long as the event loop
    turns and the database is not stuck. To be called in the main thread of a process of its own. Raises ConfigError
    where certificate or passwords cannot be read, StoreError where the database cannot be opened, and DiskFailed.
    """
    database = Database.open(database_url, JOURNAL_PAGES)
    try:
        run_loop(_run(sockets, config, policy, database, wake, heartbeat, stop_fd), config.smtp or Smtp())
    finally:
        database.close()


def run_loop(main: Coroutine[Any, Any, None], smtp: Smtp) -> None:
    """Run `main` in an event loop of its own.

    uvloop's costs a quarter less processor time a small mail than asyncio's. It reads as soon as a connection is made:
    too soon where the handshake of TLS comes first.
    """
    (asyncio if smtp.tls == "implicit" else uvloop).run(main)


async def _run(
    sockets: ListenerSockets,
    config: Config,
    policy: Policy,
    database: Database,
    wake: Callable[[], None],
    heartbeat: Callable[[], None],
    stop_fd: int | None,
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if stop_fd is not None:
        loop.add_reader(stop_fd, stop.set)
    await serve(sockets, open_door(config, policy, Keep(database, wake, loop)), heartbeat, stop)


async def serve(sockets: ListenerSockets, door: Door, heartbeat: Callable[[], None], stop: asyncio.Event) -> None:
    """Takes mail until `stop` is set; then finishes what is in hand. The sockets are closed in this process only.

    Raises DiskFailed.
    """
    servers = await _listen(sockets, door)
    beating = asyncio.create_task(_watch(door, heartbeat, stop))
    try:
        await stop.wait()
    finally:
        for server in servers:
            server.close()
        # What was accepted a moment ago is no session yet, and would be dropped without a word.
        await asyncio.sleep(ACCEPTED)
        await door.close()
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
        await asyncio.to_thread(door.keep.close)
    if door.keep.broken is not None:
        raise DiskFailed(f"the disk failed under the database ({door.keep.broken}); look at the disk and its log")


def open_door(config: Config, policy: Policy, keep: Keep) -> Door:
    """What the sessions share. Raises ConfigError for a certificate or a password file that cannot be read."""
    smtp = config.smtp or Smtp()
    return Door(
        smtp=smtp,
        policy=policy,
        keep=keep,
        hostname=smtp.hostname or socket.getfqdn(),
        tls=server_context(smtp),
        passwords=read_passwords(config),
    )


async def _listen(sockets: ListenerSockets, door: Door) -> list[asyncio.AbstractServer]:
    loop = asyncio.get_running_loop()
    servers: list[asyncio.AbstractServer] = []
    for session, group in ((SmtpSession, sockets.smtp), (LmtpSession, sockets.lmtp)):
        make = partial(session, door, loop)
        for sock in group:
            sock.setblocking(False)
            if sock.family == socket.AF_UNIX:
                servers.append(await loop.create_unix_server(make, sock=sock, backlog=BACKLOG))
            else:
                servers.append(await loop.create_server(make, sock=sock, backlog=BACKLOG))
    return servers


async def _watch(door: Door, heartbeat: Callable[[], None], stop: asyncio.Event) -> None:
    """Once a second: ends slow sessions, shows that we live, and stops when the disk has failed."""
    loop = asyncio.get_running_loop()
    while True:
        door.sweep(loop.time())
        if door.keep.stuck_for() < STUCK:
            heartbeat()
        if door.keep.broken is not None:
            _log.error("disk failed", error=str(door.keep.broken))
            stop.set()
        await asyncio.sleep(SWEEP)
