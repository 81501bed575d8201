"""Web pages in thirteen layouts, as content management systems and people write them, with the text that a reader wants.

The truth holds the paragraphs, subheadings and list items of the article, one a line; not its headline, its byline,
menus, teasers, notices and comments.
"""

# ruff: noqa: E501 - pages have long lines

from __future__ import annotations

import json
import random
from collections.abc import Callable
from html import escape

from tests.documents.corpus import Sample, Truth
from tests.documents.prose import NAMES, headline, paragraph, sentence

SECTIONS = ("News", "Sport", "Harbour", "Culture", "Opinion", "Weather", "Archive", "Contact")
_ENGLISH_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


class _Article:
    """What a page tells: title, author, date, and blocks of paragraphs, subheadings and lists."""

    def __init__(self, rng: random.Random, language: str, *, lists: int = 1) -> None:
        self.rng, self.language = rng, language
        self.title = headline(rng, language)
        self.author = rng.choice(NAMES)
        self.day = f"{rng.randrange(1998, 2026)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        self.moment = f"{self.day}T{rng.randrange(24):02}:{rng.randrange(60):02}:00+01:00"
        self.url = f"https://www.example.org/{self.day.replace('-', '/')}/pier-{rng.randrange(10**6)}.html"
        self.section = rng.choice(SECTIONS)
        self.summary = sentence(rng, language)
        self.blocks: list[tuple[str, list[str]]] = []
        for _ in range(rng.randint(4, 9)):
            self.blocks.append(("p", [paragraph(rng, language)]))
        for _ in range(lists):
            items = [sentence(rng, language) for _ in range(rng.randint(3, 6))]
            self.blocks.insert(rng.randrange(1, len(self.blocks)), (rng.choice(("ul", "ol")), items))
        if rng.random() < 0.6:
            self.blocks.insert(rng.randrange(1, len(self.blocks)), ("h2", [headline(rng, language)]))
        if rng.random() < 0.4:
            self.blocks.insert(rng.randrange(1, len(self.blocks)), ("blockquote", [sentence(rng, language)]))
        # A short paragraph, as they end reports.
        self.blocks.append(("p", [sentence(rng, language)]))

    @property
    def english_day(self) -> str:
        year, month, day = map(int, self.day.split("-"))
        return f"{_ENGLISH_MONTHS[month - 1]} {day}, {year}"

    def truth(self, *, date: bool = True, **metadata: str) -> Truth:
        body = "\n".join(line for _, lines in self.blocks for line in lines)
        return Truth(body, self.title, self.day if date else None, metadata)

    def inline(self, text: str) -> str:
        """Escape a text and put markup inside of it, as editors do."""
        words = escape(text, quote=False).split(" ")
        if len(words) > 6 and self.rng.random() < 0.5:
            at = self.rng.randrange(len(words) - 3)
            opening, closing = self.rng.choice(
                (
                    ('<a href="/a?x=1&amp;y=2">', "</a>"),
                    ("<strong>", "</strong>"),
                    ("<em>", "</em>"),
                    ("<span>", "</span>"),
                )
            )
            words[at] = opening + words[at]
            words[at + 2] += closing
        return " ".join(words)

    def html(self) -> str:
        parts = []
        for tag, lines in self.blocks:
            if tag in ("ul", "ol"):
                items = "\n".join(f"<li>{self.inline(line)}</li>" for line in lines)
                parts.append(f"<{tag}>\n{items}\n</{tag}>")
            elif tag == "blockquote":
                parts.append(f"<blockquote><p>{self.inline(lines[0])}</p></blockquote>")
            else:
                parts.append(f"<{tag}>{self.inline(lines[0])}</{tag}>")
        return "\n".join(parts)

    def links(self, number: int, opening: str = "<li>", closing: str = "</li>") -> str:
        rng = self.rng
        return "\n".join(
            f'{opening}<a href="/s/{rng.randrange(999)}">{escape(headline(rng, self.language))}</a>{closing}'
            for _ in range(number)
        )

    def menu(self) -> str:
        return "\n".join(f'<li class="menu-item"><a href="/{name.lower()}/">{name}</a></li>' for name in SECTIONS)


