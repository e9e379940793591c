"""Finds signatures: after "-- ", after a line of underscores, and the footers of phones and mail programs."""

from __future__ import annotations

import re
from collections.abc import Sequence

# RFC 3676 section 4.3 asks for "-- "; clients and converters lose the blank, so shorter tails are asked for then.
_DELIMITERS = frozenset({"--", "–", "—", "––", "——"})
LONGEST = 15
LONGEST_AFTER_RULE = 10
LONGEST_AFTER_DASHES, WIDEST_AFTER_DASHES = 6, 60

# Things mail is sent from or with: a footer names one of them, or says "my".
_THING = (
    "mobile|phone|smartphone|tablet|device|i-?phon\\w{0,6}|i-?pad\\w{0,5}|i-?pod|macbook|android\\w{0,5}|"
    "galaxy\\w{0,4}|samsung\\w{0,4}|huawei|xiaomi|redmi|oppo|"
    "oneplus|pixel|nokia|lumia|htc|xperia|motorola|honor|fairphone|wiko|blackberry|outlook|windows|yahoo|gmail|gmx|"
    "web\\.de|aol|mail|e-mail|mailbox|airmail|spark|proton|protonmail|tuta|tutanota|hotmail|typeapp|bluemail|k-9|"
    "thunderbird|acompli|newton|posteo|fastmail|zoho|superhuman|mailspring|app|ios|t-mobile|verizon|vodafone|mobil|"
    "puhelimesta\\w{0,2}|laitteesta\\w{0,2}|"
    "mobiltelefon|mobiltelefonen|mobilgerät|handy|téléphone|teléfono|móvil|celular|telefono|cellulare|"
    "telemóvel|telefoon|"
    "почты|почта|приложения|яндекс\\.почты|telefon|telefonu|telefonom|telefonen|puhelin|мобильного|телефона|телефону|айфона|هاتفي|جوالي"
)
_MINE = (
    "my|meinem|meiner|mein|mon|ma|mi|mio|mia|meu|minha|mijn|mojego|mojej|mého|mé|můj|môjho|min|mitt|mit|moje|"
    "mojom|mog|"
    "моего|моей|мого|моєї|моя|моят|minu|mano|mana|meva|saya"
)
# What a language says for "sent" and for "get".
_SENT = (
    "sent|gesendet|verschickt|geschrieben|diese (?:nachricht|mail|e-mail) wurde|envoyé|envoyée|enviado|enviada|enviat|"
    "inviato|inviata|"
    "verzonden|verstuurd|wysłano|wysłane|wysłana|odesláno|odoslané|poslano|poslané|posláno|отправлено|надіслано|"
    "відправлено|изпратено|послато|skickat|skickades|sendt|lähetetty|küldve|elküldve|trimis|expediat|στάλθηκε|εστάλη|"
    "gönderildi|saadetud|nosūtīts|išsiųsta|dikirim|terkirim|đã gửi|gửi|ส่ง|ส่งจาก|"
    "נשלח|أرسلت|أُرسلت|تم الإرسال|فرستاده شده|"
    "ارسال شده"
)
_GET = (
    "get|holen sie sich|laden sie|télécharger|obtenir|téléchargez|obtener|descargar|scarica|ottieni|obter|"
    "obtenha|baixar|"
    "downloaden|download|pobierz|stáhnout|získať|získat|hämta|hent|hanki|lataa|letöltés|descărcați|скачать|скачайте|"
    "завантажити|изтегляне|preuzmite|prenesite|λήψη|indir|dapatkan|tải|tải xuống|unduh|ดาวน์โหลด|קבל את|"
    "احصل على|دریافت|obter o|pobierz aplikację|получить|загрузить|获取|取得"
)
_GOT = (
    "holen|bekommen|herunterladen|installieren|télécharger|descargar|baixar|scarica|pobierz|stáhnout|downloaden|"
    "telepítése|hankkiminen|beszerzése|indir|indirin|edinin|获取|取得|다운로드|"
    "を入手|を取得"
)
_PLAIN = r"[^.,;:!?\n]"
_EXCUSE = r"(?:[.,;!]?\s{1,4}(?:please |bitte )?(?:excuse|pardon|forgive|ignore|sorry|apolog|entschuldig).{0,120})?"
_FORMS = (
    rf"(?:{_SENT})(?!\w){_PLAIN}{{0,60}}?(?<!\w)(?:{_THING}|{_MINE})(?!\w){_PLAIN}{{0,60}}(?:\.\w{{2,4}})?{_EXCUSE}",
    r"sent (?:from|via) (?:my |the )?samsung galaxy.{0,30}, an .{1,30} smartphone",
    r"(?:provenance|von|van|da|de|desde) ?: ?(?:courrier|mail|posta|correo|outlook) .{0,8}(?:windows|ios|android)",
    rf"sent from a {_PLAIN}{{3,40}}",
    # A program that is not known here, by its name alone: "Sent with Unibox".
    r"sent (?:from|with|via|using) (?-i:[A-Z])[\w.+!'’-]{1,20}(?: (?-i:[A-Z])[\w.+!'’-]{0,20}){0,2}",
    r"(?:(?:please|pls) )?(?:excuse|pardon|forgive|apologies|sorry|typed|written)(?!\w)[^!?\n]{0,60}"
    rf"(?<!\w)(?:sent|typed|written) (?:from|on|with|via) (?:my|a) {_PLAIN}{{0,20}}(?<!\w)(?:{_THING})(?!\w)\.?",
    rf"(?:von|vom|mit|aus) {_PLAIN}{{0,30}}(?<!\w)(?:{_THING})(?!\w){_PLAIN}{{0,30}} (?:gesendet|geschickt)\.?",
    r"(?:[\w.'’-]{1,20} ){0,3}from (?:my |a )?(?:mobile|i-?phone|i-?pad|android|phone)(?!\w)" + _PLAIN + "{0,20}",
    rf"(?:von|vom|mit) (?:{_MINE})(?:/(?:{_MINE}))? {_PLAIN}{{1,40}} (?:gesendet|geschickt|verschickt)\.?",
    rf"(?:{_GET}) (?:the |l['’])?(?:outlook|bluemail|typeapp|proton mail|spark|boxer|aqua mail)(?!\w).{{0,100}}",
    r"sent from my (?:verizon|at&t|t-mobile|sprint|u\.s\. cellular|vodafone|o2|orange|ee)[ ,].{0,60}",
    rf"outlook .{{1,40}}(?:{_GOT}).{{0,40}}",
    rf"(?:{_THING})['’]?(?:um|ım|im|üm)?(?: cihaz\w{{1,6}}| telefon\w{{1,6}})?(?:dan|den|tan|ten) gönderildi\.?",
    r"(?:ios|android) için outlook['’]?\w{0,3} (?:edinin|indirin|alın)\.?",
    r"[^。、，]{0,20}(?:から送信|より送信)(?:されました|しました)?[.。]?",
    rf".{{0,10}}(?:{_THING}|갤럭시|아이폰|메일|휴대폰).{{0,10}}에서 (?:보냄|보냈습니다|보낸 메일|발송|전송)\.?",
    r"(?:(?:发自|發自|來自|来自|从|從|由) ?我的 ?|发自|發自)[^\n。，]{1,30}?(?:发送|傳送|發送|寄出)?[.。]?",
)
_FOOTER = re.compile(rf"[<(*_~]{{0,3}}\s?(?:{'|'.join(_FORMS)})\s?[)>*_~.]{{0,4}}", re.IGNORECASE)
# Apart from the others, and asked only where its verb stands: it has to look for the thing everywhere.
_HUNGARIAN = re.compile(
    rf".{{0,30}}(?:{_THING}|okostelefon|készülék)[\w'’-]{{0,12}}(?:ról|ről|val|vel) küldve\.?", re.IGNORECASE
)
_LINK = re.compile(r"[<\[(]{0,2}(?:https?://|www\.|mailto:)[^\s<>]{0,300}>{0,2}")
_NO_BRACKETS = str.maketrans("", "", "[]")
# Only a line that has one of these words can be a footer: the cheap question before the dear one.
_HINT = re.compile(
    rf"(?<!\w)(?:{_SENT}|{_GET}|provenance|windows|from|outlook|verschickt|geschickt)(?!\w)|送信|에서|我的|发自|發自",
    re.IGNORECASE,
)

