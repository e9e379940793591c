"""Decides whether a customer's short answer confirms that the matter is solved (the "confirm to close" rule)."""

from __future__ import annotations

import re

from mailcase.core.reading import signature
from mailcase.core.reading.language_words import WORDS

LONGEST = 240
MOST_WORDS = 30
# Words that are neither a confirmation nor among the language's commonest: names, mostly.
MOST_OTHER_WORDS = 4

# A yes, a thank-you or "it works", by language. One of them must be there …
_YES: dict[str, str] = {
    "en": (
        r"yes|yep|yeah|confirmed|i confirm|(?:many )?(?:thanks|thank you|thx)(?: so much| very much| a lot| again)?"
        r"(?: for (?:your|the|all your) (?:quick |kind |great )?(?:help|support|reply|answer|response))?|"
        r"solved|resolved|fixed|works|working|"
        r"it worked|perfect|great|all good|all set|done|sorted|you (?:can|may) (?:now )?close|please close|"
        r"can be closed|cheers|awesome|excellent"
    ),
    "de": (
        r"ja|jawohl|bestätigt|bestätige|danke|dankeschön|vielen dank|besten dank|herzlichen dank|gelöst|erledigt|"
        r"behoben|funktioniert|geht (?:wieder|jetzt|nun)|klappt|passt|alles gut|alles bestens|super|perfekt|prima|"
        r"kann geschlossen werden|läuft"
    ),
    "fr": (
        r"oui|merci|confirmé|je confirme|résolu|réglé|ça marche|cela fonctionne|fonctionne|ça fonctionne|parfait|"
        r"c'est bon|super|nickel|impeccable|tout est bon|vous pouvez (?:fermer|clôturer|clore)"
    ),
    "es": (
        r"sí|^si(?=[,.!]|$)|gracias|muchas gracias|confirmado|confirmo|resuelto|solucionado|arreglado|funciona|"
        r"perfecto|todo bien|genial|listo|pueden? cerrar|excelente|de acuerdo"
    ),
    "it": (
        r"sì|^si(?=[,.!]|$)|grazie|grazie mille|confermo|confermato|risolto|funziona|perfetto|tutto ok|"
        r"tutto a posto|ottimo|potete chiudere|va bene|sistemato"
    ),
    "cs": (
        r"ano|děkuji|děkujeme|děkuju|díky|dík|moc děkuji|potvrzuji|vyřešeno|vyřešené|funguje|opraveno|hotovo|"
        r"perfektní|super|v pořádku|můžete (?:uzavřít|zavřít)|skvělé|výborně"
    ),
    "ar": (
        r"نعم|شكرا|شكرا جزيلا|أؤكد|تم الحل|تم حل المشكلة|حلت المشكلة|تعمل الآن|يعمل الآن|يعمل|تعمل|ممتاز|"
        r"رائع|تمام|أشكركم|يمكنكم إغلاق|مشكورين|جزاكم الله خيرا"
    ),
    "ja": (
        r"はい|ありがとう|有難う|感謝|解決しました|解決いたしました|解決です|直りました|動きました|"
        r"動作しました|使えるようになりました|できました|完了|問題ありません|問題なく|大丈夫です|了解|"
        r"確認しました|クローズしてください|助かりました"
    ),
    "ko": (
        r"네|예|감사|고맙|고마워|해결되었|해결됐|해결 되었|해결했|잘 됩니다|잘됩니다|작동합니다|정상|완료|"
        r"확인했습니다|문제없|종료해|닫으셔도|좋습니다"
    ),
    "nl": (
        r"ja|bedankt|dank|dank je|dank u|dankjewel|opgelost|werkt|het werkt|perfect|prima|in orde|bevestigd|top|"
        r"mag gesloten worden"
    ),
    "pl": (
        r"tak|dziękuję|dziękujemy|dzięki|potwierdzam|rozwiązane|rozwiązany|działa|naprawione|super|świetnie|"
        r"wszystko działa|w porządku|można zamknąć"
    ),
    "pt": (
        r"sim|obrigado|obrigada|confirmo|confirmado|resolvido|funciona|funcionou|perfeito|tudo certo|tudo bem|"
        r"ótimo|podem? fechar|excelente"
    ),
    "sv": r"ja|tack|tack så mycket|löst|fungerar|bekräftar|perfekt|toppen|klart|allt fungerar|kan stängas",
    "da": r"ja|tak|mange tak|løst|virker|fungerer|bekræfter|perfekt|super|i orden|kan lukkes",
    "no": r"ja|takk|tusen takk|løst|virker|fungerer|bekrefter|perfekt|supert|i orden|kan lukkes",
    "ru": (
        r"да|спасибо|благодарю|подтверждаю|решено|решена|решён|решен|работает|заработало|исправлено|отлично|"
        r"всё хорошо|все хорошо|можно закрыть|супер|всё работает"
    ),
}

