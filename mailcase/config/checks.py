"""What no single value of a config shows: names that nobody has, duplicates, files that are not there."""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailcase.config.errors import STAND_IN, ConfigError, KeyPath, Problem
from mailcase.config.hours import overlaps
from mailcase.config.secrets import read_keys, read_password
from mailcase.config.values import Listen, parse_listen

if TYPE_CHECKING:
    from mailcase.config import Config, HoursTable, Imap


def problems(config: Config) -> Iterator[Problem]:
    """Every fault of a config whose single values are right, in the order of the file."""
    for check in (_database, _secret, _listeners, _send, _mailboxes, _imaps, _deadlines, _agents, _statuses):
        yield from check(config)


def _file(path: Path, key: KeyPath, read: Callable[[Path], object]) -> Iterator[Problem]:
    """A problem when `read` cannot use the file."""
    try:
        read(path)
    except ConfigError as error:
        yield Problem(key, str(error))


def _read_any(path: Path) -> None:
    if not path.is_file():
        raise ConfigError(f"there is no file {path}; write the name of one")
    if not os.access(path, os.R_OK):
        raise ConfigError(f"{path} cannot be read; let the daemon's user read it")


def _database(config: Config) -> Iterator[Problem]:
    if config.templates and not config.templates.is_dir():
        yield Problem(("templates",), f"there is no folder {config.templates}; make it, or leave the key out")


def _secret(config: Config) -> Iterator[Problem]:
    yield from _file(config.secret_file, ("secret_file",), read_keys)


def listens(config: Config) -> Iterator[tuple[str, Listen]]:
    """The listeners that the file asks for, with the names of their tables."""
    for name, table in (("smtp", config.smtp), ("lmtp", config.lmtp), ("http", config.http)):
        if table:
            yield name, parse_listen(table.listen)


def _listeners(config: Config) -> Iterator[Problem]:
    taken: dict[Listen, str] = {}
    for name, listen in listens(config):
        if listen in taken and listen.kind != "systemd":
            yield Problem((name, "listen"), f"[{taken[listen]}] listens there already; write another port")
        taken.setdefault(listen, name)
    if config.http and parse_listen(config.http.listen).kind != "tcp":
        yield Problem(("http", "listen"), f"{config.http.listen!r} is no HOST:PORT; write one such as 127.0.0.1:8080")
    if config.lmtp and parse_listen(config.lmtp.listen).port == 25:
        yield Problem(("lmtp", "listen"), "LMTP must not use port 25 (RFC 2033 section 5); write another, such as 2424")
    yield from _smtp_tls(config)


def _smtp_tls(config: Config) -> Iterator[Problem]:
    smtp = config.smtp
    if not smtp:
        return
    for key, path in (("tls_certificate", smtp.tls_certificate), ("tls_key", smtp.tls_key)):
        if path and smtp.tls == "none":
            yield Problem(("smtp", key), 'is not used while tls is none; write tls = "starttls" or leave it out')
        elif path:
            yield from _file(path, ("smtp", key), _read_any)
        elif smtp.tls != "none":
            yield Problem(("smtp", key), f'tls = "{smtp.tls}" needs it; write {key} = "/etc/mailcase/tls.pem"')
    if smtp.auth and smtp.tls == "none":
        yield Problem(("smtp", "auth"), 'passwords travel over TLS only; write tls = "starttls" or auth = false')
    if smtp.auth and not any(agent.password_file for agent in config.agent):
        yield Problem(("smtp", "auth"), "no [[agent]] has a password_file to log in with; write one, or auth = false")


def _send(config: Config) -> Iterator[Problem]:
    send, target = config.send, config.send.target()
    if send.password_file:
        yield from _file(send.password_file, ("send", "password_file"), read_password)
    if bool(send.user) != bool(send.password_file):
        key, other = ("user", "password_file") if send.user else ("password_file", "user")
        yield Problem(("send", key), f"is of no use without {other}; write both or neither")
    if send.user and target.kind == "smtp" and not (send.insecure or is_loopback(target.host)):
        yield Problem(
            ("send", "to"),
            "the password would travel without TLS; write smtp+starttls:// or smtps://, or insecure = true",
        )
    if not send.retry:
        yield Problem(("send", "retry"), 'is empty; write at least one duration, such as ["15m"]')
    elif send.give_up_after <= send.retry[0]:
        yield Problem(("send", "give_up_after"), "ends before the first retry; write a longer one, such as 5d")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: then nobody listens between."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _mailboxes(config: Config) -> Iterator[Problem]:
    if not config.mailbox:
        yield Problem(("mailbox",), "there is none; write [[mailbox]] with a name and an address")
    places = [(("mailbox", index), table) for index, table in enumerate(config.mailbox)]
    yield from _twice(((*path, "name"), table.name) for path, table in places)
    yield from _twice(
        (key, address) for path, table in places for key, address in _addresses(path, table.address, table.aliases)
    )
    names = [agent.name for agent in config.agent]
    for path, table in places:
        for index, name in enumerate(table.notify or ()):
            yield from _unknown((*path, "notify", index), name, names, "agent")


def _addresses(path: KeyPath, address: str, aliases: Iterable[str]) -> Iterator[tuple[KeyPath, str]]:
    yield (*path, "address"), address
    for index, alias in enumerate(aliases):
        yield (*path, "aliases", index), alias


