"""Words, letters and ends of words by which the language of a short text is known: own tables."""

from __future__ import annotations

# The commonest short words of each language that is written in Latin or Cyrillic letters. A word that several share
# counts for each of them, divided by their number; the words that are one language's alone decide.
WORDS: dict[str, str] = {
    "en": (
        "the and is you to of in it that for on have with my not this are be please hello hi thanks thank your can "
        "we was i do but from what how when me would could will if they has been any still our am an there regards "
        "dear help just get which who does did had his her their them then than or as at by so up out about no yes "
        "need know good morning all should after don't i'm can't it's doesn't didn't works working again soon "
        "order invoice account password login log printer computer email message attached file phone number "
        "customer delivery package refund cancel subscription payment money website page button update install "
        "yesterday today tomorrow week month year days monday tuesday wednesday thursday friday because since new "
        "first second two cannot couldn't haven't arrive arrived late open crashes print send sent received "
        "receive try tried change changed show shows says problem issue question error nobody never always every "
        "same twice one"
    ),
    "de": (
        "der die das und ist nicht ich sie es ein eine zu mit auf für von den dem im wir haben habe hat sind war "
        "auch wie was noch aber kann können bitte danke hallo guten tag mein meine mir mich ihr ihre ihnen uns "
        "wenn nach bei aus dass wird werden oder nur schon sehr geehrte grüße grüßen freundlichen vielen dank seit "
        "keine kein einen einer zum zur über am an als um bin mehr immer wieder jetzt hier geht wurde lieber liebe "
        "morgen heute gibt unser unsere diese dieser bestellung rechnung konto passwort kennwort anmelden drucker "
        "rechner computer nachricht anhang angehängt datei telefon nummer kunde kundin lieferung paket kündigen "
        "kündigung abo zahlung geld seite webseite gestern woche monat jahr tage montag dienstag mittwoch "
        "donnerstag freitag weil leider neue neuen erste zweite zwei konnte könnten wurden beim vom kommt kommen "
        "angekommen öffnen druckt schicken geschickt erhalten bekommen bekomme versucht ändern zeigt steht frage "
        "fehler fehlermeldung funktioniert endlich stürzt warum wann niemand nie jeder gleiche einmal sobald"
    ),
    "fr": (
        "le la les et est pas je vous de des du un une en que qui dans pour sur avec ne ce il elle nous mon ma mes "
        "votre vos bonjour merci plus par au aux mais ou sont ai avez été être si cette bien j'ai n'est c'est d'un "
        "d'une l'a s'il plaît cordialement toujours fait comment quand notre nos très aussi suis pouvez peux "
        "pourriez depuis salut même sans à ça y leur encore tout rien reçu problème madame monsieur commande "
        "facture compte connecter connexion imprimante ordinateur message pièce jointe fichier téléphone numéro "
        "client cliente livraison colis remboursement annuler abonnement paiement argent site page bouton hier "
        "aujourd'hui demain matin semaine mois jour jours lundi mardi mercredi jeudi vendredi parce nouveau "
        "nouvelle premier deuxième deux était arrive arrivé arrivée arriver marche fonctionne ouvre envoyer envoyé "
        "reçue recevoir essayé changer affiche erreur question étage mot passe pourquoi personne jamais après "
        "chaque fois dès"
    ),
    "es": (
        "el la los las y es no que de en un una por para con se mi me su lo le del al como más pero hola gracias "
        "buenos días tengo he ha está estoy muy también cuando si sí ya este esta ustedes usted puedo puede favor "
        "nos hay desde porque saludos qué cómo todo sin nuestro nuestra tiene son ser hasta buenas tardes sobre a "
        "o mis sus fue han hacer quiero necesito todavía correo cuenta problema pedido factura contraseña entrar "
        "acceder impresora ordenador computadora mensaje adjunto archivo teléfono número cliente entrega paquete "
        "reembolso cancelar cancele suscripción pago dinero sitio página botón ayer mañana semana mes año lunes "
        "martes miércoles jueves viernes nuevo nueva primer primera segundo dos era llega llegar llegado retraso "
        "imprime abrir cierra enviar enviado recibido recibir intentado cambiar muestra error pregunta ayuda otra "
        "vez funciona cuándo dónde lleva nada hecho nadie nunca siempre después cada mismo"
    ),
    "it": (
        "il la lo gli le e è non che di un una per con sono mi ho ha si del della dei nel al alla come più ma ciao "
        "grazie buongiorno questo questa anche quando se vi ci mio mia vostro vostra posso può siete era essere "
        "molto salve cordiali saluti perché da in sul nella dal ancora già stato abbiamo avete vorrei bene tutto i "
        "dalla delle degli ed a o problema cosa dove chi ordine fattura conto account password accedere accesso "
        "stampante computer messaggio allegato file telefono numero cliente consegna pacco rimborso annullare "
        "disdire abbonamento pagamento soldi sito pagina pulsante ieri oggi domani mattina settimana mese anno "
        "giorni lunedì martedì mercoledì giovedì venerdì nuovo nuova primo prima secondo due stata arriva arrivare "
        "arrivato ritardo stampa aprire apro chiude inviare inviarmi inviato ricevuto riesco provato cambiare "
        "mostra errore domanda aiuto funziona adesso sì mille appena poi dopo sempre però ogni stesso"
    ),
    "pt": (
        "o a os as e é não que de em um uma para com por se meu minha eu do da no na dos das ao mais mas olá "
        "obrigado obrigada bom dia está estou muito também quando já este esta você vocês posso pode favor nos "
        "tenho foi ser até como ainda sobre seu sua isso pelo pela são boa tarde cumprimentos nosso nossa tem "
        "fazer consigo às à gostaria encomenda pedido fatura conta senha palavra-passe entrar acessar impressora "
        "computador mensagem anexo ficheiro arquivo telefone número cliente entrega pacote reembolso cancelar "
        "assinatura pagamento dinheiro site página botão ontem hoje amanhã manhã semana mês ano dias segunda terça "
        "quarta quinta sexta desde novo nova primeiro segundo dois chega chegar chegou atraso imprime abrir fecha "
        "enviar enviado recebido receber tentei mudar mostra erro pergunta ajuda ajudem funciona vez outra onde vê "
        "duas vezes mesmo ninguém nunca depois sempre"
    ),
    "nl": (
        "de het een en is niet ik u je van op te dat met voor zijn die in er aan mijn heb hebben heeft wij we ook "
        "maar kan kunnen graag dank bedankt hallo goedemorgen beste naar bij nog als om uit wat wel was deze dit "
        "geen al over dan mij uw jullie worden wordt meer groet groeten vriendelijke hoe waar zou kunt moet weer "
        "nu goed alvast veel ben bestelling factuur account wachtwoord inloggen printer computer bericht bijlage "
        "bestand telefoon nummer klant levering pakket pakje terugbetaling annuleren opzeggen abonnement betaling "
        "geld website pagina knop gisteren vandaag morgen vanochtend week maand jaar dagen maandag dinsdag "
        "woensdag donderdag vrijdag omdat sinds nieuwe eerste tweede twee werd komt komen aangekomen laat openen "
        "print sturen gestuurd ontvangen krijg geprobeerd veranderen toont fout foutmelding vraag help werkt "
        "wanneer hartelijk keer niemand nooit altijd na elke zelfde zodra"
    ),
    "sv": (
        "och är det att jag inte en ett som på för med av till den har kan vi ni du om från var men så min mitt "
        "mina vill hej tack eller när ska också hur vad detta denna finns hälsningar vänliga mig er era nu här "
        "inga inget får då bara skulle kunna blir de dem oss vår mycket dag efter fungerar går någon något "
        "beställning faktura konto lösenord logga skrivaren skrivare dator meddelande bifogad fil telefon nummer "
        "kund leverans paket återbetalning avbryta säga upp prenumeration betalning pengar webbplats sida knapp "
        "igår idag imorgon morse vecka månad år dagar måndag tisdag onsdag torsdag fredag eftersom sedan ny nya "
        "första andra två blev kommer kom sen öppna öppnar skriver skicka skickat fått försökt ändra visar fel "
        "fråga hjälp kunde ännu inne gång ingen aldrig alltid varje samma"
    ),
    "da": (
        "og er det at jeg ikke en et som på for med af til den har kan vi i du om fra var men så min mit mine vil "
        "hej tak eller når skal også hvordan hvad dette denne findes hilsen venlig mig jer nu her ingen får da kun "
        "hvor de dem os vores meget dag efter virker går noget nogen blev bliver kunne ville være været mvh jeres "
        "ved bestilling ordre faktura konto adgangskode kodeord logge printer printeren computer besked vedhæftet "
        "fil telefon nummer kunde levering pakke refusion annullere opsige abonnement betaling penge hjemmeside "
        "side knap morgen morges uge måned dage mandag tirsdag onsdag torsdag fredag fordi siden ny nye første "
        "anden to kommer kom sent åbne åbner sende sendt fået modtaget prøvet ændre viser fejl spørgsmål hjælp "
        "venligst ind ud hvornår hvorfor igen mange sal blevet blive hinanden samme"
    ),
    "no": (
        "og er det at jeg ikke en et som på for med av til den har kan vi du om fra var men så min mitt mine vil "
        "hei takk eller når skal også hvordan hva dette denne finnes hilsen vennlig meg dere nå her ingen får da "
        "bare hvor de dem oss vår mye dag etter fungerer går noe noen ble blir kunne ville være vært ei ikkje eg "
        "fått bestilling bestillingen ordre faktura konto kontoen passord logge printer skriveren skriver "
        "datamaskin melding vedlagt fil telefon nummer kunde levering pakke pakken refusjon avbestille si opp "
        "abonnement betaling penger nettside side knapp morgen morges uke måned dager mandag tirsdag onsdag "
        "torsdag fredag fordi siden ny nye første andre to kommer kom sent åpne åpner sende sendt mottatt prøvd "
        "endre viser feil spørsmål hjelp hjelpe vennligst inn ut hvorfor igjen tusen etasje blitt bli ved samme "
        "lenger"
    ),
    "fi": (
        "ja on ei en se että olen hei kiitos mutta minun minulla voi voin ole kun jos niin myös tämä mitä miten "
        "sitä teidän meidän oli ovat olisi kuin tai vain nyt vielä terveisin ystävällisin saa saan tässä sen joka "
        "mikä miksi jo koska eikö onko ettei minä me te he moi päivää hyvää toimi viesti tilaus tilaukseni lasku "
        "laskun tili tilini tililleni salasana salasanani kirjautua kirjautumaan tulostin tulostaa tietokone liite "
        "liitteenä tiedosto puhelin numero asiakas toimitus paketti hyvitys peruuttaa tilauksen maksu raha rahaa "
        "sivusto sivu eilen tänään huomenna aamusta viikko kuukausi vuosi maanantai tiistai keskiviikko torstai "
        "perjantai lähtien uusi ensimmäinen toinen toisen kaksi tuli tulee saapuu myöhässä avaa avata lähettää "
        "saanut yritin virhe kysymys apua auttakaa toimii toiminut kyllä pysty paljon milloin"
    ),
    "pl": (
        "i w nie na się jest to z do że o jak ale mam czy za po od dla co mnie mi proszę dziękuję dzień dobry "
        "witam jestem są był była być już tylko przez może mogę można ten ta te tego bardzo pozdrawiam państwo "
        "pana pani nadal moje mój moja przy lub oraz tak kiedy gdzie jeszcze także nas was ich jego która który "
        "które mamy ma będzie zamówienie zamówienia faktura fakturę konto hasło zalogować logowanie drukarka "
        "drukuje komputer wiadomość załącznik plik telefon numer klient dostawa paczka zwrot anulować rezygnacja "
        "subskrypcja płatność pieniądze strona przycisk wczoraj dzisiaj dziś jutro rana tydzień miesiąc rok dni "
        "poniedziałek wtorek środa czwartek piątek ponieważ nowy nowe pierwszy drugim dwa został zostało przyjdzie "
        "przyszło otworzyć otwieram wysłać przysłać otrzymałem otrzymałam próbowałem zmienić pokazuje błąd pytanie "
        "pomoc działa swoje dlaczego gdy nikt nigdy zawsze razy"
    ),
    "cs": (
        "a je se na v že to s z do o jsem si ale mi mám jak pro by po tak jste co už dobrý den děkuji prosím není "
        "mě za jsou byl bylo být nebo když aby který která které jen také můžete můžu nám vám váš moje můj "
        "pozdravem ještě kde tento tato toto při od k i ani moc velmi máte mohu vás nás tím pokud proč díky "
        "objednávka objednávku faktura fakturu účet účtu heslo přihlásit přihlášení tiskárna tiskne počítač zpráva "
        "příloha soubor telefon číslo zákazník dodání balík vrácení zrušit zrušení předplatné předplatného platba "
        "peníze stránka tlačítko včera dnes zítra rána týden měsíc rok dny pondělí úterý středa čtvrtek pátek "
        "protože nový nové první druhém dva nebylo dorazí přišlo zpoždění otevřít otevřu poslat posílám dostal "
        "zkoušel změnit ukazuje chyba dotaz pomoc funguje nefunguje kdy znovu nemohu nelze ve ke svému jde nejde "
        "jakmile nikdo nikdy vždy dvakrát"
    ),
    "sk": (
        "a je sa na v že to s z do o som si ale mi mám ako pre by po tak ste čo už dobrý deň ďakujem prosím nie ma "
        "za sú bol bolo byť alebo keď aby ktorý ktorá ktoré len tiež môžete môžem nám vám váš moje môj pozdravom "
        "ešte kde tento táto toto pri od k aj ani veľmi máte vás nás ak prečo vďaka objednávka objednávku faktúra "
        "faktúru účet účtu heslo prihlásiť prihlásenie tlačiareň tlačí netlačí počítač správa príloha súbor "
        "telefón číslo zákazník dodanie balík vrátenie zrušiť zrušenie predplatné platba peniaze stránka tlačidlo "
        "včera dnes zajtra rána týždeň mesiac rok dni pondelok utorok streda štvrtok piatok pretože nový nové prvý "
        "druhom dva nebolo príde prišlo meškanie otvoriť otvorím poslať posielam dostal skúšal zmeniť ukazuje "
        "chyba otázka pomoc pomôžte funguje nefunguje kedy znova nemôžem svojho vo"
    ),
    "hu": (
        "a az és nem hogy is egy van de meg csak már ha én ez azt még vagy ki mert nekem köszönöm kérem "
        "üdvözlettel jó napot szia kedves lehet volt mit mi ezt nagyon itt most kell minden után tudom tudok "
        "szeretném önök vagyok lesz sem majd amit kérdés nincs rendelés rendelésem számla számlát fiók fiókom "
        "fiókomba jelszó jelszavam bejelentkezni belépni nyomtató nyomtat számítógép üzenet melléklet fájl telefon "
        "szám ügyfél szállítás csomag visszatérítés lemondani előfizetés fizetés pénz oldal gomb tegnap ma holnap "
        "reggel hét hónap év napok hétfő kedd szerda csütörtök péntek óta új első második két lett jön érkezik "
        "érkezett késik megnyitni küldeni kaptam próbáltam változtatni mutatja hiba segítség segítsenek működik "
        "mikor miért igen szépen senki soha mindig hogyan egyik másik"
    ),
    "ro": (
        "și si în nu este la de cu pe o un să care pentru din am mai că ce mi vă va a fost sunt dar bună ziua "
        "mulțumesc multumesc rog dacă când foarte acest această aveți poate pot meu mea toate fi ar cum nici încă "
        "sau stimă nostru dumneavoastră salut îmi comandă comanda factură factura cont contul parolă parola "
        "conectez autentific imprimanta imprimantă calculator mesaj atașat fișier telefon număr client livrare "
        "colet rambursare anula anulez abonament abonamentul plată bani site pagină buton ieri azi astăzi mâine "
        "dimineață săptămână lună an zile luni marți miercuri joi vineri nou nouă primul doilea doi ajunge ajuns "
        "întârziere merge deschide trimite trimiteți primit încercat schimba arată eroare întrebare ajutor ajutați "
        "funcționează intra unde"
    ),
    "tr": (
        "bir ve bu için ile de da çok ne var yok mi mı ama daha gibi ben benim siz lütfen teşekkür teşekkürler "
        "ederim merhaba olarak nasıl kadar sonra her şey değil oldu olan ya hala iyi günler saygılarımla rica "
        "ediyorum istiyorum en sizin bana size bunu zaman neden sipariş siparişim fatura faturayı hesap hesabım "
        "hesabıma şifre şifrem giriş yazıcı bilgisayar mesaj ek ekte dosya telefon numara müşteri teslimat kargo "
        "paket iade iptal abonelik aboneliğimi ödeme para site sayfa düğme dün bugün yarın sabah hafta ay yıl gün "
        "pazartesi salı çarşamba perşembe cuma çünkü beri yeni ilk ikinci iki geldi gelecek geç açmak açılmıyor "
        "çalışmıyor çalışıyor gönderin gönderir misiniz aldım denedim değiştirmek hata soru yardım yapamıyorum "
        "edin evet şimdi"
    ),
    "et": (
        "ja on ei see et ma ta kui oma mis aga ka või tere palun aitäh olen mul minu kas siis nii veel kuidas teie "
        "meie oli pole saan saab lugupidamisega mind mida selle seda tellimus arve konto parool sisse logida "
        "printer arvuti sõnum manus fail telefon number klient saadetis pakk tagasi tühistada makse raha leht eile "
        "täna homme nädal kuu aasta päeva uus esimene teine kaks tuli saata saanud proovisin viga küsimus abi "
        "töötab millal miks praegu suur"
    ),
    "lv": (
        "un ir ne uz no ar ka es man par lai bet kā vai kas jau labdien lūdzu paldies jūs mums jūsu mans mana nav "
        "bija šis cieņu arī ļoti tas pasūtījums rēķins konts parole pieslēgties printeris dators ziņojums "
        "pielikums fails tālrunis numurs klients piegāde paka atmaksa atcelt abonements maksājums nauda lapa vakar "
        "šodien rīt nedēļa mēnesis gads jauns pirmais otrais divi atnāca nosūtīt saņēmu kļūda jautājums palīdzība "
        "strādā kad kāpēc"
    ),
    "lt": (
        "ir yra ne į iš su kad aš man apie bet kaip ar kas jau laba diena prašau ačiū jūs mums jūsų mano nėra buvo "
        "šis pagarbiai taip labai tai už dėl užsakymas sąskaita paskyra slaptažodis prisijungti spausdintuvas "
        "kompiuteris žinutė priedas failas telefonas numeris klientas pristatymas siunta grąžinimas atšaukti "
        "prenumerata mokėjimas pinigai puslapis vakar šiandien rytoj savaitė mėnuo metai naujas pirmas antras du "
        "atvyko siųsti gavau klaida klausimas pagalba veikia neveikia kada kodėl dabar negaliu"
    ),
    "hr": (
        "i je se na u da to s za od ali mi sam ne što kako bi su smo ste li molim hvala dobar dan imam koji koja "
        "nije može mogu već samo lijep pozdrav poštovani vam vas nam moj moja kada gdje još ili ako sve bilo te "
        "narudžba račun lozinka prijaviti pisač ispisuje računalo poruka privitak datoteka telefon broj kupac "
        "dostava paket povrat otkazati pretplata plaćanje novac stranica gumb jučer danas sutra jutros jutra "
        "tjedan mjesec godina dana ponedjeljak utorak srijeda četvrtak petak jer nov novi prvi drugom dva stigla "
        "stići otvoriti poslati dobio pokušao promijeniti pokazuje greška pitanje pomoć radi rade sada puno"
    ),
    "sl": (
        "in je se na v da to z za od ali mi sem ne kaj kako bi so smo ste pa prosim hvala dober dan imam ki ni "
        "lahko že samo lep pozdrav spoštovani vam vas nam moj moja kdaj kje še če vse bilo pri tudi naročilo račun "
        "geslo prijaviti tiskalnik tiska računalnik sporočilo priponka datoteka telefon številka stranka dostava "
        "paket vračilo preklicati naročnina plačilo denar stran gumb včeraj danes jutri jutra teden mesec leto dni "
        "ponedeljek torek sreda četrtek petek ker nov novi prvi drugem dva prišlo odpreti poslati prejel poskusil "
        "spremeniti kaže napaka vprašanje pomoč dela deluje zdaj najlepša morem"
    ),
    "ca": (
        "el la els les i és no que de en un una per amb es em meu meva del al com més però hola gràcies bon dia "
        "tinc he ha està molt també quan si ja aquest aquesta vostè puc pot favor ens hi des perquè salutacions "
        "què tot sense són comanda factura compte contrasenya entrar impressora ordinador missatge adjunt fitxer "
        "telèfon número client lliurament paquet reemborsament cancel·lar subscripció pagament diners lloc pàgina "
        "botó ahir avui demà matí setmana mes any dies dilluns dimarts dimecres dijous divendres nou nova primer "
        "segon dos arriba imprimeix obrir enviar rebut provat canviar error pregunta ajuda funciona"
    ),
    "id": (
        "yang dan di ini itu tidak saya untuk dengan dari ada akan bisa sudah anda kami ke pada adalah juga apa "
        "terima kasih selamat mohon tolong bagaimana belum masih dalam atau karena jika tapi lebih pesanan tagihan "
        "akun kata sandi masuk login printer komputer pesan lampiran berkas file telepon nomor pelanggan "
        "pengiriman paket pengembalian batalkan langganan pembayaran uang situs halaman tombol kemarin hari besok "
        "pagi minggu bulan tahun senin selasa rabu kamis jumat sejak baru pertama kedua dua datang kirim coba ubah "
        "kesalahan pertanyaan bantuan bantu berfungsi kapan kenapa mencetak lantai"
    ),
    "vi": (
        "và là của có không tôi cho được với này các một những trong đã khi người để xin chào cảm ơn bạn rất nhưng "
        "vui lòng anh chị tại nào thì đến như làm đơn hàng hóa tài khoản mật khẩu đăng nhập máy in tính tin nhắn "
        "đính kèm tệp điện thoại số khách giao gói hoàn tiền hủy thanh toán trang nút hôm qua nay mai sáng tuần "
        "tháng năm ngày mới đầu hai gửi nhận thử đổi lỗi hỏi giúp hoạt động sao từ"
    ),
    "ru": (
        "и в не на я что с это как у по но мы вы за от из так же мне он для меня есть был было быть здравствуйте "
        "спасибо пожалуйста добрый день можно если или когда уже только все ещё еще вас нас мой моя ваш нет очень "
        "до бы к о при чтобы где почему могу можете уважением привет вам этот заказ заказа счёт счет аккаунт "
        "аккаунта пароль войти вход принтер печатает компьютер сообщение письмо вложение файл телефон номер клиент "
        "доставка посылка возврат отменить подписка подписку оплата деньги сайт страница кнопка вчера сегодня "
        "завтра утра неделя месяц год дня понедельник вторник среда четверг пятница потому новый первый втором два "
        "теперь придёт пришел пришёл открыть отправить получил получила пробовал изменить показывает ошибка вопрос "
        "помощь помогите работает да большое свой моего этаже никто никогда после одно раз дважды всегда себя"
    ),
    "uk": (
        "і в не на я що з це як у по але ми ви за від так же мені він для мене є був було бути вітаю дякую будь "
        "ласка добрий день можна якщо або коли вже тільки всі ще вас нас мій моя ваш немає дуже до б та й чи щоб "
        "де чому можу можете повагою привіт вам цей замовлення рахунок акаунт обліковий пароль увійти вхід принтер "
        "друкує комп'ютер повідомлення лист вкладення файл телефон номер клієнт доставка посилка повернення "
        "скасувати підписка підписку оплата гроші сайт сторінка кнопка вчора сьогодні завтра ранку тиждень місяць "
        "рік понеділок вівторок середа четвер п'ятниця тому новий перший другому два тепер прийде відкрити "
        "надіслати отримав отримала пробував змінити показує помилка питання допомога допоможіть працює свій моє "
        "поверсі усе ніхто ніколи після раз двічі завжди себе"
    ),
    "bg": (
        "и в не на аз че с това как у по но ние вие за от са си да се ми съм е го беше здравейте благодаря моля "
        "добър ден може ако или кога вече само всички още вас нас моят моята вашия няма много до би към при къде "
        "защо мога можете поздрави този тази поръчка поръчката фактура фактурата акаунт профил профила парола "
        "паролата вляза влизане принтер принтерът печата компютър съобщение прикачен файл телефон номер клиент "
        "доставка пратка връщане отменя абонамент абонамента плащане пари сайт страница бутон вчера днес утре "
        "сутринта седмица месец година дни понеделник вторник сряда четвъртък петък защото нов нова първи втория "
        "два сега пристигне отворя изпратите получих опитах променя показва грешка въпрос помощ помогнете работи "
        "етаж никой никога след пъти винаги"
    ),
    "sr": (
        "и у не на ја да се је са за од али ми сам што како би су смо сте ли молим хвала добар дан имам који која "
        "није може могу већ само поздрав поштовани вам вас нам мој моја када где још или ако све било то поруџбина "
        "рачун лозинка пријавити штампач рачунар порука прилог датотека телефон број купац достава пакет повраћај "
        "отказати претплата плаћање новац страница јуче данас сутра недеља месец година дана нов први други два "
        "стигла послати добио грешка питање помоћ ради сада пуно"
    ),
}

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