def wordpress(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a post as WordPress does with an SEO plugin, sidebar, sharing buttons and comments."""
    one = _Article(rng, language)
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "@id": "https://www.example.org/#website", "name": "The Harbour Post"},
            {
                "@type": "Article",
                "headline": one.title,
                "datePublished": one.moment,
                "dateModified": "2026-01-02T10:00:00+00:00",
                "author": {"@type": "Person", "name": one.author},
                "articleSection": [one.section],
            },
        ],
    }
    page = f"""<!DOCTYPE html>
<html lang="{language}" prefix="og: https://ogp.me/ns#">
<head>
<meta charset="UTF-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{escape(one.title)} - The Harbour Post</title>
<link rel="canonical" href="{one.url}" />
<meta property="og:title" content="{escape(one.title)} - The Harbour Post" />
<meta property="og:site_name" content="The Harbour Post" />
<meta property="og:description" content="{escape(one.summary)}" />
<meta property="article:published_time" content="{one.moment}" />
<script type="application/ld+json" class="yoast-schema-graph">{json.dumps(graph)}</script>
<style id='wp-block-library-inline-css'>.wp-block-quote{{border:0}} a > b {{color:red}}</style>
<script>window._wpemojiSettings = {{"baseUrl":"https://s.w.org/images/"}}; if (a < b && c > d) {{ document.write("<p>x</p>"); }}</script>
</head>
<body class="post-template-default single single-post">
<a class="skip-link screen-reader-text" href="#content">Skip to content</a>
<header id="masthead" class="site-header"><p class="site-title"><a href="/">The Harbour Post</a></p>
<nav class="main-navigation"><ul id="menu">{one.menu()}</ul></nav></header>
<div id="content" class="site-content"><main id="main">
<article id="post-{rng.randrange(9999)}" class="post type-post hentry category-news">
<header class="entry-header"><h1 class="entry-title">{escape(one.title)}</h1>
<div class="entry-meta"><span class="posted-on">Posted on <time class="entry-date published" datetime="{one.moment}">{one.english_day}</time></span>
<span class="byline"> by <span class="author vcard"><a href="/author/x">{one.author}</a></span></span></div></header>
<div class="entry-content">
{one.html()}
<div class="sharedaddy sd-sharing-enabled"><h3 class="sd-title">Share this:</h3><ul><li><a href="#">Twitter</a></li><li><a href="#">Facebook</a></li></ul></div>
<div id="jp-relatedposts" class="jp-relatedposts"><h3>Related</h3>{one.links(3, "<p>", "</p>")}</div>
</div>
<footer class="entry-footer"><span class="cat-links">Posted in <a href="/c">{one.section}</a></span> <span class="tags-links">Tagged <a href="/t">pier</a>, <a href="/u">storm</a></span></footer>
</article>
<nav class="navigation post-navigation"><h2 class="screen-reader-text">Post navigation</h2><div class="nav-links">{one.links(2, "<div>", "</div>")}</div></nav>
<div id="comments" class="comments-area"><h2 class="comments-title">2 thoughts on “{escape(one.title)}”</h2>
<ol class="comment-list"><li class="comment"><article class="comment-body"><footer class="comment-meta"><b class="fn">Bob</b> says:</footer><div class="comment-content"><p>{sentence(rng, language)}</p></div><div class="reply"><a href="#r">Reply</a></div></article></li></ol>
<div id="respond"><h3>Leave a Reply</h3><form action="/wp-comments-post.php"><p class="comment-notes">Your email address will not be published.</p><textarea name="comment"></textarea></form></div></div>
</main></div>
<aside id="secondary" class="widget-area"><section class="widget"><h2 class="widget-title">Recent Posts</h2><ul>{one.links(5)}</ul></section>
<section class="widget"><h2 class="widget-title">About</h2><p>We write about boats and the people who mend them. Write to us at any time.</p></section></aside>
<footer id="colophon" class="site-footer"><div class="site-info">Proudly powered by <a href="https://wordpress.org/">WordPress</a></div></footer>
</body></html>
"""
    return page, one.truth(author=one.author, url=one.url), "text/html"


def table_layout(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a page of about 2000: tables for layout, font tags, breaks between paragraphs, capitals."""
    one = _Article(rng, language, lists=rng.randrange(2))
    paragraphs = []
    for tag, lines in one.blocks:
        if tag in ("ul", "ol"):
            paragraphs.append("<UL>" + "".join(f"<LI>{one.inline(line)}\n" for line in lines) + "</UL>")
        elif tag == "h2":
            paragraphs.append(f"<B>{escape(lines[0])}</B><BR><BR>")
        else:
            paragraphs.append(
                f"{one.inline(lines[0])}<BR><BR>" if rng.random() < 0.9 else f"<P>{one.inline(lines[0])}</P>"
            )
    menu = "<BR>\n".join(f'<A HREF="{name}.htm"><FONT COLOR=white>{name}</FONT></A>' for name in SECTIONS)
    body = "\n".join(paragraphs)
    page = f"""<HTML>
<HEAD>
<TITLE>{escape(one.title)}</TITLE>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=CHARSET">
<META NAME="author" CONTENT="{one.author}">
<META NAME="date" CONTENT="{one.day}">
<META NAME="GENERATOR" CONTENT="Microsoft FrontPage 4.0">
</HEAD>
<BODY BGCOLOR="#FFFFFF" TEXT=#000000>
<TABLE WIDTH=760 BORDER=0 CELLPADDING=0><TR><TD COLSPAN=3><IMG SRC="logo.gif" ALT="The Harbour Post"></TD></TR>
<TR><TD WIDTH=120 BGCOLOR="#003366" VALIGN=top>{menu}</TD>
<TD WIDTH=480 VALIGN=top><FONT FACE="Arial" SIZE=4><B>{escape(one.title)}</B></FONT><BR>
<FONT SIZE=1>{one.author}, {one.day}</FONT><BR><BR>
<FONT FACE="Verdana" SIZE=2>
{body}
</FONT></TD>
<TD WIDTH=160 VALIGN=top><FONT SIZE=1><B>More news</B><BR>{one.links(6, "", "<BR>")}</FONT></TD></TR>
<TR><TD COLSPAN=3 ALIGN=center><FONT SIZE=1>&copy; The Harbour Post. <A HREF="impressum.htm">Contact</A> | <A HREF="/">Home</A></FONT></TD></TR></TABLE>
</BODY>
</HTML>
"""
    return page, one.truth(author=one.author), "text/html"


def amp(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write an AMP page, with its data as JSON-LD."""
    one = _Article(rng, language)
    data = {
        "@context": "http://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": one.url},
        "headline": one.title,
        "datePublished": one.moment,
        "author": [{"@type": "Person", "name": one.author}],
        "publisher": {"@type": "Organization", "name": "Example News"},
        "description": one.summary,
    }
    page = f"""<!doctype html>
<html ⚡ lang="{language}"><head><meta charset="utf-8"><script async src="https://cdn.ampproject.org/v0.js"></script>
<title>{escape(one.title)}</title><link rel="canonical" href="{one.url}">
<script type="application/ld+json">
{json.dumps(data, ensure_ascii=False, indent=1)}
</script>
<style amp-boilerplate>body{{-webkit-animation:-amp-start 8s steps(1,end) 0s 1 normal both}}</style><noscript><style amp-boilerplate>body{{animation:none}}</style></noscript>
<style amp-custom>{".x{color:#333}" * 60}</style></head>
<body><amp-sidebar id="sidebar" layout="nodisplay" side="left"><ul>{one.menu()}</ul></amp-sidebar>
<header class="headerbar"><div role="button" on="tap:sidebar.toggle">☰</div><div class="site-name">Example News</div></header>
<article><header><h1>{escape(one.title)}</h1><p class="byline">By {one.author} · <time datetime="{one.moment}">{one.english_day}</time></p></header>
<amp-img src="/a.jpg" width="800" height="600" layout="responsive" alt="A boat"></amp-img>
<div class="article-body">
{one.html()}
<amp-ad width=300 height=250 type="doubleclick"></amp-ad>
</div></article>
<section class="related"><h2>Read next</h2>{one.links(4, "<div class=card>", "</div>")}</section>
<footer><p>© 2024 Example News. All rights reserved.</p><p><a href="/privacy">Privacy</a> <a href="/terms">Terms</a></p></footer>
</body></html>"""
    return page, one.truth(author=one.author, url=one.url), "text/html"


def portal(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a page of nested `<div>` with hashed classes, teasers and a cookie notice, and no semantic element."""
    one = _Article(rng, language)
    letters = "".join(rng.choice("abcdefgh") for _ in range(5))
    blocks = []
    for tag, lines in one.blocks:
        if tag in ("ul", "ol"):
            blocks.append(
                f'<div class="c{letters}-list"><{tag}>'
                + "".join(f"<li>{one.inline(line)}</li>" for line in lines)
                + f"</{tag}></div>"
            )
        else:
            inner = "h2" if tag == "h2" else "p"
            blocks.append(
                f'<div data-component="text-block" class="c{letters}-1"><{inner} class="c{letters}-2">{one.inline(lines[0])}</{inner}></div>'
            )
        if rng.random() < 0.15:
            blocks.append('<div class="ad-slot" data-google-query-id="x"><span>Advertisement</span></div>')
    page = f"""<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(one.title)} | Example Times</title>
<meta property="og:title" content="{escape(one.title)}"><meta property="og:url" content="{one.url}"><meta property="og:type" content="article">
<meta name="description" content="{escape(one.summary)}"><meta name="parsely-pub-date" content="{one.moment}"><meta name="parsely-section" content="{one.section}"><meta name="byl" content="By {one.author}">
<script>window.__STATE__={json.dumps({"article": {"title": one.title, "body": ["<p>" + line + "</p>" for _, lines in one.blocks for line in lines]}})}</script></head>
<body><div id="root"><div class="c{letters}-h"><div class="c{letters}-logo"><a href="/">Example Times</a></div><div>{one.links(8, "<span>", "</span>")}</div></div>
<div class="cookie-banner"><div>We use cookies to make this site work and to understand how it is used. By continuing you accept our use of cookies.</div><button>Accept all</button></div>
<div class="c{letters}-main"><div class="c{letters}-col"><div><div><h1 class="c{letters}-t">{escape(one.title)}</h1></div>
<div class="c{letters}-by"><span>{one.author}</span><span><time datetime="{one.moment}">{one.english_day}</time></span></div>
<div>{"".join(blocks)}</div>
<div class="newsletter-signup"><div>Sign up for our newsletter and get the best stories in your inbox.</div><input type="email"></div></div></div>
<div class="c{letters}-rail"><div>Most read</div>{one.links(6, "<div>", "</div>")}</div></div>
<div class="c{letters}-foot"><div>{one.links(4, "<span>", "</span>")}</div><div>© Example Times Ltd</div></div></div></body></html>"""
    return page, one.truth(author=one.author, url=one.url), "text/html"


def listing(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write an article that is mostly lists: a recipe, a programme, an agenda."""
    one = _Article(rng, language, lists=4)
    page = f"""<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{escape(one.title)}</title><meta name="author" content="{one.author}"><meta name="DC.date.issued" content="{one.day}"></head>
<body>
<div id="header"><ul>{one.menu()}</ul></div>
<div id="page"><div id="article"><h1>{escape(one.title)}</h1>
<div class="text">
{one.html()}
</div></div>
<div id="sidebar"><h3>Links</h3><ul>{one.links(6)}</ul></div></div>
<div id="footer">Last updated {one.english_day}. <a href="/imprint">Imprint</a></div>
</body>
</html>
"""
    return page, one.truth(author=one.author), "text/html"


def bare(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a page by hand: a heading and paragraphs without closing tags, and nothing else."""
    one = _Article(rng, language, lists=rng.randrange(2))
    body = one.html().replace("</p>", "").replace("</li>", "")
    page = f"""<html>
<head><title>{escape(one.title)}</title></head>
<body>
<!-- written with vi -->
<h1>{escape(one.title)}</h1>
{body}
<hr>
<address><a href="mailto:ann@example.org">{one.author}</a></address>
</body>
</html>
"""
    return page, one.truth(date=False), "text/html"


def xhtml(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write XHTML with its declaration, as newspapers' systems did about 2008."""
    one = _Article(rng, language)
    page = f"""<?xml version="1.0" encoding="CHARSET"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="{language}" lang="{language}">
<head>
<title>{escape(one.title)}</title>
<meta http-equiv="Content-Type" content="text/html; charset=CHARSET" />
<meta name="DC.Title" content="{escape(one.title)}" /><meta name="DC.Date" content="{one.day}" /><meta name="DC.Creator" content="{one.author}" />
<script type="text/javascript">
//<![CDATA[
var adserver = "<div>" + (1 < 2) + "</div>";
//]]>
</script>
</head>
<body>
<div id="navigation"><ul>{one.menu()}</ul></div>
<div id="content">
<h1>{escape(one.title)}</h1>
<p class="byline">{one.author}</p>
{one.html()}
<p class="back"><a href="/">Back to the front page</a></p>
</div>
<div id="footer"><p>Copyright 2008</p></div>
</body>
</html>
"""
    return page, one.truth(author=one.author), "application/xhtml+xml"


def saved(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a page as Chrome saves it, with the mark of where it came from."""
    page, truth, media_type = rng.choice((wordpress, portal))(rng, language)
    url = truth.metadata["url"]
    mark = f"<!-- saved from url=({len(url):04}){url} -->\n"
    doctype, _, rest = page.partition("<html")
    return f"{doctype.strip()}\n{mark}<html{rest}", truth, media_type


def blog(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a post as Blogger does: the heading of the blog is the `<h1>`, the title an `<h3>`, the date an `<abbr>`."""
    one = _Article(rng, language)
    page = f"""<!DOCTYPE html>
<html xmlns='http://www.w3.org/1999/xhtml'><head><title>My Blog: {escape(one.title)}</title><meta content='blogger' name='generator'/></head>
<body class='loading'><div class='navbar section'></div><div class='content'>
<div class='header-outer'><h1 class='title'><a href='/'>My Blog</a></h1><p class='description'><span>Notes from a small harbour town</span></p></div>
<div class='main-outer'><div class='main section'><div class='date-outer'><h2 class='date-header'><span>{one.english_day}</span></h2>
<div class='post hentry' itemprop='blogPost' itemscope='itemscope'><h3 class='post-title entry-title' itemprop='name'>{escape(one.title)}</h3>
<div class='post-body entry-content' itemprop='description articleBody'>{one.html()}<div style='clear: both;'></div></div>
<div class='post-footer'><span class='post-author vcard'>Posted by <span class='fn' itemprop='author'><span itemprop='name'>{one.author}</span></span></span>
<span class='post-timestamp'>at <abbr class='published' itemprop='datePublished' title='{one.moment}'>3:04 PM</abbr></span></div></div></div></div>
<div class='column-right-outer'><div class='sidebar section'><h2>Blog Archive</h2><ul>{one.links(5)}</ul><h2>About Me</h2><p>I live by the sea and write about what I see there.</p></div></div></div></div></body></html>
"""
    return page, one.truth(), "text/html"


def stream(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a page of a platform: buttons and counts between the headline and the text, more stories below."""
    one = _Article(rng, language)
    body = one.html().replace("<p>", '<p class="pw-post-body-paragraph mq mr ms">')
    page = f"""<!doctype html><html lang="en"><head><title data-rh="true">{escape(one.title)} | by {one.author} | Platform</title>
<meta data-rh="true" property="article:published_time" content="{one.moment}"><meta property="og:title" content="{escape(one.title)}"></head>
<body><div id="root"><div class="a b"><a href="/">Open in app</a><div>Sign up</div><div>Sign in</div></div>
<article><div class="l"><section><div><h1>{escape(one.title)}</h1><div class="m"><div>{one.author}</div><button>Follow</button><span>4 min read</span><span>·</span><span>{one.english_day}</span></div><div>--</div><div>3</div><div><p>Listen</p></div><div><p>Share</p></div>{body}</div></section></div></article>
<footer><div>Written by {one.author}</div><div>1.2K Followers</div></footer><div><h2>More from {one.author}</h2>{one.links(5, "<div>", "</div>")}</div></div></body></html>"""
    return page, one.truth(), "text/html"


def nested_tables(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a portal of about 1999: tables in tables, menus as rows, a poll beside the text."""
    one = _Article(rng, language)
    menu = "".join(f'<td><a href="{name}.asp">{name}</a></td>' for name in SECTIONS)
    page = f"""<html><head><title>{escape(one.title)}</title><meta name="pubdate" content="{one.day}"></head><body><table width="100%"><tr><td><table><tr>{menu}</tr></table></td></tr>
<tr><td><table><tr><td width=150><table>{one.links(8, "<tr><td>", "</td></tr>")}</table></td>
<td><table><tr><td class=headline>{escape(one.title)}</td></tr><tr><td class=story>{one.html()}</td></tr></table></td>
<td><form><table><tr><td>Should the pier be rebuilt?</td></tr><tr><td><input type=radio>Yes<br><input type=radio>No<br><input type=submit value=Vote></td></tr></table></form></td></tr></table></td></tr>
<tr><td align=center>Webmaster: ann@example.org</td></tr></table></body></html>"""
    return page, one.truth(), "text/html"


def divisions(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write a page that has no paragraph, heading or list: all is `<div>`, and the date is text."""
    one = _Article(rng, language)
    blocks = "".join(f'<div class="b">{one.inline(line)}</div>' for _, lines in one.blocks for line in lines)
    page = f"""<html><head><meta charset="utf-8"><title>{escape(one.title)}</title></head><body><div class="top"><div>The Post</div><div>{one.links(8, "<span>", "</span>")}</div></div>
<div class="cont"><div class="hd">{escape(one.title)}</div><div class="dt">{one.day}</div>{blocks}</div><div class="bot"><div>Contact us at 555-1234</div><div>Terms of use</div></div></body></html>"""
    return page, one.truth(), "text/html"


def teasers(rng: random.Random, language: str) -> tuple[str, Truth, str]:
    """Write an article between large menus and rows of teasers, each with a heading and a sentence."""
    one = _Article(rng, language)
    menus = "".join(f'<ul class="lvl">{one.links(20)}</ul>' for _ in range(4))
    cards = "".join(
        f'<div><a href="/z"><h3>{escape(headline(rng, language))}</h3></a><p>{escape(sentence(rng, language))}</p></div>'
        for _ in range(5)
    )
    page = f"""<!DOCTYPE html><html lang="{language}"><head><title>{escape(one.title)} - Example</title><meta property="og:title" content="{escape(one.title)}"><meta property="article:published_time" content="{one.moment}"></head>
<body><div class="mega">{menus}</div><div class="wrap"><div class="c1"><h1>{escape(one.title)}</h1>{one.html()}</div><div class="c2">{cards}</div></div>
<div class="btm">{menus}<p>We are not responsible for other sites.</p></div></body></html>"""
    return page, one.truth(), "text/html"


LAYOUTS: tuple[Callable[[random.Random, str], tuple[str, Truth, str]], ...] = (
    wordpress, table_layout, amp, portal, listing, bare, xhtml, saved, blog, stream, nested_tables,
    divisions, teasers,
)  # fmt: skip
_LEGACY = {
    "en": "windows-1252",
    "de": "iso-8859-1",
    "fr": "windows-1252",
    "es": "iso-8859-1",
    "ru": "windows-1251",
    "ja": "shift_jis",
}


def web_pages(seed: int = 1, each: int = 25) -> list[Sample]:
    """Return pages of every layout in six languages; the older layouts partly in a legacy encoding."""
    rng = random.Random(seed)
    samples = []
    for layout in LAYOUTS:
        for number in range(each):
            language = rng.choice(("en", "en", "de", "fr", "es", "ru", "ja"))
            page, truth, media_type = layout(rng, language)
            charset = _LEGACY[language] if "CHARSET" in page and rng.random() < 0.5 else "utf-8"
            raw = page.replace("CHARSET", charset).encode(charset, "xmlcharrefreplace")
            if rng.random() < 0.2:
                raw = raw.replace(b"\n", b"\r\n")
            name = f"{layout.__name__}_{number}" + rng.choice((".html", ".htm", ".txt", "", ".html"))
            samples.append(Sample(name, raw, media_type, (truth,)))
    return samples
