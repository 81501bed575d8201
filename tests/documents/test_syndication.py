"""RSS and Atom: what is recognised, the items, and what is taken out of each."""

import io
import tracemalloc

import pytest

from longshore.documents import syndication
from longshore.documents.kinds import ContainerRejectedError, NotThisKindError
from longshore.records import Reason

MIB = 1 << 20
WORDPRESS = b"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
    xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Feed</title><description>All</description>
<item><title>Fish &amp; chips&#8217;</title><link>https://a.example/1</link><dc:creator><![CDATA[Ann]]></dc:creator>
<pubDate>Sun, 17 Mar 2024 10:00:00 +0000</pubDate><category><![CDATA[News]]></category><category>Sea</category>
<guid isPermaLink="false">1</guid><description><![CDATA[<p>Short [&#8230;]</p>]]></description>
<content:encoded><![CDATA[<p>It was <b>quiet</b>.</p>
<p>Nobody &amp; nothing </item> came.</p><script>x</script>]]></content:encoded></item>
<!-- <item>no</item> -->
<item><title>B</title><description>Two &lt;br/&gt; lines &lt;br/&gt;of it</description></item>
</channel></rss>
"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><updated>2024-01-01T00:00:00Z</updated>
<entry><title type="html">A &amp;amp; B</title><link href="https://a.example/1"/><link rel="enclosure" href="z"/>
<id>urn:1</id><author><name>Bo</name><uri>x</uri></author><published>2024-03-17T10:00:00Z</published>
<updated>2024-03-18T10:00:00Z</updated><category term="sea"/><summary>s</summary>
<content type="xhtml">
<div xmlns="http://www.w3.org/1999/xhtml"><p>One &lt; two.</p><p>Three</p></div></content></entry></feed>"""
RDF = b"""<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><items><rdf:Seq><rdf:li resource="q"/></rdf:Seq>
  </items></channel><item rdf:about="q"><title>T</title><description>It was quiet.</description>
  <dc:date>2024-03-17</dc:date></item></rdf:RDF>"""


def split(raw, most=MIB):
    return list(syndication.split(io.BytesIO(raw), "a.txt", most))


def read(raw):
    members = split(raw)
    texts = [member.decoded.text if member.decoded else member.raw.decode() for member in members]
    return [syndication.extract(text, b"") for text in texts]


def test_each_item_is_a_document_with_its_own_bytes():
    assert syndication.recognise(WORDPRESS.decode(), "a.txt").container
    first, second = split(WORDPRESS)
    assert first.raw.startswith(b"<item><title>Fish")
    assert second.raw == (
        b"<item><title>B</title><description>Two &lt;br/&gt; lines &lt;br/&gt;of it</description></item>"
    )


def test_the_full_content_comes_before_the_description_and_loses_its_tags():
    first, second = read(WORDPRESS)
    assert first.text == "It was quiet.\n\nNobody & nothing came."
    assert first.steps == ("rss:content:encoded",)
    assert (first.title, first.date) == ("Fish & chips’", "Sun, 17 Mar 2024 10:00:00 +0000")
    assert first.metadata == {"url": "https://a.example/1", "author": "Ann", "category": "News, Sea", "id": "1"}
    assert second.text == "Two\nlines\nof it"


def test_an_entry_of_atom_carries_its_fields():
    (entry,) = read(ATOM)
    assert split(ATOM)[0].media_type == "application/atom+xml"
    assert (entry.title, entry.date, entry.text) == ("A & B", "2024-03-17T10:00:00Z", "One < two.\n\nThree")
    assert entry.metadata["url"] == "https://a.example/1"
    assert (entry.metadata["author"], entry.metadata["category"]) == ("Bo", "sea")


def test_items_below_rdf_are_read():
    (item,) = read(RDF)
    assert (item.title, item.date, item.text) == ("T", "2024-03-17", "It was quiet.")


def test_the_encoding_that_a_feed_names_is_obeyed_where_it_fits():
    feed = '<?xml version="1.0" encoding="{}"?><rss version="2.0"><item><title>Причал</title></item></rss>'
    for named, used in (("windows-1251", "cp1251"), ("utf-8", "utf-8"), ("windows-1251", "utf-8")):
        (member,) = split(feed.format(named).encode(used))
        text = member.decoded.text if member.decoded else member.raw.decode()
        assert text == "<item><title>Причал</title></item>"


def test_no_entity_of_a_feed_is_replaced_and_no_file_opened():
    bomb = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    feed = (
        f'<!DOCTYPE rss [{bomb}<!ENTITY file SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]>'
        '<rss version="2.0"><item><description>It was &a11; &file; &amp; quiet.</description></item></rss>'
    )
    (item,) = read(feed.encode())
    assert item.text == "It was &a11; &file; & quiet."


@pytest.mark.parametrize(
    "text",
    [
        "An <item> of RSS stands in <rss version='2.0'>, as prose says.",
        '<rss version="2.0"><channel><item><title>cut off</title>',
        '<rss version="2.0"><channel><item><title>a</title></channel></rss>',
        "<feed><entry>no namespace</entry></feed>",
        "<html><body><rss version='2.0'></rss></body></html>",
        '<?xml version="1.0"?><nitf><body>x</body></nitf>',
        '<rss version="2.0"></rss>\nand then prose',
        '<rss version="2.0"><!-- ',
        "<rss " + "<" * 100_000,
    ],
)
def test_other_markup_and_texts_about_feeds_are_no_feeds(text):
    assert syndication.recognise(text, "feed.xml") is None
    with pytest.raises(NotThisKindError):
        split(text.encode())


def test_a_feed_without_items_is_empty():
    with pytest.raises(ContainerRejectedError) as caught:
        split(b'<rss version="2.0"><channel><title>a</title></channel></rss>')
    assert caught.value.rejection.reason is Reason.EMPTY


def test_an_item_without_content_is_empty():
    assert syndication.extract("<item><title>Pier</title></item>", b"").reason is Reason.EMPTY


def test_an_item_longer_than_allowed_is_counted_and_not_held():
    long = b"<item><description>" + b"x" * 300_000 + b"</description></item>"
    raw = b'<rss version="2.0">' + b"<item/>" + long + b"<item/></rss>"
    assert [(member.raw is None, member.size) for member in split(raw, most=1_000)] == [
        (False, 7), (True, len(long)), (False, 7)
    ]  # fmt: skip


def test_a_large_feed_is_split_in_the_memory_of_one_item():
    raw = b'<rss version="2.0">' + b"<item><description>" + b"<b>&amp;" * 50 + b"</description></item>"
    raw = raw + (b"<item><description>It was quiet. " + b"x" * 500 + b"</description></item>") * 4_000 + b"</rss>"
    stream = io.BytesIO(raw)
    tracemalloc.start()
    count = sum(1 for _ in syndication.split(stream, "a", MIB))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 4_001
    assert peak < len(raw) / 4


@pytest.mark.parametrize("markup", ["<b>", "<!--", "<![CDATA[", "&amp;", "<a href='", "<svg>", "</item", "<item>"])
def test_a_hundred_thousand_openings_are_read_once(markup):
    assert syndication.recognise(f'<rss version="2.0"><item>{markup * 100_000}', "a") is None
    syndication.extract(f"<item><description>{markup * 100_000}</description></item>", b"")
