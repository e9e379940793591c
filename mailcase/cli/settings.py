"""Which config file the person at the command line chose, and the config that is in it."""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailcase.config import Config

_CHOSEN: ContextVar[Path | None] = ContextVar("chosen", default=None)


def choose(path: Path | None) -> None:
    """Keeps what -c said for the command that follows."""
    _CHOSEN.set(path)


def chosen() -> Path | None:
    """What -c said, or None. Few commands need it: `load_config` follows the environment and the usual places too."""
    return _CHOSEN.get()


def load_config() -> Config:
    """The config to work with. Raises ConfigError with a line for every fault."""
    from mailcase.config import load

    return load(_CHOSEN.get())
