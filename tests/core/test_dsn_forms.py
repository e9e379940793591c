"""Delivery reports in words: one short sample for each way that servers name whom a mail did not reach (R5)."""

import pytest

from mailcase.core.reading.dsn import read_bounce
from mailcase.core.reading.dsn_delay import says_delayed
from mailcase.core.reading.dsn_forms import failure_status
from mailcase.core.reading.dsn_original import divides, header_block, split_report
from mailcase.core.reading.parse import read_mail

ANN, BEA = "ann@customer.example", "bea@customer.example"
DAEMON, POST = "MAILER-DAEMON@mx.example", "postmaster@mx.example"

FORMS = [
    # server or kind, sender, subject, report, (address, status) of each recipient
    (
        "sendmail 8",
        DAEMON,
        "Returned mail: User unknown",
        f"""
   ----- The following addresses had permanent fatal errors -----
<{ANN}>

   ----- Transcript of session follows -----
... while talking to mx.customer.example.:
>>> RCPT To:<{ANN}>
<<< 550 5.1.1 <{ANN}>... User unknown
""",
        [(ANN, "5.1.1")],
    ),
    (
        "sendmail 5",
        DAEMON,
        "Returned mail: Host unknown",
        f"""
   ----- Transcript of session follows -----
550 customer.example (smtp)... 550 Host unknown
554 <{ANN}>... 550 Host unknown (Authoritative answer from name server)

   ----- Unsent message follows -----
From: support@desk.example
""",
        [(ANN, "")],
    ),
    (
        "qmail, two",
        DAEMON,
        "failure notice",
        f"""
Hi. This is the qmail-send program at mx.example.

<{ANN}>:
Sorry, no mailbox here by that name. (#5.1.1)

<{BEA}>:
Sorry, I couldn't find any host named customer.example. (#5.1.2)
""",
        [(ANN, "5.1.1"), (BEA, "5.1.2")],
    ),
    (
        "Exim, remote",
        DAEMON,
        "Mail delivery failed: returning message to sender",
        f"""
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. The following address(es) failed:

  {ANN}
    SMTP error from remote mail server after MAIL FROM:<support@desk.example> SIZE=1543:
    host mx.customer.example [192.0.2.20]: 550 5.7.0 <support@desk.example>... not from there
""",
        [(ANN, "5.7.0")],
    ),
    (
        "Exim, expanded",
        DAEMON,
        "Mail delivery failed",
        f"""
A message sent by

  <support@desk.example>

could not be delivered to one or more of its recipients. The following
address(es) failed:

  {ANN}
    (ultimately generated from info@customer.example)
    all hosts have been failing for a long time
""",
        [(ANN, "")],
    ),
    (
        "Postfix, expanded",
        DAEMON,
        "Undelivered Mail Returned to Sender",
        f"""
This is the Postfix program at host mx.example.

For further assistance, please contact <postmaster@mx.example>

<{ANN}> (expanded from <info@customer.example>): host
    mx.customer.example[192.0.2.3] said: 552 5.2.2 full
""",
        [(ANN, "5.2.2")],
    ),
    (
        "Exchange 5.5",
        POST,
        "Undeliverable: Invoice",
        f"""
Your message

  To:      info@customer.example
  Subject: Invoice
  Sent:    Mon, 16 Nov 2026 09:00:00 +0000

did not reach the following recipient(s):

{ANN} on Mon, 16 Nov 2026 09:00:05 +0000
    The recipient name is not recognized
    MSEXCH:IMS:CORP:SITE:HUB 0 (000C05A6) Unknown Recipient
""",
        [(ANN, "")],
    ),
    (
        "Exchange 5.5, X.400",
        POST,
        "Undeliverable: Invoice",
        f"""
did not reach the following recipient(s):

c=DE;a= ;p=CORP;o=Site;dda:SMTP={ANN}; on Mon, 16 Nov 2026
09:00:05 +0000
    The recipient name is not recognized
""",
        [(ANN, "")],
    ),
    (
        "Exchange 2010",
        POST,
        "Undeliverable: Invoice",
        f"""
Delivery has failed to these recipients or groups:

Ann Bell<mailto:{ANN}>
The e-mail address you entered couldn't be found.

Diagnostic information for administrators:

Generating server: hub.customer.example

{ANN}
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##
""",
        [(ANN, "5.1.1")],
    ),
    (
        "IIS",
        POST,
        "Delivery Status Notification (Failure)",
        f"""
This is an automatically generated Delivery Status Notification.

Delivery to the following recipients failed.

       {ANN}
""",
        [(ANN, "")],
    ),
    (
        "Domino",
        POST,
        "DELIVERY FAILURE: User ann not listed in Domino Directory",
        f"""
Your message

  Subject: Invoice

was not delivered to:

  {ANN}

because:

  User ann ({ANN}) not listed in Domino Directory
""",
        [(ANN, "")],
    ),
    (
        "Notes 4",
        POST,
        "Undeliverable message",
        f"""
------- Failure Reasons  --------

User not listed in public Name & Address Book
{ANN}

------- Returned Message --------

From: support@desk.example
""",
        [(ANN, "")],
    ),
    (
        "GroupWise",
        "Mail System <mailsystem@customer.example>",
        "Mail delivery failure",
        f"""
The message that you sent was undeliverable to the following:
	{ANN} (user not found)
""",
        [(ANN, "")],
    ),
    (
        "Google",
        DAEMON,
        "Delivery Status Notification (Failure)",
        f"""
Delivery to the following recipient failed permanently:

     {ANN}

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the recipient domain.
The error that the other server returned was: 550 550 5.1.1 no such user (state 14).
""",
        [(ANN, "5.1.1")],
    ),
    (
        "Yahoo",
        DAEMON,
        "Failure Notice",
        f"""
Sorry, we were unable to deliver your message to the following address.

<{ANN}>:
554: 5.7.9 Message not accepted for policy reasons
""",
        [(ANN, "5.7.9")],
    ),
    (
        "OpenSMTPD",
        "Mailer Daemon <MAILER-DAEMON@mx.example>",
        "Delivery status notification: error",
        f"""
    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

{ANN}: 550 5.1.1 no such user
{BEA}: 550 5.2.2 full

    Below is a copy of the original message:

From: support@desk.example
""",
        [(ANN, "5.1.1"), (BEA, "5.2.2")],
    ),
    (
        "dma",
        "MAILER-DAEMON <>",
        "Mail delivery failed",
        f"""
This is the DragonFly Mail Agent v0.13 at df.example.

There was an error delivering your mail to <{ANN}>.

mx.customer.example [192.0.2.25] did not like our RCPT TO:
550 5.7.1 go away

Message headers follow.

From: support@desk.example
""",
        [(ANN, "5.7.1")],
    ),
    (
        "GMX, Kundenserver",
        "MAILER-DAEMON@mail.gmx.example",
        "Mail delivery failed: returning message to sender",
        f"""
A message that you sent could not be delivered to one or more of
its recipients. The following address
failed:

"{ANN}":
SMTP error from remote server after RCPT command:
5.1.1 <{ANN}>... User Unknown

--- The header of the original message is following. ---
""",
        [(ANN, "5.1.1")],
    ),
    (
        "iMail",
        "Postmaster <postmaster@mx.example>",
        "Undeliverable Mail",
        f"""
Unknown user: {ANN}

Original message follows.

From: support@desk.example
""",
        [(ANN, "")],
    ),
    ("iMail, late", POST, "Undeliverable Mail", f"Delivery failed 20 attempts: {ANN}\n", [(ANN, "")]),
    ("MDaemon", "MDaemon@mx.example", "Warning: user unknown", f"{ANN} - no such user here.\n", [(ANN, "")]),
    (
        "MailEnable",
        POST,
        "Message Delivery Failure",
        f"""
MailEnable: Message could not be delivered to some recipients.
The following recipient(s) could not be reached:

	Recipient: [SMTP:{ANN}]
	Reason: Remote SMTP Server Returned: 550 mailbox unavailable
""",
        [(ANN, "")],
    ),
    (
        "MailMarshal",
        POST,
        'Undeliverable Mail: "Invoice"',
        f"""
Your message:
   From:    support@desk.example
   Subject: Invoice

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    {ANN}
""",
        [(ANN, "5.1.1")],
    ),
    (
        "MailFoundry",
        DAEMON,
        "Message delivery has failed",
        f"""
Unable to deliver message to: <{ANN}>
Delivery failed for the following reason:
mx responded with failure: 552 sorry, over quota (#5.2.2)
""",
        [(ANN, "5.2.2")],
    ),
    (
        "McAfee",
        DAEMON,
        "Delivery Status",
        f"""
    --- The following addresses had delivery problems ---

<{ANN}>   (5.1.1 User unknown)
""",
        [(ANN, "5.1.1")],
    ),
    (
        "InterScan",
        '"InterScan MSS" <postmaster@mx.example>',
        "Mail could not be delivered",
        f"""
Sent <<< RCPT TO:<{ANN}>
Received >>> 550 5.1.1 <{ANN}>... user unknown
""",
        [(ANN, "5.1.1")],
    ),
    (
        "Oracle",
        DAEMON,
        "Delivery Notification: Delivery has failed",
        f"""
This report relates to a message you sent with the following header fields:

  Message-id: <c1042.a1@desk.example>
  To: info@customer.example

Your message cannot be delivered to the following recipients:

  Recipient address: {ANN}
  Reason: Remote SMTP server has rejected address
  Diagnostic code: smtp;550 5.1.1 User Unknown
""",
        [(ANN, "5.1.1")],
    ),
    (
        "LSMTP",
        POST,
        "Undelivered mail",
        f"""
--> Error description:

Error-for:  {ANN}
Error-Code: 0
Error-Text: 554 5.4.6 looping

Error-End:  One error reported.
""",
        [(ANN, "5.4.6")],
    ),
    (
        "Active!hunter",
        DAEMON,
        "FAILURE NOTICE : Invoice",
        f"""
  ----- The following addresses had permanent fatal errors -----

>>> {ANN} <{ANN}>

  ----- Transcript of session follows -----
550 sorry, no mailbox here by that name (#5.1.1 - chkusr)
""",
        [(ANN, "5.1.1")],
    ),
    (
        "Biglobe",
        "postmaster@biglobe.example",
        "Returned mail: User unknown",
        f"""
   ----- The following addresses had delivery problems -----
{ANN}

   ----- Non-delivered information -----
The number of messages in recipient's mailbox exceeded the local limit.
""",
        [(ANN, "")],
    ),
    (
        "an error count",
        POST,
        "There was an error sending your mail",
        f"""
1 error(s):

SMTP Server <mx.customer.example> rejected recipient <{ANN}>
  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]
""",
        [(ANN, "5.1.1")],
    ),
    (
        "a gateway's stars",
        "Mail Delivery System <Mail.Delivery.System@mx.example>",
        "Delivery status notification",
        f"""
=====================
Delivery to the following recipients failed permanently:

   * {ANN}

=====================
SMTP:RCPT host 192.0.2.8: 553 5.3.0 <{ANN}>... No such user here
""",
        [(ANN, "5.3.0")],
    ),
    (
        "a phone's network",
        "no-reply@mobile.example",
        "Mail delivery",
        f"""
Your mail sent on: Mon, 16 Nov 2026 09:00:00 +0900
     Could not be delivered to: <{ANN}>
     As their mailbox is full.
""",
        [(ANN, "")],
    ),
    (
        "mail.ru",
        "mailer-daemon@corp.mail.example",
        "Ваше сообщение не доставлено. Mail failure.",
        f"""
Это письмо создано автоматически сервером, отвечать на него не нужно.

К сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям:

  {ANN}
    an MX or SRV record indicated no SMTP service
""",
        [(ANN, "")],
    ),
    (
        "Chinese",
        DAEMON,
        "系统退信",
        f"""
邮件无法发送到您指定的地址中。

<{ANN}>:
550 5.1.1 user unknown

--- 附件中的内容是原信件的一份拷贝
""",
        [(ANN, "5.1.1")],
    ),
    (
        "m-FILTER",
        POST,
        "failure notice",
        f"""
以下のメールアドレスへの送信に失敗しました。

{ANN}

-------server message
550 5.1.1 unknown user <{ANN}>

-------original message
From: support@desk.example
""",
        [(ANN, "5.1.1")],
    ),
    (
        "a directory",
        DAEMON,
        "Returned mail - nameserver error report",
        """
 --------Message not delivered to the following:

 bell    No matches to nameserver query

 To reach a party formerly at NAME@campus.example, try NAME@cs.campus.example.
""",
        [("bell@campus.example", ""), ("bell@cs.campus.example", "")],
    ),
    (
        "fml",
        "printers-admin@lists.example",
        "You are not member (printers ML)",
        """
You are not a member of this mailing list <printers@lists.example>.

If you know the general guide of this list, please send mail
to the address

	printers-ctl@lists.example
""",
        [("printers@lists.example", "")],
    ),
]


