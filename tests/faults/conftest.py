"""Fixtures of the fault drills: daemons, a smarthost, and the figures that `make drill` writes down."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.desk import FaultDesk
from tests.faults.nursery import Nursery
from tests.servers import dovecot
from tests.servers.sink import Sink

Figure = Callable[[str, object], None]
Open = Callable[..., FaultDesk]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where daemons come from."""
    running = Nursery()
    yield running
    running.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """The smarthost."""
    with Sink() as listening:
        yield listening


@pytest.fixture
def desk(nursery: Nursery, database_url: str, sink: Sink) -> Iterator[FaultDesk]:
    """A desk on each of the two databases, not started yet, that sends through the sink."""
    with FaultDesk(nursery, database_url, sink) as made:
        yield made


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database with the schema and nothing else, where PostgreSQL would show nothing more."""
    path = tmp_path / "desk.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def open_desk(nursery: Nursery, database_url: str, sink: Sink) -> Iterator[Open]:
    """Makes a desk with settings of its own, on each of the two databases."""
    made: list[FaultDesk] = []

    def make(**settings: str) -> FaultDesk:
        made.append(FaultDesk(nursery, database_url, sink, **settings))
        return made[-1]

    yield make
    for one in made:
        one.__exit__()


@pytest.fixture
def open_sqlite_desk(nursery: Nursery, sqlite_url: str, sink: Sink) -> Iterator[Open]:
    """The same on SQLite alone."""
    made: list[FaultDesk] = []

    def make(**settings: str) -> FaultDesk:
        made.append(FaultDesk(nursery, sqlite_url, sink, **settings))
        return made[-1]

    yield make
    for one in made:
        one.__exit__()


@pytest.fixture(scope="session")
def imap_server() -> Iterator[dovecot.Dovecot]:
    """One Dovecot for the run."""
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    running = dovecot.start_dovecot()
    yield running
    running.remove()


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Notes what was measured for a row (or several, "A1 A2") of the fault table, for `make drill`."""

    def note(rows: str, text: object) -> None:
        path = os.environ.get("MAILCASE_DRILL_FIGURES")
        print(f"{rows}: {text}")
        if path:
            line = json.dumps({"test": request.node.nodeid, "rows": rows.split(), "text": str(text)})
            with open(path, "a", encoding="utf-8") as figures:
                figures.write(line + "\n")

    return note
