"""What a way out is: one that takes single mails and says what came of each."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from mailcase.core.delivery import FAILED, SENT, Try
from mailcase.store.values import OutboxItem

Kind = type[BaseException] | None


class Unreachable(Exception):
    """The way out is closed for every mail alike: no connection, no TLS, no login. `words` say why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Way(Protocol):
    """A way out, open until it is left."""

    def send(self, item: OutboxItem) -> Try:
        """Try once to hand one mail over."""

    def __enter__(self) -> Way: ...

    def __exit__(self, kind: Kind, value: BaseException | None, at: TracebackType | None) -> None: ...


def still_waiting(item: OutboxItem) -> list[str]:
    """Addresses of those who have not got it yet, and still may."""
    return [r.address for r in item.recipients if r.state not in (SENT, FAILED, "bounced")]
