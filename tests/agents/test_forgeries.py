"""Who is not the agent: every forgery is real mail through the whole desk, and none reaches the customer (A5, S1-S7,
S33-S36, S40)."""

from __future__ import annotations

import email.utils
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage

import pytest

from mailcase.core import token as tokens
from tests.agents.room import BOB, NOW, SUE, Room, events, reply_to, text_of

CANARY = "Please pay to account 4711."
BODY = f"#resolve\n{CANARY}"
BOBS = "Bob <bob@staff.example>"
DATE = email.utils.format_datetime(NOW)
BORDER = ("Received", "from mail.evil.example (mail.evil.example [203.0.113.9]) by mx.example.com with ESMTPS id A1;\n"
          f" {DATE}")  # fmt: skip
LOCAL = ("Received", f"from mx.example.com by desk.example.com with LMTP id L1 for <support@example.com>; {DATE}")
PASS = ("Authentication-Results", "mx.example.com; dmarc=pass header.from=staff.example")
Fields = list[tuple[str, str]]


@dataclass
class Scene:
    """A case of Anna's, and the copy of it that Bob got and the forger did not, unless the row says so."""

    room: Room
    number: int
    copy: EmailMessage

    @property
    def token(self) -> str:
        return reply_to(self.copy)

    def made(self, kind: str, number: int, agent: str, days: int = 0) -> str:
        """A token by our own secret."""
        at = self.room.now - timedelta(days=days)
        token = tokens.make(self.room.policy.secrets[0], kind, number, at, b"abcde", agent)
        return tokens.plus("support@example.com", token)


@dataclass
class Forged:
    """What the forger sends."""

    fields: Fields = field(default_factory=list)
    to: str = "support@example.com"
    body: str = BODY
    source: str = "smtp"
    peer: str = "203.0.113.9"
    authenticated: str = ""


def mail(
    scene: Scene, *fields: tuple[str, str], sender: str = BOBS, to: str = "support@example.com", **more: str
) -> Forged:
    """A mail with the number in its subject; `fields` stand above the rest."""
    rest = {
        "From": sender, "To": to, "Subject": f"Re: [Case #{scene.number}] Printer", "Date": DATE,
        "Message-ID": f"<forged.{scene.number}@evil.example>",
    }  # fmt: skip
    given = {name.lower() for name, _ in fields}
    lines = [*fields, *((n, v) for n, v in rest.items() if n.lower() not in given or n == "From")]
    return Forged([(n, v) for n, v in lines if v], to, **more)


def raw(forged: Forged) -> bytes:
    head = "".join(
        f"{name}: {value}\r\n".replace("\n ", "\r\n ").replace("\r\r", "\r") for name, value in forged.fields
    )
    return (head + "\r\n" + forged.body.replace("\n", "\r\n") + "\r\n").encode()


def ids(scene: Scene) -> tuple[str, str]:
    return ("In-Reply-To", str(scene.copy["Message-ID"]))


Row = Callable[[Scene], Forged]

