"""Logs: one line a step on standard error, JSON or text, nothing foreign in it unescaped, no bodies, no secrets (P4).

Use: `log.get("intake").info("spooled", spool=17, mailbox="support")`. The event is a word or two, ids are keys.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

# Attack S38: a foreign text is cut here; a subject or an address is shorter.
MAX_TEXT = 200
_HIDDEN = frozenset({"password", "secret", "token", "body", "text", "html", "raw"})
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# sd-daemon(3): the journal reads <N> at the start of a line as its priority.
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def get(part: str) -> FilteringBoundLogger:
    """A logger for one part of mailcase. `set_up` may come later: it is bound at the first line."""
    import structlog

    logger: FilteringBoundLogger = structlog.get_logger(part=part)
    return logger


def set_up(style: str = "text", level: str = "info") -> None:
    """Sends our logs and those of the libraries to standard error. `style` is text or json.

    To be called once in each process, before its first line. Libraries are heard from warning upwards.
    """
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_exception,
            _guarded,
            structlog.processors.JSONRenderer(ensure_ascii=False) if style == "json" else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _capture_libraries(max(_LEVELS[level], logging.WARNING))


def shown(value: object) -> str:
    """A text that may be foreign: escaped like repr, so that it stays on its line, and cut to MAX_TEXT characters."""
    text = str(value)
    cut = text[:MAX_TEXT]
    if not cut.isprintable():
        cut = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in cut)
    return f"{cut}… ({len(text)} characters)" if len(text) > MAX_TEXT else cut


def _with_exception(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`exc_info` as two keys of one line each. No locals: they hold mails and passwords (S29)."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error:
        event["error"] = f"{type(error).__name__}: {error}"
        event["where"] = _where(error.__traceback__)
    return event


def _where(trace: TracebackType | None) -> str:
    frames = [f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]
    return " > ".join(frames[-5:])


def _guarded(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every value as something that is safe on one line. Numbers, true, false and None stay as they are."""
    for key, value in event.items():
        if key in _HIDDEN:
            event[key] = "[hidden]"
        elif not isinstance(value, int | float | None):
            event[key] = shown(value)
    return event


def _as_text(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """`2026-11-21T19:30:33Z info intake spooled spool=17 mailbox=support`; with a priority for the journal."""
    when, level, part = event.pop("timestamp", ""), str(event.pop("level", "info")), event.pop("part", "")
    words = [when, level, part, str(event.pop("event", "")), *_pairs(event)]
    line = " ".join(str(word) for word in words if word)
    return f"<{_PRIORITIES.get(level, 6)}>{line}" if "JOURNAL_STREAM" in os.environ else line


def _pairs(event: Mapping[str, Any]) -> list[str]:
    return [f"{key}={_quoted(str(value))}" for key, value in event.items()]


def _quoted(value: str) -> str:
    """In quotes where a reader could take a part of it for a pair of its own."""
    if value and not any(letter in value for letter in ' ="'):
        return value
    return '"' + value.replace('"', "'") + '"'


class _Library(logging.Handler):
    """Carries a record of the standard library's logging over to ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: a library's odd arguments must not stop the work it did."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        known = record.levelname.lower() if record.levelname.lower() in _PRIORITIES else "warning"
        error = record.exc_info[1] if record.exc_info else None
        getattr(get(record.name), known)("library", message=message, exc_info=error)


def _capture_libraries(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Library()]
    root.setLevel(level)
    logging.captureWarnings(True)
