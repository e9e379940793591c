"""The commands agents write at the top of a mail (A2, A3): one grammar, forgiving in form, strict in meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mailcase.core.case import PRIORITIES, RESOLUTIONS
from mailcase.core.policy import Policy
from mailcase.core.reading.address import parse_list

_LINE = re.compile(r"#[ \t]?([A-Za-z][A-Za-z-]*)[ \t]*[:=]?[ \t]*(.*)")
_DURATION = re.compile(r"(\d{1,5})\s*([smhdw])", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

# `#later cancel` takes back what was scheduled.
CANCEL = "cancel"
# Clients write an address twice when it is a link: `carl@example.net <mailto:carl@example.net>`.
_LINKED = re.compile(r"(?<=[^\s<])\s?[<\[(]mailto:[^\s<>()\[\]]{1,320}[>\])]", re.IGNORECASE)
_UNLESS = re.compile(r",? unless[- ]answered$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name in lower case and its argument, already checked and put into one form."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        return f"#{self.name} {self.argument}".strip()


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

    @property
    def questions(self) -> tuple[Command, ...]:
        """What is asked."""
        return tuple(c for c in self.commands if c.name in QUESTIONS)

    @property
    def only_asks(self) -> bool:
        """There are questions, and nothing is to be done."""
        return bool(self.commands) and len(self.questions) == len(self.commands)


class Wrong(ValueError):
    """Raised by an argument check: carries the Problem."""

    def __init__(self, phrase: str, **values: str) -> None:
        super().__init__(phrase)
        self.problem = Problem(phrase, values)


def _any(argument: str, _policy: Policy, _now: datetime) -> str:
    return argument.strip()


def _none(argument: str, _policy: Policy, _now: datetime) -> str:
    # What somebody wrote there was meant to do something: better to ask than to leave it out.
    if argument.strip(" .!"):
        raise Wrong("no_argument", word=argument.strip())
    return ""


def _held(argument: str, policy: Policy, now: datetime) -> str:
    """The number of a held answer, as the mail that returned it writes it; usually nothing."""
    number = argument.strip().removeprefix("#")
    return number if re.fullmatch(r"[0-9]{1,12}", number) else _none(argument, policy, now)


def _words(argument: str, _policy: Policy, _now: datetime) -> str:
    if not argument.strip():
        raise Wrong("empty_search", word="#search")
    return " ".join(argument.split())


def _listed(argument: str, policy: Policy, now: datetime) -> str:
    word = argument.strip().casefold()
    return word if word in ("", "all") else _status(argument, policy, now)


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
    """`30m`, `8h`, `3d`, `2w` from `now`, or a date `2026-12-24` (its first minute, UTC), never past. Raises Wrong."""
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


def _later(argument: str, _policy: Policy, now: datetime) -> str:
    """`3d`, `2026-12-24 unless-answered` or `cancel`: the moment, and a word behind it where that was asked for."""
    text = " ".join(argument.split())
    if text.casefold() in (CANCEL, "never"):
        return CANCEL
    when = _UNLESS.sub("", text)
    return parse_until(when, now).isoformat() + (" unless-answered" if when != text else "")


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
    words = [w for w in re.split(r"[,;\s]+", _LINKED.sub("", argument)) if w]
    for word in words:
        _address(word.lstrip("+-"))
    if not words:
        raise Wrong("bad_address", word="-")
    return " ".join(words)


def _address(text: str) -> str:
    """One address and nothing else, with a name before it or without."""
    found = parse_list(text)
    whole = text.endswith(">") if "<" in text else len(text.split()) == 1
    if len(found) != 1 or "@" not in found[0].address or not whole:
        raise Wrong("bad_address", word=text.strip() or "-")
    return found[0].address


def _person(argument: str, _policy: Policy, _now: datetime) -> str:
    text = _LINKED.sub("", argument).strip()
    _address(text)
    return text


Check = Callable[[str, Policy, datetime], str]

# One row a command: how its argument is checked. The row's place is its place in `#help`.
COMMANDS: Mapping[str, Check] = {
    "status": _status,
    "resolve": _none,
    "close": _resolution,
    "postpone": _until,
    "note": _any,
    "assign": _agent,
    "take": _none,
    "release": _none,
    "priority": _priority,
    "tag": _tags,
    "cc": _people,
    "requester": _person,
    "link": _number,
    "followup": _none,
    "merge": _number,
    "split": _none,
    "forward": _person,
    "template": _any,
    "later": _later,
    "spam": _none,
    "quiet": _none,
    "send": _held,
    "mine": _none,
    "show": _number,
    "search": _words,
    "list": _listed,
    "recent": _none,
    "help": _none,
}
# What is answered and changes nothing (A4).
QUESTIONS = ("mine", "show", "search", "list", "recent", "help")
# Clients put no-break spaces, full-width signs and marks of direction where people type plain ones.
_PLAIN = str.maketrans({"\xa0": " ", "\u3000": " ", "\u202f": " ", "＃": "#", "：": ":", "\u200b": None, "\u200e": None,
                        "\u200f": None, "\ufeff": None, "\u2060": None})  # fmt: skip
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
        line = lines[position].translate(_PLAIN).strip()
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
    following = _LINE.fullmatch(argument) if check is _none else None
    try:
        commands.append(Command(name, "" if following else check(argument, policy, now)))
    except Wrong as wrong:
        problems.append(wrong.problem)
    if following:  # two on one line: `#resolve #quiet`
        _read(following[1].lower(), following[2], policy, now, commands, problems)