# On a desk where nothing but tokens proves an agent.
TOKENS_ONLY: dict[str, Row] = {
    "From of the agent, number in the subject": lambda s: mail(s),
    "From of the agent and the copied In-Reply-To": lambda s: mail(s, ids(s)),
    "From of the agent and copied References": lambda s: mail(s, ("References", str(s.copy["Message-ID"]))),
    "From of the agent in another case": lambda s: mail(s, sender="BOB@STAFF.EXAMPLE"),
    "the agent only in Sender": lambda s: mail(s, ("Sender", BOBS), sender="eve@evil.example"),
    "the agent only in Reply-To": lambda s: mail(s, ("Reply-To", BOBS), sender="eve@evil.example"),
    "the agent only in Resent-From": lambda s: mail(s, ("Resent-From", BOBS), sender="eve@evil.example"),
    "the agent only in Return-Path": lambda s: mail(s, ("Return-Path", "<bob@staff.example>"), sender="eve@evil.example"),
    "the agent only in X-Original-From of a list": lambda s: mail(
        s, ("X-Original-From", BOBS), ("List-Post", "<mailto:l@evil.example>"), sender="eve@evil.example"),
    "two From fields, the agent first": lambda s: mail(s, ("From", BOBS), ids(s), sender="eve@evil.example", to=s.token),
    "two From fields, the agent last": lambda s: mail(s, ("From", "eve@evil.example"), ids(s), to=s.token),
    "one From with two authors": lambda s: mail(s, sender="bob@staff.example, eve@evil.example", to=s.token),
    "address before the angle bracket": lambda s: mail(s, sender="bob@staff.example <eve@evil.example>", to=s.token),
    "a comment that hides the rest": lambda s: mail(s, sender="bob@staff.example (x) <eve@evil.example>", to=s.token),
    "a parenthesis out of place": lambda s: mail(s, sender="bob@staff.example)eve@evil.example", to=s.token),
    "an obsolete route": lambda s: mail(s, sender="<@evil.example:bob@staff.example>", to=s.token),
    "a group": lambda s: mail(s, sender="staff: bob@staff.example;", to=s.token),
    "the address as the display name": lambda s: mail(s, sender='"bob@staff.example" <eve@evil.example>', to=s.token),
    "the name as an encoded word": lambda s: mail(
        s, sender="=?utf-8?q?bob=40staff=2Eexample?= <eve@evil.example>", to=s.token),
    "the whole From as an encoded word": lambda s: mail(s, sender="=?utf-8?q?Bob_=3Cbob=40staff=2Eexample=3E?=", to=s.token),
    "a Cyrillic letter in the domain": lambda s: mail(s, sender="bob@st\u0430ff.example", to=s.token),
    "a zero width space in the address": lambda s: mail(s, sender="bob@staff\u200b.example", to=s.token),
    "a domain that begins like ours": lambda s: mail(s, sender="bob@staff.example.evil.example", to=s.token),
    "a plus-part of the agent's own": lambda s: mail(s, sender="bob+x@staff.example", to=s.token),
    "the customer's token": lambda s: mail(s, to=s.made(tokens.CUSTOMER, s.number, "")),
    "the customer's token, bound to the agent": lambda s: mail(s, to=s.made(tokens.CUSTOMER, s.number, "bob")),
    "a token of another agent": lambda s: mail(s, to=s.made(tokens.AGENT, s.number, "sue")),
    "the agent's token, another agent's From": lambda s: mail(s, sender=SUE.address, to=s.token),
    "the agent's token, a customer's From": lambda s: mail(s, sender="anna@example.org", to=s.token),
    "the agent's token, a stranger's From": lambda s: mail(s, sender="eve@evil.example", to=s.token),
    "an expired token": lambda s: mail(s, to=s.made(tokens.AGENT, s.number, "bob", days=91)),
    "a token from the future": lambda s: mail(s, to=s.made(tokens.AGENT, s.number, "bob", days=-3)),
    "an expired link of a list": lambda s: mail(s, to=s.made(tokens.LINK, s.number, "bob", days=15)),
    "a link of a list, with a text for the customer": lambda s: mail(s, to=s.made(tokens.LINK, s.number, "bob")),
    "the token of another case": lambda s: mail(s, to=s.made(tokens.AGENT, other_case(s), "bob")),
    "a token with one letter changed": lambda s: mail(s, to=s.token.replace("@", "a@")[:-1] + "e"),
    "a token whose MAC is cut short": lambda s: mail(s, to=s.token.replace("@example.com", "")[:-2] + "@example.com"),
    "a token signed with nothing": lambda s: mail(s, to=tokens.plus(
        "support@example.com", tokens.make(b"", tokens.AGENT, s.number, NOW, b"abcde", "bob"))),
    "a token with the number of this case put in": lambda s: mail(s, to=renumbered(s)),
    "a token for another domain's address": lambda s: mail(s, ("To", s.token.replace("@example.com", "@evil.example"))),
    "a mail three days old with the token": lambda s: mail(
        s, ("Date", email.utils.format_datetime(NOW - timedelta(hours=49))), to=s.token),
    "a mail of next week with the token": lambda s: mail(
        s, ("Date", email.utils.format_datetime(NOW + timedelta(days=7))), to=s.token),
    "no Date with the token": lambda s: mail(s, ("Date", ""), to=s.token),
    "a Subject in front of the signed one": lambda s: mail(s, ("Subject", "first"), ("subject", "second"), to=s.token),
    "a second To in front": lambda s: mail(s, ("To", "x@evil.example"), ("to", s.token), to=s.token),
    "a Message-ID that came before": lambda s: mail(s, ("Message-ID", first_id(s)), to=s.token),
    "X-Mailcase-Agent and its like": lambda s: mail(
        s, ("X-Mailcase-Agent", "bob"), ("X-Mailcase-Case", str(s.number)), ("X-Mailcase-Proof", "auth")),
    "X-Mailcase-Token with the real one": lambda s: mail(s, ("X-Mailcase-Token", s.token)),
    "Authentication-Results where nobody is trusted": lambda s: mail(s, PASS),
    "logged in as another agent": lambda s: mail(s, authenticated="sue"),
    "logged in as a customer": lambda s: mail(s, authenticated="anna"),
    "commands of a customer on their own case": lambda s: mail(s, sender="anna@example.org"),
    "the token only in the text": lambda s: mail(s, body=f"#resolve\n{CANARY}\n{s.token}"),
    "the token only in Reply-To": lambda s: mail(s, ("Reply-To", s.token)),
    "the token only in the subject": lambda s: mail(s, ("Subject", f"[Case #{s.number}] {s.token}")),
    "by LMTP from the agent's network": lambda s: mail(s, source="lmtp", peer="127.0.0.1"),
}  # fmt: skip


