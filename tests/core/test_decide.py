"""The rules for mail, one situation a row: which rule, which status, who is written to (S, F, R4, R5, T3, O4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailcase.core import thread
from mailcase.core import token as tokens
from mailcase.core.context import Counts, Sent
from mailcase.core.decision import CaseView, Decision
from mailcase.core.message import Address, Bounce, BouncedRecipient, Kind, Signal
from mailcase.core.policy import StatusKind as K
from tests.core.heart import (
    ANNA,
    BOB,
    NOW,
    POLICY,
    STRANGER,
    SUPPORT,
    arrival,
    case,
    decided,
    mailed,
    moved,
    named,
    participant,
)

TEAM = [("notification", "bob@staff.example"), ("notification", "sue@staff.example")]


def test_mail_that_belongs_to_nothing_is_a_new_case() -> None:
    decision = decided(arrival(mail_more={"cc": (Address("", "carl@example.org"), Address("", "sales@example.com"))}))
    opened = named(decision.events, "CaseOpened")[0]
    assert (decision.rule, opened.case, opened.status, opened.requester) == ("new-case", 1077, "new", ANNA)
    assert [p.address.address for p in opened.participants] == ["carl@example.org"]
    assert mailed(decision) == [("acknowledgement", "anna@example.org"), *TEAM]
    assert [d.kind for d in decision.deadlines[1077]] == ["remind_agent", "escalate"]
    assert decision.outcome.kind == "case"


@pytest.mark.parametrize(
    ("kind", "move"),
    [(K.NEW, None), (K.OPEN, None), (K.PENDING, ("pending", "open")), (K.POSTPONED, ("postponed", "open")),
     (K.RESOLVED, ("resolved", "open"))],
)  # fmt: skip
def test_customer_writes(kind: K, move: tuple[str, str] | None) -> None:
    decision = decided(arrival(on=case(kind=kind)))
    assert (decision.rule, moved(decision), mailed(decision)) == ("customer-writes", move, TEAM)
    assert (1042 in decision.deadlines) is (move is not None)


def test_a_closed_case_gets_a_follow_up_with_notes_in_both() -> None:
    closed = case(kind=K.CLOSED, assignee="bob", participants=(participant("carl@example.org"),))
    decision = decided(arrival(on=closed, subject="Re: [Case #1042] Printer"))
    opened = named(decision.events, "CaseOpened")[0]
    assert (opened.case, opened.follow_up_of, opened.subject, opened.assignee) == (1077, 1042, "Printer", "bob")
    notes = {m.case: m.text for m in named(decision.events, "MessageFiled") if m.direction == "note"}
    assert notes == {1077: "Follow-up case created from case 1042", 1042: "Follow-up case 1077 created"}
    assert mailed(decision)[0] == ("follow-up", "anna@example.org")
    assert "[Case #1077]" in decision.replies[0].subject
    assert "1042" not in decision.replies[0].subject
    assert "first@example.org" in decision.replies[0].references
    assert str(decision.actor) == "customer:anna@example.org"
    assert moved(decision) is None


def test_a_closed_case_is_kept_without_its_assignee_where_configured() -> None:
    policy = replace(POLICY, mailboxes=(replace(SUPPORT, inherit_assignee=False),))
    decision = decided(arrival(on=case(kind=K.CLOSED, assignee="bob")), policy=policy)
    assert named(decision.events, "CaseOpened")[0].assignee == ""


def test_an_active_follow_up_is_joined() -> None:
    decision = decided(arrival(on=case(kind=K.CLOSED), follow_up=case(1060, K.PENDING)))
    assert (decision.rule, decision.outcome.case, moved(decision)) == ("active-follow-up", 1060, ("pending", "open"))
    assert not named(decision.events, "CaseOpened")


@pytest.mark.parametrize("kind", [Kind.AUTOMATIC_REPLY, Kind.BULK, Kind.LOOP])
@pytest.mark.parametrize("status", list(K))
def test_machine_mail_on_a_case_is_filed_and_changes_nothing(kind: Kind, status: K) -> None:
    decision = decided(arrival(on=case(kind=status), kind=kind))
    assert [type(e).__name__ for e in decision.events] == ["MessageFiled"]
    assert (decision.replies, dict(decision.deadlines), decision.outcome.kind) == ((), {}, "note")


@pytest.mark.parametrize(
    ("kind", "outcome"), [(Kind.AUTOMATIC_REPLY, "ignored"), (Kind.LOOP, "ignored"), (Kind.BULK, "case")]
)
def test_machine_mail_without_a_case(kind: Kind, outcome: str) -> None:
    decision = decided(arrival(kind=kind, unanswerable="bulk"))
    assert decision.outcome.kind == outcome
    assert [k for k, _ in mailed(decision)] == (["notification"] * 2 if outcome == "case" else [])


def bounced(permanent: bool = True, about: bool = True, on: K = K.PENDING) -> object:
    report = Bounce(
        permanent, (BouncedRecipient("anna@example.org", "failed" if permanent else "delayed", "5.1.1", "no"),)
    )
    return decided(
        arrival(
            on=case(kind=on), kind=Kind.BOUNCE, sender=Address("", "mailer-daemon@mx.example"),
            reading_more={"bounce": report}, about=Sent("answer@example.com", 1042, "answer") if about else None,
        )
    )  # fmt: skip


def test_a_permanent_bounce_of_ours_opens_the_case_and_tells_the_agents() -> None:
    decision = bounced()
    assert moved(decision) == ("pending", "open")
    assert named(decision.events, "BounceRecorded")[0].outgoing_message_id == "answer@example.com"
    assert {kind for kind, _ in mailed(decision)} == {"delivery-problem"}


@pytest.mark.parametrize("more", [{"permanent": False}, {"about": False}, {"on": K.CLOSED}])
def test_other_bounces_move_nothing(more: dict[str, object]) -> None:
    assert moved(bounced(**more)) is None


def test_a_bounce_about_nothing_is_ignored() -> None:
    decision = decided(arrival(kind=Kind.BOUNCE, reading_more={"bounce": Bounce(True)}))
    assert (decision.outcome.kind, decision.events) == ("ignored", ())


def test_a_stranger_is_flagged_on_an_active_case() -> None:
    decision = decided(
        arrival(sender=STRANGER, on=case(kind=K.PENDING), mail_more={"cc": (Address("", "evil@x.example"),)})
    )
    assert moved(decision) == ("pending", "open")
    filed = named(decision.events, "MessageFiled")[0]
    assert not filed.verified
    added = named(decision.events, "ParticipantsChanged")[0].added
    assert [(p.address.address, p.role) for p in added] == [("mallory@evil.example", "unverified")]
    assert all("staff.example" in to for _, to in mailed(decision))


@pytest.mark.parametrize(("strangers", "kind"), [("flag", K.CLOSED), ("new_case", K.OPEN)])
def test_a_stranger_gets_a_case_of_their_own(strangers: str, kind: K) -> None:
    decision = decided(arrival(sender=STRANGER, on=case(kind=kind), mailbox=replace(SUPPORT, strangers=strangers)))
    assert named(decision.events, "CaseOpened")[0].follow_up_of is None
    assert "Mentions case 1042" in [e.text for e in named(decision.events, "Recorded")]


def test_strangers_can_be_trusted() -> None:
    decision = decided(arrival(sender=STRANGER, on=case(kind=K.PENDING), mailbox=replace(SUPPORT, strangers="thread")))
    assert named(decision.events, "ParticipantsChanged")[0].added[0].role == "cc"
    assert named(decision.events, "MessageFiled")[0].verified


@pytest.mark.parametrize(("evidence", "joins"), [("token", True), ("own-id:x", True), ("subject:1042", False)])
def test_newcomers_join_only_on_an_answer_to_ours(evidence: str, joins: bool) -> None:
    decision = decided(arrival(on=case(), evidence=evidence, mail_more={"cc": (Address("", "carl@example.org"),)}))
    assert bool(named(decision.events, "ParticipantsChanged")) is joins


def test_confirmed_by_the_link() -> None:
    token = tokens.parse(tokens.make(POLICY.secrets[0], tokens.CONFIRM, 1042, NOW, b"nonce"))
    decision = decided(arrival("", on=case(kind=K.RESOLVED), keys=thread.Keys(token), evidence="token"))
    assert (decision.rule, moved(decision)) == ("confirmed", ("resolved", "closed"))
    assert named(decision.events, "StatusChanged")[0].resolution == "confirmed"
    assert mailed(decision) == [("closed", "anna@example.org")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [("Thank you, it works now!", "confirmed"), ("Thanks, but it still fails. Can you look again?", "customer-writes")],
)
def test_confirmed_in_words(text: str, rule: str) -> None:
    assert decided(arrival(text, on=case(kind=K.RESOLVED))).rule == rule


def test_a_confirmation_of_a_stranger_does_not_close() -> None:
    assert decided(arrival("Thank you!", sender=STRANGER, on=case(kind=K.RESOLVED))).rule == "stranger-flagged"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"unanswerable": "null sender"}, "null sender"),
        ({"mailbox": replace(SUPPORT, acknowledge=False)}, "does not acknowledge"),
        ({"sender": Address("", "support@example.com")}, "no address"),
        ({"sender": None}, "no address"),
    ],
    ids=["RFC 3834", "configured", "our own address", "unknown sender"],
)
def test_no_acknowledgement_and_the_history_says_why(more: dict[str, object], reason: str) -> None:
    decision = decided(arrival(**more))
    assert "acknowledgement" not in {kind for kind, _ in mailed(decision)}
    assert any(reason in e.text for e in named(decision.events, "Recorded") if e.event == "mail-suppressed")


@pytest.mark.parametrize(
    "counts",
    [
        Counts(address_hour=5),
        Counts(address_day=20),
        Counts(case_day=6),
        Counts(domain_hour=500),
        Counts(total_hour=20_000),
    ],
)
def test_S13_limits_of_automatic_mail(counts: Counts) -> None:
    assert "acknowledgement" not in {kind for kind, _ in mailed(decided(arrival(), counts=counts))}


def test_an_import_answers_and_notifies_nobody_and_starts_no_deadline() -> None:
    for what in (
        arrival(silent=True),
        arrival(on=case(kind=K.PENDING), silent=True),
        arrival(on=case(kind=K.CLOSED), silent=True),
    ):
        decision = decided(what)
        assert (decision.replies, [d for ds in decision.deadlines.values() for d in ds]) == ((), [])


def test_B4_mail_from_the_sent_folder_joins_its_case_and_is_not_sent_again() -> None:
    to_anna = {"to": (ANNA,)}
    decision = decided(arrival(sender=Address("", "support@example.com"), on=case(), source="sent", mail_more=to_anna))
    assert (decision.rule, moved(decision), decision.replies) == ("sent-folder", ("open", "pending"), ())
    new = decided(arrival(sender=Address("", "support@example.com"), source="sent", mail_more=to_anna))
    assert (named(new.events, "CaseOpened")[0].requester, moved(new)) == (ANNA, ("open", "pending"))


def test_B4_our_address_in_From_is_no_loop_there_and_what_we_sent_ourselves_is_known_by_its_mark() -> None:
    def sent(*signals: Signal) -> Decision:
        more = {"to": (ANNA,)}
        signs = {"signals": (Signal("own-address", Kind.LOOP, True), *signals)}
        return decided(arrival(sender=Address("", "support@example.com"), on=case(), source="sent", kind=Kind.LOOP,
                               mail_more=more, reading_more=signs))  # fmt: skip

    assert moved(sent()) == ("open", "pending")
    ours = sent(Signal("own-loop-mark", Kind.LOOP, True))
    assert (ours.rule, ours.outcome.kind, ours.events) == ("sent-by-us", "ignored", ())
    away = sent(Signal("auto-submitted", Kind.AUTOMATIC_REPLY, True))
    assert (away.rule, moved(away)) == ("sent-by-a-machine", None)
    assert named(away.events, "MessageFiled")[0].automatic


def test_where_evidence_disagrees_the_history_says_so() -> None:
    doubtful = thread.Thread(case(), "token", ("subject:7 says case 7",))
    decision = decided(arrival(thread=doubtful))
    assert "evidence-disagrees" in {e.event for e in named(decision.events, "Recorded")}


def test_an_agent_in_a_customers_copy_is_not_told_of_their_own_mail() -> None:
    decision = decided(arrival(sender=Address("Bob", BOB.address), agent=None))
    assert decision.rule == "new-case"


def test_a_broken_from_can_still_be_answered_by_an_agent() -> None:
    broken = decided(arrival(sender=None, mail_more={"authors": (ANNA,)}, unanswerable="unknown sender"))
    assert named(broken.events, "CaseOpened")[0].requester == ANNA
    assert "acknowledgement" not in {kind for kind, _ in mailed(broken)}
    for tricky in (Address("", BOB.address), Address("", "support@example.com")):
        decision = decided(arrival(sender=None, mail_more={"authors": (tricky,)}, unanswerable="unknown sender"))
        assert named(decision.events, "CaseOpened")[0].requester == Address("", "")


@pytest.mark.parametrize("on", [None, case(), case(kind=K.CLOSED)])
def test_B7_a_message_id_that_was_used_before_is_noted_and_the_mail_is_kept(on: CaseView | None) -> None:
    decision = decided(arrival(on=on, repeats=True))
    assert "message-id-reused" in {e.event for e in named(decision.events, "Recorded")}
    assert named(decision.events, "MessageFiled")
