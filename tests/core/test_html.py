"""HTML to text, and cleaned HTML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.reading.html import clean, of_enriched, to_text, too_costly

TEXTS = [
    ("", ""),
    ("just words", "just words"),
    ("a<br>b", "a\nb"),
    ("a<br><br>b", "a\n\nb"),
    ("<p>a</p><p>b</p>", "a\n\nb"),
    ("<div>a</div><div>b</div>", "a\nb"),
    ("<div><div>a</div></div>\n\n<div>b</div>", "a\nb"),
    ("a <b>bold</b>, c", "a bold, c"),
    ("  many \n  blanks ", "many blanks"),
    ("a&nbsp;&amp;&lt;b&gt; &eacute;&#8364;", "a &<b> é€"),
    ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
    ("<ul><li>one</li><li>two</ul>after", "* one\n* two\n\nafter"),
    ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ("<pre>a\n  b</pre>", "a\n  b"),
    ("a<hr>b", "a\n________________________________\nb"),
    ('<a href="https://x.example/p">here</a>', "here <https://x.example/p>"),
    ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
    ('<a href="mailto:a@x.example">Ann</a>', "Ann"),
    ('<a href="javascript:alert(1)">x</a>', "x"),
    ('<img src="x" alt="our logo"> hi', "[our logo] hi"),
    ('<img src="x"> hi', "hi"),
    ("<style>p{}</style><script>x</script><title>t</title>a", "a"),
    ("<head><title>t</title><body>a", "a"),
    ("a<!-- no -->b<!--[if mso]>no<![endif]-->c", "abc"),
    ("a<!-- never closed", "a"),
    ('<div style="display:none">no<div>no</div></div>yes', "yes"),
    ('<span style="mso-hide:all; DISPLAY : NONE">no</span>yes', "yes"),
    ("<blockquote>q<br>r</blockquote>a", "> q\n> r\n\na"),
    ("a<blockquote type=cite>q<blockquote>r</blockquote></blockquote>", "a\n\n> q\n>\n> > r"),
    ('<blockquote style="margin:0 0 0 40px; border: none">in</blockquote>', "in"),
    ("</blockquote>a</a></p></table>b", "a\n\nb"),
    ("<o:p>&nbsp;</o:p><p class=MsoNormal>a<o:p></o:p></p>", "a"),
    ("<P>UP</P><BR/>x", "UP\n\nx"),
    ("<select><option>x</select>a", "a"),
    ("\0a\x07", "a"),
    ('<img alt="a > b" src="x">hi <b title="->">there</b>', "hi there"),
    ("<b title='5\"'>a > b</b>", "a > b"),
    ('5" > 4"', '5" > 4"'),
    ('<b class=x>5" > 4"', '5" > 4"'),
]


@pytest.mark.parametrize(("source", "text"), TEXTS)
def test_to_text(source: str, text: str) -> None:
    assert to_text(source) == text


def test_enriched_text_is_a_kind_of_html() -> None:
    enriched = "<bold>Dear</bold> << all &\n\nnext<color><param>red</param>!</color>"
    assert to_text(of_enriched(enriched, "text/enriched")) == "Dear < all &\nnext!"
    assert to_text(of_enriched("a <lt> b<nl>c", "text/richtext")) == "a < b\nc"
    assert of_enriched("a << b", "text/html") == "a << b"


# (payload, what must not be in the result)
DIRTY = [
    ("<script>alert(1)</script>", ["alert", "script"]),
    ("<img src=https://t.example/p.gif>", ["t.example"]),
    ("<img src='//t.example/p.gif'>", ["t.example"]),
    ("<img srcset='https://t.example/p.gif 2x'>", ["t.example"]),
    ("<img src=data:image/png;base64,AAAA>", ["data:"]),
    ("<img src=x onerror=alert(1)>", ["onerror", "src"]),
    ("<p style=\"background:url('https://t.example/')\">a</p>", ["t.example", "style"]),
    ("<style>@import url(https://t.example)</style>a", ["t.example", "import"]),
    ("<link rel=stylesheet href=https://t.example>", ["t.example"]),
    ("<base href=https://t.example>", ["t.example"]),
    ("<meta http-equiv=refresh content='0;url=https://t.example'>", ["t.example"]),
    (
        "<form action=https://t.example><input name=a><button>b</button></form>",
        ["t.example", "form", "input", "button"],
    ),
    ("<a href='javascript:alert(1)'>a</a>", ["javascript"]),
    ("<a href=' jav&#x09;ascript:alert(1)'>a</a>", ["ascript:"]),
    ("<a href='data:text/html,x'>a</a>", ["data:"]),
    ("<a href='cid:x'>a</a>", ["cid"]),
    ("<a href='https://x.example' ping='https://t.example'>a</a>", ["t.example"]),
    ("<svg onload=alert(1)><image href=https://t.example>", ["onload", "t.example"]),
    ("<math><mtext><style><img src=x onerror=alert(1)>", ["onerror"]),
    ("<iframe src=https://t.example></iframe>", ["iframe", "t.example"]),
    ("<object data=https://t.example><embed src=https://t.example>", ["t.example"]),
    ("<video poster=https://t.example src=https://t.example></video>", ["t.example"]),
    ("<audio src=https://t.example></audio>", ["t.example"]),
    ("<table background=https://t.example><td background=https://t.example>", ["t.example"]),
    ("<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", ["onerror"]),
    ("<div class='evil' id=evil>a</div>", ["evil"]),
    ("<!--[if mso]><script>alert(1)</script><![endif]-->", ["alert"]),
]


@pytest.mark.parametrize(("source", "forbidden"), DIRTY)
def test_clean_leaves_nothing_that_runs_or_loads(source: str, forbidden: list[str]) -> None:
    cleaned = clean(f"<p>before</p>{source}<p>after</p>").lower()
    assert "before" in cleaned
    assert [word for word in forbidden if word in cleaned] == []


def test_clean_keeps_what_a_letter_needs() -> None:
    source = '<table><tr><td colspan="2">a</td></tr></table><a href="https://x.example/">l</a><img src="cid:p" alt="i">'
    cleaned = clean(source + '<div class="gmail_quote">q</div><blockquote type="cite">c</blockquote>')
    for kept in ('colspan="2"', 'href="https://x.example/"', 'src="cid:p"', 'class="gmail_quote"', 'type="cite"'):
        assert kept in cleaned
    assert 'rel="noopener noreferrer nofollow"' in cleaned


@pytest.mark.parametrize(
    "source",
    ["<div>" * 10_000, "<b>" * 5_000, '<a href="x">y</a>' * 5_001, "x" * 1_000_001, "&" * 60_000, "<p>" * 100_001],
    ids=["deep", "deep-inline", "links", "long", "entities", "tags"],
)
def test_costly_html_is_not_cleaned_but_read(source: str) -> None:
    assert too_costly(source)
    assert clean(source) == ""
    assert isinstance(to_text(source), str)


def test_an_ordinary_newsletter_is_not_too_costly() -> None:
    source = (
        "<table><tr><td>" * 30 + "<p>text <a href='https://x.example'>l</a><br>" * 1_000 + "</td></tr></table>" * 30
    )
    assert not too_costly(source)
    assert clean(source)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="<>/!-=\"' abpdivlocktqute&;#x", max_size=120))
def test_any_html_gives_clean_text(source: str) -> None:
    text = to_text(source)
    assert "\r" not in text
    assert "\n\n\n" not in text
    assert clean(clean(source)) == clean(source)
