"""What an agent may see, and the answers to what an agent asks, looked up before anything is decided (A4, L3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mailcase.core import people
from mailcase.core.command import Command, parse
from mailcase.core.context import Arrival, CaseRow, Desk, Found, Letter
from mailcase.core.decision import CaseView
from mailcase.core.policy import Agent, Policy
from mailcase.lookup import correspondent, history_line
from mailcase.store import cases, letters
from mailcase.store.listing import CaseFilter, list_cases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

# A list is for a phone: so many rows. A case is shown with its newest messages and lines of history.
MOST_ROWS = 25
MOST_LETTERS, MOST_LINES = 8, 60
# One mail asks so many questions at the most.
MOST_QUESTIONS = 6


def with_answers(conn: Connection, arrival: Arrival, desk: Desk) -> Desk:
    """The desk of a proven agent's mail: what is hidden from them, what they answer, what they asked for."""
    agent = arrival.agent
    if agent is None or not arrival.proof:
        return desk
    case = arrival.follow_up or arrival.thread.case
    order = parse(arrival.reading.new, desk.policy, desk.now)
    shown = _named(conn, [int(c.argument) for c in order.questions if c.name == "show"])
    touched = [*desk.cases.values(), *shown.values(), *((case,) if case else ())]
    desk = replace(desk, hidden=frozenset(hidden(conn, agent, touched, desk.policy)))
    if case and (order.has("split") or order.has("forward")):
        desk = with_letter(conn, desk, *letters.answered(conn, case.number, arrival.keys.ids))
    found = {str(c): _answer(conn, c, agent, desk, shown) for c in order.questions[:MOST_QUESTIONS] if c.name != "help"}
    return replace(desk, found=found)


def with_letter(conn: Connection, desk: Desk, letter: Letter | None, count: int) -> Desk:
    """The desk with the message that a split or a transfer is about, of `count`, and the language of its author."""
    if letter is None:
        return replace(desk, letters=count)
    spoken = correspondent(conn, letter.author.address, desk.now).language or ""
    return replace(desk, answered=letter, letters=count, languages={**desk.languages, letter.author.key: spoken})


def hidden(conn: Connection, agent: Agent, touched: Iterable[CaseView], policy: Policy) -> set[int]:
    """Those of these cases that an agent may not see: of other mailboxes, or not worked on where only those count."""
    others, candidates = set(), set()
    for case in touched:
        mailbox = policy.mailbox(case.mailbox)
        if agent not in policy.team(case.mailbox):
            others.add(case.number)
        elif agent.sees == "worked" and agent not in people.watchers(case, mailbox, policy):
            candidates.add(case.number)
    return others | (candidates - letters.worked_on(conn, sorted(candidates), agent.name) if candidates else set())


def _named(conn: Connection, numbers: list[int]) -> dict[int, CaseView]:
    """Cases by the number that was written, merges followed (T4)."""
    found = {}
    for number in numbers[:MOST_QUESTIONS]:
        case = cases.by_number(conn, cases.final_number(conn, number))
        if case:
            found[number] = case
    return found


def _answer(conn: Connection, question: Command, agent: Agent, desk: Desk, shown: dict[int, CaseView]) -> Found:
    if question.name == "show":
        case = shown.get(int(question.argument))
        return whole_case(conn, case) if case and case.number not in desk.hidden else Found()
    return listed(conn, question, agent, desk.policy)


def listed(conn: Connection, question: Command, agent: Agent, policy: Policy) -> Found:
    """The first rows of the list that an agent asks for, of those cases that they may see."""
    rows = list_cases(conn, _filter(question, agent, policy))
    return Found(tuple(_row(row) for row in rows[:MOST_ROWS]), more=len(rows) > MOST_ROWS)


def _filter(question: Command, agent: Agent, policy: Policy) -> CaseFilter:
    wanted = CaseFilter(
        mailboxes=tuple(m.name for m in policy.mailboxes if agent in policy.team(m.name)),
        worked_by=agent.name if agent.sees == "worked" else "",
        limit=MOST_ROWS + 1,
    )
    match question.name:
        case "mine":
            return replace(wanted, mine=agent.name, closed=False, worked_by="")
        case "search":
            return replace(wanted, search=question.argument)
        case "recent":
            return replace(wanted, recent=True)
    if question.argument == "all":
        return wanted
    statuses = (question.argument,) if question.argument else ()
    return replace(wanted, statuses=statuses, attention=not statuses)


def _row(row: dict[str, Any]) -> CaseRow:
    return CaseRow(
        row["number"], row["subject"], row["status"], row["requester"]["name"] or row["requester"]["address"],
        datetime.fromisoformat(row["updated_at"]), row["assignee"], row["kind"] == "closed",
    )  # fmt: skip


def whole_case(conn: Connection, case: CaseView) -> Found:
    """A case with its newest messages and lines of history, as `#show` shows it."""
    lines = cases.history(conn, case.number, MOST_LINES)
    return Found(
        case=case,
        letters=letters.newest(conn, case.number, MOST_LETTERS),
        history=tuple(history_line(line) for line in lines),
        chain=tuple(cases.chain(conn, case.number)),
    )
