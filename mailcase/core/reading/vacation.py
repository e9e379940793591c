"""The words and headers by which absence notices and other automatic replies of common products are known."""

from __future__ import annotations

import re

# Subjects that programs put together: fixed words, then a colon, then mostly the subject that is answered.
MACHINE_SUBJECTS = (
    # en
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "autoresponder",
    "auto-responder",
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "out of office",
    "out-of-office",
    "out of the office",
    "out of office autoreply",
    "out of office auto reply",
    "out of office auto-reply",
    "out of office reply",
    "out of office message",
    "out of office notification",
    "out of office response",
    "vacation reply",
    "vacation response",
    "vacation auto-reply",
    "ooo",
    "away notice",
    # de
    "automatische antwort",
    "automatische rückantwort",
    "abwesenheitsnotiz",
    "abwesenheitsnachricht",
    "abwesenheitsassistent",
    "abwesenheitsmitteilung",
    "abwesenheitsmeldung",
    "automatische abwesenheitsnotiz",
    "autoantwort",
    "auto-antwort",
    # nl
    "automatisch antwoord",
    "automatische beantwoording",
    "afwezigheidsbericht",
    "afwezigheidsmelding",
    "afwezigheidsassistent",
    # fr
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "réponse automatique d'absence",
    "réponse automatique d’absence",
    "réponse automatique d'absence du bureau",
    "message d'absence",
    "message d’absence",
    "notification d'absence",
    "notification d’absence",
    # es, pt, it
    "respuesta automática",
    "respuesta automatica",
    "contestación automática",
    "fuera de oficina",
    "fuera de la oficina",
    "resposta automática",
    "resposta automatica",
    "fora do escritório",
    "risposta automatica",
    "fuori sede",
    "fuori ufficio",
    "notifica di assenza",
    "resposta automàtica",
    "erantzun automatikoa",
    # pl, cs, sk, hu, ro, tr, el
    "automatyczna odpowiedź",
    "odpowiedź automatyczna",
    "nieobecność w biurze",
    "autoodpowiedź",
    "poza biurem",
    "automatická odpověď",
    "automatická odpoveď",
    "mimo kancelář",
    "automatikus válasz",
    "răspuns automat",
    "raspuns automat",
    "otomatik yanıt",
    "ofis dışında",
    "házon kívül",
    "εκτός γραφείου",
    "αυτόματη απάντηση",
    # sv, da, nb, fi
    "autosvar",
    "automatiskt svar",
    "automatisk svar",
    "frånvaromeddelande",
    "fraværsbesked",
    "fraværsmelding",
    "fraværsmeddelelse",
    "automaattinen vastaus",
    "poissaoloviesti",
    "sjálfvirkt svar",
    "ikke til stede",
    # hr, sl, et, lv, lt
    "automatski odgovor",
    "samodejni odgovor",
    "automaatvastus",
    "automātiskā atbilde",
    "automatinis atsakymas",
    # ru, uk, bg, sr
    "автоматический ответ",
    "автоматическое уведомление",
    "автоответ",
    "автоответчик",
    "автоматична відповідь",
    "автоматичен отговор",
    "аутоматски одговор",
    "вне офиса",
    "нет на рабочем месте",
    # ja, zh, ko
    "自動返信",
    "自動応答",
    "不在通知",
    "自動回覆",
    "自動答覆",
    "自动回复",
    "自动答复",
    "자동 회신",
    "자동회신",
    "자동 응답",
    "자동응답",
    "자동 답장",
    # vi, th, id, ms, hi
    "trả lời tự động",
    "ตอบกลับอัตโนมัติ",
    "การตอบกลับอัตโนมัติ",
    "balasan otomatis",
    "balasan automatik",
    "स्वचालित उत्तर",
    # ar, fa, he
    "الرد التلقائي",
    "رد تلقائي",
    "پاسخ خودکار",
    "תשובה אוטומטית",
    "מענה אוטומטי",
    "מחוץ למשרד",
)
# Words that people use too: they only say something beside another signal.
ABSENCE_WORDS = (
    "out of office",
    "out of the office",
    "out-of-office",
    "out of town",
    "autoreply",
    "auto reply",
    "auto-reply",
    "auto:",
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "auto response",
    "auto-response",
    "autoresponse",
    "autoresponder",
    "on vacation",
    "vacation:",
    "vacation",
    "on holiday",
    "on leave",
    "annual leave",
    "maternity leave",
    "away from my",
    "currently away",
    "away until",
    "no longer with",
    "no longer works",
    "has left the company",
    "abwesen",
    "im urlaub",
    "nicht im büro",
    "nicht im haus",
    "außer haus",
    "automatische antwort",
    "afwezig",
    "niet op kantoor",
    "met vakantie",
    "absence",
    "absent",
    "en congé",
    "réponse automatique",
    "vacaciones",
    "fuera de la oficina",
    "fuera de oficina",
    "ausente",
    "ausencia",
    "ausência",
    "férias",
    "in ferie",
    "fuori ufficio",
    "fuori sede",
    "assente",
    "assenza",
    "nieobecno",
    "urlop",
    "poza biurem",
    "nepřítom",
    "neprítom",
    "dovolen",
    "semester",
    "frånvaro",
    "fravær",
    "lomalla",
    "poissa",
    "szabadság",
    "concediu",
    "отпуск",
    "отсутств",
    "автоответ",
    "відпуст",
    "不在",
    "休暇",
    "自動返信",
    "休假",
    "外出",
    "自动回复",
    "自動回覆",
    "휴가",
    "부재",
    "자동",
    "إجازة",
    "خارج المكتب",
    "חופש",
)
# What desks write over their acknowledgements.
RECEIPT_WORDS = (
    "request received", "ticket received", "case received", "message received", "ticket created", "case created",
    "request created", "ticket opened", "ticket has been", "case has been", "request has been", "inquiry has been",
    "received your", "thank you for contacting", "thanks for contacting", "thank you for your message",
    "thank you for your email", "thank you for your e-mail", "thank you for your request",
    "thank you for your inquiry", "acknowledgement of", "acknowledgment of", "anfrage erhalten",
    "anfrage eingegangen", "ticket erstellt", "ihre anfrage", "eingangsbestätigung", "empfangsbestätigung",
    "accusé de réception", "demande reçue", "acuse de recibo", "solicitud recibida", "richiesta ricevuta",
    "ontvangstbevestiging", "受付完了", "お問い合わせありがとう", "접수되었습니다",
)  # fmt: skip
# The same with the number between: "Your ticket #55 has been received".
RECEIPT_FORM = re.compile(
    r"(?<!\w)(?:ticket|case|request|inquiry|enquiry|anfrage|demande|solicitud|richiesta)(?!\w).{0,40}?(?<!\w)"
    r"(?:has been |was |wurde |a été |ha sido |è stata )(?:received|created|opened|logged|registered|submitted|"
    r"erstellt|angelegt|eröffnet|registriert|reçue|créée|enregistrée|recibida|creada|registrada|ricevuta|creata)",
    re.IGNORECASE,
)
# A reply prefix: whoever answers an absence notice by hand has one before the notice's own words.
REPLY_PREFIX = re.compile(r"\s{0,4}[^\W\d_]{1,4}\s?(?:\[\d{1,3}\])?\s?[:：]\s{0,4}")
# What is surely one, so that "Out of Office Re: lamp" is known, and "Out of office now: …" is not.
KNOWN_PREFIX = re.compile(
    r"[-–]?\s{0,4}(?:re|aw|fwd?|wg|sv|vs|vb|antw|res|rif|rv|tr|odp|ynt|ref|回复|答复|回覆)\s?(?:\[\d{1,3}\])?\s?[:：]",
    re.IGNORECASE,
)
# "Ann Bell is out of the office (returning 11/20/2026)": Lotus Notes, with nothing in the headers.
NOTES_SUBJECT = re.compile(
    r"\((?:returning|rückkehr am|retour le|de retour le|regresa el|ritorno il|terug op|powrót)\s"
    r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\)[.\s]{0,4}$",
    re.IGNORECASE,
)
# "【自動返信】", "[부재중 자동응답]" at the very beginning: a tag that ends in the machine's words.
MACHINE_TAG = re.compile(
    r"\s{0,4}[\[【][^\[\]【】]{0,20}(?:自動返信|自動応答|自动回复|自动答复|自動回覆|자동 ?응답|자동 ?회신|자동 ?답장)"
    r"(?:メール|메일|邮件|郵件)?[\]】]"
)
BRACKETED = re.compile(r"\s{0,4}\[[^\[\]]{1,80}\]\s{0,4}")
AFTER_MACHINE_WORDS = (":", "：", "]", "】")

