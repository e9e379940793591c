"""Our tag in subjects, and the prefixes of the world in front of them (T1, T2, F3)."""

from __future__ import annotations

import pytest

from mailcase.core.subject import bare, numbers, tagged

TAG = "[Case #{number}]"


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("[Case #1042] Printer", (1042,)),
        ("Re: [Case #1042] Printer", (1042,)),
        ("AW: WG: [case #1042] Drucker", (1042,)),
        ("[Case  #1042] double space", (1042,)),
        ("[Case #1042", ()),
        ("Case #1042", ()),
        ("[Case #10 42]", ()),
        ("[Case #]", ()),
        ("https://[Case #1042] from a phone", (1042,)),
        ("[Case #1042] and [Case #7] and [Case #1042]", (1042, 7)),
        ("[Other #1042] [Ticket #1042] #1042 [#1042]", ()),
        ("[example.com #7] [Case #8]", (8,)),
        ("[Case #1234567890123456]", ()),
        ("رد: [Case #1042] الطابعة", (1042,)),
    ],
)
def test_numbers(subject: str, found: tuple[int, ...]) -> None:
    assert numbers(subject, TAG) == found


def test_a_tag_of_another_alphabet() -> None:
    assert numbers("Re: [Anfrage №77] x", "[Anfrage №{number}]") == (77,)
    assert numbers("回复: 【案件1042】打印机", "【案件{number}】") == (1042,)


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Printer", "RE : Printer", "Re[2]: Printer", "AW: AW: Printer", "Antw: Printer", "SV: Printer", "VS: Printer",
        "R: Printer", "RIF: Printer", "Rif: R: Printer", "Odp: Printer", "YNT: Printer", "Ответ: Printer", "Απ: Printer",
        "رد: Printer", "回复: Printer", "回复：Printer", "答复: Printer", "답장: Printer", "返信: Printer", "Fwd: Printer", "WG: Printer",
        "TR: Printer", "Tr : Re: Printer", "RV: Printer", "Doorst: Printer", "Re: Fwd: AW: [Case #1042] Printer",
        "[Case #9] Re: [Case #1042] Printer",
    ],
)  # fmt: skip
def test_bare(subject: str) -> None:
    assert bare(subject, (TAG,)) == "Printer"


@pytest.mark.parametrize("subject", ["Regarding: x", "Invoice: y", "Report: z", "re", "", "Rest: w"])
def test_words_that_are_no_prefix_stay(subject: str) -> None:
    assert bare(subject, (TAG,)) == subject


def test_the_old_tag_is_replaced_by_the_new_one() -> None:
    assert tagged("Re: [Case #1042] Printer", TAG, 1077) == "Re: [Case #1077] Printer"
    assert tagged("", TAG, 5) == "Re: [Case #5]"
    assert tagged("Printer", TAG, 5, reply=False) == "[Case #5] Printer"
