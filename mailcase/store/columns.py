"""Column types: whatever comes in, both databases can hold it, and the same comes out of both."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

from mailcase.core.reading.normalise import clean_text


def storable(text: str) -> str:
    """`text` as every database takes it: PostgreSQL refuses NUL, both drivers refuse lone surrogates."""
    if text.isascii():
        return text if "\0" not in text else clean_text(text)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return clean_text(text)
    return text if "\0" not in text else clean_text(text)


class CleanText(TypeDecorator[str]):
    """TEXT that takes any Python string."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, aware UTC out. timestamptz on PostgreSQL, ISO text in UTC on SQLite. A naive time is a ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        if dialect.name != "sqlite":
            return value
        return (value if value.tzinfo is UTC else value.astimezone(UTC)).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """JSON as text. Strings in it are as clean as those in a column of their own; other objects become strings."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        if "\\u0000" in text or storable(text) is not text:
            text = json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":"), default=str)
        return text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value if isinstance(value, int | float | None) else storable(str(value))


# SQLite keeps a table in the order of its INTEGER primary key: BIGINT would cost a second index.
Id = BigInteger().with_variant(Integer, "sqlite")
