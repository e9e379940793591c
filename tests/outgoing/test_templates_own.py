"""The operator's own templates: found before ours, checked when they are loaded, held in the sandbox (C3, bar 37)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailcase.outgoing import templates
from mailcase.outgoing.templates import BrokenTemplates, RenderError, TemplateError

VALUES = {"number": 7, "tag": "[Case #7]", "mailbox_name": "Support", "subject": "Printer"}


def folder(tmp_path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def closed(tmp_path: Path, language: str = "de", mailbox: str = "support") -> str:
    return templates.load(tmp_path).render("closed", language, mailbox, VALUES).text.strip()


def test_the_most_particular_template_is_taken(tmp_path: Path) -> None:
    for place in ("de", "support", "support/de"):
        folder(tmp_path, {f"{place}/closed.txt": f"Subject: x\n\nfrom {place}\n"})
        assert closed(tmp_path) == f"from {place}"
    assert closed(tmp_path, mailbox="sales") == "from de"
    assert closed(tmp_path, language="fr") == "from support"
    assert closed(tmp_path, language="de-CH") == "from support/de"


def test_our_language_goes_before_the_operators_default(tmp_path: Path) -> None:
    folder(tmp_path, {"closed.txt": "Subject: x\n\ntheir default\n", "en/closed.txt": "Subject: x\n\ntheir English\n"})
    assert closed(tmp_path, "de").startswith("Guten Tag")
    assert closed(tmp_path, "en") == "their English"
    assert closed(tmp_path, "sw") == "their default"


def test_a_mailbox_called_like_a_language_takes_nothing_from_it(tmp_path: Path) -> None:
    ours = templates.load()
    assert ours.render("closed", "en", "it", VALUES).text.startswith("Hello")
    folder(tmp_path, {"it/en/closed.txt": "Subject: x\n\nfor the mailbox\n"})
    assert closed(tmp_path, "en", "it") == "for the mailbox"


def test_a_mailbox_name_is_no_way_out_of_the_folder(tmp_path: Path) -> None:
    folder(tmp_path, {"secret/closed.txt": "Subject: x\n\nsecret\n", "own/de/x.txt": "x"})
    inside = templates.load(tmp_path / "own")
    for name in ("../secret", "/secret", "..", "a/../../secret", "\\..\\secret"):
        assert "secret" not in inside.render("closed", "en", name, VALUES).text


def test_ours_can_be_built_upon(tmp_path: Path) -> None:
    folder(tmp_path, {
        "_footer.txt": '{% include "mailcase/_footer.txt" %}\nExample Ltd, Springfield\n',
        "layout.html": '{% extends "mailcase/layout.html" %}',
    })  # fmt: skip
    mail = templates.load(tmp_path).render("closed", "de", "support", VALUES)
    assert mail.text.endswith("Fallnummer: 7\nExample Ltd, Springfield\n")
    assert "Example Ltd, Springfield" in mail.html


def test_who_writes_only_a_text_gets_its_html(tmp_path: Path) -> None:
    text = "Subject: Hello\n\nFirst <b>line</b>\nsecond line\n\n- one\n- two\n\n> quoted\n"
    folder(tmp_path, {"closed.txt": text, "notification.txt": "Subject: x\n\nShort notice.\n"})
    own = templates.load(tmp_path)
    html = own.render("closed", "sw", "", VALUES).html
    assert "First &lt;b&gt;line&lt;/b&gt;<br>\nsecond line" in html
    assert "<li>one</li>" in html
    assert "quoted</blockquote>" in html
    notice = own.render("notification", "en", "", VALUES | {"author_name": "", "author_address": "", "text": "secret"})
    assert "Short notice." in notice.html
    assert "secret" not in notice.html


def test_own_html_goes_with_own_text(tmp_path: Path) -> None:
    folder(tmp_path, {"closed.txt": "Subject: x\n\ntext\n", "closed.html": "<p>{{ title }} & {{ subject }}</p>"})
    html = templates.load(tmp_path).render("closed", "sw", "", VALUES | {"subject": "<i>"}).html
    assert html == "<p>[Case #7] x & &lt;i&gt;</p>"


def test_own_answers_need_no_subject(tmp_path: Path) -> None:
    folder(tmp_path, {"hours.txt": "We are open from 9 to 5.\n\n{{ text }}\n"})
    own = templates.load(tmp_path)
    assert "hours" in own.kinds
    mail = own.render("hours", "en", "support", VALUES | {"text": "See you!"})
    assert (mail.subject, mail.text) == ("Re: [Case #7] Printer", "We are open from 9 to 5.\n\nSee you!\n")
    assert "See you!" in mail.html


def test_the_tag_is_in_every_subject(tmp_path: Path) -> None:
    folder(tmp_path, {"closed.txt": "Subject: It is done\n\nx\n"})
    assert templates.load(tmp_path).render("closed", "sw", "", VALUES).subject == "[Case #7] It is done"


def test_own_phrases_go_before_ours(tmp_path: Path) -> None:
    folder(tmp_path, {"de/phrases.toml": 'case_line = "Ticket {number}"\nours = "hallo"\n',
                      "nl/phrases.toml": 'case_line = "Zaak {number}"\n'})  # fmt: skip
    own = templates.load(tmp_path)
    assert own.render("closed", "de", "", VALUES).text.endswith("Ticket 7\n")
    assert own.phrases["de"]["confirm_no"] == "Nein, noch nicht"
    assert own.phrases["nl"]["case_line"] == "Zaak {number}"
    assert own.phrases["nl"]["confirm_no"] == "No, not yet"
    assert 'lang="nl"' in own.render("closed", "nl", "", VALUES).html


BROKEN = {
    "syntax": ("closed.txt", "Subject: x\n\n{% if %}\n", "closed.txt:3:"),
    "unclosed": ("de/closed.txt", "Subject: x\n\n{% if number %}\n", "de/closed.txt:3:"),
    "undefined": ("closed.txt", "Subject: x\n\n\n{{ nubmer }}\n", "closed.txt:4: 'nubmer' is undefined"),
    "attribute": ("closed.txt", "Subject: x\n{{ number.real.wrong }}\n", "closed.txt:2:"),
    "phrase": ("closed.txt", "Subject: x\n{{ say('nothing') }}\n", "closed.txt:2: there is no phrase"),
    "filter": ("closed.txt", "Subject: x\n{{ number|shout }}\n", "closed.txt:2: No filter named 'shout'"),
    "include": (
        "closed.txt",
        'Subject: x\n{% include "nowhere.txt" %}\n',
        "closed.txt:2: there is no template nowhere",
    ),
    "no subject": ("closed.txt", "hello\n", "must begin with a line"),
    "html": ("closed.html", "<p>\n{{ nubmer }}", "closed.html:2: 'nubmer' is undefined"),
    "partial": ("_footer.txt", "\n{{ nubmer }}\n", "_footer.txt:2: 'nubmer' is undefined"),
    "toml": ("de/phrases.toml", 'a = "x"\nb = x\n', "de/phrases.toml:2:"),
    "no text": ("de/phrases.toml", 'a = "x"\ncase_line = 7\n', "de/phrases.toml:2: case_line: a phrase is a text"),
    "placeholder": ("de/phrases.toml", 'case_line = "{nubmer}"\n', "de/phrases.toml:1: case_line: there is no value"),
    "format": ("de/phrases.toml", 'x = "{number.__class__}"\n', "de/phrases.toml:1: x: {number.__class__} is not a"),
    "width": ("de/phrases.toml", 'x = "{number:>99999999}"\n', "de/phrases.toml:1: x: {number} is not a"),
    "brace": ("de/phrases.toml", 'x = "{"\n', "de/phrases.toml:1: x:"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_set_is_refused_with_file_and_line(tmp_path: Path, name: str) -> None:
    path, text, complaint = BROKEN[name]
    with pytest.raises(BrokenTemplates) as refused:
        templates.load(folder(tmp_path, {path: text}))
    assert any(complaint in problem for problem in refused.value.problems), refused.value.problems


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    folder(tmp_path, {"a.txt": "{{ x }}", "b.txt": "{% x %}", "de/phrases.toml": "x", "c.html": "{{ y }}"})
    with pytest.raises(TemplateError) as refused:
        templates.load(tmp_path)
    assert len(refused.value.problems) == 4


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "closed.txt").write_bytes(b"Subject: x\n\n\xff\n")
    with pytest.raises(BrokenTemplates, match="not UTF-8"):
        templates.load(tmp_path)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenTemplates, match="does not exist"):
        templates.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 2000000000 }}", "{{ 2000000000 * 'a' }}", "{{ [1] * 2000000000 }}", "{{ 9 ** 9 ** 9 }}",
        "{{ '%2000000000d' % 1 }}", "{{ 10 ** 8 * 10 ** 8 * 2 }}",
        "{% for x in range(2000000000) %}x{% endfor %}", "{{ lipsum(1000) }}", "{{ cycler('a') }}",
        "{{ namespace(x=1) }}", "{{ dict(a=1) }}", "{{ joiner() }}",
        "{{ ''.__class__.__mro__ }}", "{{ say.__globals__ }}", "{{ say._function }}", "{{ mailto.__init__ }}",
        "{{ text.format(1) }}", "{{ text.upper() }}", "{{ '{:>2000000000}'.format(1) }}", "{{ text.center(9999999) }}",
        "{{ tags.append(1) }}", "{{ words.clear() }}", "{{ words.update(x=1) }}", "{{ self.__init__() }}",
        "{{ 'x'|center(2000000000) }}", "{{ 'x'|indent(2000000000) }}", "{{ '%99999999d'|format(1) }}",
        "{{ text|replace('', 'x') }}", "{{ text|safe }}", "{{ x|attr('__class__') }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", '{% include "../../../etc/passwd" %}',
        '{% include "/etc/passwd" %}', "{% extends 'closed.txt' %}", "{% set words.x = 1 %}", "{{ 1 // 0 }}",
    ],
)  # fmt: skip
def test_the_sandbox_refuses(tmp_path: Path, source: str) -> None:
    with pytest.raises(BrokenTemplates, match=r"closed\.txt:\d+: |closed\.txt"):
        templates.load(folder(tmp_path, {"closed.txt": f"Subject: x\n\n{source}\n"}))


def test_arithmetic_and_macros_within_reason_work(tmp_path: Path) -> None:
    source = "{% macro twice(n) %}{{ n * 2 }}{% endmacro %}Subject: x\n\n{{ twice(21) }} {{ 7 % 4 }} {{ 2 ** 8 }}\n"
    assert closed(folder(tmp_path, {"closed.txt": source}), "sw") == "42 3 256"


def test_a_mistake_that_shows_later_holds_the_mail(tmp_path: Path) -> None:
    source = "Subject: x\n\n{% if subject == 'odd' %}{{ nubmer }}{% endif %}\n"
    own = templates.load(folder(tmp_path, {"closed.txt": source}))
    assert own.render("closed", "sw", "", VALUES).subject == "[Case #7] x"
    with pytest.raises(RenderError, match=r"closed\.txt:3: 'nubmer' is undefined"):
        own.render("closed", "sw", "", VALUES | {"subject": "odd"})
