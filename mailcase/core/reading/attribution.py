"""The words with which mail programs announce a quotation or a forward, by language, and the lines made of them."""

from __future__ import annotations

import re

# "On … X wrote:": the verb, as each language's clients write it. Two spellings of one word stand side by side.
VERBS: dict[str, str] = {
    "af": "het geskryf|skryf",
    "ar": "كتب|كتبت|كتب/كتبت",
    "bg": "написа|пише",
    "ca": "missatge de|va escriure|ha escrit|escrigué",
    "cs": "napsal|napsala|napsal(a)|napsal/a|píše",
    "cy": "ysgrifennodd",
    "da": "skrev|skriver",
    "de": "schrieb|schrieben|geschrieben|schreibt",
    "el": "έγραψε|έγραψες",
    "en": "wrote|writes|has written",
    "es": "escribió|escribio|ha escrito",
    "et": "kirjutas",
    "eu": "idatzi du|idatzi zuen",
    "fa": "نوشت|نوشته است",
    "fi": "kirjoitti",
    "fr": "a écrit|a ecrit|écrit|écrivait",
    "gl": "escribiu",
    "he": "כתב|כתבה|כתב/ה|מאת",
    "hi": "ने लिखा",
    "hr": "napisao je|napisala je|je napisao|je napisala|je napisao/la|piše|napisao/la je",
    "hu": "írta|ezt írta|ezt írta (időpont",
    "id": "menulis|telah menulis",
    "is": "skrifaði",
    "it": "ha scritto|scrive|scriveva",
    "ja": "さんは書きました|は書きました|が書きました|のメール|さんからのメール|書き込みました",
    "ko": "작성|님이 작성|님이 씀|썼습니다",
    "lt": "rašė|parašė",
    "lv": "rakstīja",
    "nl": "schreef|schreef het volgende|geschreven|het volgende geschreven",
    "pl": "napisana przez|napisał|napisała|napisał(a)|napisał/a|pisze",
    "pt": "escreveu|escreveu o seguinte",
    "ro": "a scris",
    "ru": "написал|написала|написал(а)|написал(-а)|писал|писал(а)|пишет",
    "sk": "napísal|napísala|napísal(a)|napísal/a",
    "sl": "je napisal|je napisala|je napisal/-a|je oseba",
    "sr": "је написао|је написала|је написао/ла|је написао/-ла|пише",
    "sv": "skrev följande|skrev",
    "sw": "aliandika",
    "th": "เขียนว่า|เขียน",
    "tr": "yazdı|şunu yazdı|şunları yazdı",
    "uk": "написав|написала|написав(ла)|написав(-ла)|пише",
    "vi": "đã viết|viết",
    "zh": "写道|寫道|写信|撰寫|撰写",
}

# The word an attribution line begins with, where it does not begin with the date or the name.
OPENERS = (
    "on|at|in|am|um|le|el|en|il|in data|op|em|no dia|den|på|d.|dne|dňa|dnia|w dniu|dana|pe|la|a|στις|την|в|у|на|"
    "дана|od|de|von|da|van|от|від|från|fra|pada|vào|vào lúc|เมื่อ|בתאריך|ב-|في|بتاريخ|در|tarihinde|tanggal|"
    "kuupäeval|gada|het|op datum|el dia|o dia|vuonna|ти|dia|lúc|在|于|於|am:|date:|zitat von|quoting|citando|"
    "selon|según|ter|dnia:|dne:"
)

