"""The config file: one TOML, strict, read into one frozen Config."""

from __future__ import annotations

import copy
import hashlib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from mailcase import config_hours as hours
from mailcase import config_values as values
from mailcase.config_errors import (
    STAND_INS,
    ConfigError,
    KeyPath,
    Problem,
    explain,
    key_lines,
    line_of,
    not_toml,
    render,
)
from mailcase.config_secrets import find_secret, read_keys, read_password
from mailcase.core import policy

# Where the file is looked for when neither -c nor $MAILCASE_CONFIG names one.
PLACES = (Path("mailcase.toml"), Path("/etc/mailcase/mailcase.toml"))

parse_duration = values.parse_duration
parse_size = values.parse_size


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


class Config(Table):
    """The whole file. Paths are absolute after loading; `source` is the file it came from, no key of it."""

    database: Database = "sqlite:///var/mailcase.db"
    secret_file: SecretPath = Path("var/secret")
    templates: FilePath | None = None
    workers: Annotated[int, Field(strict=True, ge=1, le=16)] = 1
    alert_after: Duration = timedelta(minutes=15)
    weekly_report: Annotated[str, _kept(hours.parse_weekly)] = "never"
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

    def secret(self) -> tuple[bytes, ...]:
        """The keys that sign reply tokens, the newest first. Raises ConfigError when there is none."""
        return read_keys(self.secret_file)

    def policy(
        self, phrases: Mapping[str, Mapping[str, str]] | None = None, answers: tuple[str, ...] = ()
    ) -> policy.Policy:
        """What `decide` needs to know of this file. `phrases` are the short texts of the templates, by language,
        `answers` the names of the operator's own.

        Raises ConfigError when the secret cannot be read.
        """
        keys = self.secret()
        agents = tuple(_agent(table) for table in self.agent)
        return policy.Policy(
            mailboxes=tuple(_mailbox(table, agents) for table in self.mailbox),
            agents=agents,
            trust=policy.Trust(**self.trust.model_dump()),
            automatic=policy.AutomaticLimits(**self.automatic.model_dump()),
            statuses=_statuses(self.status),
            secrets=keys,
            # The oldest key: putting a new one in front does not make our own mail look like another desk's.
            desk_id=hashlib.sha256(b"desk:" + keys[-1]).hexdigest()[:12],
            phrases=phrases or {},
            answers=answers,
            weekly_report=hours.weekly_of(self.weekly_report),
        )

    def warnings(self) -> tuple[str, ...]:
        """What works and is still unwise, a line each."""
        from mailcase.config_warnings import warnings

        return tuple(render(problem, self.source, {}) for problem in warnings(self))


def _agent(table: AgentTable) -> policy.Agent:
    return policy.Agent(**table.model_dump(exclude={"password_file"}))


def _mailbox(table: MailboxTable, agents: tuple[policy.Agent, ...]) -> policy.Mailbox:
    """`notify` is everybody who works on the mailbox, unless the file says who."""
    same = table.model_dump(
        exclude={"subject_tag", "plus_addressing", "notify", "imap", "deadlines", "hours"},
    )
    team = policy.Policy(agents=agents).team(table.name)
    return policy.Mailbox(
        **same,
        tag=table.subject_tag,
        plus=table.plus_addressing,
        notify=tuple(agent.name for agent in team) if table.notify is None else table.notify,
        deadlines=_ladder(table.deadlines),
        hours=hours.hours(*dict(table.hours).values()) if table.hours else None,
    )


def _ladder(table: DeadlineTable) -> policy.Deadlines:
    """The ladder for all, and beside it one for each priority that the file says something of."""
    tables = table.priorities()
    plain = policy.Deadlines(**table.model_dump(exclude=set(tables)))
    told = {priority: replace(plain, **own.told()) for priority, own in tables.items() if own.model_fields_set}
    return replace(plain, by_priority=told)


def _statuses(tables: tuple[StatusTable, ...]) -> tuple[policy.Status, ...]:
    """Our six, with the operator's labels, and after them the operator's own."""
    told = {table.name: policy.Status(table.name, policy.StatusKind(table.kind), table.label) for table in tables}
    ours = tuple(told.pop(status.name, status) for status in policy.Policy().statuses)
    return (*ours, *told.values())


def find(path: Path | None = None) -> Path:
    """The config file: `path` (of -c), else $MAILCASE_CONFIG, else the first of PLACES. Raises ConfigError."""
    named = path or (Path(os.environ["MAILCASE_CONFIG"]) if os.environ.get("MAILCASE_CONFIG") else None)
    if named:
        return named
    found = next((place for place in PLACES if place.exists()), None)
    if not found:
        looked = ", ".join(map(str, PLACES))
        raise ConfigError(f"there is no config file (looked for {looked}); make one with mailcase init, or name it: -c")
    return found


def load(path: Path | None = None) -> Config:
    """The config of the file that `find` finds. Raises ConfigError with a line for every fault in it."""
    from mailcase.config_checks import problems

    source = find(path)
    text = _read(source)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(not_toml(source, str(error))) from None
    config, faults = _validate(data, source)
    faults += [later for later in problems(config) if not any(_overlap(later.path, fault.path) for fault in faults)]
    if faults:
        lines = key_lines(text)
        in_order = sorted(faults, key=lambda fault: line_of(fault.path, lines))
        raise ConfigError(*(render(fault, source, lines) for fault in in_order))
    return config


def _read(source: Path) -> str:
    try:
        return source.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except FileNotFoundError:
        raise ConfigError(f"there is no config file {source}; make one with mailcase init, or name it: -c") from None
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read ({error.strerror}); let this user read it") from None


def _validate(data: dict[str, Any], source: Path) -> tuple[Config, list[Problem]]:
    """The config and its faults. With faults it is the config without them, so that the rest can still be checked."""
    context = {"folder": source.resolve().parent}
    faults: list[Problem] = []
    if "source" in data:
        del data["source"]
        faults.append(Problem(("source",), "unknown key; leave it out"))
    data.setdefault("send", {})  # so that the default folder too is relative to the file
    for _round in range(4):  # cutting a wrong value out may show that it has to be there; no third thing follows
        try:
            config = Config.model_validate(copy.deepcopy(data), context=context)
            return config.model_copy(update={"source": source}), faults
        except ValidationError as error:
            details = error.errors(include_url=False)
        known = {fault.path for fault in faults}
        faults += [explain(detail, Config) for detail in details if detail["loc"] not in known]
        for detail in reversed(details):
            _cut_out(data, detail["loc"], is_missing=detail["type"] == "missing")
    raise ConfigError(*(render(fault, source, {}) for fault in faults))


def _cut_out(data: Any, path: KeyPath, *, is_missing: bool) -> None:
    """Takes a faulty value out, so that the rest can be checked. What has to be there gets a stand-in."""
    for part in path[:-1]:
        data = data[part]
    if is_missing:
        data[path[-1]] = STAND_INS[str(path[-1])]
    else:
        del data[path[-1]]


def _overlap(one: KeyPath, other: KeyPath) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
