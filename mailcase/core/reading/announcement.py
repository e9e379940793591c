"""Finds the lines that announce a quotation or a forward, alone or together with their neighbours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailcase.core.reading import attribution, header_block

NEW, QUOTE, ATTRIBUTION, FORWARD = "new", "quote", "attribution", "forward"
INLINE = "inline"  # an attribution with the quotation behind it on the same line
MARKED = "marker"  # the line above which people are asked to write

WINDOW_LINES, WINDOW_LENGTH = 5, 400

OUR_MARKER = re.compile(r"[\s>|*]{0,40}##-.{1,300}-##")
# Other desks ask for the same in words of their own.
_FRAMES = frozenset("#-=*_[(~+|—–•")
# First what a text is searched for, short and seldom, then the whole phrases.
_ABOVE = {
    "above th": ("above this line", "above the line", "above this text"),
    "b dieser ": ("oberhalb dieser zeile", "oberhalb dieser linie"),
    "über dies": ("über dieser zeile", "über diese zeile"),
    "cette ligne": ("au-dessus de cette ligne", "au dessus de cette ligne"),
    "esta línea": ("encima de esta línea", "arriba de esta línea", "sobre esta línea"),
    "sopra ques": ("sopra questa riga", "sopra questa linea"),
    "sta linha": ("acima desta linha",),
    "boven deze": ("boven deze regel", "boven deze lijn"),
    "denne linj": ("over denne linje",),
    "ovanför": ("ovanför den här raden", "ovanför denna rad"),
    "yläpuolelle": ("tämän rivin yläpuolelle",),
    "tej lini": ("powyżej tej linii",),
    "nad t": ("nad tą linią", "nad tento řádek", "nad tímto řádkem", "nad túto čiaru"),
    "выше этой": ("выше этой строки", "выше этой линии"),
    "вище ці": ("вище цієї лінії",),
    "bu satırın": ("bu satırın üzerine", "bu satırın üstüne"),
    "より上": ("この行より上", "この線より上"),
    "此行": ("此行上方", "此行之上"),
    "이 줄": ("이 줄 위",),
}
_ASKS = re.compile(
    r"\W{0,40}(?:please |kindly |bitte |veuillez |por favor,? |to (?:reply|respond|answer),? ){0,2}"
    r"(?:type|write|reply|respond|answer|enter|add|post|put|schreiben|antworten|geben|répond|écri|saisi|responda|"
    r"escriba|escreva|digite|rispond|scriv|reageer|antwoord|typ|odpowied|napisz|napište|odpově|skriv|svar|kirjoita|"
    r"ответьте|пишите|напишите|yanıt)",
    re.IGNORECASE,
)
_PURPOSE = (" to ", " if ", " when ", " so ", " and ", " or ", ",", " -", " (")
_BEGINS, _ENDS = attribution.RULE + "#>", attribution.RULE + ":："


@dataclass(frozen=True, slots=True)
class Found:
    """Lines `start` up to `end` announce a quotation or a forward; `certain` if even unmarked text below is one."""

    kind: str
    start: int
    end: int
    certain: bool = True


def markers(text: str, bare: Sequence[str]) -> frozenset[int]:
    """The lines above which a desk asks people to write: ours, or another's in its own words.

    In English such a line may also stand without a frame.
    """
    unframed = "above th" in (text.lower() if text.isascii() else text)
    searched = text if unframed else " ".join([line[:160] for line in bare if line and line[0] in _FRAMES])
    searched = searched.lower() if len(searched) > 10 else ""
    phrases = [phrase for stem, phrases in _ABOVE.items() if stem in searched for phrase in phrases] if searched else []
    if not phrases and not ("#" in text and "##-" in text):
        return frozenset()
    return frozenset(at for at, line in enumerate(bare) if OUR_MARKER.match(line) or _asks_above(line, phrases))


def _asks_above(line: str, phrases: Sequence[str]) -> bool:
    """A line of its own that is framed by marks, or that begins by asking; what people say of such a line is not."""
    lowered = line.lower() if len(line) <= 160 else ""
    if not any(phrase in lowered for phrase in phrases):
        return False
    if not (line[0].isalnum() or line[-1].isalnum()) and line[-1] not in ".!?\"'":
        return True
    rest = min((lowered.partition(phrase)[2] for phrase in phrases if phrase in lowered), key=len)
    return _ASKS.match(line) is not None and (rest.startswith(_PURPOSE) or not any(map(str.isalnum, rest)))


def may_announce(line: str) -> bool:
    """A cheap look before the expensive one: can this line end an attribution or begin a block?"""
    first, last = line[0], line[-1]
    if last in _ENDS or first in _BEGINS:
        return True
    if "@" in line:
        if ":  " in line or line[-12:].rpartition(" ")[2] in attribution.LAST_WORDS:
            return True
        if last == ">" and attribution.VERB.search(line[:WINDOW_LENGTH]):
            return True
    if (first.isdigit() and attribution.OLD_GMAIL.match(line)) or (len(line) < 15 and header_block.is_key(line, "to")):
        return True
    head = line[:45]
    return (":" in head or "：" in head) and header_block.field_of(line)[0] not in ("", "unknown")


def find(bare: Sequence[str], kinds: Sequence[str], at: int, forwarded: bool) -> Found | None:
    """What line `at` announces, alone or with its neighbours."""
    line = bare[at]
    if ":  " in line and attribution.inline_end(line):
        return Found(INLINE, at, at + 1)
    announces = ""
    if line[0] in attribution.RULE or line[-1] in _ENDS:
        announces = attribution.separator(line)
    if announces:
        return Found(FORWARD if forwarded or announces == "forward" else "original", at, at + 1)
    block = _block(bare, kinds, at)
    if block is not None:
        return Found(FORWARD if forwarded else "headers", *block)
    return _attribution(bare, kinds, at) if line.strip(attribution.RULE) else None  # nobody is named by a mere rule


def _block(bare: Sequence[str], kinds: Sequence[str], at: int) -> tuple[int, int] | None:
    """Where the block of fields at this line begins and ends, the line drawn above it included."""
    line = bare[at]
    if line[0] == "_" and len(line) >= 20 and not line.strip("_"):
        below = next((below for below in range(at + 1, min(len(bare), at + 3)) if bare[below]), at)
        end = header_block.find_unnamed(bare, below)
        return (at, end) if end else None
    if len(line) < 15 and header_block.is_key(line, "to"):
        end = header_block.find_bare(bare, at)
        start = _dated(bare, kinds, at) if end else at
        return (start, end) if start < at else None
    block = header_block.find(bare, at)
    return (_with_rule(bare, kinds, at), block.end) if block is not None else None


def _dated(bare: Sequence[str], kinds: Sequence[str], at: int) -> int:
    """The first line of the name and date that stand above line `at`; `at` where there are none."""
    above = at - 1
    while above >= 0 and not bare[above] and at - above < 4:
        above -= 1
    first, dated = above, False
    while first >= 0 and bare[first] and kinds[first] == NEW and above - first < 4 and len(bare[first]) < 120:
        dated = dated or bool(attribution.DATE.search(bare[first]) and attribution.TIME.search(bare[first]))
        first -= 1
    return first + 1 if dated and (first < 0 or not bare[first]) else at


def _with_rule(bare: Sequence[str], kinds: Sequence[str], start: int) -> int:
    """A block's first line, or the line above it that is ruled, framed by rules, or says "Original Message"."""
    above = start - 1
    while above >= 0 and not bare[above]:
        above -= 1
    line = bare[above] if above >= 0 and kinds[above] == NEW else ""
    if len(line) >= 3 and not line.strip(attribution.RULE + " "):
        return above
    if not line:
        return start
    announces = attribution.separator(line)
    if announces:  # one between rules has been found by itself
        return above if announces == "original" and line[0] not in attribution.RULE and line[-1] not in _ENDS else start
    framed = 6 < len(line) < 80 and not line[:2].strip(attribution.RULE) and not line[-2:].strip(attribution.RULE)
    return above if framed else start


