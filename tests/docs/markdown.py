"""What the tests of the documents read: headings, tables, blocks of code and links of a Markdown file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^```([\w.]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A block of code: its language as written behind the fence, its text, and the heading it stands under."""

    language: str
    text: str
    heading: str


def read(page: str) -> str:
    """The text of a page of docs/, or of one at the top."""
    return (ROOT / page).read_text("utf-8")


def sections(text: str) -> dict[str, str]:
    """The text below each heading, by the heading without its #; what stands before the first one is ""."""
    found = {"": ""}
    heading, fenced = "", False
    for line in text.splitlines(keepends=True):
        fenced ^= line.startswith("```")
        if not fenced and (match := re.match(r"#{1,6} (.+)", line)):
            heading = match[1].strip()
            found[heading] = ""
        else:
            found[heading] += line
    return found


def blocks(text: str) -> list[Block]:
    """Every block of code, in order."""
    return [
        Block(match[1], match[2], heading)
        for heading, part in sections(text).items()
        for match in _FENCE.finditer(part)
    ]


def prose(text: str) -> str:
    """The text without its blocks of code."""
    return _FENCE.sub("", text)


def rows(text: str) -> list[list[str]]:
    """The rows of all tables in it, without headers; `\\|` in a cell is a bar."""
    found: list[list[str]] = []
    lines = text.splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        if not line.startswith("|"):
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if re.fullmatch(r"[|:\- ]+", line):
            found.pop()
        elif above or cells:
            found.append(cells)
    return found


def code(text: str) -> list[str]:
    """Everything that stands in single backticks."""
    return _CODE.findall(text)


def links(text: str) -> list[str]:
    """Where the links of the prose go."""
    return _LINK.findall(prose(text))


def anchor(heading: str) -> str:
    """The name by which a heading is linked, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
