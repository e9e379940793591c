"""No mail of ours ends early on the wire, whatever an agent writes (S25); the doors are tried in tests/intake."""

from __future__ import annotations

import pytest

from mailcase.config import Send
from mailcase.outgoing.smarthost import open_way
from tests.agents.room import Room, answer, parsed, reply_to, text_of
from tests.servers.sink import Sink

HIDDEN = "MAIL FROM:<boss@example.com>\nRCPT TO:<victim@example.org>\nDATA\nSubject: Pay\n\nNow.\n"
ENDS = (
    "\n.\n",
    "\r\n.\r\n",
    "\r.\r",
    "\n.\r\n",
    "\r\n.\n",
    "\n..\n",
    "\n. \n",
    "\n\n.\n\n",
    "\u2028.\u2028",
    "\x0b.\x0b",
    "\x85.\x85",
)


@pytest.mark.parametrize("end", ENDS, ids=range(len(ENDS)))
def test_S25_a_relayed_answer_is_one_mail(room: Room, end: str) -> None:
    _, copy = room.opened()
    before = room.last()
    raw = answer(copy, "MARK").as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head, _, _ = raw.replace(b'charset="us-ascii"', b'charset="utf-8"').replace(b"7bit", b"8bit").partition(b"\r\n\r\n")
    room.deliver(head + b"\r\n\r\n" + f"First{end}{HIDDEN}Last".encode(), to=reply_to(copy), source="imap")
    (item,) = [item for item in room.sent(before) if item.kind == "answer"]
    with Sink() as sink, open_way(Send(to=f"smtp://127.0.0.1:{sink.port}")) as way:
        way.send(item)
        (mail,) = sink.mails
        assert mail.recipients == ("anna@example.org",)
        verbs = [command.split(":")[0].upper() for command in sink.commands]
        assert [v for v in verbs if v in ("MAIL FROM", "RCPT TO", "DATA")] == ["MAIL FROM", "RCPT TO", "DATA"]
    text = text_of(parsed(mail.raw))
    assert "First" in text
    assert "Last" in text
