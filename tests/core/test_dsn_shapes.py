"""Reports that no table of words knows: told by their codes, their lists and what they return (R5)."""

import pytest

from mailcase.core.message import Bounce
from mailcase.core.reading.dsn import read_bounce
from mailcase.core.reading.dsn_delay import is_delay, says_delayed
from mailcase.core.reading.dsn_denial import denies_delivery
from mailcase.core.reading.parse import read_mail

ANN, BEA = "ann@customer.example", "bea@customer.example"
POST, DAEMON = "postmaster@mx.example", "MAILER-DAEMON@mx.example"
RETURNED = "Received: from a.example\nFrom: support@desk.example\nTo: {}\nSubject: Invoice\n"


def bounce_of(sender: str, subject: str, report: str, lines: str = "") -> Bounce | None:
    head = (
        f"{lines}From: {sender}\nTo: support@desk.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8"
    )
    return read_bounce(read_mail(f"{head}\n\n{report}\n".encode()))


def actions(bounce: Bounce | None) -> dict[str, str]:
    assert bounce is not None
    return {r.address: r.action for r in bounce.recipients}


@pytest.mark.parametrize(
    ("sender", "subject", "report"),
    [
        (DAEMON, "bericht", f"Mi nombre estas qmail-send.\n\n<{ANN}>:\nNeniu kesto. (#5.1.1)\n"),
        (DAEMON, "io", f"Neniu kesto.\n\n<{ANN}>:\nfermita\n"),
        (DAEMON, "io", f"Neniu kesto: {ANN} 552 5.2.2 plena\n"),
        (DAEMON, "io", f"Neniu kesto.\n\n{RETURNED.format(ANN)}"),
        (
            f"Poststelle <{POST}>",
            "Unzustellbar: x",
            f"Weg.\n\n   {ANN} am 16.11.2026\n      <hub.customer.example #5.1.1>",
        ),
        ("<>", "io", f"Weg.\n\n<{ANN}>:\ngesperrt (#5.2.1)\n"),
    ],
)
def test_a_daemons_report_in_any_language(sender: str, subject: str, report: str) -> None:
    assert actions(bounce_of(sender, subject, report)) == {ANN: "failed"}


def test_a_report_that_says_why_and_not_to_whom_is_one_all_the_same() -> None:
    words = "This Message was undeliverable due to the following reason:\n\nYour return address was refused."
    bounce = bounce_of(f"Postmaster <{POST}>", "Mail System Error - Returned Mail", words)
    assert bounce is not None
    assert bounce.permanent
    assert bounce.recipients == ()


def test_a_report_whose_fields_were_lost_is_one_by_its_name() -> None:
    lines = 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
    raw = f"{lines}From: x@mx.example\nSubject: x\n\n--b\n\n<{ANN}>: 550 5.1.1 unknown user\n--b--\n"
    assert actions(read_bounce(read_mail(raw.encode()))) == {ANN: "failed"}


def test_user_names_are_completed_from_the_returned_mail() -> None:
    names = "It was undeliverable to:\n\tann (mailbox full)\n\tbea (mailbox full)\n\n"
    to = f"{ANN}, carl@customer.example, {BEA}"
    assert actions(bounce_of(DAEMON, "Returned mail", names + RETURNED.format(to))) == {ANN: "failed", BEA: "failed"}


def test_user_names_are_completed_from_the_server_that_reports() -> None:
    words = "It could not be delivered, they are not accepting mail from support@desk.example:\n\tannbell\n"
    assert actions(bounce_of(DAEMON, "Returned mail", words)) == {"annbell@mx.example": "failed"}


def test_one_is_late_and_another_lost() -> None:
    words = (
        f"The affected recipients:\n\n  <{ANN}>  delivery failed\n  <{BEA}>  delivery delayed; will continue trying\n"
    )
    bounce = bounce_of(DAEMON, "Delivery report", words)
    assert actions(bounce) == {ANN: "failed", BEA: "delayed"}
    assert bounce is not None
    assert bounce.permanent


def test_a_table_of_recipients() -> None:
    words = f"Mail delivery failed:\n\n  {ANN}   550 unknown\n  {BEA}\tno such host\n"
    assert actions(bounce_of(DAEMON, "Mail delivery failed", words)) == {ANN: "failed", BEA: "failed"}


def test_the_folder_of_a_mailbox_is_no_recipient() -> None:
    words = f"<{ANN}>:\nuser does not exist, but will deliver to /var/mail/customer.example/bea@customer.example/\n"
    assert actions(bounce_of(DAEMON, "failure notice", words)) == {ANN: "failed"}


