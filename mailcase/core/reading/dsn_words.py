"""The words by which delivery reports are known, as servers write them in many languages; all in lower case."""

from __future__ import annotations

# In subjects.
_SUBJECTS = (
    "undeliver|not delivered|non delivery|non-delivery|nondelivery|delivery status|delivery fail|"
    "delivery notif|delivery report|delivery error|delivery problem|delivery has failed|delivery warning|"
    "delivery delay|delivery unsuccess|delivery incomplete|unsuccessful delivery|failed mail|failed delivery|"
    "failure notice|failure delivery|mail deliver|mail failure|mail error|mail system error|message deliver|"
    "message delay|message failure|message status - undeliv|could not be deliver|could not deliver|"
    "could not send|cannot send message|cannot be deliver|unable to deliver|returned mail|returned message|"
    "returned to sender|delayed mail|delayed message|bounced mail|bounced message|[bounce]|rejected mail|"
    "rejected message|error sending your mail|user unknown|unknown user|mailbox full|postmaster notify|"
    "postfix smtp server: errors|are not member|not member article|loop alert|loop back warning|unzustellbar|"
    "nicht zustellbar|nicht zugestellt|zustellungsfehler|fehlgeschlagene zustellung|onbestelbaar|niet bezorgd|"
    "non remis|non distribu|non délivré|impossible de remettre|échec de la remise|echec de la remise|"
    "utilisateur non recens|no se puede entregar|no se pudo entregar|no entregado|mancato recapito|"
    "mancata consegna|impossibile recapitare|não entregue|não é possível entregar|não foi possível entregar|"
    "niedostarcz|nie można dostarczyć|nedoručiteln|nelze doručit|kézbesíthetetlen|teslim edilemedi|"
    "olevererbar|kan inte lever|kan ikke lever|kunne ikke lever|ei voida toimittaa|ei voitu toimittaa|"
    "не доставлен|недоставлен|невозможно доставить|配信できません|配信不能|配信に失敗|送信できません|"
    "送信エラー|配達できません|退信|无法送达|无法投递|投递失败|未送达|未传递|無法傳遞|無法傳送|배달되지|"
    "배달 실패|전송 실패|تعذر تسليم|לא ניתן למסור|"
    # en
    "error sending message|recipient unknown|message you sent blocked|message you sent was blocked|"
    "failed to deliver|mail failed|mail not deliver|not been deliver|undelivered|delivery delayed|"
    "delivery has been delayed|"
    # de
    "übermittlungsstatus|zustellstatus|zustellung nicht möglich|nachricht nicht übermittelt|rückläufer|"
    "zustellfehler|zustellung fehlgeschlagen|zustellung verzögert|konnte nicht zugestellt|"
    # nl
    "bezorgfout|afleverfout|kon niet worden bezorgd|kon niet worden afgeleverd|niet te bezorgen|"
    "bezorging mislukt|kan niet worden bezorgd|aflevering mislukt|niet afgeleverd|"
    # fr
    "echec de remise|échec de la distribution|echec de la distribution|echec de livraison|message non envoyé|"
    "erreur de livraison|échec de remise|échec de livraison|échec de la livraison|échec d'envoi|non livré|"
    "remise retardée|avis de non-remise|notification d'état de remise|"
    # es
    "error al entregar|fallo en el envío|mensaje no enviado|correo devuelto|entrega incorrecta|no entregable|"
    "error de entrega|error en la entrega|fallo en la entrega|fallo de entrega|entrega fallida|"
    "entrega retrasada|notificación de estado de entrega|"
    # it
    "errore nel recapito|posta non consegnata|impossibile consegnare|mail non consegnata|non recapitabile|"
    "recapito non riuscito|consegna fallita|messaggio non consegnato|errore di consegna|"
    "notifica sullo stato del recapito|consegna ritardata|"
    # pt
    "mensagem devolvida|entrega de mensagem|falha no envio|não pôde ser entregue|falha na entrega|"
    "falha de entrega|erro de entrega|não foi entregue|notificação de status de entrega|"
    # ca
    "no es pot lliurar|no s'ha pogut lliurar|"
    # pl
    "zwrot poczty|niedoręczon|status doręczenia|błąd doręczenia|powiadomienie o stanie dostarczenia|"
    "nie dostarczono|błąd dostarczania|nieudane dostarczenie|zwrot wiadomości|"
    # cs, sk
    "nedoručen|nedoručiteľn|nedoručit|nie je možné doručiť|nedá sa doručiť|"
    # hu and more
    "kézbesítési hiba|nem kézbesíthető|sikertelen kézbesítés|"
    # ro
    "nelivrabil|nelivrat|imposibil de livrat|nu a putut fi livrat|"
    # tr
    "teslim edilemiyor|iletilemedi|gönderilemedi|"
    # sv, da, no, fi, is
    "leveransstatus|leveransfel|leveringsfeil|leveringsfejl|leveringsstatus|toimitusvirhe|toimituksen tila|"
    "går inte att leverera|kunde inte levereras|ikke leveret|ikke levert|kan ikke leveres|kunne ikke leveres|"
    "ei voi toimittaa|toimittaminen epäonnistui|ekki hægt að afhenda|"
    # hr, sl, sr and more
    "neisporuč|nije isporučeno|nedostavljiv|неиспоруч|"
    # et, lv, lt
    "kohaletoimetam|ei õnnestunud kohale toimetada|nepiegādā|nepristaty|"
    # el
    "ανεπίδοτ|δεν παραδόθηκε|δεν είναι δυνατή η παράδοση|αδύνατη η παράδοση|"
    # ru, uk, bg
    "состоянии доставки|статус доставки|письмо не доставлен|недоставка|не отправлено|не удается доставить|"
    "не удаётся доставить|не удалось доставить|ошибка доставки|сбой доставки|не может быть доставлено|"
    "возвращено отправителю|доставка отложена|не вдалося доставити|не вдалося надіслати|недоставяем|"
    "неуспешна доставка|"
    # ja, zh, ko
    "配信状態通知|配信できなかった|送達できません|エラーメール|送付できません|投递状态|傳遞狀態|传递状态|退件|"
    "배달 상태|수신 실패|未配達|配信失敗|配信エラー|送信失敗|不達|配信不可|宛先不明|配信の遅延|传递失败|"
    "发送失败|傳遞失敗|傳送失敗|無法寄達|無法送達|無法投遞|전송되지|무배달|메일 반송|[반송]|배달할 수 없|"
    "배달 불가|발송 실패|"
    # ar, he
    "تعذر التسليم|غير قابل للتسليم|فشل التسليم|לא ניתן לשלוח|לא נמסר|غیرقابل تحویل|"
    # vi, id, th
    "không thể gửi|không gửi được|tidak terkirim|gagal terkirim|ไม่สามารถส่ง|ส่งไม่ถึง"
)

