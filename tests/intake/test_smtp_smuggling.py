"""S25: nobody hides a second mail in a first one. Eleven sequences, on SMTP and on LMTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.intake.smtp_data import Body
from tests.intake.smtp_desk import MAIL, Desk, Wire, deliver, mail, running, stuffed

SEQUENCES = [
    b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\n\0.\r\n",
    b"\r\n.\0\r\n", b"\n\n.\r\r\n",
]  # fmt: skip
HIDDEN = b"MAIL FROM:<boss@example.com>\r\nRCPT TO:<support@example.com>\r\nDATA\r\nSubject: Pay\r\n\r\nNow.\r\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Desk]:
    path = tmp_path_factory.mktemp("smuggling") / "mailcase.db"
    path.write_bytes(sqlite_template.read_bytes())
    with running(path) as desk:
        yield desk


@pytest.mark.parametrize("hello", ["EHLO", "LHLO"])
@pytest.mark.parametrize("sequence", SEQUENCES, ids=[s.hex() for s in SEQUENCES])
def test_only_crlf_dot_crlf_ends_a_mail(shared: Desk, sequence: bytes, hello: str) -> None:
    before = len(shared.kept())
    with Wire(shared.smtp if hello == "EHLO" else shared.lmtp) as wire:
        wire.begin(hello)
        wire.send(mail("outer") + sequence + HIDDEN + b".\r\n")
        assert wire.reply().startswith("550 5.6.0")
        assert wire.say("NOOP") == "250 2.0.0 OK", "and no further reply has come"
    assert len(shared.kept()) == before


@pytest.mark.parametrize("bad", [b"a\rb", b"a\nb", b"a\0b", b"\n", b"\r", b"x\r\r\n", b"\n\r"])
def test_bare_line_ends_and_nul_are_refused_wherever_they_stand(shared: Desk, bad: bytes) -> None:
    for raw in (bad + b"\r\n" + MAIL, MAIL + bad + b"\r\n", MAIL.replace(b"Hot", b"H" + bad + b"ot")):
        assert deliver(shared.smtp, raw)[0].startswith("550 5.6.0")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([b"\r\n", b".", b"a", b"\r\n.", b"..", b"\r", b"\n", b"\0", b"b" * 40]), max_size=20),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
    st.sampled_from([b"", b"QUIT\r\n", b"MAIL FROM:<>\r\n.\r\n"]),
)
def test_what_is_sent_is_what_is_kept_however_it_is_cut(pieces: list[bytes], cuts: list[int], rest: bytes) -> None:
    raw = b"".join(pieces) + b"\r\n"
    stream = stuffed(raw) + rest
    body, got, at, turn = Body(1_000), None, 0, 0
    while got is None:
        assert at < len(stream), "the end was not seen"
        step = cuts[turn % len(cuts)]
        got, at, turn = body.feed(stream[at : at + step]), at + step, turn + 1
    assert got + stream[at:] == rest
    whole = raw.replace(b"\r\n", b"")
    clean = not (b"\r" in whole or b"\n" in whole or b"\0" in whole)
    assert body.content() == (raw if clean else b"")
    assert bool(body.refusal) is not clean
