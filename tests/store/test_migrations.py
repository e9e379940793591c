"""The schema: what the steps make is what the tables say; twice and at once is no harm; newer is refused (P7, C9)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from mailcase.store import cases, migrate
from mailcase.store.engine import Database
from mailcase.store.errors import SchemaTooNew, SchemaTooOld
from mailcase.store.tables import metadata
from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Opens the same database without a schema, as often as it is called."""
    opened: list[Database] = []
    url = f"sqlite:///{tmp_path}/mailcase.db"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres_server")
        name = f"empty_{abs(hash(tmp_path))}"
        server.execute(f"CREATE DATABASE {name}")
        url = server.url(name)

    def open_it() -> Database:
        opened.append(Database.open(url))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


# The databases give an index over an expression back in other words than it was made with, or not at all.
_OVER_EXPRESSIONS = {"ix_cases_attention", "ix_cases_assigned"}


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_steps_make_what_the_tables_say(db: Database) -> None:
    def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
        return not (kind == "table" and (name or "").startswith("search_")) and name not in _OVER_EXPRESSIONS

    with db.write() as conn:
        options = {"include_object": ours, "compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(conn, opts=options), metadata) == []
        listed = "SELECT name FROM sqlite_master" if db.dialect == "sqlite" else "SELECT indexname FROM pg_indexes"
        assert set(conn.exec_driver_sql(listed).scalars()) >= _OVER_EXPRESSIONS


def test_the_newest_step_is_the_one_the_code_wants() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_an_empty_database_is_refused_until_it_is_upgraded(empty: Callable[[], Database]) -> None:
    db = empty()
    with pytest.raises(SchemaTooOld, match=r"no schema yet, this mailcase needs .*: run mailcase db upgrade"):
        migrate.check(db)
    assert migrate.upgrade(db) == migrate.HEAD
    migrate.check(db)
    with db.read() as conn:
        assert cases.next_number(conn) == 1001


def test_a_start_makes_the_first_schema_and_nothing_else(empty: Callable[[], Database]) -> None:
    db = empty()
    migrate.prepare(db)
    migrate.check(db)
    with db.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaTooOld, match="the database has schema 0000"):
        migrate.prepare(db)


def test_twice_and_at_once_is_no_harm(empty: Callable[[], Database]) -> None:
    databases = [empty() for _ in range(4)]
    errors: list[BaseException] = []

    def upgrade(db: Database) -> None:
        try:
            migrate.upgrade(db)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=upgrade, args=(db,)) for db in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    migrate.upgrade(databases[0])
    with databases[0].read() as conn:
        assert conn.exec_driver_sql("SELECT value FROM counter").scalars().all() == [1001]


def test_a_newer_schema_is_refused(db: Database) -> None:
    with db.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for action in (migrate.check, migrate.prepare, migrate.upgrade):
        with pytest.raises(SchemaTooNew, match="schema 9999, this mailcase knows only"):
            action(db)


def test_looking_at_the_schema_does_not_import_alembic() -> None:
    """It costs half a second at every start."""
    import subprocess
    import sys

    script = "import sys, mailcase.store.migrate, mailcase.store.record; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
