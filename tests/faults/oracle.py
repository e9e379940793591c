"""Compares what was promised with what is in the store and at the smarthost: lost, twice, half."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mailcase.store.audit import audit, integrity
from tests.faults.clients import Letter
from tests.faults.desk import FaultDesk


@dataclass(frozen=True)
class Verdict:
    """What was found. `copies` counts mails that the smarthost got once more than needed."""

    promised: int
    lost: int
    twice: int
    copies: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.promised} mails: {self.lost} lost, {self.twice} twice, {self.copies} copies at the smarthost"


def judge(desk: FaultDesk, promised: Iterable[Letter]) -> Verdict:
    """The verdict once everything has settled: every promised mail is one row, one message, one case, one
    acknowledgement; every mail at the smarthost is byte for byte the one in the outbox."""
    letters = list(promised)
    stored = Counter(bytes(raw) for (raw,) in desk.rows("SELECT raw.data FROM spool JOIN raw ON raw.id = raw_id"))  # type: ignore[arg-type]
    lost = [sent for sent in letters if sent.raw not in stored]
    problems = [f"stored twice: {raw[:80]!r}" for raw, count in stored.items() if count > 1]
    twice = len(problems)
    messages = Counter(str(mid) for (mid,) in desk.rows("SELECT message_id FROM message WHERE direction = 'incoming'"))
    wrong = [sent for sent in letters if messages[sent.message_id] != 1]
    problems += [f"{sent.message_id} is {messages[sent.message_id]} messages" for sent in wrong]
    requesters = Counter(str(address) for (address,) in desk.rows("SELECT requester_address FROM cases"))
    problems += [f"{s.sender} has {requesters[s.sender]} cases" for s in letters if requesters[s.sender] != 1]
    thanks = "SELECT r.address FROM outbox_recipient r JOIN outbox o ON o.id = outbox_id WHERE kind = 'acknowledgement'"
    acknowledged = Counter(str(address) for (address,) in desk.rows(thanks))
    problems += [f"{s.sender} has {acknowledged[s.sender]} acknowledgements" for s in letters
                 if acknowledged[s.sender] != 1]  # fmt: skip
    twice += sum(n > 1 for n in (*messages.values(), *requesters.values(), *acknowledged.values()))
    copies, wrong_mail = _at_the_smarthost(desk)
    problems += wrong_mail
    with desk.store.read() as conn:
        found = audit(conn)
        problems += found["problems"] + integrity(conn)
    if found["unaccounted"] or found["waiting"]:
        problems.append(f"{found['unaccounted']} unaccounted, {found['waiting']} waiting")
    return Verdict(len(letters), len(lost), twice, copies, tuple(problems))


def _at_the_smarthost(desk: FaultDesk) -> tuple[int, list[str]]:
    """How many copies too many, and what is wrong with them."""
    if desk.sink is None:
        return 0, []
    got: dict[bytes, list[bytes]] = defaultdict(list)
    for mail in desk.sink.mails:
        message_id = next(line for line in mail.raw.split(b"\r\n") if line.lower().startswith(b"message-id:"))
        got[message_id.partition(b"<")[2].partition(b">")[0]].append(mail.raw)
    wanted = {
        str(mid).encode(): bytes(raw)  # type: ignore[call-overload]
        for mid, raw in desk.rows(
            "SELECT message_id, raw.data FROM outbox JOIN raw ON raw.id = raw_id WHERE state = 'sent'"
        )
    }
    problems = [f"never arrived: {mid!r}" for mid in wanted.keys() - got.keys()]
    problems += [f"arrived and is not in the outbox as sent: {mid!r}" for mid in got.keys() - wanted.keys()]
    problems += [f"other bytes than in the outbox: {mid!r}" for mid, raws in got.items()
                 if mid in wanted and any(raw.rstrip() != wanted[mid].rstrip() for raw in raws)]  # fmt: skip
    return sum(len(raws) - 1 for raws in got.values()), problems
