"""A mail's kind as `read` finds it, for tests that are about nothing else."""

from __future__ import annotations

from mailcase.core.message import Envelope, Kind, Mail, Ours, Signal
from mailcase.core.reading import classify as machine
from mailcase.core.reading.dsn import read_bounce


def classify(mail: Mail, envelope: Envelope, ours: Ours) -> tuple[Kind, tuple[Signal, ...]]:
    """What sent the mail, and every sign of it."""
    return machine.classify(mail, read_bounce(mail), envelope, ours)
