"""Secrets come from files or from systemd credentials, and stay out of reprs, logs and errors (P1, S29)."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from mailcase.config.errors import ConfigError

# The shortest key that is worth the name: 128 bits.
MIN_KEY_BYTES = 16


def find_secret(path: Path) -> Path:
    """The file itself when it can be read, else the systemd credential that has its name.

    The daemon's user cannot read /etc/mailcase/credentials/imap-password: the unit's `LoadCredential=` hands it over
    as `$CREDENTIALS_DIRECTORY/imap-password`, or with a prefix when a whole folder is loaded (systemd.exec(5)). So one
    config serves both the daemon and an operator who is root. Done once, when the config is loaded.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder or os.access(path, os.R_OK):
        return path
    named = (Path(folder, path.name), Path(folder, f"mailcase_{path.name}"))
    return next((credential for credential in named if credential.is_file()), path)


def read_password(path: Path) -> str:
    """The first line of the file. Raises ConfigError when there is none."""
    lines = _lines(path, "write the password on its first line")
    return lines[0]


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of a secret file, a line each, the newest first. Raises ConfigError for a missing or weak key."""
    lines = _lines(path, "make one with mailcase init, or with: head -c 32 /dev/urandom | base64")
    if any(len(line) < MIN_KEY_BYTES for line in lines):
        raise ConfigError(
            f"{path} has a key shorter than {MIN_KEY_BYTES} characters; "
            "write a longer one, such as from: head -c 32 /dev/urandom | base64"
        )
    return tuple(line.encode() for line in lines)


def _lines(path: Path, remedy: str) -> list[str]:
    """The lines of a file that are not empty. Errors name the file and never its content."""
    try:
        lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}; {remedy}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; {remedy}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); let the daemon's user read it") from None
    if not lines:
        raise ConfigError(f"{path} is empty; {remedy}")
    return lines


def without_password(text: str, user: str, password: str) -> str:
    """`text` with the password blotted out, also as base64 has it: some servers say back what they refuse (S29)."""
    told = (password, f"\0{user}\0{password}", f"{user}\0{user}\0{password}")
    for word in (password, *(base64.b64encode(form.encode()).decode().rstrip("=") for form in told)):
        text = text.replace(word, "[hidden]") if word else text
    return text