# Whole phrases, taken out first: they hold words that would deny if they stood alone.
_PHRASES: dict[str, str] = {
    "en": r"(?:problem|issue) (?:is |has been |was |got )?(?:now )?(?:solved|resolved|fixed)|"
    r"work(?:s|ing) (?:fine )?again|no more questions",
    "de": r"problem (?:ist |wurde |hat sich )?(?:jetzt |nun |damit )?(?:gelöst|behoben|erledigt)|"
    r"funktioniert (?:jetzt |nun |alles )?wieder|"
    r"geht (?:jetzt |nun |alles )?wieder|läuft (?:jetzt |nun )?wieder|klappt (?:jetzt |nun )?wieder",
    "fr": r"problème (?:est |a été )?(?:maintenant )?(?:résolu|réglé)|"
    r"(?:marche|fonctionne) (?:à nouveau|de nouveau)|remarche",
    "es": r"problema (?:está |fue |ha sido |ya está )?(?:resuelto|solucionado)|funciona (?:de nuevo|otra vez)|"
    r"ya está (?:resuelto|solucionado)",
    "it": r"problema (?:è stato |è )?(?:risolto|sistemato)|funziona di nuovo",
    "cs": r"problém (?:je |byl )?vyřešen[ýo]?|(?:zase|opět|znovu|už) (?:to )?funguje|už to funguje",
    "ar": r"تم حل المشكلة|حلت المشكلة|المشكلة حلت|يعمل مرة أخرى",
    "ja": r"問題[はが](?:無事に?|すべて)?(?:解決|解消)(?:しました|いたしました|されました)|"
    r"問題(?:は)?(?:あり|ござい)ません|問題なく",
    "ko": r"문제가 (?:잘 )?해결(?:되었|됐|되었습니다)|다시 (?:잘 )?(?:됩니다|작동합니다)|문제없",
    "nl": r"probleem is (?:nu )?opgelost|werkt (?:nu )?weer",
    "pl": r"problem (?:został |jest )?rozwiązany|(?:znowu|znów|już) działa",
    "pt": r"problema (?:foi |está |já está )?resolvido|funciona (?:de novo|novamente)",
    "sv": r"problemet är (?:nu )?löst|fungerar (?:nu )?igen",
    "da": r"problemet er (?:nu )?løst|(?:virker|fungerer) (?:nu )?igen",
    "no": r"problemet er (?:nå )?løst|(?:virker|fungerer) (?:nå )?igjen",
    "ru": r"проблема (?:уже )?решена|(?:снова|опять|уже) (?:всё |все )?работает",
}

