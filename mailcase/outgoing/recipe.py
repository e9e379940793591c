"""A mail whose template failed, kept so that it can be written later (C3): what was to be said, as JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime, timedelta

from mailcase.core.decision import Reply
from mailcase.core.message import Address


def pack(reply: Reply, spool_id: int) -> bytes:
    """The reply, and the spool id of the mail that caused it (0 for none): its attachments may go along."""
    said = {field.name: getattr(reply, field.name) for field in fields(Reply)}
    said["values"] = dict(reply.values)
    return json.dumps({"reply": said, "spool": spool_id}, default=_plain, ensure_ascii=False).encode("utf-8", "replace")


def unpack(data: bytes) -> tuple[Reply, int]:
    """What `pack` was given. Raises ValueError for anything else."""
    found = json.loads(data, object_hook=_value)
    said = found["reply"]
    return Reply(**{**said, **{name: tuple(said[name]) for name in ("to", "cc", "references")}}), int(found["spool"])


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, timedelta):
        return {"$seconds": value.total_seconds()}
    if isinstance(value, Address):
        return {"$address": [value.name, value.address]}
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)  # whatever it is: the mail must not fail a second time for its recipe


def _value(found: dict[str, object]) -> object:
    if len(found) == 1:
        ((kind, value),) = found.items()
        if kind == "$datetime":
            return datetime.fromisoformat(str(value))
        if kind == "$seconds":
            return timedelta(seconds=float(str(value)))
        if kind == "$date":
            return date.fromisoformat(str(value))
        if kind == "$address" and isinstance(value, list):
            return Address(*value)
    return found
