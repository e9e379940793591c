"""What works and is still unwise in a config. `mailcase check` prints it, and `mailcase run` logs it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mailcase.config.checks import is_loopback, listens
from mailcase.config.errors import KeyPath, Problem

if TYPE_CHECKING:
    from mailcase.config import Config, MailboxTable

# The languages that mailcase has templates for (O3).
SHIPPED_LANGUAGES = ("ar", "cs", "de", "en", "es", "fr", "it", "ja", "ko")


def warnings(config: Config) -> Iterator[Problem]:
    """What works and is still unwise."""
    for check in (_exposed, _ways_in, _weak_agents, _shared_domain, _untold, _untranslated, _open_files):
        yield from check(config)


def _exposed(config: Config) -> Iterator[Problem]:
    for name, listen in listens(config):
        if name == "http" and listen.kind == "tcp" and not is_loopback(listen.host):
            yield Problem(("http", "listen"), "everybody who reaches it can read the metrics; 127.0.0.1 is safer")
        if name == "lmtp" and listen.kind == "tcp" and not is_loopback(listen.host):
            yield Problem(("lmtp", "listen"), "LMTP has no authentication; 127.0.0.1 or unix: is safer")
    insecure: list[tuple[KeyPath, bool]] = [(("send",), config.send.insecure)]
    for index, mailbox in enumerate(config.mailbox):
        insecure.append((("mailbox", index, "imap"), bool(mailbox.imap and mailbox.imap.insecure)))
    for path, is_insecure in insecure:
        if is_insecure:
            yield Problem((*path, "insecure"), "the server's certificate is not looked at: anybody between may listen")


def _ways_in(config: Config) -> Iterator[Problem]:
    if not (config.smtp or config.lmtp or any(mailbox.imap for mailbox in config.mailbox)):
        yield Problem((), "no [smtp], [lmtp] or [mailbox.imap]: mail comes in through mailcase deliver and import only")


def _weak_agents(config: Config) -> Iterator[Problem]:
    proven = config.trust.authserv_id or config.trust.networks or (config.smtp and config.smtp.auth)
    if config.agent and not proven:
        yield Problem(("trust",), "nothing but reply tokens proves who is an agent; authserv_id makes it safer (A5)")


def _shared_domain(config: Config) -> Iterator[Problem]:
    """Attack S1: who writes as support@ your staff's domain can sign up where that domain alone opens doors."""
    staff = {agent.address.rpartition("@")[2].casefold() for agent in config.agent}
    for index, mailbox in enumerate(config.mailbox):
        domain = mailbox.address.rpartition("@")[2].casefold()
        if domain in staff:
            yield Problem(
                ("mailbox", index, "address"),
                f"agents have addresses at {domain} too; services that trust your domain can be signed up to through "
                f"a case: an address such as {mailbox.address.rpartition('@')[0]}@help.{domain} is safer",
            )


def _untold(config: Config) -> Iterator[Problem]:
    """Mail that nobody is told of, and steps that have nobody to go to."""
    for index, mailbox in enumerate(config.mailbox):
        path: KeyPath = ("mailbox", index)
        team = [agent for agent in config.agent if not agent.mailboxes or mailbox.name in agent.mailboxes]
        if not (team if mailbox.notify is None else mailbox.notify):
            yield Problem((*path, "notify"), "no agent gets copies of its mail; write [[agent]] or notify")
        strangers = set(mailbox.notify or ()) - {agent.name for agent in team}
        if strangers:
            yield Problem((*path, "notify"), f"{', '.join(sorted(strangers))}: told of its mail, but not in its team")
        if mailbox.deadlines.escalate and team and all(agent.role == "agent" for agent in team):
            yield Problem((*path, "deadlines", "escalate"), "no agent of the mailbox is a supervisor to escalate to")


def _untranslated(config: Config) -> Iterator[Problem]:
    for index, mailbox in enumerate(config.mailbox):
        if not _has_templates(config, mailbox):
            yield Problem(
                ("mailbox", index, "language"),
                f"there are no templates in {mailbox.language}, English is used; write them into the templates folder",
            )


def _has_templates(config: Config, mailbox: MailboxTable) -> bool:
    tags = {mailbox.language, mailbox.language.partition("-")[0]}
    return bool(tags & set(SHIPPED_LANGUAGES)) or any(
        (config.templates / part / tag).is_dir() for tag in tags for part in ("", mailbox.name) if config.templates
    )


def _open_files(config: Config) -> Iterator[Problem]:
    files: list[tuple[KeyPath, Path | None]] = [
        (("secret_file",), config.secret_file),
        (("send", "password_file"), config.send.password_file),
        (("smtp", "tls_key"), config.smtp.tls_key if config.smtp else None),
    ]
    for index, mailbox in enumerate(config.mailbox):
        if mailbox.imap:
            files.append((("mailbox", index, "imap", "password_file"), mailbox.imap.password_file))
    for index, agent in enumerate(config.agent):
        files.append((("agent", index, "password_file"), agent.password_file))
    for path, file in files:
        if file and file.is_file() and file.stat().st_mode & stat.S_IROTH:
            yield Problem(path, f"everybody on this machine can read {file}; use: chmod o= {file}")
