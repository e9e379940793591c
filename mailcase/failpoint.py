"""Places where a test can make the daemon die, fail or wait. Off, and nearly free, unless two variables are set."""

from __future__ import annotations

import os
import signal
import time


class FailpointError(Exception):
    """What a failpoint of the kind `raise` raises."""


def _setting() -> tuple[str, str, float]:
    """(name, kind, seconds) from MAILCASE_FAILPOINT=name:kill|raise|sleep[:seconds]; ("", "", 0.0) when off.

    MAILCASE_ALLOW_FAILPOINTS=1 must be set as well, so that a stray variable cannot hurt a real desk. Raises
    ValueError for a kind we do not know: a test that thinks it breaks something must not pass by a typing error.
    """
    value = os.environ.get("MAILCASE_FAILPOINT", "")
    if not value or os.environ.get("MAILCASE_ALLOW_FAILPOINTS") != "1":
        return "", "", 0.0
    name, _, rest = value.partition(":")
    kind, _, seconds = rest.partition(":")
    if kind not in ("kill", "raise", "sleep"):
        raise ValueError(f"MAILCASE_FAILPOINT={value!r}: write name:kill, name:raise or name:sleep:SECONDS")
    return name, kind, float(seconds or 1)


_NAME, _KIND, _SECONDS = _setting()


def failpoint(name: str) -> None:
    """Does what MAILCASE_FAILPOINT says for `name`: dies by SIGKILL, raises FailpointError or sleeps."""
    if name != _NAME:
        return
    if _KIND == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if _KIND == "raise":
        raise FailpointError(name)
    time.sleep(_SECONDS)
