"""`mailcase case …`: list and show cases, and do to them what agents do by mail."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailcase.cli import output, settings
from mailcase.errors import MailcaseError

if TYPE_CHECKING:
    from mailcase.core.command import Command
    from mailcase.operate import Operator

app = typer.Typer(help="List, show and change cases.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The case.")]
As = Annotated[str, typer.Option("--as", metavar="AGENT", help="In the name of this agent.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Text = Annotated[str | None, typer.Option("--text", metavar="TEXT", help="The text.")]
File = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="A file with the text, - for stdin.")]
Template = Annotated[str, typer.Option("--template", metavar="NAME", help="Send this template.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Do not tell the customer.")]


class Asked(MailcaseError):
    """The command line was wrong."""

    exit_code = 2


@app.command("list")
def list_cases(
    status: Annotated[list[str] | None, typer.Option("--status", metavar="S", help="Only these; repeatable.")] = None,
    assignee: Annotated[str, typer.Option("--assignee", metavar="AGENT")] = "",
    mailbox: Annotated[str, typer.Option("--mailbox", metavar="NAME")] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="TAG")] = "",
    search: Annotated[str, typer.Option("--search", metavar="WORDS", help="Number, name, subject, text.")] = "",
    sort: Annotated[str, typer.Option("--sort", metavar="BY", help="number, date, subject or priority.")] = "",
    mine: Annotated[str, typer.Option("--mine", metavar="AGENT", help="The cases of this agent.")] = "",
    recent: Annotated[bool, typer.Option("--recent", help="The last changed first.")] = False,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1)] = 100,
    as_json: Json = False,
) -> None:
    """List cases: what needs attention first, by priority, then by age."""
    from mailcase.cli.desk import reading
    from mailcase.store.listing import CaseFilter, list_cases

    config = settings.load_config()
    known = [s.name for s in config.policy({}).statuses]
    for name in status or ():
        if name not in known:
            raise Asked(f"there is no status {name}; there are: {', '.join(known)}")
    if sort not in ("", "number", "date", "subject", "priority"):
        raise Asked(f"cannot sort by {sort}; write number, date, subject or priority")
    wanted = CaseFilter(
        statuses=tuple(status or ()), assignee=assignee, mine=mine, mailboxes=(mailbox,) if mailbox else (), tag=tag,
        search=search, sort=sort, recent=recent, limit=limit,
    )  # fmt: skip
    with reading(config) as conn:
        rows = list_cases(conn, wanted)
    print_cases(rows, as_json)


def print_cases(rows: list[dict[str, Any]], as_json: bool) -> None:
    """A list of cases, as a table or as JSON."""
    if as_json:
        output.print_json(rows)
        return
    output.print_table(
        ("case", "status", "priority", "assignee", "customer", "subject", "changed"),
        [
            (r["number"], r["status"], r["priority"], r["assignee"], _customer(r), r["subject"], r["updated_at"])
            for r in rows
        ],
        empty="No cases.",
    )  # fmt: skip


@app.command()
def show(number: Number, as_json: Json = False) -> None:
    """Show a case with its messages and its whole history."""
    from mailcase.cli.desk import reading
    from mailcase.cli.show import print_case
    from mailcase.store.listing import show_case

    with reading(settings.load_config()) as conn:
        case = show_case(conn, number)
    if as_json:
        output.print_json(case)
    else:
        print_case(case)


@app.command()
def status(
    number: Number,
    name: Annotated[str, typer.Argument(metavar="STATUS", help="The new status.")],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="For postponed: 3d or 2026-12-24.")] = "",
    resolution: Annotated[str, typer.Option("--resolution", metavar="R", help="For closed: how it ended.")] = "",
    agent: As = "",
    quiet: Quiet = False,
) -> None:
    """Set the status."""
    desk = _operator()
    commands = []
    if until:
        commands.append(desk.check("postpone", until))
    if resolution:
        commands.append(desk.check("close", resolution))
    commands.append(desk.check("status", name))
    if quiet:
        commands.append(desk.check("quiet", ""))
    _do(desk, number, agent, commands)


@app.command()
def reply(
    number: Number,
    text: Text = None,
    file: File = None,
    template: Template = "",
    status: Annotated[str, typer.Option("--status", metavar="S", help="Set this status with it.")] = "",
    agent: As = "",
) -> None:
    """Answer the customer."""
    desk = _operator()
    words = _words(text, file, template)
    _do(desk, number, agent, [desk.check("status", status)] if status else [], words, template)


@app.command()
def note(number: Number, text: Text = None, file: File = None, agent: As = "") -> None:
    """Add an internal note; nobody outside gets it."""
    desk = _operator()
    _do(desk, number, agent, [desk.check("note", "")], _words(text, file, ""))


@app.command("follow-up")
def follow_up(number: Number, text: Text = None, file: File = None, template: Template = "", agent: As = "") -> None:
    """Make the follow-up case of a closed one, and send the text under its number."""
    desk = _operator()
    words = _words(text, file, template) if text is not None or file is not None or template else ""
    _do(desk, number, agent, [desk.check("followup", "")], words, template)


@app.command()
def assign(number: Number, to: Annotated[str, typer.Argument(metavar="AGENT")], agent: As = "") -> None:
    """Make an agent responsible."""
    desk = _operator()
    _do(desk, number, agent, [desk.check("assign", to)])


@app.command()
def priority(number: Number, level: Annotated[str, typer.Argument(metavar="PRIORITY")], agent: As = "") -> None:
    """Set low, normal, high or urgent."""
    desk = _operator()
    _do(desk, number, agent, [desk.check("priority", level)])


@app.command(context_settings={"ignore_unknown_options": True})
def tag(number: Number, tags: Annotated[list[str], typer.Argument(metavar="TAG|-TAG …")], agent: As = "") -> None:
    """Add tags, or remove them with a minus."""
    desk = _operator()
    _do(desk, number, agent, [desk.check("tag", " ".join(tags))])


@app.command(context_settings={"ignore_unknown_options": True})
def cc(number: Number, people: Annotated[list[str], typer.Argument(metavar="+A@B|-C@D …")], agent: As = "") -> None:
    """Add participants with a plus, remove them with a minus."""
    desk = _operator()
    _do(desk, number, agent, [desk.check("cc", " ".join(people))])


@app.command()
def link(number: Number, other: Annotated[int, typer.Argument(metavar="NUMBER")], agent: As = "") -> None:
    """Link two cases."""
    desk = _operator()
    _do(desk, number, agent, [desk.check("link", str(other))])


@app.command()
def merge(number: Number, into: Annotated[int, typer.Argument(metavar="INTO", help="The case that goes on.")],
          agent: As = "") -> None:  # fmt: skip
    """Merge a case into another one: its people and its mail go there from now on."""
    desk = _operator()
    _do(desk, number, agent, [desk.check("merge", str(into))])


@app.command()
def split(
    number: Number,
    message: Annotated[str, typer.Option("--message", metavar="MESSAGE-ID", help="Not the newest, but this one.")] = "",
    agent: As = "",
) -> None:
    """Make a case of its own of a customer's message."""
    desk = _operator()
    _do(desk, number, agent, [desk.check("split", "")], message=message)


