"""Reads the arguments of MAIL and RCPT (RFC 5321 section 4.1.2): an address and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_ADDRESS = 320  # 64 octets, an @ and 255 octets (RFC 5321 section 4.5.3.1)


class PathError(ValueError):
    """The argument is not what the grammar allows; its text is the reply."""


@dataclass(frozen=True, slots=True)
class Path:
    """`address` is "" for the null path `<>`; `route` says that a source route stood before it.

    `parameters` are in upper case on the left side; a value is "" where there was none.
    """

    address: str
    route: bool
    parameters: Mapping[str, str]


def parse_path(argument: str, keyword: str) -> Path:
    """The path and parameters of `FROM:<a@b> SIZE=10` or `TO:<a@b>`. Raises PathError with the reply."""
    name, colon, rest = argument.partition(":")
    if not colon or name.strip().upper() != keyword:
        raise PathError(f"501 5.5.4 Syntax: {keyword}:<address>")
    rest = rest.strip()
    if rest.startswith("<"):
        quoted = rest.rfind('"') + 1  # a > may stand inside a quoted local part
        end = rest.find(">", quoted)
        if end < 0:
            raise PathError(f"501 5.5.4 Syntax: {keyword}:<address>")
        address, rest = rest[1:end], rest[end + 1 :]
    else:
        address, _, rest = rest.partition(" ")
        if not address:
            raise PathError(f"501 5.5.4 Syntax: {keyword}:<address>")
    route = address.startswith("@") and ":" in address
    return Path(_checked(address.partition(":")[2] if route else address), route, _parameters(rest))


def _checked(address: str) -> str:
    """The address, or PathError where it cannot be one."""
    if len(address.encode("utf-8", "replace")) > LONGEST_ADDRESS:
        raise PathError("501 5.1.3 The address is too long")
    if not address.isprintable() or "<" in address or (" " in address and '"' not in address):
        raise PathError("501 5.1.3 The address has characters that cannot be in one")
    return address


def _parameters(text: str) -> dict[str, str]:
    found = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not name.replace("-", "").isalnum() or (equals and not value):
            raise PathError("501 5.5.4 The parameters are not well formed")
        found[name.upper()] = value
    return found
