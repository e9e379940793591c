"""Mail that kills or hangs what reads it, two workers on one case, one mail for two addresses: rows A14, B8, C2, C4."""

from __future__ import annotations

import threading
import time

import pytest

from tests.faults.clients import Clients, Letter, deliver, letter
from tests.faults.conftest import Figure, Open
from tests.faults.counts import count, is_full, sqlite_is_enough
from tests.faults.desk import FaultDesk
from tests.faults.oracle import judge

POISON = "X-Poison, the mail that nobody survives\r\n"
TWO_WORKERS = ('secret_file = "secret"', 'secret_file = "secret"\nworkers = 2')


def set_aside(desk: FaultDesk) -> list[tuple[object, ...]]:
    """(reason, case) of what was quarantined."""
    return desk.rows("SELECT reason, outcome_case FROM spool WHERE state = 'quarantined'")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["kill", "raise", "spin:60"])
def test_C2_B8_a_mail_that_ends_who_reads_it(kind: str, desk: FaultDesk, figure: Figure) -> None:
    """Three tries, then a case that agents see; the others go on, and the listener never notices."""
    sqlite_is_enough(desk.url)
    if kind.startswith("spin") and not is_full():
        pytest.skip("three times ten seconds of processor time: make drill runs it")
    desk.start(f"in_read:{kind}", "X-Poison")
    poison = letter(POISON)
    with Clients(desk.ports, count=2) as clients:
        clients.ledger.wait_for(5)
        deliver(desk.ports["smtp"], poison.raw, poison.sender)
        began = time.monotonic()
        clients.ledger.wait_for(count("poison", 15, 150))
        desk.wait_for(lambda: set_aside(desk), "the poison is set aside", 600 if is_full() else 120)
        passed = time.monotonic() - began
    desk.settle(600 if is_full() else 120)
    ((reason, case),) = set_aside(desk)
    assert case, "a case that agents see"
    told = [number for (number,) in desk.rows("SELECT \"case\" FROM outbox WHERE kind = 'notification'")]
    assert case in told, "agents are told"
    assert desk.count("SELECT count(*) FROM spool WHERE state NOT IN ('done', 'quarantined')") == 0
    slowest = clients.ledger.slowest
    figure("C2 B8", f"{kind}: set aside after {passed:.1f} s ({reason}); the {len(clients.ledger.accepted)} others became "
                    f"cases, the slowest 250 took {slowest:.2f} s")  # fmt: skip
    verdict = judge(desk, clients.ledger.accepted)
    assert verdict.problems == ()
    assert not any(poison.sender in m.recipients for m in desk.sink.mails if desk.sink), "no acknowledgement"


def hostile() -> dict[str, bytes]:
    """Shapes that have hung or killed mail readers: a long parameter name, depth, many parts, commas."""
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(1_000))
    parts = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 300_000 + b"--b--\r\n"
    lines = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' + b"a\r\n" * 1_500_000
    return {
        "long parameter name": b"Content-Type: text/plain; " + b"a" * 80 + b"=b\r\n\r\nx\r\n",
        "depth 1000": deep,
        "300,000 parts": parts,
        "1,500,000 lines": lines,
        "64 KB of commas": b"Cc: " + b"," * 65_000 + b"\r\n\r\nx\r\n",
        "64 KB of semicolons": b"Content-Disposition: a" + b";" * 65_000 + b"\r\n\r\nx\r\n",
        "nested div": b"Content-Type: text/html\r\n\r\n" + b"<div>" * 50_000 + b"\r\n",
    }