def _twice(named: Iterable[tuple[KeyPath, str]]) -> Iterator[Problem]:
    """A problem for every value that was there before, in any case of letters."""
    first: dict[str, KeyPath] = {}
    for path, value in named:
        holder = first.setdefault(value.casefold(), path)
        if holder != path:
            table = f"{holder[0]}[{int(holder[1]) + 1}]"
            yield Problem(path, f"{value!r} is taken by {table}; write another one")


def _unknown(path: KeyPath, name: str, names: list[str], noun: str) -> Iterator[Problem]:
    """A problem when nobody is called `name`; not when a name is missing, which was told before."""
    if name in names or STAND_IN in names:
        return
    near = difflib.get_close_matches(name, names, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"known are: {', '.join(names) or 'none'}"
    yield Problem(path, f"{name!r} is the name of no {noun}; {remedy}")


def _imaps(config: Config) -> Iterator[Problem]:
    readers: dict[tuple[str, str, str], int] = {}
    for index, mailbox in enumerate(config.mailbox):
        if imap := mailbox.imap:
            path: KeyPath = ("mailbox", index, "imap")
            yield from _imap_login(path, imap)
            yield from _imap_folders(path, imap)
            reader = readers.setdefault((imap.host.casefold(), imap.user, imap.folder), index)
            if reader != index:
                yield Problem(
                    (*path, "folder"), f"mailbox[{reader + 1}] reads the same folder; write another, or use its aliases"
                )


def _imap_login(path: KeyPath, imap: Imap) -> Iterator[Problem]:
    if not imap.user:
        yield Problem((*path, "user"), 'is missing; write user = "support@example.com"')
    if imap.password_file:
        yield from _file(imap.password_file, (*path, "password_file"), read_password)
    else:
        yield Problem((*path, "password_file"), 'is missing; write password_file = "/etc/mailcase/imap-password"')
    if imap.tls == "none" and not (imap.insecure or is_loopback(imap.host)):
        yield Problem(
            (*path, "tls"), 'the password would travel without TLS; write "implicit" or "starttls", or insecure = true'
        )


def _imap_folders(path: KeyPath, imap: Imap) -> Iterator[Problem]:
    moved_to = imap.after.removeprefix("move:") if imap.after.startswith("move:") else None
    if moved_to == imap.folder:
        yield Problem((*path, "after"), f"{moved_to!r} is the folder that is read; write another one after move:")
    if imap.sent_folder == imap.folder:
        yield Problem((*path, "sent_folder"), f"{imap.folder!r} is the folder that is read; write another one")


def _deadlines(config: Config) -> Iterator[Problem]:
    names = [agent.name for agent in config.agent]
    for index, mailbox in enumerate(config.mailbox):
        path, table = ("mailbox", index, "deadlines"), mailbox.deadlines
        plain = table.model_dump(exclude=set(table.priorities()))
        yield from _ladder(path, plain, names)
        for priority, own in table.priorities().items():
            if own.model_fields_set:
                yield from _ladder((*path, priority), {**plain, **own.told()}, names)
        if mailbox.hours:
            yield from _hours(("mailbox", index, "hours"), mailbox.hours)


def _ladder(path: KeyPath, table: Mapping[str, Any], names: list[str]) -> Iterator[Problem]:
    reminders, close = table["remind_customer"] or (), table["close_pending_after"]
    if list(reminders) != sorted(set(reminders)):
        yield Problem((*path, "remind_customer"), 'each must be later than the one before; write ["3d", "7d"]')
    elif reminders and close and close <= reminders[-1]:
        yield Problem((*path, "close_pending_after"), "is before the last reminder; write a longer one, or never")
    for early, late in (("remind_agent", "escalate"), ("first_response", "resolution")):
        if table[early] and table[late] and table[late] <= table[early]:
            yield Problem((*path, late), f"is before {early}; write a longer one, or never")
    if table["escalate_to"]:
        yield from _unknown((*path, "escalate_to"), table["escalate_to"], names, "agent")


def _hours(path: KeyPath, table: HoursTable) -> Iterator[Problem]:
    if not table.open:
        yield Problem((*path, "open"), 'is empty; write at least one time, such as ["mon-fri 09:00-17:00"]')
    twice = overlaps(table.open)
    if twice is not None:
        yield Problem((*path, "open", twice), f"{table.open[twice]!r} overlaps one before it; write each hour once")


def _agents(config: Config) -> Iterator[Problem]:
    places = [(("agent", index), table) for index, table in enumerate(config.agent)]
    yield from _twice(((*path, "name"), table.name) for path, table in places)
    addresses = [found for path, table in places for found in _addresses(path, table.address, table.aliases)]
    yield from _twice(addresses)
    ours = {address.casefold(): table.name for table in config.mailbox for address in (table.address, *table.aliases)}
    for path, address in addresses:
        if mailbox := ours.get(address.casefold()):
            yield Problem(path, f"{address!r} is the address of mailbox {mailbox}; write the agent's own address")
    names = [mailbox.name for mailbox in config.mailbox]
    for place, table in places:
        for index, name in enumerate(table.mailboxes):
            yield from _unknown((*place, "mailboxes", index), name, names, "mailbox")
        if table.password_file:
            yield from _file(table.password_file, (*place, "password_file"), read_password)


def _statuses(config: Config) -> Iterator[Problem]:
    kinds = ("new", "open", "pending", "postponed", "resolved", "closed")
    yield from _twice((("status", index, "name"), table.name) for index, table in enumerate(config.status))
    for index, table in enumerate(config.status):
        if table.name in kinds and table.kind != table.name:
            yield Problem(("status", index, "kind"), f'{table.name!r} is of its own kind; write kind = "{table.name}"')
