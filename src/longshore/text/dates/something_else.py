"""Words before a date that is not of publication, in the languages that the detector knows: data.

Until, since, from, before, after, next; born, died; deadline, valid, due; event, meeting; retrieved; invoice. `_`
inside a phrase stands for a space. A word that is also glue, a label or a day of the week counts only where it begins
the line and the month has a name of its language (`longshore.text.dates.context`).
"""

from __future__ import annotations

from typing import Final

# ruff: noqa: E501 - marks that take no room count


OF_SOMETHING_ELSE: Final = {
    "en": "from until till to since before after between during due deadline meeting event adopted signed ratified"
    " effective born died deceased opened closed founded established expires expired expiry starts ends begins valid concert"
    " wedding birthday arrival departure retrieved accessed archived viewed delivered invoice bill receipt order ref version"
    " build backup copyright next tomorrow yesterday dob birth death use_by best_before embargo embargoed"
    " exp mfg lot section sunrise sunset doors coming screenshot"
    " case docket file received accepted approved",
    "de": "bis seit ab vor nach geboren gestorben frist fällig gültig abgerufen gegründet beginn ende termin stichtag"
    " geburtsdatum geb gest todestag einsendeschluss anmeldeschluss aktenzeichen az rechnung rechnungsdatum nächste nächster"
    " nächstes ab_dem seit_dem bis_zum vom_bis läuft_bis zum für",
    "fr": "jusqu jusqu_au depuis partir avant après né née mort morte échéance consulté consultée adopté adoptée naissance décès"
    " date_limite prochain prochaine dès valable pour facture décédé décédée",
    "es": "desde hasta antes después nacido nacida fallecido fallecida vence vencimiento consultado nacimiento nació plazo límite"
    " próximo próxima a_partir caduca para válido factura",
    "it": "dal fino nato nata morto morta scadenza entro consultato nascita morte prossimo prossima prima_del dopo"
    " valido scade decesso a_partire per",
    "pt": "desde até nascido nascida falecido falecida prazo validade nascimento morte vencimento próximo próxima a_partir"
    " antes depois para válido nasceu",
    "ca": "fins des_de abans després nascut nascuda naixement mort morta termini venciment a_partir pròxim",
    "gl": "ata dende desde antes despois nado nada nacemento prazo a_partir",
    "ro": "până pana începând incepand născut născută nașterii nastere decedat decedată înainte după scadent scadență termen valabil"
    " expiră următoarea",
    "nl": "vanaf tot sinds overleden geboren geboortedatum geboorte uiterlijk na vóór volgende geldig ingangsdatum factuur"
    " factuurdatum tot_en_met deadline",
    "af": "tot vanaf sedert gebore geboortedatum oorlede geldig volgende",
    "da": "indtil fra til siden før efter født fødselsdato død dødsdato frist gyldig næste",
    "no": "innen fra til siden før etter født fødselsdato død dødsdato frist gyldig neste",
    "sv": "från fr_o_m till t_o_m till_och_med tills sedan före efter född födda födelsedatum död avliden dödsdatum sista_dag giltig nästa",
    "is": "fæddur fædd fæðingardagur lést látinn til frá fyrir eftir",
    "fi": "syntynyt syntymäaika syntymäpäivä kuollut asti saakka alkaen lähtien mennessä viimeistään eräpäivä seuraava",
    "et": "kuni alates enne pärast sündinud sünniaeg sünnikuupäev surnud tähtaeg järgmine",
    "lv": "dzimis dzimusi dzimšanas miris mirusi nāves līdz kopš pirms pēc termiņš nākamais",
    "lt": "gimė gimęs gimusi gimimo mirė miręs mirusi iki nuo prieš terminas galioja kitas",
    "pl": "urodzony urodzona urodził urodziła ur urodzenia zmarł zmarła zgonu do od przed termin ważny ważne następny następna"
    " obowiązuje faktura",
    "cs": "narozen narozena narození nar zemřel zemřela úmrtí do od před platnost platí termín splatnost uzávěrka lhůta příští"
    " ode dnů",
    "sk": "narodený narodená narodenia nar zomrel zomrela úmrtia do od pred platnosť platí termín splatnosť uzávierka najbližší",
    "sl": "rojen rojena rojstva umrl umrla smrti do od pred po veljavnost velja naslednji",
    "hr": "rođen rođena rođenja umro umrla smrti do od prije nakon vrijedi sljedeći",
    "bs": "rođen rođena rođenja umro umrla smrti do od prije nakon vrijedi",
    "sr": "рођен рођена рођења умро умрла смрти до од пре после следећи rođen rođena rođenja umro umrla smrti do od pre posle",
    "mk": "роден родена раѓање починал починала до од пред следен",
    "bg": "роден родена раждане починал починала смърт до от преди след валиден следващ срок",
    "ru": "родился родилась рождения рожд род умер умерла смерти срок начало окончание до с со после перед истекает действителен"
    " начиная следующий следующее следующая",
    "uk": "народився народилася народження помер померла смерті термін до з із після перед починаючи дійсний наступний наступна",
    "be": "нарадзіўся нарадзілася нараджэння памёр памерла да з пасля перад",
    "el": "γεννήθηκε γέννησης γέννηση πέθανε θανάτου μέχρι έως ως από πριν μετά λήξη λήγει προθεσμία επόμενη",
    "tr": "kadar itibaren doğum doğdu doğumlu ölüm öldü önce sonra son_başvuru son_tarih geçerlilik fatura sonraki",
    "az": "qədər doğum doğulub vəfat əvvəl sonra",
    "hu": "született születési szül elhunyt meghalt halálozási határidő lejárat érvényes ig től tól következő",
    "sq": "lindur datëlindja deri nga prej para pas vdiq vdekur afati",
    "sw": "kuzaliwa alizaliwa kifo hadi mpaka tangu kabla baada kuanzia",
    "so": "dhashay dhalasho ilaa laga_bilaabo kahor kadib",
    "tl": "ipinanganak kapanganakan hanggang mula bago pagkatapos namatay",
    "id": "lahir wafat meninggal sampai hingga mulai sejak sebelum setelah sesudah tenggat batas berlaku jatuh_tempo berikutnya",
    "ms": "lahir sehingga hingga mulai sejak sebelum selepas meninggal",
    "vi": "sinh sinh_ngày ngày_sinh mất đến đến_ngày từ từ_ngày trước trước_ngày sau hạn hạn_chót hết_hạn kể_từ",
    "cy": "ganed geni hyd ers cyn marw",
    "ga": "rugadh breith roimh bás",
    "eu": "jaioa jaiotza arte aurrera hil",
    "ar": "ولد ولدت مواليد الميلاد ميلاد توفي توفيت الوفاة وفاة حتى منذ قبل بعد ابتداء ابتداءً اعتبارا اعتباراً الموعد موعد ينتهي تنتهي صلاحية",
    "fa": "متولد تولد درگذشت وفات تا از پیش پس قبل بعد مهلت سررسید",
    "ur": "پیدائش پیدا وفات انتقال تک سے پہلے",
    "he": "נולד נולדה לידה נפטר נפטרה פטירה עד החל מיום לפני אחרי תוקף",
    "hi": "जन्म जन्मतिथि जन्म_तिथि मृत्यु निधन तक से पहले बाद",
    "mr": "जन्म जन्मतारीख मृत्यू निधन पर्यंत पासून",
    "ne": "जन्म मृत्यु निधन सम्म देखि",
    "bn": "জন্ম জন্মতারিখ মৃত্যু পর্যন্ত থেকে আগে পরে",
    "gu": "જન્મ મૃત્યુ સુધી થી",
    "pa": "ਜਨਮ ਮੌਤ ਤੱਕ",
    "ta": "பிறந்த பிறப்பு இறந்த இறப்பு வரை முதல்",
    "te": "జననం జన్మ పుట్టిన మరణం వరకు నుండి",
    "kn": "ಜನನ ಜನ್ಮ ಹುಟ್ಟಿದ ಮರಣ ವರೆಗೆ",
    "ml": "ജനനം ജനിച്ച മരണം വരെ മുതൽ",
    "th": "เกิด เกิดวันที่ เกิดเมื่อ เกิดเมื่อวันที่ วันเกิด ถึง ถึงวันที่ ตั้งแต่ ตั้งแต่วันที่ ก่อน ก่อนวันที่ หลังวันที่ ภายใน ภายในวันที่ จนถึง จนถึงวันที่ เสียชีวิต หมดอายุ",
    "ja": "締切 締め切り 期限 開催日 開催日時 生年月日 誕生日 次回",
    "ko": "마감일 마감 기한 생년월일 생일 까지 부터",
    "zh": "截止日期 截止 截至 出生 出生日期 生于 生於 会议时间 會議時間 成立于 成立於",
}
