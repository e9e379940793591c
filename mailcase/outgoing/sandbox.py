"""The Jinja2 environment of the templates: they see plain data, and can call only what is given to them (F12, S11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from jinja2 import BaseLoader, StrictUndefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import BlockReference, Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from mailcase.core.compose import clean_line, clean_text

RIGHT_TO_LEFT = frozenset(("ar", "dv", "fa", "he", "ku", "ps", "ur", "yi"))
# First-strong isolate, left-to-right isolate, and the end of either (Unicode annex 9).
FSI, LRI, PDI = "\u2068", "\u2066", "\u2069"
_LARGEST = 10**9
# Of Jinja2's filters those that cannot make much out of little: no format, indent, center, replace, xmlattr …
_KEPT_FILTERS = ("d", "default", "e", "escape", "first", "join", "last", "length", "lower", "sort", "trim", "upper")


class Given:
    """A function that templates may call. Nothing else can be called: no method of any value."""

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *args: object, **values: object) -> object:
        return self._function(*args, **values)


class Sandbox(ImmutableSandboxedEnvironment):
    """No globals (so no `range`), few filters, calls only of `Given`, macros and blocks, arithmetic within bounds."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            autoescape=lambda name: bool(name) and str(name).endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.globals.clear()
        self.filters = {name: FILTERS[name] for name in _KEPT_FILTERS} | {
            "day": _day,
            "duration": _duration,
            "inset": _inset,
            "isolate": _isolate,
            "lines": _lines,
            "ltr": _ltr,
            "moment": _moment,
            "quoted": _quoted,
            "size": _size,
        }

    def is_safe_callable(self, obj: Any) -> bool:
        """True for what we gave, and for the template's own macros and blocks."""
        return isinstance(obj, (Given, Macro, BlockReference))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`line.text` is the item of a dict, whatever methods dicts have; anything else as Jinja2 does it."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on moderate numbers only: `'a' * 2000000000` and `'%2000000000d' % 1` take the memory of all."""
        if not all(isinstance(side, (int, float)) and abs(side) <= _LARGEST for side in (left, right)):
            raise SecurityError(f"{operator} is only for numbers up to {_LARGEST}")
        if operator == "**" and abs(right) > 8:
            raise SecurityError("** is only for exponents up to 8")
        return super().call_binop(context, operator, left, right)


def plain(value: object, *, raw: bool = False, inside: frozenset[str] = frozenset()) -> object:
    """`value` copied into plain data: text, numbers, times, dicts and lists. Raises TypeError for anything else.

    Text becomes one cleaned line unless `raw`: then only control characters go. `inside` are keys of raw texts.
    """
    if isinstance(value, str):
        return clean_text(value).strip("\n") if raw else clean_line(value, 500)
    if value is None or isinstance(value, (bool, int, float, datetime, date, timedelta)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item, raw=raw or key in inside, inside=inside) for key, item in value.items()}
    if isinstance(value, (list, tuple, frozenset, set)):
        return [plain(item, raw=raw, inside=inside) for item in value]
    raise TypeError(f"a template cannot be given a {type(value).__name__}")


def mailto(address: str, subject: str) -> str:
    """A mailto URI (RFC 6068) with a subject filled in."""
    return f"mailto:{quote(address, safe='@+=')}?subject={quote(subject, safe='')}"


@pass_context
def _isolate(context: Context, text: object) -> object:
    """Text of unknown direction, kept from disturbing a right-to-left line. Elsewhere, and for "", as it is."""
    return f"{FSI}{text}{PDI}" if context["direction"] == "rtl" and text else text


@pass_context
def _ltr(context: Context, text: object) -> object:
    """An address, a date, a chain of numbers: left to right also within a right-to-left line."""
    return f"{LRI}{text}{PDI}" if context["direction"] == "rtl" and text else text


@pass_context
def _duration(context: Context, length: timedelta) -> str:
    """A length of time in words, such as `2 days`."""
    return _duration_in(length, context["language"])


@lru_cache(maxsize=512)
def _duration_in(length: timedelta, language: str) -> str:
    # Babel is slow to import and not always needed.
    from babel.core import UnknownLocaleError
    from babel.dates import format_timedelta

    try:
        return format_timedelta(length, locale=language, threshold=1.0)
    except (UnknownLocaleError, ValueError):
        return format_timedelta(length, locale="en", threshold=1.0)


@pass_context
def _day(context: Context, moment: date) -> str:
    """A date in words, such as `21 November 2026`."""
    day = moment.date() if isinstance(moment, datetime) else moment
    return _day_in(day, context["language"])


@lru_cache(maxsize=512)
def _day_in(day: date, language: str) -> str:
    from babel.core import UnknownLocaleError
    from babel.dates import format_date

    try:
        return format_date(day, "long", locale=language)
    except (UnknownLocaleError, ValueError):
        return format_date(day, "long", locale="en")


def _moment(moment: object) -> str:
    """A time for agents, in figures that need no translation: `2026-11-21 10:00 UTC`."""
    if not isinstance(moment, datetime):
        return str(moment)
    zone = " UTC" if moment.tzinfo is not None and moment.utcoffset() == UTC.utcoffset(None) else f"{moment:%z}"
    return f"{moment:%Y-%m-%d %H:%M}{zone}"


def _size(octets: int) -> str:
    """A file size: `512 B`, `12 KB`, `3.4 MB`."""
    if octets < 1024:
        return f"{octets} B"
    if octets < 1024**2:
        return f"{octets / 1024:.0f} KB"
    return f"{octets / 1024**2:.1f} MB"


def _quoted(text: str) -> str:
    """Text as a quotation. Blank lines are marked too: it stays one block."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _inset(text: str) -> str:
    """Text moved in by two blanks, so that no line of it is taken for a signature mark or a marker of ours."""
    return "\n".join(f"  {line}".rstrip() for line in text.split("\n"))


def _lines(text: str) -> Markup:
    """Text for HTML with its line breaks."""
    return Markup("<br>\n").join(escape(line) for line in text.split("\n"))
