"""HTML of a mail: to readable text, and cleaned so that showing or sending it on does no harm."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING

from mailcase.core.reading import normalise

if TYPE_CHECKING:
    import nh3

SIZE = 1_000_000
DEPTH = 200
LINKS = 5_000
TAGS = 100_000
ENTITIES = 50_000  # 5 microseconds each
_URL_LENGTH = 500

_TAG = re.compile(r"(<[/!?a-zA-Z][^<>]*>)")
_QUOTED = re.compile(r"""\"[^"]*"|'[^']*'""")
_HIDDEN = re.compile(r"\shidden(?=[\s=/>])", re.IGNORECASE)
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:]*)")
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,40})\s{0,5}=\s{0,5}("[^"]*"|'[^']*'|[^\s"'>]+)""")
_SPACE = re.compile(r"[ \t\r\n\f\u200b\ufeff]+")
_BLANK_LINES = re.compile(r"\n{3,}")
# Of no height, or seen through: nobody has read it. Layouts set font-size to 0 around what has a size of its own.
_NO_SIZE = re.compile(r"(?:max-height|opacity):0(?:\.0+)?(?:px|pt|em|rem|%)?(?![.\w])")
_VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
_SKIPPED = (
    "script", "style", "head", "title", "template", "noscript", "object", "svg", "math", "select", "textarea", "iframe",
)  # fmt: skip
_PARAGRAPH = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre")
_LINE = frozenset((
    "div", "tr", "li", "dt", "dd", "center", "section", "article", "header", "footer", "main", "nav", "aside", "figure",
    "figcaption", "form", "fieldset", "address", "caption", "thead", "tbody", "tfoot", "legend", "details", "summary",
    "body", "html", "o:p",
))  # fmt: skip
_RULE = "_" * 32  # as Outlook writes a rule in plain text


