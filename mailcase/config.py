"""The config file: one TOML, strict, read into one frozen Config."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SIZES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def parse_duration(value: object) -> timedelta:
    """`30s 15m 8h 3d 2w` as a timedelta. Raises ValueError with the remedy."""
    match = re.fullmatch(r"(\d+)([smhdw])", value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a duration; write a number and a unit, such as 30s, 15m, 8h, 3d or 2w")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def parse_size(value: object) -> int:
    """`25M` as bytes. Raises ValueError with the remedy."""
    match = re.fullmatch(r"(\d+)([KMG]?)", value.strip()) if isinstance(value, str) else None
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if not match:
        raise ValueError(f"{value!r} is not a size; write a number of bytes or one with K, M or G, such as 25M")
    return int(match[1]) * _SIZES[match[2]]


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Size = Annotated[int, BeforeValidator(parse_size)]


class Table(BaseModel):
    """A table of the file: frozen, and a key we do not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Smtp(Table):
    """The SMTP listener (B1)."""

    listen: str = "127.0.0.1:2525"
    max_size: Size = 25 * 1024**2
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls: Literal["none", "starttls", "implicit"] = "none"
    auth: bool = False
    max_connections: int = 200
    max_connections_per_ip: int = 20
    max_recipients: int = 100
    hostname: str = ""


class Lmtp(Table):
    """The LMTP listener (RFC 2033)."""

    listen: str = "127.0.0.1:2424"


class Http(Table):
    """/healthz and /metrics (P4)."""

    listen: str = "127.0.0.1:8080"


class Send(Table):
    """Where outgoing mail goes (O1)."""

    to: str = "maildir:var/outgoing"
    user: str = ""
    password_file: Path | None = None
    retry: tuple[Duration, ...] = (
        timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1),
    )  # fmt: skip
    give_up_after: Duration = timedelta(days=5)
    uncertain: Literal["resend", "hold"] = "resend"
    timeout: Duration = timedelta(minutes=5)
    insecure: bool = False


class Imap(Table):
    """A mailbox that is polled (B3)."""

    host: str
    port: int = 993
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    insecure: bool = False
    user: str = ""
    password_file: Path | None = None
    folder: str = "INBOX"
    sent_folder: str | None = None
    after: str = "seen"
    start: Literal["now", "all"] | date = "now"
    poll: Duration = timedelta(seconds=60)
    idle: bool = True
    timeout: Duration = timedelta(seconds=30)


class DeadlineTable(Table):
    """The ladder of a mailbox (D1)."""

    remind_customer: tuple[Duration, ...] = (timedelta(days=3), timedelta(days=7))
    close_pending_after: Duration | None = timedelta(days=14)
    close_resolved_after: Duration | None = timedelta(days=5)
    remind_agent: Duration | None = timedelta(hours=8)
    escalate: Duration | None = timedelta(hours=16)
    close_on_confirm: bool = True


class MailboxTable(Table):
    """A support address."""

    name: str
    address: str
    aliases: tuple[str, ...] = ()
    display_name: str = ""
    language: str = "en"
    subject_tag: str = "[Case #{number}]"
    strangers: Literal["flag", "new_case", "thread"] = "flag"
    acknowledge: bool = True
    expected_time: Duration | None = timedelta(days=1)
    notify: tuple[str, ...] | None = None
    inherit_assignee: bool = True
    plus_addressing: bool = True
    signature: str = ""
    imap: Imap | None = None
    deadlines: DeadlineTable = DeadlineTable()


class AgentTable(Table):
    """Somebody who works on cases."""

    name: str
    address: str
    display_name: str = ""
    aliases: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    role: Literal["agent", "supervisor"] = "agent"
    language: str = ""
    receipts: bool = True
    sees: Literal["all", "worked"] = "all"
    password_file: Path | None = None


class TrustTable(Table):
    """What proves an agent besides the reply token (A5)."""

    authserv_id: str = ""
    networks: tuple[str, ...] = ()


class StatusTable(Table):
    """A status of the operator's own, or another label for one of ours."""

    name: str
    kind: Literal["new", "open", "pending", "postponed", "resolved", "closed"]
    label: str = ""


class AutomaticTable(Table):
    """How many automatic mails may leave (O4)."""

    address_hour: int = 5
    address_day: int = 20
    case_day: int = 6
    domain_hour: int = 500
    total_hour: int = 20_000


class LogTable(Table):
    """Logs go to standard error."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Table):
    """The whole file. Paths are absolute after loading; `source` is the file it came from."""

    database: str = "sqlite:///var/mailcase.db"
    secret_file: Path = Path("var/secret")
    templates: Path | None = None
    workers: int = Field(default=1, ge=1, le=16)
    alert_after: Duration = timedelta(minutes=15)
    smtp: Smtp | None = None
    lmtp: Lmtp | None = None
    http: Http | None = None
    send: Send = Send()
    mailbox: tuple[MailboxTable, ...] = ()
    agent: tuple[AgentTable, ...] = ()
    trust: TrustTable = TrustTable()
    status: tuple[StatusTable, ...] = ()
    automatic: AutomaticTable = AutomaticTable()
    log: LogTable = LogTable()
    source: Path = Path("mailcase.toml")
