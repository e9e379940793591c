"""The commands agents write at the top of a mail (A2, A3): one grammar, forgiving in form, strict in meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mailcase.core.address import parse_list
from mailcase.core.case import PRIORITIES, RESOLUTIONS
from mailcase.core.policy import Policy

_LINE = re.compile(r"#[ \t]?([A-Za-z][A-Za-z-]*)[ \t]*[:=]?[ \t]*(.*)")
_DURATION = re.compile(r"(\d{1,5})\s*([smhdw])", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name in lower case and its argument, already checked and put into one form."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a command line was not understood: a key of the phrases and its values, to be said in any language."""

    phrase: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What an agent's mail asks for: commands in order, the text that is left, and what was wrong (A3)."""

    commands: tuple[Command, ...] = ()
    text: str = ""
    problems: tuple[Problem, ...] = ()

    def has(self, name: str) -> bool:
        """True when the command was given."""
        return any(c.name == name for c in self.commands)


class Wrong(ValueError):
    """Raised by an argument check: carries the Problem."""

    def __init__(self, phrase: str, **values: str) -> None:
        super().__init__(phrase)
        self.problem = Problem(phrase, values)


def _none(argument: str, _policy: Policy, _now: datetime) -> str:
    return argument.strip()


def _status(argument: str, policy: Policy, _now: datetime) -> str:
    status = policy.status(argument.strip())
    if not status:
        raise Wrong("unknown_status", word=argument.strip() or "-", known=", ".join(s.name for s in policy.statuses))
    return status.name


def _resolution(argument: str, _policy: Policy, _now: datetime) -> str:
    word = argument.strip().casefold().replace(" ", "_").replace("-", "_")
    if word and word not in RESOLUTIONS:
        raise Wrong("unknown_resolution", word=argument.strip(), known=", ".join(RESOLUTIONS))
    return word


def _priority(argument: str, _policy: Policy, _now: datetime) -> str:
    word = argument.strip().casefold()
    if word not in PRIORITIES:
        raise Wrong("unknown_priority", word=argument.strip() or "-", known=", ".join(PRIORITIES))
    return word


def _agent(argument: str, policy: Policy, _now: datetime) -> str:
    found = policy.agent(argument.strip()) or policy.agent_of(argument.strip())
    if not found:
        names = ", ".join(a.name for a in policy.agents)
        raise Wrong("unknown_agent", word=argument.strip() or "-", known=names)
    return found.name


def parse_until(argument: str, now: datetime) -> datetime:
    """`30m`, `8h`, `3d`, `2w` from `now`, or a date `2026-12-24` (its first minute, UTC). Raises Wrong; never in the past."""
    text = argument.strip()
    match = _DURATION.fullmatch(text)
    until = None
    if match:
        until = now + timedelta(seconds=int(match[1]) * _SECONDS[match[2].lower()])
    elif re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            until = datetime.combine(date.fromisoformat(text), time(), UTC)
        except ValueError:
            until = None
    if until is None:
        raise Wrong("bad_date", word=text or "-")
    if until <= now:
        raise Wrong("past_date", word=text)
    return until


def _until(argument: str, _policy: Policy, now: datetime) -> str:
    return parse_until(argument, now).isoformat()


def _number(argument: str, _policy: Policy, _now: datetime) -> str:
    word = argument.strip().lstrip("#")
    if not re.fullmatch(r"[0-9]{1,12}", word):
        raise Wrong("bad_number", word=argument.strip() or "-")
    return str(int(word))


def _tags(argument: str, _policy: Policy, _now: datetime) -> str:
    words = [w for w in re.split(r"[,\s]+", argument.casefold()) if w]
    if not words or not all(re.fullmatch(r"[+-]?[\w][\w.-]{0,39}", w) for w in words):
        raise Wrong("bad_tag", word=argument.strip() or "-")
    return " ".join(words)


def _people(argument: str, _policy: Policy, _now: datetime) -> str:
    words = [w for w in re.split(r"[,;\s]+", argument) if w]
    for word in words:
        _address(word.lstrip("+-"))
    if not words:
        raise Wrong("bad_address", word="-")
    return " ".join(words)


def _address(text: str) -> str:
    found = parse_list(text)
    if len(found) != 1 or "@" not in found[0].address:
        raise Wrong("bad_address", word=text.strip() or "-")
    return found[0].address


def _person(argument: str, _policy: Policy, _now: datetime) -> str:
    _address(argument)
    return argument.strip()


Check = Callable[[str, Policy, datetime], str]

# One row a command: how its argument is checked. The row's place is its place in `#help`.
COMMANDS: Mapping[str, Check] = {
    "status": _status,
    "resolve": _none,
    "close": _resolution,
    "postpone": _until,
    "note": _none,
    "assign": _agent,
    "take": _none,
    "release": _none,
    "priority": _priority,
    "tag": _tags,
    "cc": _people,
    "requester": _person,
    "link": _number,
    "followup": _none,
    "spam": _none,
    "quiet": _none,
    "send": _none,
    "help": _none,
}
_ALIASES = {"follow-up": "followup", "resolved": "resolve", "closed": "close", "prio": "priority", "tags": "tag"}


def parse(text: str, policy: Policy, now: datetime) -> Order:
    """What an agent's new text asks for.

    Commands are the lines from the top that begin with `#` and a word; blank lines between them do not end them, any
    other line does. The argument of `#note` may also follow on the next lines: it is then the text that is left.
    """
    commands: list[Command] = []
    problems: list[Problem] = []
    lines = text.splitlines(keepends=True)
    position = 0
    while position < len(lines):
        line = lines[position].strip()
        match = _LINE.fullmatch(line)
        if line and not (match and _is_command(line, match[1])):
            break
        if match and line:
            _read(match[1].lower(), match[2], policy, now, commands, problems)
        position += 1
    return Order(tuple(commands), "".join(lines[position:]).strip(), tuple(problems))


def _is_command(line: str, word: str) -> bool:
    """`# word` with a space is a command only when we know the word: it may be a heading."""
    return line[1] not in " \t" or _ALIASES.get(word.lower(), word.lower()) in COMMANDS


def _read(
    word: str, argument: str, policy: Policy, now: datetime, commands: list[Command], problems: list[Problem]
) -> None:
    name = _ALIASES.get(word, word)
    check = COMMANDS.get(name)
    if check is None:
        problems.append(Problem("unknown_command", {"word": f"#{word}"}))
        return
    try:
        commands.append(Command(name, check(argument, policy, now)))
    except Wrong as wrong:
        problems.append(wrong.problem)
