"""`mailcase init`: a starter config, a secret and the folders. Nothing that is there is touched."""

from __future__ import annotations

import os
import secrets
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from mailcase.errors import MailcaseError

STARTER = """\
# The config of mailcase; docs/configuration.md explains every key. Paths are relative to this file.
database = "sqlite:///{data}mailcase.db"
secret_file = "{data}secret"                # signs reply tokens; keep it, and keep it to yourself

[smtp]
listen = "127.0.0.1:2525"

# [lmtp]                                    # for Postfix in front
# listen = "127.0.0.1:2424"

# [http]                                    # /healthz and /metrics
# listen = "127.0.0.1:8080"

[send]
to = "maildir:{data}outgoing"               # to see what would be sent; later smtp+starttls://mail.example.com

[[mailbox]]
name = "support"
address = "support@example.com"
display_name = "Example Support"
language = "en"

[[agent]]
name = "bob"
address = "bob@staff.example"
display_name = "Bob"
role = "supervisor"
"""


def command(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where mailcase.toml goes.")] = Path(),
    data: Annotated[str, typer.Option("--data", metavar="FOLDER", help="Where the data goes, seen from DIR.")] = "var",
) -> None:
    """Write a starter config, a secret and the folders; never overwrite anything."""
    try:
        _make(folder, data)
    except OSError as error:
        raise MailcaseError(f"{error.filename}: {error.strerror}; name a folder that you can write to") from None
    config = folder / "mailcase.toml"
    print(f"Next: mailcase -c {config} check, then mailcase -c {config} run")


def _make(folder: Path, data: str) -> None:
    """The folders and files; `data` is relative to `folder`, and is written into the config like that."""
    prefix = "" if PurePosixPath(data) == PurePosixPath(".") else f"{PurePosixPath(data)}/"
    store = folder / data
    store.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers' mail will lie in it
    _write(folder / "mailcase.toml", STARTER.replace("{data}", prefix), 0o644)
    _write(store / "secret", secrets.token_urlsafe(32) + "\n", 0o600)
    for part in ("cur", "new", "tmp"):  # a Maildir is one when it has these
        (store / "outgoing" / part).mkdir(mode=0o700, parents=True, exist_ok=True)


def _write(path: Path, text: str, mode: int) -> None:
    """A new file with `text` in it, or a word that there is one already. O_EXCL: nobody's file is ever replaced."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError:
        print(f"kept     {path}")
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    print(f"written  {path}")
