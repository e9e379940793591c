"""One desk in this process for the tests of a file, and one on each of the two databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcase.store.engine import Database
from tests.agents.room import Room


@pytest.fixture(scope="module")
def room(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A desk whose clock stands still."""
    found = Room(sqlite_template, tmp_path_factory.mktemp("security"))
    yield found
    found.database.close()


@pytest.fixture
def fresh(sqlite_template: Path, tmp_path: Path) -> Iterator[Room]:
    """A desk of its own, where a test counts."""
    found = Room(sqlite_template, tmp_path)
    yield found
    found.database.close()


@pytest.fixture
def on_both(fresh: Room, db: Database) -> Room:
    """The desk on SQLite, then on PostgreSQL."""
    fresh.database.close()
    fresh.database = db
    return fresh
