"""What each event does to the rows of its case: a table of small functions, one for each kind of event.

They write nothing. They collect, in `Rows`, what `record` then writes in a few statements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailcase.core.decision import (
    Actor,
    AnswerScheduled,
    BounceRecorded,
    CaseOpened,
    CaseReserved,
    CasesLinked,
    Event,
    FieldChanged,
    MessageFiled,
    MessageMoved,
    ParticipantsChanged,
    Recorded,
    ScheduleCancelled,
    StatusChanged,
    TagsChanged,
)
from mailcase.core.message import Address
from mailcase.store.tables import cases

_PRIORITIES = {"urgent": 0, "high": 1, "normal": 2, "low": 3}


@dataclass(slots=True)
class Rows:
    """The rows of one decision, in the making."""

    now: datetime
    actor: Actor
    rule: str
    spool_id: int | None = None
    sent: Mapping[int, tuple[int | None, str]] = field(default_factory=dict)
    opened: dict[int, dict[str, Any]] = field(default_factory=dict)
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    replies: list[tuple[dict[str, Any], int]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    people: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    gone: dict[tuple[int, str], None] = field(default_factory=dict)
    roles_gone: list[tuple[int, str]] = field(default_factory=list)
    tags: dict[tuple[int, str], bool] = field(default_factory=dict)
    links: dict[tuple[int, int, str], None] = field(default_factory=dict)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    bounces: list[BounceRecorded] = field(default_factory=list)
    headings: set[int] = field(default_factory=set)
    moves: list[tuple[int, int, int]] = field(default_factory=list)
    later: list[dict[str, Any]] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    cancelled: dict[int, str] = field(default_factory=dict)

    def touched(self) -> set[int]:
        """Every case this changes or opens."""
        return {*self.changed, *self.opened}

    def merge(self, other: Rows) -> None:
        """Take in the rows of another decision, on other cases: they are written together."""
        for name in ("opened", "changed", "people", "gone", "tags", "links"):
            getattr(self, name).update(getattr(other, name))
        for name in ("messages", "moves", "events", "roles_gone", "bounces", "later"):
            getattr(self, name).extend(getattr(other, name))
        for key, row in other.contacts.items():
            self._know(key, row["name"], row["language"])
        self.headings |= other.headings
        self.answered |= other.answered
        self.cancelled |= other.cancelled

    def touch(self, number: int, **values: Any) -> None:
        """Change columns of a case, a new one or one that exists; without any, only its version moves."""
        if number in self.opened:
            self.opened[number] |= values
        else:
            self.changed.setdefault(number, {}).update(values)

    def line(
        self, number: int, event: str, text: str = "", data: Mapping[str, Any] | None = None,
        before: str = "", after: str = "",
    ) -> None:  # fmt: skip
        """A line of history. `before` and `after` are statuses."""
        self.events.append(
            {"case": number, "at": self.now, "actor": str(self.actor), "event": event, "text": text,
             "from_status": before, "to_status": after, "data": dict(data or {})}
        )  # fmt: skip

    def person(self, number: int, address: Address, role: str) -> None:
        """Somebody is on a case from now on, or in another role."""
        key = (number, address.key)
        self.gone.pop(key, None)
        self.people[key] = {
            "case": number, "address_key": address.key, "name": address.name, "address": address.address, "role": role,
        }  # fmt: skip
        self.headings.add(number)

    def know(self, address: Address, language: str = "") -> None:
        """Somebody wrote to us."""
        if "@" in address.address:
            self._know(address.key, address.name, language)

    def _know(self, key: str, name: str, language: str) -> None:
        new = {"address_key": key, "name": "", "language": "", "updated_at": self.now}
        row = self.contacts.setdefault(key, new)
        row["name"] = name or row["name"]
        row["language"] = language or row["language"]


def _opened(rows: Rows, event: CaseOpened) -> None:
    requester = event.requester
    rows.opened[event.case] = {
        "number": event.case, "mailbox": event.mailbox, "subject": event.subject, "status": event.status,
        "kind": event.kind.value, "resolution": "", "priority": event.priority,
        "priority_rank": _rank(event.priority), "assignee": event.assignee, "requester_name": requester.name,
        "requester_address": requester.address, "requester_key": requester.key, "language": event.language,
        "answered": False, "until": None, "follow_up_of": event.follow_up_of, "merged_into": None, "attempts": 0,
        "version": 1, "created_at": rows.now, "updated_at": rows.now, "reserved_by": "", "reserved_until": None,
    }  # fmt: skip
    for someone in event.participants:
        rows.person(event.case, someone.address, someone.role)
    for name in event.tags:
        rows.tags[event.case, name] = True
    rows.know(requester, event.language)
    rows.headings.add(event.case)
    more = {"follow_up_of": event.follow_up_of} if event.follow_up_of else {}
    rows.line(event.case, "case-opened", event.subject, more, after=event.status)
    if event.follow_up_of is not None:
        rows.touch(event.follow_up_of)
        rows.line(event.follow_up_of, "follow-up-created", f"case {event.case}", {"follow_up": event.case})


_FILED = {"incoming": "message-received", "outgoing": "message-sent", "note": "note-added",
          "transfer": "message-transferred"}  # fmt: skip


def _filed(rows: Rows, event: MessageFiled) -> None:
    outbox_id, message_id = rows.sent.get(event.reply_index, (None, "")) if event.reply_index >= 0 else (None, "")
    rows.messages.append(
        {
            "case": event.case, "at": event.at or rows.now, "direction": event.direction,
            "message_id": message_id or event.message_id, "automatic": event.automatic, "verified": event.verified,
            "author_name": event.author.name, "author_address": event.author.address,
            "to": [(a.name, a.address) for a in event.to], "cc": [(a.name, a.address) for a in event.cc],
            "subject": event.subject, "evidence": event.evidence, "rule": rows.rule, "actor": str(rows.actor),
            "spool_id": rows.spool_id if _came_as_mail(event) else None, "outbox_id": outbox_id,
            "attachments": list(event.attachments), "text": event.text, "quoted": event.quoted, "html": event.html,
        }
    )  # fmt: skip
    if event.reply_index >= 0:
        rows.replies.append((rows.messages[-1], event.reply_index))
    # A human mail stops the ladder (D3); an answer of a person counts as the case's answer.
    changes: dict[str, Any] = {}
    if not event.automatic and event.direction in ("incoming", "outgoing"):
        changes["attempts"] = 0
    if not event.automatic and event.direction == "outgoing":
        changes["answered"] = True
    if not event.automatic and event.direction == "incoming" and event.verified:
        rows.know(event.author)
        rows.answered.add(event.case)
    rows.touch(event.case, **changes)
    rows.line(event.case, _FILED[event.direction], _gist(event), _filed_data(event))


def _came_as_mail(event: MessageFiled) -> bool:
    """The bytes of a relayed answer are the agent's mail too: its attachments are there. Our own notes have none."""
    return bool(event.direction in ("incoming", "transfer") or event.message_id or event.attachments)