def above_marker(bare: Sequence[str], kinds: Sequence[str], at: int) -> int:
    """Where the announcement above our own marker begins: whatever ends in a colon there, in whatever language."""
    above = at - 1
    while above >= 0 and at - above <= 6 and not (bare[above] and bare[above].strip("_-")):
        above -= 1
    if above >= 0 and kinds[above] == NEW and attribution.is_likely(bare[above]):
        return above
    return at


def _attribution(bare: Sequence[str], kinds: Sequence[str], end: int) -> Found | None:
    """The attribution that ends on this line: it may have begun up to four lines above."""
    joined, likely = "", end + 1
    below = next((at for at in range(end + 1, min(len(bare), end + 6)) if bare[at]), end)
    announces = kinds[below] == QUOTE or bare[below][0] == "|"
    for start in range(end, max(-1, end - WINDOW_LINES), -1):
        if kinds[start] != NEW and (bare[start] or not bare[start + 1].startswith("<")):
            break
        joined = f"{bare[start]} {joined}".strip()
        if len(joined) > WINDOW_LENGTH:
            break
        alone = (not start or not bare[start - 1]) and (end + 1 == len(bare) or not bare[end + 1])
        if attribution.is_certain(joined) or (alone and attribution.is_formed(joined)):
            return Found(ATTRIBUTION, _opening(bare, kinds, start), end + 1)
        if announces and likely > end and attribution.is_likely(joined):
            likely = start
        elif likely <= end and attribution.OPENER.match(bare[start]) and bare[start][-1] not in ".!?":
            return Found(ATTRIBUTION, start, end + 1, certain=False)
    return Found(ATTRIBUTION, likely, end + 1, certain=False) if likely <= end else None


def _opening(bare: Sequence[str], kinds: Sequence[str], start: int) -> int:
    """An attribution's first line, where the date was wrapped onto lines of its own ("On 21 Nov 2014," "at 10:18,")."""
    for above in range(start - 1, max(-1, start - 3), -1):
        line = bare[above]
        if kinds[above] != NEW or len(line) > 60 or not any(map(str.isdigit, line)) or line[-1] in ".!?:;":
            break
        if attribution.OPENER.match(line):
            return above
    return _fields_above(bare, kinds, start)


def _fields_above(bare: Sequence[str], kinds: Sequence[str], start: int) -> int:
    """An attribution's first line, where "To:" and "Subject:" stand right above it (Yandex)."""
    first = start
    while first > 0 and start - first < 4 and kinds[first - 1] == NEW:
        if header_block.field_of(bare[first - 1])[0] not in ("to", "cc", "subject"):
            break
        first -= 1
    return _with_rule(bare, kinds, first) if first < start else start
