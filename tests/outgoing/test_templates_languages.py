"""Every language says everything: the same phrases, the same placeholders, and every template in every language."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser

import pytest

from mailcase.core.command import COMMANDS
from mailcase.outgoing import kinds, phrases, templates
from mailcase.outgoing.templates import Rendered, Templates

LANGUAGES = ("ar", "cs", "de", "en", "es", "fr", "it", "ja", "ko")
ENGLISH = phrases.read(templates.SHIPPED / "en", {}, [])
OURS = templates.load()
VOID = frozenset(("br", "hr", "img", "meta", "link", "input"))


@pytest.fixture(scope="module")
def ours() -> Templates:
    return OURS


def sample(ours: Templates, kind: str, language: str) -> Rendered:
    return ours.render(kind, language, "support", ours.sample_values(kind, language))


class Page(HTMLParser):
    """Whether every element is closed in order, and which attributes there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nine_languages_are_shipped(ours: Templates) -> None:
    assert ours.languages == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_same_phrases_and_placeholders(language: str) -> None:
    found: list[str] = []
    table = phrases.read(templates.SHIPPED / language, ENGLISH, found)
    assert found == []
    assert list(table) == list(ENGLISH)
    differing = [key for key in ENGLISH if phrases.placeholders(table[key]) != phrases.placeholders(ENGLISH[key])]
    assert differing == []
    assert all(text.strip() == text and text for text in table.values())


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_phrases_are_translated(language: str) -> None:
    table = phrases.read(templates.SHIPPED / language, ENGLISH, [])
    same = {key for key in ENGLISH if table[key] == ENGLISH[key]}
    # Words that are the same in both languages.
    assert same <= {
        "label_status", "resolution_spam", "priority_normal", "priority_urgent", "label_tags", "priority_low",
        "escalation_subject",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_same_files(language: str) -> None:
    files = {path.name for path in (templates.SHIPPED / language).iterdir()}
    assert files == {path.name for path in (templates.SHIPPED / "en").iterdir()}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_a_line_of_help(command: str) -> None:
    assert f"help_{command}" in ENGLISH


def test_every_template_renders_in_every_language(ours: Templates) -> None:
    assert ours.problems() == ()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", kinds.KINDS)
def test_each_mail_is_whole(ours: Templates, kind: str, language: str) -> None:
    mail = sample(ours, kind, language)
    assert mail.subject
    assert "\n" not in mail.subject
    assert mail.text.strip()
    for part in (mail.subject, mail.text, mail.html):
        assert "{" not in part.replace("{}", "")
        assert "None" not in part
        assert "  " not in mail.subject
    if kind != "digest":
        assert "[Case #1077]" in mail.subject
    if kind not in kinds.TO_AGENTS:
        last = OURS.phrases[language]["case_line"].format(number=1077)
        assert mail.text.rstrip().endswith(last)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", kinds.KINDS)
def test_the_html_part_is_sound_and_loads_nothing(ours: Templates, kind: str, language: str) -> None:
    html = sample(ours, kind, language).html
    if kind == "answer":
        assert html == ""
        return
    page = Page(html)
    assert page.open == []
    assert not {tag for tag, _, _ in page.attributes} & {"script", "img", "link", "form", "iframe", "base", "object"}
    assert not [value for _, name, value in page.attributes if name in ("src", "background", "srcset", "action")]
    assert all(value.startswith("mailto:") for _, name, value in page.attributes if name == "href")
    assert "url(" not in html
    assert "@import" not in html
    assert ("html", "lang", language) in page.attributes
    direction = "rtl" if language == "ar" else "ltr"
    assert ("html", "dir", direction) in page.attributes
    assert ("div", "dir", direction) in page.attributes
    assert ("meta", "content", "light dark") in page.attributes


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [kind for kind in kinds.KINDS if kind not in (*kinds.TO_AGENTS, "answer")])
def test_text_and_html_say_the_same(ours: Templates, kind: str, language: str) -> None:
    mail = sample(ours, kind, language)
    shown = " ".join(Page(mail.html).text.split())
    for line in mail.text.splitlines():
        words = " ".join(re.sub(r": <mailto:[^>]*>|^> ?|^- ", "", line).split())
        if words not in ("--", ""):
            assert words in shown


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_arabic_keeps_foreign_tokens_apart(ours: Templates, kind: str) -> None:
    mail = sample(ours, kind, "ar")
    for line in mail.text.splitlines():
        assert line.count("\u2068") + line.count("\u2066") == line.count("\u2069"), line
    assert not set("\u2066\u2067\u2068\u2069") & set(mail.subject)
    if kind in ("notification", "escalation"):
        assert "\u20661042 → 1077\u2069" in mail.text
        assert "\u2066<anna@example.org>\u2069" in mail.text
        assert '<bdi dir="ltr">1042 → 1077</bdi>' in mail.html


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "ar"])
def test_other_languages_need_no_direction_marks(ours: Templates, language: str) -> None:
    for kind in kinds.KINDS:
        assert not set("\u2066\u2067\u2068\u2069\u200e\u200f") & set(sample(ours, kind, language).text)


def test_arabic_phrases_isolate_words_but_not_numbers(ours: Templates) -> None:
    said = ours.phrases["ar"]["done_answered"].format(number=1042, to="anna@example.org")
    assert "\u2068anna@example.org\u2069" in said
    assert "\u20681042" not in said


def said_in_the_code() -> list[tuple[str, str, frozenset[str]]]:
    """(place, key, names of the values) of every phrase that the code names outright."""
    found = []
    for path in sorted(templates.SHIPPED.parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called not in ("phrase", "say", "Wrong", "Refused", "Problem"):
                continue
            first, *more = node.args[1:] if called == "phrase" and len(node.args) > 1 else node.args
            if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                continue
            names = {word.arg for word in node.keywords if word.arg}
            names |= {key.value for table in more if isinstance(table, ast.Dict) for key in table.keys if key}  # type: ignore[attr-defined]
            found.append((f"{path.name}:{node.lineno}", first.value, frozenset(map(str, names))))
    return found


def test_every_phrase_that_the_code_says_exists_and_gets_its_values() -> None:
    calls = said_in_the_code()
    assert len(calls) > 20
    assert [(place, key) for place, key, _ in calls if key not in ENGLISH] == []
    missing = [(place, key) for place, key, names in calls if phrases.placeholders(ENGLISH[key]) - names]
    assert missing == []


def test_the_documentation_names_every_kind_and_every_value() -> None:
    path = templates.SHIPPED.resolve().parent / "docs" / "templates.md"
    if not path.is_file():
        pytest.skip("the documentation is only in a checkout")
    text = path.read_text("utf-8")
    rows = {match[1]: match[2] for match in re.finditer(r"^\| `([a-z-]+)` \| \w+ \| (.*) \|$", text, re.MULTILINE)}
    assert tuple(rows) == kinds.KINDS
    for kind, row in rows.items():
        for name in kinds.REQUIRED.get(kind, ()):
            assert f"`{name}`" in row, (kind, name)
    assert set(re.findall(r"x\\\|([a-z]+)`", text)) >= {"duration", "day", "moment", "size", "quoted", "inset", "ltr"}
