"""Header blocks of several lines: front matter, mail headers, and fields of the same kind in many languages.

Promised: a block is taken whole or not at all, and prose is never one: front matter needs its two fences and fields
between (of JSON, its braces and a text below), a mail block two known fields and a blank line after them (or a date and
a title).
Not promised: YAML, TOML or MIME in full. Only titles and dates are read, from the top level.
"""

from __future__ import annotations

import base64
import json
import quopri
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longshore.text.dates.lexicon import fold_words

if TYPE_CHECKING:
    from collections.abc import Iterator

# ruff: noqa: E501 - wide scripts, and words that are wrapped by count


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
    """Return the place in `DATES` of a name composed of English words, or None where it names no date.

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


# A block longer than this is no block; nothing beyond it is looked at.
LONGEST_BLOCK: Final = 65_536
_MOST_LINES: Final = 500
_LONGEST_KEY: Final = 40


_FENCES: Final = {"---": ("---", "..."), "+++": ("+++",)}
_FIELD = re.compile(
    r"[ \t]{0,3}(?:\#\+|:|%%?[ ]?|\*\*)?(?P<key>[^\W\d_][^\n:=：\t]{0,39}?)(?:\*\*)?[ \t]{0,3}(?P<sign>[:：])(?:\*\*)?"
    r"(?:[ \t]+(?P<value>.*)|(?P<glued>.*))",
)
_YAML_FIELD = re.compile(
    r"""(?P<quote>["']?)(?P<key>[^\s"':=#{}\[\],&*!|>%@`-][^"'\n:=]{0,60}?)(?P=quote)[ \t]*"""
    r"[:=](?:[ \t]+(?P<value>.*)|)$"
)
# What else may stand in front matter: comments, what is indented, items and brackets of lists.
_YAML_OTHER = re.compile(r"\s*(?:#|$)|\s+\S|-(?:\s|$)|[\]})'\"\[]")
_MAIL_NAME = re.compile(r"[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+")
# Lines that programs put above the fields: of a mailbox, of a reader of news.
_ENVELOPE = re.compile(r"From \S+ .*\d\d:\d\d|Article:? \d+ (?:of|in) \S+$")
# Title, authors and date as Pandoc has them, each after a per cent sign.
_TITLE_BLOCK = re.compile(r"% (?P<title>\S.{0,200})\n% .{0,200}\n% (?P<date>.{0,40}\d{4}.{0,40})\n(?=[ \t]*\n)")
_ENCODED = re.compile(r"=\?([\w-]{1,40})\?([bBqQ])\?([^?\s]*)\?=(?:\s+(?==\?))?")


@dataclass(frozen=True, slots=True)
class Block:
    """A block that begins a text: it ends before `text[end]`, the first line that is not its own.

    dates: its date fields as `name: value`, those of publication first.
    """

    end: int
    title: str | None
    dates: tuple[str, ...]


def read_block(text: str, start: int = 0) -> Block | None:
    """Read the block that begins at the first line that is not blank, or None where there is none.

    >>> read_block("From: Ann\\nSubject: The pier\\nDate: 17 Mar 2024\\n\\nDear all,").title
    'The pier'
    """
    if text.startswith(("---", "+++"), start):
        return _front_matter(text, start)
    if text.startswith("{\n", start):
        return _object(text, start)
    if match := _TITLE_BLOCK.match(text, start):
        return Block(match.end(), match["title"].strip(), (f"date: {match['date']}",))
    head = text[start : start + _LONGEST_KEY + 8]
    if ":" not in head and "：" not in head and not head.startswith(("From ", "Article ")):
        return None
    return _fields(text, start)


def _lines(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Return the lines from a place on with the places of their ends, as many as a block may have."""
    at, limit = start, min(len(text), start + LONGEST_BLOCK)
    for _ in range(_MOST_LINES):
        end = text.find("\n", at, limit)
        if at >= limit or end < 0:
            if at < limit == len(text):
                yield limit, text[at:limit]
            return
        yield end + 1, text[at:end]
        at = end + 1


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: its name, the name as the tables have it, and its value with folded lines joined."""

    name: str
    key: str
    value: str

    @property
    def known(self) -> bool:
        """Whether header blocks have such a field; of mail all with a hyphen are: X-Mailer, DKIM-Signature."""
        words = self.key.split("_")
        return self.key in WORDS or WORDS.issuperset(words) or _MAIL_NAME.fullmatch(self.name) is not None

    @property
    def rank(self) -> int | None:
        """How good a date of publication it holds, 0 the best, or None where it holds no date."""
        rank = next((rank for rank, keys in enumerate(DATES) if self.key in keys), None)
        return composed_rank(self.name) if rank is None else rank


def _field(key: str, value: str) -> _Field:
    return _Field(key, fold_words(key).replace(" ", "_"), value.strip())


def _block(end: int, fields: list[_Field]) -> Block:
    """Gather what is wanted from the fields."""
    titles = [_decoded(field.value) for field in fields if field.key in TITLES and field.value]
    dated = sorted(
        ((field.rank, f"{field.name}: {field.value}") for field in fields if field.rank is not None and field.value),
        key=lambda pair: pair[0],
    )
    return Block(end, titles[0] if titles else None, tuple(value for _, value in dated))


def _fields(text: str, start: int) -> Block | None:
    """Read a mail block, or fields of that kind."""
    fields: list[_Field] = []
    end, ended_by_blank = start, False
    for index, (line_end, line) in enumerate(_lines(text, start)):
        if not line.strip():
            ended_by_blank = True
            break
        match = _FIELD.match(line)
        if index == 0 and _ENVELOPE.match(line):
            pass
        elif line[0] in " \t" and fields:
            fields[-1] = _Field(fields[-1].name, fields[-1].key, f"{fields[-1].value} {line.strip()}")
        elif match and match["key"].count(" ") < 4:
            fields.append(_field(match["key"], match["value"] or match["glued"] or ""))
            if len(fields) == 1 and not fields[0].known:
                return None
        else:
            break
        end = line_end
    ended_by_blank = ended_by_blank or (end == len(text) and len(fields) > 2)
    return _block(end, fields) if _is_block(fields, ended_by_blank=ended_by_blank) else None


def _is_block(fields: list[_Field], *, ended_by_blank: bool) -> bool:
    """Return whether these fields are a header: most of them known, none twice that a header has once."""
    known = [field for field in fields if field.known]
    titles = [field for field in known if field.key in TITLES]
    dates = [field for field in known if field.rank is not None and any(map(str.isdigit, field.value))]
    once = [field.key for field in (*titles, *dates) if field.key != "received"]
    if len(known) < 2 or len(known) * 2 < len(fields) or len(set(once)) < len(once):
        return False
    return bool(titles or dates) if ended_by_blank else bool(dates and (titles or len(known) > 2))


def _front_matter(text: str, start: int) -> Block | None:
    """Read YAML or TOML front matter between two fences."""
    lines = _lines(text, start)
    fence = next(lines, (0, ""))[1].rstrip()
    if fence not in _FENCES:
        return None
    fields: list[_Field] = []
    quote = ""
    for line_end, line in lines:
        if quote:
            # Inside a text of several lines, as TOML quotes them.
            said, end, _ = line.partition(quote)
            fields[-1] = _Field(fields[-1].name, fields[-1].key, f"{fields[-1].value} {said.strip()}".strip())
            quote = "" if end else quote
            continue
        if line.rstrip() in _FENCES[fence]:
            plain = sum(field.key.isascii() and field.key.islower() for field in fields)
            return _block(line_end, fields) if any(f.known for f in fields) or plain > 1 else None
        match = _YAML_FIELD.match(line)
        if match:
            value = (match["value"] or "").strip()
            if quote := value[:3] if value[:3] in ('"""', "'''") and value.count(value[:3]) == 1 else "":
                value = value[3:]
            fields.append(_field(match["key"], value if quote else _scalar(value)))
        elif not _YAML_OTHER.match(line):
            return None
        elif line[:1] in " \t" and fields and line.strip():
            folded = f"{fields[-1].value} {line.strip()}"
            fields[-1] = _Field(fields[-1].name, fields[-1].key, folded.strip())
    return None


