"""Every command of the command line on a desk that runs: the shapes of its JSON, filters, sorts and exit codes (L1, T6)."""

from __future__ import annotations

import email.policy
import json
import mailbox as archives
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailcase.store.tables import spool
from tests.servers.sink import Fault, Sink
from tests.system.story import ANNA, BOB, CARL, SinkDesk, becomes, case_of, command, mails_written, opened
from tools.desk import Desk, text_of

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LANGUAGES = ("ar", "cs", "de", "en", "es", "fr", "it", "ja", "ko")
CASE: dict[str, Any] = {
    "number": int, "subject": str, "status": str, "resolution": str, "priority": str, "assignee": str, "mailbox": str,
    "requester": dict, "language": str, "tags": list, "created_at": TIME, "updated_at": TIME,
    "follow_up_of": (int, type(None)), "follow_ups": list,
}  # fmt: skip
MESSAGE: dict[str, Any] = {
    "message_id": str, "direction": ("incoming", "outgoing", "note", "transfer"), "automatic": bool, "verified": bool,
    "author": str, "from": str, "to": list, "cc": list, "subject": str, "at": TIME, "text": str, "quoted": str,
    "html": str, "attachments": list, "evidence": str,
}  # fmt: skip
EVENT: dict[str, Any] = {
    "at": TIME, "actor": str, "event": str, "text": str, "from_status": str, "to_status": str,
}  # fmt: skip
OUTGOING: dict[str, Any] = {
    "id": int, "case": (int, type(None)), "kind": str, "to": str, "subject": str, "message_id": str,
    "state": ("queued", "sending", "sent", "uncertain", "failed", "held", "cancelled"), "attempts": int,
    "next_try": (TIME, None), "last_reply": str, "created_at": TIME,
}  # fmt: skip
EXPLAINED: dict[str, Any] = {
    "file": str, "kind": ("person", "automatic-reply", "bounce", "bulk", "loop"), "subject": str, "from": str,
    "from_name": str, "reply_to": list, "to": list, "cc": list, "message_id": str, "date": (TIME, None),
    "sender_role": str, "case": (int, type(None)), "evidence": str, "rule": str, "events": list, "replies": list,
    "text": str, "quoted": str, "language": str, "defects": list, "attachments": list, "bounce": (dict, type(None)),
}  # fmt: skip
QUARANTINED: dict[str, Any] = {
    "id": int, "received_at": TIME, "source": str, "from": str, "subject": str, "reason": str, "attempts": int,
}  # fmt: skip


def is_like(value: Any, wanted: Any) -> bool:
    """Whether a value is of a type, one of several words, or text of a pattern; a tuple is any of these."""
    if isinstance(wanted, tuple):
        return any(is_like(value, one) for one in wanted)
    if isinstance(wanted, re.Pattern):
        return isinstance(value, str) and bool(wanted.fullmatch(value))
    return type(value) is wanted if isinstance(wanted, type) else bool(value == wanted)


def check(row: dict[str, Any], shape: dict[str, Any]) -> None:
    """All keys of the shape are there, in its types; further ones may be."""
    wrong = {k: row.get(k, "missing") for k, wanted in shape.items() if k not in row or not is_like(row[k], wanted)}
    assert not wrong


def result(desk: Desk, *arguments: str, stdin: bytes = b"") -> Any:
    """The JSON of a command that succeeds and complains of nothing."""
    code, out, err = command("-c", str(desk.config), *arguments, "--json", stdin=stdin)
    assert (code, err) == (0, "")
    return json.loads(out)


def said(desk: Desk, *arguments: str, code: int = 0, stdin: bytes = b"") -> str:
    """What a command says; an error is one line on standard error and nothing else."""
    found, out, err = command("-c", str(desk.config), *arguments, stdin=stdin)
    assert found == code, out + err
    if code:
        assert (err.count("\n"), out) == (1, "")
    return err if code else out


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["number"] for row in rows]


