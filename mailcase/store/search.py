"""Finding cases by what people remember of them: a number, any part of a name, address or subject, words (L1).

Two indices. *Words*: every message by the words of its subject, people and new text. *Headings*: every case by any
part of its subject and people, three letters at a time. Both are made from text folded here, so that SQLite (FTS5)
and PostgreSQL (GIN) find the same; neither ever sees a user's text as syntax.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from mailcase.store.columns import storable
from mailcase.store.prepared import Prepared, copy_in, inserting
from mailcase.store.tables import cases, heading

MOST = 500  # cases that one search finds at the most, the newest ones
TEXT_LENGTH = 50_000  # characters of one message that are looked through
_BEGINNING = 4  # letters that a word must have to be taken for the beginning of a longer one
_GRAMS = 4  # of the three-letter pieces of a search this many are looked up; the rest is compared
_SAMPLE = 300  # headings that say which pieces are rare
_TERMS = 12  # words of a search beyond these are left out
_WORD_LENGTH = 100  # of a longer word only its beginning counts: PostgreSQL refuses what is much longer

# Accents, Hebrew points and Arabic vowel signs. Japanese voicing marks are other letters and stay.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+")
# Scripts that put no blanks between words: Thai to Khmer, kana, Han, and Hangul, which glues particles to words.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"#?(\d{1,12})")


def fold(value: str) -> str:
    """Text in which case, accents and width make no difference: Müller, MULLER and ｍüller are one."""
    if value.isascii():
        return value.lower().replace("\0", "")
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", storable(value).casefold()))
    return unicodedata.normalize("NFC", plain)


def words(value: str) -> str:
    """Folded text as it is indexed by words; runs of unspaced script become overlapping pairs of letters."""
    folded = fold(value)
    return folded if folded.isascii() else _UNSPACED.sub(_pairs, folded)


def _pairs(match: re.Match[str]) -> str:
    run = match.group()
    return f" {' '.join(run[i : i + 2] for i in range(len(run)))} "


def grams(folded: str) -> set[str]:
    """Every three letters that follow each other in a line of folded text."""
    return {line[i : i + 3] for line in folded.split("\n") for i in range(len(line) - 2)}


# ---- keeping the indices ---------------------------------------------------------------------------------------------

_WORDS_IN = text("INSERT INTO search_words (rowid, words) VALUES (:id, :words)")
_WORDS_OUT = {
    "sqlite": text("INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', :id, :words)"),
    "postgresql": text("DELETE FROM search_words WHERE message = :id"),
}
_HEADING_IN = text("INSERT INTO search_heading (rowid, text) VALUES (:number, :folded)")
_HEADING_OUT = {
    "sqlite": text("INSERT INTO search_heading (search_heading, rowid, text) VALUES ('delete', :number, :folded)"),
    "postgresql": text("DELETE FROM search_heading WHERE number = :number"),
}
_ADD_HEADING = inserting(heading)


def message_words(row: Mapping[str, Any]) -> str:
    """What a message is found by. `row` has the columns of `message`."""
    people = [row["author_name"], row["author_address"]]
    people += [part for pair in (*row["to"], *row["cc"]) for part in pair]
    return words(f"{row['subject']} {' '.join(people)} {row['text'][:TEXT_LENGTH]}")


def add_messages(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Index new messages by their ids."""
    found = [(row["id"], message_words(row)) for row in rows]
    if conn.dialect.name == "sqlite":
        conn.execute(_WORDS_IN, [{"id": number, "words": value} for number, value in found])
    else:
        copy_in(conn, "search_words (message, words)", ((str(number), _vector(value)) for number, value in found))


def remove_message(conn: Connection, row: Mapping[str, Any]) -> None:
    """Take a message out, by the same text it was indexed with: call it before the row is changed or deleted."""
    name = conn.dialect.name
    conn.execute(_WORDS_OUT[name], {"id": row["id"]} | ({"words": message_words(row)} if name == "sqlite" else {}))


