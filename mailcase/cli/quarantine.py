"""`mailcase quarantine …`: mail that was set aside, because our code failed on it or an agent must confirm it (B8)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailcase.cli import output, settings
from mailcase.cli.case import Json

if TYPE_CHECKING:
    from mailcase.store.spool import SpoolEntry

app = typer.Typer(help="Mail that was set aside: list, show, retry, drop.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="As in quarantine list.")]


@app.command("list")
def list_mails(as_json: Json = False) -> None:
    """List mail that was set aside, oldest first."""
    from mailcase.cli.desk import reading
    from mailcase.store import spool

    with reading(settings.load_config()) as conn:
        rows = [_row(entry) for entry in spool.set_aside(conn)]
    if as_json:
        output.print_json(rows)
        return
    output.print_table(
        ("id", "received", "source", "from", "subject", "reason", "attempts"),
        [(r["id"], r["received_at"], r["source"], r["from"], r["subject"], r["reason"], r["attempts"]) for r in rows],
        empty="Nothing was set aside.",
    )


def _row(entry: SpoolEntry) -> dict[str, object]:
    """Read with care: these are the mails that something was wrong with."""
    from mailcase.core.reading.glance import glance

    sender, subject = glance(entry.raw)
    return {
        "id": entry.id, "received_at": entry.received_at, "source": entry.source, "from": sender, "subject": subject,
        "reason": entry.reason, "attempts": entry.attempts, "state": entry.state, "case": entry.case,
    }  # fmt: skip


@app.command()
def show(number: Id) -> None:
    """Print the mail itself, byte for byte."""
    from mailcase.cli.desk import reading
    from mailcase.store import spool

    with reading(settings.load_config()) as conn:
        entry = spool.get(conn, number)
    sys.stdout.buffer.write(entry.raw)


@app.command()
def retry(number: Id) -> None:
    """Work on it again."""
    from mailcase.cli.desk import database
    from mailcase.store import spool

    with database(settings.load_config()) as db, db.write() as conn:
        spool.retry(conn, number)
    print(f"mail {number} waits to be worked on again")


@app.command()
def drop(number: Id) -> None:
    """Never work on it; the bytes are kept, and the ledger says so."""
    from mailcase.cli.desk import database
    from mailcase.store import spool

    with database(settings.load_config()) as db, db.write() as conn:
        spool.drop(conn, number, now=datetime.now(UTC))
    print(f"mail {number} is ignored from now on")