def _object(text: str, start: int) -> Block | None:
    """Read front matter that is an object of JSON, with a text below it."""
    end = text.find("\n}\n", start, start + LONGEST_BLOCK) + len("\n}\n")
    if end < len("\n}\n") or not text[end : end + LONGEST_BLOCK].strip():
        return None
    try:
        members = json.loads(text[start:end])
    except (ValueError, RecursionError):
        return None
    fields = [_field(key, value) for key, value in members.items() if isinstance(value, str)]
    named = any(field.key in TITLES or field.rank is not None for field in fields)
    return _block(end, fields) if named and any(field.known for field in fields) else None


def _scalar(value: str) -> str:
    """Return what a value of YAML or TOML stands for, where it is a line of text.

    >>> _scalar('"The pier" # draft'), _scalar("'It''s'"), _scalar(">-")
    ('The pier', "It's", '')
    """
    value = value.strip()
    if value[:1] == '"':
        match = re.match(r'"((?:[^"\\]|\\.)*)"', value)
        return re.sub(r"\\(.)", r"\1", match[1]) if match else value.strip('"')
    if value[:1] == "'":
        match = re.match(r"'((?:[^']|'')*)'", value)
        return match[1].replace("''", "'") if match else value.strip("'")
    if re.fullmatch(r"[|>][+\-\d]{0,2}", value):
        return ""
    return re.split(r"\s#", value)[0].strip()


def _decoded(value: str) -> str:
    """Decode the encoded words of RFC 2047 in a Subject."""
    return _ENCODED.sub(_decoded_word, value) if "=?" in value else value


def _decoded_word(match: re.Match[str]) -> str:
    charset, kind, data = match.groups()
    try:
        raw = (
            base64.b64decode(data, validate=True)
            if kind in "bB"
            else quopri.decodestring(data.replace("_", " ").encode("ascii"))
        )
        return raw.decode(charset)
    except (ValueError, LookupError):
        return match[0]
