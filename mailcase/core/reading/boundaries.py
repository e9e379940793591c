"""Gives the boundaries of a mail names that are always the same. The library's parser compiles a regular expression for
every new boundary, which costs more than the rest of a small mail's parsing; Python 3.13 no longer does."""

from __future__ import annotations

import re
from itertools import permutations

MOST = 8
NAME = "mailcase+boundary+"
_PARAMETER = b"boundary="
_VALUE = re.compile(rb'"([!#-~]{8,70})"|([!#-:<-~]{8,70})(?=[;\r\n])')


def renamed(raw: bytes) -> tuple[bytes, dict[str, str]]:
    """(the mail with `NAME` and a number in its boundary lines, the new names by the stated ones).

    The fields that state the boundaries stay. Where anything is unusual the bytes stay as they are, and there are no
    names. Lines that only look like boundaries are renamed too: a part with `NAME` in it says so. Linear.
    """
    stated = _stated(raw)
    unusual = len(stated) > MOST or NAME.encode() in raw
    if not stated or unusual or any(one.startswith(other) for one, other in permutations(stated, 2)):
        return raw, {}
    changed, names = raw, {}
    for number, boundary in enumerate(stated):
        name = f"{NAME}{number}"
        changed = changed.replace(b"\n--" + boundary, b"\n--" + name.encode())
        if b"--" + boundary in changed:  # behind a lone CR, or at the end of a line
            return raw, {}
        names[boundary.decode("ascii")] = name
    return changed, names


def _stated(raw: bytes) -> list[bytes]:
    found: dict[bytes, None] = {}
    at = raw.find(_PARAMETER)
    while at >= 0 and len(found) <= MOST:
        if match := _VALUE.match(raw, at + len(_PARAMETER)):
            found[match[1] or match[2]] = None
        at = raw.find(_PARAMETER, at + 1)
    return list(found)