# Names of header fields in the block that Outlook, Notes and many others put above a quotation or a forward.
# In each row: From; Date or Sent; To; Cc; Subject. A bar parts the spellings.
FIELDS: dict[str, str] = {
    "ar": ("من|المرسل; التاريخ|تم الإرسال|أرسلت|تاريخ الإرسال|تاريخ; إلى|الى|المرسل إليه; نسخة|نسخة إلى; الموضوع"),
    "bg": "от|изпратено от; изпратено|дата|изпратен; до; копие|як; относно|тема",
    "ca": "de|des de; enviat|enviat el|data; per a|a; a/c; assumpte|tema",
    "cs": "od|odesílatel; odesláno|datum|odeslané; komu|pro; kopie; předmět|vec",
    "da": "fra|afsender; sendt|dato; til|modtager; cc|kopi; emne",
    "de": ("von|absender; gesendet|datum|gesendet am|verschickt|date; an|empfänger; kopie|cc|kopie an; betreff|betr"),
    "el": "από|αποστολέας; στάλθηκε|ημερομηνία|εστάλη|ημ/νία; προς|παραλήπτης; κοιν.|κοιν|κοινοποίηση; θέμα",
    "en": "from|sender; sent|date|sent at|sent on; to|recipient; cc|bcc|copy to; subject|re",
    "es": ("de|remitente; enviado|enviado el|fecha|enviada el|enviado en; para|a|destinatario; cc|con copia; asunto"),
    "et": "saatja|kellelt|kes; saadetud|kuupäev|saatmisaeg; saaja|adressaat|kellele; koopia; teema",
    "eu": "nork|igorlea|bidaltzailea; noiz|data|bidalita; nori|hartzailea; kopia; gaia",
    "fa": "از|فرستنده; تاریخ|ارسال شده|فرستاده شده; به|گیرنده; رونوشت; موضوع",
    "fi": "lähettäjä; lähetetty|päivämäärä|päiväys|pvm; vastaanottaja|kenelle; kopio; aihe",
    "fr": (
        "de|expéditeur|from; envoyé|envoyé le|date|date d'envoi|envoyée; à|a|pour|destinataire|to; "
        "cc|copie à|copie|cci; objet|sujet"
    ),
    "he": "מאת|מ-|שולח; נשלח|תאריך|נשלח ב; אל|עבור|נמען; עותק|העתק; נושא|הנדון",
    "hr": "šalje|od|pošiljatelj; poslano|datum; prima|za|primatelj; kopija; predmet|tema",
    "hu": "feladó|küldő; elküldve|küldve|dátum|küldés ideje; címzett; másolatot kap|másolat; tárgy",
    "id": "dari|pengirim; terkirim|tanggal|dikirim; kepada|untuk|ke; cc|tembusan; subjek|perihal|judul|subyek",
    "is": "frá|sendandi; sent|dagsetning|dags; til|viðtakandi; afrit; efni",
    "it": "da|mittente; inviato|data|inviato il|data invio|inviata; a|per|destinatario; cc|copia; oggetto",
    "ja": "差出人|送信者|送信元; 送信日時|日時|日付|送信|送信済み|送信日; 宛先|受信者; cc|写し; 件名|題名",
    "ko": (
        "보낸 사람|보낸사람|발신자|발신|보낸이; 보낸 날짜|날짜|보낸 시간|보낸날짜|전송|발송일|"
        "일자; 받는 사람|받는사람|수신자|수신|받는이; 참조; 제목"
    ),
    "lt": "nuo|siuntėjas; išsiųsta|data|siųsta; kam|iki|gavėjas; kopija; tema",
    "lv": "no|sūtītājs; nosūtīts|datums|sūtīts; kam|saņēmējs; kopija; temats|tēma",
    "nl": "van|afzender; verzonden|datum|verstuurd; aan|naar; kopie|cc; onderwerp|betreft",
    "no": "fra|avsender; sendt|dato; til|mottaker; kopi; emne",
    "pl": "od|nadawca; wysłano|data|wysłane|wysłany; do|adresat|odbiorca; dw|kopia|do wiadomości; temat",
    "pt": (
        "de|remetente; enviado|enviada|enviado em|enviada em|data|data de envio; para|destinatário; "
        "cc|com cópia; assunto"
    ),
    "ro": "de la|expeditor|de; trimis|data|trimis la|dată; către|catre|la|pentru; cc|copie; subiect|subiectul",
    "ru": "от|от кого|отправитель; отправлено|дата|дата отправки|отправлен; кому|получатель; копия; тема",
    "sk": "od|odosielateľ; odoslané|dátum|poslané; komu|pre; kópia; predmet|vec",
    "sl": "od|pošiljatelj; poslano|datum|čas; za|prejemnik; kp|kopija; zadeva",
    "sr": "од|шаље|пошиљалац; послато|датум|послано; за|коме|прима; копија; тема|наслов|предмет",
    "sv": "från|avsändare; skickat|datum|skickades; till|mottagare; kopia; ämne",
    "th": "จาก; ส่ง|วันที่|ส่งเมื่อ; ถึง; สำเนา|สำเนาถึง; เรื่อง|หัวเรื่อง|หัวข้อ",
    "tr": "kimden|gönderen; gönderildi|tarih|gönderme tarihi|gönderim|gönderilme; kime|alıcı; bilgi|cc; konu",
    "uk": "від|від кого|відправник; надіслано|дата|відправлено|надісланий; кому|одержувач; копія; тема",
    "vi": "từ|người gửi; đã gửi|ngày|gửi|thời gian; đến|tới|người nhận|gửi đến; cc|đồng gửi; chủ đề|tiêu đề",
    "zh": (
        "发件人|寄件者|寄件人|發件人; 发送时间|日期|寄件日期|發送日期|时间|發送時間|時間|发送日期|"
        "傳送時間; 收件人|收件者; 抄送|副本; 主题|主旨|主題|标题"
    ),
}
OTHER_FIELDS = (
    "reply-to|reply to|antwort an|antwort|répondre à|risposta|rispondi a|responder a|odpowiedź do|svar til|"
    "importance|"
    "wichtigkeit|importancia|importanza|priorität|priority|attachments|anlagen|anhänge|pièces jointes|datos adjuntos|"
    "allegati|bijlagen|organization|organisation|resent-from|newsgroups|categories|via|回复|"
    "添付ファイル|附件"
)

