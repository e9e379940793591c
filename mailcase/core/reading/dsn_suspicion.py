"""Tells cheaply how much a mail looks like a delivery report, before any of its text is searched."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailcase.core.message import Mail
from mailcase.core.reading.dsn_original import RETURNED_TYPES

# Points from outside (headers, structure) and inside (words) add up. A person's mail has none outside and is not read.
WORTH_READING, ENOUGH = 1, 4

DAEMON = re.compile(
    r"mailer[-_. ]?daemon|mail[-_. ]?deliver[y]?[-_. ](?:sub)?(?:system|service|notification)"
    r"|delivery[-_. ](?:sub)?system|mdaemon@|mail[-_ ]?daemon|bounce[-_ ]?daemon|double-bounce@|delivery[-_ ]status",
    re.IGNORECASE,
)
OFFICE = re.compile(
    r"po+st[-_. ]?master|system[ ]administrator|mail[ ]administrator|microsoft[ ]exchange|mail[ ]system|\bndr\b"
    r"|sysadmin@|mail[- ]?router|mail[- ]?server|mailgateway|smtp[ ]gateway|no[-_.]?reply|do[-_.]?not[-_.]?reply"
    r"|mailadm",
    re.IGNORECASE,
)
SENDER_DOMAIN = re.compile(r"@[^\s<>\"]{1,255}")
BY_HAND = re.compile(
    r"outlook|thunderbird|mozilla|apple mail|iphone|ipad|android|samsung|evolution|mutt|kmail|roundcube|webmail|gmail",
    re.IGNORECASE,
)
SMTP_ANSWER = re.compile(r"(?<![0-9.])[45][0-9]{2}[ -]{1,3}[45]\.[0-9]{1,3}\.[0-9]{1,3}")
ABOUT_MAIL = ("recipient", "mailbox", "message", "e-mail", "email", "user", "smtp", "メール", "邮件", "письм")
ANSWERING = re.compile(
    r"\s{0,8}(?:re|aw|antw|sv|fw|fwd|wg|tr|rv|vs|r)\s{0,2}(?:\[\d{1,3}\])?\s{0,2}[:：]",
    re.IGNORECASE,
)
SUBJECTS = (
    # en
    "undeliver",
    "not delivered",
    "non delivery",
    "non-delivery",
    "nondelivery",
    "delivery status",
    "delivery fail",
    "delivery notif",
    "delivery report",
    "delivery error",
    "delivery problem",
    "delivery has failed",
    "delivery warning",
    "delivery delay",
    "delivery unsuccess",
    "delivery incomplete",
    "unsuccessful delivery",
    "failed mail",
    "failed delivery",
    "failure notice",
    "failure delivery",
    "mail deliver",
    "mail failure",
    "mail error",
    "mail system error",
    "message deliver",
    "message delay",
    "message failure",
    "message status - undeliv",
    "could not be deliver",
    "could not deliver",
    "could not send",
    "cannot send message",
    "cannot be deliver",
    "unable to deliver",
    "returned mail",
    "returned message",
    "returned to sender",
    "delayed mail",
    "delayed message",
    "bounced mail",
    "bounced message",
    "[bounce]",
    "rejected mail",
    "rejected message",
    "error sending your mail",
    "user unknown",
    "unknown user",
    "mailbox full",
    "postmaster notify",
    "postfix smtp server: errors",
    "are not member",
    "not member article",
    "loop alert",
    "loop back warning",
    # de, nl
    "unzustellbar",
    "nicht zustellbar",
    "nicht zugestellt",
    "zustellungsfehler",
    "fehlgeschlagene zustellung",
    "onbestelbaar",
    "niet bezorgd",
    # fr, es, it, pt
    "non remis",
    "non distribu",
    "non délivré",
    "impossible de remettre",
    "échec de la remise",
    "echec de la remise",
    "utilisateur non recens",
    "no se puede entregar",
    "no se pudo entregar",
    "no entregado",
    "mancato recapito",
    "mancata consegna",
    "impossibile recapitare",
    "não entregue",
    "não é possível entregar",
    "não foi possível entregar",
    # pl, cs, hu, tr, sv, da, nb, fi
    "niedostarcz",
    "nie można dostarczyć",
    "nedoručiteln",
    "nelze doručit",
    "kézbesíthetetlen",
    "teslim edilemedi",
    "olevererbar",
    "kan inte lever",
    "kan ikke lever",
    "kunne ikke lever",
    "ei voida toimittaa",
    "ei voitu toimittaa",
    # ru
    "не доставлен",
    "недоставлен",
    "невозможно доставить",
    # ja, zh, ko
    "配信できません",
    "配信不能",
    "配信に失敗",
    "送信できません",
    "送信エラー",
    "配達できません",
    "退信",
    "无法送达",
    "无法投递",
    "投递失败",
    "未送达",
    "未传递",
    "無法傳遞",
    "無法傳送",
    "배달되지",
    "배달 실패",
    "전송 실패",
    # ar, he
    "تعذر تسليم",
    "לא ניתן למסור",
)
# What only machines write, at the top of a report.
OPENINGS = (
    "this message was created automatically by",
    "this is the mail system at",
    "this is the postfix",
    "this is the mailer-daemon",
    "this is the dragonfly mail agent",
    "hi. this is the",
    "able to deliver your message",
    "automatically generated delivery status notification",
    "delivery status notification is sent",
    "machine generated message from mail service",
    "the original message was received at",
    "transcript of session follows",
    "this is a mime-encapsulated message",
    "delivery has failed to these recipients",
    "error message below:",
    "message from yahoo",
    "the following addresses had",
    "this report relates to a message you sent",
    "an error occurred while trying to deliver the mail",
    "to the following recipient",
    "unable to deliver message to the following",
    "not able to deliver your message",
    "reporting-mta:",
    "это письмо создано автоматически",
)
# What says, anywhere in the text, that a mail was not delivered.
FAILURES = (
    "not be delivered",
    "not delivered",
    "not deliver",
    "undeliverable",
    "undelivered",
    "delivery failed",
    "delivery has failed",
    "delivery failure",
    "delivery problems",
    "has been delayed",
    "is delayed",
    "not yet received",
    "failed addresses",
    "did not reach",
    "not reach the following",
    "unable to deliver",
    "wasn't able to deliver",
    "failed recipient",
    "recipients failed",
    "recipient failed",
    "address failed",
    "addresses failed",
    "addresses had",
    "address(es) failed",
    "could not be reached",
    "was automatically rejected",
    "rejected by",
    "rejected recipient",
    "was rejected",
    "user unknown",
    "unknown user",
    "no such user",
    "user not known",
    "mailbox is full",
    "mailbox full",
    "over quota",
    "quota violation",
    "exceeding their quota",
    "over disk quota",
    "invalid final delivery",
    "final-recipient:",
    "failure reasons",
    "error-for:",
    "delivery errors",
    "had errors",
    "there was an error delivering",
    "error sending your mail",
    "rcpt to",
    "not a member of this mailing list",
    "not member",
    "loop back warning",
    "security alert",
    "reject mail from",
    "duplicated message-id",
    "loop condition",
    "is not accepting",
    "delivery to the following",
    "following recipients",
    "following recipient(s)",
    "no valid recipients",
    "nicht zugestellt",
    "nicht zustellbar",
    "unzustellbar",
    "konnte nicht",
    "n'a pas pu être",
    "n'existe pas",
    "no se pudo entregar",
    "no se ha podido",
    "non è stato possibile",
    "impossibile recapitare",
    "não pôde ser entregue",
    "kon niet worden",
    "kunde inte levereras",
    "nie mógł zostać",
    "не может быть доставлено",
    "не доставлено",
    "送信できません",
    "配信できません",
    "届けできません",
    "送信に失敗",
    "配信に失敗",
    "无法送达",
    "无法发送",
    "无法投递",
    "無法傳送",
    "无法到达",
)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """How much speaks for a delivery report from outside; `strong` when only a mail server writes like that."""

    points: int
    strong: bool = False


def suspicion(mail: Mail) -> Suspicion:
    """What headers and structure say. No points for every mail that shows no machine at work.

    A subject or a returned mail alone counts for nothing: customers write about failed deliveries, and attach them.
    """
    sender = SENDER_DOMAIN.sub("@", mail.first("from")[:500])
    daemon = DAEMON.search(sender) is not None
    points = 2 if daemon else 1 if OFFICE.search(sender) else 0
    answering = not points and ANSWERING.match(mail.subject[:100]) is not None
    status, returned = _structure_points(mail)
    if answering and mail.content_type != "multipart/report":
        return Suspicion(0)
    headers = [_header_points(name, value) for name, value in mail.headers if name in POINTING]
    points += status + sum(headers)
    if points < WORTH_READING:
        return Suspicion(0)
    subject = mail.subject[:200].lower()
    worded = not answering and any(words in subject for words in SUBJECTS)
    strong = daemon or status >= 2 or max(headers, default=0) >= 2
    return Suspicion(points + returned + (2 if worded else 0), strong)


def written_by_hand(mail: Mail, report: str, returned: str) -> bool:
    """True when a mail without a strong sign was written in a mail client, or does not speak of mail at all."""
    programs = (*mail.all("user-agent"), *mail.all("x-mailer"))
    if any(BY_HAND.search(program[:200]) for program in programs):
        return True
    subject, words = mail.subject[:200].lower(), report[:16_384].lower()
    if returned or "mail" in subject or SMTP_ANSWER.search(words):
        return False
    return not any(word in subject or word in words for word in ABOUT_MAIL)


POINTING = frozenset({"x-failed-recipients", "x-mlserver", "x-amz-sns-message-id", "return-path", "auto-submitted"})


def _header_points(name: str, value: str) -> int:
    if name == "x-failed-recipients":
        return 3
    if name in ("x-mlserver", "x-amz-sns-message-id"):
        return 2
    if name == "return-path":
        return int(value.strip().strip("<>").lower() in ("", "mailer-daemon"))
    return int(name == "auto-submitted" and "auto-" in value.lower())


def _structure_points(mail: Mail) -> tuple[int, int]:
    """Points for the parts that machines make, and for a returned mail."""
    points, returned = 0, 0
    if not mail.content_type.startswith("multipart/"):
        return 0, 0
    for part in mail.parts:
        if part.depth:
            continue
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            points += 5 if mail.content_type == "multipart/report" else 2
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


def word_points(report: str) -> int:
    """How much the words of a report speak for it: 3 for a machine's opening, 2 for telling of a failure."""
    lowered = " ".join(report[:16_384].lower().split())
    if any(words in lowered[:400] for words in OPENINGS):
        return 3
    return 2 if tells_of_failure(lowered) else 0


def tells_of_failure(lowered: str) -> bool:
    """True when words in lower case say that some mail was not delivered."""
    return any(words in lowered for words in FAILURES)