# … and none of these: a denial, a "but", a condition, a wish, news that the trouble goes on.
_NO: dict[str, str] = {
    "en": (
        r"no|not|\w+n't|cannot|never|but|however|although|though|still|yet|again|unfortunately|if|unless|until|"
        r"except|only|almost|another|also|other|problem|issue persists|wait|once|when|what|why|how|please|could|"
        r"would|will|should|need|question|nothing|wrong|error|fail\w*|broken|later|tomorrow|try|trying|in advance|"
        r"waiting|hope|sometimes|mostly|partly|half|worse|worked until|new"
    ),
    "de": (
        r"nein|nicht|nichts|kein\w*|nie|aber|jedoch|allerdings|trotzdem|leider|noch|wieder|falls|wenn|sobald|bis|"
        r"außer|nur|fast|auch|problem|fehler\w*|warte\w*|bitte|könnte\w*|würde\w*|sollte\w*|brauche|frage|wann|"
        r"warum|wie|was|später|morgen|im voraus|versuch\w*|teste|hoffe|hoffentlich|manchmal|teilweise|defekt|"
        r"kaputt|neue?s?"
    ),
    "fr": (
        r"non|pas|ne|n'\w+|aucun\w*|jamais|mais|cependant|toutefois|malheureusement|encore|toujours|si|sauf|"
        r"seulement|presque|aussi|autre|problème|erreur|attends?|attente|quand|pourquoi|comment|pourriez|"
        r"pouvez-vous|besoin|question|d'avance|par avance|demain|essaye?r?|j'espère|parfois|dès que|nouveau|"
        r"nouvelle"
    ),
    "es": (
        r"no|nunca|nada|ningun\w*|pero|sin embargo|aunque|aún|todavía|otra vez|desgraciadamente|lamentablemente|"
        r"si|excepto|solo|sólo|casi|también|otro|otra|problema|error|espero|cuando|por qué|cómo|podría\w*|"
        r"necesito|pregunta|de antemano|mañana|probar\w*|intentar\w*|a veces|nuevo|nueva"
    ),
    "it": (
        r"no|non|mai|niente|nulla|nessun\w*|ma|però|tuttavia|purtroppo|ancora|di nuovo|se|tranne|solo|quasi|anche|"
        r"altr[oaie]|problema|errore|aspetto|attendo|attesa|quando|perché|come|potreste|potete|bisogno|domanda|"
        r"in anticipo|domani|provo|proverò|spero|a volte|nuov[oa]"
    ),
    "cs": (
        r"ne|není|nejde|nefunguje|nejsou|nemám|nemohu|nic|nikdy|ale|však|bohužel|ještě|stále|pořád|znovu|opět|"
        r"pokud|jestli|až|kromě|jen|skoro|také|jiný|další|problém\w*|chyb\w*|čekám|počkám|kdy|proč|jak|mohli?|"
        r"můžete|prosím|potřebuji|dotaz|otázk\w*|předem|zítra|zkusím|doufám|někdy|nov[ýáé]"
    ),
    "ar": (
        r"لا|ليس|ليست|لم|لن|غير|لكن|ولكن|إلا|للأسف|مازال\w*|ما زال\w*|لا يزال|لاتزال|بعد|مرة أخرى|إذا|اذا|لو|فقط|"
        r"تقريبا|أيضا|مشكلة أخرى|خطأ|انتظر\w*|متى|لماذا|كيف|هل|أحتاج|سؤال|غدا|سأحاول|مقدما|أحيانا|جديد\w*"
    ),
    "ja": (
        r"か(?=[。！!\s]|$)|ません|ない|なく|でも|しかし|ですが|ましたが|けれど|けど|ただし|ただ|まだ|また|"
        r"再度|もし|れば|たら|"
        r"以外|だけ|ほとんど|別の|他の|エラー|問題が|いつ|なぜ|どう|ですか|でしょうか|"
        r"ますか|お願い|必要|質問|明日|試し|試して|いいえ|残念|時々|新しい|お待ち|待って"
    ),
    "ko": (
        r"아니|않|안 |안됩|못|없|하지만|그러나|그런데|지만|는데|아직|여전히|다시|또|만약|면 |제외|만 |거의|"
        r"다른|오류|에러|문제가|언제|왜|어떻게|까요|나요|습니까|부탁|필요|질문|내일|"
        r"시도|해보|해 보|미리|가끔|새로|기다"
    ),
    "nl": (
        r"nee|niet|niks|niets|geen|nooit|maar|echter|helaas|nog|weer|als|tenzij|behalve|alleen|bijna|ook|ander\w*|"
        r"probleem|fout\w*|wacht\w*|wanneer|waarom|hoe|wat|kunt|kun|zou|graag|nodig|vraag|alvast|morgen|probeer|"
        r"hoop|soms|nieuwe?"
    ),
    "pl": (
        r"nie|nic|nigdy|ale|jednak|niestety|jeszcze|nadal|wciąż|znowu|ponownie|jeśli|jeżeli|gdy|oprócz|tylko|"
        r"prawie|też|także|inn\w*|problem\w*|błąd\w*|czekam|kiedy|dlaczego|jak|czy|proszę|potrzebuję|pytanie|"
        r"z góry|jutro|spróbuję|mam nadzieję|czasem|now[yae]"
    ),
    "pt": (
        r"não|nunca|nada|nenhum\w*|mas|porém|contudo|infelizmente|ainda|novamente|de novo|se|exceto|só|apenas|"
        r"quase|também|outr[oa]|problema|erro|aguardo|espero|quando|porquê|por que|como|poderia\w*|preciso|"
        r"pergunta|desde já|amanhã|tentar\w*|às vezes|nov[oa]"
    ),
    "sv": (
        r"nej|inte|inget|inga|ingen|aldrig|men|dock|tyvärr|fortfarande|igen|än|om|utom|bara|nästan|också|anna[nt]|"
        r"andra|problem\w*|fel\w*|väntar|när|varför|hur|vad|kan ni|skulle|behöver|fråga|på förhand|imorgon|"
        r"försöker|hoppas|ibland|nya?|nytt"
    ),
    "da": (
        r"nej|ikke|intet|ingen|aldrig|men|dog|desværre|stadig|igen|endnu|hvis|undtagen|kun|næsten|også|ande[nt]|"
        r"andre|problem\w*|fejl\w*|venter|hvornår|hvorfor|hvordan|hvad|kan i|ville|behøver|spørgsmål|på forhånd|"
        r"i morgen|prøver|håber|nogle gange|nye?|nyt"
    ),
    "no": (
        r"nei|ikke|ingenting|ingen|aldri|men|dessverre|fortsatt|igjen|ennå|enda|hvis|dersom|unntatt|bare|nesten|"
        r"også|anne[nt]|andre|problem\w*|feil\w*|venter|når|hvorfor|hvordan|hva|kan dere|ville|trenger|spørsmål|"
        r"på forhånd|i morgen|prøver|håper|nye?|nytt"
    ),
    "ru": (
        r"нет|не|ничего|никогда|но|однако|хотя|к сожалению|ещё|еще|снова|опять|до сих пор|если|кроме|только|почти|"
        r"также|тоже|друг\w*|проблем\w*|ошибк\w*|жду|когда|почему|как|что|можете|могли|пожалуйста|нужно|вопрос\w*|"
        r"заранее|завтра|попробую|надеюсь|иногда|нов\w+"
    ),
}

