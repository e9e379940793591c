"""Delivery reports without RFC 3464 fields: finds the recipients in the words that servers write for people."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailcase.core.reading.dsn_suspicion import tells_of_failure

# RFC 5321 section 4.5.3.1 bounds a local part to 64 octets and a domain to 255; the bounds also keep matching linear.
ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?"
ANY_ADDRESS = re.compile(ADDRESS)
LINE_BOUND, LINES_BOUND, WORDS_BOUND = 1_000, 800, 500

# Words that machines put right before the address that failed.
LABELLED = re.compile(
    r"(?:failed recipients?|intended recipient|recipient address|recipients?|undeliverable address|error-for"
    r"|unknown user|user unknown|final delivery userid|[0-9] attempts|undeliverable[ ]{1,3}to|delivery failed"
    r"|deliver(?:ed|ing|y)?(?: (?:of|your|the|this|a))?(?: (?:message|mail|e-mail|email))? to|mailbox is full"
    r"|your (?:e-?mail |mail )?message (?:to|for)|following message to|addressed to|address|quota violation for"
    r"|rejected recipient|permanent errors|of this mailing list|duplicated message-id in|user[ ]?name|usuario"
    r"|destinatario|destinataire|destinatário|empfänger|получател[ья]|宛先|收件人|收件者|받는 사람)"
    r"[ \t\u3000]{0,8}[:=：]?[ \t\u3000]{0,8}[\"'<\[(]{0,3}(?:smtp:|rfc822;[ ]?|mailto:)?[ ]?(?<![a-z0-9._-])("
    + ADDRESS
    + ")",
    re.IGNORECASE,
)
# An address that begins its line, as in a list: "<a@b>:", "a@b", "* a@b", "a@b: 550 …", "a@b on Thu, …".
LEADING = re.compile(
    r"[ \t>*•·|#-]{0,24}[\"'<\[(]{0,2}[ ]?(?:mailto:|smtp:|rfc822;[ ]?)?(" + ADDRESS + r")[\"'>\])]{0,2}([ \t]*)(.*)",
    re.IGNORECASE,
)
# An X.400 name with the Internet address inside, as Exchange 5.5 writes it (RFC 2156 section 4.1).
DOMAIN_DEFINED = re.compile(r"\bdda:(?:SMTP|RFC-?822)[=(](" + ADDRESS + ")", re.IGNORECASE)
# "am 16.11.2026", "le 16/11/2026", ", Mailbox not found": what Exchange and Zoho put behind the address.
DATE_FOLLOWS = re.compile(r"[a-z]{1,4} [0-9]{1,4}[./-][0-9]|[ ]?, ?[A-Z]{2}|[ ]?, ?[A-Z][a-z]{1,20} not ")
RCPT_TO = re.compile(r"\bRCPT[ ]TO:?[ ]?<?(" + ADDRESS + ")", re.IGNORECASE)
REPLY_LINE = re.compile(r"(?:^|[ \t<>])[45][0-9]{2}(?:[ -]|$)")
TO_LINE = re.compile(r"[ \t*]{0,8}To[ \t]{0,4}:[ \t]{0,8}<?(" + ADDRESS + ")", re.IGNORECASE)
# Words right before an address that is named for another reason than having failed.
CONTACT = re.compile(
    r"(?:contact|assistance|questions?|help|support|e-?mail to|send mail to|write to|reply to|administrator|sender:"
    r"|kontakta?|rückfragen|fragen an|(?:schreiben|wenden) sie(?: bitte| sich){0,2} an|contatt[oi]|contato"
    r"|your e-?mail(?: address:?)?|ihre e-?mail-?adresse:?|votre adresse(?: e-?mail)? ?:?|su correo ?:?"
    r"|uw e-?mailadres:?|expanded from|generated from|contacte[zn]?|contacto"
    r"|écri(?:vez|re) à|scriv(?:a|ete|ere) a|escrib(?:a|ir) a|escreva para|vragen"
    r"|связ\w{0,12}|пишите|お問い合わせ先?|联系|聯絡|문의"
    r"|(?:e-?mail|message)s? from:?|from:|reply-to:|(?:to|at) the address|^[ \t]{0,8}(?:cc|to):)[ \t<\"'(?:]{0,6}$",
    re.IGNORECASE,
)
# Whom a report tells its reader to turn to.
OFFICE_BOX = re.compile(r"(?:postmaster|abuse|administrator|admin|support|help|helpdesk|hostmaster)@", re.IGNORECASE)
# RFC 3463 section 2. Neither an IP address nor a version number may pass for a status.
STATUS = re.compile(r"(?<![0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9]|\.[0-9])")
FAILURE_STATUS = re.compile(r"(?<![0-9.])([45]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9]|\.[0-9])")
ANSWERED_STATUS = re.compile(r"(?<![0-9.])[45][0-9]{2}[ :-]{1,3}#?([45]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9]|\.[0-9])")
BARE_NAME = re.compile(r"[ \t]{1,8}([a-z0-9][a-z0-9._-]{0,30})[ \t]{2,}[A-Z]")
NEXT_ADDRESS = re.compile(r"[>\"')\]]{0,2}[ \t]{0,4}[;,][ \t]{0,4}[\"'<(\[]{0,2}" + ADDRESS)
HEAD = re.compile("<" + ADDRESS + r">(?: \(|:)")
USER_LINE = re.compile(r"[ \t]{1,16}([A-Za-z0-9][A-Za-z0-9._-]{1,63})[ \t]{0,8}")
NAME_AT = re.compile(r"(?<!finger )\bNAME@([a-z0-9][a-z0-9.-]{1,120}[a-z0-9])")


@dataclass(frozen=True, slots=True)
class Named:
    """A recipient as the words of a report name it, and what they say about it."""

    address: str
    text: str
    line: str = ""  # the one that names it, and the heading of its list


def status_in(text: str) -> str:
    """The first RFC 3463 code of any class in a Status field; "" when there is none."""
    found = STATUS.search(text)
    return found[1] if found else ""


def answered_status(text: str) -> str:
    """The RFC 3463 code that a server gave right after its 4xx or 5xx reply code; "" when there is none."""
    found = ANSWERED_STATUS.search(text)
    return found[1] if found else ""


def failure_status(text: str) -> str:
    """The RFC 3463 code of a failure in free words, an answered one first; "" when there is none."""
    found = ANSWERED_STATUS.search(text) or FAILURE_STATUS.search(text)
    return found[1] if found else ""


def cleaned(address: str) -> str:
    """An address without the marks that reports put around it."""
    bare = address.lstrip("'`*=|").rstrip(".")
    head, sep, rest = bare.partition("=")
    return rest if sep and head.lower() in ("smtp", "rfc822") and "@" in rest else bare


def named_recipients(report: str, skipped: frozenset[str]) -> tuple[Named, ...]:
    """The recipients that a report's words name, in order, each once; () when they name none.

    `skipped` holds addresses (keys) that are the report's own author; the reader's own address is taken only when
    it is the only one. Ways of naming are tried from the surest to the weakest, and the first that yields wins.
    """
    lines = [line[:LINE_BOUND] for line in report.splitlines()[:LINES_BOUND]]
    for way in (_listed, _in_session, _mentioned, _in_to_line, _completed):
        found = [(index, cleaned(a)) for index, a in way(lines)]
        kept = [(index, a) for index, a in found if a.casefold() not in skipped and "@" in a[1:] and not _is_path(a)]
        if kept:
            return _with_words(lines, kept)
    return ()


def _is_path(address: str) -> bool:
    """True for a mailbox's folder ("/var/mail/b.example/ann@b.example"), and not for an X.400 name ("/S=ANN/@gw")."""
    return address.startswith("/") and "=" not in address


