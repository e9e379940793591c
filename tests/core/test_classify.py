"""Person or machine: tables of header lines as products write them, and of mails that people write (R4, O4)."""

import pytest

from mailcase.core.message import Envelope, Kind, Mail, Ours
from mailcase.core.reading.classify import answerable
from mailcase.core.reading.parse import read_mail
from tests.core.verdict import classify

OURS = Ours(frozenset({"support@desk.example", "help@desk.example"}), "desk-7f3a")
ENVELOPE = Envelope("ann@customer.example", ("support@desk.example",), peer="192.0.2.7")
A, B, L, P = Kind.AUTOMATIC_REPLY, Kind.BULK, Kind.LOOP, Kind.PERSON


def mail(lines: str, body: str = "Good morning,\n\nthe invoice 4711 shows the wrong amount.\n\nAnn\n") -> Mail:
    """A mail with the given header lines; From, To and Subject are there unless `lines` have them."""
    names = {line.partition(":")[0].lower() for line in lines.splitlines()}
    usual = {
        "from": "Ann Bell <ann@customer.example>",
        "to": "support@desk.example",
        "subject": "Invoice 4711",
        "message-id": "<1@customer.example>",
        "date": "Mon, 16 Nov 2026 10:00:00 +0000",
    }
    added = "".join(f"{name}: {value}\n" for name, value in usual.items() if name not in names)
    return read_mail(f"{added}{lines.strip()}\n\n{body}".encode())


def kind_of(lines: str, envelope: Envelope = ENVELOPE) -> Kind:
    return classify(mail(lines), envelope, OURS)[0]