# Headers that only automatic replies carry, with any value but "no". Names in lower case.
REPLY_HEADERS = frozenset(
    {
        "x-autoreply",
        "x-auto-reply",
        "x-autoreply-from",
        "x-auto-reply-from",
        "x-autorespond",
        "x-auto-respond",
        "x-autoresponse",
        "x-auto-response",
        "x-autoresponder",
        "x-mail-autoreply",
        "x-mailer-autoreply",
        "x-emailreplyassistant",
        "x-vacation",
        "x-cpanel-autoresponder",
        "x-mdautoresponder",
        "x-yandex-vacation",
    }
)
# Others name themselves alike ("X-Acme-Auto-Reply").
REPLY_HEADER = re.compile(r"x-(?:[a-z]{1,20}-){0,3}auto-?(?:repl(?:y|ied)|respon(?:d|se|der))(?:-(?:from|id|by))?")
# Values that name a responder in a header that others use as well.
REPLY_VALUES = {
    "x-apple-action": ("vacation",),
    "x-mailer": ("vacation", "autoresponder", "auto-responder", "autoreply"),
    "delivered-to": ("autoresponder",),
    "x-sfdc-emailcategory": ("autoresponse",),
}
# Headers of programs that send by themselves.
GENERATED_HEADERS = frozenset(
    {
        "x-autogenerated",
        "x-auto-generated",
        "x-fc-machinegenerated",
        "x-cron-env",
        "x-amz-sns-message-id",
        "x-no-loop",
        "x-otrs-loop",
        "x-otobo-loop",
        "x-znuny-loop",
    }
)
# Headers of mail to many. Shops put them over single letters as well, so they are weak.
CAMPAIGN_HEADERS = frozenset({"x-csa-complaints", "x-campaign", "x-campaign-id", "x-campaignid", "x-mailingid"})
# Headers of other desks. They stand over what their agents wrote as well, so they are weak.
DESK_HEADERS = frozenset(
    {
        "x-zendesk-from-account-id",
        "x-zendesk-email-id",
        "x-freshdesk-ticket-id",
        "x-fd-type",
        "x-rt-loop-prevention",
        "rt-ticket",
        "x-rt-originator",
        "x-jira-fingerprint",
        "x-servicenow-generated",
        "x-servicenow-source",
        "x-otrs-ticketid",
        "x-zammad-ticket-id",
        "x-freescout-mail-type",
        "x-helpscout-id",
        "x-github-reason",
        "x-gitlab-project",
        "x-roundup-name",
        "x-redmine-host",
    }
)


