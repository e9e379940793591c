"""What each page must be besides true: complete, in order, and about mailcase alone."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mailcase.core.case import PRIORITIES, RESOLUTIONS
from mailcase.core.policy import StatusKind
from tests.docs.markdown import PAGES, ROOT, read, rows, sections


def test_the_readme_tells_a_mails_way_in_eight_steps() -> None:
    way = rows(sections(read("README.md"))["How a mail becomes a case"])
    assert [cells[0] for cells in way] == [str(number) for number in range(1, 9)]


def test_the_words_are_in_order_and_each_is_there_once() -> None:
    words = [cells[0].strip("*") for cells in rows(read("docs/words.md"))]
    assert words == sorted(words)
    assert len(words) == len(set(words))


def test_the_words_name_what_the_code_knows() -> None:
    told = {cells[0].strip("*"): cells[1] for cells in rows(read("docs/words.md"))}
    assert all(kind.value in told["status"] for kind in StatusKind)
    assert all(resolution in told["resolution"] for resolution in RESOLUTIONS)
    assert all(priority in read("docs/cli.md") for priority in PRIORITIES)


def test_all_eighty_behaviours_have_their_answer() -> None:
    table = rows(read("docs/behaviours.md"))
    assert [cells[0] for cells in table] == [str(number) for number in range(1, 81)]
    assert {cells[2] for cells in table} == {"yes", "no", "in part", "otherwise"}
    assert [cells[0] for cells in table if cells[2] != "yes" and not cells[3]] == [], "what is otherwise has a reason"


def test_the_changes_tell_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## \[{re.escape(version)}\] – ", read("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_for_everybody(page: Path) -> None:
    """No leftovers, nobody's machine, and lines that can be read in a terminal (tables may be wide)."""
    text = page.read_text("utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|TBD)\b", text)
    assert not re.search(r"(?<![\w.])/(tmp|work|root)\b", text)
    written = re.sub(r"<!--.*?-->.*?<!--.*?-->", "", text, flags=re.DOTALL)  # the rest is what programs put there
    lines = (line for line in written.splitlines() if not line.startswith(("|", "python3 -c", "[")))
    assert [line for line in lines if len(line) > 150] == []