@pytest.fixture(scope="module")
def desk() -> Iterator[SinkDesk]:
    more = "[automatic]\naddress_hour = 100\ncase_day = 100\n"
    with Sink() as sink, SinkDesk(sink, send_more='retry = ["1h"]', mailbox_more='notify = ["bob"]', more=more) as one:
        yield one


@pytest.fixture(scope="module")
def cases(desk: SinkDesk) -> dict[str, int]:
    """Five cases: a new one, an urgent one of Bob's, a pending one, a closed one and what follows it."""
    found: dict[str, int] = {}
    desk.write("Jürgen Müller <jm@example.org>", "Printer on fire", "The device beside the window smokes.")
    found["new"] = case_of(desk.read("bob@staff.example", "Printer on fire"))
    desk.write(CARL, "an invoice", "Number 2026-117 is wrong.")
    found["urgent"] = case_of(desk.read("bob@staff.example", "2026-117"))
    said(desk, "case", "assign", str(found["urgent"]), "bob")
    said(desk, "case", "priority", str(found["urgent"]), "urgent", "--as", "sue")
    said(desk, "case", "tag", str(found["urgent"]), "billing", "vip")
    found["pending"], _, copy = opened(desk, "zebra crossing")
    desk.write(BOB, "", "#assign sue\nWhich one?", answers=copy)
    becomes(desk, found["pending"], "pending")
    found["closed"], _, copy = opened(desk, "a door that squeaks", CARL)
    desk.write(BOB, "", "#close\nOil it.", answers=copy)
    answer = desk.read("carl@example.net", "Oil it")
    becomes(desk, found["closed"], "closed")
    desk.write(CARL, "", "It still does.", answers=answer)
    found["next"] = case_of(desk.read("bob@staff.example", "It still does"))
    desk.settled()
    return found


def test_case_list(desk: SinkDesk, cases: dict[str, int]) -> None:
    rows = result(desk, "case", "list")
    for row in rows:
        check(row, CASE)
        assert {"name": str, "address": str} == {k: type(v) for k, v in row["requester"].items()}
    assert numbers(rows) == [cases[k] for k in ("urgent", "new", "next", "pending", "closed")], "attention first (S2)"
    by = {row["number"]: row for row in rows}
    assert by[cases["closed"]]["follow_ups"] == [cases["next"]]
    assert by[cases["next"]]["follow_up_of"] == cases["closed"]
    assert (by[cases["closed"]]["resolution"], by[cases["new"]]["resolution"]) == ("solved", "")
    urgent = by[cases["urgent"]]
    assert (urgent["priority"], urgent["assignee"], urgent["tags"]) == ("urgent", "bob", ["billing", "vip"])
    assert by[cases["new"]]["requester"] == {"name": "Jürgen Müller", "address": "jm@example.org"}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("--status pending", ["pending"]),
        ("--status pending --status closed", ["pending", "closed"]),
        ("--assignee sue", ["pending"]),
        ("--mine bob", ["urgent"]),
        ("--mailbox support --limit 2", ["urgent", "new"]),
        ("--mailbox nowhere", []),
        ("--tag billing", ["urgent"]),
        ("--search printer", ["new"]),
        ("--sort number", ["new", "urgent", "pending", "closed", "next"]),
        ("--sort date", ["new", "urgent", "pending", "closed", "next"]),
        ("--sort subject", ["closed", "next", "urgent", "new", "pending"]),
        ("--sort priority --limit 1", ["urgent"]),
        ("--recent --limit 1", ["next"]),
    ],
)
def test_filters_and_sorts(options: str, wanted: list[str], desk: SinkDesk, cases: dict[str, int]) -> None:
    assert numbers(result(desk, "case", "list", *options.split())) == [cases[name] for name in wanted]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("{new}", ["new"]),
        ("#{urgent}", ["urgent"]),
        ("müller", ["new"]),
        ("ürg", ["new"]),
        ("jm@example.org", ["new"]),
        ("example.net", ["urgent", "closed", "next"]),
        ("rinter", ["new"]),
        ("2026-117", ["urgent"]),
        ("window smokes", ["new"]),
        ("zebra", ["pending"]),
        ("unheard-of", []),
    ],
)
def test_search(words: str, wanted: list[str], desk: SinkDesk, cases: dict[str, int]) -> None:
    found = numbers(result(desk, "search", *words.format(**cases).split()))
    assert sorted(found) == sorted(cases[name] for name in wanted)


