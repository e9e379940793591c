"""`mailcase report`: the figures of the cases that were opened since a date (L4). Changes nothing."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailcase.cli import output, settings
from mailcase.cli.case import Asked, Json

if TYPE_CHECKING:
    from mailcase.core.report import Group, Report, Times


def command(
    since: Annotated[str, typer.Option("--since", metavar="DATE", help="30d, 4w or 2026-11-01.")] = "30d",
    mailbox: Annotated[str, typer.Option("--mailbox", metavar="NAME", help="Of this mailbox alone.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: section, name, figure, value.")] = False,
    as_json: Json = False,
) -> None:
    """Show how many cases there were, and how long answers and solutions took."""
    from mailcase.cli.desk import reading
    from mailcase.core.report import figures, plain
    from mailcase.store.reporting import facts

    config, now = settings.load_config(), datetime.now(UTC)
    policy, begin = config.policy({}), _since(since, now)
    if mailbox and mailbox not in (known := [m.name for m in policy.mailboxes]):
        raise Asked(f"there is no mailbox {mailbox}; there are: {', '.join(known)}")
    with reading(config) as conn:
        report = figures(facts(conn, begin, now, (mailbox,) if mailbox else ()), policy, begin, now)
    if as_json:
        output.print_json(plain(report))
    elif as_csv:
        table = csv.writer(sys.stdout)
        table.writerow(("section", "name", "figure", "value"))
        table.writerows(lines(plain(report)))
    else:
        _print(report)


def _since(text: str, now: datetime) -> datetime:
    """`30d`, `4w`, `8h` before now, or a date. Raises Asked."""
    match = re.fullmatch(r"(\d{1,4})([hdw])", text.strip())
    if match:
        return now - int(match[1]) * timedelta(hours={"h": 1, "d": 24, "w": 168}[match[2]])
    try:
        begin = datetime.combine(date.fromisoformat(text.strip()), time(), UTC)
    except ValueError:
        raise Asked(f"{text} is not a date; write 30d, 4w or 2026-11-01") from None
    if begin > now:
        raise Asked(f"{text} is still to come; write a date that is past")
    return begin


def lines(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str, object]]:
    """The report, a figure a line: section, name of a mailbox, agent, status or day, figure, value."""
    for figure in ("since", "until", "cases"):
        yield "desk", "", figure, data[figure]
    for name, count in data["by_status"].items():
        yield "status", name, "cases", count
    for section in ("first_response", "resolution", "reopened", "followed_up"):
        yield from (("desk", "", f"{section}_{figure}", value) for figure, value in data[section].items())
    for name, times in data["time_in_status"].items():
        yield from (("status", name, f"time_{figure}", value) for figure, value in times.items())
    for section, groups in (("mailbox", data["mailboxes"]), ("agent", data["agents"])):
        for name, group in groups.items():
            for figure, value in group.items():
                inner = value if isinstance(value, dict) else {"": value}
                yield from ((section, name, f"{figure}_{part}".rstrip("_"), one) for part, one in inner.items())
    for day in data["days"]:
        yield from (("day", day["day"], figure, day[figure]) for figure in ("opened", "done"))


def _print(report: Report) -> None:
    print(f"Cases opened from {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC: {report.cases}")
    for title, rate in (("Reopened", report.reopened), ("Followed up", report.followed_up)):
        share = "" if rate.share is None else f" ({rate.share:.0%})"
        print(f"{title}: {rate.count} of {rate.of}{share}")
    print()
    output.print_table(
        ("", "cases", "median", "90 %"),
        [("first response", *_row(report.first_response)), ("resolution", *_row(report.resolution))],
    )
    statuses = dict.fromkeys((*report.by_status, *report.in_status))
    _section("status", ("now", "were in it", "median", "90 %"), [
        (name, report.by_status.get(name, 0), *_row(report.in_status.get(name))) for name in statuses
    ])  # fmt: skip
    head = ("cases", "done", "answers", "first response", "90 %", "resolution", "90 %")
    _section("mailbox", head, [(name, *_group(group)) for name, group in report.mailboxes.items()])
    _section("agent", head, [(name, *_group(group)) for name, group in report.agents.items()])


def _section(title: str, head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    if rows:
        print()
        output.print_table((title, *head), rows)


def _row(times: Times | None) -> tuple[object, ...]:
    if times is None:
        return "", "", ""
    return times.count, _length(times.median), _length(times.p90)


def _group(group: Group) -> tuple[object, ...]:
    first, done = group.first_response, group.resolution
    return (
        group.cases, group.done, group.answers, _length(first.median), _length(first.p90), _length(done.median),
        _length(done.p90),
    )  # fmt: skip


def _length(length: timedelta | None) -> str:
    """`5 m`, `3 h 20 m`, `2 d 4 h`; nothing for no time."""
    if length is None:
        return ""
    minutes = round(length.total_seconds() / 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} m" if hours else f"{minutes} m"