# What only machines write, at the top of a report.
_OPENINGS = (
    "this message was created automatically by|this is the mail system at|this is the postfix|"
    "this is the mailer-daemon|this is the dragonfly mail agent|hi. this is the|able to deliver your message|"
    "automatically generated delivery status notification|delivery status notification is sent|"
    "machine generated message from mail service|the original message was received at|"
    "transcript of session follows|this is a mime-encapsulated message|"
    "delivery has failed to these recipients|error message below:|message from yahoo|"
    "the following addresses had|this report relates to a message you sent|"
    "an error occurred while trying to deliver the mail|to the following recipient|"
    "unable to deliver message to the following|not able to deliver your message|reporting-mta:|"
    "это письмо создано автоматически|"
    # en
    "this message was undeliverable due to|this is a collection of reports about email delivery|"
    "delivery is delayed to these|this is an automatic message from the mail|this is the mail delivery|"
    "this is a delivery status notification|this is a permanent error|"
    # de
    "dies ist eine automatisch erstellte benachrichtigung über den|"
    "dies ist eine automatisch generierte unzustellbarkeit|diese e-mail wurde automatisch vom mail|"
    "diese nachricht wurde automatisch|dies ist das mailsystem|dies ist das mail-system|"
    "dies ist das e-mail-system|dies ist das qmail|fehler bei der nachrichtenzustellung|"
    "zustellung verzögert für|"
    # fr
    "ceci est une notification automatique d'état|ceci est le programme|ceci est un message automatique du|"
    "ceci est le système de|ce message a été créé automatiquement|ce message a été généré automatiquement par|"
    "échec de la remise à ces|"
    # es
    "notificación de estado de entrega generada|error en la entrega a|este es el programa|"
    "este mensaje fue creado automáticamente|este mensaje ha sido generado automáticamente|"
    "este mensaje ha sido creado automáticamente|este es el sistema de correo|"
    "no se pudo entregar el mensaje a est|error al entregar el mensaje|"
    # pt
    "esta é uma notificação automática|notificação de status de entrega gerada|"
    "esta mensagem foi criada automaticamente|este é o sistema de|falha na entrega a est|"
    "falha na entrega para est|"
    # it
    "notifica sullo stato del recapito|recapito ai seguenti|questo è il programma|"
    "questo messaggio è stato creato automaticamente|questo messaggio è stato generato automaticamente dal|"
    "questo è il sistema di posta|recapito non riuscito|"
    # nl
    "dit bericht is automatisch|dit is het mailsysteem|het bezorgen van het bericht aan|"
    "bezorging van het bericht aan|"
    # pl
    "dostarczenie do następujących|ta wiadomość została utworzona automatycznie|to jest system pocztowy|"
    # cs, sk
    "toto je automaticky vytvořené oznámení|doručení následujícím|doručení nasledujúcim|"
    "toto je poštovní systém|"
    # hu and more
    "η παράδοση στους|η παράδοση σε|מסירה לנמענים|לא ניתן היה למסור|فشل تسليم الرسالة|teslim edilemedi|"
    "leveransen till|a kézbesítés nem sikerült|livrarea la acești destinatari|bu alıcılara veya|"
    "leverans till följande|levering til disse|levering til følgende|toimitus seuraaville|"
    # ru, uk, bg
    "это письмо отправлено почтовым сервером|это сообщение создано автоматически|сбой доставки следующим|"
    "не удалось доставить сообщение|не вдалося доставити|доставката до тези|"
    # ja, zh, ko
    "以下の宛先|以下のアドレス|下記のアドレス|下記メールアドレス|很抱歉，您的邮件|很抱歉您发送的邮件|"
    "您发送的邮件|これは自動生成された配信|これはメールシステム|これは配信状態通知|这是邮件系统|这是一封自动|"
    "這是自動產生的傳遞|이것은 자동으로 생성된 배달|以下の受信者|次の受信者|次のあて先へのメッセージ|"
    "下記の宛先|抱歉，您的邮件被退回|向以下收件人|向这些收件人|傳遞至下列收件者|傳遞到下列收件者|"
    "다음 받는 사람|다음 수신자"
)