def machine_subject(subject: str) -> bool:
    """True for a subject that an absence program made ("Automatic reply: …"), False for a person's answer to one.

    A desk's tag may stand before it, with the reply prefix that belongs to the tag ("Re: [tag] Out of office: …").
    """
    text = subject[:300]
    if MACHINE_TAG.match(text):
        return True
    prefix = REPLY_PREFIX.match(text)
    tag = BRACKETED.match(text, prefix.end() if prefix else 0)
    # What looks like a prefix before our own tag may be the machine's words themselves ("自動応答: [#12] …").
    for rest in (text[tag.end() :], text) if tag else (text,):
        words = rest.strip(" [【").casefold()
        if words.startswith(MACHINE_SUBJECTS):
            found = (words[len(known) :] for known in MACHINE_SUBJECTS if words.startswith(known))
            return any(_is_subject_behind(after.lstrip()) for after in found)
    return text.rstrip(" .").endswith(")") and NOTES_SUBJECT.search(text) is not None and worded(text, ABSENCE_WORDS)


def _is_subject_behind(after: str) -> bool:
    """True when what follows the machine's words is the subject that it answers: people write on in words."""
    if after.startswith(AFTER_MACHINE_WORDS):
        return True
    return KNOWN_PREFIX.match(after) is not None


def worded(subject: str, words: tuple[str, ...]) -> bool:
    """True when one of `words` (in lower case) stands in the subject."""
    text = subject[:300].lower()  # casefold would write "ß" as "ss"
    return any(map(text.__contains__, words))
