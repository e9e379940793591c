"""Which parts of a message are its text, and which are attachments (RFC 8621 section 4.1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import CloseBoundaryNotFoundDefect

from mailcase.core.reading import charset, html, mime, normalise
from mailcase.core.reading.bounded import BoundedMessage

_MEDIA = ("image/", "audio/", "video/")
# Other renderings of the same text, for clients that know them: neither text nor something a person attached.
_UNSHOWN = frozenset({"text/x-amp-html", "text/watch-html"})
# Text that nobody attached on purpose: read when a mail has no other.
_LAST_RESORT = ("text/", "multipart/")
_TEXTUAL = ("text/", "message/delivery-status", "message/global-delivery-status", "message/disposition-notification")


@dataclass(slots=True, eq=False)
class Leaf:
    """One part that holds no other parts: its metadata, and its content decoded once."""

    message: BoundedMessage
    media: str
    filename: str
    disposition: str
    position: int  # within its multipart
    holder: str  # the subtype of the multipart around it, "" for the message itself
    unclosed: bool = False
    data: bytes = b""
    sound: bool = True
    text: str = ""
    defects: list[str] = field(default_factory=list)

    @property
    def is_textual(self) -> bool:
        return self.media.startswith(_TEXTUAL) or self.media.startswith("multipart/")


@dataclass(slots=True)
class Sorted:
    """The leaves of a message by use. A leaf may be in several; in `attachments` at most once."""

    plain: list[Leaf] = field(default_factory=list)
    html: list[Leaf] = field(default_factory=list)
    attachments: list[Leaf] = field(default_factory=list)


def leaf_of(message: BoundedMessage, position: int, holder: str) -> Leaf:
    """The leaf with its names read; the content stays encoded until `decode_leaf`."""
    content_type, disposition = message.field("content-type"), message.field("content-disposition")
    kind = disposition.partition(";")[0].strip(" \t\r\n\"'").lower()
    kind = kind if kind.isascii() and kind.isprintable() and len(kind) < 40 else ""
    return Leaf(message, message.media_type(), mime.filename(content_type, disposition), kind, position, holder)


def decode_leaf(leaf: Leaf, bound: int) -> None:
    """Undo the transfer encoding; text also gets its characters, at most `bound` of them."""
    encoding = leaf.message.field("content-transfer-encoding")
    encoded = leaf.message.data()
    leaf.data, leaf.sound = mime.decode_transfer(encoded, encoding) if encoding else (encoded, True)
    if not leaf.sound:
        leaf.defects.append("transfer-encoding-broken")
    if leaf.is_textual:
        label = mime.parameters(leaf.message.field("content-type")).get("charset", "")
        if not label and leaf.media == "text/html":
            label = charset.stated_in_html(leaf.data)
        text, defect = charset.decode(leaf.data[: 4 * bound], label)
        leaf.text = normalise.clean_text(text[:bound])
        leaf.defects += [defect] if defect else []
        leaf.defects += ["text-too-long"] if len(leaf.data) > bound and len(text) >= bound else []


def sort(root: BoundedMessage) -> tuple[list[Leaf], Sorted]:
    """(all leaves in document order, the leaves by use)."""
    leaves: list[Leaf] = []
    found = Sorted()
    if root.children():
        alternative = root.media_type() == "multipart/alternative"
        _sort_parts(root, leaves, found, html_open=True, plain_open=True, alternative=alternative)
    else:
        leaf = leaf_of(root, 0, "")
        leaves.append(leaf)
        _place(leaf, found, html_open=True, plain_open=True, alternative=False)
    _mark_unclosed(root, leaves, found)
    return leaves, found


def _sort_parts(
    root: BoundedMessage, leaves: list[Leaf], found: Sorted, *, html_open: bool, plain_open: bool, alternative: bool
) -> None:
    """The algorithm of RFC 8621 section 4.1.4; `plain_open` and `html_open` say which of the two bodies still takes
    parts that are not of its own type."""
    holder = root.media_type().partition("/")[2]
    plain_before, html_before = len(found.plain), len(found.html)
    for position, part in enumerate(root.children()):
        if part.children():
            inner = alternative or part.media_type() == "multipart/alternative"
            _sort_parts(part, leaves, found, html_open=html_open, plain_open=plain_open, alternative=inner)
            continue
        leaf = leaf_of(part, position, holder)
        if _is_nothing(leaf):
            continue
        leaves.append(leaf)
        if alternative and holder != "alternative" and _is_body(leaf):
            html_open = html_open and leaf.media != "text/plain"
            plain_open = plain_open and leaf.media != "text/html"
        _place(leaf, found, html_open=html_open, plain_open=plain_open, alternative=holder == "alternative")
    if holder == "alternative":
        plain_added, html_added = found.plain[plain_before:], found.html[html_before:]
        if html_added and not plain_added:
            found.plain += html_added
        elif plain_added and not html_added:
            found.html += plain_added


def _is_nothing(leaf: Leaf) -> bool:
    """A boundary line with nothing behind it, as broken senders write them."""
    return not leaf.message.raw_fields and not leaf.message.data().strip()


def _is_body(leaf: Leaf) -> bool:
    """True for what may be read or seen in the place where it stands."""
    shown = leaf.media in ("text/plain", "text/html") or leaf.media.startswith(_MEDIA)
    if leaf.disposition == "attachment" or not shown:
        return False
    return leaf.position == 0 or (leaf.holder != "related" and (leaf.media.startswith(_MEDIA) or not leaf.filename))


def _place(leaf: Leaf, found: Sorted, *, html_open: bool, plain_open: bool, alternative: bool) -> None:
    if leaf.media in _UNSHOWN:
        return
    if not _is_body(leaf) or leaf.media.startswith(_MEDIA):
        # Unlike RFC 8621 a picture is always listed: the text that people read here shows none.
        found.attachments.append(leaf)
    elif alternative:
        (found.plain if leaf.media == "text/plain" else found.html).append(leaf)
    else:
        if plain_open:
            found.plain.append(leaf)
        if html_open:
            found.html.append(leaf)


def _mark_unclosed(root: BoundedMessage, leaves: list[Leaf], found: Sorted) -> None:
    """A mail that ends inside its last text part was cut off on the way: what there is of the part is shown, and it
    is also listed, so that nobody takes it for the whole."""
    holder = part = root
    while part.children():
        if not any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in part.defects):
            return
        holder, part = part, part.children()[-1]
    if not leaves or leaves[-1].message is not part or part is root:
        return
    if part.without_tail(f"--{holder.get_boundary()}--"):
        return  # closed, only not at the beginning of a line
    leaves[-1].unclosed = True
    if holder.media_type() == "multipart/mixed" and leaves[-1] not in found.attachments:
        found.attachments.append(leaves[-1])


def settle(leaves: list[Leaf], found: Sorted) -> None:
    """After decoding: a further text part of which nothing could be decoded is no text but an attachment."""
    for leaf in leaves:
        shown = leaf in found.plain or leaf in found.html
        if shown and leaf.position and not leaf.sound and leaf.data == leaf.message.data():
            found.plain = [other for other in found.plain if other is not leaf]
            found.html = [other for other in found.html if other is not leaf]
            found.attachments += [] if leaf in found.attachments else [leaf]
    order = {leaf: number for number, leaf in enumerate(leaves)}
    found.attachments.sort(key=order.__getitem__)


def texts(found: Sorted, leaves: list[Leaf]) -> tuple[str, str, bool]:
    """(readable text, HTML source, was the text made from HTML) of the decoded leaves.

    Where the plain text is empty the text comes from the HTML, where that is empty from any other text there is.
    """
    source = "\n".join(leaf.text for leaf in found.html if leaf.media == "text/html")
    plain = _joined(leaf for leaf in found.plain if leaf.media in ("text/plain", "text/html"))
    if plain.strip():
        return plain, source, not any(leaf.media == "text/plain" for leaf in found.plain)
    if source.strip() and (text := html.to_text(source)).strip():
        return text, source, True
    for leaf in leaves:
        if leaf.media.startswith(_LAST_RESORT) and leaf.disposition != "attachment" and leaf.text.strip():
            markup = leaf.media in ("text/html", *html.ENRICHED)
            return (html.to_text(html.of_enriched(leaf.text, leaf.media)) if markup else leaf.text), source, markup
    return plain, source, False


def _joined(leaves: Iterator[Leaf]) -> str:
    out: list[str] = []
    for leaf in leaves:
        text = html.to_text(leaf.text) if leaf.media == "text/html" else leaf.text
        if out and text.strip() and not out[-1].endswith("\n"):
            out.append("\n")
        out.append(text)
    return "".join(out)