VACATION = [
    # product, header lines
    (
        "Exchange",
        "Subject: Automatic reply: Invoice 4711\nAuto-Submitted: auto-generated\nX-Auto-Response-Suppress: All",
    ),
    (
        "Exchange, other words",
        "Subject: Away\nAuto-Submitted: auto-generated\nX-MS-Exchange-Inbox-Rules-Loop: a@b.example",
    ),
    ("Exchange Online", "Auto-Submitted: auto-generated\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent"),
    ("Exchange 2003", "Subject: Out of Office AutoReply: Invoice 4711"),
    ("Outlook, German", "Subject: Automatische Antwort: Rechnung 4711"),
    ("Outlook, French", "Subject: Réponse automatique : Facture 4711"),
    ("Outlook, Spanish", "Subject: Respuesta automática: Factura"),
    ("Outlook, Italian", "Subject: Risposta automatica: Fattura"),
    ("Outlook, Dutch", "Subject: Automatisch antwoord: Factuur"),
    ("Outlook, Polish", "Subject: Automatyczna odpowiedź: Faktura"),
    ("Outlook, Czech", "Subject: Automatická odpověď: Faktura"),
    ("Outlook, Japanese", "Subject: 自動応答: 請求書"),
    ("Outlook, Chinese", "Subject: 自动答复: 发票"),
    ("Outlook, Korean", "Subject: 자동 회신: 청구서"),
    ("Outlook, Russian", "Subject: Автоматический ответ: Счёт"),
    ("Outlook, Arabic", "Subject: الرد التلقائي: فاتورة"),
    ("Outlook, Polish, new words", "Subject: Odpowiedź automatyczna: Faktura"),
    ("Outlook, Hebrew", "Subject: מענה אוטומטי: חשבונית"),
    ("Outlook, Bulgarian", "Subject: Автоматичен отговор: Фактура"),
    ("Outlook, Croatian", "Subject: Automatski odgovor: Račun"),
    ("Outlook, Slovenian", "Subject: Samodejni odgovor: Račun"),
    ("Outlook, Estonian", "Subject: Automaatvastus: Arve"),
    ("Outlook, Latvian", "Subject: Automātiskā atbilde: Rēķins"),
    ("Outlook, Lithuanian", "Subject: Automatinis atsakymas: Sąskaita"),
    ("Outlook, Catalan", "Subject: Resposta automàtica: Factura"),
    ("Outlook, Vietnamese", "Subject: Trả lời tự động: Hóa đơn"),
    ("Outlook, Thai", "Subject: ตอบกลับอัตโนมัติ: ใบแจ้งหนี้"),
    ("Outlook, Indonesian", "Subject: Balasan otomatis: Faktur"),
    ("Outlook, French, old", "Subject: Réponse automatique d'absence du bureau : Facture"),
    ("our tag behind four letters", "Subject: 自動応答: [#4711] 請求書"),
    ("our tag behind four letters, Chinese", "Subject: 自动答复: [#4711] 发票"),
    ("Lotus Notes, bare", "Subject: Ann Bell is out of the office (returning 11/20/2026)."),
    ("Lotus Notes, bare, German", "Subject: Ann Bell ist außer Haus. (Rückkehr am 20.11.2026)"),
    ("a tag, Japanese", "Subject: [自動返信メール] 請求書"),
    ("a tag, Korean", "Subject: [부재중 자동응답] Re: 청구서"),
    ("Salesforce", "Subject: New case: Invoice\nX-SFDC-EmailCategory: autoResponse"),
    ("MDaemon", "X-MDAutoResponder: YES\nPrecedence: bulk"),
    ("words and the answered prefix", "Subject: Out of Office Re: Invoice 4711"),
    ("words, a dash, the answered prefix", "Subject: Auto-Reply - AW: Rechnung 4711"),
    ("another product's header", "X-Acme-Auto-Reply: true"),
    ("another product's header, one word", "X-Acme-Autoreply-From: ann@customer.example"),
    ("weak words and a wish for silence", "Subject: Automated response\nX-Auto-Response-Suppress: All"),
    ("German, old", "Subject: Abwesenheitsnotiz: Rechnung"),
    ("Gmail", "Precedence: bulk\nX-Autoreply: yes\nAuto-Submitted: auto-replied"),
    ("Zimbra", "Auto-Submitted: auto-replied (zimbra; vacation)\nPrecedence: bulk"),
    ("GroupWise", "Auto-Submitted: auto-replied\nX-Mailer: Novell GroupWise Internet Agent 24.1"),
    ("Lotus Notes", "Subject: Ann Bell is out of the office\nAuto-Submitted: auto-generated"),
    (
        "cPanel",
        "Auto-Submitted: auto-replied\nX-Autorespond: Invoice 4711\nX-Precedence: auto_reply\nPrecedence: auto_reply",
    ),
    ("Plesk", "X-Autoreply-From: ann@customer.example"),
    ("DirectAdmin", "Delivered-To: Autoresponder\nPrecedence: bulk"),
    ("qmail autorespond", "Delivered-To: Autoresponder"),
    ("Sieve (RFC 5230)", "Auto-Submitted: auto-replied (vacation)"),
    ("vacation(1)", "Precedence: bulk\nSubject: away from my mail"),
    ("vacation(1), other words", "Auto-Submitted: auto-replied\nPrecedence: junk"),
    ("CommuniGate", "X-Autogenerated: Reply"),
    ("iCloud", "X-Apple-Action: VACATION"),
    ("X-Autorespond alone", "X-Autorespond: whatever"),
    ("misspelt Precedence", "Preference: auto_reply"),
    ("a desk's tag before it", "Subject: Re: [tickets] Out of office AutoReply: Back next week"),
    ("words and a wish for silence", "Subject: I am out of the office until Monday\nX-Auto-Response-Suppress: All"),
    ("words and a null sender", "Subject: Ich bin im Urlaub\nReturn-Path: <>"),
    ("desk that acknowledges", "Subject: We have received your request [#8812]\nX-Zendesk-From-Account-Id: 1a2b"),
    (
        "a desk nobody reads",
        "Subject: Your ticket #55 has been received\nReply-To: a@b.example\nX-Auto-Response-Suppress: All",
    ),
    ("OTRS", "Subject: RE: Invoice: ticket has been created\nPrecedence: bulk\nX-OTRS-Loop: yes"),
]
AUTOMATIC = [
    ("upper case", "Auto-Submitted: AUTO-REPLIED", A),
    ("blanks and a comment", 'Auto-Submitted:   (by rule)  auto-replied  ; owner-email="a@b.example"', A),
    ("second header counts", "Auto-Submitted: no\nAuto-Submitted: auto-replied", A),
    ("auto-generated", "Auto-Submitted: auto-generated", B),
    ("auto-notified (RFC 5436)", "Auto-Submitted: auto-notified; owner-email=a@b.example", B),
    ("unknown token", "Auto-Submitted: yes", B),
    ("Precedence: bulk", "Precedence: bulk", B),
    ("Precedence: Bulk", "Precedence:  BULK ", B),
    ("Precedence: list", "Precedence: list", B),
    ("Precedence: junk", "Precedence: junk", B),
    ("second Precedence", "Precedence: normal\nPrecedence: bulk", B),
    ("X-Precedence", "X-Precedence: bulk", B),
    ("List-Id", "List-Id: Printers <printers.lists.example>", B),
    ("List-Unsubscribe", "List-Unsubscribe: <https://news.example/u/1>", B),
    ("Mailman 2", "X-BeenThere: printers@lists.example\nX-Mailman-Version: 2.1.29", B),
    ("ezmlm", "Mailing-List: contact printers-help@lists.example; run by ezmlm", B),
    (
        "a list's post by a person",
        "Subject: I am out of office, sorry\nList-Id: <a.lists.example>\nPrecedence: list",
        B,
    ),
    ("X-Loop: yes", "X-Loop: yes", B),
    ("X-No-Loop: yes", "X-No-Loop: yes", B),
    ("FirstClass", "X-FC-MachineGenerated: true", B),
    ("cron", "X-Cron-Env: <SHELL=/bin/sh>\nFrom: root@web1.customer.example", B),
    ("null sender", "Return-Path: <>", B),
    ("mailer-daemon that tells something else", "From: MAILER-DAEMON@mx.example\nSubject: weekly queue summary", B),
    ("ServiceNow, over a person's words", "Auto-Submitted: auto-generated\nX-ServiceNow-Generated: true", B),
    ("Jira", "Auto-Submitted: auto-generated\nPrecedence: bulk\nX-JIRA-FingerPrint: 1f", B),
    ("a domain's report (RFC 7489)", "Subject: Report Domain: desk.example Submitter: mx.example Report-ID: <1>", B),
    ("campaign", "From: no-reply@shop.example\nX-CSA-Complaints: abuse@esp.example", B),
    ("two weak signs", "From: no-reply@shop.example\nX-Freshdesk-Ticket-Id: 12", B),
    ("own mark", "X-Mailcase-Loop: desk-7f3a", L),
    ("own mark, upper case", "X-Mailcase-Loop: DESK-7F3A", L),
    ("own mark in X-Loop", "X-Loop: desk-7f3a", L),
    ("own address in X-Loop", "X-Loop: <Support@Desk.example>", L),
    ("own mark beats other signs", "X-Mailcase-Loop: desk-7f3a\nPrecedence: bulk\nAuto-Submitted: auto-replied", L),
    ("own address as author", "From: Support <support@desk.example>", L),
    ("own address, plus-part", "From: SUPPORT+abc@desk.example", L),
    ("second own address", "From: help@desk.example\nTo: support@desk.example", L),
]
PEOPLE = [
    ("plain", ""),
    ("Auto-Submitted: no", "Auto-Submitted: no"),
    ("Auto-Submitted:  NO ", "Auto-Submitted:  NO "),
    ("Auto-Submitted: no, comment", "Auto-Submitted: no (typed by hand)"),
    ("Auto-Submitted empty", "Auto-Submitted: "),
    ("passed on by a rule", "Auto-Submitted: auto-forwarded"),
    ("inbox rule alone", "X-MS-Exchange-Inbox-Rules-Loop: ann@customer.example"),
    ("wish for silence alone", "X-Auto-Response-Suppress: All"),
    ("wish for silence, Outlook", "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply"),
    ("Precedence: first-class", "Precedence: first-class"),
    ("Precedence: normal", "Precedence: normal"),
    ("X-Loop: no", "X-Loop: no"),
    ("forwarding recipe", "X-Loop: ann@forward.example"),
    ("X-Autoreply: no", "X-Autoreply: no"),
    ("mark of another desk", "X-Mailcase-Loop: desk-0000"),
    ("CommuniGate redirect", "X-Autogenerated: Redirect"),
    ("web form", "From: noreply@shop.example\nReply-To: ann@customer.example"),
    ("another desk's agent", "X-Zendesk-From-Account-Id: 1a2b\nX-Auto-Response-Suppress: All"),
    ("RT agent", "RT-Ticket: rt.example #12\nX-RT-Originator: bob@rt.example"),
    ("postmaster writes", "From: postmaster@customer.example\nSubject: your mail server"),
    ("root writes", "From: root@customer.example"),
    ("forwarded by SRS", ""),
    ("reads: vacation request", "Subject: Vacation request form does not open"),
    ("reads: out of office", "Subject: How do I set an out of office message?"),
    ("reads: Urlaub", "Subject: Urlaubsantrag im Portal fehlt"),
    ("reads: away", "Subject: I will be on vacation next week, please call before"),
    ("reads: absence", "Subject: Absence of invoices since May"),
    ("reads: auto", "Subject: Auto: Schaden gemeldet"),
    ("reads: automatic", "Subject: Automatic door does not close"),
    ("reads: 不在", "Subject: 不在票について"),
    ("asks about a notice", "Subject: Out of office now: who answers?"),
    ("asks about a responder", "Subject: Auto-Reply - does not work"),
    ("another product's header: no", "X-Acme-Auto-Reply: no"),
    ("header that names no reply", "X-Spam-Auto-Learn: yes"),
    ("answers a notice", "Subject: Re: Automatic reply: Invoice 4711"),
    ("answers a notice, German", "Subject: AW: Automatische Antwort: Rechnung"),
    ("answers a notice, Exchange", "Subject: RE: Out of Office AutoReply: Invoice 4711"),
    ("answers our acknowledgement", "Subject: Re: [Case #1042] We have received your request"),
    ("thanks", "Subject: Thank you for your message"),
    ("receipt in subject", "Subject: My ticket #55 has been received twice"),
    ("ticket in subject", "Subject: Ticket created but no answer"),
    ("bounce in subject", "Subject: Mail delivery failed: returning message to sender"),
    ("bounce in subject, answered", "Subject: Re: Undelivered Mail Returned to Sender"),
    ("bounce in subject, passed on", "Subject: Fwd: Delivery Status Notification (Failure)"),
    ("delivery of parcels", "Subject: Delivery failed, nobody rang"),
    ("returned mail order", "Subject: Returned mail order 991"),
    ("undelivered", "Subject: Undelivered parcel"),
    ("delivery, German", "Subject: Paket unzustellbar"),
    ("asks about automatic mail, Japanese", "Subject: [自動返信メールが届かない] 請求書"),
    ("answers a tagged notice", "Subject: Re: [自動返信] 請求書"),
    ("returns goods", "Subject: Order 991 (returning 2 lamps)"),
    ("comes back", "Subject: Lamp 7 (returning 11/20/2026)"),
    ("four letters before our tag", "Subject: 返信返信: [#4711] 請求書"),
    ("domain report wanted", "Subject: Report domain abuse"),
    ("campaign header alone", "X-Campaign-Id: 12"),
    ("encoded subject", "Subject: =?utf-8?q?Rechnung_f=C3=BCr_M=C3=A4rz?="),
    ("no subject", "Subject:"),
    ("Japanese", "Subject: 請求書の件"),
    ("Arabic", "Subject: فاتورة خاطئة"),
    ("important", "Importance: high\nX-Priority: 1"),
    ("wants a receipt", "Disposition-Notification-To: ann@customer.example"),
    ("mailing program", "X-Mailer: Microsoft Outlook 16.0"),
    ("Thunderbird", "User-Agent: Mozilla Thunderbird"),
    ("phone", "X-Mailer: iPhone Mail (20A362)"),
    ("DKIM and Feedback-ID", "Feedback-ID: 12:esp"),
    ("errors-to", "Errors-To: ann@customer.example"),
    ("delivered-to", "Delivered-To: support@desk.example"),
    ("name is Auto", "From: Otto Auto <auto@customer.example>"),
    ("name is Daemon", "From: Daemon Hill <dhill@customer.example>"),
    ("request in the local part", "From: requests@customer.example"),
    ("own domain, other address", "From: bob@desk.example"),
    ("cc to us", "Cc: help@desk.example"),
    ("name of ours, address of theirs", 'From: "support@desk.example" <ann@customer.example>'),
    ("thread of ours", "In-Reply-To: <m1@desk.example>\nReferences: <m0@desk.example> <m1@desk.example>"),
    ("MS antispam", "X-MS-Exchange-Organization-SCL: -1"),
]