def other_case(scene: Scene) -> int:
    return scene.room.opened("Another one", sender="carl@example.net")[0]


def renumbered(scene: Scene) -> str:
    """The token of another case, with the number of this one written into it."""
    theirs = scene.made(tokens.AGENT, other_case(scene), "bob").partition("+")[2]
    mine = scene.token.partition("+")[2]
    return tokens.plus("support@example.com", mine.partition("-")[0] + "-" + theirs.partition("-")[2].partition("@")[0])


def first_id(scene: Scene) -> str:
    """The Message-ID of a mail of Bob's that was believed."""
    genuine = mail(
        scene, ("Message-ID", f"<genuine.{scene.number}@staff.example>"), to=scene.token, body="#note called her"
    )
    scene.room.deliver(raw(genuine), to=scene.token)
    return f"<genuine.{scene.number}@staff.example>"


def results(text: str) -> tuple[str, str]:
    return ("Authentication-Results", text)


# On a desk whose border server mx.example.com writes Authentication-Results and hands over by LMTP.
GUARDED: dict[str, Row] = {
    "the token without any results": lambda s: mail(s, LOCAL, BORDER, to=s.token, source="lmtp"),
    "the token and dmarc=fail": lambda s: mail(
        s, results("mx.example.com; dmarc=fail header.from=staff.example"), BORDER, to=s.token, source="lmtp"),
    "the token and spf=fail": lambda s: mail(
        s, results("mx.example.com; spf=fail smtp.mailfrom=bob@staff.example"), BORDER, to=s.token, source="lmtp"),
    "the token and dkim=fail": lambda s: mail(
        s, results("mx.example.com; dkim=fail header.d=staff.example"), BORDER, to=s.token, source="lmtp"),
    "dmarc=fail and dkim=pass of the forger": lambda s: mail(s, results(
        "mx.example.com; dkim=pass header.d=evil.example; dmarc=fail header.from=staff.example"), BORDER, source="lmtp"),
    "dkim=pass of the forger's domain": lambda s: mail(
        s, results("mx.example.com; dkim=pass header.d=evil.example"), BORDER, source="lmtp"),
    "dkim=pass of a domain that ends alike": lambda s: mail(
        s, results("mx.example.com; dkim=pass header.d=f.example"), BORDER, source="lmtp"),
    "dkim=pass of the top level": lambda s: mail(
        s, results("mx.example.com; dkim=pass header.d=example"), BORDER, source="lmtp"),
    "spf=pass of the forger's envelope": lambda s: mail(
        s, results("mx.example.com; spf=pass smtp.mailfrom=eve@evil.example"), BORDER, source="lmtp"),
    "dmarc=pass for the forger's From": lambda s: mail(
        s, results("mx.example.com; dmarc=pass header.from=evil.example"), BORDER, source="lmtp"),
    "results below the border's Received": lambda s: mail(s, LOCAL, BORDER, PASS, source="lmtp"),
    "results below, the border speaks no ESMTP": lambda s: mail(
        s, LOCAL, ("Received", f"from evil.example by mx.example.com with Microsoft SMTP Server; {DATE}"), PASS, source="lmtp"),
    "results below, the client calls itself LMTP": lambda s: mail(
        s, ("Received", f"from x with LMTP (rdns with LMTP [203.0.113.9]) by mx.example.com with ESMTP id 1; {DATE}"),
        PASS, source="lmtp"),
    "results below, the border gives no protocol": lambda s: mail(
        s, ("Received", f"from evil.example by mx.example.com; {DATE}"), PASS, source="lmtp"),
    "results handed to our own listener": lambda s: mail(s, PASS),
    "results and a made-up Received, to our own listener": lambda s: mail(s, PASS, BORDER),
    "results of another server": lambda s: mail(
        s, results("mx.evil.example; dmarc=pass header.from=staff.example"), BORDER, source="lmtp"),
    "results below, the name in another case": lambda s: mail(
        s, BORDER, results("MX.Example.COM; dmarc=pass header.from=staff.example"), source="lmtp"),
    "our server only in a comment": lambda s: mail(
        s, results("mx.evil.example (mx.example.com); dmarc=pass header.from=staff.example"), BORDER, source="lmtp"),
    "the pass only in a comment": lambda s: mail(
        s, results("mx.example.com; none (dmarc=pass header.from=staff.example)"), BORDER, source="lmtp"),
    "folded, with our server on the second line": lambda s: mail(
        s, results("mx.evil.example;\n mx.example.com; dmarc=pass header.from=staff.example"), BORDER, source="lmtp"),
    "a name that begins like ours": lambda s: mail(
        s, results("mx.example.com.evil.example; dmarc=pass header.from=staff.example"), BORDER, source="lmtp"),
    "a broken field": lambda s: mail(s, results("mx.example.com; dmarc=(((pass"), BORDER, source="lmtp"),
    "ARC results only": lambda s: mail(
        s, ("ARC-Authentication-Results", "i=1; mx.example.com; dmarc=pass header.from=staff.example"), BORDER, source="lmtp"),
    "X-Authentication-Results only": lambda s: mail(
        s, ("X-Authentication-Results", "mx.example.com; dmarc=pass header.from=staff.example"), BORDER, source="lmtp"),
    "a list's From that passes, the agent as original": lambda s: mail(
        s, results("mx.example.com; dmarc=pass header.from=evil.example"), BORDER, ("X-Original-From", BOBS),
        ("List-Id", "<l.evil.example>"), sender="eve@evil.example", source="lmtp"),
    "an old mail under a good signature": lambda s: mail(
        s, PASS, BORDER, ("Date", email.utils.format_datetime(NOW - timedelta(hours=50))), source="lmtp"),
    "a good signature on a mail to somebody else": lambda s: mail(
        s, PASS, BORDER, ("To", "eve@evil.example"), source="lmtp"),
    "a Subject in front under a good signature": lambda s: mail(
        s, PASS, BORDER, ("Subject", f"[Case #{s.number}]"), ("subject", "lunch?"), source="lmtp"),
    "two From under a good signature": lambda s: mail(s, PASS, BORDER, ("From", "bob@staff.example"), source="lmtp"),
}  # fmt: skip


