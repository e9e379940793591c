"""New text, quotations and signatures: tables by language and client, traps, and what holds for every text."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.reading import quote
from tests.core.quote_lines import ATTRIBUTIONS, BLOCKS, FOOTERS, FORWARDS, LIKELY, ORIGINALS

ANSWER = "The blue lamp on the router is off since noon.\nI restarted it twice."
MARKED = "> Which lamp is on?\n>\n> Mira\n"
UNMARKED = "Which lamp is on?\n\nMira\n"


def new_of(text: str, html: str = "", *, forwarded: bool = False) -> str:
    segments = quote.split(text, html, forwarded=forwarded)
    assert "".join(segment.text for segment in segments) == text
    return quote.new_text(segments)


def cases(table: dict[str, str]) -> list[object]:
    return [pytest.param(value, id=name) for name, value in table.items()]


@pytest.mark.parametrize("line", cases(ATTRIBUTIONS | LIKELY))
def test_attribution_above_marked_lines(line: str) -> None:
    assert new_of(f"{ANSWER}\n\n{line}\n{MARKED}") == ANSWER
    assert new_of(f"{ANSWER}\n\n{line}\n\n{MARKED}") == ANSWER


@pytest.mark.parametrize("line", cases(ATTRIBUTIONS))
def test_attribution_above_unmarked_lines(line: str) -> None:
    assert new_of(f"{ANSWER}\n\n{line}\n\n{UNMARKED}") == ANSWER


@pytest.mark.parametrize("line", cases(ATTRIBUTIONS))
def test_attribution_without_a_blank_line(line: str) -> None:
    assert new_of(f"{ANSWER}\n{line}\n{MARKED}") == ANSWER


@pytest.mark.parametrize("line", cases(ATTRIBUTIONS | LIKELY))
def test_answer_below_the_quotation(line: str) -> None:
    assert new_of(f"{line}\n\n{MARKED}\n{ANSWER}\n") == ANSWER


@pytest.mark.parametrize("line", cases(ATTRIBUTIONS))
def test_attribution_inside_the_marks(line: str) -> None:
    marked = "".join(f"> {part}\n" for part in line.split("\n"))
    assert new_of(f"{ANSWER}\n\n{marked}>\n{MARKED}") == ANSWER


@pytest.mark.parametrize("fields", [pytest.param(value, id=name) for name, value in BLOCKS.items()])
@pytest.mark.parametrize("above", ["", "_" * 32 + "\n", "-----\n\n"], ids=["bare", "underscores", "dashes"])
@pytest.mark.parametrize(
    "form", ["{}: {}", "*{}:* {}", "{} : {}", "> {}: {}"], ids=["plain", "bold", "spaced", "marked"]
)
def test_header_block(fields: tuple[str, str, str, str], above: str, form: str) -> None:
    values = ("Mira Holt <mira@shop.example>", "16.11.2026 09:14", "Ben Roe <ben@home.example>", "Router")
    block = "\n".join(form.format(*pair) for pair in zip(fields, values, strict=True))
    assert new_of(f"{ANSWER}\n\n{above}{block}\n\n{UNMARKED if form[0] != '>' else MARKED}") == ANSWER


def test_header_block_with_a_broken_address() -> None:
    block = (
        "From: Mira Holt\n<mira@shop.example>\nSent: Monday, November 16, 2026 9:14 AM\nTo: Ben Roe\nSubject: Router"
    )
    assert new_of(f"{ANSWER}\n\n{block}\n\n{UNMARKED}") == ANSWER


def test_header_block_with_blank_lines_between_its_fields() -> None:
    block = "Von: Mira Holt <mira@shop.example>\n\nGesendet: 16.11.2026 09:14\n\nAn: Ben Roe\n\nBetreff: Router"
    assert new_of(f"{ANSWER}\n\n{block}\n\n{UNMARKED}") == ANSWER


@pytest.mark.parametrize("line", cases(ORIGINALS))
def test_original_message_line(line: str) -> None:
    assert new_of(f"{ANSWER}\n\n{line}\nSomething\n\n{UNMARKED}") == ANSWER


@pytest.mark.parametrize("line", cases(FORWARDS))
def test_a_forward_is_no_quotation(line: str) -> None:
    text = (
        f"Please take this one.\n\n{line}\nFrom: Ida Moss <ida@moss.example>\nDate: 16 Nov 2026\n\nMy order is late.\n"
    )
    segments = quote.split(text)
    assert quote.new_text(segments) == text.strip()
    assert [segment.kind for segment in segments] == ["new", "forward"]


def test_outlook_forward_is_told_by_its_subject() -> None:
    text = (
        "FYI\n\nFrom: Ida Moss <ida@moss.example>\nSent: 16 Nov 2026\nTo: desk\nSubject: Order\n\nMy order is late.\n"
    )
    assert new_of(text) == "FYI"
    assert new_of(text, forwarded=True) == text.strip()


@pytest.mark.parametrize("line", cases(FOOTERS))
def test_footer_of_phone_or_program(line: str) -> None:
    assert new_of(f"{ANSWER}\n\n{line}\n") == ANSWER
    assert new_of(f"{ANSWER}\n\n{line}\n\n{ATTRIBUTIONS['en-gmail']}\n{MARKED}") == ANSWER
    kinds = [segment.kind for segment in quote.split(f"{ANSWER}\n\n{line}\n")]
    assert kinds == ["new", "signature"]


SIGNATURES = {
    "standard": "-- \nBen Roe\nRoe Ltd\n+49 30 000",
    "blank-lost": "--\nBen Roe",
    "underscores": "_______________\nBen Roe, Roe Ltd",
    "em-dash": "—\nBen Roe",
    "no-blank-line-above": "-- \nBen",
    "with-footer": "-- \nBen Roe\n\nSent from my iPhone",
    "list-footer": "_______________________________________________\nroom mailing list\nroom@lists.example",
}


@pytest.mark.parametrize("signature", cases(SIGNATURES))
def test_signature_is_a_segment_of_its_own(signature: str) -> None:
    for text in (f"{ANSWER}\n{signature}\n", f"{ANSWER}\n\n{signature}\n\n{ATTRIBUTIONS['en-gmail']}\n{MARKED}"):
        segments = quote.split(text)
        assert quote.new_text(segments) == ANSWER
        assert "signature" in [segment.kind for segment in segments]


def test_signature_below_the_quotation_is_no_answer() -> None:
    assert new_of(f"{ANSWER}\n\n{ATTRIBUTIONS['en-gmail']}\n{MARKED}\n-- \nBen Roe\n") == ANSWER


def test_leave_taken_below_the_quotation_does_not_make_it_an_answered_one() -> None:
    assert new_of(f"{ANSWER}\n\n{ATTRIBUTIONS['de-gmail']}\n{MARKED}\nViele Grüße, Ben\n").split() == [
        *ANSWER.split(), "Viele", "Grüße,", "Ben",
    ]  # fmt: skip


# Every line of these is the author's own.
OWN = {
    "fenced-code": "Here:\n\n```sql\nSELECT 1\n--\nFROM x\n> out\n```",
    "sent-from-an-address": "Please answer to this address.\nSorry, I sent from my old one.",
    "sent-from-a-town": "The parcel was late.\nSent from Leeds on Monday.",
    "log-with-an-address": "The log:\n\n2026-11-16 09:14:22 lamp <desk@shop.example> started:\nlamp failed\n\nWhat now?",
    "heading-with-a-rule": "The sum is\n---\n42",
    "marker-in-a-sentence": "It is off.\nReply above this line did not work either, the mail came back.",
    "above-this-line": "I replied above this line last time.\n\nPlease look again.",
    "to-and-subject": "To\nthe shop\n\nSubject\nmy lamp\n\nI want my money back.",
    "form-with-a-date": "Name: Ben Roe\nMail: ben@home.example\nDate: 16 November 2026 09:14\nOrder: 55",
    "framed-list": "Our list:\n\n-----\nLamp 5\nCable 6\n-----\n\nPlease check it.",
    "dashes-and-a-table": "Part     Price\n-----\nLamp     12\nCable    3",
    "address-and-date": "I wrote to Mira <mira@shop.example> on 16.11.2026 at 09:14:\n\nnobody answered.",
    "on-in-a-sentence": "On the back of the box stands:\n\n    hold for ten seconds\n\nOn Sundays I could not try.",
    "one-question": "Once more the question is:\n\nwho has the key?",
    "list-of-times": "It failed at:\n\n2026-11-16 09:14:22\n16.11.2026 10:00\n11/16/2026 at 2:30 PM\n\nNever at night.",
    "from-in-a-sentence": "Two write, from: ida@moss.example and from: ben@home.example\n\nFrom: the shop, I mean.",
    "invitation": "We open again:\n\nDate: 5 December\nTime: 18:00\nAddress: Mill Lane 3\n\nPlease tell others.",
    "web-form": "New request\n\nFrom: Ida Moss\nSubject: printer\nPhone: 030 000\nMessage: it smokes\n\nAnswer soon.",
    "journey": "Please book:\n\nFrom: Berlin\nTo: Munich\nDate: 12 December 2026\n\nA seat at the window, please.",
    "pasted-source": "Got this:\n\nDate: 16 Nov\nFrom: eve@x.example\nTo: me@x.example\nMIME-Version: 1.0\n\nWhy?",
    "arrows": "Our spring sale\n>>> http://shop.example <<<\nends on Friday.",
    "dashes-in-text": "# What I did\n----\n\n* restart\n* wait\n\n----\n\nNone of it helped.\n\n====\nThat is all.",
    "double-dash-list": "It needs:\n-- a longer cable\n-- a second plug\n\nBye!",
    "double-dash-mid-line": "The lamp -- the blue one -- is off.\n\nBye",
    "table-rule": "Part     Price\n---------------------\nLamp     12 EUR\nCable     3 EUR\n\nIs that right so far.",
    "footer-in-a-sentence": "It is on its way\n\nSent from my village, where the post is slow.",
    "sent-in-a-sentence": "The parcel sent from my brother's phone shop is here.\n\nNothing else was sent.",
    "regards-in-a-sentence": "As regards the invoice: it is wrong.\n\nRegards to all is what he said, and left.",
    "closing-stays": "Who can look at it?\n\nBest regards\n\nBen Roe",
    "chinese-since": "打印机坏了。\n\n从昨天开始无法登录",
    "turkish-sent": "Merhaba\n\nKargo dün Ankara'dan gönderildi",
    "i-wrote": "Hello,\n\nOn 12 May 2026 at 10:00 I wrote:\nthe lamp is off. Nobody answered.",
    "in-a-year": "He lived long.\n\nIn 1926 the author wrote:\nnothing at all.",
    "wrote-in-sentence": "In 2019 my colleague wrote\na long letter about it.",
    "subject-line-only": "Subject: my order\n\nIt is late.",
    "greater-than-inside": "if a > b then\nb < a",
    "only-mobile-footer": "Sent from my iPhone",
    "only-signature": "-- \nBen Roe",
    "emoticon": "Nothing works\n:-(\nPlease help",
}


@pytest.mark.parametrize("text", cases(OWN))
def test_nothing_of_the_authors_own_is_cut(text: str) -> None:
    assert new_of(text) == text


ALL_SHOWN = {
    "only-a-quotation": "> Which lamp is on?\n",
    "attribution-and-quotation": f"{ATTRIBUTIONS['en-gmail']}\n{MARKED}",
    "attribution-and-unmarked": f"{ATTRIBUTIONS['en-gmail']}\n\n{UNMARKED}",
    "header-block-first": "From: Ida <ida@moss.example>\nSent: 16 Nov 2026\nTo: desk\nSubject: x\n\nText\n",
    "footer-and-quotation": f"Sent from my iPhone\n\n{ATTRIBUTIONS['en-gmail']}\n{MARKED}",
    "original-first": f"-----Original Message-----\n\n{UNMARKED}",
    "marker-first": f"{quote.MARKER}\n\n{UNMARKED}",
}


@pytest.mark.parametrize("text", cases(ALL_SHOWN))
def test_where_nothing_new_is_left_everything_is_shown(text: str) -> None:
    segments = quote.split(text)
    assert [segment.kind for segment in segments] == ["new"]
    assert quote.new_text(segments) == text.strip()
    assert quote.quoted_text(segments) == ""


def test_interleaved_answers_keep_the_questions() -> None:
    text = f"{ATTRIBUTIONS['en-gmail']}\n> Which lamp is on?\n\nThe green one.\n\n> And the cable?\n\nPlugged in.\n"
    assert new_of(text) == text.partition("\n")[2].strip()


def test_an_attribution_behind_the_last_words() -> None:
    line = f"Plugged in. {ATTRIBUTIONS['en-gmail']}"
    assert new_of(f"{line}\n\n{MARKED}") == new_of(f"{line}\n\n{UNMARKED}") == line


def test_answer_above_and_below_keeps_the_question() -> None:
    text = (
        f"Hello Mira, see below.\n\n{ATTRIBUTIONS['en-gmail']}\n> Which lamp is on?\n\nThe green one, all the time.\n"
    )
    assert "> Which lamp is on?" in new_of(text)
    assert "The green one" in new_of(text)


def test_what_is_quoted_below_the_last_answer_stays_quoted() -> None:
    text = "> Which lamp?\n\nThe green one.\n\n> And the cable?\n\nIt is in.\n\n> Mira\n> Shop\n"
    assert new_of(text) == "> Which lamp?\n\nThe green one.\n\n> And the cable?\n\nIt is in."


def test_words_broken_off_a_long_quoted_line_are_quoted() -> None:
    text = f"{ANSWER}\n\n> {'word ' * 14}and then it\nbroke off.\n> and went on\n"
    assert new_of(text) == ANSWER


def test_initials_in_front_of_the_mark() -> None:
    assert new_of(f"{ANSWER}\n\nMH> Which lamp is on?\nMH>\nMH> Mira\n") == ANSWER


def test_bars_below_an_attribution_are_a_quotation() -> None:
    assert new_of(f"{LIKELY['name-wrote']}\n| Which lamp?\n|\n| Mira\n\n{ANSWER}\n") == ANSWER


HINTS = {
    "outlook": '<div id="divRplyFwdMsg" dir="ltr"><b>Ó:</b> Mira Holt<br><b>Seolta:</b> inniu</div>Which lamp is on?',
    "outlook-desktop": (
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>Ó:</b> Mira Holt<br>'
        "<b>Seolta:</b> inniu</p></div>Which lamp is on?"
    ),
    "yahoo": '<div class="yahoo_quoted"><div>Ó: Mira Holt</div><div>Seolta: inniu</div>Which lamp is on?</div>',
    "thunderbird": '<div class="moz-cite-prefix">Ó: Mira Holt<br></div><p>Seolta: inniu</p>Which lamp is on?',
}


@pytest.mark.parametrize("mark", cases(HINTS))
def test_the_html_part_tells_where_a_language_does_not(mark: str) -> None:
    text = f"{ANSWER}\n\nÓ: Mira Holt\nSeolta: inniu\nWhich lamp is on?\n"
    assert new_of(text) != ANSWER
    assert new_of(text, f"<html><body><p>{ANSWER}</p>{mark}</body></html>") == ANSWER


def test_line_ends_of_every_kind_are_kept() -> None:
    text = f"{ANSWER}\r\n\r\n{ATTRIBUTIONS['en-gmail']}\r\n\r\n> Which lamp?\r\n>\r\n"
    assert new_of(text) == ANSWER


def test_empty_text_has_no_segments() -> None:
    assert quote.split("") == ()
    assert quote.new_text(()) == quote.quoted_text(()) == ""


LINES = st.one_of(
    st.sampled_from(
        [
            "", ">", "> text", ">> text", "text", "-- ", "--", "__", "On", "wrote:", "> wrote:", "From: a@b.example",
            "Sent: x", "To: y", "Subject: z", "Sent from my iPhone", "-----Original Message-----",
            "Begin forwarded message:",
            "| x",
            "MH> x", quote.MARKER, f"> {quote.MARKER}", "<", ">:", "Regards, Ben", "_" * 32, *ATTRIBUTIONS.values(),
        ]
    ),
    st.text(max_size=30),
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(LINES, max_size=25).map("\n".join))


@given(TEXTS, st.booleans())
def test_nothing_is_lost_and_nothing_raises(text: str, forwarded: bool) -> None:
    segments = quote.split(text, text, forwarded=forwarded)
    assert "".join(segment.text for segment in segments) == text
    assert {segment.kind for segment in segments} <= {"new", "quote", "attribution", "signature", "forward"}
    assert all(segment.text for segment in segments)
    assert not text.strip() or quote.new_text(segments).strip()
    shown = Counter((quote.new_text(segments) + "\n" + quote.quoted_text(segments)).split())
    assert shown == Counter(text.split())


@given(TEXTS)
def test_neighbouring_segments_differ(text: str) -> None:
    kinds = [segment.kind for segment in quote.split(text)]
    assert all(left != right for left, right in pairwise(kinds))


HOSTILE = {
    "a": "a", "brackets": "<", "marks": ">", "parentheses": "(", "delimiters": "-- \n", "colons": "x:\n",
    "from": "From: x\n", "on": "On 1.1.2026 x:\n", "marked": "> a\n", "blank": "\n", "rules": "__\n",
    "wrote": "wrote\n",
    "to": "To\n", "inline fields": "From: a Sent: b To: c Subject: d\n", "above": "above this line\n",
    "rule and field": "_" * 32 + "\nA: a@b.example\n", "three dashes": "---\nx\n", "bracketed": "<a@b.example> 1.1.2026 1:10:\n",
    "interleaved": "> a\nb\n", "marker": "##-", "footers": "Sent from my iPhone\n", "at": "a@", "digits": "1",
    "spaces": " ", "open": "<\n",
    "sent": "sent ", "cite": "A> b\n", "dashes": "-", "cr": "\r", "quote-wrote": "> wrote:\n", "field": "Von: a\n\n",
    "de": "Am 1.1. schrieb ",
    "inline": "On 1.1.2026 1:10 a@b.example wrote:  ",
    "inline lines": "On 1.1.2026 1:10 a@b.example wrote:  x\n",
    "arrows": ">>> 1.1.2026 1:10 >>>\n",
    "fields": "To: a@b.example\n",
}  # fmt: skip


@pytest.mark.parametrize("when", ["11/16/2026 9:14 AM", "16.11.26 9.14 Uhr", "2026/11/16 09:14"])
@pytest.mark.parametrize("below", [MARKED, UNMARKED])
def test_the_arrows_of_groupwise(when: str, below: str) -> None:
    assert new_of(f"{ANSWER}\n\n>>> Mira Holt <mira@shop.example> {when} >>>\n{below}") == ANSWER


def test_arrows_without_a_date_are_a_quotation() -> None:
    assert new_of(f"{ANSWER}\n\n>>> import this >>>\n{ANSWER}\n") != ANSWER


@pytest.mark.parametrize("footer", ["", "Sent from Yahoo Mail on Android \n \n"])
def test_a_quotation_behind_its_attribution_on_one_line(footer: str) -> None:
    attributed = "  On Mon, Nov 16, 2026 at 9:14, Mira Holt<mira@shop.example> wrote:"
    assert new_of(f"{ANSWER}\n\n{footer}{attributed}   Which lamp is on?\nMira  ") == ANSWER
    assert new_of(f"{attributed}   Which lamp is on?\n\n{ANSWER}\n") == ANSWER


@pytest.mark.parametrize(
    "line",
    [
        "On Monday I wrote to mira@shop.example:  nothing came back.",
        "My address is mira@shop.example:  write to me on 16.11.2026 at 9:14.",
        "Note 16.11.2026 09:14:  mira@shop.example called.",
    ],
)
def test_a_sentence_with_an_address_and_a_colon(line: str) -> None:
    assert new_of(f"{ANSWER}\n{line}\n{ANSWER}\n") == f"{ANSWER}\n{line}\n{ANSWER}"


@pytest.mark.parametrize("rule", ["", "-" * 16 + "\n"])
def test_fields_right_above_an_attribution(rule: str) -> None:
    attributed = f'{rule}Кому: ann@home.example;\nТема: Лампа;\n16.11.2026, 09:14, "Mira Holt" <mira@shop.example>:\n'
    assert new_of(f"{ANSWER}\n\n{attributed}\n{MARKED}") == ANSWER


@pytest.mark.parametrize("line", ["Original:", "original -", "-- Original", "I use Outlook for iOS", "Sent by post"])
def test_lines_of_people(line: str) -> None:
    assert new_of(f"{ANSWER}\n\n{line}\n\n{UNMARKED}") == f"{ANSWER}\n\n{line}\n\n{UNMARKED}".rstrip()
    assert new_of(f"{ANSWER}\n\n{line}") == f"{ANSWER}\n\n{line}"


def test_a_rule_below_a_colon_begins_no_signature() -> None:
    form = "My data:\n__________\nName: Ann\nTown: Leeds"
    assert new_of(form) == form


@pytest.mark.slow
@pytest.mark.parametrize("piece", cases(HOSTILE))
def test_time_grows_with_the_length_alone(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        best = 60.0
        for _ in range(3):
            start = time.process_time()
            quote.split(text, text)
            best = min(best, time.process_time() - start)
        return best

    # Twelve times the text may take up to forty times as long: far from the 144 of a quadratic one.
    assert seconds(240_000) <= 40 * max(seconds(20_000), 0.002)


@pytest.mark.parametrize("piece", cases(HOSTILE))
def test_hostile_text_is_kept_whole(piece: str) -> None:
    new_of(piece * (20_000 // len(piece)))


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(st.lists(LINES, max_size=80).map("\n".join))
def test_nothing_is_lost_in_long_texts(text: str) -> None:
    assert "".join(segment.text for segment in quote.split(text)) == text
