"""What is wrong is refused in one line that names it and the remedy; nothing is changed, nothing is lost."""

from __future__ import annotations

import re
import signal
import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from mailcase.store.engine import Database
from mailcase.store.tables import event, outbox, spool
from tests.system.story import ANNA, BOB, becomes, case_of, command, opened
from tools.desk import Desk, text_of

QUIET = "[automatic]\naddress_hour = 100\ncase_day = 100\n"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk(mailbox_more='notify = ["bob"]', more=QUIET) as running:
        yield running


def counted(desk: Desk) -> tuple[int, ...]:
    """How many mails came in, went out, and how many things happened."""
    with desk.database().read() as conn:
        return tuple(conn.scalar(select(func.count()).select_from(table)) or 0 for table in (spool, outbox, event))


def refused(*arguments: str, code: int, stdin: bytes = b"") -> str:
    """The one line of a command that fails."""
    found, out, err = command(*arguments, stdin=stdin)
    assert (found, out, err.count("\n")) == (code, "", 1), out + err
    assert err.startswith("mailcase: ")
    return err


# ---- by SMTP ---------------------------------------------------------------------------------------------------------


def test_an_unknown_recipient_and_a_mail_that_is_too_large(desk: Desk) -> None:
    before = counted(desk)
    with smtplib.SMTP("127.0.0.1", desk.ports["smtp"], timeout=30) as client:
        client.ehlo()
        code, words = client.mail("anna@example.org", ["SIZE=99999999"])
        assert (code, words.startswith(b"5.3.4")) == (552, True)
        assert client.mail("anna@example.org")[0] == 250
        for stranger in ("nobody@example.com", "support@elsewhere.example", "support"):
            code, words = client.rcpt(stranger)
            assert (code, words.startswith(b"5.1.1")) == (550, True)
        assert client.rcpt("support@example.com")[0] == 250
        line = b"So it goes on and on, and nobody will ever read it all.\r\n"
        code, words = client.data(b"Subject: large\r\n\r\n" + line * (26 * 1024**2 // len(line)))
        assert (code, words.startswith(b"5.3.4")) == (552, True)
        assert client.noop()[0] == 250
    assert counted(desk) == before


# ---- commands by mail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ("#resolv", "#resolv"),
        ("#status fnished", "fnished"),
        ("#postpone someday", "someday"),
        ("#postpone 2020-01-01", "2020-01-01"),
        ("#assign nobody", "nobody"),
        ("#priority enormous", "enormous"),
        ("#link 4711", "4711"),
        ("#followup", "new"),
        ("#note", "note"),
        ("#resolve\n#nonsense", "#nonsense"),
    ],
)
def test_a_wrong_command_stops_the_whole_mail(order: str, named: str, desk: Desk) -> None:
    number, _, copy = opened(desk, f"wrong orders {abs(hash(order))}")
    before, customers = desk.case(number), len(desk.inbox("anna@example.org"))
    words = "" if order == "#note" else "\nThis must not leave the house."
    desk.write(BOB, "", order + words, answers=copy)
    back = desk.read("bob@staff.example", f"[Case #{number}]")
    told = text_of(back)
    assert named in told
    assert "#status" in told, "the commands there are"
    desk.settled()
    after = desk.case(number)
    assert (after["status"], after["messages"], after["assignee"]) == (before["status"], before["messages"], "")
    assert [h["event"] for h in after["history"]][-1] in ("command-refused", "mail-sent")
    assert len(desk.inbox("anna@example.org")) == customers
    if words:
        assert "This must not leave the house" in told


def test_an_impossible_move_by_mail_names_both_statuses(desk: Desk) -> None:
    number, _, copy = opened(desk, "an impossible move")
    desk.write(BOB, "", "#resolve\n#quiet", answers=copy)
    becomes(desk, number, "resolved")
    desk.read("bob@staff.example", f"[Case #{number}]")
    desk.write(BOB, "", "#status new\nOnce more from the start.", answers=copy)
    told = text_of(desk.read("bob@staff.example", f"[Case #{number}]"))
    assert re.search(r"resolved.*\bnew\b", told)
    assert desk.case(number)["status"] == "resolved"


