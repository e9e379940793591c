"""Search finds what people remember, on both databases the same, and takes no word of theirs for syntax (L1, S31)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.decision import (
    SYSTEM,
    Decision,
    Event,
    FieldChanged,
    MessageFiled,
    Outcome,
    Participant,
    ParticipantsChanged,
)
from mailcase.core.message import Address
from mailcase.store import cases, search
from mailcase.store.engine import Database
from tests.store.story import apply, one_case

PEOPLE = {
    1001: (Address("Jürgen Großmüller", "jg@firma.example"), "Drucker druckt nicht", "Papierstau seit gestern"),
    1002: (Address("李明", "li@example.cn"), "发票问题", "我没有收到请求书，请帮忙"),
    1003: (Address("Anna O'Hara", "anna.ohara@example.com"), "Invoice 2026/1002 wrong", "The total is 1.299,50 EUR"),
    1004: (Address("山田太郎", "yamada@example.jp"), "請求書について", "がっこうのプリンターが動きません"),
    1005: (Address("Éva Kovács", "eva@example.hu"), "Számla", "Kérem a számlát az árvíztűrő tükörfúrógéphez"),
    1006: (Address("김민수", "minsu@example.kr"), "프린터가 고장났어요", "영수증을 보내 주세요"),
    1007: (Address("Наталья", "natalia@example.ru"), "Принтер", "Не работает с понедельника"),
    1008: (Address("สมชาย", "somchai@example.th"), "เครื่องพิมพ์เสีย", "ใบแจ้งหนี้ไม่ถูกต้อง"),
    1009: (Address("سارة", "sara@example.sa"), "الطابعة", "الفَاتُورَة غير صحيحة"),
}


@pytest.fixture(scope="module")
def desk(shared_db: Database) -> Database:
    """A desk whose customers write in many scripts. Nothing changes it."""
    return filled(shared_db)


def filled(db: Database) -> Database:
    for number, (who, subject, text) in PEOPLE.items():
        with db.write() as conn:
            assert one_case(conn, f"mail {number}", requester=who, subject=subject) == number
            filed = MessageFiled(number, "incoming", who, text=text, subject=subject)
            apply(conn, Decision("test", Outcome("note"), SYSTEM, (filed,)))
    return db


def found(db: Database, asked: str) -> list[int]:
    with db.read() as conn:
        return search.search(conn, asked)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("1003", [1003]),
        ("#1003", [1003]),
        (" 1003 ", [1003]),
        ("１００３", [1003]),
        ("4711", []),
        ("1002", [1002]),
        ("#99999999", []),
        ("Großmüller", [1001]),
        ("grossmuller", [1001]),
        ("ÜLLER", [1001]),
        ("rossmü", [1001]),
        ("jürgen groß", [1001]),
        ("müller jürgen", [1001]),
        ("firma.example", [1001]),
        ("jg@firma", [1001]),
        ("drucker", [1001]),
        ("rucke", [1001]),
        ("papierstau", [1001]),
        ("papier gestern", [1001]),
        ("jürgen papierstau", [1001]),
        ("papierstau anna", []),
        ("o'hara", [1003]),
        ("O’HARA", [1003]),
        ("anna.ohara@example.com", [1003]),
        ("1.299,50", [1003]),
        ("2026/1002", [1003]),
        ("李明", [1002]),
        ("李", [1002]),
        ("发票", [1002]),
        ("请求书", [1002]),
        ("帮忙", [1002]),
        ("請求書", [1004]),
        ("プリンター", [1004]),
        ("がっこう", [1004]),
        ("かっこう", []),
        ("ﾌﾟﾘﾝﾀｰ", [1004]),
        ("eva kovacs", [1005]),
        ("arvizturo", [1005]),
        ("ÁRVÍZTŰRŐ", [1005]),
        ("영수증", [1006]),
        ("프린터", [1006]),
        ("ПРИНТЕР", [1007]),
        ("понедельник", [1007]),
        ("ใบแจ้งหนี้", [1008]),
        ("الفاتورة", [1009]),
        ("example.com", [1003]),
        ("", []),
        ("   ", []),
    ],
)  # fmt: skip
def test_what_people_remember_finds_the_case(desk: Database, asked: str, wanted: list[int]) -> None:
    assert found(desk, asked) == wanted


INJECTIONS = (
    "' OR 1=1--", "'; DROP TABLE cases;--", '" OR "1"="1', "%", "_", "%_\\", "\\", "*", "a*", "NEAR(", "NEAR(a b, 3)",
    "a AND b", "a OR b", "NOT", "NOT a", "AND", "^drucker", "words:drucker", "-drucker", "+drucker", "(drucker",
    "drucker)", '"drucker', "'drucker", "drucker:*", "drucker & !papier", "a <-> b", "{a b}", "[a]", ":", "!", "|", "&",
    "\0", "\ud800", "a\0b", "$1", "%s", "%(number)s", ":number", "?", "--", "/* */", "\x1b[2J", "x" * 100_000,
    " ".join("word" for _ in range(10_000)), "٣", "½", "²", "#", "# 1003", "##1003", "1" * 40, "1e3", "-1",
)  # fmt: skip


@pytest.mark.parametrize("asked", INJECTIONS, ids=range(len(INJECTIONS)))
def test_no_word_is_taken_for_syntax(desk: Database, asked: str) -> None:
    """No error, and never a case that the words do not stand in (S31)."""
    wanted = re.findall(r"[^\W_]+", search.fold(asked))[:12]
    for number in found(desk, asked):
        who, subject, text = PEOPLE[number]
        stored = search.fold(f"{who} {subject} {text} mail help@desk.example It does not print any more.")
        assert all(word in stored for word in wanted)


def test_nothing_anybody_types_is_an_error(desk: Database) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.text(st.characters(), max_size=40) | st.text("\"'%_*():-^&|!<>{}[]\\ ab#1", max_size=20))
    def type_it(asked: str) -> None:
        found(desk, asked)

    type_it()


def happened(db: Database, *events: Event) -> None:
    with db.write() as conn:
        apply(conn, Decision("test", Outcome("note"), SYSTEM, events))


def test_what_changes_is_found_under_its_new_name_only(db: Database) -> None:
    desk = filled(db)
    happened(desk, FieldChanged(1007, "subject", "", "Сканер Epson"))
    happened(desk, FieldChanged(1007, "requester", "", "Boris <boris@example.ru>"))
    happened(desk, ParticipantsChanged(1007, (Participant(Address("Olga Petrowa", "olga@example.ru"), "cc"),)))
    assert (found(desk, "pson"), found(desk, "oris@"), found(desk, "lga Petrow")) == ([1007], [1007], [1007])
    assert found(desk, "atalia@") == []
    happened(desk, ParticipantsChanged(1007, (), (Address("", "olga@example.ru"),)))
    assert found(desk, "lga Petrow") == []


@pytest.mark.parametrize(
    "subject", ['say "hello" twice', "C:\\temp\\new", "{a,b} NULL, \\N\t'x'", "tab\tline\nend \\."]
)
def test_whatever_stands_in_a_subject_is_kept_and_found(db: Database, subject: str) -> None:
    """What a database reads as a mark of its own when rows are copied in is only a letter here."""
    with db.write() as conn:
        one_case(conn, "marks", requester=Address('A "B" \\C', "marks@example.com"), subject=subject)
        filed = MessageFiled(1001, "incoming", Address("", "marks@example.com"), text=subject, subject=subject)
        apply(conn, Decision("test", Outcome("note"), SYSTEM, (filed,)))
    assert found(db, max(subject.split(), key=len)) == [1001]
    with db.read() as conn:
        assert cases.by_numbers(conn, [1001])[0].subject == subject


def test_a_message_can_be_taken_out(db: Database) -> None:
    desk = filled(db)
    with desk.write() as conn:
        row = conn.exec_driver_sql("SELECT id FROM message WHERE text LIKE 'Papier%%'").scalar_one()
        who, subject, text = PEOPLE[1001]
        search.remove_message(conn, {
            "id": row, "author_name": who.name, "author_address": who.address, "to": [], "cc": [], "subject": subject,
            "text": text,
        })  # fmt: skip
    assert found(desk, "papierstau") == []
    assert found(desk, "großmüller") == [1001]


def test_a_huge_text_is_indexed_up_to_a_bound(db: Database) -> None:
    """PostgreSQL refuses a tsvector over a megabyte: that must not keep the mail out."""
    text = " ".join(chr(0x4E00 + n % 20_000) + chr(0x4E00 + n * 7 % 20_000) for n in range(400_000))
    with db.write() as conn:
        number = one_case(conn)
        filed = MessageFiled(number, "incoming", Address("", "a@example.com"), text=text + " needle")
        apply(conn, Decision("test", Outcome("note"), SYSTEM, (filed,)))
    assert found(db, "needle") == []
    assert found(db, text[:2]) == [number]


def test_the_newest_come_first_and_not_too_many(db: Database) -> None:
    with db.write() as conn:
        numbers = [one_case(conn, f"mail {n}", subject=f"printer {n}") for n in range(12)]
        assert search.search(conn, "printer", most=5) == sorted(numbers, reverse=True)[:5]
