"""Fixtures that several rooms share: the store on both databases."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from mailcase.store import migrate
from mailcase.store.engine import Database
from tests.servers import postgres

_names = itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With MAILCASE_REQUIRE_SERVERS=1 a test that is skipped because something "is not installed" has failed."""
    report = yield
    if report.skipped and os.environ.get("MAILCASE_REQUIRE_SERVERS") == "1" and "not installed" in str(report.longrepr):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    """One PostgreSQL for the whole run; every test gets a database of its own in it."""
    if postgres.find_binaries() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres.running() as server:
        server.execute("CREATE DATABASE template_mailcase")
        database = Database.open(server.url("template_mailcase"))
        migrate.upgrade(database)
        database.close()
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema in it, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database.open(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new database with the schema and nothing else, once for each kind."""
    return new_database(request, request.param, tmp_path)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all tests of a module that only look."""
    database = Database.open(new_database(request, request.param, tmp_path_factory.mktemp("shared")))
    yield database
    database.close()


def new_database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The address of a copy of the empty database with its schema."""
    name = f"test_{next(_names)}"
    if kind == "sqlite":
        path = folder / f"{name}.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    server: postgres.Postgres = request.getfixturevalue("postgres_server")
    server.execute(f"CREATE DATABASE {name} TEMPLATE template_mailcase")
    return server.url(name)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """The new database, open."""
    database = Database.open(database_url)
    yield database
    database.close()
