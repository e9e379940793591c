"""`mailcase backup FILE`: a copy of the database while the daemon works (P6)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailcase.cli import settings


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; docs/reliability.md says how to restore.")],
) -> None:
    """Copy the database, every mail in it included. Config, secret and templates are files: copy them yourself."""
    from mailcase.cli.desk import database
    from mailcase.store.backup import backup

    with database(settings.load_config()) as db:
        size = backup(db, file)
    print(f"{file}: {size / 1024**2:.1f} MB")
