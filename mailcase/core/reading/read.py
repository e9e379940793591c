"""Everything that is read from one mail, put together: the facts that the rules decide on."""

from __future__ import annotations

from dataclasses import replace

from mailcase.core.message import Envelope, Limits, Mail, Ours, Reading, Segment
from mailcase.core.reading import attribution, classify, dsn, forward, language, parse, quote


def read(raw: bytes, envelope: Envelope, ours: Ours, limits: Limits = parse.LIMITS) -> Reading:
    """What the bytes say, who or what wrote them, what is new in them. Never raises for any mail.

    The text of a delivery report is not split: nobody wrote it.
    """
    mail = parse.read_mail(raw, limits)
    bounce = dsn.read_bounce(mail, classify.from_nobody(envelope))
    kind, signals = classify.classify(mail, bounce, envelope, ours)
    if bounce is not None:
        return Reading(mail=mail, kind=kind, signals=signals, new=mail.text, bounce=bounce)
    forwarded = forward.says_forward(mail.subject, mail.text)
    segments = quote.split(mail.text, marked_up(mail), forwarded=forwarded)
    new = quote.new_text(segments)
    return Reading(
        mail=mail,
        kind=kind,
        signals=signals,
        new=new,
        quoted=quote.quoted_text(segments),
        segments=segments,
        language=language.guess(new, mail),
        forwarded=forward.find(mail) if forwarded or _passes_on(mail, segments) else None,
    )


def own_words(reading: Reading) -> Reading:
    """The reading without the rule that a mail of nothing but quotation is shown whole (R3).

    For mail from agents: what they quote is our own copy, with all that is internal in it (attack S7).
    """
    if not any(_is_said(line) for line in reading.new.splitlines()):
        return replace(reading, new="", quoted=reading.mail.text)
    if len(reading.segments) != 1 or reading.segments[0].kind != quote.NEW:
        return reading
    mail = reading.mail
    forwarded = forward.says_forward(mail.subject, mail.text)
    segments = quote.split(mail.text, marked_up(mail), forwarded=forwarded, keep=False)
    new = quote.new_text(segments)
    if quote.has_marker(new):  # no line announced the quotation, or one that may mean anything
        return replace(reading, new="", quoted=mail.text)
    return replace(reading, segments=segments, new=new, quoted=quote.quoted_text(segments))


def _is_said(line: str) -> bool:
    """Not a rule, nor the line that some clients put above what they quote."""
    return bool(line.strip(attribution.RULE + " \t\xa0")) and attribution.separator(line) != "original"


def _passes_on(mail: Mail, segments: tuple[Segment, ...]) -> bool:
    """Worth a look for a forward: most mails are not, and the look costs as much as splitting the text."""
    return any(segment.kind == quote.FORWARD for segment in segments) or any(
        part.content_type == "message/rfc822" for part in mail.parts
    )


def marked_up(mail: Mail) -> str:
    """The HTML body as it was sent: where the client's marks of a quotation stand. "" without one."""
    if not mail.html:
        return ""
    return next((p.text for p in mail.parts if p.depth == 0 and p.content_type == "text/html"), "")