def report(sender: str, subject: str, text: str, more: str = "") -> bytes:
    list_manager = "X-MLServer: fml 4\n" if "-admin@" in sender else ""
    # Gateways that write as "no-reply" or as a post office show themselves by the null return path.
    path = "" if "aemon" in sender.lower() else "Return-Path: <>\n"
    head = f"{path}From: {sender}\nTo: support@desk.example\nSubject: {subject}\n{list_manager}{more}"
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{text.lstrip()}".encode()


@pytest.mark.parametrize(("sender", "subject", "text", "named"), [f[1:] for f in FORMS], ids=[f[0] for f in FORMS])
def test_each_form_names_its_recipients(sender: str, subject: str, text: str, named: list[tuple[str, str]]) -> None:
    bounce = read_bounce(read_mail(report(sender, subject, text)))
    assert bounce is not None
    assert bounce.permanent
    assert [(r.address, r.status) for r in bounce.recipients] == named
    assert all(r.action == "failed" and r.text for r in bounce.recipients)


@pytest.mark.parametrize(("sender", "subject", "text"), [f[1:4] for f in FORMS], ids=[f[0] for f in FORMS])
def test_the_same_words_from_a_person_are_no_bounce(sender: str, subject: str, text: str) -> None:
    raw = f"From: Ann Bell <{ANN}>\nTo: support@desk.example\nSubject: {subject}\n\nHello, I got this:\n{text}".encode()
    assert read_bounce(read_mail(raw)) is None


