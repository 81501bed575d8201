"""Names of the fields of header blocks, in the languages that mail programs speak: data, folded.

`_` inside a name stands for a space or a sign.
"""
# ruff: noqa: E501 - wide scripts, and words that are wrapped by count

from __future__ import annotations

import re
from typing import Final

from flows.text.dates.words import fold_words


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold_words(word.replace("_", " ")).replace(" ", "_") for word in words.split())


# Names of fields by what they hold; of the dates those of publication first, those of a later change last.
TITLES: Final = _folded(
    """title subject headline betreff titel überschrift titre objet sujet asunto título assunto oggetto titolo onderwerp
    emne tittel ämne tytuł temat název předmět nadpis predmet naslov zadeva otsikko aihe pealkiri teema virsraksts antraštė
    cím tárgy başlık konu judul perihal tiêu_đề заголовок тема название заглавие назва наслов θέμα τίτλος العنوان الموضوع
    عنوان موضوع כותרת נושא शीर्षक विषय শিরোনাম বিষয় หัวข้อ เรื่อง ชื่อเรื่อง 標題 标题 主题 主旨 主題 題名 件名 タイトル 제목 titlu
    subiect títol assumpte"""
)
DATES: Final = (
    _folded(
        """date pubdate published publishdate publish_date published_at publishedat datepublished date_published
        published_time publication_date publicationdate pub_date posted issued dc_date datum fecha data dato päivämäärä
        pvm дата тарих tarih dátum kuupäev ημερομηνία التاريخ تاریخ تاريخ תאריך दिनांक तारीख तिथि তারিখ วันที่ ngày tanggal 日期
        日付 日時 날짜 작성일 발행일 发布时间 發布時間 发布日期 veröffentlicht publié publicado pubblicato release_date released
        opublikowano опубликовано date_de_publication fecha_de_publicación data_de_publicação original_publication_date"""
    ),
    _folded(
        """created created_at createdat date_created creation_date created_date erstellt written gesendet sent envoyé
        enviado inviato отправлено 送信日時 发送时间 寄件日期 received delivery_date date_sent gesendet_am enviado_el enviada_el data_de_envio envoyé_le inviato_il wysłano
        lähetetty skickat sendt verzonden odesláno odoslané gönderildi küldve elküldve poslano надіслано изпратено enviada
        enviada_em enviado_em enviat trimis στάλθηκε απεσταλμένα نشر تاريخ_الإرسال נשלח saadetud nosūtīts išsiųsta terkirim
        dikirim đã_gửi ส่งเมื่อ ส่ง 보낸_날짜"""
    ),
    _folded(
        """updated updated_at updatedat lastmod last_modified lastmodified modified date_modified datemodified dc_modified
        edited aktualisiert last_updated revised обновлено 更新日 更新时间"""
    ),
)
# Words of which the names of date fields are composed in front matter: post_date, first_published_at, publishedOn.
_OF_PUBLICATION: Final = _folded(
    """publish published publication pub post posted issue issued release released print printed online first original
    originally"""
)
_OF_CREATION: Final = _folded("create created creation add added write written send sent upload uploaded")
_OF_CHANGE: Final = _folded("update updated modify modified modification mod edit edited revise revised last")
_OF_A_MOMENT: Final = _folded(
    """date dates datetime time timestamp at on day utc gmt iso article item entry content page story news dc dcterms og"""
)
_PART_OF_A_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def composed_rank(name: str) -> int | None:
    """Give the place in `DATES` of a name composed of English words, or None where it names no date.

    >>> composed_rank("first_published_at"), composed_rank("publishedOn"), composed_rank("modifiedTime")
    (0, 0, 2)
    >>> composed_rank("post"), composed_rank("post_category")
    (None, None)
    """
    words = [word.lower() for word in _PART_OF_A_NAME.findall(name)]
    if not any(word in _OF_A_MOMENT for word in words):
        return None
    known = (_OF_CHANGE, _OF_CREATION, _OF_PUBLICATION, _OF_A_MOMENT)
    kinds = [next((place for place, kind in enumerate(known) if word in kind), None) for word in words]
    if None in kinds:
        return None
    return 2 if 0 in kinds else 1 if 1 in kinds else 0


# Words of which the names of all other fields are made: Message-ID, Reply-To, Content-Type.
WORDS: Final = frozenset().union(
    _folded(
        """from to cc bcc sender reply author authors byline by organization organisation newsgroups path lines references
        message id keywords summary distribution category categories tag tags slug layout lang language status draft url
        link permalink source section copyright license description subtitle publisher editor translator release version
        content type mime transfer encoding charset x mailer return delivered in thread topic list precedence place location
        von an kopie autor autorin verfasser de para a für da per od komu kopia pro от кому кого автор копия від до από προς
        van aan kimden kime gönderen oleh kepada tác_giả người_gửi 作者 发件人 收件人 寄件者 收件者 来源 來源 差出人 宛先 著者 보낸사람
        받는사람 작성자 par expéditeur destinataire remitente destinatario mittente avsändare till fra til lähettäjä
        vastaanottaja feladó címzett saatja adressaat no kam nuo kam de_la către šalje prima pošiljatelj za dari kepada từ đến
        من إلى الكاتب نویسنده מאת אל लेखक प्रेषक লেখক ผู้เขียน จาก ถึง approved followup user agent posting host"""
    ),
    TITLES,
    *DATES,
)
