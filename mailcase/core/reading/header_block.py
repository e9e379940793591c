"""Finds the block of From/Sent/To/Subject lines that mail programs put above a quotation or a forward."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailcase.core.reading.attribution import DATE, FIELD, INVISIBLE, TIME

LONGEST_KEY = 40
_NO_MARKS = str.maketrans("", "", INVISIBLE)
_KEY = re.compile(r"(?<!\S)\*{0,2}([^\s:*]{1,20}) ?[:：]\*{0,2}(?=\s)")
_TRIM = " \t\xa0*_>|" + INVISIBLE


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Lines `start` up to (not with) `end`; `fields` holds (kind, value), kind one of from, date, to, cc, subject."""

    start: int
    end: int
    fields: tuple[tuple[str, str], ...]

    def value(self, kind: str) -> str:
        """The first value of that kind, or ""."""
        return next((value for name, value in self.fields if name == kind), "")


def field_of(line: str) -> tuple[str, str]:
    """(kind, value) of a line such as "*Von:* Jane Doe"; kind is "unknown" for another word, "" for none."""
    for colon in (":", "："):
        key, found, value = line[: LONGEST_KEY + 8].partition(colon)
        if found:
            key = key.strip(_TRIM).casefold()
            kind = FIELD.get(key, "")
            if kind:
                return kind, line[line.index(colon) + 1 :].translate(_NO_MARKS).strip(_TRIM)
            if key and len(key.split()) <= 2 and value[:1] in ("", " ", "\t", "*") and len(key) < 25:
                return "unknown", value
            return "", ""
    return "", ""


def find(lines: Sequence[str], start: int, announced: bool = False) -> HeaderBlock | None:
    """The block that begins at line `start`, or None when the lines there are not surely one.

    Without a line that announced it, it must name an author and a date or a recipient, and must not look like a filled
    form (three kinds of field, or no foreign word among the keys). A blank line between fields is accepted, as HTML
    that was turned into text often has it; so is a value that runs on to the next line, and a key in a word that is
    not known here if its value is a date with its time, or if a known field follows.
    """
    fields: list[tuple[str, str]] = []
    end, at, foreign = start, start, 0
    while at < len(lines) and at - end <= 1 and len(fields) < 12:
        kind, value = field_of(lines[at])
        if kind == "unknown" and fields and at == end:
            kind = _meant(value, lines[at + 1 : at + 2])
        if kind and kind != "unknown":
            fields.append((kind, value))
            end = at + 1
        elif fields and lines[at] and at == end and _runs_on(fields[-1][1], lines[at], lines[at + 1 : at + 2]):
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {lines[at].strip(_TRIM)}".strip())
            end = at + 1
        elif lines[at]:
            foreign += kind == "unknown" and at == end
            break
        at += 1
    if end == start + 1 and fields[0][0] == "from" and {"date", "subject"} <= _kinds_inside(lines[start]):
        return HeaderBlock(start, end, ((fields[0][0], fields[0][1].partition(">")[0] + ">"),))
    kinds = {kind for kind, _ in fields} - {"other"}
    return HeaderBlock(start, end, tuple(fields)) if _is_certain(kinds, fields, foreign, announced) else None


def _kinds_inside(line: str) -> set[str]:
    """The kinds of all fields on a line: some converters write a whole block on one."""
    return {FIELD.get(word.casefold(), "") for word in _KEY.findall(line[:2_000])}


def _meant(value: str, following: Sequence[str]) -> str:
    """The kind of a field inside a block whose key is not known."""
    if DATE.search(value) and TIME.search(value):
        return "date"
    return "other" if value.strip() and following and field_of(following[0])[0] not in ("", "unknown") else "unknown"


def is_key(line: str, kind: str) -> bool:
    """True for a line that is nothing but the name of a field of that kind, without a colon."""
    return FIELD.get(line.casefold()) == kind


def find_bare(lines: Sequence[str], start: int) -> int:
    """The end of a block whose names and values stand on lines of their own (Notes: "To", "Ann", "Subject", …), or 0.

    Line `start` is the name of the recipient's field.
    """
    for at in range(start + 1, min(len(lines) - 1, start + 24)):
        if is_key(lines[at], "subject"):
            return next((end + 1 for end in range(at + 1, min(len(lines), at + 4)) if lines[end]), 0)
    return 0


def find_unnamed(lines: Sequence[str], start: int) -> int:
    """The end of a block at line `start` in a language that is not known here, or 0.

    It has four fields or more: an author with an address, then a date with its time. That is enough only right below
    a line that a mail program drew.
    """
    end, dated = start, False
    while end < len(lines) and end - start < 8 and field_of(lines[end])[0]:
        dated = dated or (end > start and bool(DATE.search(lines[end]) and TIME.search(lines[end])))
        end += 1
    return end if dated and end - start >= 4 and "@" in lines[start] else 0


def _runs_on(value: str, line: str, following: Sequence[str]) -> bool:
    """True when `line` continues the value above it: an address alone, or a value whose field goes on below."""
    if field_of(line)[0]:
        return False
    if line[:1] in "<[(" or not value or value.rstrip().endswith((",", ";", "<", "[mailto:", ":")):
        return True
    return bool(following) and field_of(following[0])[0] not in ("", "unknown")


def _is_certain(kinds: set[str], fields: list[tuple[str, str]], foreign: int, announced: bool) -> bool:
    if announced:
        return "from" in kinds
    if "from" not in kinds or "source" in kinds or not kinds & {"date", "to"} or len(fields) < 2:
        return False
    if len(kinds) < 3:
        author = next(value for kind, value in fields if kind == "from")
        return not foreign and "@" in author
    if "subject" not in kinds and not any("@" in value for _, value in fields):
        # "From: Berlin, To: Munich, Date: …" is a journey; a client's date has its time.
        return any(kind == "date" and TIME.search(value) for kind, value in fields)
    return not foreign or len(kinds) >= 4
