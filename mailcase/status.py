"""How the daemon is: /healthz for a supervisor, /metrics for Prometheus (P4)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mailcase.config import Config, Http
from mailcase.config.values import parse_listen
from mailcase.errors import MailcaseError
from mailcase.intake.imap import MailboxStatus
from mailcase.pulse import Pulse
from mailcase.store import figures
from mailcase.store.engine import Database

# A part without a sign for so long is called unhealthy; the parent kills it later.
QUIET_SECONDS = 30.0


class Status:
    """What is known about the daemon. Written by the pollers' threads, read by the web server's."""

    def __init__(self, config: Config, database: Database, pulse: Pulse, names: tuple[str, ...]) -> None:
        self.config, self.database, self.pulse, self.names = config, database, pulse, names
        self.started = datetime.now(UTC)
        self._mailboxes: dict[str, MailboxStatus] = {}
        self._lock = threading.Lock()

    def mailbox(self, status: MailboxStatus) -> None:
        """A poller tells how it goes."""
        with self._lock:
            self._mailboxes[status.mailbox] = status

    def mailboxes(self) -> list[MailboxStatus]:
        """All pollers' last words."""
        with self._lock:
            return list(self._mailboxes.values())

    def late(self, now: datetime) -> list[MailboxStatus]:
        """The mailboxes that have not been read for `alert_after`; standing by for another daemon is not late."""
        return [
            m
            for m in self.mailboxes()
            if m.state != "standby" and now - (m.last_read or self.started) > self.config.alert_after
        ]

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether all is well, and what is not."""
        problems: list[str] = []
        now = time.monotonic()
        quiet = {name: round(now - self.pulse.read(slot).at, 1) for slot, name in enumerate(self.names)}
        problems += [f"{n} has shown no sign for {s} s" for n, s in quiet.items() if s > QUIET_SECONDS]
        problems += [f"mailbox {m.mailbox} is not read: {m.problem or m.state}" for m in self.late(datetime.now(UTC))]
        counts: dict[str, Any] = {}
        try:
            with self.database.read() as conn:
                counts = figures.counts(conn)
        except MailcaseError as error:
            problems += error.problems
        report = {"ok": not problems, "problems": problems, "parts": quiet, "counts": counts,
                  "mailboxes": {m.mailbox: m.state for m in self.mailboxes()}}  # fmt: skip
        return not problems, report


class _Figures(Collector):
    """Reads the tables when it is asked: one truth, and no counter that a restart forgets."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        with self._status.database.read() as conn:
            counts = figures.counts(conn)
        yield _family("mailcase_spool_mails", "Mails that reached us, by state", "state", counts["spool"].items())
        yield _family("mailcase_outbox_mails", "Outgoing mails, by state", "state", counts["outbox"].items())
        yield _family("mailcase_cases", "Cases, by kind of status", "status", counts["cases"].items())
        yield GaugeMetricFamily("mailcase_deadlines_overdue", "Deadlines that should have been acted on",
                                value=counts["overdue"])  # fmt: skip
        beats = [(name, self._status.pulse.read(slot)) for slot, name in enumerate(self._status.names)]
        now = time.monotonic()
        yield _family("mailcase_part_quiet_seconds", "Since the last sign of a part", "part",
                      ((name, now - beat.at) for name, beat in beats))  # fmt: skip
        done = CounterMetricFamily("mailcase_part_done", "Pieces of work done since the start", labels=["part"])
        failed = CounterMetricFamily("mailcase_part_failed", "Pieces of work that failed", labels=["part"])
        for name, beat in beats:
            done.add_metric([name], beat.done)
            failed.add_metric([name], beat.failed)
        yield done
        yield failed
        wall = datetime.now(UTC)
        read = [(m.mailbox, (wall - m.last_read).total_seconds()) for m in self._status.mailboxes() if m.last_read]
        yield _family("mailcase_mailbox_unread_seconds", "Since a mailbox was last read", "mailbox", read)


def _family(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, figure in values:
        family.add_metric([value], figure)
    return family


def serve(http: Http, status: Status) -> ThreadingHTTPServer:
    """Answer GET /healthz (200 or 503, JSON) and GET /metrics in a thread, until `shutdown`. Raises MailcaseError."""
    registry = CollectorRegistry()
    registry.register(_Figures(status))

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/healthz":
                well, report = status.health()
                self._answer(200 if well else 503, "application/json", json.dumps(report).encode() + b"\n")
            elif self.path == "/metrics":
                self._answer(200, "text/plain; version=0.0.4; charset=utf-8", generate_latest(registry))
            else:
                self._answer(404, "text/plain", b"/healthz or /metrics\n")

        def _answer(self, code: int, content_type: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """A probe every second is no news."""

    place = parse_listen(http.listen)
    try:
        server = ThreadingHTTPServer((place.host, place.port), Handler)
    except OSError as error:
        raise MailcaseError(f"http.listen: cannot listen on {http.listen}: {error.strerror}; choose another") from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server
