"""Renders the mails we write: finds the template for mailbox and language, and makes its text and HTML parts (O3)."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader, Template, TemplateNotFound
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.exceptions import TemplateSyntaxError
from markupsafe import Markup

from mailcase.core.compose import clean_line
from mailcase.errors import MailcaseError
from mailcase.outgoing import kinds, phrases
from mailcase.outgoing.blocks import blocks
from mailcase.outgoing.sandbox import RIGHT_TO_LEFT, Given, Sandbox, mailto, plain

# In a checkout a link to the folder at the top; in an installed package the folder itself.
SHIPPED = Path(__file__).resolve().parent.parent / "templates"
TEXT_LIMIT = 50_000
SUBJECT_IN_ACKNOWLEDGEMENT = 60
# The frame by which `core.quote` finds the line above which agents write, in whatever language.
MARKER = "##- {} -##"
_MANY_LINES = frozenset(("commands", "done", "html", "problems", "quoted", "report", "signature", "text", "your_text"))
# Of the messages that a case is shown with, the text alone; names and files of theirs are a line.
_MANY_LINES_IN = {"letters": frozenset(("text",))}
_LAYOUTS = ("layout", "message")


class TemplateError(MailcaseError):
    """Templates that cannot be loaded, or a mail that cannot be rendered."""


class BrokenTemplates(TemplateError):
    """Templates or phrases that cannot be used: one `file:line: what` each."""

    exit_code = 2


class RenderError(TemplateError):
    """A mail that could not be rendered, as `file:line: what`. It is held; nothing half-written leaves (C3)."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's words. `html` is "" where plain text is all there is. `subject` is one line and carries the tag."""

    subject: str
    text: str
    html: str = ""


def load(own_folder: Path | None = None) -> Templates:
    """Our templates with the operator's in front. Raises BrokenTemplates naming file and line of all that is wrong.

    The operator's files are compiled and rendered once with sample values; ours are known to be good.
    """
    if own_folder is not None and not own_folder.is_dir():
        raise BrokenTemplates(f"{own_folder}: this folder of templates does not exist")
    problems: list[str] = []
    table = _phrases(own_folder, problems)
    templates = Templates(own_folder, table)
    problems += templates.own_problems()
    if problems:
        raise BrokenTemplates(*problems)
    return templates


def _phrases(own: Path | None, problems: list[str]) -> dict[str, dict[str, str]]:
    english = phrases.read(SHIPPED / phrases.DEFAULT, {}, problems)
    folders = [path for path in sorted(SHIPPED.iterdir()) if (path / phrases.FILE).is_file()]
    ours = {path.name: phrases.read(path, english, problems) for path in folders}
    theirs = {}
    if own is not None:
        theirs = {p.name: phrases.read(p, english, problems) for p in sorted(own.iterdir()) if p.is_dir()}
    table = {}
    for language in ours | {name: found for name, found in theirs.items() if found}:
        full = english | theirs.get(phrases.DEFAULT, {}) | ours.get(language, {}) | theirs.get(language, {})
        table[language] = phrases.with_isolates(language, full)
    return table


