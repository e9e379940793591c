"""`mailcase report` against a real desk: table, JSON and CSV say the same (L4)."""

from __future__ import annotations

import csv
from io import StringIO

from tools.desk import Desk

ANNA, BOB = "Anna Berg <anna@example.org>", "Bob <bob@staff.example>"


def test_the_report_says_the_same_three_times() -> None:
    with Desk(mailbox_more='notify = ["bob"]') as desk:
        desk.write(ANNA, "one", "The first.")
        copy = desk.read("bob@staff.example", "one")
        desk.write(BOB, "", "#take\n#resolve\nSo it is.", answers=copy)
        desk.read("anna@example.org", "So it is")
        desk.write(ANNA, "two", "The second.")
        desk.read("bob@staff.example", "two")
        desk.settled()
        data = desk.json("report", "--since", "1h")
        assert (data["cases"], data["by_status"]) == (2, {"new": 1, "resolved": 1})
        assert data["agents"]["bob"]["answers"] == data["mailboxes"]["support"]["answers"] == 1
        assert data["first_response"]["count"] == data["resolution"]["count"] == 1
        assert data["reopened"] == {"count": 0, "of": 1, "share": 0.0}
        rows = list(csv.reader(StringIO(desk.run("report", "--csv"))))
        assert rows[0] == ["section", "name", "figure", "value"]
        assert ["status", "resolved", "cases", "1"] in rows
        assert ["agent", "bob", "answers", "1"] in rows
        table = desk.run("report")
        assert "UTC: 2" in table
        assert "first response" in table
        assert desk.json("report", "--since", "2026-01-01", "--mailbox", "support")["cases"] == 2
        for wrong in (("--since", "soon"), ("--since", "2999-01-01"), ("--mailbox", "sales")):
            assert "write" in (said := desk.run("report", *wrong, code=2)) or "there are" in said
