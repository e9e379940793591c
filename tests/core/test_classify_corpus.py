"""The mails that other projects keep, with what their tests expect (data outside the repository)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mailcase.core.message import Envelope, Kind, Ours
from mailcase.core.reading.dsn import read_bounce
from mailcase.core.reading.parse import read_mail
from tests.core.verdict import classify

CORPUS = Path(os.environ.get("MAILCASE_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
INDEX = CORPUS / "index.jsonl"
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not INDEX.exists(), reason="no corpus: neither ../shared/corpus nor $MAILCASE_CORPUS"),
]
# A person passes a bounce on ("Fwd: …", quoted): that is a customer who needs help, and no bounce.
PASSED_ON = {"lhost-sendmail-14.eml"}


def rows(key: str) -> list[dict[str, Any]]:
    if not INDEX.exists():
        return []
    read = (json.loads(line) for line in INDEX.read_text().splitlines())
    return [
        row for row in read if row["form"] == "eml" and key in row.get("expect", {}) and (CORPUS / row["path"]).exists()
    ]


def kind_of(row: dict[str, Any]) -> Kind:
    return classify(read_mail((CORPUS / row["path"]).read_bytes()), Envelope(), Ours())[0]


def test_bounces_are_told_from_other_mail() -> None:
    wrong = [
        row["path"]
        for row in rows("is_bounce")
        if not row["expect"].get("is_arf") and (kind_of(row) is Kind.BOUNCE) != row["expect"]["is_bounce"]
    ]
    assert [path for path in wrong if Path(path).name not in PASSED_ON] == []


def test_complaints_are_no_bounces() -> None:
    assert Kind.BOUNCE not in {kind_of(row) for row in rows("is_arf") if row["expect"]["is_arf"]}


@pytest.mark.parametrize(("key", "action"), [("failed_permanent", "failed"), ("failed_temporary", "delayed")])
def test_recipients(key: str, action: str) -> None:
    wrong = []
    for row in rows(key):
        bounce = read_bounce(read_mail((CORPUS / row["path"]).read_bytes()))
        found = {r.address.lower() for r in bounce.recipients if r.action == action} if bounce else set()
        if found != {address.lower() for address in row["expect"][key]}:
            wrong.append((row["path"], found))
    assert wrong == []


def test_automatic_mail() -> None:
    found = {
        row["path"]: kind_of(row)
        for key in ("is_auto_reply", "is_auto_generated")
        for row in rows(key)
        if row["expect"][key]
    }
    assert [path for path, kind in found.items() if kind is Kind.PERSON] == []