class Templates:
    """A set of templates, compiled once. Made by `load`; safe to share between threads."""

    def __init__(self, own: Path | None, table: Mapping[str, Mapping[str, str]]) -> None:
        self._own = own.resolve() if own else None
        self.phrases: Mapping[str, Mapping[str, str]] = MappingProxyType(
            {language: MappingProxyType(dict(texts)) for language, texts in table.items()}
        )
        shipped = FileSystemLoader(SHIPPED)
        loaders: list[BaseLoader] = [shipped, PrefixLoader({"mailcase": shipped})]
        if self._own:
            loaders.insert(0, FileSystemLoader(self._own))
        self._environment = Sandbox(ChoiceLoader(loaders))
        self._found: dict[tuple[str, str, str, str], Template | None] = {}
        self._voices: dict[str, dict[str, object]] = {}
        self._defaults: dict[str, dict[str, object]] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that has phrases."""
        return tuple(self.phrases)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind that can be rendered: ours, then the operator's own answers for `#template NAME`."""
        names = {path.stem for path in self._own_files() if path.suffix == ".txt" and path.stem[0] != "_"}
        return (*kinds.KINDS, *sorted(names - set(kinds.KINDS)))

    @property
    def answers(self) -> tuple[str, ...]:
        """The operator's own answers: what `#template` may name."""
        return tuple(kind for kind in self.kinds if kind not in kinds.KINDS)

    def sample_values(self, kind: str, language: str) -> dict[str, object]:
        """Values with which a preview of `kind` can be rendered."""
        return kinds.sample_values(kind, self.phrases.get(_primary(language), self.phrases[phrases.DEFAULT]))

    def render(self, kind: str, language: str, mailbox: str, values: Mapping[str, object]) -> Rendered:
        """The mail of `kind`. Raises RenderError; the values a kind needs stand in `kinds`.

        Looked up are mailbox and language, mailbox, language, then the default, in the operator's folder before ours.
        Where the operator has written a text and no HTML, the HTML part is made from that text.
        """
        template = self._find(kind, "txt", language, mailbox)
        if template is None:
            raise RenderError(f"there is no template {kind!r}")
        page = self._find(kind, "html", language, mailbox)
        if page is None or (self._is_own(template) and not self._is_own(page)):
            page = self._find("message", "html", language, mailbox)
        return self._render(kind, template, page, self._context(kind, language, values))

    def problems(self) -> tuple[str, ...]:
        """What is wrong with any template in any language, as `file:line: what`; for `mailcase check`."""
        found = []
        for kind in self.kinds:
            for language in self.languages:
                try:
                    self.render(kind, language, "", self.sample_values(kind, language))
                except RenderError as error:
                    found.append(str(error))
        return tuple(dict.fromkeys(found))

    def own_problems(self) -> list[str]:
        """What is wrong with the operator's files: each is rendered by itself, whatever it would be looked up for."""
        found: list[str] = []
        for path in self._own_files():
            relative = path.relative_to(self._own or path)
            kind, name = path.stem, relative.as_posix()
            language = next((part for part in relative.parts[::-1] if part in self.phrases), phrases.DEFAULT)
            try:
                template = self._compiled(name)
                if kind[0] != "_" and kind not in _LAYOUTS:
                    context = self._context(kind, language, self.sample_values(kind, language))
                    self._try(kind, template, context)
            except RenderError as error:
                found.append(str(error))
        if any(path.stem[0] == "_" or path.stem in _LAYOUTS for path in self._own_files()):
            found += self.problems()
        return list(dict.fromkeys(found))

    def _try(self, kind: str, template: Template, context: dict[str, object]) -> None:
        if str(template.name).endswith(".html"):
            context |= {"title": "", **blocks("")}
            with _naming_the_place():
                template.render(context)
        else:
            self._render(kind, template, None, context)

    def _own_files(self) -> list[Path]:
        if self._own is None:
            return []
        return sorted(path for path in self._own.rglob("*") if path.suffix in (".txt", ".html") and path.is_file())

    def _is_own(self, template: Template) -> bool:
        return bool(self._own and template.filename and Path(template.filename).is_relative_to(self._own))

    def _is_shipped(self, page: Template) -> bool:
        """True for a page of ours that is not made from the text."""
        return not self._is_own(page) and page.name != "message.html"

    def _find(self, kind: str, suffix: str, language: str, mailbox: str) -> Template | None:
        key = (kind, suffix, language, mailbox)
        if key not in self._found:
            self._found[key] = self._look_up(kind, suffix, language, mailbox)
        return self._found[key]

    def _look_up(self, kind: str, suffix: str, language: str, mailbox: str) -> Template | None:
        """The first that exists. A mailbox that is called like a language (`it`) has no folder of its own."""
        languages = dict.fromkeys((language, _primary(language)))
        folders = [f"{mailbox}/{spoken}/" for spoken in languages] if mailbox else []
        if mailbox and mailbox not in self.phrases:
            folders.append(f"{mailbox}/")
        folders += [f"{spoken}/" for spoken in languages if spoken]
        folders += ["", f"{phrases.DEFAULT}/"]
        for folder in folders:
            try:
                return self._compiled(f"{folder}{kind}.{suffix}")
            except TemplateNotFound:
                continue
        return None

    def _compiled(self, name: str) -> Template:
        """Raises TemplateNotFound, and RenderError for a file that is no template."""
        try:
            return self._environment.get_template(name)
        except TemplateSyntaxError as error:
            raise RenderError(f"{error.filename or name}:{error.lineno}: {error.message}") from None
        except UnicodeDecodeError:
            raise RenderError(f"{name}:1: the file is not UTF-8") from None

    def _context(self, kind: str, language: str, values: Mapping[str, object]) -> dict[str, object]:
        """All that a template sees: our functions, the defaults of the kind, then the values as plain data."""
        spoken = _primary(language)
        if kind not in self._defaults:
            self._defaults[kind] = kinds.defaults(kind)
        try:
            given = {
                key: plain(value, raw=key in _MANY_LINES, inside=_MANY_LINES_IN.get(key, frozenset()))
                for key, value in values.items()
            }
        except TypeError as error:
            raise RenderError(f"{kind}: {error}") from None
        voice = self._voice(spoken)
        context = self._defaults[kind] | given | voice
        context["kind"] = kind
        context["status_label"] = _status_label(context)
        return _guarded(kind, context)

    def _voice(self, language: str) -> dict[str, object]:
        """The functions and names of a language, made once."""
        if language not in self._voices:
            table = dict(self.phrases.get(language, self.phrases[phrases.DEFAULT]))
            rtl = language in RIGHT_TO_LEFT and language in self.phrases

            def say(key: str, **values: object) -> str:
                return table[key].format(**values)

            def label(group: str, name: str) -> str:
                return table.get(f"{group}_{name.replace('-', '_')}", name)

            def person(name: str, address: str) -> str:
                spec = f"\u2066<{address}>\u2069" if rtl else f"<{address}>"
                # One isolate around both: the name gives the direction, also within an isolate of the phrase.
                return f"\u2068{name} {spec}\u2069" if rtl and name else f"{name} {spec}" if name else spec

            self._voices[language] = {
                "language": language if language in self.phrases else phrases.DEFAULT,
                "direction": "rtl" if rtl else "ltr",
                "marker": MARKER.format(table["reply_above"]),
                "words": table,
                "say": Given(say),
                "label": Given(label),
                "person": Given(person),
                "mailto": Given(mailto),
            }
        return self._voices[language]

    def _render(self, kind: str, template: Template, page: Template | None, context: dict[str, object]) -> Rendered:
        with _naming_the_place():
            whole = template.render(context)
        subject, text = _split(whole, kind)
        tag = str(context["tag"]) if context.get("number") else ""
        if not subject:
            subject = f"Re: {tag} {context['subject']}"
        if tag and tag not in subject:
            subject = f"{tag} {subject}"
        html = ""
        if page is not None and not (kind == "answer" and not context["html"] and not context["confirm"]):
            context |= {"title": subject, "html": Markup(str(context["html"]))}
            if kind not in kinds.TO_AGENTS or not self._is_shipped(page):
                context |= blocks(text)
            with _naming_the_place():
                html = page.render(context)
        return Rendered(clean_line(subject), text, html)