def _vector(value: str) -> str:
    """Text as PostgreSQL writes a tsvector without positions. Words are letters and digits: nothing needs a mask."""
    return " ".join(f"'{word}'" for word in {word[:_WORD_LENGTH] for word in _WORD.findall(value)})


def add_headings(conn: Connection, texts: Mapping[int, str]) -> None:
    """Index new cases by their subject, names and addresses, one a line."""
    found = {number: fold(value) for number, value in texts.items()}
    _ADD_HEADING.run(conn, [{"case": number, "text": folded} for number, folded in found.items()])
    if conn.dialect.name == "sqlite":
        conn.execute(_HEADING_IN, [{"number": number, "folded": folded} for number, folded in found.items()])
    else:
        rows = ((str(number), _array(grams(folded))) for number, folded in found.items())
        copy_in(conn, "search_heading (number, grams)", rows)


def change_headings(conn: Connection, texts: Mapping[int, str]) -> None:
    """The same for cases that are indexed already."""
    remove_headings(conn, texts)
    add_headings(conn, texts)


def remove_headings(conn: Connection, numbers: Iterable[int]) -> None:
    """Take cases out."""
    name = conn.dialect.name
    query = select(heading.c.case, heading.c.text).where(heading.c.case.in_(list(numbers)))
    for number, folded in conn.execute(query).all():
        conn.execute(_HEADING_OUT[name], {"number": number} | ({"folded": folded} if name == "sqlite" else {}))
    conn.execute(heading.delete().where(heading.c.case.in_(list(numbers))))


def _array(texts: Iterable[str]) -> str:
    """Texts as PostgreSQL writes an array of them."""
    masked = (one.replace("\\", "\\\\").replace('"', '\\"') for one in texts)
    return "{" + ",".join(f'"{one}"' for one in masked) + "}"


# ---- asking ----------------------------------------------------------------------------------------------------------

_NEWEST = Prepared(select(heading.c.text).order_by(heading.c.case.desc()).limit(_SAMPLE))
_BY_NUMBER = select(cases.c.number).where(cases.c.number == bindparam("number"))
_BY_WORDS = {
    "sqlite": text(
        'SELECT DISTINCT "case" FROM (SELECT m."case" FROM search_words JOIN message m ON m.id = search_words.rowid '
        "WHERE search_words MATCH :query ORDER BY search_words.rowid DESC LIMIT :most)"
    ),
    "postgresql": text(
        'SELECT DISTINCT "case" FROM (SELECT m."case" FROM search_words s JOIN message m ON m.id = s.message '
        "WHERE s.words @@ CAST(:query AS tsquery) ORDER BY s.message DESC LIMIT :most) AS found"
    ),
}
# How many words begin so PostgreSQL guesses wrong, and reads everything from the newest on. Made to gather first, it
# asks the index.
_BY_BEGINNINGS = {
    "sqlite": _BY_WORDS["sqlite"],
    "postgresql": text(
        "WITH hit AS MATERIALIZED (SELECT message FROM search_words WHERE words @@ CAST(:query AS tsquery)), "
        "newest AS (SELECT message FROM hit ORDER BY message DESC LIMIT :most) "
        'SELECT DISTINCT m."case" FROM newest JOIN message m ON m.id = newest.message'
    ),
}
_STANDS_SOMEWHERE = {
    "sqlite": text("SELECT 1 FROM search_words WHERE search_words MATCH :query LIMIT 1"),
    "postgresql": text(
        "WITH hit AS MATERIALIZED (SELECT 1 FROM search_words WHERE words @@ CAST(:query AS tsquery)) "
        "SELECT 1 FROM hit LIMIT 1"
    ),
}
_BY_PARTS = {
    "sqlite": (
        'SELECT h."case" FROM search_heading JOIN heading h ON h."case" = search_heading.rowid '
        "WHERE search_heading MATCH :query AND {terms} ORDER BY search_heading.rowid DESC LIMIT :most"
    ),
    "postgresql": (
        'SELECT h."case" FROM search_heading s JOIN heading h ON h."case" = s.number '
        "WHERE s.grams @> :query AND {terms} ORDER BY s.number DESC LIMIT :most"
    ),
}


