"""The keeper: a process for what goes by the clock or waits on other servers: IMAP pollers, the tick, /healthz."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

from mailcase import log
from mailcase.config import Config
from mailcase.intake.imap import watch
from mailcase.pulse import Pulse
from mailcase.status import Status, serve
from mailcase.store.engine import Database

# The tick only wakes a worker, which asks our tables what is due (D2): a late tick is a late mail, never a lost one.
TICK_SECONDS = 5
ALERT_SECONDS = 30

logger = log.get("keeper")


class Keeper:
    """Owns the threads of this process. `run` ends when all of them have."""

    def __init__(self, config: Config, pulse: Pulse, names: tuple[str, ...], wake: Callable[[], None]) -> None:
        self.config, self.wake = config, wake
        self.database = Database.open(config.database)
        self.status = Status(config, self.database, pulse, names)
        self.stop = threading.Event()
        self.beats: dict[str, float] = {}
        self.alerted: set[str] = set()

    def run(self, stopped: Callable[[], bool], beat: Callable[[], None]) -> None:
        """Run until `stopped`; `beat` is called as long as no poller hangs."""
        threads = [self._poller(m.name) for m in self.config.mailbox if m.imap]
        server = serve(self.config.http, self.status) if self.config.http else None
        clock = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1,
                                                                "misfire_grace_time": None})  # fmt: skip
        clock.add_job(self.wake, "interval", seconds=TICK_SECONDS)
        clock.add_job(self._alert, "interval", seconds=ALERT_SECONDS)
        clock.start()
        while not stopped():
            beat()
            self.stop.wait(0.5)
        self.stop.set()
        clock.shutdown(wait=False)
        if server:
            server.shutdown()
        for thread in threads:
            thread.join(timeout=5)

    def _poller(self, name: str) -> threading.Thread:
        mailbox = next(m for m in self.config.mailbox if m.name == name)
        thread = threading.Thread(
            target=watch,
            name=f"imap-{name}",
            args=(mailbox, self.database),
            kwargs={
                "stop": self.stop,
                "wake": self.wake,
                "beat": self._beat,
                "now": lambda: datetime.now(UTC),
                "status": self.status.mailbox,
                "jitter": random.random,
            },
            daemon=True,
        )
        thread.start()
        return thread

    def _beat(self, name: str) -> None:
        self.beats[name] = time.monotonic()

    def _alert(self) -> None:
        """Say it once, and once again when it is over, that a mailbox has not been read for `alert_after` (P4)."""
        late = {m.mailbox: m for m in self.status.late(datetime.now(UTC))}
        for name in late.keys() - self.alerted:
            logger.error("mailbox-not-read", mailbox=name, problem=late[name].problem,
                         last_read=str(late[name].last_read or "never"))  # fmt: skip
        for name in self.alerted - late.keys():
            logger.info("mailbox-read-again", mailbox=name)
        self.alerted = set(late)
