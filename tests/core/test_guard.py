"""What holds an agent's answer: a colleague's newer one, a reservation, a leak; and what `#send` does (A6, A8)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from mailcase.core.context import Arrival, Crossing
from mailcase.core.decision import Decision
from mailcase.core.guard import doubts, numbers
from mailcase.core.message import Address, Attachment
from tests.core.heart import BOB, NOW, POLICY, SUPPORT, arrival, case, decided, desk, mailed, named

BOBS = Address("Bob", BOB.address)
BEN = Address("Ben", "ben@example.org")
NOTE = "She is rude and pays late, so ask for the money first."


def from_bob(text: str, **more: object) -> Arrival:
    more = {"on": case(), "agent": BOB, "sender": BOBS, "proof": "token", **more}
    return arrival(text, **more)


def held(decision: Decision) -> list[str]:
    """Why it was held; nothing has left but the mail to the agent."""
    assert decision.rule == "answer-held"
    assert decision.hold.startswith("guard: ")
    assert mailed(decision) == [("command-result", "bob@staff.example")]
    assert [type(e).__name__ for e in decision.events] == ["Recorded"]
    assert decision.outcome.kind == "quarantined"
    return list(decision.replies[0].values["problems"])


def why(text: str, notes: tuple[str, ...] = (), told: tuple[str, ...] = (), files: bool = False) -> list[str]:
    """The doubts about a text on case 1042, on a desk that also has Ben's case 1043 and Anna's case 1044."""
    there = desk(case(), case(1043, requester=BEN), case(1044), chain=(900, 1042))
    return [p.phrase for p in doubts(text, case(), there, notes, told, has_files=files)]


# ---- A6 --------------------------------------------------------------------------------------------------------------


def test_a_crossing_answer_is_held_and_returned_with_the_colleagues_words() -> None:
    crossing = Crossing("sue", NOW, "I have sent you a new one.")
    decision = decided(from_bob("Please restart it.", overtaken_by=crossing))
    assert held(decision) == ["overtaken"]
    values = decision.replies[0].values
    assert (values["report"], values["your_text"]) == ("I have sent you a new one.", "Please restart it.")
    assert [line["command"] for line in values["commands"]] == ["#send 1"]


@pytest.mark.parametrize("text", ["#note call her", "#take", "#resolve", "#spam\nbuy"])
def test_what_the_customer_does_not_read_is_not_held(text: str) -> None:
    crossing = Crossing("sue", NOW, "I have sent you a new one.")
    assert decided(from_bob(text, overtaken_by=crossing, notes=(NOTE,))).hold == ""


def test_an_answer_on_a_case_that_somebody_else_took_is_held_until_the_time_is_over() -> None:
    taken = {"reserved_by": "sue", "reserved_until": NOW + timedelta(hours=1)}
    assert held(decided(from_bob("Please restart it.", on=case(**taken))))[0] == "reserved"
    assert decided(from_bob("Hello", on=case(reserved_by="bob", reserved_until=NOW + timedelta(hours=1)))).hold == ""
    assert decided(from_bob("Hello", on=case(reserved_by="sue", reserved_until=NOW))).hold == ""


def test_take_reserves_and_release_ends_it() -> None:
    policy = replace(POLICY, mailboxes=(replace(SUPPORT, reserve=timedelta(hours=4)),))
    taken = named(decided(from_bob("#take"), policy=policy).events, "CaseReserved")[0]
    assert (taken.case, taken.agent, taken.until) == (1042, "bob", NOW + timedelta(hours=4))
    mine = case(reserved_by="bob", reserved_until=NOW + timedelta(hours=1), assignee="bob")
    freed = decided(from_bob("#release", on=mine))
    assert named(freed.events, "CaseReserved")[0].agent == ""
    assert named(freed.events, "FieldChanged")[0].after == ""
    others = case(reserved_by="sue", reserved_until=NOW + timedelta(hours=1))
    assert decided(from_bob("#take", on=others)).rule == "command-refused"


def test_where_nothing_is_reserved_take_assigns_and_no_more() -> None:
    decision = decided(from_bob("#take"))
    assert [type(e).__name__ for e in decision.events] == ["FieldChanged"]


# ---- #send -----------------------------------------------------------------------------------------------------------


def test_send_lets_the_held_mail_go_and_nothing_else_does() -> None:
    decision = decided(from_bob("#send", returned=5))
    assert (decision.rule, decision.release, decision.overrule, decision.replies) == ("held-sent", 5, True, ())
    other = decided(from_bob("Please restart it twice.", returned=5))
    assert (other.rule, other.release, mailed(other)) == ("agent-answers", None, [("answer", "anna@example.org")])
    assert decided(from_bob("#send", returned=5, proof="")).rule == "agent-held"


@pytest.mark.parametrize(
    "text", ["#send\nAnd it is free of charge.", "#send\n#resolve", "#send\n#clsoe", "#send it", "#send 5 now"]
)
def test_what_stands_with_send_is_not_left_out(text: str) -> None:
    """The held answer goes out as it is, so whatever else somebody asks for stops it."""
    decision = decided(from_bob(text, returned=5))
    assert (decision.rule, decision.release) == ("command-refused", None)
    assert [kind for kind, _ in mailed(decision)] == ["command-result"]


@pytest.mark.parametrize("text", ["#send 5", "#Send: #5", "\n# send\n\n"])
def test_send_may_name_the_held_mail(text: str) -> None:
    assert decided(from_bob(text, returned=5)).rule == "held-sent"


def test_what_was_sent_all_the_same_is_not_held_again() -> None:
    crossing = Crossing("sue", NOW, "I have sent you a new one.")
    taken = case(reserved_by="sue", reserved_until=NOW + timedelta(hours=1))
    text = f"Ask {BOB.address}"
    decision = decided(from_bob(text, on=taken, overtaken_by=crossing, overruled=True, proof="confirmed"))
    assert mailed(decision) == [("answer", "anna@example.org")]


def test_send_where_nothing_is_held_is_refused() -> None:
    assert decided(from_bob("#send")).rule == "command-refused"


# ---- A8 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Please restart it.", []),
        ("Call me: bob@staff.example.", ["leak_private_address"]),
        ("Write to <SUE@Staff.Example>, she knows.", ["leak_private_address"]),
        ("Write to support@example.com or anna@example.org.", []),
        ("It is the same as in case 1043.", ["leak_case_number"]),
        ("See [Case #1043]!", ["leak_case_number"]),
        ("See [Sales #1043]!", ["leak_case_number"]),
        ("Wie in Fall Nr. 1043 beschrieben", ["leak_case_number"]),
        ("Comme pour le dossier n° 1043", ["leak_case_number"]),
        ("Igual que en el caso número 1043", ["leak_case_number"]),
        ("Come nel caso n. 1043", ["leak_case_number"]),
        ("Jako v případu č. 1043", ["leak_case_number"]),
        ("كما في الحالة رقم 1043", ["leak_case_number"]),
        ("ケース番号: 1043 と同じです", ["leak_case_number"]),
        ("케이스 1043과 같습니다", ["leak_case_number"]),
        ("This is case 1042, and before it case 900.", []),
        ("As in your other case 1044", []),
        ("In case 3 people come, or in case 99999", []),
        ("We sell 1043 of them", []),
        ("Hello Anna,\n#resolve\nBob", ["leak_command"]),
        ("Hello\n  #clsoe: now", ["leak_command"]),
        ("Hello\n# A heading\n#1 first\nC# is a language, #2 too\n##", []),
    ],
)
def test_leaks(text: str, found: list[str]) -> None:
    assert why(text) == found


@pytest.mark.parametrize(
    "text",
    ["Please see attached.", "Please find attached the invoice.", "I have attached the form.", "Im Anhang die Rechnung.",
     "Anbei das Formular.", "Veuillez trouver ci-joint la facture.", "La facture est en pièce jointe.",
     "Le adjunto la factura.", "En el adjunto está la factura.", "In allegato la fattura.", "Vedi allegato.",
     "V příloze je faktura.", "Přikládám fakturu.", "تجدون الفاتورة في المرفق.", "أرفقت لكم الفاتورة",
     "請求書を添付いたします。", "添付ファイルをご確認ください。", "송장을 첨부합니다.", "첨부파일을 확인해 주세요."],
)  # fmt: skip
def test_an_attachment_that_was_forgotten(text: str) -> None:
    assert why(text) == ["leak_attachment"]
    assert why(text, files=True) == []


@pytest.mark.parametrize(
    "text",
    ["Your attachment could not be opened.", "Bitte senden Sie die Datei.", "Su archivo adjunto no se abre.",
     "Il suo allegato non si apre.", "We are very attached to this printer."],
)  # fmt: skip
def test_the_customers_own_attachment_is_none_of_ours(text: str) -> None:
    assert why(text) == []


def test_words_of_a_note() -> None:
    assert why("Hello, she is RUDE and pays -- late, so please wait.", notes=(NOTE,)) == ["leak_note"]
    assert why("Please pay the money first.", notes=(NOTE,)) == []
    assert why("the code is 4711", notes=("The code is 4711.",)) == ["leak_note"]
    assert why("She called.", notes=("She called.",)) == []
    said = "It makes a noise when it prints the second page."
    assert why(f"You write: {said}", notes=(f"Customer: {said}",), told=(said,)) == []
    assert why(said, notes=(f"Customer: {said}",)) == ["leak_note"]
    secret = "この顧客は支払いが遅いので先に代金を請求すること"
    assert why(f"お客様、{secret}。", notes=(secret,)) == ["leak_note"]
    assert why("いつもお世話になっております。", notes=(secret,)) == []


def test_the_guard_is_in_the_way_of_an_agents_answer() -> None:
    decision = decided(from_bob("Ask bob@staff.example"), case(1043, requester=BEN))
    assert held(decision) == ["leak_private_address", "leak_held"]
    assert held(decided(from_bob("#resolve\nAs I said, " + NOTE, notes=(NOTE,))))[0] == "leak_note"
    assert (
        decided(
            from_bob("See attached.", mail_more={"attachments": (Attachment("a.pdf", "application/pdf", 9, 0),)})
        ).hold
        == ""
    )
    assert decided(from_bob("Ask bob@staff.example", silent=True)).hold == ""


def test_numbers_are_those_of_every_mailbox_and_of_words() -> None:
    assert numbers("[Sales #7], [case  #8] and Fall 9", POLICY) == (8, 7, 9)


@pytest.mark.slow
def test_the_work_grows_with_the_text_and_not_with_its_square() -> None:
    """Ten times the text costs less than thirty times the time, for texts that look like everything at once."""

    def cost(size: int) -> float:
        texts = [
            "a.b" * size,
            "case " * size,
            "#a\n" * size,
            "see the " * size,
            "添付" * size,
            "@" * size,
            " " * 3 * size,
        ]
        start = time.process_time()
        for text in texts:
            why(text, notes=(text,), told=())
        return time.process_time() - start

    cost(1_000)
    small = min(cost(3_000) for _ in range(3))
    assert cost(30_000) < 30 * small + 0.2
