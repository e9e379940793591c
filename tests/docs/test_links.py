"""Every link between the documents leads somewhere, and every file that they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.markdown import PAGES, ROOT, anchor, code, links, prose, sections

# Files of a running desk, of other programs, and of the reader: no file of ours.
ELSEWHERE = ("/", "~", "var/", "mailcase.toml", ".venv", "$")
FOLDERS = ("mailcase", "docs", "config", "systemd", "templates", "tests", "tools")


def problem_of(page: Path, link: str) -> str:
    """What is wrong with a link, "" when it is right. Pages of the web are not asked."""
    if re.match(r"https?://", link):
        return ""
    path, _, part = link.partition("#")
    target = (page.parent / path) if path else page
    if not target.exists():
        return f"{link}: there is no {target}"
    if part and part not in {anchor(heading) for heading in sections(target.read_text("utf-8"))}:
        return f"{link}: {target.name} has no such heading"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [said for link in links(page.read_text("utf-8")) if (said := problem_of(page, link))] == []


def test_a_broken_link_would_be_seen() -> None:
    assert problem_of(ROOT / "README.md", "docs/nowhere.md")
    assert problem_of(ROOT / "README.md", "docs/configuration.md#nowhere")
    assert not problem_of(ROOT / "README.md", "docs/configuration.md#an-example")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    """`core/case.py` is short for `mailcase/core/case.py`."""
    named = {word.partition(":")[0] for word in code(prose(page.read_text("utf-8")))}
    ours = {
        word
        for word in named
        if re.fullmatch(r"[\w./-]+", word) and not word.startswith(ELSEWHERE)
        and (word.endswith(".py") or ("/" in word and word.split("/")[0] in FOLDERS))
    }  # fmt: skip
    assert {word for word in ours if not ((ROOT / word).exists() or (ROOT / "mailcase" / word).exists())} == set()


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page not in reached and page.suffix == ".md":
            reached.add(page)
            found = (page.parent / link.partition("#")[0] for link in links(page.read_text("utf-8")))
            todo += [target.resolve() for target in found if target.is_file()]
    assert set(PAGES) - reached == set()