# Ends of words that these languages like: worth little, but most words of a short text have one.
ENDINGS: dict[str, str] = {
    "en": "ing ould ght ed ly ous ness tion ween ck th wn",
    "de": "ung ich sch cht keit heit lich tzt tzen ern iert chen ckt ast eit nd",
    "fr": "eux eau oir ais ait ez que elle eur tion ment ées ée és aux ière oit ont ette ons our",
    "es": "ción ado ada ando iendo dad mente ron llo lla ía ió ble dos das aba uelo ciones eron ces",
    "it": "zione ato ata are ere ire tto tta zza ssi endo ando nno sco chio cchi glio lla ggio uto oni eri",
    "pt": "ção ões ado ada nho nha lho lha ão ou eiro eira ei dade mente ram aram gem ício",
    "nl": "ijk ijd aan aar aat eer oor oon uur cht heid lijk isch uwe ven kken eren ziet ters",
    "sv": "arna erna ade ning het sk igt tten rna ats ade örn ört ats ten ern kt",
    "da": "erne ede hed ning eligt igt dt else ende lse gger nge gen det",
    "no": "ene ete het ning elig tt else ende ger ngen tte dde lse",
    "fi": "aan ään ssa ssä sta stä lla llä lta ltä ksi nen tta ttä uun een iin kaan oin vat vät imme tti sti oitti",
    "pl": "ego ych ych owy ść ów iej nie szy ski kie zka dzi czy ają acz nego ony ono any rza iąc ami ami iem ymi",
    "cs": "ní ost ých ého ou ové ště ění ám ík áv čka ází ího ají ovat ěl ali ely jí čky ém ému ech",
    "sk": "nie osť ých ého ovať ie ia iť ť ania enia ajú ejú jú ého om ému ách ený aní",
    "hu": "ság ség nak nek ban ben ból ből ért tam tem tak tek ott ett ás és ról ről hoz hez ják ni juk unk sz szor",
    "ro": "ului ul ează ție ții esc lor eau ăr oare ește ate iei elor ință ilor",
    "tr": "ler lar dır mak mek yor ası ünü acak ecek lık lik ım iz dan den ları leri ıyor iyor muyor müyor nda nde tan",
    "hr": "nje ija ski osti iti ati ova ite aju emo imo ku ju tko",
    "sl": "nje ija ski osti iti ati ova ite ajo emo imo jo hče ega",
    "ca": "ció ment ny aix eix ada ats ets ents ona",
    "et": "ud tud dud mine sse ast lik ne id nud sid",
    "lv": "ās as ību šana ums ams ots iem ām ajā is us",
    "lt": "as is us ti ų ai ės imas ymas uose ama ina ojo",
    "id": "kan nya an lah kah ang",
    "ru": "ть ого ие ый ает ся ой ния ать или ого ей ам ами ает ают ился ых ить ги ью",
    "uk": "ти ого ння ає ий ся ів ить ться ють али ою ії їв ші ту",
    "bg": "та то ът ите ва ото ане ни ха ят их ение яне",
    "sr": "ње ти ја ати ити смо ају ово ске ома",
}
