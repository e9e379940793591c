"""`mailcase run`: the daemon in the foreground, for systemd or a terminal."""

from __future__ import annotations

import sys

import typer

from mailcase.cli import output, settings
from mailcase.errors import MailcaseError

EX_CONFIG = 78  # sysexits.h; the unit does not try again after it


def command() -> None:
    """Run the daemon until SIGTERM or Ctrl-C; SIGHUP reads the config again."""
    try:
        config = settings.load_config()
        for warning in config.warnings():
            print(f"mailcase: {warning}", file=sys.stderr)
        from mailcase.daemon import run

        run(config)
    except MailcaseError as error:
        output.print_error(*error.problems)
        raise typer.Exit(EX_CONFIG if error.exit_code == 2 else error.exit_code) from None
