"""Meaning of a word on a date line: a month, a day of the week, a label, glue, or unknown.

Words are compared folded: case, accents, vowel points and the spelling variants of one letter do not count, so that
`MÄRZ`, `Miercoles` and `أبريل` are found. One word may mean several things (`mar` is March and a Tuesday, `listopad`
November in Polish and October in Croatian): a meaning keeps them all, and what stands around it decides.

The table is built once, on the first line that needs it (some 5,000 names, a few milliseconds).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from longshore.text.dates.something_else import OF_SOMETHING_ELSE

# ruff: noqa: E501 - East Asian characters count twice


_DATES: Final = {
    "en": "date dated datetime timestamp dated_this",
    "de": "datum stand",
    "fr": "date",
    "es": "fecha",
    "pt": "data",
    "it": "data",
    "ca": "data",
    "gl": "data",
    "ro": "data",
    "nl": "datum",
    "af": "datum",
    "da": "dato",
    "no": "dato",
    "sv": "datum",
    "is": "dagsetning",
    "fi": "päivämäärä pvm päiväys",
    "et": "kuupäev",
    "lv": "datums",
    "lt": "data",
    "pl": "data",
    "cs": "datum",
    "sk": "dátum",
    "sl": "datum",
    "hr": "datum",
    "bs": "datum",
    "sr": "датум datum",
    "mk": "датум",
    "bg": "дата",
    "ru": "дата",
    "uk": "дата",
    "be": "дата",
    "el": "ημερομηνία",
    "tr": "tarih tarihi",
    "az": "tarix",
    "hu": "dátum",
    "sq": "data",
    "so": "taariikh taariikhda",
    "sw": "tarehe",
    "tl": "petsa",
    "id": "tanggal",
    "ms": "tarikh",
    "cy": "dyddiad",
    "eu": "data",
    "ar": "التاريخ تاريخ",
    "fa": "تاریخ",
    "ur": "تاریخ",
    "he": "תאריך",
    "hi": "तारीख तारीख़ दिनांक तिथि",
    "mr": "दिनांक तारीख",
    "ne": "मिति",
    "bn": "তারিখ",
    "gu": "તારીખ",
    "pa": "ਤਾਰੀਖ ਤਾਰੀਖ਼ ਮਿਤੀ",
    "ta": "தேதி நாள்",
    "te": "తేదీ",
    "kn": "ದಿನಾಂಕ",
    "ml": "തീയതി തിയതി",
    "si": "දිනය",
    "th": "วันที่ ลงวันที่",
    "lo": "ວັນທີ",
    "km": "កាលបរិច្ឆេទ",
    "my": "ရက်စွဲ",
    "ka": "თარიღი",
    "hy": "ամսաթիվ",
    "kk": "күні",
    "mn": "огноо",
    "ja": "日付 日時",
    "ko": "날짜 일시",
    "zh": "日期 时间 時間",
}

_LABELS: Final = {
    "en": "published publish publication posted post written created creation issued issue released release"
    " filed pubdate lastbuilddate datepublished publicationdate published_at added submitted uploaded sent"
    " published_time published_on publish_date release_date post_date posted_on printed answered asked commented replied published_in_print premiered streamed_live",
    "de": "veroffentlicht veröffentlichung veröffentlichungsdatum veröffentlichungstermin erschienen"
    " erscheinungsdatum erscheinungstermin erstellt erstellungsdatum publiziert verfasst eingestellt gesendet gepostet"
    " geschrieben freigegeben gespeichert eingetragen erstveröffentlichung",
    "fr": "publié publiée publication parution paru écrit rédigé posté créé création diffusé mis_en_ligne"
    " mise_en_ligne envoyé",
    "es": "publicado publicada publicación escrito creado posteado enviado emitido subido",
    "pt": "publicado publicada publicação postado postada escrito criado criada enviado divulgado",
    "it": "pubblicato pubblicata pubblicazione scritto creato postato inserito inviato",
    "ca": "publicat publicada publicació escrit creat enviat",
    "gl": "publicado publicada publicación",
    "ro": "publicat publicată publicării publicare scris creat postat trimis adăugat",
    "nl": "gepubliceerd publicatie publicatiedatum geplaatst geschreven gemaakt aangemaakt verzonden",
    "af": "gepubliseer publikasiedatum geplaas geskryf",
    "da": "publiceret offentliggjort udgivet oprettet skrevet udgivelsesdato sendt",
    "no": "publisert offentliggjort utgitt opprettet skrevet sendt lagt_ut",
    "sv": "publicerad publicerat publicerades publiceringsdatum skapad skapat skriven utgiven skickat skrivet",
    "is": "birt útgefið",
    "fi": "julkaistu julkaisupäivä luotu kirjoitettu lähetetty",
    "et": "avaldatud postitatud loodud lisatud kirjutatud saadetud",
    "lv": "publicēts publicēta pievienots izveidots ievietots",
    "lt": "paskelbta publikuota paskelbimo_data publikavimo_data sukurta įdėta",
    "pl": "opublikowano opublikowany opublikowana publikacji publikacja dodano dodany utworzono napisano"
    " zamieszczono wysłano wydano dodania wydania utworzenia",
    "cs": "publikováno zveřejněno vydáno vytvořeno napsáno vloženo přidáno odesláno publikace vydání zveřejnění",
    "sk": "publikované zverejnené uverejnené vydané vytvorené napísané pridané odoslané zverejnenia publikovania",
    "sl": "objavljeno objava ustvarjeno napisano poslano datum_objave",
    "hr": "objavljeno objava objavljen napisano kreirano poslano datum_objave postavljeno",
    "bs": "objavljeno",
    "sr": "објављено постављено написано objavljeno",
    "mk": "објавено објавен",
    "bg": "публикувано публикувана публикуван публикация създадено написано добавено изпратено",
    "ru": "опубликовано опубликована опубликован публикации публикация размещено добавлено создано написано"
    " отправлено дата_публикации",
    "uk": "опубліковано опублікована публікації публікація додано створено написано розміщено надіслано",
    "be": "апублікавана публікацыі",
    "el": "δημοσιεύτηκε δημοσιεύθηκε δημοσίευση δημοσίευσης αναρτήθηκε ανάρτηση",
    "tr": "yayınlanma yayınlandı yayımlandı yayımlanma yayın_tarihi eklenme oluşturulma giriş yayın gönderildi",
    "az": "dərc_edilib",
    "hu": "közzétéve közzétette megjelent publikálva létrehozva írta küldve feltöltve közzététel megjelenés",
    "sq": "publikuar botuar postuar",
    "so": "la_daabacay",
    "sw": "imechapishwa ilichapishwa",
    "tl": "inilathala nai-publish",
    "id": "diterbitkan dipublikasikan diposting terbit dibuat ditulis dikirim",
    "ms": "diterbitkan",
    "vi": "ngày_đăng đăng_ngày xuất_bản cập_nhật_lúc ngày_xuất_bản đăng_lúc",
    "cy": "cyhoeddwyd",
    "eu": "argitaratua",
    "ar": "نشر نشرت النشر نُشر تم_النشر تاريخ_النشر كتب كتبت أضيف",
    "fa": "منتشر انتشار تاریخ_انتشار منتشر_شده ارسال",
    "ur": "شائع اشاعت تاریخ_اشاعت شائع_شدہ",
    "he": "פורסם פורסמה נכתב נוצר עלה תאריך_פרסום פרסום",
    "hi": "प्रकाशित प्रकाशन प्रकाशन_तिथि",
    "mr": "प्रकाशित",
    "ne": "प्रकाशित प्रकाशन",
    "bn": "প্রকাশিত প্রকাশ প্রকাশের আপলোড আপলোড_সময় প্রকাশকাল",
    "gu": "પ્રકાશિત",
    "pa": "ਪ੍ਰਕਾਸ਼ਿਤ",
    "ta": "வெளியிடப்பட்டது பதிவு வெளியீடு",
    "te": "ప్రచురించబడింది ప్రచురణ",
    "kn": "ಪ್ರಕಟಿತ ಪ್ರಕಟಣೆ ಪ್ರಕಟವಾದ",
    "ml": "പ്രസിദ്ധീകരിച്ചത് പ്രസിദ്ധീകരിച്ച",
    "si": "ප්‍රකාශිත",
    "th": "เผยแพร่ เผยแพร่เมื่อ โพสต์ โพสต์เมื่อ วันที่เผยแพร่ เขียนเมื่อ",
    "ka": "გამოქვეყნდა",
    "hy": "հրապարակված",
    "kk": "жарияланған",
    "mn": "нийтэлсэн",
    "ja": "発行 公開日 公開日時 公開 投稿日 投稿日時 投稿 掲載日 掲載 発行日 発表日 作成日 配信 配信日 登録日 質問日時 回答日時 送信日時 発信日 記事公開日 初回公開日",
    "ko": "입력 등록 작성일 게시일 발행일 등록일 기사입력 작성 게시 보도일 승인 송고 전송 발행",
    "zh": "发布 發布 发布时间 發布時間 发布日期 發布日期 发表时间 發表時間 发表 發表 发表于 發表於 发布于 發布於 刊登日期 撰写时间 创建时间 建立時間 发帖时间 更新日期时间 刊出 上稿 上架"
    " 张贴 张贴日期 發佈 發佈時間 發佈日期 发稿时间 发稿",
}

_UPDATES: Final = {
    "en": "updated update modified modification revised reviewed edited changed amended lastmod datemodified lastmodified"
    " last_modified last_updated last_update updated_at modified_time refreshed",
    "de": "aktualisiert aktualisierung geändert änderung bearbeitet überarbeitet update",
    "fr": "modifié modifiée modification actualisé mis_à_jour mise_à_jour màj maj édité",
    "es": "actualizado actualizada actualización modificado modificada modificación",
    "pt": "atualizado atualizada atualização actualizado modificado alterado atualizado_em",
    "it": "aggiornato aggiornata aggiornamento modificato modifica modificata",
    "ca": "actualitzat actualització modificat",
    "gl": "actualizado",
    "ro": "actualizat actualizată actualizare modificat",
    "nl": "bijgewerkt gewijzigd aangepast update laatst_gewijzigd",
    "af": "opgedateer",
    "da": "opdateret ændret",
    "no": "oppdatert endret",
    "sv": "uppdaterad uppdaterat uppdaterades ändrad ändrat",
    "is": "uppfært breytt",
    "fi": "päivitetty muokattu",
    "et": "uuendatud muudetud",
    "lv": "atjaunots atjaunināts labots",
    "lt": "atnaujinta pakeista",
    "pl": "aktualizacja zaktualizowano zmodyfikowano aktualizowano modyfikacja aktualizacji",
    "cs": "aktualizováno upraveno změněno aktualizace",
    "sk": "aktualizované upravené zmenené",
    "sl": "posodobljeno spremenjeno",
    "hr": "ažurirano izmijenjeno azurirano",
    "sr": "ажурирано ažurirano измењено",
    "mk": "ажурирано",
    "bg": "обновено актуализирано променено обновена промяна",
    "ru": "обновлено обновлена изменено обновление редакция отредактировано",
    "uk": "оновлено змінено оновлення",
    "be": "абноўлена",
    "el": "ενημέρωση ενημερώθηκε τροποποίηση",
    "tr": "güncellendi güncelleme güncellenme değiştirildi son_güncelleme",
    "hu": "frissítve módosítva frissült",
    "sq": "përditësuar",
    "id": "diperbarui diubah diperbaharui",
    "ms": "dikemaskini",
    "vi": "cập_nhật sửa_đổi",
    "ar": "تحديث آخر_تحديث محدثة عدل تعديل",
    "fa": "به‌روزرسانی بروزرسانی ویرایش",
    "he": "עודכן עדכון",
    "hi": "अपडेट अद्यतन",
    "bn": "আপডেট হালনাগাদ",
    "th": "อัปเดต อัพเดท แก้ไข แก้ไขล่าสุด ปรับปรุง ปรับปรุงล่าสุด",
    "ja": "更新日 更新 更新日時 最終更新 最終更新日 最終更新日時",
    "ko": "수정 최종수정 업데이트 수정일",
    "zh": "更新 更新时间 更新時間 更新日期 修改时间 最后更新 最後更新 最后更新时间 编辑于",
}

_WITH_LABELS: Final = {
    "en": "last latest first article original originally story text words video photo photos review interview initially dc dcterms prism og pub time on of the as"
    " was history",
    "de": "zuletzt letzte letzter letztes letztmals erstmals am vom der des das die online artikel artikels beitrag beitrags eintrag meldung nachricht pressemitteilung wurde"
    " dieser tag neu ausgabe",
    "fr": "dernière derniere le la de du l article première communiqué communiqué_de_presse",
    "es": "última ultima el la de en fecha artículo última_hora nota_de_prensa comunicado comunicado_de_prensa",
    "pt": "última ultima o em de a artigo matéria comunicado nota_à_imprensa comunicado_de_imprensa",
    "it": "ultima il di la l ultimo comunicato comunicato_stampa articolo",
    "ca": "darrera última el de nota_de_premsa",
    "ro": "ultima la de pe comunicat comunicat_de_presă",
    "nl": "laatst laatste op van persbericht nieuwsbericht",
    "da": "sidst senest d den pressemeddelelse",
    "no": "sist sist_endret den pressemelding",
    "sv": "senast den pressmeddelande",
    "fi": "viimeksi viimeisin tiedote mediatiedote",
    "et": "viimati",
    "pl": "ostatnia ostatnio dnia w artykuł komunikat komunikat_prasowy",
    "cs": "poslední naposledy dne tisková_zpráva",
    "sk": "posledná naposledy dňa tlačová_správa",
    "hr": "zadnje posljednje dana priopćenje",
    "sr": "последње",
    "bg": "последна последно на",
    "ru": "последнее статья последняя пресс_релиз",
    "uk": "останнє востаннє прес_реліз",
    "el": "τελευταία στις δελτίο_τύπου",
    "tr": "son haber basın_bülteni",
    "hu": "utoljára utolsó sajtóközlemény közlemény",
    "id": "terakhir pada siaran_pers",
    "vi": "ngày lúc vào lần_cuối",
    "ar": "آخر في بتاريخ يوم",
    "fa": "آخرین در شده",
    "ko": "기사 최초 최종",
    "ja": "最終 初回 記事 夕刊 朝刊",
    "zh": "于 於 最后 最後",
}

_BYLINES: Final = {
    "en": "by author written_by posted_by byline source",
    "de": "von autor autorin verfasser quelle",
    "fr": "par auteur source",
    "es": "por autor autora fuente",
    "pt": "por autor autora fonte",
    "it": "di autore fonte",
    "ca": "per font",
    "ro": "de autor sursă",
    "nl": "door auteur bron",
    "da": "af forfatter kilde",
    "no": "av forfatter kilde",
    "sv": "av författare källa",
    "fi": "kirjoittaja kirjoittanut teksti lähde",
    "et": "autor allikas",
    "lv": "autors avots",
    "lt": "autorius šaltinis",
    "pl": "autor przez źródło",
    "cs": "autor zdroj",
    "sk": "autor zdroj",
    "hr": "piše autor izvor",
    "sr": "аутор пише извор izvor",
    "bg": "автор от източник",
    "ru": "автор текст источник",
    "uk": "автор джерело",
    "el": "του συντάκτης πηγή",
    "tr": "yazan yazar haber kaynak",
    "hu": "szerző írta forrás",
    "id": "oleh penulis sumber",
    "ms": "oleh sumber",
    "vi": "tác_giả bởi nguồn",
    "ar": "بقلم كتب المصدر",
    "fa": "نویسنده منبع",
    "he": "מאת מקור",
    "hi": "द्वारा लेखक स्रोत",
    "ko": "기자 출처",
    "ja": "文 著者 記者 出典",
    "zh": "作者 记者 記者 来源 來源",
    "mk": "извор",
    "sq": "burimi",
    "sw": "chanzo",
    "mr": "स्रोत",
    "bn": "সূত্র",
    "th": "ที่มา",
}

_GLUE: Final = {
    "en": "of the at on in year day noon midnight hrs hr o clock ad ce st nd rd th local time",
    "de": "den der um am vom im unter tag jahr uhr",
    "fr": "le la du de à er eme ème an",
    "es": "de del el la a las los en al año dia día horas hs hrs",
    "pt": "de do da das dos às as a em ano dia horas aos",
    "it": "di del il alle ore l al dell anno giorno lì",
    "ca": "de d del a les el dia hores",
    "gl": "de do ás",
    "ro": "la ora din anul ziua",
    "nl": "de om op den van het uur",
    "da": "den d kl klokken",
    "no": "den kl klokka klokken",
    "sv": "den kl klockan",
    "is": "kl",
    "fi": "klo kello päivänä",
    "et": "kell a aasta aastal",
    "lv": "gada gads plkst g",
    "lt": "m d metų mėn val diena",
    "pl": "dnia o r roku godz godzina w rok dn",
    "cs": "v ve dne r roku hod hodin",
    "sk": "o dňa r roku hod",
    "sl": "ob dne leta ura",
    "hr": "u dana godine god g sati h",
    "sr": "у године год г сати u godine god",
    "mk": "во година год г часот",
    "bg": "в г година години ч часа на",
    "ru": "в г года год ч часов во",
    "uk": "о об в р року рік год",
    "be": "у г года",
    "el": "στις του ώρα έτος",
    "tr": "saat günü yılı yılında tarihinde ta da te de",
    "az": "il ildə ci cı cu cü saat",
    "hu": "kor án én a az i ei ai jén jei jé",
    "sq": "më ora në",
    "sw": "tarehe saa mwaka ya",
    "tl": "ng noong ika alas",
    "id": "tanggal tahun pukul jam pada",
    "ms": "hb pada jam",
    "vi": "ngày năm lúc vào giờ ngay",
    "cy": "o ar am",
    "eu": "ko ren an eko e",
    "ar": "في عام سنة من م ه الساعة يوم الموافق لسنة هـ",
    "fa": "سال ساعت ماه ه ش در",
    "ps": "د",
    "ur": "ء بجے سال کو بروز",
    "he": "ב ה ל בשעה שנת יום של",
    "hi": "को की के बजे सन ई वर्ष दिन",
    "mr": "रोजी वाजता सन",
    "ne": "गते सन बजे को",
    "bn": "ই লা রা ঠা শে সাল সালের সালে টা টায় এ সময়",
    "gu": "ના રોજ વાગ્યે",
    "pa": "ਨੂੰ ਵਜੇ",
    "ta": "ஆம் ஆண்டு தேதி அன்று மணி",
    "te": "న తేదీ సంవత్సరం గంటలకు",
    "kn": "ರಂದು ನೇ ಗಂಟೆಗೆ",
    "ml": "ന് ൽ മണിക്ക്",
    "th": "วันที่ ที่ พศ พ ศ คศ ค ปี เวลา น เมื่อ เดือน นาฬิกา",
    "lo": "ວັນທີ ທີ ເວລາ ປີ",
    "km": "ថ្ងៃ ទី ខែ ឆ្នាំ ថ្ងៃទី ម៉ោង",
    "ka": "წლის წელი წ საათზე",
    "hy": "թ թվականի ժամը թվական",
    "kk": "ж жыл жылғы жылы сағат",
    "ky": "ж жыл жылдын саат",
    "uz": "yil yilda soat йил",
    "mn": "оны он ы ны өдөр цаг сарын гараг",
    "ja": "の に 付 付け 現在 公開 掲載 西暦",
    "ko": "기준 에",
    "zh": "的 于 於",
    "si": "මස",
}

_AFTER_HOURS: Final = {
    "en": "h hrs hr hours",
    "de": "uhr",
    "fr": "h heures",
    "es": "h hs horas hrs",
    "pt": "h horas hs",
    "nl": "u uur",
    "pl": "h",
    "cs": "h hod",
    "hr": "h sati",
    "ru": "ч часов",
    "bg": "ч часа",
    "uk": "год",
    "th": "น",
}

ROLES: Final = {
    "k": _DATES,
    "l": _LABELS,
    "u": _UPDATES,
    "j": _WITH_LABELS,
    "e": OF_SOMETHING_ELSE,
    "b": _BYLINES,
    "f": _GLUE,
    "h": _AFTER_HOURS,
}

# Forms that the locale data lack: genitives and locatives, other spellings. Months, `|` between two, `,` between forms.
MORE_MONTHS: Final = {
    "sl": "januarja|februarja|marca|aprila|maja|junija|julija|avgusta|septembra|oktobra|novembra|decembra",
    "lv": "janvāra,janvārī|februāra,februārī|marta,martā|aprīļa,aprīlī|maija,maijā|jūnija,jūnijā|jūlija,jūlijā"
    "|augusta,augustā|septembra,septembrī|oktobra,oktobrī|novembra,novembrī|decembra,decembrī",
    "bs": "januara|februara|marta|aprila|maja|juna|jula|augusta,avgusta|septembra|oktobra|novembra|decembra",
    "sr": "јануара|фебруара|марта|априла|маја|јуна,јуни|јула,јули|августа|септембра|октобра|новембра|децембра",
    "lb": "januar|februar|mäerz|abrëll|mee|juni|juli|august|september|oktober|november|dezember",
    "hy": "հունվարին|փետրվարին|մարտին|ապրիլին|մայիսին|հունիսին|հուլիսին|օգոստոսին|սեպտեմբերին|հոկտեմբերին"
    "|նոյեմբերին|դեկտեմբերին",
    "ka": "იანვარს|თებერვალს|მარტს|აპრილს|მაისს|ივნისს|ივლისს|აგვისტოს|სექტემბერს|ოქტომბერს|ნოემბერს|დეკემბერს",
    "eu": "urtarrilaren,urtarrilak|otsailaren,otsailak|martxoaren,martxoak|apirilaren,apirilak|maiatzaren,maiatzak"
    "|ekainaren,ekainak|uztailaren,uztailak|abuztuaren,abuztuak|irailaren,irailak|urriaren,urriak"
    "|azaroaren,azaroak|abenduaren,abenduak",
    "hu": "januári|februári|márciusi|áprilisi|májusi|júniusi|júliusi|augusztusi|szeptemberi|októberi|novemberi"
    "|decemberi",
    "fr": "|||||jui|jui|||||",
    "th": "ม ค|ก พ|มี ค|เม ย|พ ค|มิ ย|ก ค|ส ค|ก ย|ต ค|พ ย|ธ ค",
    "hi": "|फरवरी||||||||अक्टू||",
    "he": "בינו|בפבר||באפר||||באוג|בספט|באוק|בנוב|בדצמ",
    "so": "janaayo||||maayo||luulyo||sebtembar|||",
    "lo": "ມ ກ|ກ ພ|ມ ນ|ມ ສ|ພ ພ|ມິ ຖ|ກ ລ|ສ ຫ|ກ ຍ|ຕ ລ|ພ ຈ|ທ ວ",
    "mn": "нэгдүгээр сарын|хоёрдугаар сарын|гуравдугаар сарын|дөрөвдүгээр сарын|тавдугаар сарын|зургаадугаар сарын"
    "|долоодугаар сарын|наймдугаар сарын|есдүгээр сарын|аравдугаар сарын|арван нэгдүгээр сарын|арван хоёрдугаар сарын",
    "ta": "சனவரி|பெப்ரவரி||||யூன்|யூலை|ஆகத்து|செப்தெம்பர்|அக்தோபர்|நவம்பர்|திசம்பர்",
    "te": "||||||జూలై|ఆగష్టు|సెప్టెంబరు|అక్టోబరు|నవంబరు|డిసెంబరు",
    "ml": "||||മെയ്|||ആഗസ്റ്റ്,ആഗസ്ത്|സെപ്തംബർ|ഒക്ടോബർ||",
    "gu": "|||||જુન|જુલાઇ|ઓગસ્ટ||ઓક્ટોબર||",
    "sw": "|||||||agosti||||disemba",
    "ur": "||||مئ|||||||",
    "vi": "||||||||||tháng mười một|tháng mười hai",
    "tl": "||||||||setyembre,septyembre|oktubre|nobyembre|disyembre",
    "ceb": "||||||||septiyembre||nobiyembre|disiyembre",
    "et": "jaanuaril,jaanuaris|veebruaril,veebruaris|märtsil,märtsis|aprillil,aprillis|mail,mais|juunil,juunis|juulil,juulis|augustil,augustis|septembril,septembris|oktoobril,oktoobris|novembril,novembris|detsembril,detsembris",
    "ga": "ean|||aib||||lún||||",
    "bn": "||||||||সেপ্ট|||",
    "ky": "январы|февралы|марты|апрели|майы|июну|июлу|августу|сентябры|октябры|ноябры|декабры",
    "km": "ខែមករា|ខែកុម្ភៈ|ខែមីនា|ខែមេសា|ខែឧសភា|ខែមិថុនា|ខែកក្កដា|ខែសីហា|ខែកញ្ញា|ខែតុលា|ខែវិច្ឆិកា|ខែធ្នូ",
    "ro": "||||||||||noi|",
}

# Days of the week in other cases, Monday first.
MORE_WEEKDAYS: Final = {
    "sv": "måndagen|tisdagen|onsdagen|torsdagen|fredagen|lördagen|söndagen",
    "fi": "maanantaina|tiistaina|keskiviikkona|torstaina|perjantaina|lauantaina|sunnuntaina",
    "et": "esmaspäeval|teisipäeval|kolmapäeval|neljapäeval|reedel|laupäeval|pühapäeval",
    "lv": "pirmdien|otrdien|trešdien|ceturtdien|piektdien|sestdien|svētdien",
    "lt": "pirmadienį|antradienį|trečiadienį|ketvirtadienį|penktadienį|šeštadienį|sekmadienį",
    "pl": "||środę||||niedzielę",
    "hr": "||srijedu|||subotu|nedjelju",
    "sr": "||среду|||суботу|недељу",
    "sl": "||sredo|||soboto|nedeljo",
    "hu": "hétfőn|kedden|szerdán|csütörtökön|pénteken|szombaton|vasárnap",
    "id": "||||jum'at||ahad",
    "bn": "||||||রোববার",
    "ta": "திங்கட்கிழமை|செவ்வாய்க்கிழமை|புதன்கிழமை|வியாழக்கிழமை|வெள்ளிக்கிழமை|சனிக்கிழமை|ஞாயிற்றுக்கிழமை",
}

# Before noon, after noon.
MORE_HALVES: Final = {
    "en": "a m|p m",
    "el": "π μ|μ μ",
    "fi": "a p|i p",
    "sq": "p d|m d",
    "pa": "ਪੂ ਦੁ|ਬਾ ਦੁ",
    "ru": "утра|вечера,дня",
    "uk": "ранку|вечора",
    "bg": "сутринта|вечерта",
    "hi": "सुबह|शाम,दोपहर",
    "mr": "सकाळी|दुपारी,संध्याकाळी",
    "ne": "बिहान|बेलुका,साँझ",
    "gu": "સવારે|બપોરે,સાંજે",
    "ta": "காலை|மாலை,இரவு",
    "te": "ఉదయం|సాయంత్రం",
    "kn": "ಬೆಳಿಗ್ಗೆ|ಸಂಜೆ",
    "ml": "രാവിലെ|വൈകിട്ട്",
    "bn": "সকাল,এএম|বিকাল,রাত,সন্ধ্যা,পিএম",
    "ar": "صباحا,ص|مساء,م",
    "fa": "صبح|عصر",
    "ur": "صبح|شام",
    "id": "pagi|malam,sore",
    "vi": "sáng|chiều,tối",
    "th": "เช้า|บ่าย,เย็น",
    "sw": "asubuhi|jioni",
    "zh": "凌晨,清晨,早上|中午,傍晚,晚上",
    "ja": "朝|夜",
}


Calendar = Literal["gregorian", "persian", "hijri"]

# What parts words: spaces, digits, and the punctuation and symbols of every script. Letters and their marks are the
# rest: Python's \w has no combining marks, without which half of the scripts of India fall to pieces.
NOT_IN_WORDS: Final = (
    r"\s\d!-/:-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7"
    r"\u02bc\u055a-\u055f\u0589\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965\u0970"
    r"\u0f08-\u0f14\u104a-\u104f\u1361-\u1368\u17d4-\u17da\u2000-\u206f\u2190-\u2bff\u3000-\u3004\u3008-\u3020"
    r"\u3030\u30fb\ue000-\uf8ff\ufe30-\ufe4f\ufeff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
_WORD = re.compile(f"[^{NOT_IN_WORDS}]+")

_FOLD: Final = {
    **dict.fromkeys([*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x610, 0x61B), *range(0x64B, 0x660), 0x640]),
    **{ord(variant): letter for variant, letter in zip("ıیىکةہۀ", "iييكههه", strict=True)},
}


@dataclass(slots=True)
class Meaning:
    """All that a word, or a name of several words, may mean on a date line.

    months: month number to the languages that say so. weekdays: 0 is Monday. roles: letters, see `labels`.
    """

    months: dict[int, set[str]] = field(default_factory=dict)
    calendar: Calendar = "gregorian"
    weekdays: dict[int, set[str]] = field(default_factory=dict)
    afternoon: bool | None = None
    roles: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Meanings by folded words; `longest` says how many words the longest name that begins with a word has."""

    meanings: dict[str, Meaning]
    longest: dict[str, int]