# The line above a quotation: "-----Original Message-----", without the dashes.
ORIGINAL = (
    "original message|replied message|original email|originalmail|reply message|reply above|message original|"
    "ursprüngliche nachricht|originalnachricht|original-nachricht|originale nachricht|urspr. nachricht|"
    "message d'origine|message d’origine|mail original|mail d'origine|mail d’origine|message initial|"
    "mensaje original|mensaje inicial|"
    "messaggio originale|messaggio iniziale|mensagem original|oorspronkelijk bericht|origineel bericht|"
    "originele bericht|oprindelig meddelelse|original meddelelse|den oprindelige meddelelse|opprinnelig melding|"
    "original melding|ursprungligt meddelande|originalmeddelande|alkuperäinen viesti|wiadomość oryginalna|"
    "oryginalna wiadomość|wiadomość pierwotna|původní zpráva|původní e-mail|pôvodná správa|eredeti üzenet|"
    "mesaj original|mesajul original|исходное сообщение|оригинальное сообщение|первоначальное сообщение|"
    "исходное письмо|оригінальне повідомлення|вихідне повідомлення|первинне повідомлення|оригинално съобщение|"
    "оригинално писмо|изворна порука|izvorna poruka|originalna poruka|originalno sporočilo|izvirno sporočilo|"
    "αρχικό μήνυμα|orijinal ileti|özgün ileti|orijinal mesaj|orijinal e-posta|algne kiri|algne sõnum|"
    "sākotnējais ziņojums|pradinis pranešimas|originalus laiškas|missatge original|jatorrizko mezua|"
    "mensaxe orixinal|הודעה מקורית|‏‏הודעה מקורית|الرسالة الأصلية|رسالة أصلية|پیام اصلی|元のメッセージ|"
    "元のメール|原始メッセージ|original message / 元のメッセージ|원본 메시지|원본 메일|원본메시지|원본 이메일|"
    "原始邮件|原始郵件|原始信件|原邮件|原文|原始消息|"
    "回复的原邮件|回覆的原郵件|tin nhắn gốc|thư gốc|thông điệp gốc|pesan asli|pesan semula|"
    "ข้อความต้นฉบับ|ข้อความเดิม|upprunaleg skilaboð|mesej asal|oorspronklike boodskap"
)

