"""winmail.dat whose counts lie: what it says it has costs nothing, and what it really has is found (R2)."""

from __future__ import annotations

import struct

import pytest

from mailcase.core.message import Limits
from mailcase.core.reading import tnef
from mailcase.core.reading.body import Leaf
from mailcase.core.reading.bounded import BoundedMessage, Tally

MESSAGE, ATTACHMENT = 1, 2
CODEPAGE, RECIPIENTS, PROPERTIES, RENDERING, TITLE, DATA, ATTACHED = (
    0x9007, 0x9004, 0x9003, 0x9002, 0x8010, 0x800F, 0x9005,
)  # fmt: skip
MANY = 0xFFFF_FFFF
SHORTS, OBJECT, TEXT = 0x1002, 0x000D, 0x001E
BODY, DATA_OBJECT = 0x1000, 0x3701


def number(value: int) -> bytes:
    return struct.pack("<I", value)


def attribute(level: int, name: int, data: bytes) -> bytes:
    """One attribute of the stream (MS-OXTNEF 2.1.1), with its checksum."""
    return struct.pack("<BHHI", level, name, 6, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def value(kind: int, name: int, data: bytes) -> bytes:
    """One property of a variable length, with one value."""
    return struct.pack("<HHII", kind, name, 1, len(data)) + data + b"\0" * (-len(data) % 4)


def winmail(*attributes: bytes) -> Leaf:
    """A stream with a code page, these attributes, and one file behind them."""
    stream = b"\x78\x9f\x3e\x22\x01\x00" + attribute(MESSAGE, CODEPAGE, struct.pack("<II", 1252, 0))
    stream += b"".join(attributes)
    stream += attribute(ATTACHMENT, RENDERING, b"\0" * 14) + attribute(ATTACHMENT, TITLE, b"plan.txt\0")
    stream += attribute(ATTACHMENT, DATA, b"what we do next\n")
    return Leaf(
        BoundedMessage(Tally(Limits())), "application/ms-tnef", "winmail.dat", "attachment", 1, "mixed", data=stream
    )


def test_an_honest_one_is_read() -> None:
    leaf = winmail(
        attribute(MESSAGE, PROPERTIES, number(1) + value(TEXT, BODY, b"Dear all,\0")),
        attribute(MESSAGE, RECIPIENTS, number(2) + number(1) + value(TEXT, BODY, b"Ann\0") + number(0)),
    )
    assert tnef.contents(leaf) == (("plan.txt", "text/plain", b"what we do next\n"),)
    assert tnef.body([leaf]) == "Dear all,"


@pytest.mark.parametrize(
    "lie",
    [
        attribute(MESSAGE, PROPERTIES, number(MANY)),
        attribute(MESSAGE, PROPERTIES, number(1) + struct.pack("<HHI", SHORTS, BODY, MANY)),
        attribute(MESSAGE, PROPERTIES, number(1) + struct.pack("<HHI", TEXT, BODY, MANY)),
        attribute(MESSAGE, PROPERTIES, number(1) + struct.pack("<HHII", TEXT, BODY, 1, MANY)),
        attribute(MESSAGE, RECIPIENTS, number(MANY)),
        attribute(MESSAGE, RECIPIENTS, number(MANY) + number(MANY)),
        attribute(MESSAGE, PROPERTIES, number(1) + value(TEXT, BODY, b"x")) * 6_000,
        attribute(MESSAGE, PROPERTIES, number(1) + struct.pack("<HHI", SHORTS, BODY, 100_000) + b"\0" * 200_000) * 100,
    ],
    ids=["properties", "values", "texts", "length", "recipients", "recipients-of-properties", "objects", "real-values"],
)
def test_a_lie_costs_nothing(lie: bytes) -> None:
    leaf = winmail(lie)
    files = tnef.contents(leaf)
    assert files in (None, (("plan.txt", "text/plain", b"what we do next\n"),))
    assert tnef.body([leaf]) in ("", "x")


def test_a_message_inside_is_a_file_and_is_not_gone_into() -> None:
    inside = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46" + b"\x78\x9f\x3e\x22" * 2_000
    stream = number(1) + value(OBJECT, DATA_OBJECT, inside)
    leaf = winmail(attribute(ATTACHMENT, RENDERING, b"\0" * 14) + attribute(ATTACHMENT, ATTACHED, stream))
    found = tnef.contents(leaf)
    assert found is not None
    assert [data for _, _, data in found] == [inside[16:], b"what we do next\n"]
