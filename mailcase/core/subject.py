"""Subjects: our tag in them, reply prefixes in front of them (T1, T2, F3)."""

from __future__ import annotations

import re
from functools import lru_cache

# Reply and forward prefixes of the common clients and languages. A prefix may carry a count: Re[2]:, RE(3):, Sv^2:.
_WORDS = (
    "re|aw|antw|antwort|sv|vs|ref|rif|r|res|odp|ynt|yanıt|ответ|відп|вп|отв|atb|απ|σχετ|vá|vl|fw|fwd|fyi|wg|tr|"
    "rv|enc|pd|i|vb|vl|doorst|iletilen|továbbítás|πρθ|пересл|fs|trs|転送|返信|回复|回覆|答复|答覆|转发|轉寄|"
    "답장|회신|전달|رد|إعادة توجيه|השב|תשובה|הועבר|bls|balas|ts"
)
_PREFIX = re.compile(rf"\s*(?:{_WORDS})\s*(?:[\[(^]\d{{1,3}}[\])]?)?\s*[:：]\s*", re.IGNORECASE)


@lru_cache(maxsize=64)
def _tag_pattern(tag: str) -> re.Pattern[str]:
    before, _, after = tag.partition("{number}")
    loose = [r"\s*".join(re.escape(word) for word in side.split()) for side in (before, after)]
    # A space next to the number may have been lost or doubled on the way; digits on either side are another number.
    return re.compile(rf"{loose[0]}\s*(?<!\d)(\d{{1,12}})(?!\d)\s*{loose[1]}", re.IGNORECASE)


def numbers(subject: str, tag: str) -> tuple[int, ...]:
    """The numbers that stand in `subject` in the form of `tag`, from left to right, each once."""
    return tuple(dict.fromkeys(int(found) for found in _tag_pattern(tag).findall(subject)))


def bare(subject: str, tags: tuple[str, ...] = ()) -> str:
    """`subject` without reply prefixes, however many and in whatever language, and without our tags."""
    for tag in tags:
        subject = _tag_pattern(tag).sub(" ", subject)
    while match := _PREFIX.match(subject):
        subject = subject[match.end() :]
    return " ".join(subject.split())


def tagged(subject: str, tag: str, number: int, tags: tuple[str, ...] = (), *, reply: bool = True) -> str:
    """The subject of outgoing mail: `Re: [Case #1042] Printer`, with any older tag of ours replaced (F3)."""
    text = f"{tag.format(number=number)} {bare(subject, tags or (tag,))}".strip()
    return f"Re: {text}" if reply else text
