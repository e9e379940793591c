"""When a customer's answer closes a resolved case: yes and thank you, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcase.core.reading import thanks

CONFIRMED = [
    ("en", "Yes"),
    ("en", "Yes, thank you!"),
    ("en", "Thanks, it works now."),
    ("en", "Solved, many thanks.\n\nBest regards,\nIda Moss"),
    ("en", "Great, all good.\n\nCheers\nBen"),
    ("en", "The printer works again, thanks"),
    ("en", "Thank you, you can close this case."),
    ("de", "Ja, danke!"),
    ("de", "Funktioniert wieder, vielen Dank."),
    ("de", "Danke, es geht wieder.\n\nViele Grüße\nJana Berg"),
    ("de", "Ja, das Problem ist gelöst."),
    ("en", "The issue is resolved. Thank you for your help!"),
    ("fr", "Oui, merci beaucoup."),
    ("fr", "Le problème est résolu, merci pour votre aide."),
    ("es", "El problema está solucionado, gracias."),
    ("it", "Il problema è stato risolto, grazie."),
    ("cs", "Už to funguje, děkuji."),
    ("ja", "問題が解決しました。"),
    ("ko", "문제가 해결되었습니다. 감사합니다."),
    ("fr", "C'est bon, ça marche. Merci !"),
    ("es", "Sí, muchas gracias."),
    ("es", "Resuelto, gracias."),
    ("it", "Sì, grazie mille!"),
    ("it", "Risolto, grazie"),
    ("cs", "Ano, děkuji."),
    ("cs", "Funguje, díky!"),
    ("ar", "نعم، شكرا جزيلا"),
    ("ar", "شكرًا جزيلًا، تمّ حلّ المشكلة"),
    ("ar", "تم حل المشكلة، شكرا"),
    ("ja", "はい、解決しました。ありがとうございます。"),
    ("ja", "問題ありません。ありがとうございました。"),
    ("ko", "네, 감사합니다."),
    ("ko", "해결되었습니다. 고맙습니다."),
    ("nl", "Ja, bedankt!"),
    ("pl", "Tak, dziękuję."),
    ("pt", "Sim, obrigada!"),
    ("sv", "Ja, tack så mycket!"),
    ("ru", "Да, спасибо!"),
]
NOT_CONFIRMED = [
    ("en", "", "empty"),
    ("en", "No", "denial"),
    ("en", "Thanks, but it still fails.", "but"),
    ("en", "Thanks, is there anything I must do?", "question"),
    ("en", "Yes, on 2 of the 5 machines.", "numbers"),
    ("en", "Thank you, I will try tomorrow.", "announcement"),
    ("en", "Thanks in advance.", "request"),
    ("en", "It doesn't work, thanks for nothing.", "denial"),
    ("en", "Thanks for getting back. The invoice shows wrong totals everywhere.", "news"),
    ("en", "Yes " * 80, "long"),
    ("en", "I am out of the office.", "no yes at all"),
    ("en", "Thanks, the router exploded and burned down everything.", "news"),
    ("en", "Great, now the scanner is broken.", "irony"),
    ("en", "Not solved", "denial"),
    ("en", "Yes, please send me another one.", "wish"),
    ("en", "Oui, merci beaucoup", "other language"),
    ("", "Yes, thank you!", "unknown language"),
    ("xx", "Yes, thank you!", "unknown language"),
    ("en", "The problem is not solved.", "denial"),
    ("de", "Das Problem ist nicht gelöst, danke.", "denial"),
    ("de", "Danke, aber es geht nicht.", "but"),
    ("de", "Vielen Dank im Voraus.", "request"),
    ("de", "Nein danke", "denial"),
    ("de", "Danke, ich warte auf Ihre Antwort.", "waiting"),
    ("fr", "Merci, mais ça ne marche pas.", "but"),
    ("fr", "Merci de me rappeler demain.", "wish"),
    ("fr", "Merci d'avance.", "request"),
    ("es", "No, gracias.", "denial"),
    ("es", "Gracias, pero todavía no funciona.", "but"),
    ("es", "Gracias de antemano", "request"),
    ("it", "No, grazie.", "denial"),
    ("it", "Grazie, ma non funziona.", "but"),
    ("cs", "Děkuji, ale nefunguje to.", "but"),
    ("cs", "Děkuji předem.", "request"),
    ("ar", "لا، لم تحل المشكلة", "denial"),
    ("ar", "شكرا ولكن المشكلة مازالت موجودة", "but"),
    ("ja", "まだ解決していません。", "denial"),
    ("ja", "ありがとうございます。でも動きません。", "but"),
    ("ja", "解決しましたか", "question"),
    ("ko", "아직 안 됩니다. 감사합니다.", "denial"),
    ("ko", "감사합니다. 하지만 다시 오류가 납니다.", "but"),
    ("ru", "Спасибо, но не работает.", "but"),
]


@pytest.mark.parametrize(("language", "text"), CONFIRMED)
def test_confirmation(language: str, text: str) -> None:
    assert thanks.is_confirmation(text, language)


@pytest.mark.parametrize(("language", "text", "why"), NOT_CONFIRMED)
def test_no_confirmation(language: str, text: str, why: str) -> None:
    assert not thanks.is_confirmation(text, language), why


@given(st.text(), st.sampled_from(["", "en", "de", "ja", "ar"]))
def test_never_raises_and_a_question_never_confirms(text: str, language: str) -> None:
    assert thanks.is_confirmation(text, language) in (True, False)
    assert not thanks.is_confirmation(text + "?", language)