@pytest.mark.parametrize("lines", [lines for _, lines in VACATION], ids=[name for name, _ in VACATION])
def test_absence_notices_and_receipts_of_products_are_automatic_replies(lines: str) -> None:
    assert kind_of(lines) is A


@pytest.mark.parametrize(("lines", "kind"), [row[1:] for row in AUTOMATIC], ids=[row[0] for row in AUTOMATIC])
def test_machines_by_their_headers(lines: str, kind: Kind) -> None:
    assert kind_of(lines) is kind


@pytest.mark.parametrize("lines", [lines for _, lines in PEOPLE], ids=[name for name, _ in PEOPLE])
def test_people_are_people(lines: str) -> None:
    assert kind_of(lines) is P


def test_every_sign_is_named() -> None:
    _, signals = classify(mail("Auto-Submitted: auto-replied\nPrecedence: bulk\nX-Loop: x@y.example"), ENVELOPE, OURS)
    assert {(s.name, s.strong) for s in signals} == {
        ("auto-submitted", True),
        ("precedence", True),
        ("loop-mark", False),
    }


def test_words_of_the_body_decide_nothing() -> None:
    body = "I am out of the office until Monday. This is an automatic reply. Do not reply.\n"
    assert classify(mail("", body), ENVELOPE, OURS) == (P, ())