def _gist(event: MessageFiled) -> str:
    """A note is its own first line; of a mail, its subject and who it is from or to."""
    if event.direction == "note":
        return event.text.strip().partition("\n")[0][:200]
    others = ", ".join(a.address for a in event.to)
    who = f"from {event.author.address or 'an unknown sender'}" if event.direction == "incoming" else f"to {others}"
    return f"{event.subject} ({who})".strip()


def _filed_data(event: MessageFiled) -> dict[str, Any]:
    data: dict[str, Any] = {"automatic": True} if event.automatic else {}
    if not event.verified:
        data["verified"] = False
    return data | ({"evidence": event.evidence} if event.evidence else {})


def _status(rows: Rows, event: StatusChanged) -> None:
    rows.touch(
        event.case, status=event.to_status, kind=event.kind.value, resolution=event.resolution, until=event.until
    )
    more: dict[str, Any] = {"resolution": event.resolution} if event.resolution else {}
    if event.until:
        more["until"] = event.until.isoformat()
    rows.line(event.case, "status-changed", event.why, more, event.from_status, event.to_status)


def _field(rows: Rows, event: FieldChanged) -> None:
    word, change = _FIELDS[event.field]
    change(rows, event)
    if event.field == "assignee" and not event.after:
        word = "released"
    text = f"{event.before or '-'} → {event.after or '-'}"
    rows.line(event.case, word, text, {"field": event.field, "before": event.before, "after": event.after})


def _priority(rows: Rows, event: FieldChanged) -> None:
    rows.touch(event.case, priority=event.after, priority_rank=_rank(event.after))


def _rank(priority: str) -> int:
    return _PRIORITIES.get(priority, _PRIORITIES["normal"])


def _subject(rows: Rows, event: FieldChanged) -> None:
    rows.touch(event.case, subject=event.after)
    rows.headings.add(event.case)


def _requester(rows: Rows, event: FieldChanged) -> None:
    """The new requester stops being a mere participant; where the old one wanted answers sent means nothing now."""
    name, _, address = event.after.rpartition("<") if event.after.endswith(">") else ("", "", event.after)
    person = Address(name.strip(), address.removesuffix(">"))
    rows.touch(event.case, requester_name=person.name, requester_address=person.address, requester_key=person.key)
    rows.people.pop((event.case, person.key), None)
    rows.gone[event.case, person.key] = None
    rows.roles_gone.append((event.case, "reply-to"))
    rows.headings.add(event.case)


def _merged(rows: Rows, event: FieldChanged) -> None:
    rows.touch(event.case, merged_into=int(event.after) if event.after else None)


def _plain(column: str) -> Callable[[Rows, FieldChanged], None]:
    return lambda rows, event: rows.touch(event.case, **{column: event.after})


