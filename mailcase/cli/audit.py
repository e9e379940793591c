"""`mailcase audit`: every mail has an outcome, and the live folders agree with the ledger (B6). For cron: 0 or 1."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailcase.cli import output, settings
from mailcase.cli.case import Json
from mailcase.errors import MailcaseError

if TYPE_CHECKING:
    from mailcase.config import Config, MailboxTable
    from mailcase.store.engine import Database


def command(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the IMAP servers.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Check every byte of the database too; slow.")] = False,
    as_json: Json = False,
) -> None:
    """Recount everything; exit 1 on a gap."""
    from mailcase.cli.desk import database
    from mailcase.store.audit import audit, integrity

    config = settings.load_config()
    with database(config) as db:
        with db.read() as conn:
            found = audit(conn)
            if deep:
                found["problems"] += integrity(conn)
        if not offline:
            found["problems"] += _live(config, db)
    if as_json:
        output.print_json(found)
    else:
        _print(found)
    sys.exit(1 if found["unaccounted"] or found["problems"] else 0)


def _live(config: Config, db: Database) -> list[str]:
    """What is in the folders now and not in the ledger. Mail newer than the cursor is only waiting its turn."""
    problems = []
    for mailbox in config.mailbox:
        if mailbox.imap:
            try:
                problems += _folders(mailbox, db)
            except MailcaseError as error:
                problems += [f"{mailbox.name}: {line}" for line in error.problems]
    return problems


def _folders(mailbox: MailboxTable, db: Database) -> list[str]:
    from mailcase.intake.imap import live_uids
    from mailcase.store import imap_state
    from mailcase.store.audit import uids

    problems = []
    for (folder, validity), live in live_uids(mailbox).items():
        with db.read() as conn:
            state = imap_state.folder(conn, mailbox.name, folder)
            known = uids(conn, mailbox.name, folder, validity)
        if state is None or state.uidvalidity != validity:
            problems.append(f"{mailbox.name}/{folder}: never read under UIDVALIDITY {validity}; start the daemon")
            continue
        missing = sorted(uid for uid in live - known if state.first_uid <= uid <= state.last_uid)
        if missing:
            named = ", ".join(map(str, missing[:20]))
            problems.append(f"{mailbox.name}/{folder}: {len(missing)} mails are there and not here: UID {named}")
    return problems


def _print(found: dict[str, Any]) -> None:
    rows = [("reached us", found["spooled"]), *found["outcomes"].items()]
    rows += [("waiting", found["waiting"]), ("held", found["held"]), ("unaccounted", found["unaccounted"])]
    output.print_table(("mails", "count"), rows)
    for problem in found["problems"]:
        output.print_error(problem)
    if not found["problems"]:
        print("Everything is accounted for.")
