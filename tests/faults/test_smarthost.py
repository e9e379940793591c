"""A smarthost that refuses, hangs up, falls silent or is gone: rows D1 to D5, D7, D9 and D10."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from mailcase.config import load
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.sender import Sender
from mailcase.outgoing.templates import load as load_templates
from mailcase.store import outbox
from mailcase.store.values import OutboxItem, OutgoingMail
from mailcase.worker import Worker
from tests.faults.clients import Clients, deliver, letter
from tests.faults.conftest import Figure, Open
from tests.faults.counts import count, is_full, sqlite_is_enough
from tests.faults.desk import FaultDesk
from tests.faults.oracle import judge
from tests.servers.sink import PLACES, Fault, Place, Sink

WORDS = {"4xx": "451 4.3.0 not now, the moon is wrong", "5xx": "554 5.7.1 never, not to anybody"}
# Whose fault it is: before MAIL it is the account's or the server's, and no mail is failed for that (D3).
ABOUT_THE_MAIL = ("mail", "rcpt", "data", "dot")


def expected(place: Place, kind: str) -> str:
    """Table D: the state after one try."""
    if place == "dot" and kind in ("drop", "silence"):
        return "uncertain"
    return "failed" if kind == "5xx" and place in ABOUT_THE_MAIL else "queued"


def mail(name: str, *recipients: str, lane: int | None = None) -> OutgoingMail:
    """A mail of nobody's case."""
    to = recipients or (f"{name}@customer.example",)
    raw = f"From: support@example.com\r\nTo: {to[0]}\r\nMessage-ID: <{name}@example.com>\r\n\r\n.{name}\r\n".encode()
    return OutgoingMail(lane, "answer", "support", "support@example.com", to, to[0], name, f"{name}@example.com", raw,
                        f"drill:{name}")  # fmt: skip


@dataclass
class Office:
    """A sender, an outbox and a smarthost that asks for TLS and a password."""

    desk: FaultDesk
    sender: Sender
    sink: Sink

    def add(self, one: OutgoingMail, at: datetime | None = None) -> int:
        """Its id in the outbox."""
        with self.desk.store.write() as conn:
            (number,) = outbox.add(conn, [one], at or datetime.now(UTC))
        assert number is not None
        return number

    def turn(self) -> None:
        """What the sender does next, without its pauses."""
        self.sender.not_before = 0.0
        with self.desk.store.write() as conn:
            conn.exec_driver_sql("UPDATE outbox SET next_try = created_at WHERE next_try IS NOT NULL")
        self.sender.turn(lambda _: None, lambda: False)

    def get(self, number: int) -> OutboxItem:
        """The row."""
        with self.desk.store.read() as conn:
            return outbox.get(conn, number)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def strict_sink(authority: trustme.CA) -> Iterator[Sink]:
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with Sink(context=context, users={"desk": "a password"}) as sink:
        yield sink


