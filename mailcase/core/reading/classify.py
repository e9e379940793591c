"""Person or machine (R4), and whether a mail may be answered automatically (O4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailcase.core.message import Bounce, Envelope, Kind, Mail, Ours, Signal
from mailcase.core.reading.dsn import is_failure
from mailcase.core.reading.vacation import (
    ABSENCE_WORDS,
    CAMPAIGN_HEADERS,
    DESK_HEADERS,
    GENERATED_HEADERS,
    RECEIPT_FORM,
    RECEIPT_WORDS,
    REPLY_HEADER,
    REPLY_HEADERS,
    REPLY_VALUES,
    machine_subject,
    worded,
)

# Where several kinds have strong signals, the first of these wins: a loop must end before anything else is looked at.
ORDER = (Kind.LOOP, Kind.BOUNCE, Kind.AUTOMATIC_REPLY, Kind.BULK)
COMMENT = re.compile(r"\([^()]{0,500}\)")
# RFC 3834 section 2: addresses that nobody reads, or that spread an answer to many.
UNREAD = re.compile(
    r"(?:.{0,64}(?:no|do-?not|never)[-_.]?(?:reply|respond|answer)|nobody|nicht-?antworten|ne-?pas-?repondre"
    r"|no-?responder|owner-.{1,64}|.{1,64}-(?:owner|request|bounces?)|bounces?)(?:[-_.+0-9].{0,64})?@",
    re.IGNORECASE,
)
LIST_PATH = re.compile(r"(?:owner-.{1,64}|.{1,64}-(?:owner|request|bounces?)(?:\+.{0,128})?)@", re.IGNORECASE)
POST_OFFICE = re.compile(r"(?:postmaster|root|cron|daemon|uucp)@", re.IGNORECASE)
# RFC 7489 section 7.2.1.1: the subject of a report on a domain's mail.
DOMAIN_REPORT = re.compile(r"\s{0,4}(?:\[Preview\] ?)?Report Domain: ?\S{1,255}\s{1,4}Submitter: ?\S", re.IGNORECASE)
LIST_HEADERS = frozenset(
    {
        "list-id",
        "list-post",
        "list-help",
        "list-unsubscribe",
        "list-subscribe",
        "list-owner",
        "list-archive",
        "mailing-list",
        "x-mailing-list",
        "x-beenthere",
        "x-mailman-version",
        "x-list",
        "x-ml-name",
    }
)
PRECEDENCE = {
    "bulk": Kind.BULK,
    "list": Kind.BULK,
    "junk": Kind.BULK,
    "auto_reply": Kind.AUTOMATIC_REPLY,
    "auto-reply": Kind.AUTOMATIC_REPLY,
    "autoreply": Kind.AUTOMATIC_REPLY,
}
EXCHANGE_RULES = frozenset(
    {"x-ms-exchange-inbox-rules-loop", "x-ms-exchange-generated-message-source", "x-ms-exchange-parent-message-id"}
)
SILENT = frozenset({"", "no", "none", "false", "0"})
WATCHED = (
    LIST_HEADERS
    | REPLY_HEADERS
    | GENERATED_HEADERS
    | DESK_HEADERS
    | CAMPAIGN_HEADERS
    | REPLY_VALUES.keys()
    | EXCHANGE_RULES
    | {
        "auto-submitted",
        "precedence",
        "x-precedence",
        "preference",
        "x-auto-response-suppress",
        "x-loop",
        "x-mailcase-loop",
        "return-path",
    }
)
Fields = tuple[tuple[str, str], ...]


def classify(mail: Mail, bounce: Bounce | None, envelope: Envelope, ours: Ours) -> tuple[Kind, tuple[Signal, ...]]:
    """Whether a person or a machine sent this, and every sign of it that was seen. `bounce` is what `read_bounce` says.

    One strong signal decides (where there are several, in the order of `ORDER`); weak ones decide when two stand
    together. An absence notice or receipt is AUTOMATIC_REPLY, list mail, alerts and notices are BULK, a report
    that a mail of ours was not delivered or is late is BOUNCE, and what we sent ourselves is LOOP.

    Two rules that are a choice: `Auto-Submitted: auto-forwarded` is a person's mail that a rule passed on (RFC 3834
    section 5), so PERSON, though never answered automatically. `Auto-Submitted: auto-generated` is believed also from
    desks that write it over their agents' own words (ServiceNow): such mail is BULK, which is kept and shown but not
    answered, since believing the contrary would let two desks answer each other for ever.
    """
    seen = tuple((name, value) for name, value in mail.headers if name in WATCHED or _is_reply_header(name))
    signals = (
        *_report_signals(mail, bounce),
        *_loop_signals(mail, seen, envelope.authenticated, ours),
        *_header_signals(seen),
        *_sender_signals(mail, envelope, seen),
        *_subject_signals(mail.subject),
    )
    return _verdict(signals), signals


def _verdict(signals: tuple[Signal, ...]) -> Kind:
    strong = {s.kind for s in signals if s.strong}
    names = {s.name for s in signals}
    if Kind.BOUNCE in strong and "own-loop-mark" not in names:
        # Our own postmaster may be among our addresses: its report is still a report.
        return Kind.BOUNCE
    kind = next((k for k in ORDER if k in strong), None) or _agreed(signals)
    if kind is Kind.BULK and "list" not in names and names & {"absence-words", "receipt-words"}:
        # Bulk by its headers, an answer by its words: old responders say only `Precedence: bulk`.
        return Kind.AUTOMATIC_REPLY
    return kind


def _agreed(signals: tuple[Signal, ...]) -> Kind:
    """What weak signals agree on: two for a machine, or words of the subject and one other.

    That a mail asks for no automatic answer counts only beside such words: people's mail asks for it too.
    """
    weak = {s.name for s in signals if s.kind is not Kind.PERSON}
    others = weak - {"absence-words", "receipt-words", "suppress"}
    if weak & {"absence-words", "receipt-words"} and (others or "suppress" in weak):
        return Kind.AUTOMATIC_REPLY
    return Kind.BULK if len(others) >= 2 else Kind.PERSON


def _loop_signals(mail: Mail, seen: Fields, authenticated: str, ours: Ours) -> Iterator[Signal]:
    for name, value in seen:
        if name not in ("x-loop", "x-mailcase-loop"):
            continue
        text = value.strip().casefold()
        if ours.desk_id and text == ours.desk_id.casefold():
            yield Signal("own-loop-mark", Kind.LOOP, True, name)
        elif name == "x-loop" and is_ours(text.strip("<>"), ours):
            yield Signal("own-loop-mark", Kind.LOOP, True, value.strip())
        elif name == "x-loop" and text in ("yes", "true", "1", "loop"):
            yield Signal("loop-mark", Kind.BULK, True, value.strip())
        elif name == "x-loop" and text not in SILENT:
            # Forwarding recipes set it on people's mail too.
            yield Signal("loop-mark", Kind.BULK, False, value.strip()[:100])
    # Who logged in here is an agent who writes for the desk, and no loop.
    if not authenticated:
        for address in _author_addresses(mail):
            if is_ours(address, ours):
                yield Signal("own-address", Kind.LOOP, True, address)


def is_ours(address: str, ours: Ours) -> bool:
    """True when `address` is one of ours, with or without a plus-part, in any case."""
    local, sep, domain = address.casefold().rpartition("@")
    return bool(sep) and f"{local.partition('+')[0]}@{domain}" in ours.addresses


def _report_signals(mail: Mail, bounce: Bounce | None) -> Iterator[Signal]:
    if bounce is not None:
        kind = Kind.BOUNCE if is_failure(bounce) else Kind.AUTOMATIC_REPLY
        yield Signal("delivery-report", kind, True, ", ".join(sorted({r.action for r in bounce.recipients})))
    elif mail.content_type == "multipart/report":
        receipt = any(p.content_type == "message/disposition-notification" for p in mail.parts if not p.depth)
        # RFC 8098 receipts answer a mail; RFC 5965 complaints, RFC 8460 and RFC 7489 reports are notices.
        yield Signal("receipt" if receipt else "report", Kind.AUTOMATIC_REPLY if receipt else Kind.BULK, True)
    for part in mail.parts:
        if part.depth == 0 and part.content_type == "text/calendar":
            # RFC 5546 section 3.2.3: a REPLY is what a calendar sends for a person who pressed a button.
            if re.search(r"^METHOD[ ]?:[ ]?REPLY\b", part.text[:20_000], re.IGNORECASE | re.MULTILINE):
                yield Signal("calendar-reply", Kind.AUTOMATIC_REPLY, True)
            break


def _header_signals(seen: Fields) -> Iterator[Signal]:
    for name, value in seen:
        text = bare(value)
        if name == "auto-submitted":
            yield from _auto_submitted(text)
        elif name in ("precedence", "x-precedence", "preference"):
            kind = PRECEDENCE.get(text)
            if kind is not None:
                yield Signal("precedence", kind, True, text)
        elif name in LIST_HEADERS:
            yield Signal("list", Kind.BULK, True, name)
        elif (name in REPLY_HEADERS or _is_reply_header(name)) and text not in SILENT:
            yield Signal("reply-header", Kind.AUTOMATIC_REPLY, True, name)
        elif name in GENERATED_HEADERS and text not in SILENT:
            yield from _generated(name, text)
        elif name in DESK_HEADERS:
            yield Signal("desk", Kind.BULK, False, name)
        elif name in CAMPAIGN_HEADERS:
            yield Signal("campaign", Kind.BULK, False, name)
        elif text in REPLY_VALUES.get(name, ()):
            yield Signal("reply-header", Kind.AUTOMATIC_REPLY, True, name)
        elif name == "x-auto-response-suppress" and text not in SILENT:
            # [MS-OXCMAIL] 2.2.3.2.14: it asks for silence and does not say that the mail is automatic.
            yield Signal("suppress", Kind.AUTOMATIC_REPLY, False, text)
    yield from _exchange_notice(seen)


def _is_reply_header(name: str) -> bool:
    return "auto" in name and REPLY_HEADER.fullmatch(name) is not None


def bare(value: str) -> str:
    """A header's keyword: no comments, no parameters, lower case."""
    text = COMMENT.sub(" ", value[:1_000]) if "(" in value else value[:1_000]
    return text.partition(";")[0].strip().strip('"').strip().lower()


