"""One look into a folder of a real Dovecot: what is taken, kept, flagged, moved and deleted (B3, B4, B6, B7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailcase.core.message import Envelope
from mailcase.core.reading.ingest import ingest_key
from mailcase.intake import imap
from mailcase.intake.imap_session import Refused, connect
from mailcase.store import imap_state, spool
from mailcase.store.engine import Database
from mailcase.store.values import Incoming
from tests.intake.imap_desk import desk, mail, now
from tests.servers import dovecot
from tests.servers.dovecot import Dovecot, start_dovecot
from tests.servers.proxy import Proxy

CAPABILITIES_WITHOUT_MOVE = "IMAP4rev1 SASL-IR LITERAL+ IDLE UIDPLUS MULTIAPPEND UNSELECT ENABLE"
CAPABILITIES_OF_1990 = "IMAP4rev1"


@pytest.fixture(scope="module")
def plain_server() -> Iterator[Dovecot]:
    """A Dovecot that advertises neither MOVE nor UIDPLUS nor IDLE."""
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    server = start_dovecot(capability=CAPABILITIES_OF_1990)
    yield server
    server.remove()


@pytest.fixture(scope="module")
def uidplus_server() -> Iterator[Dovecot]:
    """A Dovecot without MOVE, with little room, and with access lists."""
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    server = start_dovecot(capability=CAPABILITIES_WITHOUT_MOVE, quota="200k")
    yield server
    server.remove()


@pytest.fixture(scope="module")
def acl_server() -> Iterator[Dovecot]:
    """A Dovecot with access lists."""
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    server = start_dovecot(acl=True)
    yield server
    server.remove()


def test_every_byte_is_kept_and_only_then_flagged(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    mails = [mail(n, size=n * 1000) for n in range(5)]
    it.append(*mails)
    assert it.poll() == imap.PollResult(stored=5, filed=5)
    assert it.spooled() == mails
    assert all(b"\\Seen" in flags for flags in server.flags(it.user).values())
    assert it.uids() == dict.fromkeys(range(1, 6), "seen")
    assert it.poll() == imap.PollResult()
    assert it.column("origin")[0].startswith("support/INBOX/")
    assert it.column("envelope")[0][:2] == ["jane@customer.example", ["support@example.com"]]


def test_on_postgresql_as_well(db: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(db, server, tmp_path)
    mails = [mail(n) for n in range(3)]
    it.append(*mails)
    assert it.poll().stored == 3
    assert it.spooled() == mails
    assert it.poll() == imap.PollResult()


def test_keep_leaves_no_trace_on_the_server(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, after="keep")
    it.append(mail(1))
    assert it.poll() == imap.PollResult(stored=1)
    assert not any(b"\\Seen" in flags for flags in server.flags(it.user).values())
    assert it.uids() == {1: "keep"}


@pytest.mark.parametrize("kind", ["move", "copy"])
def test_move(kind: str, database: Database, server: Dovecot, uidplus_server: Dovecot, tmp_path: Path) -> None:
    used = server if kind == "move" else uidplus_server
    it = desk(database, used, tmp_path, after="move:Done")
    used.append(it.user, [], folder="Done")
    it.append(mail(1), mail(2))
    assert it.poll() == imap.PollResult(stored=2, filed=2)
    assert used.flags(it.user) == {}
    assert len(used.flags(it.user, "Done")) == 2
    assert it.poll() == imap.PollResult()


def test_delete_removes_ours_alone(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, after="delete", start="now")
    it.append(mail("flagged by a person"), flags=(b"\\Deleted",))
    it.poll()
    it.append(mail(2))
    assert it.poll() == imap.PollResult(stored=1, filed=1)
    assert list(server.flags(it.user)) == [1], "a plain EXPUNGE would have taken this one, too"


def test_without_uidplus_deleted_mail_is_only_flagged(
    database: Database, plain_server: Dovecot, tmp_path: Path
) -> None:
    it = desk(database, plain_server, tmp_path, after="delete")
    it.append(mail(1))
    assert it.poll().filed == 1
    assert b"\\Deleted" in plain_server.flags(it.user)[1]
    assert it.poll() == imap.PollResult()
    assert any("UIDPLUS" in problem for problem in imap.check_login(it.mailbox).problems)


def test_many_mails_in_batches(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    mails = [mail(n) for n in range(450)]
    it.append(*mails)
    wakes: list[int] = []
    it.reader.wake = lambda: wakes.append(len(it.column("id")))
    assert it.poll() == imap.PollResult(stored=450, filed=450)
    assert it.spooled() == mails
    assert wakes == sorted(wakes)
    assert len(wakes) >= 450 // 50


def test_a_large_mail_is_fetched_alone(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    mails = [mail(1), mail(2, size=18_000_000), mail(3)]
    it.append(*mails)
    assert it.poll().stored == 3
    assert sorted(it.spooled()) == sorted(mails)


# ---- where to begin --------------------------------------------------------------------------------------------------


def test_start_now_answers_nobody_of_the_past(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, start="now")
    it.append(*[mail(f"old {n}") for n in range(10)])
    assert it.poll() == imap.PollResult()
    it.append(mail("new"))
    assert it.poll().stored == 1
    assert it.spooled() == [mail("new")]
    assert list(it.uids()) == [11]


def test_B14_the_history_of_start_all_is_taken_silently(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, start="all")
    it.append(mail("of last year"), at=now() - timedelta(days=365))
    it.append(mail("of last hour"), at=now() - timedelta(hours=1))
    assert it.poll().stored == 2
    assert it.column("silent") == [True, False]
    assert it.column("received_at")[0] < now() - timedelta(days=364)


def test_B14_start_at_a_date(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, start=date.today() - timedelta(days=10))
    it.append(mail("ancient"), at=now() - timedelta(days=300))
    it.append(mail("recent"), at=now() - timedelta(days=5))
    it.append(mail("moved in from an old folder"), at=now() - timedelta(days=200))
    it.append(mail("of today"), at=now())
    assert it.poll() == imap.PollResult(stored=2, ignored=1, filed=2)
    assert it.spooled() == [mail("recent"), mail("of today")]
    assert it.uids() == {2: "seen", 3: "skipped", 4: "seen"}
    it.append(mail("moved in later"), at=now() - timedelta(days=200))
    assert it.poll().stored == 1, "after first contact every new UID counts"


def test_start_at_a_date_in_a_folder_with_nothing_newer(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, start=date.today())
    it.append(mail("ancient"), at=now() - timedelta(days=300))
    assert it.poll() == imap.PollResult()
    assert it.cursor() == 1


# ---- the rows of the fault matrix ------------------------------------------------------------------------------------


def test_B2_what_was_committed_and_not_flagged_is_flagged_at_the_next_look(
    database: Database, server: Dovecot, tmp_path: Path
) -> None:
    it = desk(database, server, tmp_path, after="keep")
    it.append(*[mail(n) for n in range(3)])
    it.poll()
    again = desk(database, server, tmp_path, after="seen", user=it.user)
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE imap_uid SET filed = ''")
    assert again.poll() == imap.PollResult(filed=3)
    assert all(b"\\Seen" in flags for flags in server.flags(it.user).values())
    assert again.poll() == imap.PollResult()


@pytest.mark.parametrize("start", ["all", "now"])
def test_B4_uidvalidity_change(start: str, database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, start=start, folder="Support")
    server.append(it.user, [], folder="Support")
    it.poll("Support")
    old = [mail(n) for n in range(100)]
    it.append(*old, folder="Support")
    assert it.poll("Support").stored == 100
    before = imap.live_uids(it.mailbox)
    with server.client(it.user) as client:
        client.delete_folder("Support")
    new = [mail(f"new {n}") for n in range(5)]
    it.append(*old, *new, folder="Support")
    assert it.poll("Support") == imap.PollResult(stored=5, duplicates=100, filed=105, rescanned=True)
    assert it.spooled() == old + new
    assert set(before) != set(imap.live_uids(it.mailbox))
    assert it.poll("Support") == imap.PollResult()


def test_B4_uidvalidity_change_does_not_take_the_history_that_start_now_left(
    database: Database, server: Dovecot, tmp_path: Path
) -> None:
    it = desk(database, server, tmp_path, start="now", folder="Support")
    history = [mail(f"old {n}") for n in range(10)]
    long_ago = now() - timedelta(days=30)
    it.append(*history, folder="Support", at=long_ago)
    it.poll("Support")
    it.append(mail("new"), folder="Support")
    assert it.poll("Support").stored == 1
    with server.client(it.user) as client:
        client.delete_folder("Support")
    it.append(*history[:5], folder="Support", at=long_ago)
    it.append(mail("new"), mail("newer"), folder="Support")
    it.append(*history[5:], folder="Support", at=long_ago)
    result = it.poll("Support")
    assert (result.stored, result.duplicates, result.ignored) == (1, 1, 5)
    assert it.spooled() == [mail("new"), mail("newer")]


def test_B4_a_uidvalidity_that_comes_back_with_other_mail(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    it.append(mail(1))
    it.poll()
    with database.write() as conn:  # as after: another UIDVALIDITY, and back
        conn.exec_driver_sql("UPDATE imap_folder SET uidvalidity = 7")
        conn.exec_driver_sql("UPDATE spool SET ingest_key = 'of another mail'")
    assert it.poll().stored == 1


def test_B9_mail_that_a_person_has_read_is_taken(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    it.append(mail(1), flags=(b"\\Seen", b"\\Answered"))
    assert it.poll().stored == 1


def test_B10_a_mail_that_vanishes_between_list_and_fetch_is_no_mail_of_ours(
    database: Database, server: Dovecot, tmp_path: Path
) -> None:
    it = desk(database, server, tmp_path)
    it.append(*[mail(n) for n in range(3)])
    with connect(it.imap) as session, server.client(it.user) as person:
        folder = session.select("INBOX")
        (listed,) = list(session.uids(folder, 1))
        person.select_folder("INBOX")
        person.add_flags([2], [b"\\Deleted"])
        person.uid_expunge([2])
        session.select("INBOX")
        assert set(session.bodies(listed)) == {1, 3}
        assert session.bodies([2]) == {}


def test_B10_a_vanished_uid_is_not_counted_as_done(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    it.append(*[mail(n) for n in range(300)])
    person = server.client(it.user)
    person.select_folder("INBOX")

    def expunge() -> None:
        """After the first commit somebody deletes a mail of a later batch that has been listed already."""
        it.reader.wake = lambda: None
        person.add_flags([250], [b"\\Deleted"])
        person.uid_expunge([250])

    it.reader.wake = expunge
    result = it.poll()
    assert (result.stored, result.vanished) == (299, 1)
    assert 250 not in it.uids()
    assert it.cursor() == 249
    assert it.poll() == imap.PollResult()
    assert it.cursor() == 300


def test_B11_the_target_of_a_move_is_missing(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, after="move:Done")
    it.append(mail(1), mail(2))
    result = it.poll()
    assert (result.stored, result.filed, result.unfiled) == (2, 0, 2)
    assert "cannot file" in result.problem
    assert "Done" in result.problem
    again = it.poll()
    assert (again.stored, again.unfiled, again.problem) == (0, 2, result.problem)
    assert [problem for problem in imap.check_login(it.mailbox).problems if "there is no folder Done" in problem]
    server.append(it.user, [], folder="Done")
    it.reader.now = lambda: now() + timedelta(minutes=6)
    assert it.poll() == imap.PollResult(filed=2)
    assert len(server.flags(it.user, "Done")) == 2


def test_B11_the_quota_is_full(database: Database, uidplus_server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, uidplus_server, tmp_path, after="move:Done")
    uidplus_server.append(it.user, [], folder="Done")
    it.append(mail(1, size=150_000))
    result = it.poll()
    assert (result.stored, result.unfiled) == (1, 1)
    assert "uota" in result.problem
    assert list(uidplus_server.flags(it.user)) == [1]
    assert it.poll().stored == 0
    assert len(it.spooled()) == 1


def test_B11_copied_and_not_to_be_deleted(database: Database, uidplus_server: Dovecot, tmp_path: Path) -> None:
    with Proxy(("127.0.0.1", uidplus_server.port)) as proxy:
        proxy.on_command = lambda said: said.split()[0] + b" NO [NOPERM] no\r\n" if b"STORE" in said else None
        it = desk(database, uidplus_server, tmp_path, after="move:Done", port=proxy.port)
        uidplus_server.append(it.user, [], folder="Done")
        it.append(mail(1), mail(2))
        result = it.poll()
        assert (result.stored, "cannot file" in result.problem) == (2, True)
        it.reader.now = lambda: now() + timedelta(hours=1)
        it.poll()
    assert len(uidplus_server.flags(it.user, "Done")) == 2, "another look made other copies"


def test_B11_a_read_only_folder(database: Database, acl_server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, acl_server, tmp_path)
    it.append(mail(1))
    rules = acl_server.home(it.user) / "dovecot-acl"
    rules.write_text("owner lr\n")
    rules.chmod(0o644)
    result = it.poll()
    assert (result.stored, result.unfiled, result.problem) == (1, 1, "cannot file: folder INBOX is read-only")
    assert it.poll().stored == 0
    assert any("read-only" in problem for problem in imap.check_login(it.mailbox).problems)


def test_B13_the_same_mail_by_smtp_and_by_imap(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    for n in range(20):
        raw = b"Received: from somewhere else\r\n" + mail(n)
        envelope = Envelope("jane@customer.example", ("support@example.com",))
        by_smtp = Incoming(raw, envelope, "smtp", ingest_key(raw), now())
        if n % 2:
            with database.write() as conn:
                spool.add(conn, [by_smtp])
            it.append(b"Delivered-To: support@example.com\r\n" + mail(n))
        else:
            it.append(b"Delivered-To: support@example.com\r\n" + mail(n))
            it.poll()
            with database.write() as conn:
                assert spool.add(conn, [by_smtp])[0].duplicate
    it.poll()
    assert len(it.spooled()) == 20
    assert len(it.uids()) == 20


@pytest.mark.parametrize("message_id", ["the-same@customer.example", "-"])
def test_B15_equal_or_missing_message_ids(message_id: str, database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    mails = [mail(n, message_id=message_id) for n in range(100)]
    it.append(*mails)
    assert it.poll().stored == 100
    assert it.spooled() == mails


def test_B8_hostile_bytes_do_not_stop_the_others(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    hostile = [
        b"Content-Type: text/plain; " + b"x" * 70 + b"=1\r\n\r\nbody\r\n",
        b"\r\n",
        b"no header at all",
        b"To: " + b"," * 60_000 + b"\r\n\r\n",
        b"Subject: \xff\xfe\x80\r\nFrom: \xc3\x28\r\n\r\n\xff",
        mail("{12}\r\n* BYE literal") + b"* 3 FETCH (UID 3 BODY[] {5}\r\nhello)\r\nA1 OK done\r\n",
    ]
    good = [mail(n) for n in range(20)]
    it.append(*hostile, *good)
    result = it.poll()
    assert (result.stored, result.unfetchable) == (26, ())
    assert it.spooled() == hostile + good


# ---- the Sent folder -------------------------------------------------------------------------------------------------


def test_sent_mail_is_read_as_sent_and_left_alone(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, after="delete", sent_folder="Sent")
    it.append(mail("sent long ago"), folder="Sent")
    assert it.poll("Sent", "sent") == imap.PollResult(), "the history of the Sent folder is nobody's business"
    raw = (
        b"From: Support <support@example.com>\r\nTo: Jane <jane@customer.example>, x@y.example\r\n"
        b'Cc: "Doe, John" <john@customer.example>\r\nSubject: Re: Printer\r\n\r\nDone.\r\n'
    )
    it.append(raw, folder="Sent")
    assert it.poll("Sent", "sent") == imap.PollResult(stored=1)
    assert it.spooled("sent") == [raw]
    assert it.column("envelope")[0][:2] == [
        "support@example.com",
        ["jane@customer.example", "x@y.example", "john@customer.example"],
    ]
    assert len(server.flags(it.user, "Sent")) == 2
    assert not any(b"\\Seen" in flags for flags in server.flags(it.user, "Sent").values())


# ---- for the command line --------------------------------------------------------------------------------------------


def test_live_uids_are_the_ledgers(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, sent_folder="Sent")
    it.append(*[mail(n) for n in range(12)])
    it.append(mail("sent"), folder="Sent")
    it.poll()
    live = imap.live_uids(it.mailbox)
    assert sorted((folder, sorted(uids)) for (folder, _), uids in live.items()) == [
        ("INBOX", list(range(1, 13))),
        ("Sent", [1]),
    ]
    assert set(it.uids()) == set(range(1, 13))
    ((_, validity),) = (key for key in live if key[0] == "INBOX")
    with database.write() as conn:
        assert imap_state.unaccounted(conn, "support", "INBOX", validity, live["INBOX", validity] | {99}) == set()
        assert imap_state.unaccounted(conn, "support", "INBOX", validity + 1, {1, 2}) == set()
        conn.exec_driver_sql("DELETE FROM imap_uid WHERE uid = 7")
        assert imap_state.unaccounted(conn, "support", "INBOX", validity, live["INBOX", validity]) == {7}


def test_the_history_of_start_now_is_no_gap(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, start="now")
    it.append(mail("old"))
    it.poll()
    it.append(mail("new"))
    it.poll()
    for (folder, validity), uids in imap.live_uids(it.mailbox).items():
        with database.read() as conn:
            assert imap_state.unaccounted(conn, "support", folder, validity, uids) == set()


def test_check_login_says_what_is_amiss(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, folder="Support", sent_folder="Sent", after="move:Done")
    check = imap.check_login(it.mailbox)
    assert {"IDLE", "MOVE", "UIDPLUS"} <= check.capabilities
    assert [problem.split(";")[0] for problem in check.problems] == [
        "there is no folder Support",
        "there is no folder Sent",
        "there is no folder Done",
    ]
    with connect(it.imap) as session, pytest.raises(Refused, match="folder Support"):
        imap.poll_once(session, it.reader, "Support")
