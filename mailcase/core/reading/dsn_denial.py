"""Rules of grammar for "was not delivered" in many languages, for reports whose very words no table holds."""

from __future__ import annotations

import re

_PLAIN = str.maketrans(
    "áàâãäåąāçćčďéèêëęěēğíìîïıłñńňóòôõöøőúùûüůűýřśšşșťțźżž’",
    "aaaaaaaacccdeeeeeeegiiiiilnnnooooooouuuuuuyrssssttzzz'",
)
# A denial or a word for failing, and within a few words what one does with mail; the Latin ones without their accents.
_DENIALS = (
    # en
    r"\b(?:not|n't|cannot|never|unable to|impossible to|failed to|failure to) (?:\w{1,12} ){0,3}(?:deliver|reach)",
    r"\b(?:deliver\w{1,3}|sending) (?:\w{1,12} ){0,5}(?:failed|failure|unsuccessful|impossible|rejected)\b",
    # de
    r"\bnicht (?:\w{1,14} ){0,3}(?:zu(?:ge)?stell|ubermittel|ausgeliefer|gesendet|versendet|erreich|weitergeleitet)",
    r"\b(?:zustellung|ubermittlung|versand) (?:\S{1,60} ){0,6}(?:fehlgeschlagen|gescheitert|nicht moglich|misslungen)",
    # fr
    r"\bn(?:'a|'ont|e) (?:\w{1,16} )?(?:pas|pu|peut|peuvent) (?:\w{1,9} ){0,3}"
    r"(?:remis|delivr|distribu|livr|envoy|achemin|transmis|attein|joint|parven)",
    r"\b(?:echec|impossib\w{2,6}|erreur) (?:\S{1,12} ){0,3}\S{0,2}"
    r"(?:remis|remettre|delivr|distribu|livr|envo|achemin|transm|joindre)",
    r"\bremise (?:\S{1,60} ){0,6}(?:differe|retarde|echoue)",
    # es, pt
    r"\b(?:no|nao) (?:\w{1,9} ){1,4}(?:entreg|envia[dr]|recibid|recebid|alcanz)",
    r"\b(?:fallo|falha|error?o?|imposib\w{2,6}|impossi\w{2,6}) (?:\w{1,9} ){0,3}(?:entreg|envi[oa])",
    r"\b(?:mensaje|correo|mensagem|email|e-mail|mail) (?:\w{1,9} )?(?:devuelto|rechazado|devolvid[ao]|rejeitad[ao])\b",
    # it
    r"\bnon (?:\w{1,9} ){1,4}(?:consegn|recapit|raggiung|raggiunt|inviat|invia)",
    r"\b(?:errore|impossibile|mancat[ao]|fallit[ao]) (?:\w{1,9} ){0,3}(?:consegn|recapit|invi[oa])",
    r"\b(?:consegna|recapito|invio) (?:\S{1,60} ){0,4}(?:fallit[ao]|non riuscit[ao])",
    r"\b(?:messaggio|mail|e-mail) (?:\S{1,60} ){0,4}(?:rifiutat[ao]|respint[ao])\b",
    # nl
    r"\bniet (?:\w{1,12} ){0,3}(?:bezorg|aflever|afgelever|verzonden|bereik)",
    # sv, no, da, fi, is
    r"\b(?:inte|ikke) (?:\w{1,12} ){0,3}(?:lever|na\b|natt|nadd|sendes|sandas|skickas|frem)",
    r"\bn(?:adde|atte|ar) (?:inte|ikke)\b",
    r"\bei (?:\w{1,14} ){0,2}(?:toimit|saavut|perille)",
    # pl, cs, sk, hu, ro, tr
    r"\bnie (?:\w{1,12} ){0,4}(?:doreczon|dostarcz|dotarl|wyslan)",
    r"\bne(?:lze|byla?o?|podarilo|mohl\w|bolo) (?:\w{1,14} ){0,3}(?:doruc|odesl|doda)",
    r"\bnem (?:\w{1,14} ){0,3}(?:kezbesit|elkuld|tovabbit)",
    r"\bnu (?:\w{1,9} ){1,4}(?:livrat|trimis|expediat)",
    r"\b(?:teslim edil|gonderil|iletil|ulastiril|ulas)[ae]?(?:me|ma)",
    # ru, uk, bg
    r"\bне (?:\w{1,14} ){0,4}(?:достав|отправ|дошл|надісл|надійшл|приня)",
    r"\b(?:невозможн\w{1,3}|ошибк\w|сбой|помилк\w|грешк\w) (?:\w{1,14} ){0,3}(?:достав|отправ|надсил)",
    # ja, zh, ko
    r"(?:配信|送信|配達|送達|届け|配送|到達).{0,8}(?:できな|できま|できず|失敗|エラー|不能|ません)|届きません|届かず|不達",
    r"(?:未能|未|无法|無法|不能)[^ 。，]{0,6}(?:送达|送達|投递|投遞|传递|傳遞|发送|發送|寄达|寄達|到达|传送|傳送)",
    r"(?:投递|投遞|发送|發送|传递|傳遞|递送|传送|傳送)[^。]{0,60}(?:失败|失敗|不成功)|退信|被退回|退件",
    r"(?:전송|배달|전달|발송).{0,10}(?:실패|못했|못하였|않았|없습|없었|불가|되지)|반송",
)
DENIED = re.compile("|".join(_DENIALS))


def denies_delivery(lowered: str) -> bool:
    """True when text in lower case, its gaps single spaces, says that something was not delivered or not sent."""
    return DENIED.search(lowered.translate(_PLAIN)) is not None
