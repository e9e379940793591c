"""Tells cheaply how much a mail looks like a delivery report, before any of its text is searched."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailcase.core.message import Mail
from mailcase.core.reading.dsn_denial import denies_delivery
from mailcase.core.reading.dsn_original import RETURNED_TYPES
from mailcase.core.reading.dsn_words import FAILURES, GENERAL, OPENINGS, SUBJECTS

# Points from outside (headers, structure) and inside (words) add up. A person's mail has none outside and is not read.
WORTH_READING, ENOUGH = 1, 4
# What the opening of a report is worth that only machines write.
OPENED = 3

# Read against lower-case text.
DAEMON = re.compile(
    r"mailer[-_. ]?daemon|mail[-_. ]?deliver[y]?[-_. ](?:sub)?(?:system|service|notification)"
    r"|delivery[-_. ](?:sub)?system|mdaemon@|mail[-_ ]?daemon|bounce[-_ ]?daemon|double-bounce@|delivery[-_ ]status"
    r"|microsoftexchange[0-9a-f]{4,64}@",
)
OFFICE = re.compile(
    r"po+st[-_. ]?master|system[ ]administrator|mail[ ]administrator|microsoft[ ]exchange|mail[ ]system|\bndr\b"
    r"|sysadmin@|mail[- ]?router|mail[- ]?server|mailgateway|smtp[ ]gateway|mailadm|mail[- ]gateway"
    r"|content[- ]filter|mail[- ]?robot|mail[- ]agent|undeliver|non-?delivery"
    r"|(?P<unread>no[-_.]?reply|do[-_.]?not[-_.]?reply)",  # that says only that nobody reads the answers
)
OFFICE_NAMES = (
    "mail delivery",
    "systemadministrator",
    "administrateur syst",
    "administrador del sistema",
    "administrador do sistema",
    "amministratore di sistema",
    "systeembeheerder",
    "системный администратор",
    "システム管理者",
    "系统管理员",
    "系統管理員",
    "시스템 관리자",
)
# Written by nobody: "<>", and Courier's "<@>".
NOBODY = ("<>", "<@>")
NULL_PATHS = frozenset({"", "mailer-daemon", "#@[]"})
POSTMASTER = re.compile(r"po+st[-_. ]?master@")
SENDER_DOMAIN = re.compile(r"@[^\s<>\"]{1,255}")
BY_HAND = re.compile(
    r"outlook|thunderbird|mozilla|apple mail|iphone|ipad|android|samsung|evolution|mutt|kmail|roundcube|webmail|gmail",
    re.IGNORECASE,
)
SMTP_ANSWER = re.compile(r"(?<![0-9.])[45][0-9]{2}[ -]{1,3}[45]\.[0-9]{1,3}\.[0-9]{1,3}")
# The same told without a reply code: "(#5.1.1)", "<hub.example #5.1.1>".
MARKED_STATUS = re.compile(r"#[45]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")
# An item of a list of failures: an address in brackets and a colon, alone at the begin of its line.
ITEM = re.compile(r"^<[^\s<>@]{1,256}@[^\s<>@]{1,255}>(?: \([^()\n]{1,300}\))?:", re.MULTILINE)
# Exchange's own codes for what went wrong, the same in every language ("RESOLVER.ADR.RecipNotFound;").
EXCHANGE_CODE = re.compile(
    r"\b(?:RESOLVER|SMTPSEND|STOREDRV|ROUTING|TRANSPORT|QUEUE|DELIVER|AGENT|SUBMIT)\.[A-Z][A-Za-z.]{2,60};"
)
# Whoever asks the sender to prove that they are a person has the mail, and holds it back.
CHALLENGES = (
    "to release your message",
    "delivered until you",
    "until you are",
    "awaiting approval",
    "awaits moderat",
    "await moderat",
    "guest list",
    "quarantine summary",
    "quarantine report",
    "quarantine notification",
    "to your inbox",
    "click to release",
    "being held because",
    "is being held until",
    "approved beforehand",
    "list of approved senders",
    "has not been verified",
    "confirm your message",
    "to confirm that you",
    "prove that you are",
    "are a real live human",
    "you are human",
    "you are not a robot",
    "requires that you verify",
    "requires verification",
    "não é um robô",
    "kein roboter",
    "n'êtes pas un robot",
    "no eres un robot",
)
QUOTED_FIELD = re.compile(r"[ \t]{0,40}[^\s:：]{2,30}[ \t]{0,8}[:：][ \t]")
# A desk that has got the mail; what it repeats of it may well tell of a failure.
RECEIPTS = (
    "your ticket",
    "ticket number",
    "case number",
    "your request has been",
    "your request was received",
    "we have received your",
    "ticketnummer",
    "vorgangsnummer",
    "numéro de ticket",
    "número de ticket",
)
_ABOUT_MAIL = (
    "recipient|mailbox|message|e-mail|email|user|smtp|nachricht|bericht|courriel|destinataire|correo|mensaje|messaggi|"
    "posta |mensagem|wiadomo|skrzynk|zpráv|správ|meddelande|meddelelse|besked|melding|viesti|üzenet|mesaj|ileti|"
    "destinatari|empfänger|geadresseerd|adresat|příjem|poruk|sporočil|μήνυμα|получател|адресат|сообщени|повідомл|письм|"
    "受信者|宛先|收件|받는|メール|メッセージ|邮件|郵件|메일|메시지|رسال|הודע"
)
ABOUT_MAIL = tuple(_ABOUT_MAIL.split("|"))
# A parcel has a recipient and a message too; from a sender who reads no answers, the words must be of mail itself.
SURELY_MAIL = ("mail", "courriel", "correo", "письм", "メール", "邮件", "郵件", "메일", "wiadomo", "e-post")
ANSWERING = re.compile(
    r"\s{0,8}(?:re|aw|antw|sv|fw|fwd|wg|tr|rv|vs|r)\s{0,2}(?:\[\d{1,3}\])?\s{0,2}[:：]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """How much speaks for a delivery report from outside.

    `strong` when only a mail server writes like that; `about_mail` when sender or subject say that it is about mail.
    `named` when the sender's name is of use to judge by: a mail server's, a post office's, nobody's.
    """

    points: int
    strong: bool = False
    about_mail: bool = False
    named: bool = False


def suspicion(mail: Mail, from_nobody: bool) -> Suspicion:
    """What headers and structure say. No points for every mail that shows no machine at work.

    A subject or a returned mail alone counts for nothing: customers write about failed deliveries, and attach them.
    """
    sender = _sender(mail)
    daemon = sender.rstrip().endswith(NOBODY) or DAEMON.search(sender) is not None
    groups = _offices(sender)
    office, unread = None in groups or _is_office(sender), "unread" in groups
    if not sender.strip():  # nobody who writes a letter leaves the sender out
        office = any(map(mail.subject[:200].lower().__contains__, SUBJECTS))
    points = 2 if daemon else int(office or unread)
    answering = not points and ANSWERING.match(mail.subject[:100]) is not None
    status, returned = _structure_points(mail)
    if answering and mail.content_type != "multipart/report":
        return Suspicion(0)
    pointing = [(name, value) for name, value in mail.headers if name in POINTING]
    if from_nobody and not any(name == "return-path" for name, _ in pointing):
        pointing.append(("return-path", "<>"))
    if not (daemon or office or status or returned) and all(map(_merely_generated, pointing)):
        return Suspicion(0)
    headers = [_header_points(name, value) for name, value in pointing]
    points += status + sum(headers)
    if points < WORTH_READING:
        return Suspicion(0)
    subject = mail.subject[:200].lower()
    worded = not answering and any(words in subject for words in SUBJECTS)
    if not worded and (daemon or office):
        worded = denies_delivery(" ".join(subject.split()))
    strong = daemon or status >= 2 or max(headers, default=0) >= 2
    about_mail = strong or worded or POSTMASTER.search(sender) is not None
    # Anybody's mail may come without a return path: only words and a name, or a returned mail, make a report of it.
    named = daemon or office or unread or worded or strong or bool(returned)
    return Suspicion(points + returned + (2 if worded else 0), strong, about_mail, named)


def written_by_hand(mail: Mail, report: str, returned: str) -> bool:
    """True when a mail without a strong sign was written in a mail client, or does not speak of mail at all."""
    programs = (*mail.all("user-agent"), *mail.all("x-mailer"))
    if any(BY_HAND.search(program[:200]) for program in programs):
        return True
    subject, words = mail.subject[:200].lower(), report[:16_384].lower()
    if (
        returned
        or "mail" in subject
        or SMTP_ANSWER.search(words)
        or POSTMASTER.search(mail.first("from")[:500].lower())
    ):
        return False
    about = SURELY_MAIL if _offices(_sender(mail)) == {"unread"} else ABOUT_MAIL
    return not any(word in subject or word in words for word in about)


def _sender(mail: Mail) -> str:
    """The From field in lower case, without domains: what servers are called tells nothing."""
    return SENDER_DOMAIN.sub("@", mail.first("from")[:500].lower())


def _offices(sender: str) -> set[str | None]:
    """What kinds of office the sender is called: None for a post office, "unread" for one that reads no answers."""
    return {found.lastgroup for found in OFFICE.finditer(sender)}


def _is_office(sender: str) -> bool:
    return any(map(sender.__contains__, OFFICE_NAMES))


POINTING = frozenset(
    {
        "x-failed-recipients",
        "x-ms-exchange-message-is-ndr",
        "x-mlserver",
        "x-amz-sns-message-id",
        "return-path",
        "auto-submitted",
    }
)


def _header_points(name: str, value: str) -> int:
    if name in ("x-failed-recipients", "x-ms-exchange-message-is-ndr"):
        return 3
    if name in ("x-mlserver", "x-amz-sns-message-id"):
        return 2
    if name == "return-path":
        return int(value.strip().strip("<>").lower() in NULL_PATHS)
    return int(name == "auto-submitted" and "auto-" in value.lower())


def _merely_generated(header: tuple[str, str]) -> bool:
    """True for the field by which a program says that it wrote the mail, and not that it answers one (RFC 3834)."""
    return header[0] == "auto-submitted" and header[1].strip().lower() == "auto-generated"


def _structure_points(mail: Mail) -> tuple[int, int]:
    """Points for the parts that machines make, and for a returned mail."""
    returned = 0
    if not mail.content_type.startswith("multipart/"):
        return 0, 0
    # A report by its name, whose fields got lost on the way.
    named = mail.content_type == "multipart/report" and "delivery-status" in mail.first("content-type").lower()
    points = 2 * named
    for part in mail.parts:
        if part.depth:
            continue
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            points += 3 + 2 * (not named) if mail.content_type == "multipart/report" else 2
        elif part.content_type in RETURNED_TYPES:
            returned = 1
        elif part.content_type in ("message/feedback-report", "application/tlsrpt+gzip", "application/tlsrpt+json"):
            points -= 100
        elif part.content_type == "message/disposition-notification":
            points += _receipt_points(part.text)
    return points, returned


def _receipt_points(text: str) -> int:
    """A receipt (RFC 8098) is no delivery report, unless it tells that the mail was refused (RFC 5429 section 2.1)."""
    return 2 if "automatic-action" in text.lower() and "deleted" in text.lower() else -100


def word_points(report: str, outside: Suspicion) -> int:
    """How much the words of a report speak for it: 3 for a machine's opening, 2 for telling of a failure.

    Vague words count when it is known otherwise that the report is about mail, and not about a payment that failed.
    """
    lowered = " ".join(report[:16_384].lower().split())
    if any(words in lowered[:400] for words in OPENINGS):
        return OPENED
    if EXCHANGE_CODE.search(report[:16_384]):
        return OPENED
    told = outside.named and any(map(lowered.__contains__, FAILURES))
    if not told and outside.about_mail:  # in a language that no table knows, the codes are the same
        told = any(map(lowered.__contains__, GENERAL)) or denies_delivery(lowered)
        told = told or SMTP_ANSWER.search(lowered) is not None or MARKED_STATUS.search(lowered) is not None
    return 2 if told else 0


def lists_failures(report: str) -> bool:
    """True when a report holds an address as the head of an item, as servers since qmail write it."""
    return ITEM.search(report[:16_384]) is not None


def is_kept(report: str) -> bool:
    """True for a mail that holds ours back until somebody approves it, and for a desk that acknowledges ours."""
    # What the report repeats of our mail ("Subject: …") says nothing about the report.
    own = (line for line in report[:4_096].lower().splitlines() if not QUOTED_FIELD.match(line))
    lowered = " ".join(" ".join(own).split())
    return any(map(lowered.__contains__, CHALLENGES)) or any(map(lowered.__contains__, RECEIPTS))


def tells_of_failure(lowered: str) -> bool:
    """True when words in lower case, of a report, say that some mail was not delivered."""
    tabled = any(map(lowered.__contains__, FAILURES)) or any(map(lowered.__contains__, GENERAL))
    return tabled or denies_delivery(lowered)
