"""A scripted mail client: people who answer the mails that they have read, and what a day's script says they do."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from tools.desk import Desk, text_of

AGENTS = {"bob": "Bob <bob@staff.example>", "sue": "Sue <sue@staff.example>"}
SCRIPT = Path(__file__).with_name("forty.toml")


@dataclass(frozen=True)
class Step:
    """`writer` writes `text` in a certain `way`, and `reader` reads a mail with `words` in it."""

    way: str
    writer: str
    text: str
    reader: str
    words: str


@dataclass
class Row:
    """A case of the script, its number once it has one, and what it says in the end."""

    name: str
    says: str
    steps: list[Step]
    history: list[str]
    joins: str
    number: int = 0


@dataclass
class Office:
    """Everybody's inbox: what each of them read last about each case, and the list they read last."""

    desk: Desk
    read: dict[tuple[str, str], EmailMessage] = field(default_factory=dict)
    lists: dict[str, EmailMessage] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def reads(self, who: str, words: str, row: Row) -> EmailMessage:
        """Wait for a mail with these words and read it. One without a number in its subject is a list."""
        others = {n for name, n in self.numbers.items() if name not in (row.name, row.joins)}

        def look() -> EmailMessage | None:
            for mail in self.desk.inbox(address(who)):
                fits = words in f"{mail['Subject']}\n{text_of(mail)}" and number_of(mail) not in others
                if fits and str(mail["Message-ID"]) not in self.known:
                    return mail
            return None

        mail = self.desk.wait_for(look, f"{who} reads {words!r} about the {row.name}")
        assert mail is not None
        self.known.add(str(mail["Message-ID"]))
        if number_of(mail):
            self.read[who, row.name] = mail
        else:
            self.lists[who] = mail
        return mail

    def opens(self, row: Row) -> None:
        """The customer writes; both agents read their copies, and the customer what they got back."""
        subject = f"About the {row.name}"
        self.desk.write(person(row.name), subject, row.says)
        row.number = number_of(self.reads("bob", subject, row))
        self.numbers[row.name] = row.number
        self.reads("sue", subject, row)
        self.reads(row.name, f"[Case #{row.number}]", row)

    def does(self, row: Row, step: Step) -> None:
        """One line of the script, until the mail is read that it leads to."""
        writer, reader = (row.name if who == "they" else who for who in (step.writer, step.reader))
        text = step.text.format(n=row.number, **self.numbers)
        if step.writer in AGENTS:
            self.written.append(text)
        getattr(self, f"_{step.way}")(row, writer, text)
        if not reader:
            self.desk.settled()
            return
        mail = self.reads(reader, step.words, row)
        if reader in AGENTS:
            self.told.append(f"{mail['Subject']} {text_of(mail)}")

    def _answers(self, row: Row, writer: str, text: str) -> None:
        self.desk.write(person(writer), "", text, answers=self.read[writer, row.name])

    def _automatic(self, row: Row, writer: str, text: str) -> None:
        mail = self.read[writer, row.name]
        self.desk.write(person(writer), "", text, answers=mail, headers={"Auto-Submitted": "auto-replied"})

    def _new(self, row: Row, writer: str, text: str) -> None:
        self.desk.write(person(writer), f"Re: [Case #{row.number}] About the {row.name}", text)

    _stranger = _new

    def _tap(self, row: Row, writer: str, text: str) -> None:
        """Press the link of the list's row, and Send: what the link has filled in, and the client's signature."""
        page = self.lists[writer].get_body(("html",))
        assert page is not None
        links = [unescape(link) for link in re.findall(r'href="(mailto:[^"]+)"', str(page.get_content()))]
        parts = urlsplit(next(link for link in links if f"body=%23{text}" in link and str(row.number) in unquote(link)))
        values = parse_qs(parts.query)
        body = f"{values['body'][0]}\n\n-- \n{writer.title()}\n"
        self.desk.write(person(writer), values["subject"][0], body, to=unquote(parts.path))


def number_of(mail: EmailMessage) -> int:
    """The case that its subject names; 0 for a list."""
    found = re.search(r"\[Case #(\d+)\]", str(mail["Subject"]))
    return int(found[1]) if found else 0


def person(who: str) -> str:
    """Their name and address."""
    return AGENTS.get(who, f"{who.title()} <{who}@customer.example>")


def address(who: str) -> str:
    """Their address."""
    return person(who).partition("<")[2].rstrip(">")


def script() -> list[Row]:
    """The day, in the order in which it happens."""
    return [
        Row(
            one["name"],
            one.get("says", "It is broken."),
            [_step(s) for s in one["day"]],
            one.get("history", []),
            one.get("joins", ""),
        )
        for one in tomllib.loads(SCRIPT.read_text("utf-8"))["case"]
    ]


def _step(line: str) -> Step:
    doing, _, seen = line.rpartition(" => ")
    who, _, text = doing.partition(": ")
    way, _, writer = who.rpartition(" ")
    reader, _, words = seen.partition(": ")
    return Step(way or "answers", writer, text, reader, words)
