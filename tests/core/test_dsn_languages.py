"""Delivery reports without RFC 3464 fields in other languages than English, and what must not pass for one (R5)."""

import pytest

from mailcase.core.reading.dsn import read_bounce
from mailcase.core.reading.parse import read_mail

ANN = "ann@customer.example"
POST, DAEMON = "postmaster@mx.example", "MAILER-DAEMON@mx.example"

FAILED = [
    # kind, sender, subject, report
    ("Exchange 2003, German", f"Systemadministrator <{POST}>", "Unzustellbar: Rechnung", f"Ihre Nachricht hat einige oder alle Empfänger nicht erreicht.\n\nFolgende(r) Empfänger konnte(n) nicht erreicht werden:\n\n      {ANN} am 16.11.2026 09:59\n            Das E-Mail-Konto gibt es dort nicht.\n            <hub.customer.example #5.1.1>"),
    ("Exchange 2003, French", f"Administrateur système <{POST}>", "Non remis : Facture", f"Votre message n'est pas parvenu à certains destinataires.\n\nImpossible de joindre le(s) destinataire(s) suivant(s) :\n\n      {ANN} le 16/11/2026 09:59\n            <hub.customer.example #5.1.1>"),
    ("Exchange 2003, Spanish", f"Administrador del sistema <{POST}>", "No se puede entregar: Factura", f"El mensaje no llegó a algunos destinatarios.\n\n      {ANN} el 16/11/2026 9:59\n            La cuenta de correo no existe.\n            <hub.customer.example #5.1.1>"),
    ("Exchange, French", POST, "Non remis : Votre facture", f"Échec de la remise à ces destinataires ou groupes :\n\n{ANN}\nL'adresse est introuvable."),
    ("Exchange, Italian", POST, "Non recapitabile: Fattura", f"Recapito non riuscito per i seguenti destinatari o gruppi:\n\n{ANN}\nL'indirizzo non è stato trovato."),
    ("Exchange, Dutch", POST, "Niet te bezorgen: Factuur", f"Het bezorgen van het bericht aan deze geadresseerden is mislukt:\n\n{ANN}\nHet e-mailadres is niet gevonden."),
    ("Exchange, Polish", POST, "Niedostarczalne: Faktura", f"Dostarczenie do następujących adresatów nie powiodło się:\n\n{ANN}\nNie można odnaleźć adresu."),
    ("Exchange, Russian", POST, "Не удается доставить: Счет", f"Сбой доставки следующим получателям или группам:\n\n{ANN}\nАдрес не найден."),
    ("Exchange, Chinese", POST, "无法传递: 发票", f"向以下收件人或组传递邮件失败:\n\n{ANN}\n找不到您输入的电子邮件地址。"),
    ("Exchange, in a language not in the tables", POST, "Fafaʻi: pepa", f"Naʻe ʻikai lava.\n\n{ANN}\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nReturned:\n\nReceived: from a.example\nFrom: support@desk.example\nTo: {ANN}\n"),
    ("Exchange Online, words only", "Outlook <MicrosoftExchange329e71ec88ae4615@customer.example>", "Undeliverable: Invoice", f"Your message to {ANN} couldn't be delivered.\n\nA rule at customer.example has blocked your message."),
    ("Gmail, German", DAEMON, "Delivery Status Notification (Failure)", f"** Adresse nicht gefunden **\n\nIhre Nachricht wurde nicht an {ANN} zugestellt, weil es die Adresse nicht gibt."),
    ("Gmail, Spanish", DAEMON, "Delivery Status Notification (Failure)", f"** No se ha encontrado la dirección **\n\nTu mensaje no se ha entregado a {ANN}."),
    ("Exchange, Swedish", POST, "Olevererbart: Faktura", f"Leverans till följande mottagare eller grupper misslyckades:\n\n{ANN}\nE-postadressen hittades inte."),
    ("Exchange, Finnish", POST, "Ei voi toimittaa: Lasku", f"Toimitus seuraaville vastaanottajille epäonnistui:\n\n{ANN}\nOsoitetta ei löytynyt."),
    ("Exchange, Greek", POST, "Ανεπίδοτο: Τιμολόγιο", f"Η παράδοση στους παρακάτω παραλήπτες απέτυχε:\n\n{ANN}\nΔεν βρέθηκε η διεύθυνση."),
    ("Exchange, Hebrew", POST, "לא ניתן למסור: חשבונית", f"מסירה לנמענים או לקבוצות אלה נכשלה:\n\n{ANN}\nהכתובת לא נמצאה."),
    ("Windows SMTP, German", POST, "Benachrichtigung zum Übermittlungsstatus (Fehlgeschlagen)", f"Übermittlung an folgende Empfänger fehlgeschlagen.\n\n       {ANN}"),
    ("qmail, French", DAEMON, "echec de remise", f"Bonjour. Ceci est le programme qmail-send sur mx.example.\nJe n'ai pas pu délivrer votre message.\n\n<{ANN}>:\nPas de boîte à ce nom. (#5.1.1)"),
    ("Domino, French", POST, "ECHEC DE LA DISTRIBUTION : utilisateur inconnu", f"Votre message\n\n  Objet : Facture\n\nn'a pas été distribué à :\n\n  {ANN}"),
    ("XMail", POST, "Error sending message [12.34] from [mx.example]", f"[<00>] XMail bounce: Rcpt=[{ANN}];Error=[550 5.1.1 unknown]\n\n[<01>] Error sending message."),
    ("SurfControl", POST, "Message not delivered", f"Your message could not be sent.\nA transcript of the attempts to send the message follows.\nAddressed To: {ANN}\n\nFailed to send to identified host,\n{ANN}: [192.0.2.5], 550 user unknown"),
    ("Coremail", POST, "系统退信", f"很抱歉，您的邮件未能发送成功\n\n收件人： <{ANN}>\n退信代码：550"),
    ("Japanese, short", POST, "Undelivered Mail Returned to Sender", f"以下の宛先への配送に失敗しました。\n{ANN}\nメールアドレスをご確認ください。"),
    ("Domino, German", "Mail Router <MailRouter@customer.example>", "ZUSTELLFEHLER: Benutzer ann nicht im Verzeichnis", f"Ihre Nachricht\n\n  Thema: Rechnung\n\nkonnte nicht zugestellt werden an:\n\n  {ANN}\n\nweil:\n\n  Benutzer unbekannt"),
    ("QQ", "PostMaster@qq.example", "系统退信/Systems bounce", f"抱歉，您的邮件被退回来了……\n主题　Invoice\n收件人　{ANN}\n退信原因　收件人邮箱地址不存在。"),
    ("NetEase", POST, "系统退信/The email is returned", f"抱歉，您的邮件被退回来了。\n主题：Invoice\n收件人：{ANN}\n退信原因：550 User not found"),
    ("Zoho", DAEMON, "Undelivered Mail Returned to Sender", f"A message that you sent could not be delivered.\n\n[ {ANN} , Mailbox not found. ERROR_CODE :550, ERROR_CODE :5.1.1 ]"),
    ("IMail, full", POST, "Undeliverable Mail", f"User mailbox exceeds allowed size: {ANN}\n\nOriginal message follows.\n\nFrom: support@desk.example\nTo: {ANN}\nSubject: Invoice\n"),
    ("spam filter", POST, "**Message you sent blocked by our bulk email filter**", f"Your message to: {ANN}\nwas blocked by our firewall. It has NOT BEEN DELIVERED:\n\nSubject: Invoice"),
    ("returned mail in the text", POST, "Undeliverable Mail", f"No box of that sort here: {ANN}\n\nOriginal message follows.\n\nReceived: from a.example\nFrom: support@desk.example\nTo: {ANN}\nSubject: Invoice\n"),
]  # fmt: skip

