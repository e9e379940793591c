"""Everything that is read from one mail, put together: the facts that the rules decide on."""

from __future__ import annotations

from mailcase.core import classify, dsn, forward, language, parse, quote
from mailcase.core.message import Envelope, Kind, Limits, Mail, Ours, Reading


def read(raw: bytes, envelope: Envelope, ours: Ours, limits: Limits = parse.LIMITS) -> Reading:
    """What the bytes say, who or what wrote them, what is new in them. Never raises for any mail.

    A delivery report is a bounce whatever else speaks for another kind; its text is not split.
    """
    mail = parse.read_mail(raw, limits)
    kind, signals = classify.classify(mail, envelope, ours)
    bounce = dsn.read_bounce(mail)
    if bounce is not None:
        return Reading(mail=mail, kind=Kind.BOUNCE, signals=signals, new=mail.text, bounce=bounce)
    segments = quote.split(mail.text, marked_up(mail))
    new = quote.new_text(segments)
    return Reading(
        mail=mail,
        kind=kind,
        signals=signals,
        new=new,
        quoted=quote.quoted_text(segments),
        segments=segments,
        language=language.guess(new, mail),
        forwarded=forward.find(mail),
    )


def marked_up(mail: Mail) -> str:
    """The HTML body as it was sent: where the client's marks of a quotation stand. "" without one."""
    if not mail.html:
        return ""
    return next((p.text for p in mail.parts if p.depth == 0 and p.content_type == "text/html"), "")