# Words with which one takes leave, at the beginning of a line.
_LEAVE = (
    "regards|best regards|kind regards|kindest regards|warm regards|with regards|best wishes|many thanks|"
    "thanks|thank you|"
    "cheers|sincerely|yours|best|mit freundlichen grüßen|mit freundlichem gruß|viele grüße|beste grüße|liebe grüße|"
    "schöne grüße|herzliche grüße|freundliche grüße|gruß|grüße|gruss|viele grüsse|freundliche grüsse|lg|vg|mfg|danke|"
    "vielen dank|cordialement|bien cordialement|bien à vous|salutations|merci|saludos|un saludo|atentamente|gracias|"
    "cordiali saluti|distinti saluti|saluti|grazie|atenciosamente|cumprimentos|com os melhores cumprimentos|abraços|"
    "obrigado|obrigada|met vriendelijke groet|vriendelijke groet|groet|groeten|groetjes|mvg|bedankt|pozdrawiam|"
    "z poważaniem|z powazaniem|dziękuję|s pozdravem|s pozdravom|děkuji|díky|ďakujem|с уважением|спасибо|"
    "з повагою|дякую|"
    "поздрави|pozdrav|lijep pozdrav|lep pozdrav|med vänlig hälsning|med vänliga hälsningar|med venlig hilsen|"
    "med vennlig hilsen|venlig hilsen|vennlig hilsen|vänliga hälsningar|hälsningar|hilsen|mvh|kh|vh|tack|tak|takk|"
    "terveisin|ystävällisin terveisin|kiitos|üdvözlettel|köszönöm|cu stimă|mulțumesc|με εκτίμηση|ευχαριστώ|"
    "saygılarımla|"
    "teşekkürler|teşekkür ederim|よろしくお願い|敬具|감사합니다|此致|祝好|谢谢|謝謝|مع التحية|تحياتي|شكرا|"
    "בברכה|תודה|trân trọng|"
    "cảm ơn|salam|hormat kami"
)
_CLOSING = re.compile(rf"(?:{_LEAVE})(?!\w)|よろしくお願い", re.IGNORECASE)


