"""The language of short texts, by script, by words, by header; and when it is better to be unsure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcase.core.message import Mail
from mailcase.core.reading import language

SENTENCES = {
    "ar": "هل يمكنكم إرسال الفاتورة مرة أخرى؟",
    "bg": "Здравейте, не мога да отворя файла, моля помогнете.",
    "ca": "Bon dia, no puc obrir el fitxer que em vau enviar.",
    "cs": "Dobrý den, soubor se mi nedaří otevřít.",
    "da": "Hej, jeg kan ikke åbne den vedhæftede fil.",
    "de": "Guten Tag, ich kann die Datei leider nicht öffnen.",
    "el": "Καλημέρα, δεν μπορώ να ανοίξω το αρχείο.",
    "en": "Hello, I am not able to open the file you sent.",
    "es": "Hola, no puedo abrir el archivo que me enviaron.",
    "fa": "سلام، نمی‌توانم پرونده را باز کنم، لطفاً کمک کنید.",
    "fi": "Hei, en saa avattua liitteenä ollutta tiedostoa.",
    "fr": "Bonjour, je ne peux pas ouvrir le fichier joint.",
    "he": "שלום, אני לא מצליח לפתוח את הקובץ.",
    "hi": "नमस्ते, मैं फ़ाइल नहीं खोल पा रहा हूँ।",
    "hu": "Jó napot, nem tudom megnyitni a csatolt fájlt.",
    "id": "Selamat pagi, saya tidak bisa membuka berkas itu.",
    "it": "Buongiorno, non riesco ad aprire il file allegato.",
    "ja": "添付ファイルを開くことができません。",
    "ko": "첨부 파일을 열 수 없습니다.",
    "lt": "Laba diena, aš negaliu atidaryti šio failo.",
    "nl": "Goedemorgen, ik kan het bestand helaas niet openen.",
    "no": "Hei, jeg får ikke åpnet den vedlagte filen.",
    "pl": "Dzień dobry, nie mogę otworzyć tego pliku.",
    "pt": "Bom dia, não consigo abrir o ficheiro em anexo.",
    "ro": "Bună ziua, nu pot deschide fișierul atașat.",
    "ru": "Здравствуйте, я не могу открыть этот файл.",
    "sk": "Dobrý deň, tento súbor sa mi nedá otvoriť.",
    "sr": "Добар дан, не могу да отворим ову датотеку.",
    "sv": "Hej, jag kan tyvärr inte öppna den bifogade filen.",
    "th": "สวัสดี เปิดไฟล์แนบไม่ได้",
    "tr": "Merhaba, ekteki dosyayı bir türlü açamıyorum.",
    "uk": "Добрий день, я не можу відкрити цей файл.",
    "vi": "Xin chào, tôi không mở được tệp đính kèm.",
    "zh": "您好，我打不开附件。",
}
THANKS = {
    "ar": "شكرا جزيلا", "cs": "Děkuji!", "de": "Vielen Dank!", "en": "Thanks!", "es": "Gracias", "fr": "Merci !",
    "it": "Grazie mille", "ja": "ありがとう", "ko": "감사합니다",
}  # fmt: skip
UNSURE = [
    "",
    "   ",
    "ok",
    "1042",
    "???",
    "info@shop.example",
    "https://shop.example/der/die/das",
    "Jana Novak",
    "OK, IBM X-12",
]


@pytest.mark.parametrize(("code", "text"), SENTENCES.items(), ids=SENTENCES)
def test_one_sentence_is_enough(code: str, text: str) -> None:
    assert language.guess(text, Mail()) == code


@pytest.mark.parametrize(("code", "text"), THANKS.items(), ids=THANKS)
def test_a_word_of_thanks_is_enough(code: str, text: str) -> None:
    assert language.guess(text, Mail()) == code


@pytest.mark.parametrize("text", UNSURE)
def test_unsure_is_an_answer(text: str) -> None:
    assert language.guess(text, Mail()) == ""


def declaring(*values: str) -> Mail:
    return Mail(headers=tuple(("content-language", value) for value in values))


def test_words_weigh_more_than_the_header() -> None:
    assert language.guess(SENTENCES["cs"], declaring("en-US")) == "cs"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("de-DE",), "de"),
        (("nb-NO",), "no"),
        (("en, en-US",), "en"),
        (("de", "fr"), ""),
        (("klingon",), ""),
        (("",), ""),
    ],
)
def test_header_decides_where_words_do_not(values: tuple[str, ...], expected: str) -> None:
    assert language.guess("ok", declaring(*values)) == expected


def test_header_against_the_script_is_not_believed() -> None:
    assert language.guess(SENTENCES["ko"], declaring("en-US")) == "ko"


def test_product_names_do_not_hide_the_script() -> None:
    assert language.guess("Outlook 2019 から iPhone に同期できません", Mail()) == "ja"
    assert language.guess("Windows 11 升级以后 Outlook 打不开", Mail()) == "zh"


@given(st.text(), st.text())
def test_never_raises(text: str, header: str) -> None:
    assert len(language.guess(text, declaring(header))) in (0, 2)
