"""Places where a test can make the daemon die, fail, wait or spin. Off, and nearly free, unless it is told twice."""

from __future__ import annotations

import os
import signal
import threading
import time

KINDS = ("kill", "killall", "raise", "sleep", "spin")


class FailpointError(Exception):
    """What a failpoint of the kind `raise` raises."""


def _setting() -> tuple[str, str, float, bytes]:
    """(name, kind, seconds, about) from MAILCASE_FAILPOINT=name:kind[:seconds]; all empty when off.

    MAILCASE_ALLOW_FAILPOINTS=1 must be set as well, so that a stray variable cannot hurt a real desk. Raises
    ValueError for a kind we do not know: a test that thinks it breaks something must not pass by a typing error.
    MAILCASE_FAILPOINT_ABOUT=text limits it to what has this text.
    """
    value = os.environ.get("MAILCASE_FAILPOINT", "")
    if not value or os.environ.get("MAILCASE_ALLOW_FAILPOINTS") != "1":
        return "", "", 0.0, b""
    name, _, rest = value.partition(":")
    kind, _, seconds = rest.partition(":")
    if kind not in KINDS:
        raise ValueError(
            f"MAILCASE_FAILPOINT={value!r}: write NAME:KIND or NAME:KIND:SECONDS; kinds: {', '.join(KINDS)}"
        )
    about = os.environ.get("MAILCASE_FAILPOINT_ABOUT", "").encode()
    return name, kind, float(seconds or (0 if kind == "killall" else 1)), about


_NAME, _KIND, _SECONDS, _ABOUT = _setting()


def failpoint(name: str, about: bytes = b"") -> None:
    """Does what MAILCASE_FAILPOINT says for `name`, where `about`, such as the mail in hand, has the wanted text.

    kill: this process dies by SIGKILL; killall: all of its process group do, at once or so many seconds later, while
    this goes on; raise: FailpointError; sleep: waits; spin: burns processor time.
    """
    if name != _NAME or _ABOUT not in about:
        return
    if _KIND == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif _KIND == "killall":
        _kill_all(_SECONDS)
    elif _KIND == "raise":
        raise FailpointError(name)
    elif _KIND == "sleep":
        time.sleep(_SECONDS)
    else:
        end = time.process_time() + _SECONDS
        while time.process_time() < end:
            pass


def _kill_all(delay: float) -> None:
    """With a delay what follows the failpoint, such as a commit, is cut at some point of its way."""
    if not delay:
        os.killpg(0, signal.SIGKILL)

    def later() -> None:
        time.sleep(delay)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=later, daemon=True).start()
