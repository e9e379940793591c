"""What the stories share: how people open cases and answer, and what a whole life of a case looks like from outside."""

from __future__ import annotations

import contextlib
import email
import email.policy
import io
import re
import sys
from collections import Counter
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any

from mailcase.cli.main import main
from mailcase.config import load
from mailcase.core.act import Words
from mailcase.core.command import COMMANDS, Order
from mailcase.operate import Operator
from mailcase.store import outbox
from mailcase.store.listing import CaseFilter, list_cases
from tests.servers.sink import Sink
from tools.desk import Desk, text_of

ANNA, CARL = "Anna Berg <anna@example.org>", "Carl <carl@example.net>"
BOB, SUE = "Bob <bob@staff.example>", "Sue <sue@staff.example>"
HOLIDAY = {"Auto-Submitted": "auto-replied"}


class SinkDesk(Desk):
    """A desk that sends by SMTP, through `to`, or straight into the sink. What people get is what the sink took."""

    def __init__(self, sink: Sink, port: int = 0, **settings: str) -> None:
        super().__init__(send=f"smtp://127.0.0.1:{port or sink.port}", **settings)
        self.sink = sink

    def _outgoing(self) -> list[tuple[str, EmailMessage]]:
        found = []
        for number, mail in enumerate(list(self.sink.mails)):
            parsed = email.message_from_bytes(mail.raw, policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            found.append((str(number), parsed))
        return found


def command(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of a command: what a process would print, without its start."""
    outputs = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    before = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["mailcase", *arguments], io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    code: object = 0
    try:
        with contextlib.redirect_stdout(outputs[0]), contextlib.redirect_stderr(outputs[1]):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.argv, sys.stdin = before
    out, err = (o.buffer.getvalue().decode("utf-8", "replace") for o in outputs)  # type: ignore[attr-defined]
    return int(code or 0) if isinstance(code, int | None) else 1, out, err


def opened(
    desk: Desk, subject: str, sender: str = ANNA, to: str = "support@example.com"
) -> tuple[int, EmailMessage, EmailMessage]:
    """A new case: its number, the customer's acknowledgement and the agent's copy."""
    desk.write(sender, subject, f"Hello, about {subject}.", to=to)
    copy = desk.read("bob@staff.example", f"about {subject}")
    number = case_of(copy)
    acknowledged = desk.read(sender.rpartition("<")[2].rstrip(">"), f"[Case #{number}]")
    return number, acknowledged, copy


def case_of(mail: EmailMessage) -> int:
    """The case that a mail of the desk names in its subject."""
    found = re.search(r"\[Case #(\d+)\]", mail["Subject"])
    assert found is not None, mail["Subject"]
    return int(found[1])


def becomes(desk: Desk, number: int, status: str) -> None:
    """Wait for a status."""
    desk.wait_for(lambda: desk.case(number)["status"] == status, f"case {number} is {status}")


def moves(desk: Desk, number: int) -> list[tuple[str, str]]:
    """Every change of status, oldest first."""
    return [(h["from_status"], h["to_status"]) for h in desk.case(number)["history"] if h["event"] == "status-changed"]


def events(desk: Desk, number: int) -> Counter[str]:
    """How often each thing happened."""
    return Counter(h["event"] for h in desk.case(number)["history"])


def notes(desk: Desk, number: int) -> list[str]:
    """The texts of all notes."""
    return [m["text"] for m in desk.case(number)["messages"] if m["direction"] == "note"]


def found(desk: Desk, words: str) -> list[dict[str, Any]]:
    """What `search --json` prints, without the cost of a process."""
    with desk.database().read() as conn:
        return list_cases(conn, CaseFilter(search=words))


def ordered(desk: Desk, number: int, **commands: str) -> None:
    """What `case status` and its sisters do, without the cost of a process."""
    operator = Operator(load(desk.config))
    try:
        operator.do(number, "", Order(tuple(operator.check(*one) for one in commands.items())), Words())
    finally:
        operator.database.close()


def restarted(desk: Desk) -> None:
    """kill -9 of the whole daemon, and a new one."""
    desk.kill()
    desk.start()


def whole_life(desk: Desk, subject: str) -> tuple[int, EmailMessage]:
    """From the first mail to closed, through every status, with kills in between. The case and the mail that closed it."""
    number, acknowledged, copy = opened(desk, subject)
    assert desk.case(number)["status"] == "new"
    desk.write(ANNA, "", "And one more thing.", answers=acknowledged)
    copy = desk.read("bob@staff.example", "one more thing")
    assert desk.case(number)["status"] == "new"
    restarted(desk)
    desk.write(BOB, "", "Please try this.", answers=copy)
    answer = desk.read("anna@example.org", "try this")
    becomes(desk, number, "pending")
    desk.write(BOB, "", "Or that.", answers=copy)
    desk.read("anna@example.org", "Or that")
    desk.write(ANNA, "", "It did not help.", answers=answer)
    copy = desk.read("bob@staff.example", "did not help")
    becomes(desk, number, "open")
    desk.write(ANNA, "", "Really not.", answers=answer)
    copy = desk.read("bob@staff.example", "Really not")
    desk.write(BOB, "", "#status open\nWe are still looking.", answers=copy)
    desk.read("anna@example.org", "still looking")
    desk.write(BOB, "", "#postpone 3d\nIn three days there will be a part.", answers=copy)
    waiting = desk.read("anna@example.org", "three days")
    becomes(desk, number, "postponed")
    desk.write(BOB, "", "It may be four.", answers=copy)
    desk.read("anna@example.org", "may be four")
    becomes(desk, number, "pending")
    desk.write(BOB, "", "#postpone 3d", answers=copy)
    becomes(desk, number, "postponed")
    desk.write(ANNA, "", "I need it sooner.", answers=waiting)
    copy = desk.read("bob@staff.example", "sooner")
    becomes(desk, number, "open")
    desk.write(BOB, "", "#resolve", answers=copy)
    asked = desk.read("anna@example.org", "solved")
    becomes(desk, number, "resolved")
    desk.write(BOB, "", "There is also a video of it.", answers=copy)
    desk.read("anna@example.org", "a video")
    assert desk.case(number)["status"] == "resolved"
    desk.write(ANNA, "", "Not at all, the lamp is still red.", answers=asked)
    copy = desk.read("bob@staff.example", "still red")
    becomes(desk, number, "open")
    desk.write(BOB, "", "#resolve\nNow it must be green.", answers=copy)
    asked = desk.read("anna@example.org", "must be green")
    becomes(desk, number, "resolved")
    restarted(desk)
    desk.write(ANNA, "", "Thank you very much!", answers=asked)
    closed = desk.read("anna@example.org", "closed")
    becomes(desk, number, "closed")
    assert desk.case(number)["resolution"] == "confirmed"
    assert moves(desk, number) == [
        ("new", "pending"), ("pending", "open"), ("open", "postponed"), ("postponed", "pending"),
        ("pending", "postponed"), ("postponed", "open"), ("open", "resolved"), ("resolved", "open"),
        ("open", "resolved"), ("resolved", "closed"),
    ]  # fmt: skip
    return number, closed


def follow_ups(desk: Desk, number: int, closed: EmailMessage) -> int:
    """F1-F5 and F7 on a closed case of Anna's. The number of its follow-up case."""
    desk.write(ANNA, "", "It is red again.", answers=closed)
    told = desk.read("anna@example.org", "continues")
    new = int(desk.case(number)["follow_ups"][0])
    assert desk.case(number)["status"] == "closed"
    assert f"[Case #{new}]" in told["Subject"]
    assert f"#{number}]" not in told["Subject"]
    assert str(closed["Message-ID"]) in str(told["References"])
    follow, before = desk.case(new), desk.case(number)
    assert (follow["status"], follow["follow_up_of"], follow["assignee"]) == ("new", number, before["assignee"])
    assert f"Follow-up case created from case {number}" in notes(desk, new)
    assert f"Follow-up case {new} created" in notes(desk, number)

    restarted(desk)
    desk.write(ANNA, "", "And it hums.", answers=closed)
    desk.read("bob@staff.example", "it hums")
    assert desk.case(number)["follow_ups"] == [new]
    assert "it hums" in desk.case(new)["messages"][-1]["text"]

    queued = mails_written(desk)
    desk.write(ANNA, "", "I am on holiday.", answers=closed, headers=HOLIDAY)
    desk.wait_for(lambda: desk.case(number)["messages"][-1]["automatic"], "the holiday notice is filed")
    assert mails_written(desk) == queued
    assert desk.case(number)["follow_ups"] == [new]
    return new


def mails_written(desk: Desk) -> int:
    """How many mails the desk has ever put into its outbox."""
    with desk.database().read() as conn:
        return len(outbox.items(conn, None, None, 100_000))


def sent_twice(desk: Desk) -> set[str]:
    """Message-IDs that left more than once."""
    ids = Counter(str(mail["Message-ID"]) for mail in desk.inbox("@"))
    return {i for i, n in ids.items() if n > 1}


def leaked(desk: Desk, *secrets: str) -> list[str]:
    """What of these customers were sent, and nobody should have been."""
    customers = (*desk.inbox("@example.org"), *desk.inbox("@example.net"))
    return [word for mail in customers for word in secrets if word in mail.as_string() + text_of(mail)]


def history_of(desk: Desk, number: int) -> list[str]:
    """A case's history in short, `who what` or `who before -> after`; without what servers said of single mails."""
    lines = []
    for line in desk.case(number)["history"]:
        if line["event"].startswith("mail-") and line["event"] != "mail-suppressed":
            continue
        kind, _, name = line["actor"].partition(":")
        moved = f"{line['from_status']} -> {line['to_status']}" if line["from_status"] else line["event"]
        lines.append(f"{name.partition('@')[0] or kind} {moved}")
    return lines


# The personal reply tokens and links of agents.
TOKEN_OF_AGENT = re.compile(rb"\+[alh][0-9a-z]{1,10}-[0-9a-z]{3}[a-z2-7]{4}-[a-z2-7]{26}")
_INTERNAL = (b"##-", b"X-Mailcase-Agent", *(f"#{name}".encode() for name in COMMANDS))


def internal_words(desk: Desk, insiders: Sequence[str], secrets: Sequence[str]) -> tuple[int, list[tuple[str, str]]]:
    """(mails that left for somebody outside; what in them is internal, each with the mail's subject).

    Looked for in every byte as it was sent, in the same without soft line breaks, and in each decoded part.
    """
    words = (*_INTERNAL, *(word.encode() for word in secrets))
    seen, found = 0, []
    parsed = dict(desk._outgoing())
    for path in sorted((desk.folder / "outgoing" / "new").iterdir()):
        mail = parsed[path.name]
        if any(address in f"{mail['To']} {mail['Cc'] or ''}" for address in insiders):
            continue
        seen += 1
        raw = path.read_bytes()
        parts = [part.get_payload(decode=True) or b"" for part in mail.walk() if not part.is_multipart()]
        for data in (raw, raw.replace(b"=\r\n", b"").replace(b"=\n", b""), *parts):
            assert isinstance(data, bytes)
            found += [(word.decode(), str(mail["Subject"])) for word in words if word in data]
            found += [(token.decode(), str(mail["Subject"])) for token in TOKEN_OF_AGENT.findall(data)]
    return seen, found
