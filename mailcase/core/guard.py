"""The leak guard (A8): what an agent's answer must not carry outside, and what looks like a slip. Linear time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mailcase.core import subject
from mailcase.core.command import Problem
from mailcase.core.context import Desk
from mailcase.core.decision import CaseView
from mailcase.core.policy import Policy

_ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w.-]{1,255}")
_COMMAND = re.compile(r"^[ \t]{0,8}(#[A-Za-z][A-Za-z-]{0,29})(?=[ \t]|[:=]|$)", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")
# Scripts that set no blanks between words: there a word of ours is a letter.
_LETTER = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# So many words in a row are nobody's chance; a shorter note counts as a whole when it has at least SHORTEST words.
WORDS, LETTERS, SHORTEST = 6, 14, 4
# "Case 1042" in our nine languages, with what people put between the word and the number.
_CASE = re.compile(
    r"(?:(?<!\w)(?:case|ticket|fall(?:nummer)?|vorgang|dossier|cas|caso|případ\w{0,3}|(?:ال)?حالة)|ケース(?:番号)?|"
    r"케이스(?:[ ]?번호)?)[ \t\u00a0]{0,3}(?:(?:number|nummer|numéro|número|numero|číslo|nr|no|num|n|č|رقم)[.º°]?)?"
    r"[ \t\u00a0]{0,3}[:#№]?[ \t\u00a0]{0,3}#?(\d{1,12})",
    re.IGNORECASE,
)
# How people say that a file comes with the mail. Words for the customer's own files are not among them.
_SAYS_ATTACHED = re.compile(
    r"(?<!\w)(?:(?:see|find|have|i|we|i've|we've|is|are)[ ](?:the[ ]|also[ ])?(?:attach(?:ed|ment|ing)?|enclosed)|"
    r"attached[ ](?:is|are|you|please|find)|in[ ]the[ ]attachment|"
    r"im[ ]anhang|anbei|angehängt|beigefügt|in[ ]der[ ]anlage|"
    r"ci-joint\w{0,2}|en[ ]pièces?[ ]jointes?|je[ ](?:vous[ ]|te[ ])?joins|"
    r"(?:le|te|les|se)[ ]adjunt\w{1,4}|adjuntamos|adjunto[ ](?:encontrará|le|te|les|el|la|a)|en[ ]el[ ]adjunto|"
    r"in[ ]allegato|allego|alleghiamo|si[ ]allega|vedi[ ]allegato|"
    r"v[ ]příloze|přikládám\w{0,1}|přiloženém|"
    r"في[ ]المرفق\w{0,3}|أرفق(?:ت|نا)|مرفق[ ](?:مع|لكم|طيه|بهذ\w{1,3})|تجدون[ ](?:ال)?مرفق\w{0,3})(?!\w)|"
    r"添付(?:しま|いたしま|致しま|の(?:とおり|通り|ファイル)|ファイルをご)|"
    r"첨부(?:합니다|해[ ]?드|했습니다|드립니다|[ ]?파일을[ ]?(?:확인|참[조고]))",
    re.IGNORECASE,
)


def numbers(text: str, policy: Policy) -> tuple[int, ...]:
    """The numbers that a text names as cases: in a mailbox's tag, or after the word for a case."""
    tagged = (n for mailbox in policy.mailboxes for n in subject.numbers(text, mailbox.tag))
    return tuple(dict.fromkeys((*tagged, *(int(n) for n in _CASE.findall(text)))))


def doubts(
    text: str, case: CaseView, desk: Desk, notes: Sequence[str], told: Sequence[str], *, has_files: bool
) -> tuple[Problem, ...]:
    """Why this text should not go to the customer unseen; () for nothing.

    `notes` are the internal notes of the case, `told` what people outside have written or been sent: words that stand
    there are no secret.
    """
    found: list[Problem] = []
    found += [Problem("leak_private_address", {"word": word}) for word in _private(text, case, desk.policy)]
    if _tells(text, notes, told):
        found.append(Problem("leak_note", {}))
    found += [Problem("leak_case_number", {"number": str(n)}) for n in _others(text, case, desk)]
    found += [Problem("leak_command", {"word": word}) for word in dict.fromkeys(_COMMAND.findall(text))]
    if not has_files and _SAYS_ATTACHED.search(text.replace("\n", " ")):
        found.append(Problem("leak_attachment", {}))
    return tuple(found)


def _private(text: str, case: CaseView, policy: Policy) -> Iterator[str]:
    """Agents' own addresses, each once. Somebody who is on the case under theirs has given it away already."""
    for word in dict.fromkeys(found.rstrip(".-") for found in _ADDRESS.findall(text)):
        if policy.agent_of(word) and not case.knows(word):
            yield word


def _others(text: str, case: CaseView, desk: Desk) -> list[int]:
    """Other cases that exist. Those of the same customer, and the chain this case stands in, are no secret to them."""
    known = {case.number, *desk.chain}
    other = (desk.cases[n] for n in numbers(text, desk.policy) if n in desk.cases)
    return [c.number for c in other if c.number not in known and c.requester.key != case.requester.key]


def _tells(text: str, notes: Iterable[str], told: Iterable[str]) -> bool:
    secret = {s for note in notes for s in _shingles(note, whole=True)}
    if not secret:
        return False
    secret -= {s for other in told for s in _shingles(other, lengths={len(s) for s in secret})}
    return not secret.isdisjoint(_shingles(text, lengths={len(s) for s in secret}))


def _shingles(text: str, *, whole: bool = False, lengths: Iterable[int] = ()) -> Iterator[tuple[str, ...]]:
    """Every run of WORDS words (LETTERS letters where no blanks are set); `whole` also a shorter text as a whole.

    `lengths` asks for runs of those lengths instead: at most a handful, so the work stays linear.
    """
    folded = text.casefold()
    letters = _LETTER.findall(folded)
    words = _WORD.findall(_LETTER.sub(" ", folded))
    for tokens, usual in ((words, WORDS), (letters, LETTERS)):
        sizes = set(lengths) or {usual}
        if whole and SHORTEST <= len(tokens) < usual:
            sizes = {len(tokens)}
        for size in sizes:
            yield from (tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1))
