"""What can go wrong in the store, each in one line that says what to do."""

from __future__ import annotations

from mailcase.errors import MailcaseError


class StoreError(MailcaseError):
    """The store could not do it."""


class DatabaseUnavailable(StoreError):
    """The database did not answer: locked too long, gone, or an error of the disk. Trying again later may work."""


class DatabaseFull(DatabaseUnavailable):
    """No room left on the disk of the database. SMTP says 452 4.3.1 to this (RFC 3463 section 3.4)."""


class DatabaseBroken(DatabaseUnavailable):
    """The disk failed under SQLite: what is on it is unknown until the file is opened anew by a new process (A12)."""


class DatabaseUnfit(StoreError):
    """The database does not keep its promises (durability, locking): we do not start on it."""

    exit_code = 2


class SchemaTooNew(StoreError):
    """The database was written by a newer mailcase."""

    exit_code = 2


class SchemaTooOld(StoreError):
    """The database has no schema yet, or that of an older mailcase."""

    exit_code = 2


class AlreadyRunning(StoreError):
    """Another process holds the lock."""


class Moved(StoreError):
    """Somebody else changed what this was decided on: read again, decide again."""


class LeaseLost(StoreError):
    """The row is not ours any more: its lease ended and somebody else took it, or it is finished already."""


class NoSuch(StoreError):
    """There is no such row."""
