"""The structure of a plain text that we wrote, so that its HTML part can be made from it."""

from __future__ import annotations

SIGNATURE = "\n-- \n"


def blocks(text: str) -> dict[str, object]:
    """`blocks`: paragraphs, quotes, lists and links of the text in order; `footer`: the lines below its `-- `.

    A block is {"kind", "lines"}; one of kind `links` has {"links": [{"label", "href"}]} for lines of the form
    `Label: <mailto:…>`.
    """
    body, mark, footer = text.rpartition(SIGNATURE)
    if not mark:
        body, footer = text, ""
    return {
        "blocks": [_block(chunk.split("\n")) for chunk in body.strip("\n").split("\n\n") if chunk.strip()],
        "footer": footer.strip("\n").split("\n") if footer else [],
    }


def _block(lines: list[str]) -> dict[str, object]:
    lines = [line for line in lines if line]
    links = [link for link in map(_link, lines) if link]
    if len(links) == len(lines):
        return {"kind": "links", "lines": [], "links": links}
    for kind, mark in (("quote", ">"), ("list", "- ")):
        if all(line.startswith(mark) for line in lines):
            return {"kind": kind, "lines": [line[len(mark) :].strip() for line in lines], "links": []}
    return {"kind": "text", "lines": lines, "links": []}


def _link(line: str) -> dict[str, str] | None:
    label, found, rest = line.partition(": <mailto:")
    if not found or not rest.endswith(">") or " " in rest:
        return None
    return {"label": label, "href": f"mailto:{rest[:-1]}"}
