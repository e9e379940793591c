"""Every row of the fault table has a test that names it."""

from __future__ import annotations

import pytest

from tests.faults.rows import ROWS, by_row


@pytest.mark.parametrize("row", list(ROWS))
def test_there_is_a_test_of(row: str) -> None:
    assert by_row()[row], f"no test in tests/faults or tests/intake is called test_{row}_..."
