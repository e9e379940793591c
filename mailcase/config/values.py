"""The values a config file is written in: text in, checked value out, or a ValueError that says what to write."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from urllib.parse import SplitResult, urlsplit

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SIZES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_LONGEST = timedelta(days=3650)
_SMTP_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
# sun_path of unix(7) holds 108 bytes with the closing NUL.
_SOCKET_PATH_BYTES = 107


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a listener listens. `kind` tcp has host and port, unix a path; systemd sockets are passed by name."""

    kind: Literal["tcp", "unix", "systemd"]
    host: str = ""
    port: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where outgoing mail goes: an SMTP server, or for `maildir` a folder."""

    kind: Literal["smtp", "smtp+starttls", "smtps", "maildir"]
    host: str = ""
    port: int = 0
    path: str = ""


def parse_duration(value: object) -> timedelta:
    """`30s 15m 8h 3d 2w` as a timedelta. Raises ValueError with the remedy."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d{1,9})([smhdw])", value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a duration; write a number and a unit, such as 30s, 15m, 8h, 3d or 2w")
    seconds = int(match[1]) * _UNITS[match[2]]
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise ValueError(f"{value!r} is out of range; write a duration from 1s to {_LONGEST.days}d")
    return timedelta(seconds=seconds)


def parse_duration_or_never(value: object) -> timedelta | None:
    """A duration, or None for "never": a step that is not taken."""
    if value is None or (isinstance(value, str) and value.strip() == "never"):
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ValueError(f"{error}, or never") from None


def parse_size(value: object) -> int:
    """`25M` as bytes. Raises ValueError with the remedy."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    match = re.fullmatch(r"(\d{1,15})([KMG]?)", value.strip()) if isinstance(value, str) else None
    if not match or int(match[1]) == 0:
        raise ValueError(f"{value!r} is not a size; write a number of bytes or one with K, M or G, such as 25M")
    return int(match[1]) * _SIZES[match[2]]


def parse_listen(text: str) -> Listen:
    """`127.0.0.1:2525`, `[::1]:2525`, `unix:/run/mailcase/smtp.sock` or `systemd` as a Listen."""
    if text == "systemd":
        return Listen("systemd")
    if text.startswith("unix:"):
        return Listen("unix", path=_socket_path(text.removeprefix("unix:")))
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]/]+)):(\d{1,5})", text)
    if not match or not 0 < int(match[3]) < 65536:
        raise ValueError(
            f"{text!r} is not a place to listen; write HOST:PORT such as 127.0.0.1:2525, unix:PATH or systemd"
        )
    return Listen("tcp", host=match[1] or match[2], port=int(match[3]))


def _socket_path(path: str) -> str:
    if not path:
        raise ValueError("'unix:' names no socket; write unix:PATH such as unix:/run/mailcase/smtp.sock")
    if len(path.encode()) > _SOCKET_PATH_BYTES:
        raise ValueError(f"{path!r} is too long for a unix socket; write at most {_SOCKET_PATH_BYTES} bytes")
    return path


def parse_target(text: str) -> Target:
    """`smtp://HOST:PORT`, `smtps://`, `smtp+starttls://` or `maildir:PATH` as a Target."""
    if text.startswith("maildir:"):
        path = text.removeprefix("maildir:")
        if not path:
            raise ValueError("'maildir:' names no folder; write maildir:PATH such as maildir:var/outgoing")
        return Target("maildir", path=path)
    url = _split(text)
    if url.scheme not in _SMTP_PORTS or not url.hostname or url.path.strip("/") or url.query or url.fragment:
        raise ValueError(
            f"{_without_password(text)!r} is nowhere to send to; write smtp://HOST:PORT, smtps://HOST, "
            "smtp+starttls://HOST or maildir:PATH"
        )
    if url.username is not None:
        raise ValueError("user and password do not belong in the address; write them as user and password_file")
    scheme: Literal["smtp", "smtp+starttls", "smtps"] = url.scheme  # type: ignore[assignment]
    return Target(scheme, host=url.hostname, port=_port(url) or _SMTP_PORTS[url.scheme])


def parse_database(text: str) -> str:
    """A database URL as it is, when it is one of ours: `sqlite:///PATH` or `postgresql://USER@HOST/NAME`."""
    url = _split(text)
    if url.scheme == "sqlite" and not url.netloc and len(url.path) > 1 and ":memory:" not in url.path:
        return text
    if url.scheme in ("postgresql", "postgresql+psycopg") and url.path.strip("/"):
        if url.password is not None or re.search(r"(^|&)password=", url.query):
            raise ValueError(
                "a password does not belong in the config; put it into a file of libpq's form "
                "(host:port:database:user:password) and write ?passfile=PATH after the name, or use ~/.pgpass"
            )
        _port(url)
        return text
    raise ValueError(
        f"{_without_password(text)!r} is not a database; write sqlite:///PATH or postgresql://USER@HOST/NAME"
    )


def parse_email_address(text: str) -> str:
    """An address as it is, when it has the shape local@domain. Quoted local parts are not taken here."""
    if not re.fullmatch(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\".]+(?:\.[^\s@<>()\[\],;:\\\".]+)*", text):
        raise ValueError(f"{text!r} is not an address; write one such as support@example.com")
    return text


def parse_network(text: str) -> str:
    """A network in CIDR notation as it is. Raises ValueError when host bits are set or it means everybody."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a network; write one such as 192.0.2.0/24 or 127.0.0.1/32") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} is the whole internet; name the hosts whose mail you trust")
    if ipaddress.ip_address(text.partition("/")[0]) != network.network_address:
        raise ValueError(f"{text!r} is not a network, host bits are set; write {network}")
    return text