def fold(word: str) -> str:
    """Return the form in which a word is compared: no case, no accents, no spelling variants.

    >>> fold("MÄRZ"), fold("Αυγούστου"), fold("KASIM")
    ('marz', 'αυγουστου', 'kasim')
    """
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKD", word.casefold()).translate(_FOLD)


def fold_words(text: str) -> str:
    """Fold every word of a name and put one space between two.

    >>> fold_words("terça-feira")
    'terca feira'
    """
    return " ".join(fold(word) for word in _WORD.findall(text))


@cache
def lexicon() -> Lexicon:
    """Build the table of all words that are known, once."""
    # Data of some 60 kB that most texts never need.
    from longshore.text.dates.calendars import HIJRI_MONTHS, PERSIAN_MONTHS  # noqa: PLC0415
    from longshore.text.dates.names import DATE_NAMES  # noqa: PLC0415

    meanings: defaultdict[str, Meaning] = defaultdict(Meaning)
    for language, line in DATE_NAMES.items():
        for place, name in _names(line):
            _add_name(meanings[name], place, language)
    for first, more in ((0, MORE_MONTHS), (12, MORE_WEEKDAYS), (19, MORE_HALVES)):
        for language, line in more.items():
            for place, name in _names(line):
                _add_name(meanings[fold_words(name)], first + place, language)
    _add_months(meanings, PERSIAN_MONTHS, "persian", "fa")
    _add_months(meanings, HIJRI_MONTHS, "hijri", "ar")
    for role, by_language in ROLES.items():
        for language, words in by_language.items():
            for word in words.split():
                meanings[fold_words(word.replace("_", " "))].roles.setdefault(role, set()).add(language)
    return Lexicon(dict(meanings), _longest(meanings))


