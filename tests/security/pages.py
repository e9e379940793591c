"""A reader of the HTML in our mails that trusts nothing: what would run, what would load, what would post."""

from __future__ import annotations

from email.message import EmailMessage
from html.parser import HTMLParser

PASSIVE = frozenset((
    "html", "head", "title", "body", "p", "br", "hr", "div", "span", "a", "b", "i", "u", "em", "strong", "small", "font", "pre",
    "code", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "td", "th", "h1", "h2", "h3", "img", "bdi", "meta",
    "style", "center", "sub", "sup", "s", "del", "ins", "dl", "dt", "dd", "caption", "details", "summary",
))  # fmt: skip
LOADING = frozenset((
    "src", "srcset", "background", "poster", "data", "action", "formaction", "ping", "lowsrc", "dynsrc", "longdesc", "cite",
    "usemap", "classid", "codebase", "manifest", "profile", "xlink:href", "srcdoc",
))  # fmt: skip


class Reader(HTMLParser):
    """`faults` is what must not be in a mail."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every tag is one that only shows text, and none of its attributes does anything."""
        self.tags.append(tag)
        if tag not in PASSIVE or (tag == "meta" and "refresh" in str(attrs).lower()):
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            compact = "".join((value or "").split()).lower()
            harmless = tag == "img" and name == "src" and compact.startswith("cid:")
            if name.startswith("on") or (name in LOADING and not harmless):
                self.faults.append(f"<{tag} {name}={value}>")
            elif name == "href" and not compact.startswith(("http:", "https:", "mailto:", "tel:")):
                self.faults.append(f"<{tag} href={value}>")
            elif any(word in compact for word in ("url(", "expression(", "@import", "behavior:", "javascript:")):
                self.faults.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        """Style sheets of ours load nothing; everything else is text."""
        if self.tags and self.tags[-1] == "style" and any(w in data for w in ("url(", "@import", "expression(")):
            self.faults.append(data)
        self.words.append(data)

    def unknown_decl(self, data: str) -> None:
        """Conditional comments are commands to Outlook."""
        self.faults.append(data)

    def handle_comment(self, data: str) -> None:
        """Nothing is hidden in our pages."""
        self.faults.append(f"<!--{data}-->")


def faults(page: str) -> list[str]:
    """What in a page would run, load or post; [] for a harmless one."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader.faults


def shown(page: str) -> str:
    """The words that a page shows."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    return "".join(reader.words)


def all_faults(mail: EmailMessage) -> list[str]:
    """The faults of every part that a mail client renders as a page."""
    pages = [p for p in mail.walk() if p.get_content_maintype() == "text" and p.get_content_subtype() != "plain"]
    found = [f"{p.get_content_type()} is shown in place" for p in pages
             if p.get_content_type() != "text/html" and p.get_content_disposition() != "attachment"]  # fmt: skip
    for page in pages:
        if page.get_content_type() == "text/html" and page.get_content_disposition() != "attachment":
            found += faults(str(page.get_content()))
    return found
