"""A folder with the files that the configs of these tests name."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with good and bad secrets in it; no config, and none named by the environment."""
    for variable in ("MAILCASE_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef\n")
    (tmp_path / "password").write_text("correct horse battery staple\n")
    (tmp_path / "weak").write_text("short\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe" * 20)
    (tmp_path / "folder").mkdir()
    for secret in ("secret", "password"):
        (tmp_path / secret).chmod(0o600)
    return tmp_path
