"""Delivery reports: whole mails of `tests/mail`, the fields of RFC 3464, and which mail they are about (R5)."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailcase.core.message import Envelope, Kind, Mail, Ours
from mailcase.core.reading.dsn import is_failure, plain, read_bounce, standard_recipients
from mailcase.core.reading.dsn_notice import read_notice
from mailcase.core.reading.parse import read_mail
from tests.core.verdict import classify

MAILS = Path(__file__).parent.parent / "mail"
OURS = Ours(frozenset({"support@desk.example"}), "desk-7f3a")
ANN, BEA = "ann@customer.example", "bea@customer.example"
OUR_ID = "c1042.a1@desk.example"
X = Kind.BOUNCE

GOLDEN = {
    # file: (kind, permanent, [(address, action, status)], original Message-ID); None for no report
    "bounce-postfix": (X, True, [(ANN, "failed", "5.1.1")], OUR_ID),
    "bounce-delayed": (X, False, [("carl@slow.example", "delayed", "4.4.1")], "c1050.b7@desk.example"),
    "bounce-mixed-fates": (
        X,
        True,
        [(ANN, "failed", "5.2.2"), (BEA, "delayed", "4.4.7"), ("cid@customer.example", "relayed", "2.1.9")],
        OUR_ID,
    ),
    "bounce-delivered": (Kind.AUTOMATIC_REPLY, False, [(ANN, "delivered", "2.0.0")], OUR_ID),
    "bounce-doubtful-recipient": (X, True, [], "c1060.c3@desk.example"),
    "bounce-smtputf8": (X, True, [("zoë@müller.example", "failed", "5.6.7")], ""),
    "bounce-exim-words": (X, True, [(ANN, "failed", "5.2.1"), (BEA, "failed", "5.2.2")], OUR_ID),
    "bounce-qmail-words": (X, True, [(ANN, "failed", "5.7.1")], OUR_ID),
    "bounce-exchange-words": (X, True, [("ann@corp.example", "failed", "5.1.10")], OUR_ID),
    "bounce-webmail-words": (X, False, [(ANN, "delayed", "")], OUR_ID),
    "bounce-james-words": (X, True, [(ANN, "failed", "")], OUR_ID),
    "bounce-japanese-words": (X, True, [("ann@mobile.example", "failed", "")], ""),
    "bounce-lost-mime": (X, True, [(ANN, "failed", "5.7.26")], OUR_ID),
    "bounce-sieve-reject": (X, True, [(ANN, "failed", "5.2.2")], OUR_ID),
    "bounce-ses-notice": (X, True, [(ANN, "failed", "5.1.1")], OUR_ID),
    "bounce-forged-by-mail-form": (Kind.PERSON, None, [], ""),
    "bounce-passed-on-by-a-person": (Kind.PERSON, None, [], ""),
    "bounce-refused-list-mail": (Kind.AUTOMATIC_REPLY, None, [], ""),
    "machine-out-of-office": (Kind.AUTOMATIC_REPLY, None, [], ""),
    "machine-left-the-company": (Kind.AUTOMATIC_REPLY, None, [], ""),
    "machine-read-receipt": (Kind.AUTOMATIC_REPLY, None, [], ""),
    "machine-desk-acknowledgement": (Kind.AUTOMATIC_REPLY, None, [], ""),
    "machine-calendar-reply": (Kind.AUTOMATIC_REPLY, None, [], ""),
    "machine-list-post": (Kind.BULK, None, [], ""),
    "machine-complaint": (Kind.BULK, None, [], ""),
    "machine-own-mail-back": (Kind.LOOP, None, [], ""),
}


def golden(name: str) -> Mail:
    return read_mail((MAILS / f"{name}.eml").read_bytes())


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_mails(name: str) -> None:
    kind, permanent, recipients, original = GOLDEN[name]
    mail = golden(name)
    bounce = read_bounce(mail)
    assert classify(mail, Envelope(), OURS)[0] is kind
    if permanent is None:
        assert bounce is None
        return
    assert bounce is not None
    assert bounce.permanent is permanent
    assert [(r.address, r.action, r.status) for r in bounce.recipients] == recipients
    assert bounce.original_message_id == original


def test_every_golden_mail_of_this_kind_is_in_the_table() -> None:
    assert {p.stem for kind in ("bounce", "machine") for p in MAILS.glob(f"{kind}-*.eml")} == set(GOLDEN)


def test_the_servers_own_words_and_the_returned_headers_are_kept() -> None:
    bounce = read_bounce(golden("bounce-postfix"))
    assert bounce is not None
    assert bounce.recipients[0].text == "550 5.1.1 <ann@customer.example>: no mailbox of that name"
    assert "Subject: Re: [Case #1042] Invoice 4711" in bounce.original_headers
    assert "Dear Ann" not in bounce.original_headers


def test_a_confirmation_of_delivery_is_no_failure() -> None:
    delivered, late = read_bounce(golden("bounce-delivered")), read_bounce(golden("bounce-delayed"))
    assert delivered is not None
    assert late is not None
    assert not is_failure(delivered)
    assert is_failure(late)


def test_the_report_of_our_own_postmaster_is_a_bounce_and_no_loop() -> None:
    ours = Ours(frozenset({"support@desk.example", "mailer-daemon@out.desk.example"}))
    assert classify(golden("bounce-postfix"), Envelope(), ours)[0] is Kind.BOUNCE


def test_a_report_inside_an_attached_mail_is_the_attached_mails_affair() -> None:
    mail = golden("bounce-postfix")
    inner = tuple(replace(part, depth=part.depth + 1) for part in mail.parts)
    person = Mail(headers=(("from", "Bea <bea@customer.example>"),), content_type="multipart/mixed", parts=inner)
    assert read_bounce(person) is None


FIELDS = [
    # fields of one recipient, (address, action, status), refused
    ("Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1", ("a@b.example", "failed", "5.1.1"), False),
    ("Final-Recipient: RFC822;a@b.example\nAction: Failed\nStatus: 5.1.1", ("a@b.example", "failed", "5.1.1"), False),
    ("Final-Recipient: <a@b.example>\nAction: failed", ("a@b.example", "failed", ""), False),
    (
        "Final-Recipient: rfc822; <a@b.example>\nAction: failure\nStatus: 553 too big",
        ("a@b.example", "failed", ""),
        False,
    ),
    ("Final-Recipient: rfc822; a@b.example\nAction: error", ("a@b.example", "failed", ""), False),
    ("Final-Recipient: rfc822; a@b.example\nAction: expired", ("a@b.example", "failed", ""), False),
    ("Final-Recipient: rfc822; a@b.example\nStatus: 4.4.7", ("a@b.example", "delayed", "4.4.7"), False),
    ("Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 4.4.7", ("a@b.example", "failed", "4.4.7"), False),
    (
        "Final-Recipient: rfc822; a@b.example\nAction: expanded\nStatus: 2.0.0",
        ("a@b.example", "expanded", "2.0.0"),
        False,
    ),
    (
        "Final-Recipient: rfc822; x@y.example\nOriginal-Recipient: rfc822; a@b.example\nAction: failed",
        ("a@b.example", "failed", ""),
        False,
    ),
    ("Original-Recipient: <a@b.example>\nAction: failed", ("a@b.example", "failed", ""), False),
    ("Final-Recipient: rfc822; a@[192.0.2.1]\nAction: failed", ("a@[192.0.2.1]", "failed", ""), False),
    (
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.2.1 off",
        ("a@b.example", "failed", "5.2.1"),
        False,
    ),
    (
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 450 4.2.1 off",
        ("a@b.example", "failed", "5.0.0"),
        False,
    ),
    ("Final-Recipient: rfc822;|/usr/bin/filter a@b.example\nAction: failed", None, False),
    ("Final-Recipient: a@b.example\nAction: failed", None, True),
    ("Final-Recipient: rfc822; zoë@b.example\nAction: failed", None, True),
    ("Final-Recipient: rfc822; \ufffd\ufffd@b.example\nAction: failed", None, True),
    ("Action: failed\nStatus: 5.1.1", None, False),
    ("Final-Recipient: rfc822; a@b.example", None, False),
    ("", None, False),
]


@pytest.mark.parametrize(("text", "read", "refused"), FIELDS)
def test_fields_of_a_recipient(text: str, read: tuple[str, str, str] | None, refused: bool) -> None:
    recipients, doubtful = standard_recipients(f"Reporting-MTA: dns; x.example\n\n{text}\n")
    assert [(r.address, r.action, r.status) for r in recipients] == ([read] if read else [])
    assert bool(doubtful) is refused


def test_groups_are_told_apart_with_and_without_blank_lines() -> None:
    groups = [f"Final-Recipient: rfc822; {name}@b.example\nAction: failed\nStatus: 5.1.{name}\n" for name in "123"]
    for text in ("\n".join(groups), "".join(groups), "\n\n".join("".join(groups).splitlines())):
        recipients, _ = standard_recipients(text)
        assert [(r.address, r.status) for r in recipients] == [(f"{n}@b.example", f"5.1.{n}") for n in "123"]


@pytest.mark.parametrize(
    ("notice", "read"),
    [
        (
            '{"eventType":"Bounce","bounce":{"bounceType":"Transient","bouncedRecipients":[{"emailAddress":"a@b.example"}]}}',
            (False, "delayed"),
        ),
        ('{"notificationType":"Delivery","delivery":{"recipients":["a@b.example"]},"mail":{}}', (False, "delivered")),
        (
            '{"deliveryDelay":{"delayedRecipients":[{"emailAddress":"a@b.example","status":"4.4.1"}]}}',
            (False, "delayed"),
        ),
        (
            '{"Message":"{\\"bounce\\":{\\"bouncedRecipients\\":[{\\"emailAddress\\":\\"a@b.example\\"}]}}"}',
            (True, "failed"),
        ),
        (
            '{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"a@b.example"}]}}',
            None,
        ),
        ('{"bounce":{"bouncedRecipients":[{"emailAddress":"not an address"},7,null]}}', None),
        ('{"bounce":[1]}', None),
        ('{"bounce":', None),
        ("[" * 50_000, None),
        ("[]", None),
        ("", None),
    ],
)
def test_notices_of_providers(notice: str, read: tuple[bool, str] | None) -> None:
    bounce = read_notice(notice)
    assert (bounce and (bounce.permanent, bounce.recipients[0].action)) == read


def test_html_becomes_words() -> None:
    assert plain("<style>a@b{}</style><p>x&nbsp;&lt;a@b.example&gt;</p>y<br/>z").split() == [
        "x",
        "<a@b.example>",
        "y",
        "z",
    ]
