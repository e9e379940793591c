"""One desk for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.room import Room


@pytest.fixture(scope="module")
def room(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A desk on which nothing but reply tokens proves an agent."""
    found = Room(sqlite_template, tmp_path_factory.mktemp("room"))
    yield found
    found.database.close()


@pytest.fixture(scope="module")
def guarded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A desk behind a border server that writes Authentication-Results."""
    found = Room(sqlite_template, tmp_path_factory.mktemp("guarded"), authserv_id="mx.example.com")
    yield found
    found.database.close()
