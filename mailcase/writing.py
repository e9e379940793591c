"""The mails of a decision, written: each reply's bytes, with the attachments that go along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from mailcase.core.compose import OutgoingAttachment
from mailcase.core.decision import Reply
from mailcase.core.message import Mail, Reading
from mailcase.core.reading.parse import attachment_bytes, read_mail
from mailcase.outgoing.letters import Writer
from mailcase.store import spool
from mailcase.store.values import OutboxItem, OutgoingMail, Spooled

if TYPE_CHECKING:
    from sqlalchemy import Connection


def originals(conn: Connection, replies: Sequence[Reply]) -> dict[int, bytes]:
    """The bytes of the mails whose attachments go along with a transfer, by their spool ids."""
    wanted = [reply.passes_on for reply in replies if reply.passes_on]
    return {mail.id: mail.raw for mail in spool.read(conn, wanted)} if wanted else {}


def write_all(
    replies: Sequence[Reply],
    writer: Writer,
    now: datetime,
    mail: Spooled | None = None,
    reading: Reading | None = None,
    passed_on: Mapping[int, bytes] | None = None,
) -> tuple[OutgoingMail, ...]:
    """The mails of a decision, with the attachments that came with the mail where they are passed on (O2)."""
    out = []
    for reply in replies:
        files: tuple[OutgoingAttachment, ...] = ()
        if reply.attach and mail and reading:
            files = _files(mail.raw, reading.mail)
        if passed_on and (raw := passed_on.get(reply.passes_on)):
            files = (*files, *_files(raw, read_mail(raw)))
        out.append(writer.write(reply, now, files, hold_id=mail.id if mail else 0))
    return tuple(out)


def write_again(
    item: OutboxItem, reply: Reply, writer: Writer, now: datetime, mail: Spooled | None, passed_on: Mapping[int, bytes]
) -> OutgoingMail:
    """A mail that was held because its template failed, under the Message-ID that its case knows it by."""
    files = _files(mail.raw, read_mail(mail.raw)) if reply.attach and mail else ()
    if raw := passed_on.get(reply.passes_on):
        files = (*files, *_files(raw, read_mail(raw)))
    return writer.write(reply, now, files, hold_id=mail.id if mail else 0, message_id=item.message_id)


def _files(raw: bytes, mail: Mail) -> tuple[OutgoingAttachment, ...]:
    return tuple(
        OutgoingAttachment(a.filename, a.content_type, attachment_bytes(raw, a.index))
        for a in mail.attachments
        if not a.inline
    )