def search(conn: Connection, asked: str, most: int = MOST) -> list[int]:
    """Numbers of the cases that fit, the newest first. A lone number finds exactly that case, if it exists.

    Otherwise all words must stand in one message (a word of four letters that stands nowhere may be the beginning of
    a longer one), or each must be a part of the case's subject, names and addresses.
    """
    number = _NUMBER.fullmatch(asked.strip())
    if number:
        found = list(conn.scalars(_BY_NUMBER, {"number": int(number[1])}))
        if found or asked.strip().startswith("#"):
            return found
    terms = fold(asked).split()[:_TERMS]
    if not terms:
        return []
    if conn.dialect.name == "postgresql":  # a plan made for any words is a bad one for these
        conn.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
    both = {*_by_words(conn, terms, most), *_by_parts(conn, terms, most)}
    return sorted(both, reverse=True)[:most]


def _by_words(conn: Connection, terms: Sequence[str], most: int) -> list[int]:
    """Whole words are read from the newest message on, as far as needed. A word that stands nowhere as a whole is taken
    for a beginning: all that begins so must be gathered before the first case is known, so it is not done for others.
    """
    wanted = [word for term in terms for word in _asked_words(term)]
    if not wanted:
        return []
    name = conn.dialect.name
    found = list(conn.scalars(_BY_WORDS[name], {"query": _query(name, wanted), "most": most}))
    if found:
        return found
    long = {word for word in wanted if len(word) >= _BEGINNING or (len(word) == 1 and _UNSPACED.fullmatch(word))}
    beginnings = {w for w in long if conn.scalar(_STANDS_SOMEWHERE[name], {"query": _query(name, [w])}) is None}
    query = _query(name, wanted, beginnings)
    return list(conn.scalars(_BY_BEGINNINGS[name], {"query": query, "most": most})) if beginnings else []


def _query(dialect: str, wanted: Sequence[str], beginnings: Container[str] = ()) -> str:
    """All of these words. They are letters and digits only: no operator, whatever the user wrote (S31)."""
    if dialect == "sqlite":
        return " ".join(f'"{word}"' + (" *" if word in beginnings else "") for word in wanted)
    return " & ".join(f"'{word}'" + (":*" if word in beginnings else "") for word in wanted)


def _asked_words(term: str) -> list[str]:
    """The words of one term; of a run of unspaced script its pairs, but not the lone last letter of a longer run."""
    found = _WORD.findall(words(term))
    kept = [word for word in found if len(word) > 1 or not _UNSPACED.fullmatch(word)]
    return [word[:_WORD_LENGTH] for word in kept or found]


def _by_parts(conn: Connection, terms: Sequence[str], most: int) -> list[int]:
    """Terms of three letters and more narrow it down by the index; then every term must really be in the heading."""
    wanted = _rarest(conn, {gram for term in terms for gram in grams(term)})
    if not wanted:
        return []
    name = conn.dialect.name
    quoted = [gram.replace('"', '""') for gram in wanted]
    query: Any = " ".join(f'"{gram}"' for gram in quoted) if name == "sqlite" else wanted
    position = "instr" if name == "sqlite" else "strpos"
    every = " AND ".join(f"{position}(h.text, :term{i}) > 0" for i in range(len(terms)))
    values = {f"term{i}": term for i, term in enumerate(terms)}
    return list(conn.scalars(text(_BY_PARTS[name].format(terms=every)), {"query": query, "most": most, **values}))


def _rarest(conn: Connection, wanted: set[str]) -> list[str]:
    """The few of these that stand in the fewest of the newest headings. Where half of all customers have one mail
    provider, the letters of its name tell nothing and cost most.
    """
    if len(wanted) <= _GRAMS:
        return sorted(wanted)
    newest = [row[0] for row in _NEWEST.all(conn)]
    return sorted(wanted, key=lambda gram: (sum(gram in heading for heading in newest), gram))[:_GRAMS]