def test_case_show(desk: SinkDesk, cases: dict[str, int]) -> None:
    for number in cases.values():
        case = result(desk, "case", "show", str(number))
        check(case, CASE | {"participants": list, "messages": list, "history": list})
        for message in case["messages"]:
            check(message, MESSAGE)
        for event in case["history"]:
            check(event, EVENT)
        for entries in (case["messages"], case["history"]):
            assert [e["at"] for e in entries] == sorted(e["at"] for e in entries)
    answered = result(desk, "case", "show", str(cases["pending"]))
    assert [m["direction"] for m in answered["messages"]] == ["incoming", "outgoing"]
    question, answer = answered["messages"]
    assert (question["from"], question["author"], question["verified"]) == ("anna@example.org", ANNA, True)
    assert (answer["text"].strip(), answer["to"]) == ("Which one?", ["anna@example.org"])
    shown = said(desk, "case", "show", str(cases["next"]))
    assert f"{cases['closed']} → {cases['next']}" in shown
    assert "there is no case 4711" in said(desk, "case", "show", "4711", code=1)


def test_attachments_are_named_with_type_and_size(desk: SinkDesk, cases: dict[str, int]) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = (
        CARL,
        "support@example.com",
        "a plan",
        "<plan@example.net>",
    )
    mail.set_content("See the file.")
    mail.add_attachment(b"x" * 1_000, maintype="application", subtype="pdf", filename="plän.pdf")
    desk.send(mail.as_bytes(policy=email.policy.SMTP), CARL, "support@example.com")
    number = case_of(desk.read("bob@staff.example", "See the file"))
    (message,) = result(desk, "case", "show", str(number))["messages"]
    (file,) = message["attachments"]
    assert (file["filename"], file["content_type"], file["size"]) == ("plän.pdf", "application/pdf", 1_000)


def test_what_operators_do_to_a_case(desk: SinkDesk) -> None:
    number, _, _ = opened(desk, "worked on by hand", CARL)
    one = str(number)
    said(desk, "case", "note", one, "--text", "Only for us.", "--as", "bob")
    note = desk.folder / "answer.txt"
    note.write_text("Grüße aus der Datei.\n", "utf-8")
    said(desk, "case", "reply", one, "--file", str(note), "--as", "bob")
    assert "Grüße" in text_of(desk.read("carl@example.net", "aus der Datei"))
    said(desk, "case", "reply", one, "--file", "-", stdin=b"From a pipe.\n")
    desk.read("carl@example.net", "From a pipe")
    said(desk, "case", "status", one, "postponed", "--until", "3d")
    assert (desk.case(number)["status"], bool(TIME.fullmatch(desk.case(number)["until"]))) == ("postponed", True)
    said(desk, "case", "cc", one, "+dora@example.net")
    said(desk, "case", "link", one, str(number - 1))
    assert [p["address"] for p in desk.case(number)["participants"] if p["role"] == "cc"] == ["dora@example.net"]
    assert [link["number"] for link in desk.case(number)["links"]] == [number - 1]
    said(desk, "case", "status", one, "closed", "--resolution", "withdrawn", "--quiet", "--as", "sue")
    assert desk.case(number)["resolution"] == "withdrawn"
    said(desk, "case", "follow-up", one, "--text", "One more thing.", "--as", "bob")
    assert case_of(desk.read("carl@example.net", "One more thing")) == desk.case(number)["follow_ups"][0]
    actors = {h["actor"] for h in desk.case(number)["history"]}
    assert {"agent:bob", "agent:sue", "operator"} <= actors


