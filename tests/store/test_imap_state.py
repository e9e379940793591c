"""The cursor of a folder and what became of its UIDs (B3, B6)."""

from __future__ import annotations

from datetime import timedelta

from mailcase.store import imap_state, spool
from mailcase.store.audit import audit, uids
from mailcase.store.engine import Database
from mailcase.store.imap_state import FolderState
from tests.store.story import NOW, incoming

BOX = ("support", "INBOX")


def test_first_contact_stays_what_it_was(db: Database) -> None:
    with db.write() as conn:
        assert imap_state.folder(conn, *BOX) is None
        imap_state.set_folder(conn, *BOX, 7, 101, NOW)
        imap_state.set_folder(conn, *BOX, 7, 121, NOW + timedelta(days=1))
        assert imap_state.folder(conn, *BOX) == FolderState(*BOX, 7, 120, 121, NOW)
        assert imap_state.folders(conn) == [FolderState(*BOX, 7, 120, 121, NOW)]


def test_uids_are_recorded_with_their_mails_and_filed_later(db: Database) -> None:
    with db.write() as conn:
        imap_state.set_folder(conn, *BOX, 7, 1, NOW)
        a, b = (x.id for x in spool.add(conn, [incoming("a"), incoming("b")]))
        imap_state.record_uids(conn, *BOX, 7, [(1, a), (3, b)])
        imap_state.record_uids(conn, *BOX, 7, [(2, None)], skipped="older than the start")
        imap_state.record_uids(conn, *BOX, 7, [(1, b)])
        for uid in (3, 2):
            imap_state.advance(conn, *BOX, 7, uid)
    with db.write() as conn:
        state = imap_state.folder(conn, *BOX)
        assert state is not None
        assert state.last_uid == 3
        assert imap_state.seen(conn, *BOX, 7, range(1, 3000)) == {1, 2, 3}
        assert imap_state.seen(conn, *BOX, 8, [1]) == set()
        assert imap_state.unfiled(conn, *BOX, 7) == [1, 3]
        imap_state.mark_filed(conn, *BOX, 7, [1], "seen")
        assert imap_state.unfiled(conn, *BOX, 7) == [3]
        assert uids(conn, *BOX, 7) == {1, 2, 3}
        assert imap_state.count(conn, *BOX, 7) == 3
        (folder,) = audit(conn)["mailboxes"]
    assert (folder["uids"], folder["spooled"], folder["skipped"], folder["unfiled"], folder["unaccounted"]) == (
        3, 2, 1, 1, 0,
    )  # fmt: skip


def test_a_folder_made_anew_is_read_again(db: Database) -> None:
    with db.write() as conn:
        imap_state.set_folder(conn, *BOX, 7, 1, NOW)
        (a,) = spool.add(conn, [incoming("a")])
        imap_state.record_uids(conn, *BOX, 7, [(1, a.id)])
        imap_state.reset_validity(conn, *BOX, 8, 1)
        assert imap_state.folder(conn, *BOX) == FolderState(*BOX, 8, 0, 1, NOW)
        assert imap_state.unfiled(conn, *BOX, 7) == []
        assert imap_state.seen(conn, *BOX, 8, [1]) == set()
        imap_state.advance(conn, *BOX, 7, 9)
        assert imap_state.folder(conn, *BOX) == FolderState(*BOX, 8, 0, 1, NOW), "an old answer moves no new cursor"


def test_a_uid_without_a_mail_or_a_reason_is_a_gap(db: Database) -> None:
    with db.write() as conn:
        imap_state.set_folder(conn, *BOX, 7, 1, NOW)
        imap_state.record_uids(conn, *BOX, 7, [(1, None)])
        ledger = audit(conn)
    assert ledger["mailboxes"][0]["unaccounted"] == 1
    assert ledger["problems"] == ["support/INBOX: 1 UIDs without a mail or a reason"]