@contextmanager
def _naming_the_place() -> Iterator[None]:
    """Whatever goes wrong in a template becomes a RenderError with the file and line of the template."""
    try:
        yield
    except (
        JinjaError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        if isinstance(error, TemplateSyntaxError):
            raise RenderError(f"{error.filename}:{error.lineno}: {error.message}") from None
        # Jinja2 rewrites tracebacks: the frames of a template carry its own file and line.
        frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).suffix in (".txt", ".html")]
        place = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
        raise RenderError(f"{place}{_said(error)}") from error


def _primary(language: str) -> str:
    """`de` for `de-AT`."""
    return language.partition("-")[0].partition("_")[0].lower()


def _said(error: BaseException) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    if isinstance(error, KeyError):
        return f"there is no phrase {error}"
    return str(error) or type(error).__name__


def _split(whole: str, kind: str) -> tuple[str, str]:
    """A rendered text as (subject, body). Its first line is `Subject: …`; an operator's own answer may go without."""
    first, _, rest = whole.lstrip("\ufeff").partition("\n")
    if not first.startswith("Subject:"):
        if kind in kinds.KINDS:
            raise RenderError(f"the template {kind!r} must begin with a line `Subject: …`")
        return "", whole.strip("\ufeff\n") + "\n"
    return first.removeprefix("Subject:").strip(), rest.strip("\n") + "\n"


def _status_label(context: dict[str, Any]) -> str:
    """The operator's own label, else the word for the status in the language of the mail."""
    own, status = str(context["status_label"]), str(context["status"])
    return own if own and own.casefold() != status.casefold() else str(context["label"]("status", status))


def _guarded(kind: str, context: dict[str, object]) -> dict[str, object]:
    """What holds whatever a template says: no words of an unknown sender go out, and no endless text (O5, S13)."""
    subject, text = str(context["subject"]), str(context["text"])
    if kind in kinds.UNKNOWN_SENDER:
        chosen = ("requester_name", "text", "html", "author_name", "history", "attachments")
        context |= dict.fromkeys(chosen, "")
        context["subject"] = clean_line(subject, SUBJECT_IN_ACKNOWLEDGEMENT) if context["known"] else ""
    elif kind in kinds.TO_AGENTS and len(text) > TEXT_LIMIT:
        context |= {"text": text[:TEXT_LIMIT], "cut": True}
    return context
