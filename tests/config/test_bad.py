"""Each wrong config gives exactly the lines beside it: what is wrong, where, and what to write."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mailcase.config import load
from mailcase.config.errors import ConfigError

BAD = sorted((Path(__file__).parent / "bad").glob("*.toml"))


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_wrong_config_gives_these_lines(file: Path, desk: Path) -> None:
    config = Path(shutil.copy(file, desk / "mailcase.toml"))
    with pytest.raises(ConfigError) as refused:
        load(config)
    assert str(refused.value).replace(f"{desk}/", "") == file.with_suffix(".errors").read_text().rstrip("\n")
    assert refused.value.exit_code == 2


def test_no_error_repeats_a_password(desk: Path) -> None:
    for file in BAD:
        config = Path(shutil.copy(file, desk / "mailcase.toml"))
        with pytest.raises(ConfigError) as refused:
            load(config)
        assert "hunter2" not in str(refused.value), file.stem


def test_bytes_that_are_not_utf8(desk: Path) -> None:
    (desk / "mailcase.toml").write_bytes(b'secret_file = "\xff"\n')
    with pytest.raises(ConfigError, match=r"mailcase\.toml: byte 15 is not UTF-8; save the file as UTF-8"):
        load(desk / "mailcase.toml")


def test_a_folder_is_no_config(desk: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory\); let this user read it"):
        load(desk)
