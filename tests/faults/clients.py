"""Customers whose mail servers never give up, and a ledger of what they were promised."""

from __future__ import annotations

import itertools
import random
import smtplib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

_numbers = itertools.count(1)
LETTER = """\
From: Customer {n} <{sender}>\r
To: support@example.com\r
Subject: fault {n}\r
Message-ID: <{n}.{tag}@client.example>\r
Date: Sat, 21 Nov 2026 10:00:00 +0000\r
\r
My printer number {n} does not print.\r
{more}"""


@dataclass(frozen=True)
class Letter:
    """One mail of a customer who writes only once."""

    number: int
    sender: str
    message_id: str
    raw: bytes


def letter(more: str = "", to: str = "support@example.com") -> Letter:
    """A new customer's mail. Everybody has a domain of their own, so that no limit on automatic mail is reached."""
    n = next(_numbers)
    tag = f"{random.getrandbits(40):x}"
    sender = f"c{n}@d{n}.example"
    text = LETTER.format(n=n, sender=sender, tag=tag, more=more).replace("support@example.com", to, 1)
    return Letter(n, sender, f"{n}.{tag}@client.example", text.encode())


@dataclass
class Ledger:
    """What was promised: every letter here was answered with 250. `tries` counts also what was not."""

    accepted: list[Letter] = field(default_factory=list)
    tries: int = 0
    replies: list[str] = field(default_factory=list)
    slowest: float = 0.0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, sent: Letter | None, reply: str, seconds: float) -> None:
        """One try: the letter when it was taken."""
        with self.changed:
            self.tries += 1
            if sent is not None:
                self.accepted.append(sent)
                self.slowest = max(self.slowest, seconds)
            elif reply:
                self.replies.append(reply)
            self.changed.notify_all()

    def wait_for(self, count: int, seconds: float = 60.0) -> None:
        """Until so many were taken. Raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.accepted) >= count, seconds):
                raise TimeoutError(f"{len(self.accepted)} of {count} taken; last: {self.replies[-3:]}")


class Clients:
    """Threads that write one letter after the other, each until it is taken. `with` ends when the last one is."""

    def __init__(
        self, ports: dict[str, int], count: int = 3, pause: float = 0.02, make: Callable[[], Letter] = letter
    ) -> None:
        self.ports, self.pause, self.make = ports, pause, make
        self.ledger = Ledger()
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._write, args=(i,), daemon=True) for i in range(count)]

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(1 if kind else 90)
        assert kind or not any(thread.is_alive() for thread in self.threads), self.ledger.replies[-5:]

    def _write(self, number: int) -> None:
        lmtp = number % 3 == 2
        while not self.ending.is_set():
            sent = self.make()
            while True:
                began = time.monotonic()
                reply = deliver(self.ports["lmtp" if lmtp else "smtp"], sent.raw, sent.sender, lmtp=lmtp)
                taken = reply.startswith("250")
                self.ledger.note(sent if taken else None, reply, time.monotonic() - began)
                if taken:
                    break
                time.sleep(self.pause)
            time.sleep(self.pause)


def deliver(port: int, raw: bytes, sender: str, *recipients: str, lmtp: bool = False, timeout: float = 30) -> str:
    """One try. The reply that decides about the mail; "" when the connection was lost or never was."""
    kind = smtplib.LMTP if lmtp else smtplib.SMTP
    try:
        with kind("127.0.0.1", port, local_hostname="client.example", timeout=timeout) as client:
            client.ehlo_or_helo_if_needed()
            client.mail(sender)
            for recipient in recipients or ("support@example.com",):
                code, words = client.rcpt(recipient)
                if code != 250:
                    return f"{code} {words.decode()}"
            code, words = client.data(raw)
            return f"{code} {words.decode()}"
    except smtplib.SMTPResponseException as error:
        words = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        return "" if error.smtp_code == -1 else f"{error.smtp_code} {words.decode()}"
    except (OSError, smtplib.SMTPException):
        return ""