def _auto_submitted(text: str) -> Iterator[Signal]:
    """RFC 3834 section 5: every value but "no" is automatic; RFC 5436 section 2.7.1 adds auto-notified."""
    if text in ("", "no"):
        return
    if text.startswith("auto-forwarded"):
        yield Signal("auto-forwarded", Kind.PERSON, False, text)
    elif "repl" in text or "respon" in text or "vacation" in text:
        yield Signal("auto-submitted", Kind.AUTOMATIC_REPLY, True, text)
    else:
        yield Signal("auto-submitted", Kind.BULK, True, text)


def _generated(name: str, text: str) -> Iterator[Signal]:
    if name in ("x-autogenerated", "x-auto-generated"):
        if text in ("forward", "redirect", "mirror"):
            return
        kind = Kind.AUTOMATIC_REPLY if "repl" in text else Kind.BULK
        yield Signal("generated-header", kind, True, name)
    else:
        yield Signal("generated-header", Kind.BULK, True, name)


def _exchange_notice(seen: Fields) -> Iterator[Signal]:
    """Exchange calls its absence notices auto-generated: its rules' own fields tell them from other notices.

    X-MS-Exchange-Inbox-Rules-Loop alone stands on people's mail that a rule forwarded, and is no signal.
    """
    if any(name in EXCHANGE_RULES for name, _ in seen):
        stated = [bare(value) for name, value in seen if name == "auto-submitted"]
        if any(value.startswith(("auto-generated", "auto-replied")) for value in stated):
            yield Signal("exchange-notice", Kind.AUTOMATIC_REPLY, True)