def test_why(desk: SinkDesk, cases: dict[str, int]) -> None:
    messages = desk.case(cases["next"])["messages"]
    came = next(m for m in messages if m["direction"] == "incoming")
    for written in (came["message_id"], f"<{came['message_id']}>"):
        (row,) = result(desk, "why", written)
        assert (row["case"], row["rule"], row["verified"]) == (cases["next"], "follow-up-case", True)
        assert row["evidence"].startswith("token")
        assert is_like(row["at"], TIME)
    answer = next(m for m in desk.case(cases["pending"])["messages"] if m["direction"] == "outgoing")
    assert result(desk, "why", answer["message_id"])[0]["case"] == cases["pending"]
    acknowledged = desk.inbox("jm@example.org")[0]
    (row,) = result(desk, "why", str(acknowledged["Message-ID"]))
    assert (row["case"], row["direction"]) == (cases["new"], "outgoing")
    assert "follow-up-case" in said(desk, "why", came["message_id"])
    assert "nobody@nowhere" in said(desk, "why", "nobody@nowhere", code=1)


def test_explain(desk: SinkDesk, cases: dict[str, int], tmp_path: Path) -> None:
    files = {
        "plain.eml": b"From: Ann <ann@quill.example>\nTo: support@example.com\nSubject: Hello\n\nA question.\n\n> old\n",
        "reply.eml": f"From: {CARL}\nTo: support@example.com\nSubject: Re: [Case #{cases['urgent']}] an invoice\n\nAnd?\n".encode(),
        "away.eml": b"From: c@example.net\nAuto-Submitted: auto-replied\nSubject: Away\n\nI am away.\n",
        "empty.eml": b"",
        "noise.eml": bytes(range(256)) * 20,
        "deep.eml": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: message/rfc822\n\n" * 300,
    }
    for name, raw in files.items():
        (tmp_path / name).write_bytes(raw)
    names = [str(tmp_path / name) for name in files]
    before = result(desk, "audit")
    code, out, err = command("-c", str(desk.config), "explain", *names, "--json")
    assert (code, err) == (0, "")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["file"] for row in rows] == names
    for row in rows:
        check(row, EXPLAINED)
    plain, reply, away, *_ = rows
    assert (plain["rule"], plain["from"], plain["from_name"], plain["text"].strip()) == (
        "new-case", "ann@quill.example", "Ann", "A question.")  # fmt: skip
    assert (reply["case"], reply["rule"], reply["sender_role"]) == (cases["urgent"], "customer-writes", "requester")
    assert reply["evidence"] == f"subject:{cases['urgent']}"
    assert (away["kind"], away["replies"]) == ("automatic-reply", [])
    assert result(desk, "audit") == before

    code, out, _ = command("explain", *names, "--json")
    empty = [json.loads(line) for line in out.splitlines()]
    assert (code, [row["case"] for row in empty]) == (0, [None] * len(files))
    for row in empty:
        check(row, EXPLAINED)
    missing = str(tmp_path / "missing.eml")
    code, out, err = command("explain", missing, names[0], "--json")
    assert (code, [json.loads(line)["file"] for line in out.splitlines()]) == (1, [missing, names[0]])
    code, out, err = command("explain", missing)
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_outbox(desk: SinkDesk) -> None:
    desk.sink.faults["rcpt"] = Fault("450 4.2.0 come back later", matching="slow@")
    desk.write("Slow <slow@example.net>", "a slow server", "Hello.")
    number = case_of(desk.read("bob@staff.example", "a slow server"))

    def deferred() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = result(desk, "outbox", "list", "--state", "queued")
        return [row for row in rows if row["attempts"]]

    (row,) = desk.wait_for(deferred, "the acknowledgement was deferred")
    for one in result(desk, "outbox", "list"):
        check(one, OUTGOING)
    assert (row["case"], row["kind"], row["to"], row["attempts"]) == (number, "acknowledgement", "slow@example.net", 1)
    assert "come back later" in row["last_reply"]
    assert is_like(row["next_try"], TIME)
    one = str(row["id"])
    said(desk, "outbox", "cancel", one)
    assert result(desk, "outbox", "list", "--case", str(number))[0]["state"] == "cancelled"
    desk.sink.faults.clear()
    said(desk, "outbox", "retry", one)
    desk.read("slow@example.net")
    desk.settled()
    assert result(desk, "outbox", "list", "--case", str(number))[0]["state"] == "sent"
    assert f"mail {one} is sent" in said(desk, "outbox", "retry", one, code=1)
    assert f"mail {one} is sent" in said(desk, "outbox", "cancel", one, code=1)
    assert "there is no mail 99999" in said(desk, "outbox", "cancel", "99999", code=1)
    assert "come back later" not in said(desk, "outbox", "list", "--state", "sent")