@pytest.fixture
def office(
    open_desk: Open, strict_sink: Sink, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Office:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    more = 'user = "desk"\npassword_file = "password"\nretry = ["1s"]\ntimeout = "1s"\n'
    desk = open_desk(send=f"smtp+starttls://localhost:{strict_sink.port}", send_more=more)
    (desk.folder / "password").write_text("a password\n")
    config = load(desk.config)
    templates = load_templates()
    worker = Worker(desk.store, Writer(config.policy(templates.phrases), templates, random.randbytes))
    return Office(desk, Sender(desk.store, config, worker.tell_failed), strict_sink)


@pytest.mark.timeout(300)
def test_D2_D3_D5_every_place_and_every_way_to_fail(office: Office, figure: Figure) -> None:
    sqlite_is_enough(office.desk.url)
    right = 0
    for place in PLACES:
        for kind in ("4xx", "5xx", "drop", "silence"):
            number = office.add(mail(f"{place}-{kind}"))
            action = "reply" if kind in WORDS else kind
            office.sink.faults[place] = Fault(WORDS.get(kind, ""), action, accepted=place == "dot" and kind in
                                              ("drop", "silence"))  # type: ignore[arg-type]  # fmt: skip
            office.turn()
            item = office.get(number)
            assert item.state == expected(place, kind), (place, kind, item)
            assert len(item.last_reply) <= 512
            if kind in WORDS:
                assert WORDS[kind].split(" ", 1)[1] in item.last_reply, (place, kind, item.last_reply)
            office.sink.faults.clear()
            office.turn()
            got = [m.raw for m in office.sink.mails if f"<{place}-{kind}@".encode() in m.raw]
            assert len(got) == {"failed": 0, "queued": 1, "uncertain": 2}[expected(place, kind)], (place, kind)
            assert len(set(got)) <= 1, "every copy has the same bytes"
            assert office.get(number).state == ("failed" if expected(place, kind) == "failed" else "sent")
            right += 1
    figure("D2 D3 D5", f"{right} of 32 combinations of place and fault in the right state, copies byte-identical")


def test_D4_each_recipient_has_a_state(office: Office, figure: Figure) -> None:
    sqlite_is_enough(office.desk.url)
    number = office.add(mail("three", "a@x.example", "b@x.example", "c@x.example"))
    office.sink.faults["rcpt"] = Fault("550 5.1.1 nobody", matching="b@")
    office.turn()
    item = office.get(number)
    assert {r.address: r.state for r in item.recipients} == {
        "a@x.example": "sent", "b@x.example": "failed", "c@x.example": "sent"}  # fmt: skip
    office.sink.faults["rcpt"] = Fault("451 4.2.0 later", matching="e@")
    second = office.add(mail("more", "d@x.example", "e@x.example"))
    office.turn()
    assert {r.address: r.state for r in office.get(second).recipients} == {
        "d@x.example": "sent", "e@x.example": "deferred"}  # fmt: skip
    office.sink.faults.clear()
    office.turn()
    assert office.get(second).state == "sent"
    last = office.sink.mails[-1]
    assert last.recipients == ("e@x.example",), "only who has not got it"
    figure("D4", "1 of 3 refused for good, 1 of 2 for now: only those")


def test_D7_no_password_and_no_mail_without_tls(office: Office, authority: trustme.CA, figure: Figure) -> None:
    """STARTTLS stripped; then a certificate that nobody vouches for; then one for another name."""
    import ssl

    sqlite_is_enough(office.desk.url)
    contexts: list[ssl.SSLContext | None] = [None]
    for issuer, name in ((trustme.CA(), "localhost"), (authority, "other.example")):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        issuer.issue_cert(name).configure_cert(context)
        contexts.append(context)
    number = office.add(mail("secret"))
    for context in contexts:
        with Sink(context=context, users={"desk": "a password"}) as other:
            to = f"smtp+starttls://localhost:{other.port}"
            send = office.sender.config.send.model_copy(update={"to": to})
            honest = office.sender.config
            office.sender.config = honest.model_copy(update={"send": send})
            office.turn()
            office.sender.config = honest
            assert not any(c.startswith(("AUTH", "MAIL")) for c in other.commands), other.commands
        assert office.get(number).state == "queued"
    office.turn()
    assert office.get(number).state == "sent"
    figure("D7", "3 of 3 servers that are not proven got neither password nor mail; sent to the right one later")


def test_D3_an_agent_is_told_and_the_customer_is_not(desk: FaultDesk, sink: Sink, figure: Figure) -> None:
    sink.faults["rcpt"] = Fault("550 5.1.1 no such user", matching="@d")
    desk.start()
    one = letter()
    deliver(desk.ports["smtp"], one.raw, one.sender)
    query = "SELECT count(*) FROM outbox WHERE state = 'failed'"
    desk.wait_for(lambda: desk.count(query) == 1, "the acknowledgement has failed")
    desk.settle()
    kinds = [str(kind) for (kind,) in desk.rows("SELECT kind FROM outbox WHERE state = 'sent'")]
    assert "delivery-problem" in kinds
    assert not any(one.sender in m.recipients for m in sink.mails)
    assert desk.rows("SELECT status FROM cases") == [("open",)]
    figure("D3", "refused for good: case open, agents told, nothing more to the customer")


def test_D1_nobody_there_for_a_while(desk: FaultDesk, sink: Sink, figure: Figure) -> None:
    sqlite_is_enough(desk.url)
    sink.close()
    desk.start()
    with Clients(desk.ports, count=2) as clients:
        clients.ledger.wait_for(count("gone", 8, 100))
        query = "SELECT count(*) FROM outbox WHERE state = 'queued' AND attempts > 0"
        desk.wait_for(lambda: desk.count(query) > 0, "a try has failed")
    assert desk.count("SELECT count(*) FROM outbox WHERE state NOT IN ('queued', 'sending')") == 0
    with Sink(port=sink.port) as back:
        desk.sink = back
        began = time.monotonic()
        desk.settle(300)
        passed = time.monotonic() - began
        verdict = judge(desk, clients.ledger.accepted)
    figure("D1", f"{len(back.mails)} mails sent within {passed:.0f} s of its return, {verdict}")
    assert verdict.problems == ()
    assert verdict.copies == 0


@pytest.mark.timeout(900)
def test_D9_a_long_queue_after_a_day(desk: FaultDesk, sink: Sink, figure: Figure) -> None:
    sqlite_is_enough(desk.url)
    many = count("queue", 200, 10_000)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with desk.store.write() as conn:
        for start in range(0, many, 500):
            batch = [mail(f"late{i}") for i in range(start, min(start + 500, many))]
            outbox.add(conn, batch, yesterday + timedelta(seconds=start))
    began = time.monotonic()
    desk.start()
    sink.wait_for(1, 60)
    sender = desk.wait_for(lambda: desk.part_with_socket(lambda _, remote: remote == sink.port), "it is connected")
    before = _resident(sender)
    sink.wait_for(many, 800)
    grown = (_resident(sender) - before) / 1024**2
    passed = time.monotonic() - began
    desk.settle()
    order = [int(m.raw.partition(b"<late")[2].partition(b"@")[0]) for m in sink.mails]
    figure("D9", f"{many} mails in {passed:.0f} s, oldest first, the sender grew by {grown:.0f} MB")
    assert order == sorted(order), "oldest first"
    assert len(order) == many
    assert grown < 50


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


@pytest.mark.timeout(3600)
def test_A15_D10_sigterm_at_any_time_under_load(desk: FaultDesk, figure: Figure) -> None:
    sqlite_is_enough(desk.url)
    stops, slowest = count("sigterm", 3, 200), 0.0
    with Clients(desk.ports, count=3) as clients:
        for _ in range(stops):
            desk.start()
            time.sleep(random.random() * 0.5)
            began = time.monotonic()
            assert desk.stop() == 0
            slowest = max(slowest, time.monotonic() - began)
        desk.start()
    desk.settle(300)
    verdict = judge(desk, clients.ledger.accepted)
    figure("A15 D10", f"{stops} stops, slowest {slowest:.1f} s, exit code 0 each time, {verdict}")
    assert verdict.problems == ()
    assert (verdict.lost, verdict.twice, verdict.copies) == (0, 0, 0)
    assert slowest < 30


@pytest.mark.skipif(not is_full(), reason="waits for half a minute: make drill runs it")
def test_D10_sigterm_while_the_smarthost_says_nothing(open_sqlite_desk: Open, sink: Sink, figure: Figure) -> None:
    desk = open_sqlite_desk(send_more='retry = ["1s"]\ntimeout = "5m"\n')
    sink.faults["dot"] = Fault(action="silence", accepted=True, times=1)
    desk.start()
    one = letter()
    deliver(desk.ports["smtp"], one.raw, one.sender)
    sink.wait_for(1)
    began = time.monotonic()
    assert desk.stop() == 0
    passed = time.monotonic() - began
    desk.start()
    desk.settle()
    verdict = judge(desk, [one])
    figure("D10", f"stopped {passed:.0f} s after SIGTERM, {verdict}")
    assert verdict.problems == ()
    assert verdict.copies == 1
    assert passed < 40
