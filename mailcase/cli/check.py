"""`mailcase check`: looks at everything that can be looked at without sending anything (P2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mailcase.cli import output, settings
from mailcase.errors import MailcaseError

if TYPE_CHECKING:
    from mailcase.config import Config

SERVERS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and in one line what was seen or what to do."""

    what: str
    state: Literal["ok", "warning", "failed"]
    detail: str


Looking = Callable[["Config"], Iterator[Finding]]


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at config, database, servers, templates, certificates, clock and disk; send nothing."""
    try:
        config = settings.load_config()
    except MailcaseError as error:
        if as_json:
            output.print_json([asdict(Finding("config", "failed", line)) for line in error.problems])
        raise
    findings = look(config)
    if as_json:
        output.print_json([asdict(finding) for finding in findings])
    else:
        output.print_table(("what", "state", "detail"), [(f.what, f.state, f.detail) for f in findings])
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(1)


def look(config: Config) -> list[Finding]:
    """Every finding, in the order of the looks. Slow servers are waited for side by side."""
    from mailcase.cli import looking

    looks: list[tuple[str, Looking]] = [
        ("config", looking.at_config),
        ("database", looking.at_database),
        *((f"imap {mailbox.name}", partial(looking.at_mailbox, mailbox)) for mailbox in config.mailbox if mailbox.imap),
        ("send", looking.at_smarthost),
        ("templates", looking.at_templates),
        ("certificate", looking.at_certificate),
        ("clock", looking.at_clock),
        ("disk", looking.at_disk),
    ]
    with ThreadPoolExecutor(SERVERS_AT_ONCE) as pool:
        each = pool.map(lambda look: _found(look[0], look[1], config), looks)
        return [finding for found in each for finding in found]


def _found(what: str, looking: Looking, config: Config) -> list[Finding]:
    """What one look saw; an error that says what to do is a finding too."""
    try:
        return list(looking(config))
    except MailcaseError as error:
        return [Finding(what, "failed", line) for line in error.problems]
