"""`mailcase import`: old mail from an mbox, a Maildir or .eml files. Silent: answers and notifies nobody (B5)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailcase.cli import settings
from mailcase.cli.case import Asked


def command(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="An mbox, a Maildir, a .eml file or a folder of them.")],
    mailbox: Annotated[str, typer.Option("--mailbox", metavar="NAME", help="The mailbox it belongs to.")],
) -> None:
    """Take in old mail with its own dates. Doing it twice adds nothing; the daemon turns it into cases."""
    from mailcase.cli.desk import database
    from mailcase.intake.archive import import_archive

    config = settings.load_config()
    found = next((m for m in config.policy({}).mailboxes if m.name == mailbox), None)
    if found is None:
        raise Asked(f"there is no mailbox {mailbox}; there are: {', '.join(m.name for m in config.mailbox)}")
    with database(config) as db:
        done = import_archive(path, found, db)
    print(f"{done.new} mails taken in, {done.known} were here already; the running daemon turns them into cases")
