"""Reads delivery reports (R5): RFC 3464, and what servers and providers send instead of it."""

from __future__ import annotations

import re
from dataclasses import replace

from mailcase.core.message import Bounce, BouncedRecipient, Mail
from mailcase.core.reading.dsn_delay import is_delay, says_delayed, says_delivered
from mailcase.core.reading.dsn_forms import (
    Named,
    answered_status,
    bare_users,
    cleaned,
    failure_status,
    named_recipients,
    names_user,
    only_address,
    status_in,
)
from mailcase.core.reading.dsn_notice import read_notice
from mailcase.core.reading.dsn_original import (
    RETURNED_TYPES,
    fields,
    first_field,
    header_block,
    original_id,
    returned_part,
    split_report,
)
from mailcase.core.reading.dsn_suspicion import (
    DAEMON,
    ENOUGH,
    OPENED,
    WORTH_READING,
    is_kept,
    lists_failures,
    suspicion,
    word_points,
    written_by_hand,
)

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
REPORT_BOUND = 64 * 1024
RECIPIENTS_BOUND = 200
TEXT_BOUND = 500
ACTIONS = {
    "fail": "failed",
    "erro": "failed",  # OpenSMTPD
    "unde": "failed",
    "reje": "failed",
    "dela": "delayed",
    "defe": "delayed",
    "deli": "delivered",
    "rela": "relayed",
    "expa": "expanded",
    "expi": "failed",  # SendGrid
}
SEVERITY = ("failed", "delayed", "expanded", "relayed", "delivered")
TYPED = re.compile(r"(rfc822|utf-8|smtp|x-[a-z0-9-]{1,40}|unknown)[ \t]{0,8};[ \t]{0,8}(.*)", re.IGNORECASE)
MAILBOX = re.compile(r"[^\s<>@,;|]{1,256}@(?:[^\s<>@,;|\[\]]{1,255}|\[[0-9A-Za-z:.]{1,60}\])")
TAG = re.compile(r"<[^<>]{0,2000}>")
LINE_END_TAG = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/td|/th)[^<>]{0,200}>", re.IGNORECASE)
ENTITIES = (
    ("&nbsp;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", '"'),
    ("&#64;", "@"),
    ("&#39;", "'"),
    ("&amp;", "&"),
)
FIELDS_BEGIN = re.compile(
    r"^[ \t]{0,8}(?:Reporting-MTA|(?:Final|Original)-Recipient|Action):",
    re.IGNORECASE | re.MULTILINE,
)
LIST_FIELDS = frozenset({"list-id", "list-post", "list-unsubscribe"})


def read_bounce(mail: Mail, from_nobody: bool = False) -> Bounce | None:
    """A delivery report about a mail of ours, or None for every other mail.

    `from_nobody` says that it came with the null return path (RFC 5321 section 4.5.5); a field Return-Path says it too.

    Standard form: RFC 3464 in a multipart/report (RFC 6522), also RFC 6533. Other forms are read from the words.
    A report that only says delivered, relayed or expanded is a Bounce too, with those actions and `permanent` false.
    A recipient whose address is not certain is left out (its field without type and without brackets, or not ASCII
    where only ASCII is allowed); `recipients` may then be empty. Receipts (RFC 8098), absence notices, complaints
    (RFC 5965), and ordinary mails that carry another mail are None. Never raises; linear in what it reads.
    """
    outside = suspicion(mail, from_nobody)
    if outside.points < WORTH_READING:
        return None
    if mail.first("x-amz-sns-message-id") and mail.text[:1] == "{":
        return read_notice(mail.text)
    report, returned = _report_and_original(mail)
    told = word_points(report, outside)
    points = outside.points + told
    if points < ENOUGH:
        points += _shape_points(mail, report, returned, outside.strong)
    if points < ENOUGH or (not outside.strong and is_kept(report)):
        return None
    bounce = _bounce(mail, report, returned, certain=points > ENOUGH and (outside.strong or told == OPENED))
    if bounce is None or outside.strong:
        return bounce
    readers = {a.key for a in mail.to}
    named = [r.address.casefold() for r in bounce.recipients]
    if written_by_hand(mail, report, returned) or (named and all(key in readers for key in named)):
        # A post office's clerk who writes that mail to us did not come through.
        return None
    return bounce


