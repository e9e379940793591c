"""`mailcase explain`: what would happen to these mails now, and why. Changes nothing, needs no daemon."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailcase.cli import output, settings
from mailcase.cli.case import Json

if TYPE_CHECKING:
    from mailcase.core.message import Reading
    from mailcase.core.policy import Policy
    from mailcase.planning import View
    from mailcase.store.values import Spooled

Looker = Callable[["Spooled", "Reading"], "View"]


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Mails, one a file.")],
    as_json: Json = False,
) -> None:
    """Say what would happen to mails, and why. With -c as that desk stands now, else as for an empty desk."""
    unread = False
    with ExitStack() as stack:
        policy, look = _desk(stack)
        for file in files:
            row = explain(file, policy, look)
            unread = unread or "error" in row
            if as_json:
                output.print_json_line(row)
            else:
                _print(row)
    if unread:
        raise typer.Exit(1)


def explain(file: Path, policy: Policy, look: Looker) -> dict[str, Any]:
    """The object of one file. Never raises for what is in it."""
    from mailcase.cli.explain_reading import reading_row
    from mailcase.core.decide import decide
    from mailcase.core.message import Envelope
    from mailcase.core.reading.read import read
    from mailcase.planning import ours
    from mailcase.store.values import Spooled

    try:
        raw = file.read_bytes()
    except OSError as error:
        return {"file": str(file), "kind": None, "error": error.strerror or "cannot be read"}
    now = datetime.now(UTC)
    envelope = Envelope()
    reading = read(raw, envelope, ours(policy))
    mail = reading.mail
    envelope = Envelope(mail.sender.address if mail.sender else "", tuple(a.address for a in (*mail.to, *mail.cc)))
    view = look(Spooled(0, raw, envelope, "smtp", "", now), reading)
    decision = decide(view.arrival, view.desk)
    case = view.arrival.thread.case
    return {
        **reading_row(str(file), reading),
        "sender_role": _role(view, policy),
        "case": case.number if case else None,
        "evidence": view.arrival.thread.evidence,
        "rule": decision.rule,
        "outcome": {"kind": decision.outcome.kind, "case": decision.outcome.case, "reason": decision.outcome.reason},
        "signals": [{"name": s.name, "kind": str(s.kind), "strong": s.strong} for s in reading.signals],
        "events": [_event(event) for event in decision.events],
        "replies": [
            {"kind": r.kind, "to": [a.address for a in (*r.to, *r.cc)], "language": r.language}
            for r in decision.replies
        ],
    }


def _role(view: View, policy: Policy) -> str:
    from mailcase.core.people import role

    return role(view.arrival.author, view.arrival.thread.case, policy)


def _event(event: object) -> dict[str, Any]:
    """An event as plain data: its name, and what it carries, without the text of the mail once more."""
    from dataclasses import asdict, is_dataclass

    assert is_dataclass(event)
    assert not isinstance(event, type)
    left_out = ("text", "quoted", "html", "attachments")
    fields = {k: v for k, v in asdict(event).items() if k not in left_out and v not in ("", None, (), {})}
    return {"event": type(event).__name__, **fields}


def _desk(stack: ExitStack) -> tuple[Policy, Looker]:
    """The policy and the way to look things up: in the database that -c names, else in an empty desk."""
    from mailcase.core.policy import Mailbox, Policy
    from mailcase.planning import look, look_at_nothing

    if settings.chosen() is None:
        empty = Policy(mailboxes=(Mailbox("support", "support@localhost.invalid"),), secrets=(b"explain",))
        return empty, lambda mail, reading: look_at_nothing(mail, reading, empty, mail.received_at)
    from mailcase.cli.desk import reading as connection
    from mailcase.outgoing.templates import load as load_templates

    config = settings.load_config()
    templates = load_templates(config.templates)
    policy = config.policy(templates.phrases, templates.answers)
    conn = stack.enter_context(connection(config))
    return policy, lambda mail, reading: look(conn, mail, reading, policy, mail.received_at)


def _print(row: dict[str, Any]) -> None:
    if "error" in row:
        output.print_error(f"{row['file']}: {row['error']}")
        return
    for key in ("file", "kind", "from", "subject", "sender_role", "case", "evidence", "rule", "language", "defects"):
        if row[key] not in ("", None, []):
            print(f"{key + ':':12} {output.printable(str(row[key]))}")
    print(f"{'signals:':12} {', '.join(s['name'] for s in row['signals']) or '-'}")
    print(f"{'events:':12} {', '.join(e['event'] for e in row['events']) or '-'}")
    print(f"{'replies:':12} {', '.join(r['kind'] + ' to ' + ' '.join(r['to']) for r in row['replies']) or '-'}")
    print(output.printable(row["text"][:400], keep_lines=True).rstrip() + "\n")