def _names(line: str) -> Iterator[tuple[int, str]]:
    """Return the names of a line of data, each with the place of its group."""
    for place, names in enumerate(line.split("|")):
        for name in names.split(",") if names else ():
            yield place, name


def _add_name(meaning: Meaning, place: int, language: str) -> None:
    """Add what a name means by its place on a line of data: twelve months, seven days, before noon, after noon."""
    if place < 12:
        meaning.months.setdefault(place + 1, set()).add(language)
    elif place < 19:
        meaning.weekdays.setdefault(place - 12, set()).add(language)
    else:
        meaning.afternoon = place == 20


def _add_months(meanings: defaultdict[str, Meaning], line: str, calendar: Calendar, language: str) -> None:
    """Add the months of another calendar, where no name of ours is the same."""
    for place, name in _names(line):
        meaning = meanings[fold_words(name)]
        if not meaning.months:
            meaning.months[place + 1] = {language}
            meaning.calendar = calendar


def _longest(meanings: Iterable[str]) -> dict[str, int]:
    """Return the most words that a name has, by its first word."""
    longest: dict[str, int] = {}
    for name in meanings:
        first, _, rest = name.partition(" ")
        longest[first] = max(longest.get(first, 1), rest.count(" ") + 2 if rest else 1)
    return longest
