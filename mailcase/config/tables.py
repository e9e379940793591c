"""The tables of the config file and the types of their values, as pydantic checks them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from mailcase.config import hours, values
from mailcase.config.secrets import find_secret, read_password


def _kept(parse: Callable[[str], object]) -> AfterValidator:
    """Checks a text with `parse` and keeps the text."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def _absolute(path: Path, info: ValidationInfo) -> Path:
    """A path of the file, relative to the folder that the file is in."""
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path.expanduser()


def _absolute_after(prefix: str) -> AfterValidator:
    """Makes what follows `prefix` an absolute path."""

    def resolve(text: str, info: ValidationInfo) -> str:
        return f"{prefix}{_absolute(Path(text.removeprefix(prefix)), info)}" if text.startswith(prefix) else text

    return AfterValidator(resolve)


Duration = Annotated[timedelta, BeforeValidator(values.parse_duration)]
DurationOrNever = Annotated[timedelta | None, BeforeValidator(values.parse_duration_or_never)]
Size = Annotated[int, BeforeValidator(values.parse_size)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
Limit = Annotated[int, Field(strict=True, ge=0)]
FilePath = Annotated[Path, AfterValidator(_absolute)]
SecretPath = Annotated[Path, AfterValidator(_absolute), AfterValidator(find_secret)]
Listen = Annotated[str, _kept(values.parse_listen), _absolute_after("unix:")]
SendTo = Annotated[str, _kept(values.parse_target), _absolute_after("maildir:")]
Database = Annotated[str, _kept(values.parse_database), _absolute_after("sqlite:///")]
EmailAddress = Annotated[str, _kept(values.parse_email_address)]
Word = Annotated[str, _kept(values.parse_word)]
Language = Annotated[str, _kept(values.parse_language)]
Weekly = Annotated[str, _kept(hours.parse_weekly)]
Workers = Annotated[int, Field(strict=True, ge=1, le=16)]


class Table(BaseModel):
    """A table of the file: frozen, and a key we do not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Smtp(Table):
    """The SMTP listener (B1)."""

    listen: Listen = "127.0.0.1:2525"
    max_size: Size = 25 * 1024**2
    tls_certificate: SecretPath | None = None
    tls_key: SecretPath | None = None
    tls: Literal["none", "starttls", "implicit"] = "none"
    auth: Flag = False
    max_connections: Count = 200
    max_connections_per_ip: Count = 20
    max_recipients: Count = 100
    hostname: str = ""


class Lmtp(Table):
    """The LMTP listener (RFC 2033)."""

    listen: Listen = "127.0.0.1:2424"


class Http(Table):
    """/healthz and /metrics (P4)."""

    listen: Listen = "127.0.0.1:8080"


class Send(Table):
    """Where outgoing mail goes (O1)."""

    to: SendTo = "maildir:var/outgoing"
    user: str = ""
    password_file: SecretPath | None = None
    retry: tuple[Duration, ...] = (
        timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1),
    )  # fmt: skip
    give_up_after: Duration = timedelta(days=5)
    uncertain: Literal["resend", "hold"] = "resend"
    timeout: Duration = timedelta(minutes=5)
    insecure: Flag = False

    def target(self) -> values.Target:
        """`to`, taken apart."""
        return values.parse_target(self.to)

    def password(self) -> str:
        """The password for `user`, empty without one. Raises ConfigError when the file cannot be read."""
        return read_password(self.password_file) if self.password_file else ""


class Imap(Table):
    """A mailbox that is polled (B3)."""

    host: str
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] = 993
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    insecure: Flag = False
    user: str = ""
    password_file: SecretPath | None = None
    folder: str = "INBOX"
    sent_folder: str | None = None
    after: Annotated[str, _kept(values.parse_after)] = "seen"
    start: Annotated[Literal["now", "all"] | date, BeforeValidator(values.parse_start)] = "now"
    poll: Duration = timedelta(seconds=60)
    idle: Flag = True
    timeout: Duration = timedelta(seconds=30)

    def password(self) -> str:
        """The password for `user`, empty without one. Raises ConfigError when the file cannot be read."""
        return read_password(self.password_file) if self.password_file else ""


class PriorityTable(Table):
    """What of the ladder is other for cases of one priority. What is left out is as for all."""

    remind_customer: tuple[Duration, ...] | None = None
    close_pending_after: DurationOrNever = None
    close_resolved_after: DurationOrNever = None
    remind_agent: DurationOrNever = None
    escalate: DurationOrNever = None
    first_response: DurationOrNever = None
    resolution: DurationOrNever = None
    escalate_to: str = ""

    def told(self) -> dict[str, Any]:
        """The keys that stand in the file, with their values; never is None."""
        return {key: getattr(self, key) for key in self.model_fields_set}


class DeadlineTable(Table):
    """The ladder of a mailbox (D1)."""

    remind_customer: tuple[Duration, ...] = (timedelta(days=3), timedelta(days=7))
    close_pending_after: DurationOrNever = timedelta(days=14)
    close_resolved_after: DurationOrNever = timedelta(days=5)
    remind_agent: DurationOrNever = timedelta(hours=8)
    escalate: DurationOrNever = timedelta(hours=16)
    first_response: DurationOrNever = None
    resolution: DurationOrNever = None
    escalate_to: str = ""
    close_on_confirm: Flag = True
    low: PriorityTable = PriorityTable()
    normal: PriorityTable = PriorityTable()
    high: PriorityTable = PriorityTable()
    urgent: PriorityTable = PriorityTable()

    def priorities(self) -> dict[str, PriorityTable]:
        """The tables of the priorities by their names."""
        return {"low": self.low, "normal": self.normal, "high": self.high, "urgent": self.urgent}


class HoursTable(Table):
    """When a mailbox is worked on (D1)."""

    zone: Annotated[str, _kept(hours.parse_zone)] = "UTC"
    open: tuple[Annotated[str, _kept(hours.parse_open)], ...] = ("mon-fri 09:00-17:00",)
    holidays: Annotated[str, _kept(hours.parse_holidays)] = ""
    closed: tuple[Annotated[date, BeforeValidator(hours.parse_day)], ...] = ()


class MailboxTable(Table):
    """A support address."""

    name: Word
    address: EmailAddress
    aliases: tuple[EmailAddress, ...] = ()
    display_name: str = ""
    language: Language = "en"
    subject_tag: Annotated[str, _kept(values.parse_subject_tag)] = "[Case #{number}]"
    strangers: Literal["flag", "new_case", "thread"] = "flag"
    acknowledge: Flag = True
    expected_time: DurationOrNever = timedelta(days=1)
    notify: tuple[str, ...] | None = None
    inherit_assignee: Flag = True
    plus_addressing: Flag = True
    signature: str = ""
    reserve: DurationOrNever = timedelta(hours=4)
    imap: Imap | None = None
    deadlines: DeadlineTable = DeadlineTable()
    hours: HoursTable | None = None


class AgentTable(Table):
    """Somebody who works on cases."""

    name: Word
    address: EmailAddress
    display_name: str = ""
    aliases: tuple[EmailAddress, ...] = ()
    mailboxes: tuple[str, ...] = ()
    role: Literal["agent", "supervisor"] = "agent"
    language: Annotated[str, _kept(lambda text: text and values.parse_language(text))] = ""
    receipts: Flag = True
    sees: Literal["all", "worked"] = "all"
    brief: Annotated[str, _kept(hours.parse_clock)] = ""
    password_file: SecretPath | None = None

    def password(self) -> str:
        """What they log in with on our listener, empty without one. Raises ConfigError for an unreadable file."""
        return read_password(self.password_file) if self.password_file else ""


class TrustTable(Table):
    """What proves an agent besides the reply token (A5)."""

    authserv_id: str = ""
    networks: tuple[Annotated[str, _kept(values.parse_network)], ...] = ()
    relays: tuple[Annotated[str, _kept(values.parse_network)], ...] = ()


class StatusTable(Table):
    """A status of the operator's own, or another label for one of ours."""

    name: Word
    kind: Literal["new", "open", "pending", "postponed", "resolved", "closed"]
    label: str = ""


class AutomaticTable(Table):
    """How many automatic mails may leave (O4)."""

    address_hour: Limit = 5
    address_day: Limit = 20
    case_day: Limit = 6
    domain_hour: Limit = 500
    total_hour: Limit = 20_000


class LogTable(Table):
    """Logs go to standard error."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
