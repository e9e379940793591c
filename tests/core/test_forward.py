"""Who wrote the mail that was passed on: attached, or in a block of each client and language."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcase.core.message import Address, Mail, Part
from mailcase.core.reading import forward
from tests.core.quote_lines import BLOCKS, FORWARDS

IDA = Address("Ida Moss", "ida@moss.example")
HEAD = (
    "From: Ida Moss <ida@moss.example>\r\nDate: Mon, 16 Nov 2026 09:14:00 +0100\r\nSubject: =?utf-8?q?M=C3=BChle?=\r\n"
    " steht still\r\nMessage-ID: <abc.123@moss.example>\r\nTo: ben@desk.example\r\n\r\nThe mill has stopped.\r\n"
)


def cases(table: dict[str, object]) -> list[object]:
    return [pytest.param(value, id=name) for name, value in table.items()]


def attached(*parts: Part, content_type: str = "multipart/mixed") -> Mail:
    return Mail(subject="for you", content_type=content_type, text="See attached.", parts=parts)


NOTE = Part("text/plain", text="See attached.")
MESSAGE = Part("message/rfc822", text=HEAD, disposition="attachment")
INNER = Part("text/plain", text="The mill has stopped.\n", depth=1)


def test_attached_message() -> None:
    found = forward.find(attached(NOTE, MESSAGE, INNER))
    assert found is not None
    assert found.sender == IDA
    assert found.attached
    assert (found.subject, found.message_id) == ("Mühle steht still", "abc.123@moss.example")
    assert found.date == datetime(2026, 11, 16, 8, 14, tzinfo=UTC)
    assert found.text == "The mill has stopped.\n"


def test_attached_message_with_html_alone() -> None:
    inner = Part("text/html", text="<p>The <b>mill</b> has stopped.</p>", depth=1)
    found = forward.find(attached(NOTE, MESSAGE, inner))
    assert found is not None
    assert found.text == "The mill has stopped."


def test_text_of_a_message_inside_the_attached_one_is_not_its_text() -> None:
    deeper = Part("text/plain", text="deeper", depth=2)
    found = forward.find(
        attached(NOTE, MESSAGE, Part("message/rfc822", text="From: x\r\n\r\n", depth=1), deeper, INNER)
    )
    assert found is not None
    assert found.text == "The mill has stopped.\n"


@pytest.mark.parametrize(
    "line",
    ["", "From: a@b.example, c@d.example\r\n", "From: a@b.example\r\nFrom: c@d.example\r\n", "From: nobody\r\n"],
    ids=["none", "two-addresses", "two-fields", "no-address"],
)
def test_attached_message_of_an_unsure_author(line: str) -> None:
    found = forward.find(attached(Part("message/rfc822", text=f"{line}Subject: x\r\n\r\n")))
    assert found is not None
    assert found.sender is None


def test_several_attached_messages_have_no_one_author() -> None:
    found = forward.find(attached(NOTE, MESSAGE, INNER, MESSAGE, INNER))
    assert found is not None
    assert found.sender is None
    assert found.attached


def test_a_delivery_report_is_no_forward() -> None:
    assert forward.find(attached(NOTE, MESSAGE, content_type="multipart/report")) is None


def test_the_attached_message_goes_before_a_block_in_the_text() -> None:
    mail = Mail(
        subject="Fwd: x", text=f"{FORWARDS['en-gmail']}\nFrom: Eve <eve@x.example>\nDate: d\n\nHi", parts=(MESSAGE,)
    )
    found = forward.find(mail)
    assert found is not None
    assert found.sender == IDA


@pytest.mark.parametrize("line", cases({**FORWARDS}))
@pytest.mark.parametrize("mark", ["", "> "], ids=["plain", "marked"])
def test_announced_block(line: str, mark: str) -> None:
    fields = ("From: Ida Moss <ida@moss.example>", "Date: Mon, 16 Nov 2026 09:14:00 +0100", "Subject: Mill", "To: Ben")
    block = "".join(f"{mark}{field}\n" for field in fields)
    found = forward.find(
        Mail(subject="Mill", text=f"Your turn.\n\n{line}\n\n{block}{mark.strip()}\n{mark}It stopped.\n")
    )
    assert found is not None
    assert found.sender == IDA
    assert (found.subject, found.text) == ("Mill", "It stopped.")
    assert found.date == datetime(2026, 11, 16, 8, 14, tzinfo=UTC)
    assert not found.attached


@pytest.mark.parametrize("fields", cases({**BLOCKS}))
def test_outlook_block_in_a_mail_whose_subject_says_forward(fields: tuple[str, str, str, str]) -> None:
    values = ("Ida Moss [mailto:ida@moss.example]", "16.11.2026 09:14", "Ben Roe", "Mill")
    block = "\n".join(f"{name}: {value}" for name, value in zip(fields, values, strict=True))
    found = forward.find(Mail(subject="WG: Mill", text=f"FYI\n\n{'_' * 32}\n{block}\n\nIt stopped.\n"))
    assert found is not None
    assert found.sender == IDA
    assert (found.subject, found.text) == ("Mill", "It stopped.")


def test_the_same_block_in_an_answer_is_a_quotation() -> None:
    text = "Yes.\n\nFrom: Ida Moss <ida@moss.example>\nSent: 16.11.2026\nTo: Ben\nSubject: Mill\n\nIt stopped.\n"
    assert forward.find(Mail(subject="Re: Mill", text=text)) is None


def test_a_forward_without_a_block_is_unsure() -> None:
    found = forward.find(Mail(subject="Fwd: Mill", text="Ida says that it stopped."))
    assert found is not None
    assert found.sender is None
    assert found.text == "Ida says that it stopped."


def test_an_ordinary_mail_is_no_forward() -> None:
    assert forward.find(Mail(subject="Mill", text="It stopped.")) is None


SUBJECTS = {
    "Fwd: Mill": True, "FW: Mill": True, "WG: Mill": True, "TR : Mill": True, "RV: Mill": True, "ENC: Mill": True,
    "Doorst: Mill": True, "VB: Mill": True, "VL: Mill": True, "PD: Mill": True, "İLT: Mill": True, "转发: Mill": True,
    "轉寄：Mill": True, "전달: Mill": True, "Továbbítás: Mill": True, "إعادة توجيه: Mill": True,
    "[Case #7] Fwd: Mill": True,
    "Fwd: Re: Mill": True, "VS: Mill": True, "Fwd[2]: Mill": True,
    "Re: Fwd: Mill": False, "AW: WG: Mill": False, "Mill": False, "": False, "Forward the mill": False,
    "I: my mill": False,
    "Trouble: Mill": False,
}  # fmt: skip


@pytest.mark.parametrize(("subject", "expected"), SUBJECTS.items())
def test_subject(subject: str, expected: bool) -> None:
    assert forward.says_forward(subject) is expected


def test_finnish_answers_are_no_norwegian_forwards() -> None:
    assert not forward.says_forward("VS: Mylly", "Lähettäjä: Ida")
    assert forward.says_forward("VS: Mølle", "Fra: Ida")


FROM_LINES: dict[str, Address | None] = {
    "Ida Moss <ida@moss.example>": IDA,
    '"Ida Moss" <ida@moss.example>': IDA,
    "Ida Moss <mailto:ida@moss.example>": IDA,
    "Ida Moss [mailto:ida@moss.example]": IDA,
    "Ida Moss (ida@moss.example)": IDA,
    "*Ida Moss* <ida@moss.example <mailto:ida@moss.example>>": IDA,
    "ida@moss.example": Address("", "ida@moss.example"),
    "<ida@moss.example>": Address("", "ida@moss.example"),
    "ida@moss.example <mailto:ida@moss.example>": Address("", "ida@moss.example"),
    "Moss, Ida <ida@moss.example>": Address("Moss, Ida", "ida@moss.example"),
    "Ida Moss": None,
    "": None,
    "eve@x.example on behalf of ida@moss.example": None,
    "Ida <ida@moss.example>, Ben <ben@home.example>": None,
    "ida@-": None,
}


@pytest.mark.parametrize(("line", "expected"), FROM_LINES.items())
def test_from_line(line: str, expected: Address | None) -> None:
    assert forward.only_address(line) == expected


@given(st.text(), st.text(), st.sampled_from(["", "Fwd: x"]))
def test_never_raises(text: str, head: str, subject: str) -> None:
    block = f"{text}\n{FORWARDS['en-apple']}\n\nFrom: {head}\nDate: {head}\n\n{text}"
    found = forward.find(Mail(subject=subject, text=block))
    assert found is None or found.sender is None or "@" in found.sender.address
    forward.find(attached(Part("message/rfc822", text=head)))
