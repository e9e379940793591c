"""Where the HTML part says that the quotation begins: clients mark it there, in every language alike."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

# Only the head of a container is read, and only so much of a mail's HTML is searched.
SEARCHED = 300_000
HEAD = 4_000
# So many letters of the container's text must stand in the body at the beginning of a line, and at least so many.
LETTERS, FEWEST = 24, 6

# Outlook and OWA, Outlook for phones, Gmail, Thunderbird and Apple Mail, Yahoo, Zoho, Proton, Tuta, Entourage, GMX, QQ.
_CONTAINER = re.compile(
    r"<(?:div|blockquote|span|table|hr|a|td|p)\s[^<>]{0,400}?"
    r"(?:(?:id|class|name)\s{0,3}=\s{0,3}[\"']?[^\"'<>]{0,100}?"
    r"(?:divRplyFwdMsg|appendonsend|OutlookMessageHeader|_MailOriginal|ms-outlook-mobile-reference-message|"
    r"mail-editor-reference-message-container|gmail_quote|gmail_attr|moz-cite-prefix|yahoo_quoted|zmail_extra|"
    r"protonmail_quote|tutanota_quote|OLK_SRC_BODY_SECTION|gmx_quote|quote_origin|WebmailQuote)"
    r"|style\s{0,3}=\s{0,3}[\"']border:none;border-top:solid #(?:E1E1E1|B5C4DF) 1\.0pt"
    r"|type\s{0,3}=\s{0,3}[\"']?cite)[^<>]{0,2000}>",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"<!--[^>]{0,500}-->|<(?:style|head|script)\b[^<]{0,3000}</(?:style|head|script)>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")


def line_of(source: str, bare: Sequence[str]) -> int | None:
    """The line of the body at which the first quotation that `source` marks begins, or None.

    `bare` holds the body's lines without blanks around them.
    """
    match = _CONTAINER.search(source[:SEARCHED])
    if match is None:
        return None
    head = source[match.end() : match.end() + HEAD]
    wanted = _letters(html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", head))))[:LETTERS]
    if len(wanted) < FEWEST:
        return None
    for at, line in enumerate(bare):
        found = _letters(line)
        if not found:
            continue
        if len(found) < LETTERS:
            found = _letters(" ".join(bare[at : at + 4]))
        if found.startswith(wanted) and (len(wanted) == LETTERS or found == wanted):
            return at
    return None


def _letters(text: str) -> str:
    """Letters and digits alone, in one case: what survives however a client breaks and marks its lines."""
    return "".join(filter(str.isalnum, text[:500].casefold()))