def test_an_agent_who_logged_in_and_writes_as_the_desk_is_no_loop() -> None:
    logged_in = Envelope("support@desk.example", ("ann@customer.example",), authenticated="bob")
    assert kind_of("From: support@desk.example", logged_in) is P
    assert kind_of("From: support@desk.example\nX-Mailcase-Loop: desk-7f3a", logged_in) is L


def test_a_desk_without_an_id_takes_no_empty_mark_for_its_own() -> None:
    assert classify(mail("X-Mailcase-Loop:"), ENVELOPE, Ours())[0] is P


REPORTS = [
    (
        "receipt (RFC 8098)",
        "disposition-notification",
        "message/disposition-notification",
        "Disposition: manual-action/MDN-sent-manually; displayed",
        A,
    ),
    (
        "complaint (RFC 5965)",
        "feedback-report",
        "message/feedback-report",
        "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1",
        B,
    ),
    ("TLS report (RFC 8460)", "tlsrpt", "application/tlsrpt+json", "{}", B),
]


@pytest.mark.parametrize(
    ("report", "content_type", "text", "kind"), [r[1:] for r in REPORTS], ids=[r[0] for r in REPORTS]
)
def test_other_reports_are_no_bounces(report: str, content_type: str, text: str, kind: Kind) -> None:
    head = f'MIME-Version: 1.0\nContent-Type: multipart/report; report-type={report}; boundary="b"'
    body = (
        f"--b\nContent-Type: text/plain\n\nYour message was read.\n--b\nContent-Type: {content_type}\n\n{text}\n--b--\n"
    )
    assert classify(mail(head, body), ENVELOPE, OURS)[0] is kind


