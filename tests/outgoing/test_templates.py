"""What the templates say, and what they never say: wording, look-up, unknown senders, links, values (O3, O5, S11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailcase.core.reading.quote import new_text, split
from mailcase.outgoing import kinds, templates
from mailcase.outgoing.templates import RenderError, Templates

CANARY = "BUY-PILLS-AT-EVIL.EXAMPLE"


@pytest.fixture(scope="module")
def ours() -> Templates:
    return templates.load()


def case(**more: Any) -> dict[str, Any]:
    """The values that every mail about a case is given, and `more`."""
    return {
        "number": 1077, "tag": "[Case #1077]", "mailbox_name": "Example Support", "subject": "Printer",
        "status": "open", "status_label": "open", "priority": "high", "assignee": "bob", "resolution": "",
        "requester_name": "Anna Berg", "requester_address": "anna@example.org", "tags": [], "until": None,
        "follow_up_of": None, **more,
    }  # fmt: skip


def test_an_acknowledgement_says_number_and_time_and_how_to_go_on(ours: Templates) -> None:
    mail = ours.render("acknowledgement", "en", "support", case(known=True, expected_time=timedelta(days=2)))
    assert mail.subject == "Re: [Case #1077] Printer"
    assert "case 1077" in mail.text
    assert "within 2 days" in mail.text
    assert "reply to this mail" in mail.text
    assert mail.text.endswith("Case number: 1077\n")
    assert "within 2 days" in mail.html


def test_without_an_expected_time_none_is_promised(ours: Templates) -> None:
    mail = ours.render("acknowledgement", "en", "support", case(expected_time=None))
    assert "expect our answer" not in mail.text
    assert "\n\n\n" not in mail.text


@pytest.mark.parametrize(
    ("language", "words"),
    [("ar", "يوم"), ("cs", "1 den"), ("de", "1 Tag"), ("en", "1 day"), ("es", "1 día"), ("fr", "1\xa0jour"),
     ("it", "1 giorno"), ("ja", "1 日"), ("ko", "1일")],
)  # fmt: skip
def test_lengths_of_time_are_said_in_the_customers_language(ours: Templates, language: str, words: str) -> None:
    mail = ours.render("acknowledgement", language, "support", case(expected_time=timedelta(days=1)))
    assert words in mail.text


@pytest.mark.parametrize("kind", kinds.UNKNOWN_SENDER)
@pytest.mark.parametrize("language", ["ar", "cs", "de", "en", "es", "fr", "it", "ja", "ko"])
def test_an_unknown_sender_reads_no_word_of_their_own(ours: Templates, kind: str, language: str) -> None:
    chosen = case(known=False, subject=CANARY, requester_name=CANARY, text=CANARY, html=f"<p>{CANARY}</p>",
                  author_name=CANARY, follow_up_of=1042, attachments=[{"filename": CANARY}],
                  history=[{"text": CANARY}])  # fmt: skip
    mail = ours.render(kind, language, "support", chosen)
    assert CANARY not in mail.subject + mail.text + mail.html
    assert "[Case #1077]" in mail.subject
    assert len(mail.subject) > len("[Case #1077] ")


def test_no_template_of_the_operator_can_change_that(tmp_path: Path) -> None:
    (tmp_path / "acknowledgement.txt").write_text(
        "Subject: {{ subject }}\n\n{{ text }}{{ requester_name }}{{ html }}\n"
    )
    own = templates.load(tmp_path)
    mail = own.render("acknowledgement", "en", "support", case(subject=CANARY, requester_name=CANARY, text=CANARY))
    assert CANARY not in mail.subject + mail.text + mail.html


def test_a_known_sender_sees_sixty_characters_of_their_subject(ours: Templates) -> None:
    mail = ours.render("acknowledgement", "en", "support", case(known=True, subject="word " * 40))
    assert len(mail.subject) <= len("Re: [Case #1077] ") + 60
    assert mail.subject.endswith("…")


def test_a_follow_up_names_both_numbers(ours: Templates) -> None:
    mail = ours.render("follow-up", "de", "support", case(follow_up_of=1042))
    assert "1042" in mail.text
    assert "1077" in mail.text


@pytest.mark.parametrize(
    ("resolution", "sentence"),
    [
        ("solved", "تم حل التذكرة وهي الآن مغلقة"),
        ("confirmed", "لقد عالجنا المشكلة والتذكرة الآن مغلقة"),
    ],
)
def test_the_two_closing_sentences_in_arabic(ours: Templates, resolution: str, sentence: str) -> None:
    mail = ours.render("closed", "ar", "support", case(resolution=resolution))
    assert sentence in mail.text
    assert sentence in mail.html


@pytest.mark.parametrize(
    ("resolution", "sentence"),
    [
        ("solved", "Case 1077 has been resolved and is now closed."),
        ("confirmed", "We have dealt with your request, and case 1077 is now closed."),
        ("withdrawn", "Case 1077 is now closed."),
    ],
)
def test_each_resolution_has_its_closing_sentence(ours: Templates, resolution: str, sentence: str) -> None:
    assert sentence in ours.render("closed", "en", "support", case(resolution=resolution)).text


@pytest.mark.parametrize(
    ("language", "note_here", "note_there"),
    [
        ("en", "Follow-up case created from case 1042", "Follow-up case 1077 created"),
        ("ar", "تم إنشاء حالة متابعة من الحالة 1042", "تم إنشاء حالة متابعة للقضية 1077"),
    ],
)
def test_the_notes_of_a_follow_up_case(ours: Templates, language: str, note_here: str, note_there: str) -> None:
    assert ours.phrases[language]["follow_up_from"].format(number=1042) == note_here
    assert ours.phrases[language]["follow_up_created"].format(number=1077) == note_there


def test_resolved_offers_two_answers_as_links(ours: Templates) -> None:
    values = case(confirm_to="support+yes@example.com", reject_to="support+no@example.com")
    mail = ours.render("resolved", "fr", "support", values)
    yes = "mailto:support+yes@example.com?subject=%5BCase%20%231077%5D%20Oui"
    assert yes in mail.text
    assert f'<a href="{yes}' in mail.html
    assert '<a href="mailto:support+no@example.com' in mail.html
    assert "&lt;mailto" not in mail.html


def test_resolved_without_addresses_asks_for_a_reply(ours: Templates) -> None:
    mail = ours.render("resolved", "en", "support", case())
    assert "mailto:" not in mail.text + mail.html
    assert "reply to this mail" in mail.text


def test_no_response_records_the_attempts(ours: Templates) -> None:
    attempts = [{"at": datetime(2026, 11, day, 9, tzinfo=UTC), "text": "reminder"} for day in (3, 10)]
    mail = ours.render("no-response", "de", "support", case(attempts=attempts))
    assert "- 3. November 2026\n- 10. November 2026\n" in mail.text
    assert "<li>3. November 2026</li>" in mail.html


def test_an_answer_is_the_agents_text_and_the_case_number(ours: Templates) -> None:
    text = "Hello,\n\n  indented\n\n\ntwo blank lines above\n{{ 7*7 }}"
    mail = ours.render("answer", "en", "support", case(text=text, signature="Example Ltd\nphone 123"))
    assert mail.text == f"{text}\n\n-- \nExample Ltd\nphone 123\nCase number: 1077\n"
    assert mail.html == ""
    assert mail.subject == "Re: [Case #1077] Printer"


def test_an_answer_in_html_keeps_its_cleaned_markup(ours: Templates) -> None:
    mail = ours.render("answer", "ar", "support", case(text="Hello", html="<p>Hello <b>there</b></p>"))
    assert "<p>Hello <b>there</b></p>" in mail.html
    assert 'dir="rtl"' in mail.html


def test_an_answer_that_resolves_asks_to_confirm(ours: Templates) -> None:
    values = case(text="Done.", confirm=True, confirm_to="support+y@example.com", reject_to="support+n@example.com")
    mail = ours.render("answer", "en", "support", values)
    assert "mailto:support+y@example.com" in mail.text
    assert "mailto:support+n@example.com" in mail.html


def notification(**more: Any) -> dict[str, Any]:
    return case(
        author_name="Eve", author_address="eve@example.net", verified=True, text="It burns.\n-- \nEve", quoted_lines=3,
        attachments=[{"filename": "photo.jpg", "size": 2048}], chain=[1042, 1077], reply_to=["eve@example.com"],
        history=[{"at": datetime(2026, 11, 20, 8, tzinfo=UTC), "who": "agent:bob", "text": "open -> pending"}],
        received_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
    ) | more  # fmt: skip


def test_a_notification_shows_the_state_of_the_case(ours: Templates) -> None:
    mail = ours.render("notification", "en", "support", notification())
    for part in (mail.text, mail.html):
        for words in ("open", "high", "bob", "Anna Berg", "1042 → 1077", "photo.jpg", "2 KB", "2026-11-20 08:00 UTC",
                      "It burns.", "#help", "eve@example.com"):  # fmt: skip
            assert words in part, words
        assert "Unverified" not in part
    assert mail.subject == "[Case #1077] Printer"


def test_an_unverified_sender_is_pointed_out_first(ours: Templates) -> None:
    mail = ours.render("notification", "de", "support", notification(verified=False))
    assert mail.text.index("Nicht bestätigter Absender") < mail.text.index("It burns.")
    assert mail.html.index("Nicht bestätigter Absender") < mail.html.index("It burns.")


@pytest.mark.parametrize("language", ["ar", "cs", "de", "en", "es", "fr", "it", "ja", "ko"])
def test_what_an_agent_writes_above_the_marker_is_new(ours: Templates, language: str) -> None:
    mail = ours.render("notification", language, "support", notification())
    reply = "My answer.\n\n" + "".join(f"> {line}\n" for line in mail.text.splitlines())
    unquoted = "My answer.\n\n" + mail.text
    assert new_text(split(reply)).strip() == "My answer."
    assert new_text(split(unquoted)).strip() == "My answer."


def test_no_line_of_a_customer_is_taken_for_a_mark_of_ours(ours: Templates) -> None:
    mail = ours.render("notification", "en", "support", notification(text="a\n-- \n##- x -##\n> q"))
    assert mail.text.count("\n##-") + mail.text.startswith("##-") == 1
    assert "\n-- \n" not in mail.text


def test_a_long_text_is_cut_for_agents_and_never_for_customers(ours: Templates) -> None:
    long = "x" * 200_000
    copy = ours.render("notification", "en", "support", notification(text=long))
    assert len(copy.text) < 60_000
    assert "cut here" in copy.text
    assert long in ours.render("answer", "en", "support", case(text=long)).text


def test_a_refused_command_gives_back_the_text_and_the_commands(ours: Templates) -> None:
    values = case(done=[], problems=["Unknown command: #clsoe"], your_text="Dear customer,\nyes.",
                  commands=[{"command": "#close", "text": "Closes the case"}])  # fmt: skip
    mail = ours.render("command-result", "en", "support", values)
    for part in (mail.text, mail.html):
        for words in ("#clsoe", "Dear customer,", "Closes the case", "nothing was sent to the customer"):
            assert words in part


def test_mail_without_a_case_has_no_tag(ours: Templates) -> None:
    values = {"number": 0, "tag": "[Case #0]", "done": [], "problems": ["x"], "commands": [], "your_text": ""}
    assert "#0" not in ours.render("command-result", "en", "support", values).subject
    values = {"number": 0, "subject": "Re: Printer", "reason": "no proof", "text": "hello"}
    assert ours.render("confirm-agent", "en", "support", values).subject == "Did you send this mail?"


def test_the_operators_own_label_of_a_status_wins(ours: Templates) -> None:
    assert "Status: open\n" in ours.render("notification", "en", "", notification()).text
    renamed = ours.render("notification", "de", "", notification(status="open", status_label="In Arbeit"))
    assert "Status: In Arbeit\n" in renamed.text
    assert "Status: offen\n" in ours.render("notification", "de", "", notification(status_label="open")).text
    own = ours.render("notification", "en", "", notification(status="vendor", status_label="With the vendor"))
    assert "Status: With the vendor\n" in own.text


@pytest.mark.parametrize("field", ["subject", "requester_name", "author_name", "text", "assignee"])
@pytest.mark.parametrize(
    "payload",
    ["{{7*7}}", "{% include 'layout.html' %}", "${7*7}", "%s%n", "{number}", "#{7*7}", "{{ words }}", "{# x #}",
     "<script>alert(1)</script>", "<img src=http://evil.example/x>", '"><b>', "&lt;b&gt;", "</title><script>"],
)  # fmt: skip
def test_values_are_never_templates_nor_markup(ours: Templates, field: str, payload: str) -> None:
    mail = ours.render("notification", "en", "support", notification(**{field: payload}))
    assert payload in mail.text + mail.subject
    assert "49" not in mail.text
    for tag in ("<script", "<img", "<b>al", '"><b>'):
        assert tag not in mail.html.replace("<b>open</b>", "")


def test_a_value_of_several_lines_cannot_leave_its_line(ours: Templates) -> None:
    mail = ours.render("notification", "en", "support", notification(subject="a\r\nBcc: x@example.net\n\nb\u2028c"))
    assert mail.subject == "[Case #1077] a Bcc: x@example.net b c"


@pytest.mark.parametrize("value", [object(), Path("x"), b"bytes", case, lambda: 1])
def test_only_plain_data_reaches_a_template(ours: Templates, value: object) -> None:
    with pytest.raises(RenderError, match="cannot be given"):
        ours.render("closed", "en", "support", case(agent_name=value))


def test_a_missing_value_is_an_error_with_its_place(ours: Templates) -> None:
    with pytest.raises(RenderError, match=r"reminder\.txt:\d+: 'attempt' is undefined"):
        ours.render("reminder", "en", "support", case())


def test_an_unknown_kind_is_an_error(ours: Templates) -> None:
    with pytest.raises(RenderError, match="no template"):
        ours.render("farewell", "en", "support", case())


@pytest.mark.parametrize(
    ("asked", "got"), [("de-AT", "Guten Tag"), ("DE", "Guten Tag"), ("sw", "Hello"), ("", "Hello")]
)
def test_a_language_without_templates_falls_back(ours: Templates, asked: str, got: str) -> None:
    assert ours.render("closed", asked, "support", case()).text.startswith(got)
