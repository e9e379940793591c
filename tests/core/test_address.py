"""The strict grammar, the lenient list, and plus-parts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.reading.address import parse_list, parse_strict, split_plus

# (raw field, "name <address>" of the one sure mailbox)
SURE = [
    ("ada@quill.example", "ada@quill.example"),
    ("<ada@quill.example>", "ada@quill.example"),
    (" Ada Quill <ada@quill.example> ", "Ada Quill <ada@quill.example>"),
    ('"Quill, Ada" <ada@quill.example>', "Quill, Ada <ada@quill.example>"),
    ('"Ada \\"Q\\" Quill" <ada@quill.example>', 'Ada "Q" Quill <ada@quill.example>'),
    ("John Q. Public <jqp@quill.example>", "John Q. Public <jqp@quill.example>"),
    ("Ada\r\n Quill\r\n\t<ada@quill.example>", "Ada Quill <ada@quill.example>"),
    ("ada@quill.example (Ada Quill)", "Ada Quill <ada@quill.example>"),
    ("(one (two)) ada@quill.example", "one (two) <ada@quill.example>"),
    ("Ada (the boss) <ada@quill.example> (at home)", "Ada <ada@quill.example>"),
    ('"very odd"@quill.example', '"very odd"@quill.example'),
    ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
    ("ada@[IPv6:2001:db8::1]", "ada@[IPv6:2001:db8::1]"),
    ("o'neil+tag@quill.example", "o'neil+tag@quill.example"),
    ("root@localhost", "root@localhost"),
    ("=?utf-8?q?J=C3=BCrgen?= <j@quill.example>", "Jürgen <j@quill.example>"),
    ('"=?utf-8?q?J=C3=BCrgen?=" <j@quill.example>', "Jürgen <j@quill.example>"),
    ("=?utf-8?q?a=40b=2Eexample_=3Cx=40y=3E?= <j@quill.example>", "a@b.example <x@y> <j@quill.example>"),
    ("J\udcc3\udcbcrgen <j@quill.example>", "Jürgen <j@quill.example>"),
    ("J\udcfcrgen <j@quill.example>", "J\ufffdrgen <j@quill.example>"),
    ("用户@例子.example", "用户@例子.example"),
    ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
    ("ada@quill.example <ada@quill.example>", "ada@quill.example"),
    ('"ada@quill.example" <ada@quill.example>', "ada@quill.example"),
    ('"agent@desk.example" <evil@other.example>', "agent@desk.example <evil@other.example>"),
]
# what is not one sure mailbox, and what is shown of it
UNSURE = [
    ("", []),
    (" ", []),
    ("undisclosed-recipients:;", []),
    ("MAILER-DAEMON", []),
    ("Ada Quill", []),
    ("agent@desk.example <evil@other.example>", ["agent@desk.example <evil@other.example>"]),
    ("alice@desk.example)bob@other.example", ["alice@desk.example"]),
    ("alice@desk.example(c)bob@other.example", None),
    ("alice@desk.example(<bob@other.example>", None),
    ("alice@desk.example,bob@other.example", ["alice@desk.example", "bob@other.example"]),
    ("<alice@desk.example> bob@other.example", None),
    ("<alice@desk.example><bob@other.example>", None),
    ("A <alice@desk.example> B <bob@other.example>", None),
    ("<@relay.example:ada@quill.example>", ["ada@quill.example"]),
    ("Team: ada@quill.example;", ["ada@quill.example"]),
    ("Team: ada@quill.example, Bo <bo@reed.example>;", ["ada@quill.example", "Bo <bo@reed.example>"]),
    ('"x <>', []),
    ("Quill, Ada <ada@quill.example>", ["Quill, Ada <ada@quill.example>"]),
    ("bo@reed.example, Ada <ada@quill.example>", ["bo@reed.example", "Ada <ada@quill.example>"]),
    ("Quill, Ada <ada@quill.example>, bo@reed.example", ["Quill, Ada <ada@quill.example>", "bo@reed.example"]),
    ("a> <b@reed.example>", ["a <b@reed.example>"]),
    ('"Ada <ada@quill.example>', ["Ada <ada@quill.example>"]),
    ("Ada <ada@quill.example", ["Ada <ada@quill.example>"]),
    ("ada @ quill.example", ["ada@quill.example"]),
    ("ada@quill..example", None),
    ("ada@.quill.example", None),
    ("ada@-quill.example", None),
    ("ada..b@quill.example", None),
    ("ada@@quill.example", None),
    ("ada@quill@other.example", None),
    ("@quill.example", []),
    ("ada@", []),
    ("ada b@quill.example", None),
    ("ada@quill.exam\u200bple", None),
    ("ad\u202ea@quill.example", None),
    ("ada\udcff@quill.example", None),
    ("ada@quill.example\0", None),
    ("ada@[999.1]", None),
    ('"unclosed@quill.example', None),
    ("(unclosed ada@quill.example", None),
    ("(" * 40 + "deep" + ")" * 40 + " ada@quill.example", None),
    ("x" * 250 + "@quill.example", None),
    ("=?utf-8?q?Ada_=3Cada=40quill=2Eexample=3E?=", ["ada@quill.example"]),
    ("e\u0301@quill.example", None),
]


@pytest.mark.parametrize(("raw", "mailbox"), SURE)
def test_one_sure_mailbox(raw: str, mailbox: str) -> None:
    assert str(parse_strict(raw)) == mailbox
    assert [found.address for found in parse_list(raw)] == [mailbox.rpartition("<")[2].rstrip(">")]


@pytest.mark.parametrize(("raw", "shown"), UNSURE)
def test_not_one_sure_mailbox(raw: str, shown: list[str] | None) -> None:
    assert parse_strict(raw) is None
    if shown is not None:
        assert [str(found) for found in parse_list(raw)] == shown


def test_a_list_is_bounded() -> None:
    assert len(parse_list(",".join(f"a{n}@quill.example" for n in range(5_000)))) == 1_000


@pytest.mark.parametrize(
    ("address", "delimiter", "base", "plus"),
    [
        ("support+T0k-en@desk.example", "+", "support@desk.example", "T0k-en"),
        ("support+a+b@desk.example", "+", "support@desk.example", "a+b"),
        ("support@desk.example", "+", "support@desk.example", ""),
        ("+x@desk.example", "+", "+x@desk.example", ""),
        ("support-x@desk.example", "-", "support@desk.example", "x"),
        ("support+x@desk.example", "", "support+x@desk.example", ""),
        ("support+", "+", "support+", ""),
        ("", "+", "", ""),
    ],
)
def test_plus_part(address: str, delimiter: str, base: str, plus: str) -> None:
    assert split_plus(address, delimiter) == (base, plus)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet='ab@.<>()",:;\\ []\udcff=?é\n', max_size=60))
def test_a_sure_mailbox_is_in_the_text_and_in_the_list(raw: str) -> None:
    sure = parse_strict(raw)
    listed = parse_list(raw)
    for found in listed:
        found.name.encode()
        found.address.encode()
    if sure is not None:
        assert sure.address in raw
        assert sure.address in [found.address for found in listed]