@pytest.mark.parametrize(("method", "kind"), [("REPLY", A), ("REQUEST", P), ("COUNTER", P), ("PUBLISH", P)])
def test_a_calendars_reply_is_automatic_and_an_invitation_is_not(method: str, kind: Kind) -> None:
    head = f'MIME-Version: 1.0\nSubject: Accepted: demo\nContent-Type: text/calendar; method={method}; charset="utf-8"'
    body = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nEND:VCALENDAR\r\n"
    assert classify(mail(head, body), ENVELOPE, OURS)[0] is kind


ANSWERS = [
    # header lines, envelope, why not ("" = may be answered)
    ("", ENVELOPE, ""),
    ("Auto-Submitted: no", ENVELOPE, ""),
    ("X-Auto-Response-Suppress: DR, RN, NRN", ENVELOPE, ""),
    ("X-Auto-Response-Suppress: None", ENVELOPE, ""),
    ("X-Loop: ann@forward.example", ENVELOPE, ""),
    ("", Envelope("bounces+SRS=ab@customer.example", ("support@desk.example",)), ""),
    ("", Envelope("", ("support@desk.example",)), "null sender"),
    ("Return-Path: <>", ENVELOPE, "null sender"),
    ("X-Auto-Response-Suppress: All", ENVELOPE, "sender asks for no automatic answer"),
    ("X-Auto-Response-Suppress: OOF, AutoReply", ENVELOPE, "sender asks for no automatic answer"),
    ("Auto-Submitted: auto-forwarded", ENVELOPE, "auto-forwarded: auto-forwarded"),
    ("Auto-Submitted: auto-generated", ENVELOPE, "auto-submitted: auto-generated"),
    ("Precedence: Junk", ENVELOPE, "precedence: junk"),
    ("List-Id: <a.lists.example>", ENVELOPE, "list mail"),
    ("From: no-reply@shop.example", ENVELOPE, "no-reply sender: no-reply@shop.example"),
    ("From: DoNotReply@shop.example", ENVELOPE, "no-reply sender: DoNotReply@shop.example"),
    ("From: printers-request@lists.example", ENVELOPE, "no-reply sender: printers-request@lists.example"),
    ("From: owner-printers@lists.example", ENVELOPE, "no-reply sender: owner-printers@lists.example"),
    ("From: postmaster@customer.example", ENVELOPE, "no-reply sender: postmaster@customer.example"),
    (
        "",
        Envelope("printers-bounces@lists.example", ("a@b.example",)),
        "no-reply sender: printers-bounces@lists.example",
    ),
    ("From: support@desk.example", ENVELOPE, "own address"),
    ("", Envelope("Help+x@desk.example", ("support@desk.example",)), "own address"),
    ("X-Mailcase-Loop: desk-7f3a", ENVELOPE, "machine mail: loop"),
    ("Subject: Automatic reply: hello", ENVELOPE, "machine mail: automatic-reply"),
    ("From: ann@customer.example, bob@customer.example", ENVELOPE, "unknown sender"),
]


@pytest.mark.parametrize(("lines", "envelope", "why"), ANSWERS)
def test_what_may_be_answered_automatically(lines: str, envelope: Envelope, why: str) -> None:
    read = mail(lines)
    _, signals = classify(read, envelope, OURS)
    assert answerable(read, envelope, OURS, signals) == why


def test_a_mail_from_a_file_has_no_null_sender() -> None:
    assert kind_of("", Envelope()) is P
