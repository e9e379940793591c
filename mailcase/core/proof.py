"""Is this agent's mail really from that agent? The From address is never enough (A5)."""

from __future__ import annotations

import ipaddress
import re

from authres import AuthenticationResultsHeader  # type: ignore[import-untyped]
from authres.core import AuthResError  # type: ignore[import-untyped]

from mailcase.core import token as tokens
from mailcase.core.message import Envelope, Mail
from mailcase.core.policy import Agent, Policy
from mailcase.core.thread import Keys

# The protocols of RFC 3848 by which mail comes from outside; LMTP is our own side's last hop.
_FROM_OUTSIDE = re.compile(r"\bwith\s+(?:utf8)?e?smtp", re.IGNORECASE)


def prove(agent: Agent, mail: Mail, envelope: Envelope, keys: Keys, source: str, policy: Policy) -> tuple[str, str]:
    """(proof, distrust): how we know that `agent` wrote this, "" for not at all; and why we must not believe it.

    Proofs are auth, results, network and token, in this order. Where an authserv-id is configured a token needs an
    aligned pass as well, and an explicit fail always distrusts.
    """
    if envelope.authenticated:
        same = envelope.authenticated.casefold() == agent.name.casefold()
        return ("auth", "") if same else ("", f"authenticated as {envelope.authenticated}")
    verdict = _verdict(mail, policy.trust.authserv_id, mail.sender.domain if mail.sender else "")
    if verdict == "fail":
        return "", "the mail server says that the sender is not who it claims to be"
    if verdict == "pass":
        return "results", ""
    if source == "smtp" and _in_networks(envelope.peer, policy.trust.networks):
        return "network", ""
    if keys.token and keys.token.kind == tokens.AGENT and keys.token_for.casefold() == agent.name.casefold():
        if policy.trust.authserv_id:
            return "", "a reply token, but no aligned pass in Authentication-Results"
        return "token", ""
    return "", "no reply token, no authentication"


def _in_networks(peer: str, networks: tuple[str, ...]) -> bool:
    # Only for SMTP: on LMTP the peer is always our own mail server, whoever wrote the mail.
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(n, strict=False) for n in networks)


def _verdict(mail: Mail, authserv_id: str, domain: str) -> str:
    """pass, fail or "" from the trusted Authentication-Results fields (RFC 8601 section 5).

    Only fields of our own authserv-id count, and only those above the Received line by which the mail came in from
    outside: what stands below it was written by the sender.
    """
    if not authserv_id or not domain:
        return ""
    verdicts: list[str] = []
    for name, value in mail.headers:
        if name == "authentication-results":
            verdicts += _read(value, authserv_id, domain)
        if name == "received" and _FROM_OUTSIDE.search(value):
            break
    if "fail" in verdicts:
        return "fail"
    return "pass" if "pass" in verdicts else ""


def _read(value: str, authserv_id: str, domain: str) -> list[str]:
    try:
        header = AuthenticationResultsHeader.parse_value(value)
    except (AuthResError, ValueError, IndexError, AttributeError):
        return []
    if header.authserv_id != authserv_id:
        return []
    found = []
    for result in header.results:
        properties = {f"{p.type}.{p.name}": (p.value or "").lower() for p in result.properties}
        if result.method == "dmarc" and properties.get("header.from", domain) == domain:
            found.append({"pass": "pass", "fail": "fail"}.get(result.result.lower(), ""))
        elif result.method == "dkim" and result.result.lower() == "pass":
            signer = properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
            found.append("pass" if _aligned(signer, domain) else "")
    return found


def _aligned(signer: str, domain: str) -> bool:
    """Relaxed alignment (RFC 7489 section 3.1.1) without a suffix list: the signer is the domain or a parent of it."""
    return bool(signer) and "." in signer and (signer == domain or domain.endswith(f".{signer}"))