class _Writer:
    """Lines of text in the making: white space collapsed, every line with the quote marks that hold for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = self.written = 0  # levels of quotation: now, and of the last line
        self.blank = False  # a blank line is due before the next text
        self.preformatted = 0

    def write(self, text: str) -> None:
        if self.preformatted:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.line.append(first)
            for line in rest:
                self.end_line(keep=True)
                self.line.append(line)
            return
        text = _SPACE.sub(" ", text)
        if not self.line or self.line[-1].endswith((" ", "\n")):
            text = text.lstrip(" ")
        if text:
            self.line.append(text)

    def end_line(self, *, keep: bool = False) -> None:
        """Close the line that is open; an empty one only where `keep` says so (a second <br>)."""
        text = "".join(self.line).replace("\xa0", " ").rstrip()
        self.line = []
        if not text and not keep:
            return
        if self.blank and self.lines and text:
            self.lines.append(("> " * min(self.quotes, self.written)).rstrip())
        self.blank = self.blank and not text
        self.written = self.quotes
        self.lines.append(("> " * self.quotes + text).rstrip())

    def end_paragraph(self) -> None:
        self.end_line()
        self.blank = True

    def result(self) -> str:
        self.end_line()
        return _BLANK_LINES.sub("\n\n", "\n".join(self.lines)).strip("\n")


def to_text(source: str) -> str:
    """The readable text of an HTML body: paragraphs, list marks, link targets, quotes as "> ", nothing hidden.

    Linear in its input; of very long or very many-tagged input the first million characters, the first 100,000 tags.
    """
    pieces = _TAG.split(_without_comments(source[:SIZE]), TAGS)
    writer = _Writer()
    quoting: list[bool] = []
    link: tuple[str, int] | None = None
    skip, level = "", 0
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            if ">" in piece and number and pieces[number - 1].count('"') % 2:
                piece = _behind_quotes(piece)
            if piece and not skip:
                writer.write(html.unescape(piece) if "&" in piece else piece)
            continue
        match = _NAME.match(piece)
        name = match.group(1).lower() if match else ""
        closing = piece[1] == "/"
        if skip:
            level += 0 if name != skip else -1 if closing else 1
            if level == 0 or (skip == "head" and name == "body"):
                skip = ""
            continue
        if not closing and name not in _VOID and (name in _SKIPPED or _is_hidden(piece)):
            skip, level = ("", 0) if piece.endswith("/>") else (name, 1)
        elif name == "a":
            link = _write_link(writer, link, piece, closing)
        elif name == "blockquote":
            _quote(writer, quoting, piece, closing)
        else:
            _write_tag(writer, name, piece, closing)
    return normalise.clean_text(writer.result())


ENRICHED = ("text/enriched", "text/richtext")
_PARAM = re.compile(r"<param>[^<>]{0,1000}</param>", re.IGNORECASE)


def of_enriched(text: str, media: str) -> str:
    """HTML of text/enriched (RFC 1896: "<<" is a "<", n line breaks are n - 1) and of text/richtext (RFC 1341: <lt> is
    a "<", <nl> a line break); any other text as it is."""
    if media == "text/enriched":
        text = _PARAM.sub("", text).replace("&", "&amp;").replace("<<", "&lt;")
        return _BREAKS.sub(lambda match: "<br>" * (len(match.group()) - 1), text)
    if media == "text/richtext":
        return text.replace("&", "&amp;").replace("<lt>", "&lt;").replace("<nl>", "<br>").replace("<np>", "<hr>")
    return text


_BREAKS = re.compile(r"\n{2,}")


def _behind_quotes(text: str) -> str:
    """The text behind the tag whose attribute holds a ">" in its quotes, and was ended there."""
    rest = text[:_URL_LENGTH].partition('"')[2]
    end = len(text[:_URL_LENGTH]) - len(rest) + rest.find(">") + 1
    return text[end:] if ">" in rest else text


def _without_comments(source: str) -> str:
    """Comments go (also Outlook's conditional ones); an unclosed one takes the rest, as in a browser. Linear."""
    if "<!--" not in source:
        return source
    kept: list[str] = []
    position = 0
    while (start := source.find("<!--", position)) >= 0:
        kept.append(source[position:start])
        end = source.find("-->", start + 4)
        if end < 0:
            return "".join(kept)
        position = end + 3
    return "".join([*kept, source[position:]])


def _attributes(tag: str) -> dict[str, str]:
    return {
        match.group(1).lower(): html.unescape(match.group(2).strip("\"'")) for match in _ATTRIBUTE.finditer(tag[:5_000])
    }


def _is_hidden(tag: str) -> bool:
    if "style" not in tag and "STYLE" not in tag and "hidden" not in tag and "HIDDEN" not in tag:
        return False
    if _HIDDEN.search(_QUOTED.sub('""', tag)):
        return True
    style = _SPACE.sub("", _attributes(tag).get("style", "").lower())
    words = ("display:none", "visibility:hidden", "mso-hide:all")
    return any(word in style for word in words) or bool(_NO_SIZE.search(style))


def _write_tag(writer: _Writer, name: str, tag: str, closing: bool) -> None:
    if name == "br":
        writer.end_line(keep=True)
    elif name == "pre":
        writer.end_paragraph()
        writer.preformatted = 0 if closing else 1
    elif name == "hr":
        writer.end_line()
        writer.line.append(_RULE)
        writer.end_line()
    elif name == "img":
        alternative = normalise.clean_line(_attributes(tag).get("alt", ""))
        writer.write(f"[{alternative}]" if alternative else "")
    elif name in ("td", "th"):
        writer.write(" ")
    elif name in _PARAGRAPH:
        writer.end_paragraph()
    elif name in _LINE:
        writer.end_line()
        if name == "li" and not closing:
            writer.line.append("* ")


def _write_link(writer: _Writer, link: tuple[str, int] | None, tag: str, closing: bool) -> tuple[str, int] | None:
    """At </a> the target in angle brackets, where the text does not show it already."""
    if not closing:
        target = _attributes(tag).get("href", "")
        return (target, len(writer.line)) if target[:5].lower() in ("http:", "https") else None
    if link:
        target, start = link
        shown = "".join(writer.line[start:]).strip()
        bare = target.partition("://")[2].rstrip("/")
        if shown and bare not in shown and len(target) <= _URL_LENGTH:
            writer.write(f" <{normalise.clean_line(target, _URL_LENGTH)}>")
    return None


def _quote(writer: _Writer, quoting: list[bool], tag: str, closing: bool) -> None:
    """A blockquote is a quotation, but not where its style says that it only indents (Gmail's border:none)."""
    writer.end_paragraph()
    if closing:
        writer.quotes -= bool(quoting and quoting.pop())
        return
    attributes = _attributes(tag)
    indents = "border:none" in _SPACE.sub("", attributes.get("style", "")) and attributes.get("type") != "cite"
    quoting.append(not indents and len(quoting) < 20)
    writer.quotes += quoting[-1]


def clean(source: str) -> str:
    """The HTML without anything that runs, loads, posts or dresses up; "" where it is too big or nested to be cleaned.

    Kept: text structure, tables, links to http, https, mailto and tel, cid: images (they are in the mail itself).
    Remote images lose their source, styles and forms go. See `too_costly` for the bounds.
    """
    if not source.strip() or too_costly(source):
        return ""
    return normalise.clean_text(_cleaner().clean(normalise.clean_text(source))).strip()


def too_costly(source: str) -> bool:
    """Over a bound: 1,000,000 characters, 200 levels, 5,000 links. nh3's time grows with size times depth."""
    if len(source) > SIZE or source.count("<") > TAGS or source.count("&") > ENTITIES:
        return True
    return len(source) > 2_000 and (_links(source) > LINKS or _depth(source) > DEPTH)


def _links(source: str) -> int:
    return source.count("<a ") + source.count("<A ") + source.count("<a\n") + source.count("<a\t")


def _depth(source: str) -> int:
    """The deepest nesting, counted as if nothing closed itself: an upper bound for the parser's stack."""
    opened = source.count("<") - source.count("</")
    if opened <= DEPTH:
        return opened
    depth = deepest = 0
    for match in _NAME.finditer(source):
        if match.group()[1] == "/":
            depth = max(0, depth - 1)
        elif match.group(1).lower() not in _UNNESTED:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


_UNNESTED = (*_VOID, "p", "li", "td", "th", "tr", "option", "dt", "dd", "o:p")


@cache
def _cleaner() -> nh3.Cleaner:
    import nh3

    tags = set(nh3.ALLOWED_TAGS) - {"style", "form", "input", "button", "area", "map", "iframe"} | {"font", "u"}
    return nh3.Cleaner(
        tags=tags,
        clean_content_tags={*_SKIPPED} - {"head"},
        attributes={
            "a": {"href", "title"},
            "img": {"src", "alt", "width", "height"},
            "td": {"colspan", "rowspan", "align"},
            "th": {"colspan", "rowspan", "align"},
            "ol": {"start"},
            "blockquote": {"type"},
            "div": {"class", "id"},
            "*": {"dir", "lang"},
        },
        attribute_filter=_filtered,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


_MARKS = ("gmail_quote", "gmail_attr", "moz-cite-prefix", "yahoo_quoted", "divRplyFwdMsg", "appendonsend")


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if value.lower().startswith("cid:") else None
    if attribute in ("class", "id"):
        return value if any(mark in value for mark in _MARKS) and len(value) < 100 else None
    if attribute == "href":
        return None if value.lower().startswith("cid:") else value
    return value
