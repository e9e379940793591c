"""Tells reports of a delay, and of success, from those of a failure, by the words of servers in many languages."""

from __future__ import annotations

import re

# What a server says that it will do next. "Will not", "I'm not going to" and "please try again" do not match.
GOES_ON = re.compile(
    r"\b(?:will|shall)(?: still| also| now| then| be)? (?:keep |continue |retr(?:y|ied)|re-?attempt|re-?tried|try again"
    r"|attempt(?:ed)? (?:again|to re-?(?:send|try|deliver))|tried again|make (?:further|more|another)|re-?queued)"
    r"|(?<!no )\b(?:further|more|additional|repeated|other|new) (?:delivery )?(?:attempts?|tries|retries)"
    r" (?:at delivery |to deliver it |to deliver the message )?(?:will|are|shall)"
    r"|\b(?:delivery|transmission) (?:attempts? )?will (?:be )?(?:continued?|retried|attempted|tried|repeated)"
    r"|\bnext (?:delivery )?(?:attempt|retry|try)\b.{0,20} (?:at|in|on|will|is|after)\b"
    r"|\b(?:is|are) still (?:trying|being retried|in the queue|queued|attempting)"
    r"|\bnot (?:yet )?been (?:delivered|possible to deliver)(?: to [^ ]{1,100})? (?:yet|after more than|after the last)"
)
# Delivery, in whatever language, and that it is late.
IS_LATE = re.compile(
    r"\b(?:zustellung|übermittlung|delivery|remise|livraison|distribution|entrega|consegna|recapito|bezorging|aflevering"
    r"|доставк\w|leveransen|leveringen|toimitus|dostarczenie|doręczenie|doručení|teslimat)"
    r" (?:\S{1,100} ){0,8}"
    r"(?:verzögert|differée|différée|retardée|retrasad[ao]|demorad[ao]|ritardat[ao]|ritardo|atrasad[ao]|adiad[ao]|vertraagd"
    r"|задержан\w|задерж\w{2,8}|отложен\w|försenad|fördröjd|fördröjts|forsinket|viivästy\w{1,6}|opóźnion\w|zpožděn\w"
    r"|gecik\w{2,6})"
    r"|\bбуд(?:ет|ут) (?:\w{1,14} )?(?:повтор|продолж|пыта|предприн)"
    r"|\b(?:vont|va) (?:se )?(?:poursuivre|être retent|continuer)"
)
# A server that took the mail (RFC 5321 section 4.2.3, RFC 3463 section 2).
ACCEPTED = re.compile(r": 250[ -]2\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")
REFUSED = re.compile(r"(?<![0-9.])[45][0-9]{2}[ -][45]\.")
# The kind of report, as the subject gives it in brackets or in front of the subject of the mail that is late.
LATE_SUBJECT = re.compile(
    r"\((?:delay(?:ed)?|verzögert|verzögerung|retard|retardé|retraso|retrasado|demora|ritardo|ritardato|atraso"
    r"|atrasado|vertraagd|vertraging|opóźnienie|opóźniona|fördröjd|forsinket|gecikme|задержка|отложено|遅延|延迟|延遲"
    r"|지연|still being retried)\)"
    r"|^(?:message |mail |delivery |e-?mail )?(?:delayed|delay)\b|^delayed mail",
    re.IGNORECASE,
)
DELAY_WORDS = (
    "transient non-fatal errors",
    "warning message only",
    "this is a warning only",
    "has been delayed",
    "is delayed",
    "was delayed",
    "still awaiting delivery",
    "about a delay",
    "will be retried",
    "will continue trying",
    "will continue to try",
    "will keep trying",
    "continue to be attempted",
    "temporary failure report",
    "no need to resend",
    "do not need to resend",
    "do not need to re-send",
    "not need to resend",
    "delivery attempts will continue",
    "not yet been delivered",
    "has not been delivered yet",
    "temporary problem delivering",
    "will retry for",
    "delivery is delayed",
    "delivery delayed",
    "will continue trying to deliver",
    "will be attempted again",
    "wurde verzögert",
    "zustellung verzögert",
    "verzögert sich",
    "weitere zustellversuche",
    "remise est retardée",
    "remise retardée",
    "a été retardé",
    "se ha retrasado",
    "entrega retrasada",
    "entrega se retrasó",
    "consegna ritardata",
    "recapito ritardato",
    "ha subito un ritardo",
    "está atrasada",
    "entrega atrasada",
    "is vertraagd",
    "zostało opóźnione",
    "zostanie ponowion",
    "доставка задерж",
    "доставка отложена",
    "повторит попыт",
    "попытки доставки будут продолж",
    "配信が遅延",
    "配信の遅延",
    "配信が遅れて",
    "传递延迟",
    "投递延迟",
    "继续尝试",
    "傳遞延遲",
    "배달이 지연",
    "再送を試み",
    "再送いたします",
    "再送します",
    "再送を行います",
    "再試行",
    "再配信",
    "problème temporaire lors",
    "nouvelles tentatives",
    "continuera à essayer",
    "continuerà a provare",
    "problema temporaneo durante",
    "verranno effettuati altri tentativi",
    "seguirá intentando",
    "seguirá tratando",
    "se volverá a intentar",
    "problema temporal al",
    "continuará tentando",
    "tentará novamente",
    "problema temporário ao",
    "versucht weiterhin",
    "weiterhin versucht",
    "erneut versucht",
    "versucht es weiter",
    "blijft proberen",
    "opnieuw geprobeerd",
    "wordt vertraagd",
    "będą ponawiane",
    "nadal próbować",
    "będziemy próbować",
    "doręczenie opóźnione",
    "dostarczenie opóźnione",
    "teslimat gecik",
    "yeniden denenecek",
    "denemeye devam",
    "har försenats",
    "har fördröjts",
    "fortsätter att försöka",
    "fortsätta att försöka",
    "er forsinket",
    "blitt forsinket",
    "blevet forsinket",
    "on viivästynyt",
    "bylo zpožděno",
    "je zpožděn",
    "bude se opakovat",
    "késik",
    "продолжит попыт",
    "продолжает попыт",
    "попытки будут",
    "было задержано",
    "пока не доставлен",
    "еще не доставлен",
    "ещё не доставлен",
    "доставку затримано",
    "将继续",
    "延迟投递",
    "稍后重试",
    "系统会重试",
    "將繼續",
    "다시 시도합니다",
    "다시 시도할",
    "재시도합니다",
    "지연되었습니다",
    "지연되고",
)


DELIVERED_WORDS = (
    "had successful delivery notifications",
    "was successfully delivered",
    "has been successfully delivered",
    "successfully delivered to mailbox",
    "wurde erfolgreich zugestellt",
    "a été remis avec succès",
    "se ha entregado correctamente",
)
FAILED_WORDS = ("fatal errors", "failed", "not be delivered", "non-fatal errors")


def is_delay(subject: str, report: str) -> bool:
    """True when the report, or its subject, says that the server goes on trying."""
    return LATE_SUBJECT.search(subject[:200]) is not None or says_delayed(f"{subject}\n{report}")


def says_delayed(text: str) -> bool:
    """True when the report says that the server goes on trying."""
    lowered = " ".join(text.lower().split())
    return any(map(lowered.__contains__, DELAY_WORDS)) or bool(GOES_ON.search(lowered) or IS_LATE.search(lowered))


def says_delivered(text: str) -> bool:
    """True when the report tells of nothing but success (the old receipts of Sendmail)."""
    lowered = " ".join(text.lower().split())
    told = any(map(lowered.__contains__, DELIVERED_WORDS)) or ACCEPTED.search(lowered) is not None
    return told and not (any(map(lowered.__contains__, FAILED_WORDS)) or REFUSED.search(lowered))
