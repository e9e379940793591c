"""`mailcase db …`: the schema of the database (P7)."""

from __future__ import annotations

import typer

from mailcase.cli import settings

app = typer.Typer(help="The database: upgrade.", no_args_is_help=True)


@app.callback()
def _verbs() -> None:
    """The database: upgrade."""


@app.command()
def upgrade() -> None:
    """Bring the schema to this version; safe to run twice. Make a backup first."""
    from mailcase.store import migrate
    from mailcase.store.engine import Database

    database = Database.open(settings.load_config().database)
    try:
        print(f"the database is at {migrate.upgrade(database)}")
    finally:
        database.close()