@pytest.mark.timeout(600)
def test_C2_hostile_shapes_beside_another_client(open_sqlite_desk: Open, figure: Figure) -> None:
    desk = open_sqlite_desk()
    desk.start()
    made = []
    with Clients(desk.ports, count=1, pause=0.05) as clients:
        clients.ledger.wait_for(3)
        began = time.monotonic()
        for number, body in enumerate(hostile().values()):
            one = letter()
            head = one.raw.partition(b"\r\n\r\n")[0] + b"\r\nX-Hostile: %d\r\n" % number
            made.append(Letter(one.number, one.sender, one.message_id, head + body))
            reply = deliver(desk.ports["smtp"], made[-1].raw, one.sender, timeout=60)
            assert reply.startswith("250"), (number, reply)
        desk.wait_for(lambda: desk.count("SELECT count(*) FROM spool WHERE state = 'waiting'") == 0, "all is read", 240)
        passed = time.monotonic() - began
    desk.settle(240)
    stored = {bytes(raw) for (raw,) in desk.rows("SELECT raw.data FROM spool JOIN raw ON raw.id = raw_id")}  # type: ignore[call-overload]
    assert all(one.raw in stored for one in made), "every byte is kept"
    cases = desk.count("SELECT count(*) FROM spool WHERE outcome_case IS NOT NULL")
    assert cases == len(made) + len(clients.ledger.accepted), "each is a case"
    figure("C2", f"{len(made)} hostile shapes: each kept and a case within {passed:.0f} s; the slowest 250 of another "
                 f"client took {clients.ledger.slowest:.2f} s")  # fmt: skip


@pytest.mark.timeout(300)
def test_C4_many_answers_to_one_closed_case_at_once(open_desk: Open, figure: Figure) -> None:
    """Two workers, customers who all answer at the same moment: one follow-up case, nobody's mail lost."""
    many = count("answers", 24, 100)
    desk = open_desk()
    desk.reconfigure(*TWO_WORKERS)
    desk.start()
    first = letter()
    deliver(desk.ports["smtp"], first.raw, first.sender)
    desk.settle()
    number = desk.count("SELECT number FROM cases")
    desk.run("case", "status", str(number), "closed", "--quiet")
    answers = []
    for i in range(many):
        one = letter()
        raw = one.raw.replace(one.sender.encode(), first.sender.encode()).replace(
            b"Subject: ", b"In-Reply-To: <%s>\r\nSubject: Re: [Case #%d] " % (first.message_id.encode(), number)
        )
        answers.append(Letter(i, first.sender, one.message_id, raw))

    def insist(one: Letter) -> None:
        while not deliver(desk.ports["smtp"], one.raw, one.sender).startswith("250"):
            time.sleep(0.05)

    threads = [threading.Thread(target=insist, args=(one,)) for one in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.settle(120)
    stored = desk.count("SELECT count(*) FROM spool")
    assert stored == many + 1
    assert desk.count("SELECT count(*) FROM cases") == 2, "one follow-up case"
    found = desk.rows("SELECT \"case\" FROM message WHERE direction = 'incoming'")
    where = {case for (case,) in found} - {number}
    figure("C4", f"{many} answers at once to a closed case, two workers: {len(where)} follow-up case with all of them")
    assert len(where) == 1
    assert desk.count("SELECT count(*) FROM message WHERE direction = 'incoming'") == many + 1
    assert desk.stop() == 0


SALES = """
[[mailbox]]
name = "sales"
address = "sales@example.com"
"""


def test_A14_one_mail_for_two_of_our_addresses(open_desk: Open, figure: Figure) -> None:
    """In one transaction, and in two: one message, one case, one acknowledgement."""
    desk = open_desk(more=SALES)
    sqlite_is_enough(desk.url)
    desk.start()
    together, apart = letter(), letter()
    both = ("support@example.com", "sales@example.com")
    assert deliver(desk.ports["smtp"], together.raw, together.sender, *both).startswith("250")
    for address in both:
        assert deliver(desk.ports["smtp"], apart.raw, apart.sender, address).startswith("250")
    desk.settle()
    verdict = judge(desk, [together, apart])
    assert verdict.problems == ()
    figure("A14", f"in one transaction and in two: {verdict}")