def refused(room: Room, row: Row) -> None:
    number, copy = room.opened("Printer")
    forged = row(Scene(room, number, copy))
    before, was = room.last(), room.case(number)
    spooled = room.deliver(
        raw(forged), to=forged.to, source=forged.source, peer=forged.peer, authenticated=forged.authenticated
    )
    case = room.case(number)
    assert case["status"] == was["status"]
    assert (case["assignee"], case["participants"]) == (was["assignee"], was["participants"]) or "stranger" in room.entry(
        spooled).reason or case["participants"][-1]["role"] == "unverified"  # fmt: skip
    assert "message-sent" not in events(case)
    assert not [m for m in case["messages"] if m["direction"] == "outgoing"]
    for item in room.sent(before):
        assert item.kind != "answer"
        if [r.address for r in item.recipients] not in ([BOB.address], [SUE.address]):
            assert CANARY.encode() not in item.raw
            assert item.kind == "acknowledgement"


@pytest.mark.parametrize("name", TOKENS_ONLY)
def test_forgeries_where_tokens_prove(room: Room, name: str) -> None:
    refused(room, TOKENS_ONLY[name])


@pytest.mark.parametrize("name", GUARDED)
def test_forgeries_behind_a_border_server(guarded: Room, name: str) -> None:
    refused(guarded, GUARDED[name])


