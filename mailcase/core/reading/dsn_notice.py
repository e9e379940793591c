"""Delivery notices of providers in a form of their own: Amazon SES, in JSON, by mail through Amazon SNS."""

from __future__ import annotations

import json
from typing import Any

from mailcase.core.message import Bounce, BouncedRecipient
from mailcase.core.reading.dsn_forms import ANY_ADDRESS, failure_status, status_in

NOTICE_BOUND, RECIPIENTS_BOUND, TEXT_BOUND = 256 * 1024, 200, 500
# What happened, where the notice lists to whom, and the action of RFC 3464 that it amounts to.
HAPPENED = (
    ("bounce", "bouncedRecipients", "failed"),
    ("deliveryDelay", "delayedRecipients", "delayed"),
    ("delivery", "recipients", "delivered"),
)


def read_notice(text: str) -> Bounce | None:
    """The report in a notice (SES developer guide, "Notification contents"); None for complaints and the unreadable."""
    # The mail's line folding stands inside the JSON strings.
    unfolded = text[:NOTICE_BOUND].replace("\r", "").replace("\n ", "").replace("\n", "")
    notice = _json(unfolded)
    if isinstance(notice.get("Message"), str):
        notice = _json(notice["Message"])
    for name, listed, action in HAPPENED:
        told = notice.get(name)
        if isinstance(told, dict):
            return _bounce(told, told.get(listed), action, notice.get("mail"))
    return None


def _json(text: str) -> dict[str, Any]:
    """The JSON object that `text` begins with; words may follow it. Empty for anything else."""
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _bounce(told: dict[str, Any], rows: object, action: str, about: object) -> Bounce | None:
    if action == "failed" and told.get("bounceType") == "Transient":
        action = "delayed"
    found: list[BouncedRecipient] = []
    for row in rows[:RECIPIENTS_BOUND] if isinstance(rows, list) else ():
        entry = row if isinstance(row, dict) else {"emailAddress": row}
        address = str(entry.get("emailAddress", ""))
        if ANY_ADDRESS.fullmatch(address):
            words = " ".join(str(entry.get("diagnosticCode", "")).rpartition("smtp;")[2].split())[:TEXT_BOUND]
            status = status_in(str(entry.get("status", ""))) or failure_status(words)
            found.append(BouncedRecipient(address, action, status, words))
    common = about.get("commonHeaders") if isinstance(about, dict) else None
    message_id = str(common.get("messageId") or "").strip("<> ") if isinstance(common, dict) else ""
    return Bounce(action == "failed", tuple(found), message_id) if found else None
