"""Evidence in order of trust (T1-T4): what stands in a mail, and what wins where it disagrees."""

from __future__ import annotations

from mailcase.core import thread
from mailcase.core import token as tokens
from mailcase.core.message import Address, Envelope
from tests.core.heart import ANNA, BOB, NOW, POLICY, SUPPORT, case, mail

SECRET = POLICY.secrets[0]


def plus(kind: str, number: int, bound: str = "", secret: bytes = SECRET) -> str:
    return tokens.plus("support@example.com", tokens.make(secret, kind, number, NOW, b"nonce", bound))


def keys(
    subject: str = "Printer", to: str = "support@example.com", sender: Address = ANNA, **more: object
) -> thread.Keys:
    return thread.keys(mail(sender, subject, **more), Envelope(sender.address, (to,)), SUPPORT, POLICY, NOW)


def test_own_mailbox_tag_comes_before_the_others() -> None:
    assert keys("[Sales #7] [Case #1042]").numbers == (1042, 7)


def test_in_reply_to_then_references_from_the_last() -> None:
    assert keys(in_reply_to=("a",), references=("x", "y", "a")).ids == ("a", "y", "x")


def test_a_customer_token_counts_from_anybody() -> None:
    found = keys(to=plus(tokens.CUSTOMER, 1042))
    assert found.token is not None
    assert found.token.number == 1042


def test_a_token_in_the_header_counts_where_there_is_no_envelope() -> None:
    assert keys(to="support@example.com", cc=(Address("", plus(tokens.CUSTOMER, 5)),)).token is not None


def test_an_agent_token_counts_only_from_that_agent() -> None:
    bobs = Address("Bob", BOB.address)
    assert keys(to=plus(tokens.AGENT, 1042, "bob"), sender=bobs).token_for == "bob"
    assert keys(to=plus(tokens.AGENT, 1042, "sue"), sender=bobs).token is None
    assert keys(to=plus(tokens.AGENT, 1042, "bob"), sender=ANNA).token is None


def test_a_forged_token_is_no_evidence() -> None:
    assert keys(to=plus(tokens.CUSTOMER, 1042, secret=b"guessed")).token is None
    assert keys(to="support+c16i-2f4aaaa-aaaaaaaaaaaaaaaaaaaaaaaaaa@example.com").token is None


def choose(found: thread.Keys, *known: thread.Known, sender: str = ANNA.address) -> thread.Thread:
    cases = {n: case(n) for n in (1, 2, 3, 4)}
    cases[3] = case(3, requester=Address("", "someone@else.example"))
    cases[9] = cases[4]  # 9 was merged into 4
    return thread.choose(found, cases, known, sender)


TOKEN = tokens.parse(tokens.make(SECRET, tokens.CUSTOMER, 1, NOW, b"nonce"))


def test_the_order_of_trust_and_the_doubts() -> None:
    known = (thread.Known("ours", 3, True), thread.Known("theirs", 4, False))
    all_of_it = thread.Keys(TOKEN, "", (2,), ("theirs", "ours"))
    assert choose(all_of_it, *known).evidence == "token"
    assert choose(thread.Keys(None, "", (2,), ("theirs", "ours")), *known).evidence == "subject:2"
    assert choose(thread.Keys(None, "", (), ("theirs", "ours")), *known).evidence == "own-id:ours"
    assert choose(thread.Keys(None, "", (), ("theirs",)), *known).evidence == "foreign-id:theirs"
    assert [d.rpartition(" ")[2] for d in choose(all_of_it, *known).doubts] == ["2", "3", "4"]


def test_nothing_found_is_an_ordinary_answer() -> None:
    assert choose(thread.Keys(None, "", (77,), ("unknown",))).case is None


def test_of_several_numbers_the_first_whose_case_knows_the_sender() -> None:
    found = choose(thread.Keys(None, "", (77, 3, 2), ()))
    assert (found.evidence, found.case and found.case.number) == ("subject:2", 2)
    assert choose(thread.Keys(None, "", (77, 3, 2), ()), sender="x@y.example").evidence == "subject:3"


def test_a_merged_number_leads_to_the_case_it_went_into() -> None:
    found = choose(thread.Keys(None, "", (9,), ()))
    assert found.case is not None
    assert found.case.number == 4


def test_one_id_on_two_cases_means_the_newer() -> None:
    found = choose(thread.Keys(None, "", (), ("a",)), thread.Known("a", 1, False), thread.Known("a", 2, False))
    assert found.case is not None
    assert found.case.number == 2


def test_a_copied_message_id_does_not_draw_answers_onto_a_strangers_case() -> None:
    """Case 3 is somebody else's, and newer: its mail bears the Message-ID of Anna's mail on case 1."""
    known = (thread.Known("a", 1, False), thread.Known("a", 3, False))
    found = choose(thread.Keys(None, "", (), ("a",)), *known)
    assert found.case is not None
    assert found.case.number == 1
