"""The weekly mail with the figures of a desk, as a value: all that its picture shows stands in its text too (L4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mailcase.core.brief import home
from mailcase.core.decision import Reply
from mailcase.core.message import Address
from mailcase.core.policy import Agent, Policy
from mailcase.core.report import Group, Rate, Report, Times

# The Content-ID by which the HTML part shows the picture.
PICTURE = "report@mailcase"


def report_mail(agent: Agent, report: Report, moment: datetime, policy: Policy, *, picture: bool) -> Reply:
    """The mail to one supervisor. `picture` says that one comes with it."""
    mailbox = home(agent, policy)
    groups = {"mailboxes": report.mailboxes, "agents": report.agents}
    return Reply(
        kind="report",
        case=0,
        mailbox=mailbox.name,
        to=(Address(agent.display_name, agent.address),),
        reason_key=f"report:{agent.name}:{moment:%Y%m%dT%H%M}",
        language=agent.language or mailbox.language,
        agent=agent.name,
        values={
            "number": 0,
            "period": f"{report.days[0].day} – {report.days[-1].day}",
            "cases_opened": report.cases,
            "statuses": [{"status": name, "count": count} for name, count in report.by_status.items()],
            "first_response": _times(report.first_response),
            "solution": _times(report.resolution),
            "reopened": _rate(report.reopened),
            "followed_up": _rate(report.followed_up),
            "groups": [{"title": title, "rows": _rows(group)} for title, group in groups.items() if group],
            "days": [{"day": str(one.day), "opened": one.opened, "done": one.done} for one in report.days],
            "picture": PICTURE if picture else "",
        },
    )


def _times(times: Times) -> dict[str, object]:
    return {"count": times.count, "median": times.median, "p90": times.p90}


def _rate(rate: Rate) -> str:
    return f"{rate.count} / {rate.of}" + ("" if rate.share is None else f" ({rate.share:.0%})")


def _rows(groups: Mapping[str, Group]) -> list[dict[str, object]]:
    return [
        {"name": name, "cases": one.cases, "done": one.done, "answers": one.answers,
         "first_response": _times(one.first_response), "resolution": _times(one.resolution)}
        for name, one in groups.items()
    ]  # fmt: skip