def names_user(report: str, user: str) -> bool:
    """True when a line of the report begins with this user name, alone or before a mark or a gap."""
    lines = (line.strip(" \t<\"'*") for line in report[:16_384].casefold().splitlines()[:LINES_BOUND])
    wanted = user.casefold()
    return any(line.startswith(wanted) and not line[len(wanted) : len(wanted) + 1].isalnum() for line in lines)


def bare_users(report: str, domains: tuple[str, ...]) -> tuple[Named, ...]:
    """User names without a domain, each alone on an indented line below one that announces them (AOL)."""
    named: list[Named] = []
    announced = False
    for line in report[:16_384].splitlines()[:LINES_BOUND]:
        user = USER_LINE.fullmatch(line)
        if user and announced and domains:
            named.append(Named(f"{user[1]}@{domains[0]}", " ".join(report.split())[:WORDS_BOUND], line))
        elif line.strip():
            announced = line.rstrip().endswith(":") and tells_of_failure(line.lower())
    return tuple(named[:200])


def only_address(report: str, skipped: frozenset[str]) -> tuple[Named, ...]:
    """The one address that a report's words hold, in whatever language; () when they hold several or none."""
    lines = [line[:LINE_BOUND] for line in report.splitlines()[:LINES_BOUND]]
    found: dict[str, tuple[int, str]] = {}
    for index, line in enumerate(lines):
        for match in ANY_ADDRESS.finditer(line) if "@" in line else ():
            address = cleaned(match[0])
            if not OFFICE_BOX.match(address) and address.casefold() not in skipped:
                found.setdefault(address.casefold(), (index, address))
                if CONTACT.search(line[: match.start()]) or len(found) > 1:
                    return ()
    return _with_words(lines, list(found.values()))


