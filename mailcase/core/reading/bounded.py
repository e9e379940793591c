"""The message object that the e-mail parser fills: it stops the parse when a bound is passed, and keeps attached
messages as the bytes they came in."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from email.policy import Compat32, Policy
from functools import partial
from typing import Any

from mailcase.core.message import Limits
from mailcase.core.reading import mime

# Fields that the parser itself takes apart for every part. A longer one is no structure but an attack on its time.
STRUCTURE = 4_096


class OverBound(Exception):
    """A bound of `Limits` was passed; the argument names the defect."""


class Tally:
    """What one parse has used up so far, shared by all parts of a message."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.parts = 0
        self.defects: dict[str, None] = {}
        self.boundaries: dict[str, str] = {}  # what boundaries are called in the bytes that are parsed


class BoundedMessage(Message):
    """One part. `attach` and `set_raw` are the two calls by which the parser builds it."""

    _payload: Any

    def __init__(self, tally: Tally, policy: Policy[Any] | None = None) -> None:
        super().__init__(policy or Compat32())
        self.tally = tally
        self.depth = 0
        self.raw_fields: list[tuple[str, str]] = []  # (name, raw value) of every field in order
        self.last: dict[str, str] = {}
        self._stated: tuple[str, str] = ("", "")  # a Content-Type and what it says: the parser asks ten times a mail
        tally.parts += 1
        if tally.parts > tally.limits.parts:
            raise OverBound("too-many-parts")

    def attach(self, payload: Any) -> None:
        payload.depth = self.depth + 1
        if payload.depth > self.tally.limits.depth:
            raise OverBound("too-deep")
        super().attach(payload)

    def set_raw(self, name: str, value: str) -> None:
        bound = STRUCTURE if name[:8].lower() == "content-" else self.tally.limits.header
        if len(value) > bound:
            value = value[:bound]
            self.tally.defects["header-too-long"] = None
        if len(self.raw_fields) >= self.tally.limits.header_count:
            self.tally.defects["too-many-headers"] = None
            return
        super().set_raw(name, value)
        self.raw_fields.append((name, value))
        self.last[name.lower()] = value

    def field(self, name: str) -> str:
        """The raw value of the last field of this lower-case name, or "". Where a sender's programs put two, the later
        one was written by who wrote the body."""
        return self.last.get(name, "")

    def get_content_type(self) -> str:
        """What the parser may know: an attached message is an opaque part to it, or its text would be lost to us."""
        declared = self.media_type()
        return "application/octet-stream" if declared.startswith("message/") else declared

    def get_boundary(self, failobj: Any = None) -> Any:
        """Read by our own reader of parameters: the library's tries any codec that the sender names."""
        stated = mime.boundary(self.field("content-type"))
        return self.tally.boundaries.get(stated, stated) or failobj

    def media_type(self) -> str:
        """The lower-case type/subtype; text/plain (RFC 2045 section 5.2), in a digest message/rfc822, without one."""
        value = self.field("content-type")
        if value and value == self._stated[0]:
            return self._stated[1]
        declared = value.partition(";")[0].strip(" \t\r\n\"'").lower()
        if declared.count("/") == 1 and declared.isascii() and declared.isprintable():
            declared = declared.partition(" ")[0]
            main, _, sub = declared.partition("/")
            self._stated = (value, f"text/{main}" if sub == "text" else declared)  # "plain/text": it is often written
            return self._stated[1]
        return "text/plain" if declared else self.get_default_type()

    def data(self) -> bytes:
        """The body of a leaf as it came, still in its transfer encoding."""
        payload: object = self._payload
        return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""

    def without_tail(self, tail: str) -> bool:
        """Take `tail` (and blanks behind it) off the end of the body; False when it does not end so."""
        payload = self._payload
        if not isinstance(payload, str) or not payload.rstrip().endswith(tail):
            return False
        self._payload = payload.rstrip().removesuffix(tail)
        return True

    def children(self) -> list[BoundedMessage]:
        """The parts of a multipart; () for a leaf."""
        payload: list[BoundedMessage] | str | None = self._payload
        return payload if isinstance(payload, list) else []


def message_class(tally: Tally) -> Callable[..., BoundedMessage]:
    """The `_class` argument for `email.message_from_bytes`."""
    return partial(BoundedMessage, tally)