def test_there_are_enough_of_them() -> None:
    assert len(TOKENS_ONLY) + len(GUARDED) >= 40


GENUINE: dict[str, Row] = {
    "dmarc=pass above the border": lambda s: mail(s, PASS, BORDER, source="lmtp"),
    "between our own hop and the border": lambda s: mail(s, LOCAL, PASS, BORDER, source="lmtp"),
    "dkim=pass of the domain": lambda s: mail(
        s, results("mx.example.com; dkim=pass header.d=staff.example"), BORDER, source="lmtp"),
    "dkim=pass, and spf=fail by a forwarder": lambda s: mail(s, results(
        "mx.example.com; spf=fail smtp.mailfrom=bob@staff.example; dkim=pass header.i=@staff.example"), BORDER, source="lmtp"),
    "from a relay on this machine": lambda s: mail(s, PASS, BORDER, peer="127.0.0.1"),
    "logged in": lambda s: mail(s, authenticated="bob"),
}  # fmt: skip


@pytest.mark.parametrize("name", GENUINE)
def test_the_same_mail_with_a_true_proof_is_relayed(guarded: Room, name: str) -> None:
    number, copy = guarded.opened("Printer")
    genuine, before = GENUINE[name](Scene(guarded, number, copy)), guarded.last()
    guarded.deliver(raw(genuine), to=genuine.to, source=genuine.source, peer=genuine.peer,
                    authenticated=genuine.authenticated)  # fmt: skip
    assert guarded.case(number)["status"] == "resolved"
    assert CANARY in text_of(guarded.mails("anna@example.org", before)[0])


@pytest.mark.parametrize("peer", ["192.0.2.25", "198.51.100.7"])
def test_results_count_from_relays_that_are_named(guarded: Room, peer: str) -> None:
    from mailcase.core.policy import Trust

    guarded.with_policy(trust=Trust("mx.example.com", relays=("192.0.2.25/32",)))
    number, copy = guarded.opened("Printer")
    genuine = mail(Scene(guarded, number, copy), PASS, BORDER)
    guarded.deliver(raw(genuine), to=genuine.to, peer=peer)
    guarded.with_policy(trust=Trust("mx.example.com"))
    assert guarded.case(number)["status"] == ("resolved" if peer == "192.0.2.25" else "new")