# The line above a forward: "---------- Forwarded message ---------", "Begin forwarded message:".
FORWARDED = (
    "forwarded message|begin forwarded message|forwarded by|forwarded mail|forwarded email|"
    "start of forwarded message|forwarded letter|this is a forwarded message|weitergeleitete nachricht|"
    "anfang der weitergeleiteten nachricht|weitergeleitete e-mail|weitergeleitet von|"
    "ursprüngliche weitergeleitete nachricht|message transféré|message transmis|début du message réexpédié|"
    "début du message transféré|message réexpédié|transféré par|mensaje reenviado|inicio del mensaje reenviado|"
    "mensaje enviado originalmente|reenviado por|messaggio inoltrato|inizio messaggio inoltrato|"
    "inizio del messaggio inoltrato|inoltrato da|mensagem encaminhada|mensagem reencaminhada|"
    "início da mensagem encaminhada|início da mensagem reencaminhada|doorgestuurd bericht|"
    "begin doorgestuurd bericht|doorgezonden bericht|doorgestuurde bericht|videresendt meddelelse|"
    "start på videresendt meddelelse|videresendt besked|start på videresendt besked|videresendt melding|"
    "videresendt e-post|start på videresendt melding|vidarebefordrat meddelande|vidarebefordrat brev|"
    "vidarebefordrat mail|vidarebefordrat|början på vidarebefordrat brev|välitetty viesti|"
    "edelleen lähetetty viesti|välitetty viesti alkaa|przekazana wiadomość|wiadomość przekazana|"
    "przesłana wiadomość|treść przekazanej wiadomości|początek przekazanej wiadomości|wiadomość przesłana dalej|"
    "treść przesłanej wiadomości|přeposlaná zpráva|začátek přeposlané zprávy|předaná zpráva|"
    "začiatok preposlanej správy|preposlaná správa|továbbított üzenet|továbbított levél|"
    "továbbított üzenet kezdete|mesaj redirecționat|mesaj redirectionat|mesaj transmis mai departe|"
    "început mesaj redirecționat|пересланное сообщение|пересылаемое сообщение|начало переадресованного сообщения|"
    "начало пересылаемого сообщения|перенаправленное сообщение|переслане повідомлення|переслане оповіщення|"
    "початок переадресованого повідомлення|початок листа, що пересилається|препратено съобщение|препратено писмо|"
    "прослеђена порука|proslijeđena poruka|prosleđena poruka|posredovano sporočilo|početak proslijeđene poruke|"
    "προωθημένο μήνυμα|έναρξη προωθημένου μηνύματος|iletilen mesaj|yönlendirilen ileti|iletilmiş mesaj|"
    "iletinin başlangıcı|yönlendirilmiş ileti|edastatud kiri|edastatud sõnum|pārsūtīts ziņojums|"
    "pārsūtītais ziņojums|persiųstas laiškas|persiunčiamas laiškas|missatge reenviat|mensaxe reenviada|"
    "birbidalitako mezua|הודעה שהועברה|הודעה מועברת|תחילת ההודעה שהועברה|الرسالة المعاد توجيهها|"
    "رسالة معاد توجيهها|رسالة محولة|بدء الرسالة المعاد توجيهها|پیام هدایت شده|پیام بازارسال‌شده|転送メッセージ|"
    "転送されたメッセージ|転送メール|以下、転送メッセージ|전달된 메시지|전달된 메일|전달된 이메일|전달 메시지|"
    "다음은 전달된 메시지입니다|转发的邮件|转发邮件|轉寄郵件|轉寄的郵件|已转发邮件|轉寄信件|转发信息|"
    "下面是被转发的邮件|開始轉寄郵件|以下為轉寄的郵件|tin nhắn đã chuyển tiếp|thư đã chuyển tiếp|"
    "bắt đầu thư được chuyển tiếp|pesan terusan|pesan yang diteruskan|awal pesan terusan|pesan diteruskan|"
    "ข้อความที่ส่งต่อ|mesej dikemukakan|áframsend skilaboð|áframsent bréf|deurgestuurde boodskap"
)

# Prefixes of the subject with which a client marks a forward.
FORWARD_SUBJECTS = (
    "fw|fwd|forward|forwarded|wg|weitergeleitet|tr|transf|rv|reenv|reenviado|i|inoltro|inoltra|res-enc|"
    "encaminhar|doorst|doorgestuurd|vs|videresendt|vb|vidarebefordrat|vl|välitetty|pd|podaj dalej|przekaz|"
    "továbbítás|továbbított|пересл|переслано|пд|προωθ|πρθ|ilt|i̇lt|yanıt-ilt|הועבר|إعادة توجيه|تحويل|転送|전달|"
    "转发|轉寄|轉發|chuyển tiếp|terusan|persiuntimas|pārsūtīts|edasi|enc"
)