# ---- commands in the shell -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        ("case show 4711", 1, "4711"),
        ("case status 4711 open", 1, "4711"),
        ("case status {n} fnished", 2, "fnished"),
        ("case status {n} postponed", 1, "date"),
        ("case status {n} postponed --until yesterday", 2, "yesterday"),
        ("case status {n} postponed --until 2020-01-01", 2, "2020-01-01"),
        ("case status {n} closed --resolution bored", 2, "bored"),
        ("case status {n} open --as nobody", 2, "there are: bob, sue"),
        ("case reply {n}", 2, "--text"),
        ("case reply {n} --text a --template closed", 2, "--text"),
        ("case reply {n} --text  ", 2, "the text is empty"),
        ("case reply {n} --file /nowhere/answer.txt", 2, "/nowhere/answer.txt"),
        ("case reply {n} --template nonsense", 2, "there is no template nonsense"),
        ("case reply {n} --text Hello --status fnished", 2, "fnished"),
        ("case assign {n} nobody", 2, "nobody"),
        ("case priority {n} enormous", 2, "enormous"),
        ("case cc {n} +nonsense", 2, "nonsense"),
        ("case cc {n} +support@example.com", 1, "support@example.com"),
        ("case link {n} 4711", 1, "4711"),
        ("case follow-up {n}", 1, "new"),
        ("case list --status fnished", 2, "fnished"),
        ("case list --sort colour", 2, "colour"),
        ("outbox list --state gone", 2, "gone"),
        ("outbox retry 4711", 1, "4711"),
        ("quarantine drop 4711", 1, "4711"),
        ("why nothing@nowhere", 1, "nothing@nowhere"),
        ("template preview nonsense", 2, "nonsense"),
        ("deadlines --until yesterday", 2, "yesterday"),
        ("deliver --mailbox sales", 67, "sales"),
        ("import /nowhere/mbox --mailbox support", 1, "/nowhere/mbox"),
        ("import /nowhere/mbox --mailbox sales", 2, "sales"),
    ],
)
def test_a_wrong_command_changes_nothing(arguments: str, code: int, named: str, desk: Desk, number: int) -> None:
    desk.settled()
    before = counted(desk)
    words = [word if word != " " else "" for word in arguments.format(n=number).split(" ")]
    words = [word for i, word in enumerate(words) if word or words[i - 1] == "--text"]
    said = refused("-c", str(desk.config), *words, code=code, stdin=b"Subject: x\n\ny\n")
    assert named in said
    assert counted(desk) == before


@pytest.fixture(scope="module")
def number(desk: Desk) -> int:
    return opened(desk, "asked wrongly")[0]


# ---- starting --------------------------------------------------------------------------------------------------------


