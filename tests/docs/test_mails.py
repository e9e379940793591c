"""docs/mails.md: every kind of mail is shown, in both languages, in files that are not too large."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from mailcase.outgoing.kinds import KINDS
from tests.docs.markdown import ROOT, read
from tools.picture_desk import ORDER
from tools.pictures import LANGUAGES, SCALE, WIDTH

PICTURES = ROOT / "docs" / "pictures"
SHOWN = re.findall(r'<img src="pictures/([^"]+)"', read("docs/mails.md"))


def test_the_page_shows_every_picture_once_and_there_are_no_others() -> None:
    wanted = [f"{name}.{language}.png" for name in ORDER for language in LANGUAGES]
    assert sorted(SHOWN) == sorted(wanted)
    assert sorted(path.name for path in PICTURES.iterdir()) == sorted(wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_mail_is_in_the_day_of_the_pictures(kind: str) -> None:
    day = (ROOT / "tools" / "picture_desk.py").read_text("utf-8")
    assert re.search(rf'got\("{kind}", \w+, (?:"|name\))|, "{kind}", "[a-z-]+"\)', day)


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_is_as_wide_as_a_phone(name: str) -> None:
    head = (PICTURES / name).read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:24])
    assert width == WIDTH * SCALE
    assert height > 100


def test_all_pictures_together_are_small() -> None:
    assert sum(Path(path).stat().st_size for path in PICTURES.iterdir()) < 3_000_000
