"""Guesses the language of a text from its script, its commonest words and the Content-Language header (R7)."""

from __future__ import annotations

import re

from mailcase.core.message import Mail
from mailcase.core.reading.language_words import ENDINGS, LETTERS, WORDS

# The first characters of a text are enough; more cost time without changing the answer.
LONGEST = 600
# Of most texts the beginning of that is enough, too: then the rest is not looked at.
ENOUGH = 250
FEWEST_LETTERS = 2

_LANGUAGES_OF: dict[str, tuple[str, ...]] = {}
for _language, _words in WORDS.items():
    for _word in set(_words.split()):
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), _language)

# Of each word: whose it is, and how much that says. A word of many languages says little.
_WEIGHTS = {word: (languages, 0.75 + 0.75 / len(languages)) for word, languages in _LANGUAGES_OF.items()}
_NOTHING: tuple[tuple[str, ...], float] = ((), 0.0)

_LETTER_LANGUAGES = {letter: tuple(languages.split()) for languages, letters in LETTERS.items() for letter in letters}

_ENDINGS_OF: dict[str, tuple[str, ...]] = {}
for _language, _words in ENDINGS.items():
    for _word in set(_words.split()):
        _ENDINGS_OF[_word] = (*_ENDINGS_OF.get(_word, ()), _language)

_ADDRESSES = re.compile(r"\S{0,200}(?:://|@|www\.)\S{0,2000}")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_RANGES = {
    "kana": "\u3040-\u30ff\uff66-\uff9f",
    "hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "han": "\u3400-\u4dbf\u4e00-\u9fff",
    "arabic": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff",
    "hebrew": "\u0590-\u05ff",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "thai": "\u0e00-\u0e7f",
    "hindi": "\u0900-\u097f",
    "georgian": "\u10a0-\u10ff",
    "armenian": "\u0530-\u058f",
}
_SCRIPTS = re.compile("|".join(f"(?P<{name}>[{letters}]+)" for name, letters in _RANGES.items()))
# Asked first: most mails have none of these letters, and trying one script after the other takes longer.
_ANY_SCRIPT = re.compile(f"[{''.join(_RANGES.values())}]")
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
    scores, best = _ranked(said[:ENOUGH])
    if len(said) > ENOUGH and not _is_beyond_doubt(best):
        scores, best = _ranked(said)
    if best and _is_clear(best, len(said.split())):
        return best[0][0]
    declared = _declared(mail)
    return declared if declared and (not best or scores.get(declared, 0.0) >= best[0][1] * 0.7) else ""


def _ranked(text: str) -> tuple[dict[str, float], list[tuple[str, float]]]:
    """(how much speaks for each language, the first two)."""
    scores = _scores(text)
    return scores, sorted(scores.items(), key=lambda item: -item[1])[:2]


def _is_beyond_doubt(best: list[tuple[str, float]]) -> bool:
    return bool(best) and best[0][1] >= 6.0 and (len(best) == 1 or best[0][1] >= 2 * best[1][1])


def _is_clear(best: list[tuple[str, float]], words: int) -> bool:
    """True when the first is well ahead of the second; one word or two ("Danke!") need to be one language's alone."""
    first = best[0][1]
    second = best[1][1] if len(best) > 1 else 0.0
    if words <= 2:
        return first >= 1.5 and second <= first / 2
    return first >= 1.8 and first >= second * 1.15 + 0.2


def _by_script(text: str) -> str:
    """The language where the script tells it; "" for Latin and Cyrillic letters."""
    if not _ANY_SCRIPT.search(text):
        return ""
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


def _scores(text: str) -> dict[str, float]:
    """How much speaks for each language."""
    scores: dict[str, float] = {}
    lowered = text.lower().replace("’", "'")
    for word in _WORD.findall(lowered):
        for part in (word, *word.split("'")) if "'" in word else (word,):
            languages, weight = _WEIGHTS.get(part, _NOTHING)
            if not languages and len(part) > 4:
                languages, weight = _ending(part)
            for language in languages:
                scores[language] = scores.get(language, 0.0) + weight
    for letter in sorted(_LETTER_LANGUAGES.keys() & set(lowered)):
        languages = _LETTER_LANGUAGES[letter]
        for language in languages:
            scores[language] = scores.get(language, 0.0) + min(lowered.count(letter), 4) * 0.5 / len(languages)
    return scores


def _ending(word: str) -> tuple[tuple[str, ...], float]:
    """The languages that like the longest known end of this word, and how much that says."""
    for length in (5, 4, 3, 2):
        languages = _ENDINGS_OF.get(word[-length:])
        if languages:
            return languages, 0.6 / len(languages)
    return _NOTHING


def _declared(mail: Mail) -> str:
    """The one language of Content-Language, or ""."""
    values = [value.strip().lower() for field in mail.all("content-language") for value in field.split(",")]
    languages = {value.partition("-")[0] for value in values if value}
    language = languages.pop() if len(languages) == 1 else ""
    return {"nb": "no", "nn": "no", "iw": "he", "in": "id"}.get(language, language if len(language) == 2 else "")
