"""Separates what the author of a mail wrote now from what they quoted, and from their signature."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from mailcase.core.message import Segment
from mailcase.core.reading import announcement, attribution, quote_hint, signature
from mailcase.core.reading.announcement import INLINE, MARKED, WINDOW_LENGTH, WINDOW_LINES, Found

# The line above which customers and agents write. Every language keeps the frame "##- … -##", by which it is found.
MARKER = "##- Please type your reply above this line -##"

NEW, QUOTE = announcement.NEW, announcement.QUOTE
ATTRIBUTION, FORWARD = announcement.ATTRIBUTION, announcement.FORWARD
_NOTHING = ""  # the kind of a blank line, until it takes its neighbour's

# More lines than this that may announce a quotation are no letter: the rest is taken as it stands (attacks S19).
MOST_ATTEMPTS = 400

_SUPERCITE = re.compile(r"([A-Za-z]{1,4})>(?:\s|$)")
_STRIP = " \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029\xa0\u3000" + attribution.INVISIBLE
_COMBINING = re.compile("[\u0300-\u036f]")
_COLONS = (":", "：")


def split(text: str, html: str = "", *, forwarded: bool = False, keep: bool = True) -> tuple[Segment, ...]:
    """The text as segments in order; their texts put together are the text again (R3).

    `html` is the mail's HTML part as sent, a hint where a client marks the quotation there but not in the text.
    `forwarded` says that the subject names the mail a forward: a header block is then part of it, not a quotation.
    Where nothing new would be left, everything is new; not so without `keep`.
    """
    lines = text.splitlines(keepends=True)
    bare = [line.strip(_STRIP) for line in lines]
    # A lone sign is found many times as fast as a word, and mostly it is not there.
    if "&" in text and "&nbsp;" in text:  # QQ writes it into plain text
        bare = [line.replace("&nbsp;", " ").replace("&gt;", ">").strip(_STRIP) for line in bare]
    if _COMBINING.search(text):
        bare = [unicodedata.normalize("NFC", line) if len(line) <= WINDOW_LENGTH else line for line in bare]
    if "`" in text and "```" in text:
        _hide_code(bare)
    kinds = _announced(bare, forwarded, announcement.markers(text, bare))
    if html and ATTRIBUTION not in kinds and FORWARD not in kinds:
        _follow_hint(bare, kinds, quote_hint.line_of(html, bare), forwarded)
    signature.mark(bare, kinds)
    _keep_interleaved(bare, kinds)
    if keep and not any(kind in (NEW, FORWARD) for kind in kinds):
        kinds = [NEW] * len(lines)
    _colour_blank_lines(kinds)
    edges = [at for at in range(len(kinds)) if not at or kinds[at] != kinds[at - 1]]
    return tuple(Segment(kinds[a], "".join(lines[a:b])) for a, b in pairwise([*edges, len(kinds)]))


def has_marker(text: str) -> bool:
    """True when the line above which people write stands in this text: then it is a copy of ours."""
    return "##-" in text and any(announcement.OUR_MARKER.fullmatch(line.strip(_STRIP)) for line in text.splitlines())


def new_text(segments: Sequence[Segment]) -> str:
    """What the author wrote now, forwards included, without blank lines around it."""
    return "".join(segment.text for segment in segments if segment.kind in (NEW, FORWARD)).strip("\r\n").rstrip()


def quoted_text(segments: Sequence[Segment]) -> str:
    """The rest: quotations, the lines that announce them, signatures; without blank lines around it."""
    return "".join(segment.text for segment in segments if segment.kind not in (NEW, FORWARD)).strip("\r\n").rstrip()


def _hide_code(bare: list[str]) -> None:
    """What stands between two fences of a code block (```) is the author's own, whatever it looks like."""
    opened = -1
    for at, line in enumerate(bare):
        if line[:3] != "```" or len(line) > 40:
            continue
        if opened < 0:
            opened = at
            continue
        bare[opened + 1 : at] = ["`" if inner else "" for inner in bare[opened + 1 : at]]
        opened = -1


def _announced(bare: Sequence[str], forwarded: bool, markers: frozenset[int]) -> list[str]:
    """The kind of each line as far as marks in front of it and lines that announce a quotation tell."""
    kinds = _marked(bare)
    at, own, attempts = 0, len(bare), 0
    while at < len(bare):
        if kinds[at] != NEW:
            at += 1
            continue
        found = None
        if at in markers:
            found = Found(MARKED, announcement.above_marker(bare, kinds, at), at + 1)
        elif attempts < MOST_ATTEMPTS and announcement.may_announce(bare[at]):
            attempts += 1
            found = announcement.find(bare, kinds, at, forwarded)
        if found is None:
            if at < own:
                own = at
            at += 1
            continue
        prose = found.kind == ATTRIBUTION and attribution.BEHIND_PROSE.match(bare[found.start]) is not None
        rest = _settle(bare, kinds, found, prose or own < found.start)
        if prose:
            kinds[found.start] = NEW
        own = own if own < found.start else len(bare)
        if rest:
            return kinds
        if kinds[found.start] == NEW:
            own = min(own, found.start)
        at = found.end
    return _drop_lone_attribution(kinds)


def _settle(bare: Sequence[str], kinds: list[str], found: Found, own_above: bool) -> bool:
    """Writes what was found into `kinds`; True when it decides all lines to the end."""
    following = next((at for at in range(found.end, len(bare)) if bare[at]), len(bare))
    marked = following < len(bare) and kinds[following] == QUOTE
    if found.kind == FORWARD:
        _fill(bare, kinds, found.start, len(bare), FORWARD)
        return True
    if found.kind == INLINE:
        _fill(bare, kinds, found.start, len(bare) if own_above else found.end, QUOTE)
        return own_above
    if not marked and following < len(bare) and bare[following][0] == "|" and found.kind == ATTRIBUTION:
        marked = _mark_bars(bare, kinds, following)
    if marked and found.kind != MARKED:
        _fill(bare, kinds, found.start, found.end, ATTRIBUTION)
        return False
    if not found.certain:
        return False
    if own_above:
        _fill(bare, kinds, found.start, found.end, ATTRIBUTION)
        _fill(bare, kinds, found.end, len(bare), QUOTE)
        return True
    if found.kind == ATTRIBUTION:
        _fill(bare, kinds, found.start, found.end, ATTRIBUTION)
    return False


def _fill(bare: Sequence[str], kinds: list[str], start: int, end: int, kind: str) -> None:
    for at in range(start, end):
        kinds[at] = kind if bare[at] else _NOTHING


def _marked(bare: Sequence[str]) -> list[str]:
    """Quoted lines (> or initials and >), blank lines, and new ones."""
    kinds: list[str] = []
    before = _NOTHING
    for line in bare:
        kind = _NOTHING if not line else QUOTE if line[0] == ">" and _is_quoted(line, before) else NEW
        kinds.append(kind)
        before = kind
    if QUOTE in kinds:
        _mend_wrapped(bare, kinds)
    _mark_supercited(bare, kinds)
    return kinds


def _is_quoted(line: str, before: str) -> bool:
    """False for ">>> look <<<" and for the end of an attribution that was wrapped in front of its bracket."""
    if line.startswith(">>>") and (line.endswith("<<<") or attribution.is_arrowed(line)):
        return False
    if before == NEW and line.endswith(_COLONS) and len(line) < 60:
        rest = line[1:].strip()
        return not (len(rest) == 1 or (rest[0] != ">" and attribution.VERB_AT_END.match(rest) is not None))
    return True


def _mend_wrapped(bare: Sequence[str], kinds: list[str]) -> None:
    """A few words alone between two quoted lines, the first of them full, were broken off the first."""
    for at in range(1, len(bare) - 1):
        if kinds[at] == NEW and kinds[at - 1] == QUOTE and kinds[at + 1] == QUOTE:
            line = bare[at]
            if len(line) <= 25 and (line[0].islower() or line[0] in ",.;)") and len(bare[at - 1]) >= 60:
                kinds[at] = QUOTE


def _mark_supercited(bare: Sequence[str], kinds: list[str]) -> None:
    """ "JD> text": a mark with initials, if two lines have the same one."""
    found = [
        (at, match.group(1))
        for at, line in enumerate(bare)
        if ">" in line[1:5] and kinds[at] == NEW and (match := _SUPERCITE.match(line))
    ]
    times = Counter(name for _, name in found)
    for at, name in found:
        if times[name] > 1:
            kinds[at] = QUOTE


def _mark_bars(bare: Sequence[str], kinds: list[str], start: int) -> bool:
    """Lines marked with | directly below an attribution are its quotation."""
    at = start
    while at < len(bare) and (not bare[at] or bare[at][0] == "|"):
        if bare[at]:
            kinds[at] = QUOTE
        at += 1
    return True


def _follow_hint(bare: Sequence[str], kinds: list[str], at: int | None, forwarded: bool) -> None:
    """What begins on line `at` is a quotation (or the forward), says the HTML part."""
    if at is None or kinds[at] != NEW or not any(kind == NEW for kind in kinds[:at]):
        return
    quoted = kinds.index(QUOTE, at) if QUOTE in kinds[at:] else len(bare)
    if forwarded:
        _fill(bare, kinds, at, len(bare), FORWARD)
    elif sum(1 for line in bare[at:quoted] if line) <= WINDOW_LINES and quoted < len(bare):
        _fill(bare, kinds, at, quoted, ATTRIBUTION)
    elif QUOTE not in kinds:
        _fill(bare, kinds, at, len(bare), QUOTE)


def _drop_lone_attribution(kinds: list[str]) -> list[str]:
    """An attribution without any quotation left announces nothing: it is shown as it stands."""
    if QUOTE in kinds:
        return kinds
    return [NEW if kind == ATTRIBUTION else kind for kind in kinds]


def _keep_interleaved(bare: Sequence[str], kinds: list[str]) -> None:
    """Makes the quotations that are answered below new text; one alone above the whole answer stays quoted."""
    runs = _runs(kinds)
    answers = [
        index
        for index, (kind, start, end) in enumerate(runs)
        if kind == NEW and index and not (signature.is_closing(bare[start:end]))
    ]
    quotes = [index for index, (kind, _, _) in enumerate(runs) if kind == QUOTE and answers and index < answers[-1]]
    if not quotes:
        return
    own_above = any(kind == NEW for kind, _, _ in runs[: quotes[0]])
    between = any(kind == NEW for kind, _, _ in runs[quotes[0] : quotes[-1]])
    if own_above or between:
        for index in quotes:
            _, start, end = runs[index]
            _fill(bare, kinds, start, end, NEW)


def _runs(kinds: Sequence[str]) -> list[tuple[str, int, int]]:
    """Runs of lines of one kind (kind, start, end); blank lines do not part them."""
    runs: list[tuple[str, int, int]] = []
    for at, kind in enumerate(kinds):
        if not kind:
            continue
        if runs and runs[-1][0] == kind:
            runs[-1] = (kind, runs[-1][1], at + 1)
        else:
            runs.append((kind, at, at + 1))
    return runs


def _colour_blank_lines(kinds: list[str]) -> None:
    """Blank lines take the kind of the line above them; those at the top that of the first line."""
    before = next((kind for kind in kinds if kind), NEW)
    for at, kind in enumerate(kinds):
        before = kinds[at] = kind or before