def is_failure(bounce: Bounce) -> bool:
    """True when somebody did not get the mail (yet); False for a mere confirmation of delivery."""
    return not bounce.recipients or any(r.action in ("failed", "delayed") for r in bounce.recipients)


def _shape_points(mail: Mail, report: str, returned: str, strong: bool) -> int:
    """Points for how a report is made, whatever its language: the mail that comes back, a list of addresses."""
    comes_back = returned_part(mail) is None and bool(header_block(returned))
    if strong and (comes_back or lists_failures(report)):
        return 2
    return int(comes_back)


def _report_and_original(mail: Mail) -> tuple[str, str]:
    """The words of the report, and the source of what it returns (a part of its own, or the rest of the text)."""
    part = returned_part(mail)
    words: list[str] = []
    for piece in mail.parts:
        if piece.depth or piece is part or piece.content_type in RETURNED_TYPES:
            continue
        if piece.content_type.startswith("text/plain") and piece.disposition != "attachment":
            words.append(piece.text[:REPORT_BOUND])
    joined = "\n".join(words)[:REPORT_BOUND]
    if not joined.strip():
        html = next((p.text for p in mail.parts if not p.depth and p.content_type.startswith("text/html")), "")
        joined = plain(html[:REPORT_BOUND]) if html else mail.text[:REPORT_BOUND]
    if "\r" in joined:
        joined = joined.replace("\r\n", "\n").replace("\r", "\n")
    report, rest = split_report(joined)
    block = header_block(rest)
    if block and DAEMON.search(first_field(fields(block), "from")[:500].lower()):
        # A report that was passed on as text inside another one: what counts is the inner one.
        inner, rest = split_report(rest[len(block) :])
        report = f"{report}\n{inner}"
    return report, part.text if part else rest


def plain(html: str) -> str:
    """The words of an HTML report, without styles; only as good as finding addresses and phrases needs."""
    text = html
    for tag in ("style", "script", "head"):
        start = text.lower().find(f"<{tag}")
        end = text.lower().find(f"</{tag}", start + 1) if start >= 0 else -1
        if 0 <= start < end:
            text = text[:start] + text[end:]
    text = TAG.sub("", LINE_END_TAG.sub("\n", text))
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return text


def _bounce(mail: Mail, report: str, returned: str, certain: bool) -> Bounce | None:
    """What the report tells; None when it names nobody, unless it is `certain` that it is one."""
    block = header_block(returned)
    pairs = fields(block)
    status_parts = (p.text for p in mail.parts if not p.depth and p.content_type in STATUS_TYPES)
    status_text = "\n\n".join(text[:REPORT_BOUND] for text in status_parts)
    if FIELDS_BEGIN.search(report):
        # Reports whose MIME form broke on the way carry their fields in the text.
        status_text = f"{status_text}\n\n{report}" if status_text else report
    recipients, refused = standard_recipients(status_text)
    if recipients:
        recipients = _with_words(recipients, report)
    elif not refused:
        recipients = _recipients_in_words(mail, report, pairs)
        if not recipients and (not certain or _went_to_list(pairs)):
            return None
        refused = () if recipients or is_delay(mail.subject, report) else ("failed",)
    report_id = original_id(pairs, f"{status_text}\n{report}", mail)
    permanent = any(r.action == "failed" for r in recipients) or "failed" in refused
    return Bounce(permanent, recipients, report_id, block)


# ---- RFC 3464 ------------------------------------------------------------------------------------------------------