LOOK_ALIKES = [
    # sender and more header lines, subject, words: nothing of this is a report about a mail of ours
    (
        "DHL <noreply@parcel.example>\nReturn-Path: <>",
        "Delivery failed",
        "Parcel 1 could not be delivered. Questions? h@parcel.example",
    ),
    (
        "nagios@mon.example\nAuto-Submitted: auto-generated",
        "delivery errors",
        "31 could not be delivered\nContact: ops@mon.example",
    ),
    (
        "no-reply@erp.example\nAuto-Submitted: auto-generated",
        "Delivery report",
        f"Orders not delivered: 2\n{ANN}\n{BEA}",
    ),
    (
        POST,
        "Mails to you bounce",
        "Hello,\nour mail to <support@desk.example> was rejected: 550 5.7.1 no. Could you look?\nTom",
    ),
    (POST, "Undeliverable mail to you", "Hello,\nit was not delivered:\n\n<support@desk.example>: 550 5.7.1 no\n\nTom"),
    (
        "System Administrator <tom@corp.example>",
        "Delivery problem",
        "We could not deliver to support@desk.example, it says 550.",
    ),
    (
        f"{POST}\nUser-Agent: Mozilla Thunderbird",
        "Undeliverable mail",
        f"Your message was rejected, see <{ANN}>: 550 5.1.1 no",
    ),
    ("Mail Delivery Ltd <sales@mail-delivery.example>", "Your quote", f"We could not deliver the message to {ANN}."),
    (
        f"Ann <{ANN}>\nAuto-Submitted: auto-replied\nReturn-Path: <>",
        "Re: hi",
        f"It could not be delivered to {ANN} as I left.",
    ),
    (f"Ann <{ANN}>\nReturn-Path: <>", "Fwd: Mail delivery failed", f"> Your message could not be delivered to {BEA}"),
    ("news@shop.example\nPrecedence: bulk", "Undelivered: your voucher", f"Your mailbox {ANN} has not received it."),
]


