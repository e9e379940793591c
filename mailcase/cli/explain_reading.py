"""The reading part of `explain --json`: what a mail says, as one JSON object."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailcase.core.message import Address, Bounce, Envelope, Ours, Reading
from mailcase.core.reading import read


def reading_row(file: str, read: Reading) -> dict[str, Any]:
    """The object of one mail: plain JSON values, addresses as text, times as RFC 3339 in UTC. `from` is the certain
    sender, else the first author as far as it can be read."""
    mail = read.mail
    author = mail.sender or next(iter(mail.authors), None)
    return {
        "file": file,
        "kind": str(read.kind),
        "subject": mail.subject,
        "from": author.address if author else "",
        "from_name": author.name if author else "",
        "reply_to": _addresses(mail.reply_to),
        "to": _addresses(mail.to),
        "cc": _addresses(mail.cc),
        "message_id": mail.message_id,
        "date": rfc3339(mail.date),
        "text": read.new,
        "quoted": read.quoted,
        "language": read.language,
        "defects": list(mail.defects),
        "attachments": [
            {"filename": found.filename, "content_type": found.content_type, "size": found.size}
            for found in mail.attachments
        ],
        "bounce": _bounce(read.bounce),
    }


def rfc3339(moment: datetime | None) -> str | None:
    """2026-11-21T18:25:00Z, or None."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def _addresses(found: tuple[Address, ...]) -> list[str]:
    return [entry.address for entry in found]


def _bounce(bounce: Bounce | None) -> dict[str, Any] | None:
    if bounce is None:
        return None
    recipients = [
        {"address": entry.address, "action": entry.action, "status": entry.status, "text": entry.text}
        for entry in bounce.recipients
    ]
    return {
        "permanent": bounce.permanent,
        "original_message_id": bounce.original_message_id,
        "recipients": recipients,
    }


def main(arguments: list[str]) -> int:
    """One line a file, in order, for every file that can be opened."""
    failed = 0
    for file in (argument for argument in arguments if argument != "--json"):
        try:
            raw = Path(file).read_bytes()
        except OSError as error:
            print(json.dumps({"file": file, "error": error.strerror}), flush=True)
            failed = 1
            continue
        found = read.read(raw, Envelope(), Ours())
        print(json.dumps(reading_row(file, found), ensure_ascii=False), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
