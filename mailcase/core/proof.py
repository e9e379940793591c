"""Is this agent's mail really from that agent? The From address is never enough (A5)."""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime, timedelta

from authres import AuthenticationResultsHeader  # type: ignore[import-untyped]
from authres.core import AuthResError  # type: ignore[import-untyped]

from mailcase.core import token as tokens
from mailcase.core.message import Address, Envelope, Mail
from mailcase.core.policy import Agent, Policy
from mailcase.core.thread import Keys, Thread

# A signature and a token stay good when somebody else sends the mail again: its date tells (attack S34).
FRESH = timedelta(hours=48)
_COMMENTS = re.compile(r"\([^()]*\)")
_PROTOCOL = re.compile(r"\bwith\s+([A-Za-z0-9-]+)")
# LMTP is the last hop, from our own mail server to us. Whatever else brought the mail was the border (RFC 3848).
_OWN_HOP = re.compile(r"(?:utf8)?lmtps?a?", re.IGNORECASE)
# What a distrust begins with; agents are told in their own language.
REASONS = ("unproven", "login", "forged", "replayed", "other-case", "link")
# Repeated, these show one reader of the mail something else than the next one, under the same signature.
_ONCE = ("repeated-from", "repeated-sender", "repeated-to", "repeated-cc", "repeated-subject", "repeated-date",
         "repeated-message-id", "repeated-content-type")  # fmt: skip


def prove(
    agent: Agent, mail: Mail, envelope: Envelope, keys: Keys, source: str, policy: Policy, *,
    received_at: datetime | None = None, place: Thread | None = None, seen: bool = False,
) -> tuple[str, str]:  # fmt: skip
    """(proof, distrust): how we know that `agent` wrote this, "" for not at all; and why we must not believe it, with
    one of REASONS and a colon in front.

    Proofs are auth, results, network, token and link, in this order; a link is a token that only carries commands.
    Where an authserv-id is configured a token needs an aligned pass as well, and an explicit fail always distrusts.
    `place` is where the mail was threaded; `seen` says that its Message-ID came before, in another mail.
    """
    if mail.sender is None or mail.sender.key not in agent.addresses:
        return "", "unproven: From is not the agent's address"
    if envelope.authenticated:
        same = envelope.authenticated.casefold() == agent.name.casefold()
        return ("auth", "") if same else ("", f"login: authenticated as {envelope.authenticated}")
    verdict = _verdict(mail, envelope, source, policy)
    if verdict == "fail":
        return "", "forged: the mail server says that the sender is not who it claims to be"
    if source == "smtp" and _in_networks(envelope.peer, policy.trust.networks):
        return "network", ""
    doubt = _replayed(mail, received_at, seen)
    if verdict == "pass":
        doubt = doubt or _not_to_us(mail, policy)
        return ("results", "") if not doubt else ("", doubt)
    proof, doubt = _by_token(agent, keys, place, policy, doubt)
    return (proof, "") if not doubt else ("", doubt)


def refuted(mail: Mail, envelope: Envelope, source: str, policy: Policy) -> bool:
    """True when our own mail server says that From is forged: then not even a confirmation counts."""
    return _verdict(mail, envelope, source, policy) == "fail"


def _by_token(agent: Agent, keys: Keys, place: Thread | None, policy: Policy, doubt: str) -> tuple[str, str]:
    kinds = {tokens.AGENT: "token", tokens.LINK: "link"}
    proof = kinds.get(keys.token.kind, "") if keys.token else ""
    if not proof or keys.token_for.casefold() != agent.name.casefold():
        return "", "unproven: no reply token, no authentication"
    if policy.trust.authserv_id:
        return "", "unproven: a reply token, but no aligned pass in Authentication-Results"
    # A token is for one case: it opens no other one whose number was written into the subject.
    other = next((d for d in (place.doubts if place else ()) if d.startswith("subject:")), "")
    return proof, doubt or (f"other-case: the reply token is not for what the {other}" if other else "")


