"""An agent has answers sent later; one of them not, because the customer wrote first (O6)."""

from __future__ import annotations

from tools.desk import Desk, text_of

ANNA, BOB = "Anna Berg <anna@example.org>", "Bob <bob@staff.example>"


def test_answers_that_go_out_later() -> None:
    with Desk(mailbox_more='notify = ["bob"]') as desk:
        desk.write(ANNA, "a slow printer", "It prints slowly.")
        ack, copy = desk.read("anna@example.org"), desk.read("bob@staff.example", "slow printer")
        number = int(desk.json("search", "slow printer")[0]["number"])
        desk.write(BOB, "", "#later 1s\nHas it become faster?", answers=copy)
        desk.write(BOB, "", "#later 2d unless-answered\nAre you still there?", answers=copy)
        desk.read("anna@example.org", "become faster")
        desk.wait_for(lambda: desk.case(number)["status"] == "pending", "it was an answer like any other")
        due = [row for row in desk.json("deadlines") if row["kind"].startswith("later")]
        assert [(row["case"], row["kind"]) for row in due] == [(number, "later_unless_answered")]
        assert [row["text"] for row in desk.case(number)["later"]] == ["Are you still there?"]
        assert "unless the customer writes: Are you still there?" in desk.run("case", "show", str(number))
        desk.write(ANNA, "", "Yes, it has.", answers=ack)
        desk.wait_for(lambda: desk.case(number)["later"] == [], "it is cancelled")
        assert "scheduled-answer-cancelled" in [h["event"] for h in desk.case(number)["history"]]
        assert not any("still there" in text_of(mail) for mail in desk.inbox("anna@example.org"))
