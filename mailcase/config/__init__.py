"""The config file: one TOML, strict, read into one frozen Config."""

from __future__ import annotations

import copy
import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mailcase.config import hours
from mailcase.config.errors import (
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
from mailcase.config.secrets import read_keys
from mailcase.config.tables import (
    AgentTable,
    AutomaticTable,
    Database,
    DeadlineTable,
    Duration,
    FilePath,
    HoursTable,
    Http,
    Imap,
    Lmtp,
    LogTable,
    MailboxTable,
    SecretPath,
    Send,
    Smtp,
    StatusTable,
    Table,
    TrustTable,
    Weekly,
    Workers,
)
from mailcase.core import policy

__all__ = ["AgentTable", "Config", "HoursTable", "Http", "Imap", "Lmtp", "MailboxTable", "Send", "Smtp", "find", "load"]

# Where the file is looked for when neither -c nor $MAILCASE_CONFIG names one.
PLACES = (Path("mailcase.toml"), Path("/etc/mailcase/mailcase.toml"))


class Config(Table):
    """The whole file. Paths are absolute after loading; `source` is the file it came from, no key of it."""

    database: Database = "sqlite:///var/mailcase.db"
    secret_file: SecretPath = Path("var/secret")
    templates: FilePath | None = None
    workers: Workers = 1
    alert_after: Duration = timedelta(minutes=15)
    weekly_report: Weekly = "never"
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
        from mailcase.config.warnings import warnings

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
    from mailcase.config.checks import problems

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