@pytest.mark.parametrize(("sender", "subject", "text"), LOOK_ALIKES)
def test_mail_that_only_looks_like_a_report(sender: str, subject: str, text: str) -> None:
    raw = f"From: {sender}\nTo: support@desk.example\nSubject: {subject}\n\n{text}\n".encode()
    assert read_bounce(read_mail(raw)) is None


DELAYS = [
    f"THIS IS A WARNING MESSAGE ONLY.\n\nDelivery to the following recipient has been delayed:\n\n  {ANN}\n",
    f"Your message has been delayed and is still awaiting delivery\nto the following recipient(s):\n\n{ANN}\n",
    f"A message is delayed for more than 10 minutes for the following\nlist of recipients:\n\n{ANN}: timed out\n",
    f"<{ANN}>: could not be delivered yet.\n\nThe server will continue trying for up to 21 hours.\n",
]


@pytest.mark.parametrize("text", DELAYS)
def test_late_is_not_lost(text: str) -> None:
    bounce = read_bounce(read_mail(report(DAEMON, "Delivery Status Notification (Delay)", text)))
    assert bounce is not None
    assert not bounce.permanent
    assert [(r.address, r.action) for r in bounce.recipients] == [(ANN, "delayed")]


def test_the_reader_and_the_reporter_are_not_the_failed_recipient() -> None:
    text = f"The following message to <{ANN}> was undeliverable.\n\n<support@desk.example> wrote it.\n<{POST}>\n"
    bounce = read_bounce(read_mail(report(POST, "Undeliverable mail", text)))
    assert bounce is not None
    assert [r.address for r in bounce.recipients] == [ANN]