def test_quarantine(desk: SinkDesk) -> None:
    assert result(desk, "quarantine", "list") == []
    for number in (1, 2):
        desk.write(BOB, f"is this bob {number}", "Close everything.")
        desk.read("bob@staff.example", f"is this bob {number}")
    desk.settled()
    rows = result(desk, "quarantine", "list")
    for row in rows:
        check(row, QUARANTINED)
    assert [(row["subject"], row["from"], row["source"]) for row in rows] == [
        ("is this bob 1", "Bob <bob@staff.example>", "smtp"), ("is this bob 2", "Bob <bob@staff.example>", "smtp"),
    ]  # fmt: skip
    first, second = (str(row["id"]) for row in rows)
    assert "Subject: is this bob 1\r\n" in said(desk, "quarantine", "show", first)
    said(desk, "quarantine", "drop", first)
    said(desk, "quarantine", "retry", second)
    desk.wait_for(lambda: [str(r["id"]) for r in result(desk, "quarantine", "list")] == [second], "it is held again")
    said(desk, "quarantine", "drop", second)
    assert f"{first} is dropped" in said(desk, "quarantine", "drop", first, code=1)
    assert "99999" in said(desk, "quarantine", "retry", "99999", code=1)
    assert "Nothing" in said(desk, "quarantine", "list")


def test_audit(desk: SinkDesk) -> None:
    desk.settled()
    found = result(desk, "audit")
    assert set(found["outcomes"]) == {"case", "note", "duplicate", "ignored", "quarantined"}
    assert (found["unaccounted"], found["mailboxes"]) == (0, [])
    assert found["spooled"] == sum(found["outcomes"].values())
    check(found, {"waiting": 0, "held": 0, "problems": []})
    with desk.database().write() as conn:
        number = conn.scalar(spool.select().with_only_columns(spool.c.id).where(spool.c.outcome == "case").limit(1))
        conn.execute(spool.update().where(spool.c.id == number).values(outcome=""))
    code, out, _ = command("-c", str(desk.config), "audit", "--json")
    assert (code, json.loads(out)["unaccounted"]) == (1, 1)
    code, out, err = command("-c", str(desk.config), "audit")
    assert (code, f"spooled mail {number}" in err) == (1, True)
    with desk.database().write() as conn:
        conn.execute(spool.update().where(spool.c.id == number).values(outcome="case"))
    assert "accounted for" in said(desk, "audit")


def test_deadlines(desk: SinkDesk, cases: dict[str, int]) -> None:
    rows = result(desk, "deadlines", "--until", "4w")
    for row in rows:
        check(row, {"due_at": TIME, "case": int, "kind": str, "step": int, "overdue": bool, "status": str})
    assert [row["due_at"] for row in rows] == sorted(row["due_at"] for row in rows)
    kinds = [row["kind"] for row in rows if row["case"] == cases["pending"]]
    assert kinds == ["remind_customer", "remind_customer", "close_pending"]
    assert [r["kind"] for r in result(desk, "deadlines", "--until", "9h") if r["case"] == cases["new"]] == [
        "remind_agent"
    ]
    assert result(desk, "deadlines", "--until", "1h") == []
    assert "remind the customer" in said(desk, "deadlines")
    assert "tomorrow is not a date" in said(desk, "deadlines", "--until", "tomorrow", code=2)