def _answered(rows: Rows, event: FieldChanged) -> None:
    rows.touch(event.case, answered=event.after.lower() in ("true", "yes", "1"))


_FIELDS: Mapping[str, tuple[str, Callable[[Rows, FieldChanged], None]]] = {
    "assignee": ("assigned", _plain("assignee")),
    "priority": ("priority-changed", _priority),
    "subject": ("subject-changed", _subject),
    "language": ("language-changed", _plain("language")),
    "requester": ("requester-changed", _requester),
    "answered": ("answered-changed", _answered),
    "merged_into": ("merged", _merged),
}


def _reserved(rows: Rows, event: CaseReserved) -> None:
    rows.touch(event.case, reserved_by=event.agent, reserved_until=event.until)
    until = event.until.isoformat() if event.until else ""
    word = "reserved" if event.agent else "reservation-ended"
    rows.line(event.case, word, event.agent, {"agent": event.agent, "until": until})


def _scheduled(rows: Rows, event: AnswerScheduled) -> None:
    rows.later.append(
        {"case": event.case, "due_at": event.due_at, "agent": event.agent, "text": event.text,
         "template": event.template, "unless_answered": event.unless_answered, "created_at": rows.now}
    )  # fmt: skip
    rows.touch(event.case)
    data = {"due_at": event.due_at.isoformat(), "unless_answered": event.unless_answered}
    rows.line(event.case, "answer-scheduled", event.template or event.text.strip().partition("\n")[0][:200], data)


def _cancelled(rows: Rows, event: ScheduleCancelled) -> None:
    rows.cancelled[event.case] = str(rows.actor)
    rows.touch(event.case)


def _tags(rows: Rows, event: TagsChanged) -> None:
    for name in event.removed:
        rows.tags[event.case, name] = False
    for name in event.added:
        rows.tags[event.case, name] = True
    rows.touch(event.case)
    text = " ".join([*(f"+{name}" for name in event.added), *(f"-{name}" for name in event.removed)])
    rows.line(event.case, "tags-changed", text, {"added": list(event.added), "removed": list(event.removed)})


def _participants(rows: Rows, event: ParticipantsChanged) -> None:
    for address in event.removed:
        rows.people.pop((event.case, address.key), None)
        rows.gone[event.case, address.key] = None
        rows.headings.add(event.case)
        rows.line(event.case, "participant-removed", str(address), {"address": address.address})
    for someone in event.added:
        rows.person(event.case, someone.address, someone.role)
        rows.line(event.case, "participant-added", f"{someone.address} ({someone.role})",
                  {"address": someone.address.address, "role": someone.role})  # fmt: skip
    rows.touch(event.case)


def _linked(rows: Rows, event: CasesLinked) -> None:
    for here, there in ((event.case, event.other), (event.other, event.case)):
        rows.links[here, there, event.relation] = None
        rows.touch(here)
        rows.line(here, "linked", f"case {there} ({event.relation})", {"other": there, "relation": event.relation})


def _moved(rows: Rows, event: MessageMoved) -> None:
    rows.moves.append((event.message, event.case, event.to))
    sides = ((event.case, f"to case {event.to}", event.to), (event.to, f"from case {event.case}", event.case))
    for here, text, other in sides:
        rows.touch(here)
        rows.line(here, "message-moved", text, {"message": event.message, "other": other})


def _recorded(rows: Rows, event: Recorded) -> None:
    """`reminder-sent` counts as an attempt to reach the customer (D3)."""
    if event.event == "reminder-sent":
        known = rows.opened.get(event.case) or rows.changed.get(event.case, {})
        rows.touch(event.case, attempts=known.get("attempts", cases.c.attempts) + 1)
    else:
        rows.touch(event.case)
    rows.line(event.case, event.event, event.text, event.data)


def _bounced(rows: Rows, event: BounceRecorded) -> None:
    rows.bounces.append(event)
    rows.touch(event.case)
    word = "mail-bounced" if event.permanent else "mail-delayed"
    said = f"{event.address}: {event.status} {event.text}".strip()
    data = {"address": event.address, "status": event.status, "message_id": event.outgoing_message_id}
    rows.line(event.case, word, said, data)


CHANGES: Mapping[type[Event], Callable[[Rows, Any], None]] = {
    CaseOpened: _opened,
    MessageFiled: _filed,
    StatusChanged: _status,
    FieldChanged: _field,
    CaseReserved: _reserved,
    AnswerScheduled: _scheduled,
    ScheduleCancelled: _cancelled,
    TagsChanged: _tags,
    ParticipantsChanged: _participants,
    CasesLinked: _linked,
    MessageMoved: _moved,
    Recorded: _recorded,
    BounceRecorded: _bounced,
}


def collect(rows: Rows, events: tuple[Event, ...]) -> None:
    """All events of a decision, in their order."""
    for event in events:
        CHANGES[type(event)](rows, event)
