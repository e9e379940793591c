"""Configs that work: what they become, where they are found, and what is said about unwise ones."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from mailcase.config import Config, find, load
from mailcase.config.errors import ConfigError
from mailcase.config.secrets import read_password
from mailcase.config.values import Target
from mailcase.config.warnings import SHIPPED_LANGUAGES
from mailcase.core.policy import StatusKind

ROOT = Path(__file__).parents[2]
SMALL = 'secret_file = "secret"\n[[mailbox]]\nname = "support"\naddress = "support@example.com"\n'


def loaded(desk: Path, text: str) -> Config:
    (desk / "mailcase.toml").write_text(text)
    return load(desk / "mailcase.toml")


def with_credentials(text: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The config with every secret file it names handed over the way systemd does it: as a credential of its name."""
    folder = desk / "credentials"
    folder.mkdir()
    for name in {Path(path).name for path in re.findall(r'^(?:\w+_file) = "([^"]+)"', text, re.MULTILINE)}:
        (folder / name).write_text("0123456789abcdef\n")
        (folder / name).chmod(0o600)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return loaded(desk, text)


def test_the_public_example_loads_as_it_is(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = with_credentials((ROOT / "tests/config/good/face.toml").read_text(), desk, monkeypatch)
    assert config.database == f"sqlite:///{desk}/var/mailcase.db"
    assert config.smtp is not None
    assert config.smtp.max_size == 25 * 1024 * 1024
    assert config.send.target() == Target("smtp", "127.0.0.1", 2500)
    mailbox = config.mailbox[0]
    assert mailbox.imap is not None
    assert mailbox.imap.password() == "0123456789abcdef"
    assert mailbox.deadlines.remind_customer == (timedelta(days=3), timedelta(days=7))
    assert [warning.partition(": ")[2].partition(":")[0] for warning in config.warnings()] == [
        "mailbox[1].address",
        "mailbox[1].deadlines.escalate",
    ]


def test_the_shipped_example_loads(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = with_credentials((ROOT / "config/mailcase.toml").read_text(), desk, monkeypatch)
    assert config.warnings() == ()


def uncommented(text: str) -> str:
    return re.sub(r"^# (?=(?:\w+ = |\[\[))", "", text, flags=re.MULTILINE)


def keys_of(model: type[BaseModel]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, field in model.model_fields.items():
        parts = [field.annotation, *get_args(field.annotation)]
        inner = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
        found[name] = keys_of(inner) if inner else None
    return found


def test_the_shipped_example_shows_every_key() -> None:
    shown = tomllib.loads(uncommented((ROOT / "config/mailcase.toml").read_text()))
    for name, inner in keys_of(Config).items():
        if name == "source":
            continue
        assert name in shown
        table = shown[name][0] if isinstance(shown[name], list) else shown[name]
        for key, deeper in (inner or {}).items():  # type: ignore[attr-defined]
            assert key in table, f"{name}.{key}"
            assert set(deeper or {}) <= set(table[key] if deeper else {}), f"{name}.{key}"


def test_the_defaults_in_the_shipped_example_are_the_defaults(desk: Path) -> None:
    """What stands in comments as a default is one: with and without them the config is the same."""
    text = (ROOT / "config/mailcase.toml").read_text()
    text = text.replace("/etc/mailcase/credentials/", str(desk) + "/")
    for name in ("secret", "smtp-password", "imap-password", "bob"):
        (desk / name).write_text("0123456789abcdef\n")
    plain = loaded(desk, text)
    examples = ("templates", "tls_certificate", "tls_key", "notify", "mailboxes", "password_file", "networks", "relays")
    lines = [line for line in text.splitlines() if not re.match(rf"# (?:{'|'.join(examples)}) = ", line)]
    told = loaded(desk, uncommented("\n".join(lines)))
    assert told.model_dump(exclude={"status"}) == plain.model_dump(exclude={"status"})
    assert [status.name for status in told.status] == ["lab"]


def test_paths_are_relative_to_the_file_and_not_to_us(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    config = loaded(desk, SMALL.replace("[[", '[smtp]\nlisten = "unix:smtp.sock"\n[[', 1))
    assert config.secret_file == desk / "secret"
    assert config.send.to == f"maildir:{desk}/var/outgoing"
    assert config.database == f"sqlite:///{desk}/var/mailcase.db"
    assert config.smtp is not None
    assert config.smtp.listen == f"unix:{desk}/smtp.sock"


def test_the_file_is_found_by_option_then_environment_then_place(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    with pytest.raises(ConfigError, match=r"there is no config file \(looked for mailcase.toml, /etc/mailcase/"):
        find()
    (desk / "mailcase.toml").write_text(SMALL)
    assert find() == Path("mailcase.toml")
    monkeypatch.setenv("MAILCASE_CONFIG", "elsewhere.toml")
    assert find() == Path("elsewhere.toml")
    assert find(Path("told.toml")) == Path("told.toml")
    with pytest.raises(ConfigError, match=r"there is no config file told\.toml; make one with mailcase init"):
        load(Path("told.toml"))


def test_never_and_dates(desk: Path) -> None:
    config = loaded(
        desk,
        SMALL + 'expected_time = "never"\n[mailbox.imap]\nhost = "h"\nuser = "u"\npassword_file = "password"\n'
        'start = 2026-11-01\n[mailbox.deadlines]\nescalate = "never"\nremind_customer = []\n',
    )
    mailbox = config.mailbox[0]
    assert mailbox.imap is not None
    assert mailbox.imap.start == date(2026, 11, 1)
    assert (mailbox.expected_time, mailbox.deadlines.escalate, mailbox.deadlines.remind_customer) == (None, None, ())


def test_hours_holidays_and_priorities(desk: Path) -> None:
    config = loaded(
        desk,
        SMALL + '[mailbox.hours]\nzone = "Europe/Berlin"\nopen = ["mon-thu 08:00-12:00", "mon-thu 13:00-17:00", '
        '"sun 22:00-24:00"]\nholidays = "DE-BY"\nclosed = [2027-12-24]\n'
        '[mailbox.deadlines]\nescalate = "never"\nfirst_response = "4h"\n'
        '[mailbox.deadlines.urgent]\nescalate = "2h"\nremind_agent = "never"\n',
    )
    mailbox = config.policy().mailbox("support")
    assert mailbox.hours is not None
    assert mailbox.hours.zone == "Europe/Berlin"
    assert mailbox.hours.week == (((480, 720), (780, 1020)),) * 4 + ((), (), ((1320, 1440),))
    year = date.today().year
    assert {date(year, 1, 6), date(year + 1, 12, 25), date(2027, 12, 24)} <= mailbox.hours.closed
    plain, urgent = mailbox.deadlines, mailbox.deadlines.of("urgent")
    assert (plain.remind_agent, plain.escalate) == (timedelta(hours=8), None)
    assert (urgent.remind_agent, urgent.escalate, urgent.first_response) == (
        None,
        timedelta(hours=2),
        timedelta(hours=4),
    )
    assert plain.of("high") is plain


def test_without_the_table_a_desk_is_always_open(desk: Path) -> None:
    assert loaded(desk, SMALL).policy().mailbox("support").hours is None


def test_the_policy_has_what_the_file_says(desk: Path) -> None:
    config = loaded(
        desk,
        SMALL
        + '[[mailbox]]\nname = "sales"\naddress = "sales@example.com"\nnotify = ["ann"]\n'
        + '[[agent]]\nname = "bob"\naddress = "bob@staff.example"\nmailboxes = ["support"]\n'
        + '[[agent]]\nname = "ann"\naddress = "ann@staff.example"\n'
        + '[[status]]\nname = "open"\nkind = "open"\nlabel = "In work"\n'
        + '[[status]]\nname = "lab"\nkind = "postponed"\n',
    )
    policy = config.policy({"en": {"hello": "Hello {name}"}})
    assert policy.mailbox("support").notify == ("bob", "ann")
    assert policy.mailbox("sales").notify == ("ann",)
    assert policy.mailbox("support").deadlines.escalate == timedelta(hours=16)
    assert [status.name for status in policy.statuses] == [*(kind.value for kind in StatusKind), "lab"]
    opened = policy.status("open")
    assert opened is not None
    assert opened.label == "In work"
    assert policy.status_of_kind(StatusKind.POSTPONED).name == "postponed"
    assert policy.phrase("de", "hello", name="Ann") == "Hello Ann"


def test_a_new_key_in_front_signs_and_the_desk_stays_the_same(desk: Path) -> None:
    old = loaded(desk, SMALL).policy()
    (desk / "secret").write_text("a-newer-key-of-32-letters-or-more\n" + (desk / "secret").read_text())
    new = load(desk / "mailcase.toml").policy()
    assert new.secrets == (b"a-newer-key-of-32-letters-or-more", *old.secrets)
    assert new.desk_id == old.desk_id
    assert len(new.desk_id) == 12


def test_secrets_are_in_no_repr(desk: Path) -> None:
    config = loaded(
        desk, SMALL + '[send]\nto = "smtps://mail.example.com"\nuser = "support"\npassword_file = "password"\n'
    )
    assert config.send.password() == "correct horse battery staple"
    assert "correct horse" not in repr(config)
    assert "0123456789abcdef" not in repr(config)


def test_a_credential_stands_in_for_a_file_we_cannot_read(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "mailcase_imap").write_text("from the folder\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(desk))
    text = SMALL + '[mailbox.imap]\nhost = "h"\nuser = "u"\npassword_file = "/nonexistent/imap"\n'
    mailbox = loaded(desk, text).mailbox[0]
    assert mailbox.imap is not None
    assert mailbox.imap.password() == "from the folder"
    assert read_password(desk / "password") == "correct horse battery staple"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no [smtp], [lmtp] or [mailbox.imap]: mail comes in through mailcase deliver and import only"),
        ('[http]\nlisten = "0.0.0.0:8080"\n', "http.listen: everybody who reaches it can read the metrics"),
        ('[lmtp]\nlisten = "192.0.2.1:2424"\n', "lmtp.listen: LMTP has no authentication"),
        ('[send]\nto = "smtps://h"\ninsecure = true\n', "send.insecure: the server's certificate is not looked at"),
        ('[[agent]]\nname = "bob"\naddress = "bob@example.com"\n', "mailbox[1].address: agents have addresses at exam"),
        ('[[agent]]\nname = "bob"\naddress = "bob@b.example"\n', "trust: nothing but reply tokens proves who is an ag"),
        ("", "mailbox[1].notify: no agent gets copies of its mail"),
        ('[[agent]]\nname = "bob"\naddress = "bob@b.example"\n', "mailbox[1].deadlines.escalate: no agent of the mail"),
    ],
)
def test_unwise_choices_are_told(desk: Path, text: str, expected: str) -> None:
    warnings = loaded(desk, 'secret_file = "secret"\n' + text + SMALL.split("\n", 1)[1]).warnings()
    assert any(expected in warning for warning in warnings), warnings


def test_a_language_without_templates_is_told_and_one_of_the_operators_is_not(desk: Path) -> None:
    text = SMALL + 'language = "nl"\n'
    assert any("there are no templates in nl" in warning for warning in loaded(desk, text).warnings())
    (desk / "templates" / "nl").mkdir(parents=True)
    text = 'templates = "templates"\n' + text
    assert not any("templates in nl" in warning for warning in loaded(desk, text).warnings())


def test_a_secret_that_everybody_can_read_is_told(desk: Path) -> None:
    (desk / "secret").chmod(0o644)
    assert any(
        "secret_file: everybody on this machine can read" in warning for warning in loaded(desk, SMALL).warnings()
    )


def test_the_languages_are_those_we_ship() -> None:
    folders = {entry.name for entry in (ROOT / "mailcase/templates").iterdir() if re.fullmatch(r"[a-z]{2}", entry.name)}
    assert folders == set(SHIPPED_LANGUAGES)