# What says, anywhere in the text, that a mail was not delivered.
_FAILURES = (
    "not be delivered|not delivered|not deliver|undeliverable|undelivered|delivery failed|delivery has failed|"
    "delivery failure|delivery problems|failed addresses|did not reach|not reach the following|"
    "unable to deliver|wasn't able to deliver|failed recipient|recipients failed|recipient failed|"
    "address failed|addresses failed|address(es) failed|could not be reached|was automatically rejected|"
    "rejected recipient|user unknown|unknown user|no such user|user not known|mailbox is full|mailbox full|"
    "over quota|quota violation|exceeding their quota|over disk quota|invalid final delivery|final-recipient:|"
    "failure reasons|error-for:|delivery errors|there was an error delivering|error sending your mail|rcpt to|"
    "not a member of this mailing list|not member|loop back warning|reject mail from|duplicated message-id|"
    "delivery to the following|following recipients|following recipient(s)|no valid recipients|"
    "nicht zugestellt|nicht zustellbar|unzustellbar|no se pudo entregar|impossibile recapitare|"
    "não pôde ser entregue|kunde inte levereras|nie mógł zostać|не может быть доставлено|не доставлено|"
    "送信できません|配信できません|届けできません|送信に失敗|配信に失敗|无法送达|无法发送|无法投递|無法傳送|"
    "无法到达|"
    # en
    "recipient unknown|not a valid mailbox|unable to be delivered|undeliverable to|not been delivered|"
    "n't been delivered|n't be delivered|n't delivered|failed delivery|failed permanently|failed to deliver|"
    "delivery expired|address not found|mailbox not found|user not found|not listed in domino|"
    "not listed in public|mailbox unavailable|exceeds allowed size|exceeded its quota|mailbox quota|"
    "account is full|inbox is full|was blocked by|has blocked your message|cannot be delivered|"
    "no mailbox here|invalid recipient|unrouteable|unroutable|unknown local user|non-delivered information|"
    # de
    "übermittlung an folgende|nicht ausgeliefert|nicht zustellen|empfänger nicht erreicht|"
    "fehler bei der nachrichtenzustellung|zustellung fehlgeschlagen|postfach ist voll|postfach voll|"
    "unbekannter empfänger|unbekannter benutzer|empfänger unbekannt|"
    # fr
    "pas pu délivrer|pas pu remettre|pas pu distribuer|échec de la distribution|n'a pas été remis|"
    "n'a pas été distribué|n'a pas été délivré|n'est pas parvenu|n’a pas pu être|n’est pas parvenu|"
    "n’a pas été remis|impossible de remettre|échec de la remise|échec de remise|échec de livraison|"
    "boîte aux lettres est pleine|boîte de réception est pleine|utilisateur inconnu|destinataire inconnu|"
    # es
    "error en la entrega|error al entregar|no pudo entregarse|no se ha entregado|no pudo ser entregado|"
    "no ha podido ser entregado|no se entregó|buzón está lleno|buzón de correo está lleno|usuario desconocido|"
    "destinatario desconocido|no s'ha pogut lliurar|"
    # it
    "non è stata recapitata|non è stata consegnata|impossibile consegnare|non può essere consegnato|"
    "recapito non riuscito|non è stato recapitato|non è stato consegnato|non recapitabile|casella piena|"
    "casella di posta è piena|utente sconosciuto|destinatario sconosciuto|"
    # pt
    "não pode ser entregue|não foi entregue|não foi possível entregar|falha na entrega|caixa postal cheia|"
    "caixa de correio está cheia|caixa de entrada está cheia|usuário desconhecido|destinatário desconhecido|"
    # nl
    "niet worden bezorgd|niet bezorgd|niet afgeleverd|postvak is vol|onbekende gebruiker|"
    # pl
    "nie może zostać dostarczon|nie została dostarczona|nie została doręczona|nie można dostarczyć|"
    "skrzynka jest pełna|skrzynka odbiorcza jest pełna|nieznany użytkownik|"
    # cs, sk
    "nelze doručit|nebyla doručena|nepodařilo se doručit|nebolo možné doručiť|sa nepodarilo doručiť|"
    "schránka je plná|"
    # hu and more
    "teslim edilemiyor|nem kézbesíthető|nem sikerült kézbesíteni|nem sikerült a kézbesítés|"
    "nu a putut fi livrat|nu a fost livrat|teslim edilemedi|iletilemedi|"
    # sv, da, no, fi, is
    "ikke leveret|ikke levert|har inte levererats|kunne ikke leveres|ble ikke levert|blev ikke leveret|"
    "ei voitu toimittaa|toimitus epäonnistui|ei toimitettu|"
    # hr, sl, sr and more
    "δεν παραδόθηκαν|nije moguće isporučiti|nije isporučena|ni bilo mogoče dostaviti|nepavyko pristatyti|"
    "neizdevās piegādāt|ei saanud kohale toimetada|δεν ήταν δυνατή η παράδοση|δεν παραδόθηκε|"
    # ru, uk, bg
    "не может быть отправлено|не может быть доставлен|не было доставлено|не удалось доставить|"
    "не удается доставить|сбой доставки|ящик переполнен|получатель не найден|не вдалося доставити|"
    "не беше доставен|"
    # ja, zh, ko
    "配送に失敗|送達できません|送信エラー|未能发送|退信代码|未送达|投递不成功|發送失敗|配信できませんでした|"
    "配信不能|届きませんでした|お届けできません|宛先不明|メールボックスがいっぱい|被退回|退信原因|未能送达|"
    "投递失败|传递邮件失败|邮件传递失败|无法传递|邮箱已满|無法傳遞|無法送達|無法投遞|傳遞失敗|"
    "배달하지 못했습니다|배달되지 않았|전송되지 않았|전달할 수 없|전송에 실패|"
    # ar, he
    "فشل تسليم الرسالة|لم يتم تسليم|تعذر تسليم|فشل تسليم|לא נמסרה|לא ניתן היה למסור|không thể gửi|"
    "không gửi được|tidak dapat dikirim|ไม่สามารถส่ง"
)

