"""The looks of `mailcase check`, each a function from the config to what it found. None changes or sends anything.

They run in threads, side by side: everything is imported up here, before the first thread.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailcase.cli.check import Finding
from mailcase.config import Config, MailboxTable
from mailcase.config.secrets import read_keys
from mailcase.intake.imap import check_login
from mailcase.outgoing.smarthost import open_way
from mailcase.outgoing.templates import load
from mailcase.outgoing.way import Unreachable
from mailcase.store import migrate
from mailcase.store.engine import Database

# How long a server may take to answer: shorter than the daemon waits, because a person is waiting here.
PATIENCE = timedelta(seconds=10)
CERTIFICATE_DAYS = 14
DISK_LOW = 1024**3
DISK_FULL = 100 * 1024**2
_CLOCK_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)


def at_config(config: Config) -> Iterator[Finding]:
    """The warnings; the faults were told before anything else was looked at."""
    warnings = config.warnings()
    for warning in warnings:
        yield Finding("config", "warning", warning)
    if not warnings:
        yield Finding("config", "ok", f"{config.source}: {_counted(len(config.mailbox), 'mailbox', 'mailboxes')}")
    yield Finding("secret", "ok", _counted(len(read_keys(config.secret_file)), "key", "keys"))


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def at_database(config: Config) -> Iterator[Finding]:
    """Whether it opens, keeps its promises, and has our schema. A SQLite file that is not there is not made."""
    file = sqlite_file(config)
    if file and not file.exists():
        yield Finding("database", "ok", f"{file} is not there yet; mailcase run makes it")
        return
    database = Database.open(config.database)
    try:
        for warning in database.warnings:
            yield Finding("database", "warning", warning)
        with database.read() as connection:
            found = migrate.version(connection)
        if not found:
            yield Finding("database", "ok", "reachable, no schema yet; mailcase run makes it")
            return
        migrate.check(database)
        yield Finding("database", "ok", f"{database.dialect}, schema {found}")
    finally:
        database.close()


def sqlite_file(config: Config) -> Path | None:
    """The file of a SQLite database, None for PostgreSQL."""
    scheme = "sqlite:///"
    return Path(config.database.removeprefix(scheme)) if config.database.startswith(scheme) else None


def at_mailbox(mailbox: MailboxTable, _config: Config) -> Iterator[Finding]:
    """IMAP: login, folders, and whether the server can do what `after` asks for."""
    if not mailbox.imap:
        return
    what = f"imap {mailbox.name}"
    imap = mailbox.imap.model_copy(update={"timeout": min(PATIENCE, mailbox.imap.timeout)})
    checked = check_login(mailbox.model_copy(update={"imap": imap}))
    for problem in checked.problems:
        yield Finding(what, "failed", problem)
    if not checked.problems:
        idle = "IDLE" if "IDLE" in checked.capabilities else "no IDLE, polling"
        yield Finding(what, "ok", f"{imap.user} at {imap.host}:{imap.port}, {imap.folder}, {idle}")


def at_smarthost(config: Config) -> Iterator[Finding]:
    """Connects, greets, starts TLS and logs in; no mail is begun. Of a Maildir only whether it can be written to."""
    target = config.send.target()
    if target.kind == "maildir":
        yield _writable("send", Path(target.path))
        return
    send = config.send.model_copy(update={"timeout": min(PATIENCE, config.send.timeout)})
    where = f"{target.kind}://{target.host}:{target.port}"
    try:
        with open_way(send):
            login = f"logged in as {send.user}" if send.user else "without login"
            yield Finding("send", "ok", f"{where}, {login}")
    except Unreachable as error:
        yield Finding("send", "failed", f"{where}: {error.words}; correct [send], or ask who runs the server")


def _writable(what: str, folder: Path) -> Finding:
    """Whether we can write into a folder, or into the first one above it that is there."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding(what, "ok", str(folder) if there == folder else f"{folder} is not there yet; it is made")
    return Finding(what, "failed", f"{there} cannot be written to; let the daemon's user write there")


def at_templates(config: Config) -> Iterator[Finding]:
    """Every kind in every language, rendered with sample values."""
    templates = load(config.templates)
    problems = templates.problems()
    for problem in problems:
        yield Finding("templates", "failed", problem)
    if not problems:
        yield Finding("templates", "ok", f"{len(templates.kinds)} kinds in {', '.join(templates.languages)}")


def at_certificate(config: Config) -> Iterator[Finding]:
    """Our own certificate: that it fits its key, and how long it is good for."""
    smtp = config.smtp
    if not smtp or not smtp.tls_certificate or not smtp.tls_key:
        return
    try:
        ends = certificate_end(smtp.tls_certificate, smtp.tls_key)
    except (ssl.SSLError, OSError, ValueError) as error:
        words = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error
        yield Finding("certificate", "failed", f"{smtp.tls_certificate}: {words}; write certificate and key anew")
        return
    days = (ends - datetime.now(UTC)).days
    text = f"{smtp.tls_certificate} is good until {ends:%Y-%m-%d}"
    if days < CERTIFICATE_DAYS:
        yield Finding("certificate", "warning", f"{text}, {_counted(days, 'day', 'days')} more; renew it")
    else:
        yield Finding("certificate", "ok", text)


def certificate_end(certificate: Path, key: Path) -> datetime:
    """When our certificate ends, found by shaking hands with ourselves: so the pair is known to work.

    Raises ssl.SSLError when key and certificate do not fit or it has ended, OSError for unreadable files.
    """
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate, key)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    theirs.check_hostname = False
    theirs.load_verify_locations(certificate)
    theirs.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the certificate itself is the anchor
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = ours.wrap_bio(to_us, to_them, server_side=True)
    client = theirs.wrap_bio(to_them, to_us)
    waiting = [client, server]
    while waiting:
        for side in tuple(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
    seen = client.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(seen["notAfter"])), UTC)


def at_clock(config: Config) -> Iterator[Finding]:
    """Deadlines and tokens need the right time: whether something keeps the clock, and whether it went back."""
    now = datetime.now(UTC)
    files = [config.secret_file, sqlite_file(config)]
    newest = max(datetime.fromtimestamp(file.stat().st_mtime, UTC) for file in files if file and file.exists())
    if newest > now + timedelta(minutes=5):
        yield Finding("clock", "failed", f"it says {now:%F %T}, but our files were written {newest:%F %T}; set it")
    elif _is_unsynchronised():
        yield Finding("clock", "warning", f"{now:%F %T} UTC, kept by nobody; install systemd-timesyncd or chrony")
    else:
        yield Finding("clock", "ok", f"{now:%F %T} UTC")


def _is_unsynchronised() -> bool:
    """What the kernel knows of it (adjtimex(2) with modes 0 only reads). False when it may not be asked."""
    libc = ctypes.CDLL(None)
    return bool(libc.adjtimex(ctypes.create_string_buffer(512)) == _CLOCK_UNSYNCHRONISED)


def at_disk(config: Config) -> Iterator[Finding]:
    """Room where the database is; without it mail is deferred, not lost."""
    file = sqlite_file(config)
    if not file:
        return
    folder = next(place for place in file.parents if place.exists())
    writable = _writable("disk", file.parent)
    if writable.state == "failed":
        yield writable
        return
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**3:.1f} GB free in {folder}"
    state = os.statvfs(folder)
    if free < DISK_FULL or (state.f_files and not state.f_favail):
        yield Finding("disk", "failed", f"{text}, {state.f_favail} files more; make room")
    elif free < DISK_LOW:
        yield Finding("disk", "warning", f"{text}; make room before it is full")
    else:
        yield Finding("disk", "ok", text)