def test_a_second_daemon_on_one_database_and_a_port_in_use(desk: Desk, tmp_path: Path) -> None:
    pid = desk.process.pid if desk.process else 0
    said = desk.run("run", code=1)
    assert f"already running on this database (process {pid}): stop it first" in said
    assert said.count("\n") == 1
    other = tmp_path / "other.toml"
    other.write_text(desk.config.read_text().replace("desk.db", "other.db"))
    (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef")
    said = Desk.run(Elsewhere(other), "run", code=2)
    assert f"[smtp] listen = 127.0.0.1:{desk.ports['smtp']} cannot be opened" in said
    assert said.count("\n") == 1
    opened(desk, "the first one goes on")


class Elsewhere(Desk):
    """Another config for `Desk.run`, with no daemon of its own."""

    def __init__(self, config: Path) -> None:
        self.config, self.environment = config, {}


CONFIG = 'secret_file = "secret"\ndatabase = "sqlite:///desk.db"\n[[mailbox]]\nname = "s"\naddress = "s@example.com"\n'


@pytest.mark.parametrize(
    ("change", "code", "named", "remedy"),
    [
        (("secret\"", "nosecret\""), 78, "nosecret", "mailcase init"),
        (('address = "s@example.com"', 'adress = "s@example.com"'), 78, "adress", "address"),
        (('name = "s"', 'name = "s"\nlanguage = 7'), 78, "language", "write"),
        (("sqlite:///desk.db", "mysql://desk"), 78, "mysql", "postgresql"),
        (("sqlite:///desk.db", "sqlite:///secret"), 1, "/secret", "correct database in the config"),
        (("sqlite:///desk.db", "postgresql://nobody@127.0.0.1:{port}/desk"), 1, "127.0.0.1", "correct database in the config"),
        (("[[mailbox]]", 'templates = "own"\n[[mailbox]]'), 2, "closed.", "own/"),
    ],
    ids=["no-secret", "unknown-key", "wrong-value", "database-kind", "no-database", "no-server", "template"],
)  # fmt: skip
def test_it_does_not_start_with_what_is_wrong(
    change: tuple[str, str], code: int, named: str, remedy: str, tmp_path: Path
) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef\n")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "closed.txt").write_text("Subject: x\n\n{{ nonsense.\n")
    config = tmp_path / "mailcase.toml"
    config.write_text(CONFIG.replace(*change).replace("{port}", str(port)))
    said = Desk.run(Elsewhere(config), "run", code=code)
    assert named in said
    assert remedy in said
    assert "Traceback" not in said
    assert all(line.startswith("mailcase: ") for line in said.splitlines())


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef\n")
    config = tmp_path / "mailcase.toml"
    config.write_text(CONFIG)
    assert command("-c", str(config), "db", "upgrade")[0] == 0
    database = Database.open(f"sqlite:///{tmp_path}/desk.db")
    with database.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    before = (tmp_path / "desk.db").read_bytes()
    for arguments, code in (
        (("case", "list"), 2),
        (("db", "upgrade"), 2),
        (("audit",), 2),
        (("import", str(config), "--mailbox", "s"), 2),
        (("deliver", "--mailbox", "s"), 75),
    ):
        said = refused("-c", str(config), *arguments, code=code, stdin=b"Subject: x\n\ny\n")
        assert "9999" in said
        assert "install the newer one" in said
    assert "9999" in Desk.run(Elsewhere(config), "run", code=2)
    assert (tmp_path / "desk.db").read_bytes() == before


def test_a_reload_with_a_wrong_config_goes_on_with_the_old_one(desk: Desk) -> None:
    right = desk.config.read_text()
    assert desk.process is not None
    desk.config.write_text(right.replace('name = "support"', 'nmae = "support"'))
    desk.process.send_signal(signal.SIGHUP)
    desk.wait_for(lambda: "reload-refused" in desk.log(), "the reload is refused")
    assert "nmae" in desk.log()
    opened(desk, "after the wrong reload")
    desk.config.write_text(right.replace("Example Support", "Renamed Support"))
    desk.process.send_signal(signal.SIGHUP)
    desk.wait_for(lambda: "reloaded" in desk.log(), "the reload is done")

    def taken() -> bool:
        """A session that is open during the restart hears 421, and its client comes again, as mail servers do."""
        try:
            desk.write(ANNA, "after the right reload", "Is it the new name?")
        except smtplib.SMTPException:
            return False
        return True

    desk.wait_for(taken, "the mail is taken")
    number = case_of(desk.read("bob@staff.example", "Is it the new name"))
    assert "Renamed Support" in desk.read("anna@example.org", f"[Case #{number}]")["From"]


def test_nothing_was_lost(desk: Desk) -> None:
    desk.settled()
    code, out, err = command("-c", str(desk.config), "audit", "--json")
    assert (code, err) == (0, ""), out