# Scripts without spaces between words, or whose words are glued together: their phrases are looked for inside words.
_GLUED = frozenset({"ja", "ko"})


def _pattern(language: str, alternatives: str) -> re.Pattern[str]:
    whole = alternatives if language in _GLUED else rf"(?<!\w)(?:{alternatives})(?!\w)"
    return re.compile(whole, re.IGNORECASE)


_CONFIRMS = {language: _pattern(language, f"{_PHRASES[language]}|{words}") for language, words in _YES.items()}
_DENIES = {language: _pattern(language, words) for language, words in _NO.items()}
_COMMON = {language: frozenset(words.split()) for language, words in WORDS.items()}
_ASKS_OR_COUNTS = re.compile(r"[?？؟;]|\d")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
# Arabic is written with or without them.
_VOWEL_MARKS = re.compile("[\u0640\u064b-\u0652]")


def is_confirmation(new_text: str, language: str) -> bool:
    """True only for a short answer in a known language that says yes, thank you or solved, and nothing against it.

    `new_text` is what the customer wrote now; `language` an ISO 639-1 code. A question, a number, a denial, a "but",
    a condition, an announcement or many words of something else make it False: a person then looks at it.
    """
    confirms = _CONFIRMS.get(language)
    if confirms is None or len(new_text) > 2 * LONGEST:
        return False
    text = _VOWEL_MARKS.sub("", _without_leave(new_text).replace("’", "'"))
    if not text or len(text) > LONGEST or _ASKS_OR_COUNTS.search(text):
        return False
    if not confirms.search(text):
        return False
    rest = confirms.sub(" ", text)
    if _DENIES[language].search(rest):
        return False
    words = _WORD.findall(rest)
    if language in _GLUED or language not in _COMMON:
        return len(rest.strip()) <= 40
    others = [word for word in words if word.lower() not in _COMMON[language]]
    return len(words) <= MOST_WORDS and len(others) <= MOST_OTHER_WORDS and _are_names(others, text)


def _without_leave(text: str) -> str:
    """The text without the lines that only take leave ("Regards, Jane"), unless these are all there is."""
    lines = [line.strip() for line in text.strip().splitlines()]
    for at in range(1, len(lines)):
        if signature.is_closing(lines[at:]):
            return "\n".join(lines[:at]).strip()
    return "\n".join(lines)


def _are_names(others: list[str], text: str) -> bool:
    """One foreign word may be a thing ("the printer works"); more than that must be written like names."""
    return sum(1 for word in others if not word[0].isupper()) <= 1 or text.isupper()