def _sender_signals(mail: Mail, envelope: Envelope, seen: Fields) -> Iterator[Signal]:
    if null_sender(envelope, seen):
        yield Signal("null-sender", Kind.BULK, True)
    for address in _author_addresses(mail):
        if address.lower().startswith(("mailer-daemon@", "mailerdaemon@")):
            yield Signal("mailer-daemon", Kind.BULK, True, address)
        elif UNREAD.match(address):
            yield Signal("no-reply-sender", Kind.BULK, False, address)
        elif POST_OFFICE.match(address):
            yield Signal("post-office-sender", Kind.BULK, False, address)
    if LIST_PATH.match(envelope.sender):
        yield Signal("list-return-path", Kind.BULK, False, envelope.sender)


def _author_addresses(mail: Mail) -> tuple[str, ...]:
    authors = (*mail.authors, mail.sender) if mail.sender else mail.authors
    return tuple(dict.fromkeys(a.address for a in authors[:20] if a.address))


def null_sender(envelope: Envelope, fields: Fields) -> bool:
    """True for the null return path (RFC 5321 section 4.5.5). The Return-Path field counts where there is one."""
    for name, value in fields:
        if name == "return-path":
            return value.strip().strip("<>").strip().lower() in ("", "mailer-daemon")
    return from_nobody(envelope)


