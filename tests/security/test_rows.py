"""Every attack of the list, S1 to S40, has a test that names it, here or elsewhere, or a reason why it has none yet."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROWS = [f"S{number}" for number in range(1, 41)]
# Rows whose tests stand where the thing itself is tested. In tests/security the name of a test names its rows.
ELSEWHERE = {
    "S4": ("agents/test_forgeries.py::test_forgeries_where_tokens_prove", "agents/test_forgeries.py::test_forgeries_behind_a_border_server"),
    "S6": ("agents/test_forgeries.py::test_S6_an_outsider_with_the_forwarded_copy",
           "agents/test_forgeries.py::test_S6_no_token_of_an_agent_is_in_what_customers_get"),
    "S12": ("core/test_compose_properties.py::test_no_payload_becomes_a_header_field",),
    "S13": ("system/test_loops.py::test_S13_one_address_gets_five_acknowledgements_an_hour",
            "core/test_decide.py::test_S13_limits_of_automatic_mail"),
    "S14": ("intake/test_smtp.py::test_nothing_else_is_taken",),
    "S15": ("system/test_loops.py::test_S15_two_desks_fall_silent",),
    "S16": ("system/test_loops.py::test_S16_our_own_address_as_sender_is_answered_by_nobody",),
    "S17": ("core/test_parse_bounds.py::test_hostile_shapes_are_read_within_bounds",),
    "S25": ("intake/test_smtp_smuggling.py::test_only_crlf_dot_crlf_ends_a_mail",),
    "S26": ("intake/test_smtp_tls.py::test_what_is_sent_behind_starttls_is_not_obeyed",
            "intake/test_imap_tls.py::test_words_put_in_before_tls_are_forgotten"),
    "S27": ("intake/test_imap_tls.py::test_a_server_that_is_not_proven_gets_no_word",
            "faults/test_smarthost.py::test_D7_no_password_and_no_mail_without_tls"),
    "S28": ("intake/test_smtp.py::test_nothing_else_is_taken",),
    "S31": ("store/test_search.py::test_no_word_is_taken_for_syntax",),
    "S33": ("agents/test_forgeries.py::test_forgeries_behind_a_border_server",),
    "S34": ("agents/test_forgeries.py::test_S34_the_same_mail_again_is_worked_on_once",),
    "S37": ("core/test_compose.py::test_active_types_leave_as_octet_stream",),
}  # fmt: skip
# What the row is about is not built yet. A row leaves this table when it is.
NOT_YET = {
    "S30": "there is no OAuth: no token is stored",
}
# A row that is tested as far as it goes.
IN_PART = {
    "S39": "nothing of a mail is in the logs; there is no command that erases a person yet",
}


def functions_of(file: Path) -> list[str]:
    return [n.name for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, ast.FunctionDef)]


def named_here() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in sorted((TESTS / "security").glob("test_*.py")):
        for name in functions_of(file):
            for row in re.findall(r"S\d+(?=_)", name) if name.startswith("test_") else ():
                found.setdefault(row, []).append(f"security/{file.name}::{name}")
    return found


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_a_test(row: str) -> None:
    found = [*named_here().get(row, ()), *ELSEWHERE.get(row, ())]
    print(f"{row}: {', '.join(found)} {NOT_YET.get(row, '')}{IN_PART.get(row, '')}")
    assert bool(found) != (row in NOT_YET)


def test_the_tests_that_are_named_exist() -> None:
    for name in {name for names in ELSEWHERE.values() for name in names}:
        path, _, function = name.partition("::")
        assert function in functions_of(TESTS / path), name


def test_no_row_is_unknown() -> None:
    assert set(named_here()) | set(ELSEWHERE) | set(NOT_YET) | set(IN_PART) <= set(ROWS)


def test_what_is_not_built_is_not_built() -> None:
    """The reasons above are looked at as well: who builds OAuth or erasure writes its test."""
    source = "".join(p.read_text("utf-8").lower() for p in (TESTS.parent / "mailcase").rglob("*.py"))
    assert "xoauth2" not in source
    assert '"erase"' not in source