@pytest.mark.parametrize(
    "words",
    [
        "The server will keep trying for 5 days.",
        "Delivery attempts will be repeated.",
        "Further attempts will be made for 20 hours.",
        "It has not been delivered after more than 4 hours.",
        "It will be attempted again.",
        "Il server continuerà a provare.",
        "サーバーは再試行します。",
        "La remise à ces destinataires est différée.",
        "Доставка письма задерживается.",
        "Сервер будет повторять попытки.",
    ],
)
def test_a_server_that_goes_on_trying(words: str) -> None:
    assert says_delayed(words)


@pytest.mark.parametrize(
    "words",
    [
        "No further delivery attempts will be made.",
        "I'm not going to try again; this message has been in the queue too long.",
        "Exchange will not try to redeliver this message.",
        "Please check the address and try again.",
        "ご確認のうえ再送してください。",
        "451 4.7.1 try again later, retry timeout exceeded",
    ],
)
def test_a_server_that_has_given_up(words: str) -> None:
    assert not says_delayed(words)


@pytest.mark.parametrize(
    ("subject", "late"),
    [
        ("Delivery Status Notification (Delay)", True),
        ("Delivery delayed: Invoice", True),
        ("Zustellung (verzögert)", True),
        ("Undeliverable: your delayed order", False),
        ("Warning: user unknown", False),
    ],
)
def test_the_subject_of_a_report_says_that_it_is_late(subject: str, late: bool) -> None:
    assert is_delay(subject, f"<{ANN}>: 450") is late


@pytest.mark.parametrize(
    ("sender", "lines", "subject", "words"),
    [
        ("Help <help@it.example>", "Auto-Submitted: auto-generated", "Mails undeliverable", f"{ANN} was not delivered: 550 5.1.1"),
        ("root@it.example", "Auto-Submitted: auto-generated", "12 undeliverable", f"Undeliverable addresses: {ANN}"),
        ("no-reply@it.example", "Return-Path: <>", "Delivery failure", f"Your ticket has come: not delivered to {ANN}"),
        ("no-reply@it.example", "Return-Path: <>", "Delivery", f"Not delivered to {ANN} until you are approved."),
    ],
)  # fmt: skip
def test_a_desk_that_speaks_of_failures(sender: str, lines: str, subject: str, words: str) -> None:
    assert bounce_of(sender, subject, words, f"{lines}\n") is None


def test_what_a_report_repeats_of_our_mail_does_not_count_against_it() -> None:
    words = f"Your message\n\n  Subject: Your post awaits moderator approval\n\nwas not delivered to:\n\n  {ANN}\n"
    assert actions(bounce_of(POST, "DELIVERY FAILURE", words)) == {ANN: "failed"}


@pytest.mark.parametrize(
    "words",
    [
        "nicht übermittelt werden konnte",
        "die zustellung an diese stelle ist gescheitert",
        "n'a malheureusement pas pu être acheminé",
        "échec de l'envoi",
        "no ha sido posible entregar",
        "mensaje devuelto",
        "nao pode ser entregue",
        "il recapito di questa posta non riuscito",
        "kon niet worden bezorgd",
        "meldingen din nådde ikke alle",
        "nie została nikomu doręczona",
        "ulaştırılamadı",
        "не было никому доставлено",
        "メールをお届けできません",
        "未能成功投递",
        "메일을 전송하지 못했습니다",
        "was not properly delivered",
    ],
)
def test_a_denial_in_any_of_many_languages(words: str) -> None:
    assert denies_delivery(words)


@pytest.mark.parametrize(
    "words",
    [
        "i could not find the invoice",
        "die ware wurde zugestellt",
        "il ne marche pas",
        "no tengo la factura",
        "не работает",
    ],
)
def test_other_denials(words: str) -> None:
    assert not denies_delivery(words)


def test_sections_of_one_report_tell_the_lost_from_the_late() -> None:
    words = (
        f"   ----- The following addresses had permanent fatal errors -----\n<{ANN}>\n\n"
        f"   ----- The following addresses had transient non-fatal errors -----\n<{BEA}>\n"
    )
    assert actions(bounce_of(DAEMON, "Returned mail", words)) == {ANN: "failed", BEA: "delayed"}


@pytest.mark.parametrize(
    ("sender", "lines", "subject", "words"),
    [
        (ANN, "Auto-Submitted: auto-replied\nReturn-Path: <>", "Antwort", f"Ihre Nachricht wurde nicht zugestellt, schreiben Sie an {BEA}."),
        ("no-reply@crm.example", "Auto-Submitted: auto-generated", "3 bounced messages", f"Recipients failed:\n{ANN}"),
        ("no-reply@b.example", "Return-Path: <>", "Geld nicht zugestellt", f"Empfänger unbekannt. Kontakt: {ANN}"),
        (POST, "Auto-Submitted: auto-generated", "Not delivered: 4 mails", f"Not delivered to your inbox:\n\n{ANN}  Prize"),
    ],
)  # fmt: skip
def test_machines_of_other_kinds(sender: str, lines: str, subject: str, words: str) -> None:
    assert bounce_of(sender, subject, words, f"{lines}\n") is None


