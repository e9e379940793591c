"""The answers to what agents ask by mail: lists whose rows carry links, and a case with all that is on it (A4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailcase.core import answer
from mailcase.core.command import COMMANDS, QUESTIONS, Command
from mailcase.core.context import Arrival, CaseRow, Desk, Found, Letter
from mailcase.core.decision import CaseView, Reply
from mailcase.core.history import told
from mailcase.core.message import Address
from mailcase.core.policy import Agent

# Of each message a case is shown with; and the lines of its history.
TEXT_LENGTH = 4_000
MOST_LINES = 30


def replies(
    arrival: Arrival, desk: Desk, agent: Agent, questions: Sequence[Command], unsent: str = ""
) -> tuple[Reply, ...]:
    """One mail for each question. `unsent` is a text that stood below the questions: it goes back, not out."""
    found = []
    for at, question in enumerate(dict.fromkeys(questions)):
        if str(question) not in desk.found and question.name != "help":
            continue
        found.append(_reply(arrival, desk, agent, question, f"ask:{arrival.key}:{at}", "" if at else unsent))
    return tuple(found)


def _reply(arrival: Arrival, desk: Desk, agent: Agent, question: Command, key: str, unsent: str) -> Reply:
    language = agent.language or arrival.mailbox.language
    said = [desk.policy.phrase(language, "text_not_sent")] if unsent else []
    values: dict[str, object] = {"done": [], "problems": [], "commands": [], "your_text": unsent, "notices": said}
    case = 0
    mailbox = arrival.mailbox.name
    if question.name == "help":
        values["commands"] = command_help(desk, language)
    elif question.name == "show":
        shown = desk.found[str(question)]
        if shown.case:
            case, mailbox = shown.case.number, shown.case.mailbox
            values |= _case(shown, shown.case, desk)
        else:
            values["notices"] = [*said, desk.policy.phrase(language, "case_hidden", number=question.argument)]
    else:
        listed = _list(desk.found[str(question)], desk, language)
        values |= {**listed, "notices": [*said, *listed["notices"]]}
    return Reply(
        kind="case-shown" if case else "command-result",
        case=case,
        mailbox=mailbox,
        to=(Address(agent.display_name, agent.address),),
        reason_key=f"{key}:{agent.name}",
        language=language,
        agent=agent.name,
        subject=str(values.get("subject") or question),
        in_reply_to=arrival.reading.mail.message_id,
        references=(arrival.reading.mail.message_id,) if arrival.reading.mail.message_id else (),
        values={"number": case, "asked": str(question), **values},
    )


def command_help(desk: Desk, language: str) -> list[dict[str, str]]:
    """Every command with its line, in an agent's language."""
    return [{"command": f"#{n}", "text": desk.policy.phrase(language, f"help_{n}")} for n in COMMANDS]


def _list(found: Found, desk: Desk, language: str) -> dict[str, list[Any]]:
    said = []
    if not found.rows:
        said.append(desk.policy.phrase(language, "nothing_found"))
    if found.more:
        said.append(desk.policy.phrase(language, "more_found", count=len(found.rows)))
    return {"cases": [_row(row, desk, language) for row in found.rows], "notices": said}


def _row(row: CaseRow, desk: Desk, language: str) -> dict[str, object]:
    """A row and its links: what the Writer makes addresses of stands in `links`, each with the text of its mail."""
    asked = ["show"] if row.closed else ["take", "resolve", "show"]
    links = [
        {"label": desk.policy.phrase(language, f"link_{name}"),
         "body": f"#{name} {row.number}" if name in QUESTIONS else f"#{name}"}
        for name in asked
    ]  # fmt: skip
    return {
        "number": row.number, "subject": row.subject, "status": row.status, "requester": row.requester, "at": row.at,
        "assignee": row.assignee, "links": links,
    }  # fmt: skip


def _case(found: Found, case: CaseView, desk: Desk) -> dict[str, object]:
    return {
        **answer.case_values(case, desk.policy),
        "chain": list(found.chain),
        "people": [{"name": p.address.name, "address": p.address.address, "role": p.role} for p in case.participants],
        "letters": [_letter(letter) for letter in found.letters],
        "history": told(found.history, MOST_LINES),
    }


def _letter(letter: Letter) -> dict[str, object]:
    return {
        "at": letter.at, "who": letter.author.name or letter.author.address, "direction": letter.direction,
        "verified": letter.verified, "text": letter.text[:TEXT_LENGTH], "cut": len(letter.text) > TEXT_LENGTH,
        "files": [name for name in letter.files if name],
    }  # fmt: skip
