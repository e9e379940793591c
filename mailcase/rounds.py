"""What comes round by the clock and belongs to no case: the morning briefs, and the weekly report (D2, L4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailcase import log
from mailcase.core.brief import brief, home
from mailcase.core.calendar import latest
from mailcase.core.compose import OutgoingAttachment
from mailcase.core.policy import Agent, Policy, StatusKind
from mailcase.core.report import figures
from mailcase.core.report_mail import PICTURE, report_mail
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.picture import draw
from mailcase.store import briefing, marks, outbox
from mailcase.store.engine import Database
from mailcase.store.errors import DatabaseUnavailable
from mailcase.store.reporting import facts
from mailcase.store.values import OutgoingMail

if TYPE_CHECKING:
    from sqlalchemy import Connection

# How far ahead a brief looks for what is about to be late.
AHEAD = timedelta(hours=24)
WEEK = timedelta(days=7)
_WAITED = (StatusKind.PENDING, StatusKind.POSTPONED, StatusKind.RESOLVED)

logger = log.get("rounds")

Make = Callable[["Connection", datetime], tuple[OutgoingMail, ...]]


@dataclass(frozen=True, slots=True)
class Round:
    """What comes round: the name of its mark, when it last should have been done, and what makes its mails."""

    name: str
    moment: datetime
    make: Make


def turn(database: Database, writer: Writer, now: datetime) -> int:
    """Do what the clock asks for and was not done yet. Returns how many mails that made.

    A mark moves in the transaction that adds the mails: each round is done once, also after a time when nobody was
    there, and then once for all that was missed. What is new in the config begins with its next time.
    """
    wanted = list(_rounds(writer, now))
    if not wanted:
        return 0
    with database.read() as conn:
        done = marks.read(conn, [one.name for one in wanted])
    return sum(_guarded(database, one, done.get(one.name), now) for one in wanted)


def _guarded(database: Database, one: Round, since: datetime | None, now: datetime) -> int:
    """One that fails is left out this time: it must not come again every few seconds, nor stop the others."""
    try:
        return _one(database, one, since, now)
    except DatabaseUnavailable:
        raise
    except Exception:
        logger.exception("round-failed", name=one.name)
        with database.write() as conn:
            if since is not None:
                marks.advance(conn, one.name, since, now)
        return 0


def _one(database: Database, one: Round, since: datetime | None, now: datetime) -> int:
    if since is None:
        with database.write() as conn:
            marks.begin(conn, one.name, now)
        return 0
    if since >= one.moment:
        return 0
    with database.read() as conn:
        mails = one.make(conn, since)
    with database.write() as conn:
        if not marks.advance(conn, one.name, since, now):
            return 0
        outbox.add(conn, mails, now)
    logger.info("round", name=one.name, mails=len(mails))
    return len(mails)


def _rounds(writer: Writer, now: datetime) -> Iterator[Round]:
    for agent in writer.policy.agents:
        if agent.brief:
            moment = latest(home(agent, writer.policy).hours, now, _minutes(agent.brief))
            if moment:
                yield Round(f"brief:{agent.name}", moment, _brief(writer, agent, moment, now))

    if writer.policy.weekly_report:
        weekday, minutes = writer.policy.weekly_report
        for agent in writer.policy.agents:
            boxes = tuple(m.name for m in writer.policy.mailboxes if agent in writer.policy.team(m.name))
            moment = latest(home(agent, writer.policy).hours, now, minutes, weekday)
            if agent.role == "supervisor" and boxes and moment:
                yield Round(f"report:{agent.name}", moment, _report(writer, agent, boxes, moment, now))


def _report(writer: Writer, agent: Agent, boxes: tuple[str, ...], moment: datetime, now: datetime) -> Make:
    """The week before `moment`, of the mailboxes that the supervisor works on."""

    def make(conn: Connection, _since: datetime) -> tuple[OutgoingMail, ...]:
        policy, language = writer.policy, agent.language or home(agent, writer.policy).language
        begin = moment - WEEK
        found = figures(facts(conn, begin, moment, boxes), policy, begin, moment)
        png = draw(found.days, policy.phrase(language, "report_cases"), policy.phrase(language, "report_done"))
        files = (OutgoingAttachment("report.png", "image/png", png, PICTURE),) if png else ()
        return (writer.write(report_mail(agent, found, moment, policy, picture=bool(png)), now, files),)

    return make


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _brief(writer: Writer, agent: Agent, moment: datetime, now: datetime) -> Make:
    def make(conn: Connection, since: datetime) -> tuple[OutgoingMail, ...]:
        sections = briefing.gather(conn, whose(agent, writer.policy), since, now + AHEAD, _statuses(writer.policy))
        reply = brief(agent, sections, moment, writer.policy)
        return (writer.write(reply, now),) if reply else ()

    return make


def whose(agent: Agent, policy: Policy) -> briefing.Whose:
    """The cases that an agent's brief is about."""
    told = (m.name for m in policy.mailboxes if agent.name in m.notify and agent in policy.team(m.name))
    return briefing.Whose(agent.name, tuple(told))


def _statuses(policy: Policy) -> tuple[str, ...]:
    return tuple(s.name for s in policy.statuses if s.kind in _WAITED)
