"""`mailcase run`: the daemon, in the foreground."""

from __future__ import annotations

import sys

from mailcase.cli import output, settings

EX_CONFIG = 78  # sysexits(3): a unit's RestartPreventExitStatus= names it, because starting again does not help


def command() -> None:
    """Run the daemon in the foreground until SIGTERM or ctrl-C; SIGHUP reloads the config."""
    from mailcase.config.errors import ConfigError

    try:
        config = settings.load_config()
    except ConfigError as error:
        output.print_error(*error.problems)
        sys.exit(EX_CONFIG)
    from mailcase.daemon import run

    run(config)
