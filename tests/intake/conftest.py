"""Fixtures of the ways in: one Dovecot for the run, and a new SQLite store for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcase.store.engine import Database
from tests.servers import dovecot


@pytest.fixture(scope="session")
def server() -> Iterator[dovecot.Dovecot]:
    """One Dovecot; every test uses a user of its own on it."""
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    running = dovecot.start_dovecot()
    yield running
    running.remove()


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A new SQLite store with the schema and nothing else."""
    shutil.copy(sqlite_template, tmp_path / "mailcase.db")
    opened = Database.open(f"sqlite:///{tmp_path / 'mailcase.db'}")
    yield opened
    opened.close()
