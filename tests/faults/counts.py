"""How often a drill does its worst: a few times in `make test`, the whole number in `make drill`."""

from __future__ import annotations

import os

import pytest


def count(name: str, few: int, full: int) -> int:
    """MAILCASE_DRILL is empty (few), "full", or names such as "intake=40,imap=20"; "full,intake=40" mixes both."""
    words = [word for word in os.environ.get("MAILCASE_DRILL", "").split(",") if word]
    for word in words:
        key, _, value = word.partition("=")
        if key == name and value:
            return int(value)
    return full if "full" in words else few


def is_full() -> bool:
    """True in `make drill`."""
    return "full" in os.environ.get("MAILCASE_DRILL", "").split(",")


def sqlite_is_enough(url: str) -> None:
    """Skips a slow drill on PostgreSQL, unless it is `make drill`."""
    if url.startswith("postgresql") and not is_full():
        pytest.skip("make drill runs this on PostgreSQL as well")
