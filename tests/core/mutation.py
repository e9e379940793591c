"""Mails made from mails by accidents: cut, doubled, swapped, flipped, with hostile values in their fields."""

from __future__ import annotations

import random
import re

HOSTILE = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\r", b"\n\n", b"\r\n\r\n", b";" * 500, b"," * 500, b'"', b"\\", b"(" * 300,
    b"<" * 300, b"=?", b"?=", b"=?utf-8?q?=00=0D=0A?=", b"=?unicode_escape?q?\\ud800?=", b"=?utf-16?b?2AA=?=",
    b"=?x?q?" * 200, b"--", b"\n--", b"a" * 100 + b"=b;", b"%00", b"filename*0*=utf-8''%ff%00;filename*9999=x",
    b"charset=punycode", b"charset=utf-8\x00", b"charset=hex", b"charset=idna", b"charset=undefined", b"charset=utf-7",
    b"charset=iso-2022-jp", b"charset=hz", b"charset=utf-32", b'boundary=""', b"boundary=*", b"boundary*0*=punycode''x",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\n#86%A",
    b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n", b"Content-Type: application/ms-tnef\r\n", b"\x78\x9f\x3e\x22",
    b"From: a@b.example\r\n", b"Date: Sat, 99 Feb 99999 99:99:99 +9999\r\n", b"Subject:", b"<!--",
    b"<blockquote>" * 300,    b"\xe2\x80\xae", b"\x1b$B", b"\x1b", b"~{", b"+AGE-", b"&#xd800;", b"&#0;",
)  # fmt: skip
_VALUE = re.compile(rb"(?im)^(content-type|content-transfer-encoding|content-disposition|from|to|date|subject):[^\n]*")


def mutate(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    """One to six accidents, chosen by `rng`; `other` is a second mail to mix in."""
    for _ in range(rng.randint(1, 6)):
        raw = rng.choice(_ACCIDENTS)(raw, other, rng)
    return raw


def _flip(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    data = bytearray(raw)
    for _step in range(rng.randint(1, 12)):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def _insert(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + rng.choice(HOSTILE) + raw[at:]


def _insert_in_header(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(max(1, min(len(raw), 1_500)))
    return raw[:at] + rng.choice(HOSTILE) + raw[at:]


def _spoil_field(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    fields = list(_VALUE.finditer(raw))
    if not fields:
        return raw
    field = rng.choice(fields)
    return raw[: field.end()].rstrip(b"\r") + b"; " + rng.choice(HOSTILE) + raw[field.end() :]


def _cut(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(raw) + 1)
    return raw[:start] + raw[start + rng.randrange(1 + min(len(raw), 2_000)) :]


def _truncate(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def _double(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(raw) + 1)
    return raw[:start] + raw[start : start + 1_000] * rng.randint(2, 5) + raw[start + 1_000 :]


def _shuffle(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    lines = raw.split(b"\n")
    start = rng.randrange(len(lines))
    some = lines[start : start + 10]
    rng.shuffle(some)
    return b"\n".join(lines[:start] + some + lines[start + 10 :])


def _splice(raw: bytes, other: bytes, rng: random.Random) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)] + other[rng.randrange(len(other) + 1) :]


def _line_ends(raw: bytes, _: bytes, rng: random.Random) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", rng.choice((b"\r\n", b"\n", b"\r", b"\r\r\n")))


_ACCIDENTS = (
    _flip, _insert, _insert_in_header, _spoil_field, _spoil_field, _cut, _truncate, _double, _shuffle, _splice,
    _line_ends,
)  # fmt: skip