# What says that something failed, which from a mail server is a mail.
_GENERAL = (
    "konnte nicht|kon niet worden|n'a pas pu être|n'existe pas|no se ha podido|non è stato possibile|"
    "was rejected|rejected by|security alert|addresses had|had errors|loop condition|is not accepting|"
    "is delayed|has been delayed|not yet received|"
    "に失敗しました|失败|실패|is disabled|has been disabled|no longer exists|no longer valid|cannot be sent|"
    "could not be sent|error sending|exceeded the storage|konnten nicht|konnte(n) nicht|wurde nicht an|"
    "fehlgeschlagen|nicht übermittelt|n'ont pas pu être|n'existe plus|impossible de joindre|no llegó a|"
    "no se puede encontrar a|no se pudo enviar|non riuscito|não existe ou|não chegou a|is mislukt|"
    "nie powiodło się|nie dotarła do|nie dotarł do|se nezdařilo|misslyckades|mislykkedes|mislyktes|"
    "epäonnistui|απέτυχε|a eșuat|başarısız oldu|не зарегистрирован|見つかりませんでした|찾을 수 없습니다|"
    "不存在，请|נכשלה|נכשל"
)

SUBJECTS = tuple(_SUBJECTS.split("|"))
OPENINGS = tuple(_OPENINGS.split("|"))
FAILURES = tuple(_FAILURES.split("|"))
GENERAL = tuple(_GENERAL.split("|"))
