"""`python -m tools.pictures`: every kind of mail as a mail client shows it, in English and Arabic, into docs/pictures.

A real daemon sends the mails; headless Chromium draws what clients show of them, 400 points wide, below a head such
as clients have. Needs `chromium` (Debian package) and Pillow, which the extra `report` brings along.
"""

from __future__ import annotations

import argparse
import base64
import html
import shutil
import subprocess
import tempfile
from email.message import EmailMessage
from pathlib import Path

from tools.picture_desk import mails

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
LANGUAGES = ("en", "ar")
WIDTH, TALLEST = 400, 9_000  # points; the widest phone held upright, and more than any mail needs
WINDOW = 600  # Chromium makes no narrower window
SCALE = 1.5  # dots a point: sharp enough to read, small enough to keep
COLOURS = 32

# What a client shows above a mail. The page's own styles do not reach it, nor its styles the mail.
HEAD = """
<div style="all:initial;display:block;box-sizing:border-box;width:{width}px;padding:12px 16px;background:{back};
  color:{fore};border-bottom:1px solid {line};font:13px/1.45 'Noto Sans',Arial,sans-serif" dir="{direction}">
<div dir="auto" style="font-size:16px;font-weight:600;margin-bottom:6px">{subject}</div>
<div dir="auto" style="overflow-wrap:anywhere">{sender}</div>
<div dir="auto" style="overflow-wrap:anywhere;opacity:.7">{to}</div>
</div>
"""
# How clients show a text part: each line in the direction of its first letter.
PLAIN = """<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>
<body style="margin:0;padding:0"><div style="padding:20px 16px;white-space:pre-wrap;overflow-wrap:anywhere;
unicode-bidi:plaintext;font:15px/1.5 'Noto Sans',Arial,sans-serif">{text}</div></body></html>"""
LIGHT = {"back": "#f2f3f5", "fore": "#1b1d21", "line": "#d5d8dd", "page": "#ffffff"}
DARK = {"back": "#2a2c30", "fore": "#eceef1", "line": "#44474d", "page": "#1e1f22"}


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--out", type=Path, default=FOLDER, help="where to, instead of docs/pictures")
    parser.add_argument("--dark", action="store_true", help="as a client in dark mode shows them")
    parser.add_argument("--language", choices=LANGUAGES, help="only one of them")
    options = parser.parse_args()
    program = shutil.which("chromium") or parser.error("chromium is not installed: apt-get install chromium")
    options.out.mkdir(parents=True, exist_ok=True)
    for language in (options.language,) if options.language else LANGUAGES:
        for name, mail in mails(language).items():
            target = options.out / f"{name}.{language}.png"
            draw(str(program), page(mail, dark=options.dark), target, dark=options.dark)
            print(f"{target.name} {target.stat().st_size // 1024} KB", flush=True)


def page(mail: EmailMessage, dark: bool = False) -> str:
    """The HTML part of a mail with its pictures in it, else its text, below the head of a client."""
    body = mail.get_body(("html", "plain"))
    if body is None:
        raise ValueError(f"{mail['Subject']}: no text")
    text = str(body.get_content())
    if body.get_content_type() == "text/plain":
        text = PLAIN.format(text=html.escape(text))
    for part in mail.walk():
        if part["Content-ID"]:
            data = base64.b64encode(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]
            cid = str(part["Content-ID"]).strip("<>")
            text = text.replace(f"cid:{cid}", f"data:{part.get_content_type()};base64,{data}")
    colours = DARK if dark else LIGHT
    shown = {name: html.escape(_shown(mail, name)) for name in ("Subject", "From", "To")}
    direction = "rtl" if 'dir="rtl"' in text else "ltr"
    head = HEAD.format(
        width=WIDTH, direction=direction, subject=shown["Subject"], sender=shown["From"], to=shown["To"], **colours
    )
    begin, mark, rest = text.partition('<body style="margin:0;padding:0">')
    if not mark:
        raise ValueError(f"{mail['Subject']}: another body than the layout's")
    inside, end, after = rest.rpartition("</body>")
    # From the left edge of the window, whatever the direction of the mail.
    frame = f"position:absolute;left:0;top:0;width:{WIDTH}px;overflow:hidden"
    return (
        f'{begin}<body style="margin:0;padding:0;background:{colours["page"]}"><div style="{frame}">{head}'
        f"{inside}</div>{end}{after}"
    )


def _shown(mail: EmailMessage, name: str) -> str:
    """A header field without the quotation marks that names have on the wire."""
    return str(mail[name] or "").replace('"', "")


def draw(program: str, document: str, target: Path, dark: bool = False) -> None:
    """A PNG of the page, cut where it ends, in few colours."""
    from PIL import Image, ImageChops

    with tempfile.TemporaryDirectory(prefix="mailcase-pictures-") as folder:
        source, taken = Path(folder) / "mail.html", Path(folder) / "mail.png"
        source.write_text(document, "utf-8")
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-lcd-text", "--hide-scrollbars",
            f"--user-data-dir={folder}/home", f"--force-device-scale-factor={SCALE}",
            f"--window-size={WINDOW},{TALLEST}", f"--screenshot={taken}",
            *(["--blink-settings=preferredColorScheme=0"] if dark else []), source.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        with Image.open(taken) as picture:
            seen = picture.convert("RGB").crop((0, 0, int(WIDTH * SCALE), picture.height))
    blank = Image.new("RGB", seen.size, DARK["page"] if dark else LIGHT["page"])
    box = ImageChops.difference(seen, blank).getbbox()
    bottom = min(seen.height, (box[3] if box else 0) + int(16 * SCALE))
    seen.crop((0, 0, seen.width, bottom)).quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main()
