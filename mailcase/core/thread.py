"""Which case does a mail belong to? Evidence in order of trust (T1-T4). The look-up itself is the store's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailcase.core import subject as subjects
from mailcase.core import token as tokens
from mailcase.core.decision import CaseView
from mailcase.core.message import Envelope, Mail
from mailcase.core.policy import Mailbox, Policy


@dataclass(frozen=True, slots=True)
class Keys:
    """What in a mail may point at a case, before anything is looked up.

    `token` is a verified one from a recipient address; `numbers` stand in the subject in our tag, the own mailbox's
    first; `ids` are Message-IDs, In-Reply-To first, then References from the last to the first.
    """

    token: tokens.Token | None = None
    token_for: str = ""
    numbers: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A Message-ID that the store knows: on which case, and whether the mail was ours."""

    message_id: str
    case: int
    ours: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a mail belongs: `case` is None when nothing was found. `evidence` and `doubts` go into the history (T6).

    `evidence` is token, subject, own-id or foreign-id, with what was found behind a colon.
    """

    case: CaseView | None = None
    evidence: str = ""
    doubts: tuple[str, ...] = ()


NOWHERE = Thread()


def keys(mail: Mail, envelope: Envelope, mailbox: Mailbox, policy: Policy, now: datetime) -> Keys:
    """All evidence in a mail. Tokens are verified here: a forged one is no evidence at all."""
    token, token_for = _token(mail, envelope, policy, now)
    own = subjects.numbers(mail.subject, mailbox.tag)
    others = (subjects.numbers(mail.subject, m.tag) for m in policy.mailboxes if m.tag != mailbox.tag)
    found = dict.fromkeys((*own, *(n for some in others for n in some)))
    ids = dict.fromkeys((*mail.in_reply_to, *reversed(mail.references)))
    return Keys(token, token_for, tuple(found), tuple(ids))


def _token(mail: Mail, envelope: Envelope, policy: Policy, now: datetime) -> tuple[tokens.Token | None, str]:
    """The first believable token among the recipients. The envelope is asked before the header fields."""
    sender = mail.sender.key if mail.sender else ""
    agent = policy.agent_of(sender) if sender else None
    headers = (a.address for a in (*mail.to, *mail.cc))
    for address in dict.fromkeys((*envelope.recipients, *headers)):
        token = tokens.parse(tokens.plus_part(address))
        if token is None or policy.mailbox_of(address) is None:
            continue
        bound = agent.name if agent and token.kind in tokens.OF_AGENTS else ""
        if token.kind in tokens.OF_AGENTS and not bound:
            continue
        if tokens.verify(token, policy.secrets, now, policy.token_days, bound):
            return token, bound
    return None, ""


def choose(found: Keys, cases: Mapping[int, CaseView], known: Iterable[Known], sender: str) -> Thread:
    """The case that the strongest evidence names (T1). `cases` holds every case that any evidence points at.

    Where evidence disagrees the first wins and the others are doubts. Cases are already followed through merges (T4).
    """
    hits: list[tuple[CaseView, str]] = []
    if found.token and found.token.kind != tokens.HOLD:
        hits += [(c, "token") for c in (cases.get(found.token.number),) if c]
    hits += _by_subject(found.numbers, cases, sender)
    hits += _by_ids(found.ids, cases, list(known), sender)
    if not hits:
        return NOWHERE
    case, evidence = hits[0]
    doubts = dict.fromkeys(f"{why} says case {c.number}" for c, why in hits if c.number != case.number)
    return Thread(case, evidence, tuple(doubts))


def _by_subject(numbers: Sequence[int], cases: Mapping[int, CaseView], sender: str) -> list[tuple[CaseView, str]]:
    existing = [(cases[n], f"subject:{n}") for n in numbers if n in cases]
    familiar = [hit for hit in existing if sender and hit[0].knows(sender)]
    return familiar[:1] + [hit for hit in existing if hit not in familiar[:1]]


def _by_ids(
    ids: Sequence[str], cases: Mapping[int, CaseView], known: list[Known], sender: str
) -> list[tuple[CaseView, str]]:
    """Our own Message-IDs before foreign ones; one id on two cases means one that knows the sender, else the newer.

    Anybody can send a mail with somebody else's Message-ID: that must not draw the answers to the other onto its case.
    """
    hits: list[tuple[CaseView, str]] = []
    for ours, word in ((True, "own-id"), (False, "foreign-id")):
        for message_id in ids:
            named = [cases[k.case] for k in known if k.message_id == message_id and k.ours is ours and k.case in cases]
            named.sort(key=lambda c: (bool(sender) and c.knows(sender), c.number), reverse=True)
            hits += [(c, f"{word}:{message_id}") for c in named]
    return hits