def parse_after(text: str) -> str:
    """What happens to a polled mail: keep, seen, delete or move:FOLDER, as it is."""
    if text in ("keep", "seen", "delete") or (text.startswith("move:") and text.removeprefix("move:").strip()):
        return text
    raise ValueError(f"{text!r} is not known; write keep, seen, delete or move:FOLDER")


def parse_start(value: object) -> object:
    """What an old mailbox's history means: now, all, or a date."""
    if value in ("now", "all") or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else datetime.date(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise ValueError(f"{value!r} is no start; write now, all or a date such as 2026-11-01") from None


def parse_subject_tag(text: str) -> str:
    """A subject tag as it is: one {number}, and something around it that ordinary subjects do not have."""
    if text.count("{number}") != 1 or re.search(r"[{}]", text.replace("{number}", "", 1)):
        raise ValueError(f"{text!r} has no {{number}}; write {{number}} once, such as [Case #{{number}}]")
    before, after = text.split("{number}")
    if not text.isprintable() or not before.strip() or (before.strip().isalnum() and not after.strip()):
        raise ValueError(f"{text!r} would match ordinary subjects; write a sign of its own, such as [Case #{{number}}]")
    return text


def parse_language(text: str) -> str:
    """A language tag of two or three letters, perhaps with a region, as it is (RFC 5646 section 2.1)."""
    if not re.fullmatch(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", text):
        raise ValueError(f"{text!r} is not a language; write a tag such as en, de or pt-BR")
    return text


def parse_word(text: str) -> str:
    """A name that people type in commands: one word without spaces, commas or a leading #."""
    if not re.fullmatch(r"[^\s,;#@\"'<>()/]+", text):
        raise ValueError(f"{text!r} is not a name; write one word without spaces or any of , ; # @ / ( ) < >")
    return text


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:  # an unclosed [ of an IPv6 address
        return urlsplit("")


def _port(url: SplitResult) -> int | None:
    try:
        port = url.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the port is not a number from 1 to 65535; write one such as :25")
    return port


def _without_password(text: str) -> str:
    """The text, with whatever stands between the user and the host left out: it may be a password (S29)."""
    return re.sub(r"://[^/@]*@", "://…@", text)