def folded(words: str) -> str:
    """In one case; the dot that a Turkish capital I leaves behind is taken away."""
    return words.casefold().replace("\u0307", "")


def _alternatives(words: set[str]) -> str:
    """A regex alternative that tries the longer word first, so that "napisał(a)" is not read as "napisał"."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


_VERB_WORDS = {word for words in VERBS.values() for word in words.split("|")}
# Scripts without spaces (and Korean and Arabic, which glue words on) may not ask for a word boundary in front.
_GLUED = {word for language in ("ja", "ko", "zh", "th") for word in VERBS[language].split("|")}
_VERB = f"(?:(?<!\\w)(?:{_alternatives(_VERB_WORDS - _GLUED)})(?!\\w)|(?:{_alternatives(_GLUED)}))"

VERB = re.compile(_VERB, re.IGNORECASE)
VERB_AT_END = re.compile(_VERB + r"[\s:：,.\-–—‐)]{0,8}$", re.IGNORECASE)
LAST_WORDS = frozenset(re.split(r"\s+", word)[-1] for word in _VERB_WORDS)
OPENER = re.compile(rf"[\s\-–—‐_*]{{0,40}}(?:{_alternatives(set(OPENERS.split('|')))})(?=[\s\d,:]|$)", re.IGNORECASE)
ADDRESS = re.compile(r"[^\s<>@()\[\]]{1,64}@[^\s<>@()\[\],;]{1,255}")
DATE = re.compile(
    r"(?<![\d@])\d{1,4}[./\-]\d{1,2}[./\-]\d{1,4}|\b(?:19|20)\d\d\b|\d{1,4}\s?[年년]|\d{1,2}\s?[月월]\s?\d{1,2}"
)
TIME = re.compile(r"(?<!\d)\d{1,2}\s?[:.h時点시]\s?\d{2}(?!\d)|\d{1,2}\s?[時点點시]")
# Gmail of old: "2013/7/20 Jane <jane@example.com>", "2016-03-03 17:21 GMT+01:00 Jane".
OLD_GMAIL = re.compile(
    r"\d{4}[/\-]\d{1,2}[/\-]\d{1,2}\s+(?:\d{1,2}:\d{2}\s+(?:GMT|UTC)[+\-]\d|[^<>]{0,80}<[^<>@\s]+@[^<>@\s]+>:?$)"
)
FIRST_PERSON = re.compile(r"(?<!\S)(?:I|we|ich|wir|nous|j'ai|j’ai|io|ik|wij|jag|jeg|yo|я|мы)(?!\S)")

BRACKETED = re.compile(r"<\s?[^\s<>@()\[\]]{1,64}@[^\s<>@()\[\],;]{1,255}\s?>")
# "Yes, do. On Monday, 16 November 2026, Jane wrote:": a phone that puts the attribution behind the last words.
BEHIND_PROSE = re.compile(r"[^\s>].{1,300}?[.!?] {1,3}(?:On|Am|Le|El|Il|Em|Op|Den) .{0,30}?\d")
_NUMBER = re.compile(r"\d+")

FIELD_KINDS = ("from", "date", "to", "cc", "subject")
FIELD: dict[str, str] = dict.fromkeys(OTHER_FIELDS.split("|"), "other")
for _row in FIELDS.values():
    for _kind, _names in zip(FIELD_KINDS, _row.split("; "), strict=True):
        for _name in _names.split("|"):
            FIELD.setdefault(_name.casefold(), _kind)
FIELD["re"] = "other"
# Fields that no client shows: with them it is a mail's source that somebody pasted.
FIELD |= dict.fromkeys(
    ("message-id", "mime-version", "received", "return-path", "dkim-signature", "content-type"), "source"
)

ORIGINAL_LINES = frozenset(folded(words) for words in ORIGINAL.split("|"))
FORWARDED_LINES = frozenset(folded(words) for words in FORWARDED.split("|"))
_FORWARD_STARTS = tuple(words for words in FORWARDED_LINES if words.endswith((" by", " von", " par", " por", " da")))

# Marks that Hebrew, Arabic and Windows clients put around words, and the blanks that str.strip does not know.
INVISIBLE = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
RULE = "-_=*~–—‐‑―─━"
_AROUND = RULE + " \t\xa0:：>" + INVISIBLE


def separator(line: str) -> str:
    """What a line such as "-----Original Message-----" announces: "original", "forward" or ""."""
    words = folded(" ".join(line.strip(_AROUND).split()))
    if words in FORWARDED_LINES or words.startswith(_FORWARD_STARTS):
        return "forward"
    if words == "original":  # WeChat; the word alone is anybody's
        return words if line[:3].strip(RULE) == line[-3:].strip(RULE) == "" else ""
    if words not in ORIGINAL_LINES and line[:2] == "--" and ":" in line:  # "-- Original Message -- From: Jane"
        words = folded(" ".join(line.strip(_AROUND).partition("--")[0].strip(_AROUND).split()))
    return "original" if words in ORIGINAL_LINES else ""


def is_certain(joined: str) -> bool:
    """True for an attribution so complete that unmarked text below it may be taken for the quotation."""
    if OLD_GMAIL.match(joined) or _is_framed(joined):
        return True
    date, time = DATE.search(joined), TIME.search(joined)
    if not (date or time):
        return joined[:3] == "---" and joined[-1] in ":：" and is_addressed(joined) and bool(VERB_AT_END.search(joined))
    colon = joined.rstrip(RULE + " ").endswith((":", "："))
    address = ADDRESS.search(joined)
    if address and date and time and colon and not joined[address.end() :].strip(" >)]:：\xa0" + INVISIBLE):
        return True
    if not VERB.search(joined) or FIRST_PERSON.search(joined) or len(_NUMBER.findall(joined)) < 2:
        return False
    if VERB_AT_END.search(joined[-60:]):
        return colon or bool(address)
    return colon and bool(address or OPENER.match(joined))


def is_addressed(line: str) -> bool:
    """True for a line with an address in angle brackets."""
    return BRACKETED.search(line) is not None


def is_formed(line: str) -> bool:
    """True for "Name <address>" among the numbers of a whole date, in whatever language, and nobody says "I".

    A log has such lines too: an attribution stands by itself.
    """
    if line[-1] not in ":：" or not is_addressed(line) or not (DATE.search(line) and TIME.search(line)):
        return False
    return len(_NUMBER.findall(line)) >= 4 and not FIRST_PERSON.search(line)


def _is_framed(line: str) -> bool:
    """ "---- Jane Doe wrote ----", as Android and Zoho have it; GroupWise has ">>> Jane Doe 11/16/26 9:14 >>>"."""
    if line[:3] == ">>>":
        return is_arrowed(line)
    return line[:2] in ("--", "‐‐") and line[-2:] in ("--", "‐‐") and bool(VERB.search(line))


def is_arrowed(line: str) -> bool:
    """True for GroupWise's ">>> Jane Doe <jane@example.com> 11/16/2026 9:14 AM >>>"."""
    if line[:3] != ">>>" or line[-3:] != ">>>" or len(line) < 12:
        return False
    return bool(DATE.search(line)) and bool(TIME.search(line))


def inline_end(line: str) -> int:
    """Where an attribution ends that has its quotation behind it on the same line, as Yahoo's phones do; 0 without."""
    colon = line.find(":  ")
    address = ADDRESS.search(line, 0, colon) if colon > 0 else None
    return colon + 1 if address and address.start() and is_certain(line[: colon + 1]) else 0


def is_likely(joined: str) -> bool:
    """True for a line that, with marked quotation right below it, is that quotation's attribution."""
    if is_certain(joined) or VERB_AT_END.search(joined[-60:]):
        return True
    dated, addressed = DATE.search(joined), ADDRESS.search(joined)
    return bool(dated or addressed) and (
        joined.endswith((":", "：")) or bool(dated and addressed and VERB.search(joined))
    )
