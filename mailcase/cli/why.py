"""`mailcase why`: the evidence and the rule behind one message (T6)."""

from __future__ import annotations

from typing import Annotated

import typer

from mailcase.cli import output, settings
from mailcase.cli.case import Json
from mailcase.errors import MailcaseError


def command(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE-ID", help="With or without angle brackets.")],
    as_json: Json = False,
) -> None:
    """Say why a message is where it is."""
    from mailcase.cli.desk import reading
    from mailcase.store.cases import why

    wanted = message_id.strip().strip("<>")
    with reading(settings.load_config()) as conn:
        found = why(conn, wanted)
    if not found:
        raise MailcaseError(f"no message with the id {wanted} is known; look for it with mailcase search")
    if as_json:
        output.print_json(found)
        return
    for row in found:
        for key, value in row.items():
            if value not in ("", None, [], {}):
                print(f"{key + ':':14} {output.printable(str(value))}")
        print()