def test_several_recipients_on_one_line() -> None:
    for line in (f"To: {ANN}; {BEA}", f"Recipients: {ANN}, {BEA}", f"{ANN}, {BEA}", f"<{ANN}>, <{BEA}>"):
        words = f"The message could not be delivered.\n\n{line}\n"
        assert actions(bounce_of(DAEMON, "Undeliverable", words)) == {ANN: "failed", BEA: "failed"}, line


def test_cells_of_a_table_are_kept_apart() -> None:
    lines = f"Return-Path: <>\nMIME-Version: 1.0\nFrom: Mail Gateway <{POST}>\nSubject: Undeliverable\nContent-Type: text/html\n"
    cells = f"<p>It could not be delivered.</p><table><tr><th>To</th><td>{ANN}; {BEA}</td></tr></table>"
    assert actions(read_bounce(read_mail(f"{lines}\n{cells}".encode()))) == {ANN: "failed", BEA: "failed"}


def test_an_address_that_broke_is_one() -> None:
    words = f"rejected your message to:\n\n{ANN} ({ANN})<mailto:an=\nn@customer.example>\nUnknown.\n"
    assert actions(bounce_of(DAEMON, "Undeliverable", words)) == {ANN: "failed"}


def test_whom_an_address_stands_for_is_no_recipient() -> None:
    words = f"It could not be delivered:\n\n<{ANN}> (expanded from\n    <{BEA}>): temporary failure\n"
    assert actions(bounce_of(DAEMON, "Undelivered", words)) == {ANN: "failed"}


def test_a_word_that_begins_an_address_is_no_label() -> None:
    words = "It could not be delivered:\n550 <recipient-is-gone@customer.example>... gone\n"
    assert actions(bounce_of(DAEMON, "Undelivered", words)) == {"recipient-is-gone@customer.example": "failed"}


def test_a_report_of_a_probe_tells_of_success() -> None:
    words = f"Enclosed is the mail delivery report.\n\n<{ANN}>: delivery via mx[192.0.2.3]:25: 250 2.1.5 Ok\n"
    assert actions(bounce_of(DAEMON, "Mail Delivery Status Report", words)) == {ANN: "delivered"}


def test_a_report_without_a_sender() -> None:
    raw = f"To: support@desk.example\nSubject: Returned mail: late\n\nIt could not be delivered:\n<{ANN}>\n"
    assert actions(read_bounce(read_mail(raw.encode()))) == {ANN: "failed"}


def test_a_parcel_has_a_recipient_too() -> None:
    words = f"Der Empfänger fehlt: nicht zugestellt. Nachricht an: {ANN}"
    assert bounce_of("no-reply@parcel.example", "Paket nicht zugestellt", words, "Return-Path: <>\n") is None


def test_below_a_head_in_brackets_an_indented_line_goes_on() -> None:
    words = f"<{ANN}>: host mx.example said: 554 5.7.1 not allowed; ask\n    {BEA} (in reply to MAIL FROM)\n"
    assert actions(bounce_of(DAEMON, "Undelivered", words)) == {ANN: "failed"}


@pytest.mark.parametrize("words", ["Ihre E-Mail-Adresse: ", "Your e-mail address: ", "Kontakt: ", "Contacto: "])
def test_a_shop_that_names_its_customer(words: str) -> None:
    report = f"Ihre Bestellung konnte nicht zugestellt werden. {words}{ANN}"
    assert bounce_of("noreply@shop.example", "Lieferung nicht möglich", report, "Return-Path: <>\n") is None


def test_the_null_return_path_counts_wherever_it_is_told() -> None:
    """In a field where a mail store wrote it, in the envelope where the mail came by SMTP: the same report."""
    subject, words = (
        "Your message",
        f"Your message was not delivered to the following recipients:\n\n<{ANN}>: 550 5.1.1 unknown\n",
    )
    raw = f"From: Notices <notices@mx.example>\nSubject: {subject}\n\n{words}".encode()
    assert read_bounce(read_mail(raw)) is None
    told = read_bounce(read_mail(b"Return-Path: <>\n" + raw))
    assert told is not None
    assert read_bounce(read_mail(raw), from_nobody=True) == told
    assert read_bounce(read_mail(b"Return-Path: <jane@customer.example>\n" + raw), from_nobody=True) is None