DELAYED = [
    ("Gmail", DAEMON, "Delivery Status Notification (Delay)", f"There was a temporary problem delivering your message to {ANN}. Gmail will retry for 45 more hours. You'll be notified if the delivery fails permanently."),
    ("German", DAEMON, "Zustellung verzögert", f"Die Zustellung an diese Adresse wurde verzögert:\n\n<{ANN}>: connection timed out"),
    ("Yahoo", DAEMON, "Delivery delayed", f"Your message is delayed: we will keep trying.\n\n<{ANN}>:\n421 4.7.0 try later"),
]  # fmt: skip

NO_REPORTS = [
    ("challenge of TMDA", "Carl <carl@other.example>", "Please confirm your message", "This message was created automatically by mail delivery software (TMDA).\n\nTo release your message for delivery, send an empty message to the following address:\n\n    carl-confirm-12@other.example"),
    ("challenge by form", "Carl <noreply@other.example>", "Re: Invoice", "Your message has not been delivered: I accept mail only from senders I approved beforehand.\n\nUnknown user: carl@other.example"),
    ("challenge in Portuguese", "Filter <do-not-reply@filter.example>", "Confirme", "Sua mensagem ainda não foi entregue. Confirme que você não é um robô.\n\ncarl@other.example"),
    ("a payment that failed", "Shop <no-reply@shop.example>", "Zahlung fehlgeschlagen", "Ihre Zahlung konnte nicht ausgeführt werden, sie ist fehlgeschlagen. Nachricht der Bank: gesperrt. Username: ann@customer.example"),
    ("an alert", "Backup <no-reply@backup.example>", "Backup failed", "Backup of the mailbox host was rejected: error sending data. User: ann@customer.example"),
    ("postmaster who writes", "Paul <postmaster@customer.example>", "Your question", f"Hello,\n\nour server refused {ANN} as the mailbox is full. She has emptied it now.\n\nPaul"),
]  # fmt: skip