def _listed(lines: list[str]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    before = ""
    bracketed = any(map(HEAD.match, lines))
    for index, line in enumerate(lines):
        if "@" in line:
            # Below a head in brackets an indented line goes on with what was said, whatever it begins with.
            leading = None if bracketed and line[0] in " \t" else LEADING.match(line)
            if _goes_on(before, line, found):
                pass
            elif leading and _ends_item(*leading.groups()) and not CONTACT.search(before):
                found.extend((index, a) for a in (leading[1], *_beside(leading[3])))
            else:
                labelled = DOMAIN_DEFINED.search(line) or LABELLED.search(line)
                if labelled and not CONTACT.search(line[: labelled.start()]):
                    found.extend((index, a) for a in (labelled[1], *_beside(line[labelled.end() :])))
        if line.strip():
            before = line.rstrip()
        elif before[-1:] in ".:":
            before = ""
    return found


def _beside(rest: str) -> list[str]:
    """The other addresses of a list that stands on one line: "; b@c, d@e"."""
    if not NEXT_ADDRESS.match(rest):
        return []
    return [match[0] for match in ANY_ADDRESS.finditer(rest)][:200]


def _goes_on(before: str, line: str, found: list[tuple[int, str]]) -> bool:
    """True when the line begins with the rest of an address that broke at the end of the line before."""
    rest = ANY_ADDRESS.match(line.strip(" \t<"))
    if rest is None or not found:
        return False
    whole = found[-1][1]
    return (
        len(rest[0]) < len(whole)
        and before.rstrip("=").endswith(whole.removesuffix(rest[0]))
        and whole.endswith(rest[0])
    )


def _ends_item(address: str, gap: str, rest: str) -> bool:
    """True when what follows a leading address shows that it stands in a list and not in a sentence."""
    if not rest or len(gap) > 1 or gap == "\t" or NEXT_ADDRESS.match(rest):
        return True
    if rest[0] in ":：;([<-" or rest.startswith(("...", "on ", "=>")) or DATE_FOLLOWS.match(rest):
        return True
    return cleaned(address).casefold() in rest[: len(address) + 8].casefold()


def _in_session(lines: list[str]) -> list[tuple[int, str]]:
    """From a transcript: the RCPT TO command, or an address that a 4xx or 5xx answer repeats."""
    found: list[tuple[int, str]] = []
    for index, line in enumerate(lines):
        if "@" not in line:
            continue
        commanded = RCPT_TO.search(line)
        if commanded:
            found.append((index, commanded[1]))
        elif REPLY_LINE.search(line):
            answered = ANY_ADDRESS.search(line)
            if answered:
                found.append((index, answered[0]))
    return found


def _mentioned(lines: list[str]) -> list[tuple[int, str]]:
    """The first address in a line that itself tells of the failure."""
    found: list[tuple[int, str]] = []
    for index, line in enumerate(lines):
        if "@" in line and tells_of_failure(line.lower()):
            named = (m for m in ANY_ADDRESS.finditer(line) if not CONTACT.search(line[: m.start()]))
            found.extend((index, m[0]) for m in list(named)[:1])
    return found


def _in_to_line(lines: list[str]) -> list[tuple[int, str]]:
    found = [(index, to, line) for index, line in enumerate(lines) if (to := TO_LINE.match(line))]
    return [(index, a) for index, to, line in found for a in (to[1], *_beside(line[to.end() :]))]


def _completed(lines: list[str]) -> list[tuple[int, str]]:
    """Bare user names, completed with the domains that the report itself explains as NAME@domain."""
    domains = [d for line in lines for d in NAME_AT.findall(line)][:10]
    if not domains:
        return []
    names = [(index, name[1]) for index, line in enumerate(lines[:20]) if (name := BARE_NAME.match(line))]
    return [(index, f"{name}@{domain}") for index, name in names[:5] for domain in domains]


def _with_words(lines: list[str], found: list[tuple[int, str]]) -> tuple[Named, ...]:
    """Gives each recipient the words from its line to the next one's."""
    named: dict[str, Named] = {}
    for position, (index, address) in enumerate(found[:200]):
        end = found[position + 1][0] if position + 1 < len(found) else len(lines)
        words = _joined(lines[index : max(end, index + 1)])
        key = address.casefold()
        old = named.get(key)
        if old is None or (not failure_status(old.text) and failure_status(words)):
            named[key] = Named(old.address if old else address, words, f"{_heading(lines, index)} {lines[index]}")
    if len(named) == 1:
        (only,) = named.values()
        answered = next((index for index, line in enumerate(lines) if REPLY_LINE.search(line)), None)
        if answered is not None and not REPLY_LINE.search(only.text):
            # Some servers tell what was answered before they tell for whom.
            return (Named(only.address, _joined(lines[answered:])),)
    return tuple(named.values())


def _heading(lines: list[str], index: int) -> str:
    """The line that stands above a list, and tells what befell those who are in it."""
    above = (line for line in reversed(lines[max(0, index - 40) : index]) if "@" not in line)
    return next((line for line in above if line.rstrip().endswith((":", "--"))), "")


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines[:12]).split())[:WORDS_BOUND]
