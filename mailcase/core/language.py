"""Guesses the language of a text from its script, its commonest words and the Content-Language header (R7)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailcase.core.message import Mail

# The first characters of a text are enough; more cost time without changing the answer.
LONGEST = 1000
FEWEST_LETTERS = 2

# The commonest short words of each language that is written in Latin or Cyrillic letters. A word that several share
# counts for each of them, divided by their number; the words that are one language's alone decide.
WORDS: dict[str, str] = {
    "en": (
        "the and is you to of in it that for on have with my not this are be please hello hi thanks thank your "
        "can we was i do but from what how when me would could will if they has been any still our am an there "
        "regards dear help just get which who does did had his her their them then than or as at by so up out "
        "about no yes need know good morning all should after don't i'm can't it's doesn't didn't works working "
        "again soon"
    ),
    "de": (
        "der die das und ist nicht ich sie es ein eine zu mit auf für von den dem im wir haben habe hat sind war "
        "auch wie was noch aber kann können bitte danke hallo guten tag mein meine mir mich ihr ihre ihnen uns "
        "wenn nach bei aus dass wird werden oder nur schon sehr geehrte grüße grüßen freundlichen vielen dank "
        "seit keine kein einen einer zum zur über am an als um bin mehr immer wieder jetzt hier geht wurde "
        "lieber liebe morgen heute gibt unser unsere diese dieser"
    ),
    "fr": (
        "le la les et est pas je vous de des du un une en que qui dans pour sur avec ne ce il elle nous mon ma "
        "mes votre vos bonjour merci plus par au aux mais ou sont ai avez été être si cette bien j'ai n'est "
        "c'est d'un d'une l'a s'il plaît cordialement toujours fait comment quand notre nos très aussi suis "
        "pouvez peux pourriez depuis salut même sans à ça y leur encore tout rien reçu problème madame monsieur"
    ),
    "es": (
        "el la los las y es no que de en un una por para con se mi me su lo le del al como más pero hola gracias "
        "buenos días tengo he ha está estoy muy también cuando si sí ya este esta ustedes usted puedo puede "
        "favor nos hay desde porque saludos qué cómo todo sin nuestro nuestra tiene son ser hasta buenas tardes "
        "sobre a o mis sus fue han hacer quiero necesito todavía correo cuenta problema"
    ),
    "it": (
        "il la lo gli le e è non che di un una per con sono mi ho ha si del della dei nel al alla come più ma "
        "ciao grazie buongiorno questo questa anche quando se vi ci mio mia vostro vostra posso può siete era "
        "essere molto salve cordiali saluti perché da in sul nella dal ancora già stato abbiamo avete vorrei "
        "bene tutto i dalla delle degli ed a o problema cosa dove chi"
    ),
    "pt": (
        "o a os as e é não que de em um uma para com por se meu minha eu do da no na dos das ao mais mas olá "
        "obrigado obrigada bom dia está estou muito também quando já este esta você vocês posso pode favor nos "
        "tenho foi ser até como ainda sobre seu sua isso pelo pela são boa tarde cumprimentos nosso nossa tem "
        "fazer consigo às à gostaria"
    ),
    "nl": (
        "de het een en is niet ik u je van op te dat met voor zijn die in er aan mijn heb hebben heeft wij we "
        "ook maar kan kunnen graag dank bedankt hallo goedemorgen beste naar bij nog als om uit wat wel was deze "
        "dit geen al over dan mij uw jullie worden wordt meer groet groeten vriendelijke hoe waar zou kunt moet "
        "weer nu goed alvast veel ben"
    ),
    "sv": (
        "och är det att jag inte en ett som på för med av till den har kan vi ni du om från var men så min mitt "
        "mina vill hej tack eller när ska också hur vad detta denna finns hälsningar vänliga mig er era nu här "
        "inga inget får då bara skulle kunna blir har de dem oss vår mycket dag efter fungerar går någon något"
    ),
    "da": (
        "og er det at jeg ikke en et som på for med af til den har kan vi i du om fra var men så min mit mine "
        "vil hej tak eller når skal også hvordan hvad dette denne findes hilsen venlig mig jer nu her ingen får "
        "da kun hvor de dem os vores meget dag efter virker går noget nogen blev bliver kunne ville være været "
        "mvh jeres ved"
    ),
    "no": (
        "og er det at jeg ikke en et som på for med av til den har kan vi du om fra var men så min mitt mine vil "
        "hei takk eller når skal også hvordan hva dette denne finnes hilsen vennlig meg dere nå her ingen får da "
        "bare hvor de dem oss vår mye dag etter fungerer går noe noen ble blir kunne ville være vært ei ikkje eg "
        "fått"
    ),
    "fi": (
        "ja on ei en se että olen hei kiitos mutta minun minulla voi voin ole kun jos niin myös tämä mitä miten "
        "sitä teidän meidän oli ovat olisi kuin tai vain nyt vielä terveisin ystävällisin saa saan tässä sen "
        "joka mikä miksi jo koska eikö onko ettei minä me te he moi päivää hyvää toimi viesti"
    ),
    "pl": (
        "i w nie na się jest to z do że o jak ale mam czy za po od dla co mnie mi proszę dziękuję dzień dobry "
        "witam jestem są był była być już tylko przez może mogę można ten ta te tego bardzo pozdrawiam państwo "
        "pana pani nadal moje mój moja przy lub oraz tak kiedy gdzie jeszcze także nas was ich jego która który "
        "które mamy ma będzie"
    ),
    "cs": (
        "a je se na v že to s z do o jsem si ale mi mám jak pro by po tak jste co už dobrý den děkuji prosím "
        "není mě za jsou byl bylo být nebo když aby který která které jen také můžete můžu nám vám váš moje můj "
        "pozdravem ještě kde tento tato toto při od k i ani moc velmi máte mohu vás nás tím pokud proč díky"
    ),
    "sk": (
        "a je sa na v že to s z do o som si ale mi mám ako pre by po tak ste čo už dobrý deň ďakujem prosím nie "
        "ma za sú bol bolo byť alebo keď aby ktorý ktorá ktoré len tiež môžete môžem nám vám váš moje môj "
        "pozdravom ešte kde tento táto toto pri od k aj ani veľmi máte vás nás ak prečo vďaka"
    ),
    "hu": (
        "a az és nem hogy is egy van de meg csak már ha én ez azt még vagy ki mert nekem köszönöm kérem "
        "üdvözlettel jó napot szia kedves lehet volt mit mi ezt nagyon itt most kell minden után tudom tudok "
        "szeretném önök vagyok lesz sem majd amit kérdés nincs"
    ),
    "ro": (
        "și si în nu este la de cu pe o un să care pentru din am mai că ce mi vă va a fost sunt dar bună ziua "
        "mulțumesc multumesc rog dacă când foarte acest această aveți poate pot meu mea toate fi ar cum nici "
        "încă sau stimă nostru dumneavoastră salut îmi"
    ),
    "tr": (
        "bir ve bu için ile de da çok ne var yok mi mı ama daha gibi ben benim siz lütfen teşekkür teşekkürler "
        "ederim merhaba olarak nasıl kadar sonra her şey değil oldu olan ya hala iyi günler saygılarımla rica "
        "ediyorum istiyorum en sizin bana size bunu zaman neden"
    ),
    "et": (
        "ja on ei see et ma ta kui oma mis aga ka või tere palun aitäh olen mul minu kas siis nii veel kuidas "
        "teie meie oli pole saan saab lugupidamisega mind mida selle seda"
    ),
    "lv": (
        "un ir ne uz no ar ka es man par lai bet kā vai kas jau labdien lūdzu paldies jūs mums jūsu mans mana "
        "nav bija šis cieņu arī ļoti tas"
    ),
    "lt": (
        "ir yra ne į iš su kad aš man apie bet kaip ar kas jau laba diena prašau ačiū jūs mums jūsų mano nėra "
        "buvo šis pagarbiai taip labai tai už dėl"
    ),
    "hr": (
        "i je se na u da to s za od ali mi sam ne što kako bi su smo ste li molim hvala dobar dan imam koji koja "
        "nije može mogu već samo lijep pozdrav poštovani vam vas nam moj moja kada gdje još ili ako sve bilo te"
    ),
    "sl": (
        "in je se na v da to z za od ali mi sem ne kaj kako bi so smo ste pa prosim hvala dober dan imam ki ni "
        "lahko že samo lep pozdrav spoštovani vam vas nam moj moja kdaj kje še če vse bilo pri tudi"
    ),
    "ca": (
        "el la els les i és no que de en un una per amb es em meu meva del al com més però hola gràcies bon dia "
        "tinc he ha està molt també quan si ja aquest aquesta vostè puc pot favor ens hi des perquè salutacions "
        "què tot sense són"
    ),
    "id": (
        "yang dan di ini itu tidak saya untuk dengan dari ada akan bisa sudah anda kami ke pada adalah juga apa "
        "terima kasih selamat mohon tolong bagaimana belum masih dalam atau karena jika tapi lebih"
    ),
    "vi": (
        "và là của có không tôi cho được với này các một những trong đã khi người để xin chào cảm ơn bạn rất "
        "nhưng vui lòng anh chị tại nào thì đến như làm"
    ),
    "ru": (
        "и в не на я что с это как у по но мы вы за от из так же мне он для меня есть был было быть здравствуйте "
        "спасибо пожалуйста добрый день можно если или когда уже только все ещё еще вас нас мой моя ваш нет "
        "очень до бы к о при чтобы где почему могу можете уважением привет вам этот"
    ),
    "uk": (
        "і в не на я що з це як у по але ми ви за від так же мені він для мене є був було бути вітаю дякую будь "
        "ласка добрий день можна якщо або коли вже тільки всі ще вас нас мій моя ваш немає дуже до б та й чи щоб "
        "де чому можу можете повагою привіт вам цей"
    ),
    "bg": (
        "и в не на аз че с това как у по но ние вие за от са си да се ми съм е го беше здравейте благодаря моля "
        "добър ден може ако или кога вече само всички още вас нас моят моята вашия няма много до би към при къде "
        "защо мога можете поздрави този тази"
    ),
    "sr": (
        "и у не на ја да се је са за од али ми сам што како би су смо сте ли молим хвала добар дан имам који "
        "која није може могу већ само поздрав поштовани вам вас нам мој моја када где још или ако све било то"
    ),
}

_LANGUAGES_OF: dict[str, tuple[str, ...]] = {}
for _language, _words in WORDS.items():
    for _word in set(_words.split()):
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)

# Letters that only these languages use: worth less than a word, but there in the shortest text.
LETTERS: dict[str, str] = {
    "de": "ß",
    "de sv fi et sk": "ä",
    "de sv fi hu tr et": "ö",
    "de hu tr et": "ü",
    "es": "ñ¿¡",
    "fr pt tr ca": "ç",
    "fr": "œû",
    "fr pt vi": "ê",
    "fr it ca": "è",
    "fr it": "ù",
    "pt vi": "ã",
    "pt et vi": "õ",
    "sv da no": "å",
    "da no": "øæ",
    "pl": "łżśźń",
    "pl lt": "ąę",
    "pl hr": "ć",
    "cs": "řěů",
    "cs sk hr sl lt lv": "č",
    "cs sk hr sl lt lv et": "šž",
    "cs sk": "ďťň",
    "sk": "ľĺŕ",
    "hu": "őű",
    "ro vi": "ă",
    "ro": "șțţ",
    "tr ro": "ş",
    "tr": "ğı",
    "hr vi": "đ",
    "vi": "ơư",
    "lv": "āēīķļņ",
    "lt": "ėįų",
    "lt lv": "ū",
    "uk": "іїєґ",
    "ru": "ыэё",
    "bg": "ъ",
    "sr": "ђћљњјџ",
}
_LETTER_LANGUAGES = {letter: tuple(languages.split()) for languages, letters in LETTERS.items() for letter in letters}

_ADDRESSES = re.compile(r"\S{0,200}(?:://|@|www\.)\S{0,2000}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SCRIPTS = re.compile(
    "(?P<kana>[\u3040-\u30ff\uff66-\uff9f]+)|(?P<hangul>[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]+)|"
    "(?P<han>[\u3400-\u4dbf\u4e00-\u9fff]+)|(?P<arabic>[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]+)|"
    "(?P<hebrew>[\u0590-\u05ff]+)|(?P<greek>[\u0370-\u03ff\u1f00-\u1fff]+)|(?P<thai>[\u0e00-\u0e7f]+)|"
    "(?P<hindi>[\u0900-\u097f]+)|(?P<georgian>[\u10a0-\u10ff]+)|(?P<armenian>[\u0530-\u058f]+)"
)
_ONE_LANGUAGE = {
    "hangul": "ko",
    "hebrew": "he",
    "greek": "el",
    "thai": "th",
    "hindi": "hi",
    "georgian": "ka",
    "armenian": "hy",
}
_PERSIAN = frozenset("پچژگکی")


def guess(text: str, mail: Mail) -> str:
    """ISO 639-1 of the language of `text`, or "" when unsure.

    The words decide. Content-Language (RFC 3282) of `mail` is believed where they leave it open: clients send the
    language of their menus, not of the letter.
    """
    said = text[:LONGEST]
    if "@" in said or "//" in said or "www." in said:
        said = _ADDRESSES.sub(" ", said)
    script = _by_script(said)
    if script:
        return script
    scores = _scores(said)
    best = sorted(scores.items(), key=lambda item: -item[1])[:2]
    declared = _declared(mail)
    if best and best[0][1] >= 2.0 and (len(best) == 1 or best[0][1] >= best[1][1] * 1.25):
        return best[0][0]
    if declared and (not best or scores.get(declared, 0.0) >= best[0][1] * 0.7):
        return declared
    return ""


def _by_script(text: str) -> str:
    """The language where the script tells it; "" for Latin and Cyrillic letters."""
    counts: dict[str, int] = {}
    for match in _SCRIPTS.finditer(text):
        name = match.lastgroup or ""
        counts[name] = counts.get(name, 0) + match.end() - match.start()
    if not counts:
        return ""
    han, kana = counts.pop("han", 0), counts.pop("kana", 0)
    east = "ja" if kana and kana * 12 >= han else "zh" if han else ""
    name, most = max(counts.items(), key=lambda item: item[1], default=("", 0))
    if han + kana > most:
        name, most = east, han + kana
    # A Chinese sign says as much as a few letters: a text may name products in Latin letters and still be Chinese.
    weight = 3 if name in ("ja", "zh", "hangul") else 1
    letters = sum(map(str.isalpha, text))
    if most < FEWEST_LETTERS or most * weight < (letters - most) * 0.8:
        return ""
    if name == "arabic":
        return "fa" if sum(text.count(letter) for letter in _PERSIAN) * 25 > most else "ar"
    return _ONE_LANGUAGE.get(name, name)


def _scores(text: str) -> Mapping[str, float]:
    """How much speaks for each language."""
    scores: dict[str, float] = {}
    lowered = text.lower().replace("’", "'")
    for word in _WORD.findall(lowered):
        for part in (word, *word.split("'")) if "'" in word else (word,):
            languages = _LANGUAGES_OF.get(part, ())
            for language in languages:
                scores[language] = scores.get(language, 0.0) + (1.0 + 1.0 / len(languages)) * 0.75
    for letter, languages in _LETTER_LANGUAGES.items():
        if letter in lowered:
            weight = min(lowered.count(letter), 4) * 0.5 / len(languages)
            for language in languages:
                scores[language] = scores.get(language, 0.0) + weight
    return scores


def _declared(mail: Mail) -> str:
    """The one language of Content-Language, or ""."""
    values = [value.strip().lower() for field in mail.all("content-language") for value in field.split(",")]
    languages = {value.partition("-")[0] for value in values if value}
    language = languages.pop() if len(languages) == 1 else ""
    return {"nb": "no", "nn": "no", "iw": "he", "in": "id"}.get(language, language if len(language) == 2 else "")
