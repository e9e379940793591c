"""Whatever a mail holds: reading it never raises, and costs no more than its length (attacks F2, F4)."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.message import Address, Envelope, Kind, Mail, Ours, Part
from mailcase.core.reading.classify import answerable
from mailcase.core.reading.dsn import read_bounce
from tests.core.verdict import classify

OURS = Ours(frozenset({"support@desk.example"}), "desk-7f3a")
TYPES = ["text/plain", "text/html", "message/delivery-status", "message/rfc822", "text/rfc822-headers", "text/calendar"]
NAMES = [
    "from",
    "return-path",
    "auto-submitted",
    "precedence",
    "x-loop",
    "list-id",
    "x-failed-recipients",
    "x-amz-sns-message-id",
]
PIECES = [
    "Final-Recipient: rfc822; a@b.example\n",
    "Action: failed\n",
    "Status: 5.1.1\n",
    "<a@b.example>:\n",
    "a@b.example\n",
    "----- Original message -----\n",
    "Received: from x\n",
    "\n",
    " ",
    "550 5.1.1 <",
    "@",
    ">",
    "(",
    '"',
    "=",
    "RCPT TO:",
    "could not be delivered to: ",
    "This message was created automatically by mail delivery software\n",
    "{",
    "é",
    "\ufffd",
    "\x00",
    "\r",
    "METHOD:REPLY\n",
    "Message-ID: <x@desk.example>\n",
    "To: a@b.example\n",
]
text = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200)
part = st.builds(Part, st.sampled_from(TYPES), text, depth=st.integers(0, 1))
header = st.tuples(st.sampled_from(NAMES), text)
address = st.builds(Address, st.just(""), text)
mail = st.builds(
    Mail,
    headers=st.lists(header, max_size=8).map(tuple),
    subject=text,
    sender=st.none() | address,
    authors=st.lists(address, max_size=2).map(tuple),
    to=st.lists(address, max_size=2).map(tuple),
    content_type=st.sampled_from(["text/plain", "multipart/report", "multipart/mixed"]),
    text=text,
    parts=st.lists(part, max_size=4).map(tuple),
)


@settings(max_examples=80, deadline=None)
@given(mail, st.sampled_from(["", "support@desk.example", "owner-x@y.example"]))
def test_reading_never_raises_and_keeps_its_promises(read: Mail, sender: str) -> None:
    envelope = Envelope(sender, ("support@desk.example",))
    kind, signals = classify(read, envelope, OURS)
    why = answerable(read, envelope, OURS, signals)
    assert kind is Kind.PERSON or why
    bounce = read_bounce(read)
    if bounce:
        assert len({r.address.casefold() for r in bounce.recipients}) == len(bounce.recipients)
        assert all("@" in r.address and len(r.text) <= 500 for r in bounce.recipients)
        assert bounce.permanent or all(r.action != "failed" for r in bounce.recipients)


def hostile(piece: str, size: int) -> list[Mail]:
    """Mails that are one piece over and over, in every place that is looked at."""
    big = (piece * (size // len(piece) + 1))[:size]
    opening = "The following addresses had permanent errors:\n"
    headers = (("from", "MAILER-DAEMON@x.example"), *((name, big[:32_000]) for name in NAMES))
    words, status = Part("text/plain", opening + big), Part("message/delivery-status", big)
    shapes = (
        ("multipart/report", (words, status, Part("message/rfc822", big[:65_536]))),
        ("text/html", (Part("text/html", opening + big),)),
        ("text/calendar", (Part("text/calendar", big),)),
    )
    usual = Mail(headers=headers, subject=big[:32_000], authors=(Address("", big[:32_000]),), text=big)
    return [replace(usual, content_type=kind, parts=parts) for kind, parts in shapes]


def seconds(mails: list[Mail]) -> float:
    """CPU time for reading them, the lesser of two runs."""
    runs = []
    for _ in range(2):
        start = time.process_time()
        for read in mails:
            classify(read, Envelope("x@y.example"), OURS)
        runs.append(time.process_time() - start)
    return min(runs)


PATHOLOGICAL = [
    *("a", "@", "<", "a@", "-", "\n", ":\n", "a@b\n", " ", "(", "[", "5.1.1.", "'\"<", '{"a":', "<br", "no-", "-owner"),
    *("RCPT TO:<a@b>\n", "recipient: ", "delivered to ", "Received: x\n", "Message-ID: <x", " ab  X NAME@a.b\n"),
    "Final-Recipient: rfc822; a@b\nAction: failed\n",
]


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", PATHOLOGICAL)
def test_a_megabyte_costs_at_most_in_proportion(piece: str) -> None:
    short, long = seconds(hostile(piece, 100_000)), seconds(hostile(piece, 1_000_000))
    # Ten times the text: three times as much is left for noise on very short runs.
    assert long < 30 * short + 0.05