@app.command()
def forward(
    number: Number,
    to: Annotated[str, typer.Argument(metavar="A@B", help="Who is asked.")],
    text: Text = None,
    file: File = None,
    message: Annotated[str, typer.Option("--message", metavar="MESSAGE-ID", help="Not the newest, but this one.")] = "",
    agent: As = "",
) -> None:
    """Ask somebody else for help with a customer's message; their answer comes back to the case."""
    desk = _operator()
    words = _words(text, file, "") if text is not None or file is not None else ""
    _do(desk, number, agent, [desk.check("forward", to)], words, message=message)


def _customer(row: dict[str, Any]) -> str:
    return str(row["requester"]["name"] or row["requester"]["address"])


def _operator() -> Operator:
    from mailcase.operate import Operator

    return Operator(settings.load_config())


def _do(
    desk: Operator, number: int, agent: str, commands: list[Command], text: str = "", template: str = "",
    message: str = "",
) -> None:  # fmt: skip
    from mailcase.core.act import Words
    from mailcase.core.command import Order

    if template and template not in desk.writer.templates.kinds:
        raise Asked(f"there is no template {template}; there are: {', '.join(desk.writer.templates.kinds)}")
    work = desk.do(number, agent, Order(tuple(commands), text), Words(text, template=template), message)
    for line in work.done or [f"case {work.change.case.number}: nothing to change"]:
        print(output.printable(line))


def _words(text: str | None, file: Path | None, template: str) -> str:
    """What is to be written. Raises Asked when nothing, or two things, were given."""
    if sum((text is not None, file is not None, bool(template))) != 1:
        raise Asked("write one of --text TEXT, --file FILE and --template NAME")
    if text is not None:
        found = text
    elif file is not None:
        try:
            found = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Asked(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    else:
        return ""
    if not found.strip():
        raise Asked("the text is empty; nothing was sent")
    return found