def _replayed(mail: Mail, received_at: datetime | None, seen: bool) -> str:
    """Why this may be an old mail that somebody sent again, or a genuine one with something put in front of it."""
    repeated = next((name for name in _ONCE if name in mail.defects), "")
    if repeated:
        return f"replayed: the field {repeated.removeprefix('repeated-')} is there more than once"
    if seen:
        return "replayed: another mail with this Message-ID came before"
    if received_at is None:
        return ""
    if mail.date is None or abs(received_at - mail.date) > FRESH:
        return "replayed: the date is missing, or more than 48 hours away"
    return ""


def _not_to_us(mail: Mail, policy: Policy) -> str:
    """A signature is good wherever the mail goes: one to somebody else is no order to us (attack S34)."""
    told = any(_ours(a, policy) for a in (*mail.to, *mail.cc))
    return "" if told else "replayed: our address is in neither To nor Cc"


def _ours(address: Address, policy: Policy) -> bool:
    return policy.mailbox_of(address.address) is not None


def _in_networks(peer: str, networks: tuple[str, ...]) -> bool:
    # Only for SMTP: on LMTP the peer is always our own mail server, whoever wrote the mail.
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(n, strict=False) for n in networks)


def _verdict(mail: Mail, envelope: Envelope, source: str, policy: Policy) -> str:
    """pass, fail or "" from the trusted Authentication-Results fields (RFC 8601 section 5).

    Only fields of our own authserv-id count, and only those above the Received line by which the mail came in from
    outside: what stands below it was written by the sender. What a stranger hands to our own SMTP listener has no
    such line above it, so there it must come from a relay of ours.
    """
    authserv_id, domain = policy.trust.authserv_id, mail.sender.domain if mail.sender else ""
    if not authserv_id or not domain or not _from_relay(envelope, source, policy):
        return ""
    verdicts: set[str] = set()
    for name, value in mail.headers:
        if name == "authentication-results":
            verdicts |= _read(value, authserv_id, domain)
        if name == "received" and not _is_own_hop(value):
            break
    # DMARC has weighed the other two already (RFC 7489 section 6.6.2); a forwarder breaks one of them and not both.
    return next((v.partition(" ")[2] for v in _WEIGHT if v in verdicts), "")


_WEIGHT = ("dmarc fail", "dmarc pass", "dkim pass", "dkim fail", "spf fail")


def _from_relay(envelope: Envelope, source: str, policy: Policy) -> bool:
    if source != "smtp" or not envelope.peer:
        return True
    try:
        here = ipaddress.ip_address(envelope.peer).is_loopback
    except ValueError:
        return False
    return here or _in_networks(envelope.peer, policy.trust.relays)


def _is_own_hop(received: str) -> bool:
    """The protocol is the last word behind a `with` outside of comments: what the client says of itself is earlier."""
    plain = _COMMENTS.sub(" ", _COMMENTS.sub(" ", received))
    named = _PROTOCOL.findall(plain.rpartition(";")[0] or plain)
    return bool(named) and bool(_OWN_HOP.fullmatch(named[-1]))


def _read(value: str, authserv_id: str, domain: str) -> set[str]:
    """What one field says of the From domain, as `method verdict`."""
    try:
        header = AuthenticationResultsHeader.parse_value(value)
    except (AuthResError, ValueError, IndexError, AttributeError):
        return set()
    if header.authserv_id.casefold() != authserv_id.casefold():
        return set()
    found = set()
    for result in header.results:
        properties = {f"{p.type}.{p.name}": (p.value or "").lower() for p in result.properties}
        verdict = {"pass": "pass", "fail": "fail", "hardfail": "fail"}.get(result.result.lower(), "")
        if result.method == "dmarc" and properties.get("header.from", domain) == domain:
            found.add(f"dmarc {verdict}")
        elif result.method == "dkim" and _aligned(_domain(properties, "header.d", "header.i"), domain):
            found.add(f"dkim {verdict}")
        elif result.method == "spf" and _aligned(_domain(properties, "smtp.mailfrom"), domain):
            found.add(f"spf {verdict}")
    return found


def _domain(properties: dict[str, str], *names: str) -> str:
    value = next((properties[n] for n in names if properties.get(n)), "")
    return value.rpartition("@")[2]


def _aligned(signer: str, domain: str) -> bool:
    """Relaxed alignment (RFC 7489 section 3.1.1) without a suffix list: the signer is the domain or a parent of it."""
    return bool(signer) and "." in signer and (signer == domain or domain.endswith(f".{signer}"))
