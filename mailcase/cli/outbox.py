"""`mailcase outbox …`: what is to be sent, was sent, or could not be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from mailcase.cli import output, settings
from mailcase.cli.case import Asked, Json

app = typer.Typer(help="Outgoing mail: list, retry, cancel.", no_args_is_help=True)

STATES = ("queued", "sending", "sent", "uncertain", "failed", "held", "cancelled")
Id = Annotated[int, typer.Argument(metavar="ID", help="As in outbox list.")]


@app.command("list")
def list_mails(
    state: Annotated[str, typer.Option("--state", metavar="S", help="Only these.")] = "",
    case: Annotated[int | None, typer.Option("--case", metavar="NUMBER", help="Only of this case.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1)] = 100,
    as_json: Json = False,
) -> None:
    """List outgoing mail, the newest last."""
    from mailcase.cli.desk import reading
    from mailcase.store import outbox

    if state and state not in STATES:
        raise Asked(f"there is no state {state}; there are: {', '.join(STATES)}")
    with reading(settings.load_config()) as conn:
        items = outbox.items(conn, state or None, case, limit)
    if as_json:
        fields = ("id", "case", "kind", "to", "subject", "message_id", "state", "attempts", "next_try", "last_reply",
                  "created_at")  # fmt: skip
        output.print_json([{name: getattr(item, name) for name in fields} for item in items])
        return
    output.print_table(
        ("id", "case", "kind", "to", "state", "tries", "next try", "last reply"),
        [(i.id, i.case, i.kind, i.to, i.state, i.attempts, i.next_try, i.last_reply[:60]) for i in items],
        empty="The outbox is empty.",
    )


@app.command()
def retry(number: Id) -> None:
    """Send it again now; also one that failed or is uncertain. One that is held is written anew first."""
    from mailcase.cli.desk import reading
    from mailcase.store import outbox

    config = settings.load_config()
    with reading(config) as conn:
        is_held = outbox.get(conn, number).state == "held"
    if not is_held:
        _change(number, "retry", "is due now")
        return
    from mailcase.operate import Operator

    Operator(config).write_again(number)
    print(f"mail {number} was written again and is due now")


@app.command()
def cancel(number: Id) -> None:
    """Never send it."""
    _change(number, "cancel", "will not be sent")


def _change(number: int, verb: str, said: str) -> None:
    from mailcase.cli.desk import database
    from mailcase.store import outbox

    with database(settings.load_config()) as db, db.write() as conn:
        (outbox.retry if verb == "retry" else outbox.cancel)(conn, number, datetime.now(UTC))
    print(f"mail {number} {said}")
