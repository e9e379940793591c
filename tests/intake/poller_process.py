"""The IMAP poller as a process of its own, to be killed: python -m tests.intake.poller_process SETTINGS (JSON).

Prints a line for every change of its status. The tests set MAILCASE_FAILPOINT for it.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from datetime import UTC, datetime

from mailcase.config import MailboxTable
from mailcase.intake import imap
from mailcase.store.engine import Database


def main() -> None:
    settings = json.loads(sys.argv[1])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    imap.watch(
        MailboxTable.model_validate(settings["mailbox"]),
        Database.open(settings["database"]),
        stop=stop,
        wake=lambda: None,
        beat=lambda _: None,
        now=lambda: datetime.now(UTC),
        status=lambda status: print(status.state, status.problem, flush=True),
        jitter=lambda: 0.0,
    )


if __name__ == "__main__":
    main()