def test_templates_in_nine_languages(desk: SinkDesk) -> None:
    rows = result(desk, "template", "list")
    for row in rows:
        assert set(row["languages"]) >= set(LANGUAGES)
    assert {row["kind"] for row in rows} >= {
        "acknowledgement",
        "follow-up",
        "reminder",
        "resolved",
        "closed",
        "escalation",
    }
    subjects = set()
    for language in LANGUAGES:
        shown = result(desk, "template", "preview", "reminder", "--language", language)
        check(shown, {"kind": "reminder", "language": language, "subject": str, "text": str, "html": str})
        assert ('dir="rtl"' in shown["html"]) == (language == "ar")
        subjects.add(shown["text"])
    assert len(subjects) == len(LANGUAGES)
    assert said(desk, "template", "preview", "closed").startswith("Subject: ")
    assert "there is no template nonsense; there are: " in said(desk, "template", "preview", "nonsense", code=2)


def test_deliver(desk: SinkDesk) -> None:
    raw = (
        b"From: pipe@example.net\nMessage-ID: <piped@example.net>\nSubject: brought by the aqueduct\n\nHello by pipe.\n"
    )
    for _ in range(2):  # an MTA that tries again makes no second case
        said(desk, "deliver", "--mailbox", "support", stdin=raw)
    number = case_of(desk.read("bob@staff.example", "Hello by pipe"))
    assert numbers(result(desk, "search", "aqueduct")) == [number]
    assert "5.1.1 there is no mailbox 'sales'" in said(desk, "deliver", "--mailbox", "sales", stdin=raw, code=67)
    assert "5.6.0" in said(desk, "deliver", "--mailbox", "support", stdin=b"\n", code=65)
    loop = b"Received: from a by b\n" * 200 + raw
    assert "5.4.6" in said(desk, "deliver", "--mailbox", "support", stdin=loop, code=77)
    code, _, err = command("-c", "/nowhere/mailcase.toml", "deliver", "--mailbox", "support", stdin=raw)
    assert (code, err.count("\n")) == (75, 1), "a mistake of ours must not bounce the customer's mail"


def test_import_is_silent(desk: SinkDesk, tmp_path: Path) -> None:
    def old(name: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = (
            f"Old <{name}@example.net>",
            "support@example.com",
            f"kept in {name}",
        )
        mail["Message-ID"], mail["Date"] = f"<{name}@old.example>", "Mon, 02 Mar 2015 10:00:00 +0000"
        mail.set_content(f"Long ago, in {name}.")
        return mail

    box = archives.mbox(tmp_path / "old.mbox")
    box.add(old("mbox"))
    box.close()
    folder = archives.Maildir(tmp_path / "maildir")
    folder.add(old("maildir"))
    (tmp_path / "one.eml").write_bytes(old("eml").as_bytes())
    desk.settled()
    written = mails_written(desk)
    for path in ("old.mbox", "maildir", "one.eml"):
        assert "1 mails taken in" in said(desk, "import", str(tmp_path / path), "--mailbox", "support")
        assert "0 mails taken in, 1 were here" in said(desk, "import", str(tmp_path / path), "--mailbox", "support")
    desk.settled()
    rows = result(desk, "search", "old.example") or result(desk, "search", "Long ago")
    assert {row["subject"] for row in rows} == {"kept in mbox", "kept in maildir", "kept in eml"}
    for row in rows:
        assert desk.case(row["number"])["messages"][0]["at"].startswith("2015-03-02T10:00:00")
    assert mails_written(desk) == written
    assert not {d["case"] for d in result(desk, "deadlines", "--until", "4w")} & set(numbers(rows))
    assert "there is no mailbox sales" in said(desk, "import", str(tmp_path / "one.eml"), "--mailbox", "sales", code=2)
    assert "nothing.mbox" in said(desk, "import", str(tmp_path / "nothing.mbox"), "--mailbox", "support", code=1)


def test_db_upgrade_twice_while_the_daemon_runs(desk: SinkDesk) -> None:
    for _ in range(2):
        assert said(desk, "db", "upgrade").startswith("the database is at ")
    number, _, _ = opened(desk, "after the upgrade")
    assert desk.case(number)["status"] == "new"
