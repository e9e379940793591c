"""The command line: nouns first. Each noun is a file beside this one and a line in NOUNS."""

from __future__ import annotations

import importlib
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from mailcase import __version__
from mailcase.cli import output, settings
from mailcase.errors import MailcaseError

# A module has either `command`, a function, or `app`, a typer.Typer with the verbs.
# Modules import heavy parts inside their functions: every one of them is imported for the help.
NOUNS = {
    "init": "mailcase.cli.init",
    "check": "mailcase.cli.check",
    "run": "mailcase.cli.run",
    "case": "mailcase.cli.case",
    "search": "mailcase.cli.search",
    "why": "mailcase.cli.why",
    "explain": "mailcase.cli.explain",
    "outbox": "mailcase.cli.outbox",
    "quarantine": "mailcase.cli.quarantine",
    "audit": "mailcase.cli.audit",
    "backup": "mailcase.cli.backup",
    "deadlines": "mailcase.cli.deadlines",
    "report": "mailcase.cli.report",
    "template": "mailcase.cli.template",
    "deliver": "mailcase.cli.deliver",
    "import": "mailcase.cli.import_mail",
    "db": "mailcase.cli.db",
}


def main() -> None:
    """Runs one command and ends the process: 0 done, 1 it did not work, 2 wrongly asked or configured.

    Errors that a person can do something about are lines on standard error; only our own bugs have tracebacks.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Foreign text may hold what the terminal's encoding does not; \ud800 is also right in JSON.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    arguments = config_first(sys.argv[1:])
    try:
        build(arguments)(arguments, prog_name="mailcase")
    except MailcaseError as error:
        output.print_error(*error.problems)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader, such as head, has seen enough. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def build(arguments: list[str]) -> typer.Typer:
    """The application with the nouns that `arguments` name, or with all: importing few is what makes it fast."""
    app = typer.Typer(
        callback=options,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for noun in [noun for noun in NOUNS if noun in arguments] or NOUNS:
        module = importlib.import_module(NOUNS[noun])
        if hasattr(module, "app"):
            app.add_typer(module.app, name=noun)
        else:
            app.command(noun)(module.command)
    return app


def print_version(is_asked: bool) -> None:
    """For --version: it needs no command, so it ends here."""
    if is_asked:
        print(f"mailcase {__version__}")
        raise typer.Exit


def options(
    config: Annotated[Path | None, typer.Option("-c", "--config", metavar="FILE", help="The config file.")] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A support mailbox as a case desk.

    The config is FILE, $MAILCASE_CONFIG, ./mailcase.toml or /etc/mailcase/mailcase.toml.
    """
    settings.choose(config)


def config_first(arguments: list[str]) -> list[str]:
    """The arguments with -c FILE at the front: people write it at the end as well."""
    front: list[str] = []
    rest = list(arguments)
    position = 0
    while position < len(rest) and rest[position] != "--":
        if rest[position] in ("-c", "--config"):
            front += rest[position : position + 2]
            del rest[position : position + 2]
        elif rest[position].startswith("--config="):
            front.append(rest.pop(position))
        else:
            position += 1
    return front + rest


if __name__ == "__main__":
    main()
