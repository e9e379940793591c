"""`mailcase search`: cases by number, name, address, subject or any words of their mails."""

from __future__ import annotations

from typing import Annotated

import typer

from mailcase.cli import settings
from mailcase.cli.case import Json, print_cases


def command(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="All of them must be found.")],
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1)] = 100,
    as_json: Json = False,
) -> None:
    """Find cases; a number finds exactly that case."""
    from mailcase.cli.desk import reading
    from mailcase.store.listing import CaseFilter, list_cases

    with reading(settings.load_config()) as conn:
        print_cases(list_cases(conn, CaseFilter(search=" ".join(words), limit=limit)), as_json)
