"""Signed tokens that ride in our reply addresses and Message-IDs (T1, A5, attacks S4, S6, S36).

An address token is `KIND NUMBER - DAY NONCE - MAC` in base 32 letters, which survive any change of case:
`support+c16i-2f4kq7pd-mfrg…@example.com`. The MAC covers the kind, the number, the day it was made, the nonce and
whom it was made for, so that an agent's token works only with that agent's address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

CUSTOMER, CONFIRM, AGENT, HOLD, BOUNCE = "c", "y", "a", "h", "b"
# In the links of lists that agents are mailed: it stands in a text, so it only carries commands, and not for so long.
LINK = "l"
LINK_DAYS = 14
# Bound to one agent; all others are good for whoever has them.
OF_AGENTS = (AGENT, HOLD, LINK)

_EPOCH = date(2020, 1, 1)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(r"([cyahbl])([0-9a-z]{1,10})-([0-9a-z]{3})([a-z2-7]{4})-([a-z2-7]{26})")
_MESSAGE_ID = re.compile(r"([0-9a-z]{1,10})\.([a-z2-7]{26})\.([a-z2-7]{13})@")


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says before it is believed: `verify` decides that."""

    kind: str
    number: int
    day: int
    nonce: str
    mac: str


def _base36(value: int) -> str:
    out = ""
    while value:
        value, digit = divmod(value, 36)
        out = _DIGITS[digit] + out
    return out or "0"


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _mac(secret: bytes, kind: str, number: int, day: int, nonce: str, subject: str) -> str:
    said = f"{kind}\0{number}\0{day}\0{nonce}\0{subject.casefold()}".encode()
    return _letters(hmac.digest(secret, said, hashlib.sha256)[:16])


def make(secret: bytes, kind: str, number: int, now: datetime, nonce: bytes, subject: str = "") -> str:
    """The token as it stands behind the plus. `nonce` is at least 3 random bytes, `subject` whom it is bound to."""
    day = (now.date() - _EPOCH).days
    salt = _letters(nonce)[:4]
    return f"{kind}{_base36(number)}-{_base36(day).zfill(3)}{salt}-{_mac(secret, kind, number, day, salt, subject)}"


def parse(text: str) -> Token | None:
    """The token in `text`, not yet believed; None when it has not the form."""
    match = _FORM.fullmatch(text.lower())
    if not match:
        return None
    return Token(match[1], int(match[2], 36), int(match[3], 36), match[4], match[5])


def verify(token: Token, secrets: Sequence[bytes], now: datetime, days: int, subject: str = "") -> bool:
    """True when one of our secrets made this token for `subject` and it is at most `days` old. Constant time."""
    made = _EPOCH + timedelta(days=token.day)
    days = min(days, LINK_DAYS) if token.kind == LINK else days
    fresh = timedelta(days=-1) <= now.date() - made <= timedelta(days=days)
    good = False
    for secret in secrets:
        expected = _mac(secret, token.kind, token.number, token.day, token.nonce, subject)
        good |= hmac.compare_digest(expected, token.mac)
    return good and fresh


def message_id(secret: bytes, number: int, random: bytes, domain: str) -> str:
    """A Message-ID of ours without brackets (RFC 5322 section 3.6.4): number, 128 bits of `random`, a MAC."""
    unique = _letters(random[:16])
    return f"{_base36(number)}.{unique}.{_id_mac(secret, number, unique)}@{domain}"


def _id_mac(secret: bytes, number: int, unique: str) -> str:
    return _letters(hmac.digest(secret, f"id\0{number}\0{unique}".encode(), hashlib.sha256)[:8])


def number_of(message_id: str, secrets: Sequence[bytes]) -> int | None:
    """The case number in a Message-ID that we made, or None for everybody else's."""
    match = _MESSAGE_ID.match(message_id)
    if not match:
        return None
    number = int(match[1], 36)
    good = False
    for secret in secrets:
        good |= hmac.compare_digest(_id_mac(secret, number, match[2]), match[3])
    return number if good else None


def plus(address: str, token: str) -> str:
    """`support@example.com` with a token: `support+TOKEN@example.com` (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def plus_part(address: str) -> str:
    """What stands behind the first plus of the local part, or ""."""
    return address.rpartition("@")[0].partition("+")[2]
