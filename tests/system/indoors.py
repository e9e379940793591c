"""A desk without its daemon: a store and a writer, for what a worker does by the clock."""

from __future__ import annotations

import email
import email.policy
import os
from email.message import EmailMessage
from pathlib import Path

from mailcase.config import load
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.templates import load as load_templates
from mailcase.store import migrate, outbox
from mailcase.store.engine import Database


def opened(folder: Path, config: str) -> tuple[Database, Writer]:
    """The store and the writer of a desk in `folder`, with this text as its config."""
    (folder / "secret").write_text("a secret of this test desk only\n")
    (folder / "mailcase.toml").write_text(config)
    loaded = load(folder / "mailcase.toml")
    database = Database.open(loaded.database)
    migrate.prepare(database)
    templates = load_templates()
    return database, Writer(loaded.policy(templates.phrases), templates, os.urandom)


def written(database: Database) -> list[EmailMessage]:
    """Every mail in the outbox."""
    with database.read() as conn:
        raws = [outbox.get(conn, item.id, with_raw=True).raw for item in outbox.items(conn)]
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]
    return [mail for mail in mails if isinstance(mail, EmailMessage)]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """The part `text/KIND`, with plain line ends."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