def test_the_one_who_is_named_nowhere_is_found_in_the_returned_mail() -> None:
    returned = f"Original Message:\nFrom: a@b.example\nTo: {ANN}\nSubject: x\n"
    text = f"Message could not be delivered to mobile.\nError: No valid recipients\n\n{returned}"
    bounce = read_bounce(read_mail(report(DAEMON, "Undeliverable Message", text)))
    assert bounce is not None
    assert [r.address for r in bounce.recipients] == [ANN]
    assert bounce.original_headers.startswith("From: a@b.example")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("550 5.1.1 unknown", "5.1.1"),
        ("550-5.7.26 This mail has been blocked", "5.7.26"),
        ("said: 554 refused (#5.4.4)", "5.4.4"),
        ("relay 192.0.2.5.1.1 said 550", ""),
        ("host 5.1.1.1 said 550", ""),
        ("Exim 4.95.2026 failed", ""),
        ("250 2.1.5 ok, then 451 4.3.0 disk full", "4.3.0"),
        ("4.4.1 no answer; 550 5.1.2 host unknown", "5.1.2"),
        ("no code at all", ""),
    ],
)
def test_status_codes_are_told_from_other_numbers(text: str, status: str) -> None:
    assert failure_status(text) == status


@pytest.mark.parametrize(
    "line",
    [
        "--- Below this line is a copy of the message.",
        "------ This is a copy of the message, including all the headers. ------",
        "   ----- Original message -----",
        "--- The header of the original message is following. ---",
        "Original message follows.",
        "Message headers follow.",
        "Original message headers:",
        "    Below is a copy of the original message:",
        "Included is a copy of the message header:",
        "-------- Unsent Message below:",
        "---------- Forwarded message ----------",
        "Content-Type: message/rfc822",
    ],
)
def test_dividers(line: str) -> None:
    assert divides(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "delete your own text from the attached returned message.",
        "I'm sorry to have to inform you that the message returned",
        "This report relates to a message you sent with the following header fields:",
        "Your message could not be delivered",
        "x" * 500 + " original message:",
    ],
)
def test_sentences_are_no_dividers(line: str) -> None:
    assert not divides(line)


def test_the_returned_mail_is_found_without_a_divider() -> None:
    assert split_report("It failed.\n\nReceived: by x\nFrom: a@b.example\n")[1].startswith("Received: by x")


def test_an_indented_header_block_is_straightened() -> None:
    assert header_block("\n   From: a@b.example\n   To: c@d.example\n     (c)\n\n   body: no\n") == (
        "From: a@b.example\nTo: c@d.example\n  (c)"
    )


def test_delay_words_may_be_wrapped() -> None:
    assert says_delayed("YOU DO NOT NEED TO\n   RESEND YOUR MESSAGE")
