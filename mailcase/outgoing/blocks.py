"""The structure of a plain text that we wrote, so that its HTML part can be made from it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

SIGNATURE = "\n-- \n"
_MARKS = {"quote": ">", "list": "- "}


def blocks(text: str) -> dict[str, object]:
    """`blocks`: paragraphs, quotes, lists and links of the text in order; `footer`: the lines below its `-- `.

    A block is {"kind", "lines"}: text, quote, list, or links with {"label", "href"} instead of lines, for lines of
    the form `Label: <mailto:…>`.
    """
    body, mark, footer = text.rpartition(SIGNATURE)
    if not mark:
        body, footer = text, ""
    found: list[dict[str, object]] = []
    for paragraph in body.strip("\n").split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        found += [_block(kind, list(run)) for kind, run in groupby(lines, key=_kind)]
    return {"blocks": found, "footer": footer.strip("\n").split("\n") if footer else []}


def _kind(line: str) -> str:
    if ": <mailto:" in line and line.endswith(">"):
        return "links"
    return next((kind for kind, mark in _MARKS.items() if line.startswith(mark)), "text")


def _block(kind: str, lines: Sequence[str]) -> dict[str, object]:
    if kind == "links":
        return {"kind": kind, "lines": [_link(line) for line in lines]}
    length = len(_MARKS.get(kind, ""))
    return {"kind": kind, "lines": [line[length:].strip() for line in lines] if length else lines}


def _link(line: str) -> dict[str, str]:
    label, _, rest = line.partition(": <mailto:")
    return {"label": label, "href": f"mailto:{rest.removesuffix('>')}"}
