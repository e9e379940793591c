"""A case, printed for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcase.cli.output import print_table, printable

_DIRECTION = {"incoming": "←", "outgoing": "→", "note": "✎", "transfer": "⇒"}


def print_case(case: Mapping[str, Any]) -> None:
    """Head, people, messages, history: oldest first."""
    requester = case["requester"]
    print(f"Case {case['number']}: {printable(case['subject'])}")
    line = f"{case['status']}, priority {case['priority']}, mailbox {case['mailbox']}"
    line += f", assigned to {case['assignee']}" if case["assignee"] else ", assigned to nobody"
    line += f", resolution {case['resolution']}" if case["resolution"] else ""
    print(line)
    customer = printable(f"{requester['name']} <{requester['address']}>".strip())
    print(f"Customer: {customer}, language {case['language'] or '-'}")
    if case["participants"]:
        people = (f"{p['address']} ({p['role']})" for p in case["participants"])
        print("Participants: " + printable(", ".join(people)))
    if case["tags"]:
        print("Tags: " + printable(", ".join(case["tags"])))
    chain = [n for n in (case["follow_up_of"], case["number"], *case["follow_ups"]) if n]
    if len(chain) > 1:
        print("Chain: " + " → ".join(map(str, chain)))
    for answer in case["later"]:
        unless = ", unless the customer writes" if answer["unless_answered"] else ""
        said = printable(answer["template"] or answer["text"].strip().partition("\n")[0])
        print(f"Later: {answer['due_at']}, {answer['agent']}{unless}: {said}")
    for message in case["messages"]:
        _print_message(message)
    print("\nHistory")
    print_table(
        ("when", "who", "what", "text"),
        [(h["at"], h["actor"], h["event"], _line(h)) for h in case["history"]],
    )


def _line(entry: Mapping[str, Any]) -> str:
    if entry["from_status"] or entry["to_status"]:
        return f"{entry['from_status']} → {entry['to_status']} {entry['text']}".strip()
    return str(entry["text"])


def _print_message(message: Mapping[str, Any]) -> None:
    sign = _DIRECTION.get(message["direction"], "·")
    marks = "" if message["verified"] else " UNVERIFIED"
    marks += " automatic" if message["automatic"] else ""
    print(f"\n{sign} {message['at']}  {printable(str(message['author']))}{marks}")
    print(printable(message["text"], keep_lines=True).rstrip())
    if message["quoted"].strip():
        print(f"… {message['quoted'].strip().count(chr(10)) + 1} quoted lines")
    for attachment in message["attachments"]:
        print(f"  + {printable(attachment['filename'])} ({attachment['content_type']}, {attachment['size']} bytes)")
