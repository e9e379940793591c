"""Signed tokens: what was made is believed, everything else is not (T1, A5, S4, S6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcase.core import token as tokens

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SECRET, OTHER = b"one secret", b"another secret"


def made(kind: str = tokens.AGENT, number: int = 1042, bound: str = "bob", secret: bytes = SECRET) -> tokens.Token:
    found = tokens.parse(tokens.make(secret, kind, number, NOW, b"12345", bound))
    assert found is not None
    return found


@given(number=st.integers(0, 36**9), kind=st.sampled_from("cyahb"), nonce=st.binary(min_size=5, max_size=9))
def test_what_was_made_is_read_and_believed_in_any_case(number: int, kind: str, nonce: bytes) -> None:
    text = tokens.make(SECRET, kind, number, NOW, nonce, "bob")
    token = tokens.parse(text.upper())
    assert token is not None
    assert (token.kind, token.number) == (kind, number)
    assert tokens.verify(token, (SECRET,), NOW, 90, "BOB")
    assert len(text) <= 64 - len("support+")


@pytest.mark.parametrize(
    ("token", "secrets", "days_later", "bound"),
    [
        (made(), (OTHER,), 0, "bob"),
        (made(), (), 0, "bob"),
        (made(), (SECRET,), 0, "sue"),
        (made(), (SECRET,), 0, ""),
        (made(), (SECRET,), 91, "bob"),
        (made(), (SECRET,), -2, "bob"),
        (made(kind=tokens.CUSTOMER), (SECRET,), 0, "bobby"),
    ],
    ids=["other secret", "no secret", "other agent", "no agent", "expired", "from the future", "longer name"],
)
def test_refused(token: tokens.Token, secrets: tuple[bytes, ...], days_later: int, bound: str) -> None:
    assert not tokens.verify(token, secrets, NOW + timedelta(days=days_later), 90, bound)


@pytest.mark.parametrize("field", ["kind", "number", "day", "nonce", "mac"])
def test_no_part_can_be_changed(field: str) -> None:
    token = made()
    changed = {"kind": "c", "number": 1043, "day": token.day - 1, "nonce": "aaaa", "mac": "a" * 26}
    parts = {name: getattr(token, name) for name in changed} | {field: changed[field]}
    assert not tokens.verify(tokens.Token(**parts), (SECRET,), NOW, 90, "bob")


def test_an_old_secret_is_still_accepted() -> None:
    assert tokens.verify(made(secret=OTHER), (SECRET, OTHER), NOW, 90, "bob")


def test_message_ids_tell_their_case_only_when_ours() -> None:
    ours = tokens.message_id(SECRET, 1042, bytes(range(16)), "example.com")
    assert tokens.number_of(ours, (OTHER, SECRET)) == 1042
    assert tokens.number_of(ours, (OTHER,)) is None
    assert tokens.number_of(ours.replace(".", "x", 1), (SECRET,)) is None
    assert tokens.number_of("abc.def@example.com", (SECRET,)) is None


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    tokens.parse(text)
    tokens.plus_part(text)
    tokens.number_of(text, (SECRET,))