def is_footer(line: str) -> bool:
    """True for a line that a phone or a mail program put below the text, such as "Sent from my iPhone"."""
    if len(line) > 300 or not _HINT.search(line):
        return False
    words = _LINK.sub(" ", line).translate(_NO_BRACKETS).strip()
    return bool(_FOOTER.fullmatch(words)) or ("küldve" in words and bool(_HUNGARIAN.fullmatch(words)))


def is_closing(lines: Sequence[str]) -> bool:
    """True when these lines only take leave ("Regards, Jane"): they answer nothing."""
    said = [line for line in lines if line]
    return 0 < len(said) <= 4 and sum(map(len, said)) <= 120 and bool(_CLOSING.match(said[0]))


def is_delimiter(line: str) -> bool:
    """True for a line that can only begin a signature: "--", or a rule of underscores or long dashes."""
    return line in _DELIMITERS or (len(line) >= 2 and line[0] in "_—─━" and not line.strip(line[0]))


def mark(bare: Sequence[str], kinds: list[str]) -> None:
    """Sets `kinds` to "signature" for the tail of every run of new lines that is one. Blank lines have no kind yet."""
    end = len(bare)
    while end > 0:
        if kinds[end - 1] != "new":
            end -= 1
            continue
        start = end
        while start > 0 and kinds[start - 1] in ("new", ""):
            start -= 1
        for at in range(_tail(bare, start, end), end):
            if bare[at]:
                kinds[at] = "signature"
        end = start


def _tail(bare: Sequence[str], start: int, end: int) -> int:
    """Where in the run the signature begins; `end` when it has none."""
    begin = end
    for at in range(max(start, end - LONGEST - 10), end):
        if is_delimiter(bare[at]) and not (bare[at][0] == "_" and _asks(bare, start, at)):
            said = sum(1 for line in bare[at + 1 : end] if line)
            if said <= (LONGEST if bare[at] in _DELIMITERS else LONGEST_AFTER_RULE):
                begin = at
                break
        elif bare[at][:3] == "---" and _is_dashed_name(bare, start, at, end):
            begin = at
            break
    # A ruled line with nothing but a quotation below it belongs to neither.
    quoted = begin == end < len(bare)
    while begin > start:
        line = bare[begin - 1]
        if (
            line
            and not is_footer(line)
            and not (quoted and _is_ruled(line) and line not in bare[max(start, begin - LONGEST) : begin - 1])
            and not _is_link_of_footer(bare, begin - 1)
        ):
            break
        begin -= 1
    return begin


def _is_dashed_name(bare: Sequence[str], start: int, at: int, end: int) -> bool:
    """A rule of dashes begins a signature if few short lines follow it, and it is the only one: no table, no form.

    A blank line stands above it: without one it is the rule below a heading.
    """
    if bare[at].strip("-") or bare[at - 1] or _asks(bare, start, at) or not any(bare[start:at]):
        return False
    below = [line for line in bare[at + 1 : end] if line]
    return (
        0 < len(below) <= LONGEST_AFTER_DASHES
        and any(map(str.isalpha, below[0]))
        and all(len(line) <= WIDEST_AFTER_DASHES and line[-1] not in "?!:;" for line in below)
        and not any(line[:3] == "---" for line in (*below, *bare[max(start, at - LONGEST) : at]))
    )


def _asks(bare: Sequence[str], start: int, at: int) -> bool:
    """True when the text above a rule ends in a colon: what follows is what it announces."""
    return next((line[-1] in ":：" for line in reversed(bare[start:at]) if line), False)


def _is_link_of_footer(bare: Sequence[str], at: int) -> bool:
    """True for a line of nothing but a link, right below a program's footer."""
    return at > 0 and bool(_LINK.fullmatch(bare[at])) and is_footer(bare[at - 1])


def _is_ruled(line: str) -> bool:
    return len(line) >= 4 and not line.strip("-_=*–—─━ ")