def standard_recipients(text: str) -> tuple[tuple[BouncedRecipient, ...], tuple[str, ...]]:
    """RFC 3464 section 2.3: the recipients, each once and with its worst action; and the actions of refused ones.

    Refused is who has a name that looks like an address but not in a form that can be trusted to be one.
    """
    merged: dict[str, BouncedRecipient] = {}
    refused: list[str] = []
    for group in _groups(text):
        action = _action(group)
        address, doubtful = _recipient_address(group)
        if not action or not (address or doubtful):
            continue
        if not address:
            refused.append(action)
            continue
        words = _diagnostic(group)
        read = BouncedRecipient(address, action, _status(group, words), words)
        old = merged.get(address.casefold())
        if old is None or SEVERITY.index(action) < SEVERITY.index(old.action):
            merged[address.casefold()] = read
        if len(merged) >= RECIPIENTS_BOUND:
            break
    return tuple(merged.values()), tuple(refused)


def _groups(text: str) -> list[dict[str, str]]:
    """The per-recipient groups of fields: a new one begins where a field comes that the present one already has.

    Blank lines are not trusted to part them: some servers put none, some one after each field.
    """
    groups: list[dict[str, str]] = []
    present: dict[str, str] = {}
    blank = True
    for name, value in fields(_short_lines(text)):
        if name in ("final-recipient", "original-recipient", "x-actual-recipient", "action"):
            starts = name in present or (name != "action" and blank and "action" in present and "status" in present)
            if starts:
                groups.append(present)
                present = {}
        blank = True
        present.setdefault(name, value)
    groups.append(present)
    return groups


def _short_lines(text: str) -> str:
    return "\n".join(line[:2_000] for line in text[:REPORT_BOUND].splitlines())


def _action(group: dict[str, str]) -> str:
    stated = ACTIONS.get(group.get("action", "").strip().lower()[:4], "")
    if stated:
        return stated
    return {"5": "failed", "4": "delayed", "2": "delivered"}.get(status_in(group.get("status", ""))[:1], "")


def _recipient_address(group: dict[str, str]) -> tuple[str, bool]:
    """The address as the sender wrote it where that is stated, else the final one; and whether one was refused."""
    doubtful = False
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = group.get(name, "").strip()
        if not value:
            continue
        address, bad = _typed_address(value)
        if address:
            return address, False
        doubtful = doubtful or bad
    return "", doubtful


def _typed_address(value: str) -> tuple[str, bool]:
    """RFC 3464 section 2.3.1: "type; address". Without a type the address must stand in angle brackets."""
    typed = TYPED.match(value)
    kind, rest = (typed[1].lower(), typed[2].strip()) if typed else ("", value)
    bare = rest[1:].partition(">")[0] if rest.startswith("<") else rest.partition(" (")[0].strip().rstrip(">")
    if not MAILBOX.fullmatch(bare):
        return "", "@" in bare and " " not in bare
    if (not typed and not rest.startswith("<")) or (not bare.isascii() and kind != "utf-8"):
        return "", True
    return cleaned(bare) if bare.isascii() else bare, False


def _diagnostic(group: dict[str, str]) -> str:
    value = group.get("diagnostic-code", "") or group.get("x-smtp-diagnostic", "")
    kind, sep, words = value.partition(";")
    said = words if sep and len(kind) < 30 and " " not in kind.strip() else value
    if not said.strip():
        said = group.get("status", "").partition("(")[2].rstrip(")")
    return " ".join(said.split())[:TEXT_BOUND]


def _status(group: dict[str, str], words: str) -> str:
    """The code that the refusing server answered with, else the Status field (which the reporting server chose)."""
    return better_status(status_in(group.get("status", "")), words)


def better_status(stated: str, words: str) -> str:
    """`stated`, unless `words` hold a server's own answer of the same class, or `stated` is undefined (x.0.0)."""
    undefined = not stated or stated.endswith(".0.0")
    said = failure_status(words) if undefined else answered_status(words)
    return said if said and (not stated or said[0] == stated[0]) else stated


# ---- words ---------------------------------------------------------------------------------------------------------


