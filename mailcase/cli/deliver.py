"""`mailcase deliver`: one message on standard input, for an MTA's alias or pipe transport (B5)."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailcase.cli import output, settings
from mailcase.errors import MailcaseError

if TYPE_CHECKING:
    from mailcase.store.values import Accepted, Incoming

EX_TEMPFAIL = 75


def command(mailbox: Annotated[str, typer.Option("--mailbox", metavar="NAME", help="The mailbox it is for.")]) -> None:
    """Take one message on stdin. Exit code 0: kept; 75: try again; 65, 67, 77: refused (sysexits)."""
    from mailcase.intake.pipe import deliver
    from mailcase.store import migrate, spool
    from mailcase.store.engine import Database

    try:
        config = settings.load_config()
        database = Database.open(config.database)
        migrate.prepare(database)
        policy = config.policy({})
    except MailcaseError as error:
        # A mistake of ours must not bounce the customer's mail: the MTA keeps it and tries again.
        output.print_error(*error.problems)
        sys.exit(EX_TEMPFAIL)

    def add(mail: Incoming) -> Accepted:
        with database.write() as conn:
            return spool.add(conn, [mail])[0]

    size = config.smtp.max_size if config.smtp else 25 * 1024**2
    done = deliver(sys.stdin.buffer, mailbox, policy, add, max_size=size, now=datetime.now(UTC), environment=os.environ)
    if done.code:
        output.print_error(done.text)
    sys.exit(done.code)
