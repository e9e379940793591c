"""`mailcase template …`: the mails we write, before anybody gets them (O3)."""

from __future__ import annotations

from typing import Annotated

import typer

from mailcase.cli import output, settings
from mailcase.cli.case import Asked, Json

app = typer.Typer(help="Templates: list and preview.", no_args_is_help=True)


@app.command("list")
def list_templates(as_json: Json = False) -> None:
    """List the kinds of mail and the languages there are."""
    from mailcase.outgoing.templates import load

    templates = load(settings.load_config().templates)
    rows = [{"kind": kind, "languages": list(templates.languages)} for kind in templates.kinds]
    if as_json:
        output.print_json(rows)
    else:
        output.print_table(("kind", "languages"), [(r["kind"], r["languages"]) for r in rows])


@app.command()
def preview(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="As in template list.")],
    language: Annotated[str, typer.Option("--language", metavar="L", help="Such as de.")] = "en",
    mailbox: Annotated[str, typer.Option("--mailbox", metavar="NAME", help="As this mailbox would send it.")] = "",
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part.")] = False,
    as_json: Json = False,
) -> None:
    """Print a mail as it would be, with made-up values."""
    from mailcase.outgoing.templates import load

    templates = load(settings.load_config().templates)
    if kind not in templates.kinds:
        raise Asked(f"there is no template {kind}; there are: {', '.join(templates.kinds)}")
    rendered = templates.render(kind, language, mailbox, templates.sample_values(kind, language))
    if as_json:
        output.print_json({"kind": kind, "language": language, "subject": rendered.subject, "text": rendered.text,
                           "html": rendered.html})  # fmt: skip
    elif html:
        print(rendered.html)
    else:
        print(f"Subject: {rendered.subject}\n\n{rendered.text}")