def test_S34_the_same_mail_again_is_worked_on_once(room: Room) -> None:
    number, copy = room.opened("Printer")
    genuine = mail(Scene(room, number, copy), to=reply_to(copy), body="Try the other cable.")
    for extra in ([], [], [BORDER]):
        room.deliver(raw(Forged([*extra, *genuine.fields], body=genuine.body)), to=reply_to(copy))
    assert len(room.mails("anna@example.org")) >= 1
    assert [m["direction"] for m in room.case(number)["messages"]].count("outgoing") == 1


def test_S34_a_replay_in_the_same_breath(room: Room) -> None:
    """Both are claimed together: the second must see the first."""
    from mailcase.core.message import Envelope
    from mailcase.core.reading.ingest import ingest_key
    from mailcase.store import spool
    from mailcase.store.values import Incoming

    number, copy = room.opened("Printer")
    scene = Scene(room, number, copy)
    both = [raw(mail(scene, to=scene.token, body=text)) for text in ("Try this.", "Try that.")]
    incoming = [
        Incoming(b, Envelope("bob@staff.example", (scene.token,)), "smtp", ingest_key(b), room.now) for b in both
    ]
    with room.database.write() as conn:
        spool.add(conn, incoming)
    room.work()
    assert [m["text"].strip() for m in room.case(number)["messages"] if m["direction"] == "outgoing"] == ["Try this."]


def test_S6_an_outsider_with_the_forwarded_copy(room: Room) -> None:
    """The copy was forwarded: the outsider has its reply address, and is a stranger all the same."""
    number, copy = room.opened("Printer")
    before = room.last()
    forged = mail(
        Scene(room, number, copy), ids(Scene(room, number, copy)), sender="eve@evil.example", to=reply_to(copy)
    )
    room.deliver(raw(forged), to=reply_to(copy))
    assert [m["verified"] for m in room.case(number)["messages"]] == [True, False]
    assert not room.mails("eve@evil.example", before)
    assert not room.mails("anna@example.org", before)


def test_S6_no_token_of_an_agent_is_in_what_customers_get(room: Room) -> None:
    number, copy = room.opened("Printer", sender="dora@example.org")
    room.deliver(raw(mail(Scene(room, number, copy), to=reply_to(copy), body="Try this.")), to=reply_to(copy))
    secret = reply_to(copy).partition("+")[2].partition("@")[0]
    told = room.mails("dora@example.org")
    assert len(told) == 2
    assert all(secret not in m.as_string() and "staff.example" not in m.as_string() for m in told)


@pytest.mark.parametrize("forged", [False, True])
def test_a_held_mail_goes_on_when_its_agent_confirms(guarded: Room, forged: bool) -> None:
    """The round trip to the agent's own address; but not when the border server says that the yes is forged."""
    number, copy = guarded.opened("Printer")
    before = guarded.last()
    guarded.deliver(raw(mail(Scene(guarded, number, copy), LOCAL, BORDER, source="lmtp", to=reply_to(copy))),
                    to=reply_to(copy), source="lmtp")  # fmt: skip
    question = guarded.mails(BOB.address, before)[-1]
    assert "Did you send this mail?" in str(question["Subject"])
    word = "fail" if forged else "none"
    yes = mail(Scene(guarded, number, copy), results(f"mx.example.com; dmarc={word} header.from=staff.example"), BORDER,
               ("Message-ID", f"<yes.{number}@staff.example>"), to=reply_to(question), body="yes", source="lmtp")  # fmt: skip
    guarded.deliver(raw(yes), to=reply_to(question), source="lmtp")
    assert guarded.case(number)["status"] == ("new" if forged else "resolved")