def bounce_of(sender: str, subject: str, report: str, lines: str = ""):
    raw = (
        f"From: {sender}\nTo: support@desk.example\nSubject: {subject}\nMessage-ID: <1@mx.example>\n{lines}\n{report}\n"
    )
    return read_bounce(read_mail(raw.encode()))


@pytest.mark.parametrize(("sender", "subject", "report"), [pytest.param(*row[1:], id=row[0]) for row in FAILED])
def test_failed(sender: str, subject: str, report: str) -> None:
    bounce = bounce_of(sender, subject, report)
    assert bounce is not None
    assert bounce.permanent
    assert [r.address for r in bounce.recipients] == [ANN]


@pytest.mark.parametrize(("sender", "subject", "report"), [pytest.param(*row[1:], id=row[0]) for row in DELAYED])
def test_delayed(sender: str, subject: str, report: str) -> None:
    bounce = bounce_of(sender, subject, report)
    assert bounce is not None
    assert [(r.address, r.action) for r in bounce.recipients] == [(ANN, "delayed")]


@pytest.mark.parametrize(("sender", "subject", "report"), [pytest.param(*row[1:], id=row[0]) for row in NO_REPORTS])
def test_no_report(sender: str, subject: str, report: str) -> None:
    lines = "" if "Paul" in sender else "Auto-Submitted: auto-replied\n"
    assert bounce_of(sender, subject, report, lines) is None


@pytest.mark.parametrize(("sender", "subject", "report"), [pytest.param(*row[1:], id=row[0]) for row in FAILED])
def test_the_same_words_from_a_person(sender: str, subject: str, report: str) -> None:
    """A customer who asks what such a report means sent no report."""
    assert bounce_of("Bea <bea@customer.example>", f"Fwd: {subject}", f"What is this?\n\n{report}") is None


def test_a_report_that_names_one_address_is_about_it() -> None:
    words = "Muujiza: barua haikufika kwa {}.\n"
    named = bounce_of(DAEMON, "Returned mail", words.format(ANN))
    assert named is not None
    assert [r.address for r in named.recipients] == [ANN]
    assert bounce_of(DAEMON, "Returned mail", words.format("postmaster@mx.example")) is None
    assert bounce_of(DAEMON, "Returned mail", words.format(f"{ANN} na bea@customer.example")) is None


def test_a_receipt_of_sendmail_tells_of_success() -> None:
    words = (
        "   ----- The following addresses had successful delivery notifications -----\n<{}>  (delivered to mailbox)\n"
    )
    receipt = bounce_of(DAEMON, "Return receipt", words.format(ANN))
    assert receipt is not None
    assert not receipt.permanent
    assert [r.action for r in receipt.recipients] == ["delivered"]