def _recipients_in_words(mail: Mail, report: str, original: list[tuple[str, str]]) -> tuple[BouncedRecipient, ...]:
    skipped = frozenset(a.key for a in (*mail.authors, *mail.reply_to) if a.address)
    readers = frozenset(a.key for a in mail.to)
    named = named_recipients(report, skipped | readers) or bare_users(report, _domains(mail, original))
    named = named or named_recipients(report, skipped)
    stated = _addresses(",".join(mail.all("x-failed-recipients")))
    if stated:
        by_key = {n.address.casefold(): n for n in named}
        rest = " ".join(report.split())
        named = tuple(by_key.get(a.casefold()) or Named(a, named[0].text if named else rest) for a in stated)
    elif not named:
        named = _from_original(original, report) or only_address(report, skipped | readers)
    delivered = says_delivered(f"{mail.subject}\n{report}")
    action = "delayed" if is_delay(mail.subject, report) else "delivered" if delivered else "failed"
    own = {n.address: says_delayed(n.line) for n in named} if action == "delayed" and len(named) > 1 else {}
    return tuple(
        BouncedRecipient(
            n.address,
            # One is late and another lost: then each line says which.
            "failed" if any(own.values()) and not own[n.address] else action,
            failure_status(n.text),
            n.text[:TEXT_BOUND],
        )
        for n in named[:RECIPIENTS_BOUND]
    )


def _with_words(recipients: tuple[BouncedRecipient, ...], report: str) -> tuple[BouncedRecipient, ...]:
    """Fills in what the fields leave out and the words above them tell (OpenSMTPD)."""
    if all(r.text for r in recipients):
        return recipients
    named = {n.address.casefold(): n.text for n in named_recipients(report, frozenset())}
    return tuple(_told(r, named.get(r.address.casefold(), "")) for r in recipients)


def _told(recipient: BouncedRecipient, words: str) -> BouncedRecipient:
    if recipient.text or not words:
        return recipient
    missed = recipient.action in ("failed", "delayed")
    status = better_status(recipient.status, words) if missed else recipient.status
    return replace(recipient, status=status, text=words[:TEXT_BOUND])


def _domains(mail: Mail, original: list[tuple[str, str]]) -> tuple[str, ...]:
    """The domains that bare user names of a report may belong to: the returned mail's, else the reporting server's."""
    found = [a.rpartition("@")[2] for a in _addresses(first_field(original, "to"))]
    if not found and DAEMON.search(mail.first("from")[:500].lower()):
        found = [a.address.rpartition("@")[2] for a in mail.authors if "@" in a.address]
    return tuple(dict.fromkeys(found)) if len(set(found)) == 1 else ()


def _went_to_list(original: list[tuple[str, str]]) -> bool:
    """True for mail that a list passed on: its To is the list, and no desk sends list mail."""
    return any(name in LIST_FIELDS for name, _ in original)


def _from_original(original: list[tuple[str, str]], report: str) -> tuple[Named, ...]:
    """The one address that the returned mail was written to, when the report itself names nobody.

    Where it went to several: those whose user names begin a line of the report ("ann (mailbox is full)").
    """
    if _went_to_list(original):
        return ()
    words = " ".join(report.split())[:TEXT_BOUND]
    for name in ("x-envelope-to", "x-original-to", "delivered-to", "to"):
        found = _addresses(first_field(original, name))
        if len(found) == 1:
            return (Named(found[0], words),)
    readers = _addresses(",".join(value for name, value in original if name in ("to", "cc")))
    return tuple(Named(a, words) for a in readers if names_user(report, a.partition("@")[0]))


def _addresses(value: str) -> tuple[str, ...]:
    """Each address in a list of them, once."""
    found = (cleaned(m.strip("'()") if '"@' in m else m.strip("\"'()")) for m in MAILBOX.findall(value[:8_000]))
    return tuple({a.casefold(): a for a in found if a.isascii() and "@" in a}.values())[:RECIPIENTS_BOUND]
