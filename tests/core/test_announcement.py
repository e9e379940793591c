"""What announces a quotation besides the usual lines: markers of desks, odd header blocks, rules above a name."""

from __future__ import annotations

import pytest

from mailcase.core.reading import quote
from tests.core.quote_lines import ATTRIBUTIONS, MARKERS
from tests.core.test_quote import ANSWER, MARKED, UNMARKED, cases, new_of

OUR_MARKERS = [
    quote.MARKER,
    "##- Bitte antworten Sie oberhalb dieser Zeile -##",
    "##- 返信はこの行より上にご記入ください -##",
    "##- اكتب ردك فوق هذا السطر -##",
]


@pytest.mark.parametrize("marker", OUR_MARKERS)
def test_our_marker_ends_the_answer(marker: str) -> None:
    assert new_of(f"{ANSWER}\n\n{marker}\n\nCase 1042\n\n{UNMARKED}") == ANSWER
    assert new_of(f"{ANSWER}\n\n> {marker}\n>\n{MARKED}") == ANSWER
    assert new_of(f"{ANSWER}\n\n{ATTRIBUTIONS['en-gmail']}\n\n> {marker}\n{MARKED}") == ANSWER


@pytest.mark.parametrize("marker", cases(MARKERS))
def test_the_marker_of_another_desk_ends_the_answer(marker: str) -> None:
    assert new_of(f"{ANSWER}\n\n{marker}\n\nCase 1042\n\n{UNMARKED}") == ANSWER


NOTES = "Mira Holt <mira@shop.example>\n16.11.2026 09:14\n\nTo\nBen Roe <ben@home.example>\ncc\n\nSubject\nRouter\n"
ONE_LINE = (
    "From: Mira Holt <mira@shop.example> Sent: Monday, November 16, 2026 9:14 AM To: Ben <ben@home.example> Subject: x"
)
UNNAMED = (
    "_" * 32 + "\nVum: Mira Holt <mira@shop.example>\nGeschéckt: 16.11.2026 09:14\nUn: Ben Roe\nSujet-Linn: Router\n"
)
BARE_ORIGINAL = "Original Message\nFrom: Mira Holt\nSent: Monday, November 16, 2026 9:14 AM\nTo: Ben Roe\nSubject: x\n"
FRAMED = "------ Tá sé seo bun ------\nFrom: Mira Holt <mira@shop.example>\nSent: 16.11.2026 09:14\nTo: Ben Roe\n"


@pytest.mark.parametrize("block", [NOTES, ONE_LINE, UNNAMED, BARE_ORIGINAL, FRAMED])
def test_header_block_of_an_odd_form(block: str) -> None:
    assert new_of(f"{ANSWER}\n\n{block}\n{UNMARKED}") == ANSWER


@pytest.mark.parametrize("delimiter", ["---", "-----", "–", "__"])
def test_a_signature_below_other_rules(delimiter: str) -> None:
    assert new_of(f"{ANSWER}\n\n{delimiter}\nBen Roe\nMill Lane 3\n\n{ATTRIBUTIONS['en-gmail']}\n{MARKED}") == ANSWER


def test_a_frame_around_a_name_stays_whole() -> None:
    text = f"{ANSWER}\n\n=========\nBen Roe\n========="
    assert new_of(f"{text}\n\n{ATTRIBUTIONS['en-gmail']}\n{MARKED}") == text


def test_marker_takes_an_unknown_announcement_along() -> None:
    line = "Ar an 16/11/2026 ag 09:14, scríobh Mira Holt <mira@shop.example>:"
    assert new_of(f"{ANSWER}\n\n{line}\n\n{quote.MARKER}\n\n{UNMARKED}") == ANSWER
