"""What all sessions of the listener share: who may come in, how much is in hand, and when to end."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailcase.config import Smtp
from mailcase.core.policy import Policy
from mailcase.intake.keep import Keep

if TYPE_CHECKING:
    from mailcase.intake.smtp_connection import Connection

IDLE = 300.0  # seconds without a byte (RFC 5321 section 4.5.3.2)
SESSION = 900.0  # seconds in all: one byte now and then does not hold a place for ever
GRACE = 30.0  # seconds for what is in hand when we end
SMALLEST_BUDGET = 128 * 1024 * 1024


@dataclass(slots=True)
class Door:
    """The settings of a listener and what its sessions hold.

    `budget` is how many bytes of mails that are not stored yet are held in memory, over all sessions: a mail that
    would go over it is answered with 452, so that 200 clients with 25 MB each cannot take the machine's memory.
    """

    smtp: Smtp
    policy: Policy
    keep: Keep
    hostname: str
    tls: ssl.SSLContext | None = None
    passwords: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    idle: float = IDLE
    session: float = SESSION
    ending: bool = False
    held: int = 0
    sessions: set[Connection] = field(default_factory=set)
    _addresses: Counter[str] = field(default_factory=Counter)

    @property
    def budget(self) -> int:
        """Bytes; at least four mails of the largest size."""
        return max(SMALLEST_BUDGET, 4 * self.smtp.max_size)

    def refusal(self, peer: str) -> str:
        """Why another connection from this address is not taken, or "" (A16). Unix sockets have no address."""
        if self.ending:
            return "421 4.3.2 The service is going down, try again later"
        if len(self.sessions) >= self.smtp.max_connections:
            return "421 4.7.0 Too many connections, try again later"
        if peer and self._addresses[_network(peer)] >= self.smtp.max_connections_per_ip:
            return "421 4.7.0 Too many connections from your address, try again later"
        return ""

    def enter(self, session: Connection) -> None:
        """Counts a session that was let in."""
        self.sessions.add(session)
        if session.peer:
            self._addresses[_network(session.peer)] += 1

    def leave(self, session: Connection) -> None:
        """Forgets a session; harmless for one that never was in."""
        if session in self.sessions:
            self.sessions.discard(session)
            if session.peer:
                network = _network(session.peer)
                self._addresses[network] -= 1
                if not self._addresses[network]:
                    del self._addresses[network]

    def sweep(self, now: float) -> None:
        """Ends the sessions that were silent, or that lasted, too long. `now` is the loop's time."""
        for session in list(self.sessions):
            if session.is_waiting and (now - session.heard > self.idle or now - session.began > self.session):
                session.end("421 4.4.2 Too slow, try again")

    async def close(self, grace: float = GRACE) -> None:
        """Lets sessions finish the mail that is in hand, tells the others to come again, and cuts what is left."""
        self.ending = True
        loop = asyncio.get_running_loop()
        give_up = loop.time() + grace
        while self.sessions and loop.time() < give_up:
            for session in list(self.sessions):
                if not session.is_receiving and session.is_waiting:
                    session.end("421 4.3.2 The service is going down, try again later")
            await asyncio.sleep(0.02)
        for session in list(self.sessions):
            session.end("421 4.3.2 The service is going down, try again later")


def address_of(peername: object) -> str:
    """The IP address of a socket's peer; "" for a unix socket. An IPv4 address in IPv6 form is given as IPv4."""
    if not isinstance(peername, tuple) or not peername:
        return ""
    address = str(peername[0]).partition("%")[0]
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def _network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False))