def from_nobody(envelope: Envelope) -> bool:
    """True for an envelope with the null return path (RFC 5321 section 4.5.5).

    One without recipients was never seen by a transport (a mail from a file), and says nothing.
    """
    return envelope.sender == "" and bool(envelope.recipients)


def _subject_signals(subject: str) -> Iterator[Signal]:
    if not subject:
        return
    if DOMAIN_REPORT.match(subject):
        yield Signal("report", Kind.BULK, True, subject[:100])
    elif machine_subject(subject):
        yield Signal("machine-subject", Kind.AUTOMATIC_REPLY, True, subject[:100])
    elif worded(subject, ABSENCE_WORDS):
        yield Signal("absence-words", Kind.AUTOMATIC_REPLY, False, subject[:100])
    elif worded(subject, RECEIPT_WORDS) or RECEIPT_FORM.search(subject[:300]):
        yield Signal("receipt-words", Kind.AUTOMATIC_REPLY, False, subject[:100])


def answerable(mail: Mail, envelope: Envelope, ours: Ours, signals: tuple[Signal, ...]) -> str:
    """Why no automatic answer may be sent to this mail (RFC 3834 section 2, O4); "" when one may be.

    `signals` are those of `classify`. The reason is a few words for the history.
    """
    names = {s.name: s for s in signals}
    kind = _verdict(signals)
    if "null-sender" in names:
        return "null sender"
    if "own-address" in names or (envelope.sender and is_ours(envelope.sender, ours)):
        return "own address"
    if "list" in names:
        return "list mail"
    for name in ("auto-submitted", "auto-forwarded", "precedence"):
        if name in names:
            return f"{name}: {names[name].detail}"
    suppressed = names.get("suppress")
    if suppressed and any(word in suppressed.detail for word in ("all", "oof", "autoreply")):
        return "sender asks for no automatic answer"
    for name in ("no-reply-sender", "list-return-path", "post-office-sender", "mailer-daemon"):
        if name in names:
            return f"no-reply sender: {names[name].detail}"
    if kind is not Kind.PERSON:
        return f"machine mail: {kind}"
    if mail.sender is None:
        return "unknown sender"
    return ""
