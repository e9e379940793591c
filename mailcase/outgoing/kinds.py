"""The kinds of mail there are templates for: what each is given, and sample values for previews and checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

# What a template may use even where the mail at hand has no value for it. The rest must be given:
# number always, and per kind what stands in REQUIRED.
_COMMON: dict[str, object] = {
    "address": "", "assignee": "", "cc": [], "chain": [], "confirm": False, "cut": False, "follow_up_of": None,
    "html": "", "known": True, "priority": "normal", "requester_address": "", "requester_name": "", "resolution": "",
    "signature": "", "status": "", "status_label": "", "subject": "", "tags": [], "text": "", "until": None,
    "agent_name": "", "confirm_to": "", "reject_to": "", "mailbox_name": "", "tag": "", "waiting_since": None,
}  # fmt: skip

_DEFAULTS: dict[str, dict[str, object]] = {
    "acknowledgement": {"known": False, "expected_time": None},
    "follow-up": {"known": False, "expected_time": None},
    "reminder": {"close_after": None},
    "resolved": {"close_after": None},
    "closed": {},
    "no-response": {"attempts": []},
    "answer": {},
    "notification": {
        "attachments": [], "history": [], "quoted_lines": 0, "received_at": None, "reply_to": [], "verified": True,
        "transfer": False,
    },
    "agent-reminder": {"why": "waiting"},
    "escalation": {"why": "escalated"},
    "delivery-problem": {},
    "command-result": {
        "asked": "", "cases": [], "commands": [], "done": [], "notices": [], "problems": [], "report": "",
        "your_text": "",
    },
    "case-shown": {"asked": "", "notices": [], "your_text": "", "history": [], "letters": [], "people": []},
    "transfer": {"author_name": "", "author_address": "", "quoted": "", "received_at": None},
    "confirm-agent": {"reason": ""},
    "digest": {},
    "report": {"days": [], "groups": [], "picture": "", "statuses": []},
}  # fmt: skip

REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "follow-up": ("follow_up_of",),
        "reminder": ("attempt",),
        "answer": ("text",),
        "notification": ("author_name", "author_address", "text"),
        "delivery-problem": ("recipients",),
        "digest": ("sections",),
        "report": ("period", "cases_opened", "first_response", "solution", "reopened", "followed_up"),
    }
)

KINDS: tuple[str, ...] = tuple(_DEFAULTS)
# Mail that may go to somebody we know nothing of: no word the sender chose is in it (O5, attack S13).
UNKNOWN_SENDER = ("acknowledgement", "follow-up")
# Mail in which the text is the message itself and is never cut.
WHOLE_TEXT = ("answer", "transfer")
TO_AGENTS = (
    "notification", "agent-reminder", "escalation", "delivery-problem", "command-result", "case-shown",
    "confirm-agent", "digest", "report",
)  # fmt: skip


_SAMPLE_TIMES = {"count": 31, "median": timedelta(minutes=50), "p90": timedelta(hours=5)}


def defaults(kind: str) -> dict[str, object]:
    """The values a template of `kind` may leave out; for a kind of the operator's own, those of an answer."""
    return _COMMON | _DEFAULTS.get(kind, {})


def sample_values(kind: str, phrases: Mapping[str, str]) -> dict[str, object]:
    """Values with which any template of `kind` can be rendered, in the language of `phrases`."""
    day = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    rows = [
        {
            "number": 1042,
            "subject": phrases["sample_subject"],
            "status": "open",
            "requester": "Anna Berg",
            "at": day,
            "links": [{"label": phrases["link_take"], "href": "mailto:support+l@example.com?body=%23take"}],
            "write_to": "support+l@example.com",
        },
        {"number": 1077, "subject": "Invoice 2026-118", "status": "new", "requester": "Ben Ito", "at": day},
    ]
    values: dict[str, object] = {
        "number": 1077, "tag": "" if kind == "digest" else "[Case #1077]",
        "mailbox_name": "Example Support", "address": "support@example.com",
        "subject": phrases["sample_subject"], "status": "open", "priority": "high", "assignee": "bob", "known": True,
        "resolution": "confirmed" if kind == "closed" else "", "follow_up_of": 1042, "chain": [1042, 1077],
        "requester_name": "Anna Berg", "requester_address": "anna@example.org", "tags": ["printer"],
        "author_name": "Anna Berg", "author_address": "anna@example.org", "verified": False,
        "text": phrases["sample_answer" if kind in ("answer", "reminder") else "sample_text"],
        "expected_time": timedelta(days=1), "attempt": 2, "close_after": timedelta(days=14),
        "confirm_to": "support+yes@example.com", "reject_to": "support+no@example.com",
        "attempts": [{"at": day - timedelta(days=n), "text": ""} for n in (11, 7)],
        "received_at": day, "quoted_lines": 14, "reply_to": ["anna@example.net"],
        "attachments": [{"filename": "photo.jpg", "size": 482_133}, {"filename": "log.txt", "size": 812}],
        "history": [
            {"at": day - timedelta(days=2), "who": "anna@example.org", "text": phrases["sample_subject"],
             "from_status": "", "to_status": ""},
            {"at": day - timedelta(days=1), "who": "bob", "text": "", "from_status": "new", "to_status": "pending"},
            {"at": day, "who": "", "text": phrases["sample_subject"], "from_status": "", "to_status": ""},
        ],
        "waiting_since": day - timedelta(hours=8), "why": "waiting", "reason": "no aligned pass",
        "recipients": [{"address": "anna@example.org", "status": "5.1.1", "text": "550 no such user",
                        "permanent": True}],
        "notices": [phrases["more_found"].format(count=2)], "quoted": phrases["sample_text"],
        "people": [{"name": "Dana Ruiz", "address": "dana@example.net", "role": "cc"}],
        "letters": [
            {"at": day - timedelta(days=1), "who": "Anna Berg", "direction": "incoming", "verified": True,
             "text": phrases["sample_text"], "cut": False, "files": ["photo.jpg"]},
            {"at": day, "who": "Bob", "direction": "note", "verified": True, "text": phrases["sample_subject"],
             "cut": False, "files": []},
        ],
        "done": [], "problems": [phrases["unknown_command"].format(word="#clsoe")], "cases": rows,
        "commands": [{"command": f"#{name}", "text": phrases[f"help_{name}"]} for name in ("note", "status")],
        "your_text": phrases["sample_answer"], "sections": [{"title": "waiting", "cases": rows}],
        "period": "2026-11-14 – 2026-11-21", "cases_opened": 40, "reopened": "3 / 31 (10 %)",
        "followed_up": "1 / 20 (5 %)", "first_response": _SAMPLE_TIMES, "solution": _SAMPLE_TIMES,
        "statuses": [{"status": "open", "count": 9}],
        "days": [{"day": "2026-11-20", "opened": 7, "done": 5}],
        "groups": [{"title": "agents", "rows": [{"name": "bob", "cases": 21, "done": 17, "answers": 44,
                    "first_response": _SAMPLE_TIMES, "resolution": _SAMPLE_TIMES}]}],
    }  # fmt: skip
    return values
