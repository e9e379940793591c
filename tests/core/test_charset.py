"""Charsets, encoded words, base64; parameters and file names."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.reading.charset import base64_bytes, codec, decode, decode_words, readable, stated_in_html
from mailcase.core.reading.mime import boundary, decode_transfer, filename, parameters

DECODED = [
    ("plain", "", "plain", ""),
    ("é".encode(), "utf-8", "é", ""),
    ("é".encode(), "UTF8", "é", ""),
    ("é".encode(), '"utf-8"', "é", ""),
    ("\ufeffé".encode(), "utf-8", "é", ""),
    (b"\xe9", "iso-8859-1", "é", ""),
    (b"\x93x\x94", "iso-8859-1", "“x”", ""),
    (b"\x81", "iso-8859-1", "\x81", ""),
    ("é".encode(), "iso-8859-1", "é", "charset-mismatch"),
    ("é".encode(), "us-ascii", "é", "charset-mismatch"),
    (b"\xe9t\xe9", "utf-8", "\ufffdt\ufffd", "charset-mismatch"),
    ("您好，请问订单".encode("gbk"), "utf-8", "您好，请问订单", "charset-mismatch"),
    (b"\xc3\xa9t\xe9 \xc3\xa9", "utf-8", "ét\ufffd é", "charset-mismatch"),
    ("Добрый день, пишу по поводу".encode("koi8-r"), "us-ascii", "Добрый день, пишу по поводу", "charset-mismatch"),
    ("Пишу о заказе".encode("cp1251"), "utf-8", "Пишу о заказе", "charset-mismatch"),
    ("é日".encode(), "iso-2022-jp", "é日", "charset-mismatch"),
    ("Привет".encode("koi8-r"), "csKOI8R", "Привет", ""),
    ("Żółć".encode("iso-8859-2"), "ISO_8859-2:1987", "Żółć", ""),
    ("€".encode("iso-8859-15"), "ISO_8859-15:1998", "€", ""),
    (b"\xe9", "iso-ir-100", "é", ""),
    (b"\xe9", "csISOLatin1", "é", ""),
    ("é".encode(), "utf-8 (unicode)", "é", ""),
    ("Пишу о заказе".encode("koi8-r"), "", "Пишу о заказе", ""),
    ("Пишу о заказе".encode("cp866"), "", "Пишу о заказе", ""),
    ("お問い合わせ".encode("euc-jp"), "", "お問い合わせ", ""),
    ("お問い合わせ".encode("cp932"), "", "お問い合わせ", ""),
    ("山田太郎商店".encode("cp932"), "", "山田太郎商店", ""),
    ("안녕하세요".encode("euc-kr"), "", "안녕하세요", ""),
    ("关于产品的询价".encode("gbk"), "", "关于产品的询价", ""),
    ("關於產品的詢價".encode("big5"), "", "關於產品的詢價", ""),
    ("朱镕基".encode("gb18030"), "gb2312", "朱镕基", ""),
    ("한글 뷁".encode("cp949"), "ks_c_5601-1987", "한글 뷁", ""),
    ("①髙".encode("cp932"), "shift_jis", "①髙", ""),
    ("日本".encode("iso-2022-jp"), "ISO-2022-JP", "日本", ""),
    (b"\x1b$B-!\x1b(B", "iso-2022-jp", "①", "charset-mismatch"),
    ("日本".encode("iso-2022-jp"), "", "日本", ""),
    ("日本".encode("iso-2022-jp"), "us-ascii", "日本", "charset-mismatch"),
    ("Привет".encode("koi8-r"), "koi8-r", "Привет", ""),
    ("Привет".encode("cp1251"), "Windows-1251", "Привет", ""),
    ("šč".encode("cp1250"), "windows-1250", "šč", ""),
    ("ไทย".encode("cp874"), "tis-620", "ไทย", ""),
    ("שלום".encode("cp1255"), "iso-8859-8-i", "שלום", ""),
    ("中文".encode("big5"), "big5", "中文", ""),
    ("hi".encode("utf-16"), "utf-16", "hi", ""),
    ("hi".encode("utf-16-le"), "utf-16", "hi", ""),
    ("hi".encode("utf-16-be"), "utf-16", "hi", ""),
    ("hi".encode("utf-16-le") + b"\n", "utf-16le", "hi", "charset-mismatch"),
    (b"Fr+APY-sche", "utf-7", "Frösche", ""),
    (b"+ADw-", "", "+ADw-", ""),
    (b"\\u003c", "unicode_escape", "\\u003c", "charset-unknown"),
    (b"\\u003c", "raw_unicode_escape", "\\u003c", "charset-unknown"),
    (b"a-b-", "punycode", "a-b-", "charset-unknown"),
    (b"3c3c", "hex", "3c3c", "charset-unknown"),
    (b"eJw=", "zlib_codec", "eJw=", "charset-unknown"),
    (b"x", "utf-8\0", "x", "charset-unknown"),
    (b"x", "unknown-8bit", "x", ""),
    ("é".encode(), "x-unknown", "é", ""),
    ("Привет, как дела? Пишу вам снова о заказе".encode("cp1251"), "", "Привет, как дела? Пишу вам снова о заказе", ""),
    (
        "日本語のメールを送ります。よろしくお願いします".encode("cp932"),
        "",
        "日本語のメールを送ります。よろしくお願いします",
        "",
    ),
    ("é".encode() + b"\xc3", "", "é\ufffd", ""),
    (b"caf\xe9 cr\xe8me br\xfbl\xe9e", "", "café crème brûlée", ""),
    (b"", "utf-8", "", ""),
]
WORDS = [
    ("plain", "plain"),
    ("=?utf-8?q?caf=C3=A9?=", "café"),
    ("=?UTF-8?B?w6k=?=", "é"),
    ("=?utf-8?b?w6k?=", "é"),
    ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
    ("=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"),
    ("=?utf-8?q?a_?= =?utf-8?q?b?=", "a b"),
    ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
    ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
    ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
    ("pre=?utf-8?q?a?=post", "preapost"),
    ("=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "éé"),
    ("=?utf-8*en?q?a?=", "a"),
    ("=?utf-8?q?a b c?=", "a b c"),
    ("=?utf-8?q?what??=", "what?"),
    ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
    ("=?utf-8?q?open", "=?utf-8?q?open"),
    ("=?=?=?utf-8?q?a?=", "=?=?a"),
    ("=??q?a?=", "=??q?a?="),
    ("=?nonsense?q?a=E9?=", "aé"),
    ("=?utf-7?q?+AOk-?=", "é"),
    ("a\udcc3\udca9", "aé"),
    ("a\udce9", "a\ufffd"),
    ("=?koi8-r?q?\udcc4\udcc1?= =?utf-8?q?=C3=A9?= a\udce9", "даé a\ufffd"),
    ("\x1b$B8+@Q\x1b(B", "見積"),
    ("=?utf-8?b?b25lIA==dHdv?=", "one two"),
    ("=?utf-8?b?R3LDvMOf\r\n ZQ==?= x", "Grüße x"),
    ("=?utf-8?b?!!!?=", "!!!"),
]
BASE64 = [
    (b"YWJj", b"abc", True),
    (b"YW\r\nJj\r\n", b"abc", True),
    (b"YWI", b"ab", True),
    (b"YQ==\nYg==\n", b"ab", True),
    (b"YW!Jj", b"abc", False),
    (b"YWJj\n____\nFooter text", b"abc", False),
    (b"YWJj\n-- \nfooter", b"abc", False),
    (b"YWJj\nSee https://lists.example/\n", b"abc", False),
    (b"?garbage", b"?garbage", False),
    (b"This is plain, honestly.", b"This is plain, honestly.", False),
    (b"!VGhpcyBpcyBi-YXNlNjQ=", b"This is base64", False),
    (b"b25lIA==dHdv", b"one two", True),
    (b"", b"", True),
    (b"Y", b"", True),
    (b"====", b"", True),
]


@pytest.mark.parametrize(("data", "label", "text", "defect"), DECODED)
def test_decode(data: bytes | str, label: str, text: str, defect: str) -> None:
    assert decode(data.encode() if isinstance(data, str) else data, label) == (text, defect)


@pytest.mark.parametrize(("raw", "text"), WORDS)
def test_encoded_words(raw: str, text: str) -> None:
    assert decode_words(raw) == text


@pytest.mark.parametrize(("encoded", "data", "sound"), BASE64)
def test_base64(encoded: bytes, data: bytes, sound: bool) -> None:
    assert base64_bytes(encoded) == (data, sound)


@pytest.mark.parametrize(
    "label", ["unicode_escape", "raw_unicode_escape", "punycode", "idna", "hex", "rot13", "mbcs", ""]
)
def test_what_is_no_charset_of_mail(label: str) -> None:
    assert codec(label) == ""


PARAMETERS = [
    ('text/plain; charset="utf-8"; format=flowed', {"charset": "utf-8", "format": "flowed"}),
    ("text/plain;charset=utf-8;", {"charset": "utf-8"}),
    ("text/plain; ; charset=utf-8", {"charset": "utf-8"}),
    ("text/plain; junk; charset=utf-8", {"charset": "utf-8"}),
    ('x; name="a;b,c.txt"', {"name": "a;b,c.txt"}),
    ('x; name="a\\"b.txt"', {"name": 'a"b.txt'}),
    ('x; name="C:\\tmp\\b.txt"', {"name": "C:\\tmp\\b.txt"}),
    ("x; name=my file.pdf; a=1", {"name": "my file.pdf", "a": "1"}),
    ('x; name="open; a=1', {"name": "open"}),
    ("x; name*=utf-8'en'%E2%82%AC.txt", {"name": "€.txt"}),
    ("x; name*=iso-8859-1''%E9", {"name": "é"}),
    ("x; name*0=a; name*1=b", {"name": "ab"}),
    ("x; name*1=b; name*0=a", {"name": "ab"}),
    ("x; name*0*=utf-8''%C3; name*1*=%A9; name*2=%41", {"name": "é%41"}),
    ("x; name*0=a; name*2=c", {"name": "a"}),
    ("x; name*1*=utf-8''a; name*2=b", {"name": "ab"}),
    ("x; name=plain; name*=utf-8''better", {"name": "better"}),
    ('x; name="=?utf-8?q?=C3=A9?="', {"name": "é"}),
    ('x; name*0="=?utf-8?q?=C3"; name*1="=A9?="', {"name": "é"}),
    ("x; name=\udcc3\udca9", {"name": "é"}),
    ("x; name=a; name=b", {"name": "a"}),
    ("x; A=1", {"a": "1"}),
    ("x", {}),
    ("", {}),
    ("=;=;=", {"": ""}),
    ("x name=late.pdf", {"name": "late.pdf"}),
    ('attachment\r\n filename="late one.pdf"; a=1', {"filename": "late one.pdf", "a": "1"}),
    ("charset=utf-8", {}),
    ("x; boundary=b1 (ours)", {"boundary": "b1"}),
    ("x; name=copy (2).pdf", {"name": "copy (2).pdf"}),
    ("x; name=\udcc4pfel.pdf", {"name": "\ufffdpfel.pdf"}),
    ("x; name=\udcda\udcc1\udccb\udcc1\udcda", {"name": "заказ"}),
    ('x; access-type=mail\r\n server="y"', {"access-type": "mail"}),
]


@pytest.mark.parametrize(("value", "found"), PARAMETERS)
def test_parameters(value: str, found: dict[str, str]) -> None:
    assert parameters(value) == found


@pytest.mark.parametrize(
    ("content_type", "disposition", "name"),
    [
        ("image/png; name=a.png", "attachment; filename=b.png", "b.png"),
        ("image/png; name=a.png", "attachment", "a.png"),
        ("image/png", "inline", ""),
        ("", "attachment; filename=../../etc/passwd", "passwd"),
        ("", "attachment; filename=..", ""),
        ("", "attachment; filename='a b.pdf'", "a b.pdf"),
        ("", 'attachment; filename="C:\\Users\\x\\a.doc"', "a.doc"),
        ("", 'attachment; filename="inv\u202efdp.exe"'.replace("\u202e", "\udce2\udc80\udcae"), "invfdp.exe"),
        ("", "attachment; filename*=utf-8''a%00b%0D%0Ac.txt", "a b c.txt"),
        ("", "attachment; filename=" + "x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("", "attachment; filename=a." + "x" * 3_000, ("a." + "x" * 255)[:255]),
        ("", "attachment; filename=" + "é" * 300 + ".pdf", "é" * 125 + ".pdf"),
    ],
)
def test_filename(content_type: str, disposition: str, name: str) -> None:
    assert filename(content_type, disposition) == name


def test_boundary_ends_without_blanks() -> None:
    assert boundary('multipart/mixed; boundary=" a b "') == " a b"
    assert boundary("multipart/mixed") == ""


@pytest.mark.parametrize(
    ("encoding", "data", "decoded"),
    [
        ("BASE64 ", b"YWJj", b"abc"),
        ("quoted-printable", b"a=C3=A9=\r\nb", b"a\xc3\xa9b"),
        ("quoted-printable", b"broken =zz =", b"broken =zz "),
        ("x-uuencode", b"begin 644 a\n#86)C\n`\nend\n", b"abc"),
        ("x-uuencode", b"no beginning", b"no beginning"),
        ("8bit", b"\xff", b"\xff"),
        ("6bit", b"a", b"a"),
        ("base64 (as always)", b"YWJj", b"abc"),
        ('"base64"', b"YWJj", b"abc"),
        ("base-64;", b"YWJj", b"abc"),
        ("quotedprintable", b"=C3=A9", b"\xc3\xa9"),
        ("quoted-printable", b"soft= \t\r\nbreak = x", b"softbreak = x"),
        ("", b"a", b"a"),
    ],
)
def test_transfer_encodings(encoding: str, data: bytes, decoded: bytes) -> None:
    assert decode_transfer(data, encoding)[0] == decoded


# (8-bit bytes of a field, the charset of the body, what people see)
READABLE = [
    ("Łódź".encode("cp1250"), "windows-1250", "Łódź"),
    ("Łódź".encode(), "windows-1250", "Łódź"),
    (b"caf\xe9", "", "caf\ufffd"),
    (b"caf\xe9", "utf-8", "caf\ufffd"),
    ("Заказ".encode("koi8-r"), "", "Заказ"),
    ("Заказ".encode("koi8-r"), "koi8-r", "Заказ"),
    ("日".encode("iso-2022-jp"), "", "日"),
]


@pytest.mark.parametrize(("data", "label", "text"), READABLE)
def test_what_people_see_of_a_field(data: bytes, label: str, text: str) -> None:
    assert readable(data.decode("ascii", "surrogateescape"), label) == text


@pytest.mark.parametrize(
    ("page", "label"),
    [
        (b"<html><META HTTP-EQUIV=x CONTENT='text/html; charset=koi8-r'>\xf0", "koi8-r"),
        (b'<meta charset="iso-8859-2">\xb3', "iso-8859-2"),
        (b"<meta charset=iso-8859-2>\xc3\xa9", ""),
        (b"<meta charset=utf-16>\xe9", ""),
        (b"<meta charset=iso-8859-2>only ASCII", ""),
        (b"charset=iso-8859-2 \xe9", ""),
        (b"<meta " * 700 + b"\xe9", ""),
    ],
)
def test_what_a_page_says_of_itself(page: bytes, label: str) -> None:
    assert stated_in_html(page) == label


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=80),
    st.sampled_from(["", "utf-8", "utf-16", "utf-7", "iso-2022-jp", "gb2312", "hz", "x", "ascii"]),
)
def test_any_bytes_decode(data: bytes, label: str) -> None:
    text, _ = decode(data, label)
    assert isinstance(text, str)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_a_word_decodes_to_what_was_encoded(text: str) -> None:
    encoded = base64.b64encode(text.encode()).decode()
    assert decode_words(f"=?utf-8?b?{encoded}?=") == (text.removeprefix("\ufeff") if not text.isascii() else text)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="a=;*0'\"\\%\r\n ?utf-8qé\udcff", max_size=80))
def test_parameters_never_raise(value: str) -> None:
    for name, text in parameters("x;" + value).items():
        assert isinstance(name + text, str)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_base64_round_trip(data: bytes) -> None:
    assert base64_bytes(base64.encodebytes(data)) == (data, True)
