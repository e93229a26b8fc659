"""Pages that we wrote, to items: what stands around an article does not get into the data."""
# ruff: noqa: E501 - lines of markup

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.parsing.cleaning import article, clean, lead_text, parse_html
from crawler.parsing.infobox import infobox
from crawler.parsing.items import UnusableError, character_of, location_of
from crawler.parsing.listing import listing_of_api, listing_of_html
from crawler.parsing.wikipage import (
    Rights,
    WikiPage,
    api_address,
    article_path,
    page_of_api,
    page_of_html,
    rights_of_api,
    rights_of_html,
)

RIGHTS = Rights("Grey Bay Wiki", "CC BY-SA 4.0")


def page(html: str, title: str = "Old Mill", **more: object) -> WikiPage:
    url = "https://wiki.example.org/wiki/Old_Mill"
    return WikiPage(title, url, 7, html, RIGHTS, **more)  # type: ignore[arg-type]


def lead(html: str) -> str:
    return lead_text(clean(article(parse_html(html))))


MILL = """
<div class="mw-parser-output">
<table class="ambox notice"><tr><td>This article is a stub. Help out this community by adding more information!</td></tr></table>
<p><i>This article is a stub. You can help Grey Bay Wiki by expanding it.</i></p>
<div class="hatnote">This article is about the mill. For the family, see Miller.</div>
<p>This article is about the mill at the harbour. For the one in the woods, see New Mill.</p>
<aside class="portable-infobox pi-theme" role="region"><h2 class="pi-title">Old Mill</h2>
  <figure class="pi-image"><figcaption>Seen from the sea</figcaption></figure>
  <section class="pi-group"><h2 class="pi-header">Facts</h2>
    <div class="pi-item pi-data" data-source="type"><h3 class="pi-data-label">Type</h3>
      <div class="pi-data-value">Mill<sup class="reference"><a>[1]</a></sup><br>Research facility<ul><li>Prison</li></ul></div></div>
    <div class="pi-item pi-data" data-source="built"><h3 class="pi-data-label">Built</h3><div class="pi-data-value">1871 [ 2 ]</div></div>
  </section></aside>
<style>.x{}</style><span style="display:none">hidden</span>
<p class="mw-empty-elt"></p>
<p>The <b>Old Mill</b> is a mill at <a href="/wiki/Grey_Bay">Grey&nbsp;Bay</a>,
   built in 1871.<sup id="cite"><a href="#n">[1]</a></sup><sup class="noprint">[<i>citation needed</i>]</sup>
   It is home to:</p>
<ul><li>the miller</li><li>nine cats</li></ul>
<div class="toc"><ul><li>1 History</li></ul></div>
<h2><span class="mw-headline">History</span><span class="mw-editsection">[edit]</span></h2>
<p>It burned twice.</p>
</div>"""


def test_a_place_is_its_own_text_and_nothing_else() -> None:
    row = location_of(page(MILL))
    assert row["location_type"] == "Mill, Research facility, Prison"
    assert row["location_description"] == (
        "The Old Mill is a mill at Grey Bay, built in 1871. It is home to: the miller nine cats"
    )
    assert row["url"] == "https://wiki.example.org/wiki/Old_Mill"
    assert (row["revision"], row["licence"]) == (7, "CC BY-SA 4.0")
    assert "Grey Bay Wiki" in row["attribution"]


def test_without_a_lead_the_first_section_speaks() -> None:
    assert lead("<h2>Overview</h2><p>A pier in ruins.</p><h2>Notes</h2><p>None.</p>") == "A pier in ruins."
    assert lead("<div><div><p>In boxes.</p></div></div>") == "In boxes."
    assert lead("<ul><li>only</li><li>links</li></ul>") == ""
    assert lead("") == ""


def test_a_long_lead_ends_with_a_sentence() -> None:
    text = lead(f"<p>{'The sea is grey. ' * 1000}</p>")
    assert len(text) <= 4_000
    assert text.endswith("grey.")


@pytest.mark.parametrize(
    "html",
    [
        "<table class='infobox'><tr><th>Type</th><td>Mill<br/>Ruin</td></tr></table>",
        "<table class='infobox vcard'><tr><td>Type:</td><td>Mill<br>Ruin</td></tr></table>",
        "<div class='portable-infobox'><div class='pi-data' data-source='type'><div class='pi-data-value'><p>Mill</p>Ruin</div></div></div>",
        "<aside class='portable-infobox'><section><table><tr><td data-source='type'>Mill<br>Ruin</td></tr></table></section></aside>",
    ],
)
def test_infoboxes_of_several_kinds(html: str) -> None:
    assert infobox(parse_html(html))["type"] == ["Mill", "Ruin"]


@pytest.mark.parametrize(
    "html",
    [
        "<aside class='portable-infobox'><div class='pi-data' data-source='type'><div class='pi-data-value'>Mill</aside><p>By the sea.",
        "<table class='infobox'><tr><th>Type<td>Mill<tr><th>X</table><p>By the sea.",
        "<table class='infobox'><tr><th>Type</th><td>Mill</td></tr><tr><th></th><td></td></tr></table><p>By the sea.</p>",
    ],
)
def test_a_broken_infobox_gives_what_can_be_read_and_spoils_nothing(html: str) -> None:
    row = location_of(page(html))
    assert (row["location_type"], row["location_description"]) == ("Mill", "By the sea.")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (page("<p>text</p>", namespace=6), "no article"),
        (page("<p>text</p>", title=""), "no title"),
        (page("<table><tr><td>nav</td></tr></table>"), "neither"),
        (page("<p><b>Mill</b> may refer to:</p><ul><li>Old</li></ul>"), "apart"),
        (page("<p>Many.</p>", categories=("Disambiguation pages",)), "apart"),
    ],
)
def test_what_is_no_place_is_said(made: WikiPage, reason: str) -> None:
    with pytest.raises(UnusableError, match=reason):
        location_of(made)


def test_a_person_with_other_names() -> None:
    html = (
        "<table class='infobox'><tr><th>Aliases</th><td>The Keeper (by sailors)<sup>[1]</sup><br>“Aggie”, Agnes Moor</td></tr></table>"
        "<p>Agnes keeps the light.</p>"
    )
    row = character_of(page(html, title="Agnes (keeper)"))
    assert row["character_name"] == "Agnes"
    assert row["aliases"] == ["The Keeper", "Aggie", "Agnes Moor"]
    assert row["character_description"] == "Agnes keeps the light."
    assert row["attribution"].startswith("“Agnes (keeper)”")


def test_listings_of_the_api() -> None:
    rows = [
        {"title": "Old Mill", "ns": 0, "pageid": 4, "lastrevid": 9, "canonicalurl": "https://w/wiki/Old_Mill"},
        {"title": "Category:Caves", "ns": 14},
        {"title": "File:Map.png", "ns": 6},
        {"title": "Talk:Old Mill", "ns": 1},
        {"title": "Transcript:One", "ns": 3000},
        {"title": "Mill", "ns": 0, "redirect": True},
        {"title": "Gone", "ns": 0, "missing": True},
        "nonsense",
    ]
    found = listing_of_api(
        {"query": {"pages": rows}, "continue": {"gcmcontinue": "page|x", "continue": "gcmcontinue||"}}
    )
    assert [member.title for member in found.pages] == ["Old Mill", "Transcript:One"]
    assert (found.pages[0].revision, found.pages[0].url) == (9, "https://w/wiki/Old_Mill")
    assert [member.title for member in found.categories] == ["Caves"]
    assert found.more == ({"gcmcontinue": "page|x", "continue": "gcmcontinue||"},)
    assert listing_of_api({"batchcomplete": True}).pages == ()
    with pytest.raises(ValueError, match="readapidenied"):
        listing_of_api({"error": {"code": "readapidenied"}})


def test_listings_of_pages() -> None:
    html = """<div id="mw-subcategories"><a href="?title=Category:Locations&amp;subcatfrom=C#mw-subcategories">next page</a>
      <ul><li><a href="/wiki/Category:Caves" title="Category:Caves">Caves</a></li></ul></div>
    <div id="mw-pages"><a href="/w/index.php?title=Category:Locations&amp;pageuntil=A">previous page</a>
      <a href="/w/index.php?title=Category:Locations&amp;pagefrom=Pier#mw-pages">next page</a>
      <ul><li><a href="/wiki/Old_Mill" title="Old Mill">Old Mill</a></li><li><a href="/wiki/Old_Mill#History">again</a></li>
      <li><a href="/wiki/User:Somebody" title="User:Somebody">S</a></li></ul></div>
    <a href="/wiki/Elsewhere">navigation</a>"""
    found = listing_of_html(html, url="https://w.example/wiki/Category:Locations")
    assert [member.url for member in found.pages] == ["https://w.example/wiki/Old_Mill"]
    assert [member.title for member in found.categories] == ["Caves"]
    assert set(found.more) == {
        "https://w.example/wiki/Category:Locations?title=Category:Locations&subcatfrom=C",
        "https://w.example/w/index.php?title=Category:Locations&pagefrom=Pier",
    }


def test_listings_of_another_skin() -> None:
    html = """<a class="category-page__member-link" href="/wiki/Old_Mill" title="Old Mill">Old Mill</a>
    <a class="category-page__member-link" href="/wiki/Category:Caves" title="Category:Caves">Caves</a>
    <a class="category-page__pagination-next" href="https://w.example/wiki/Category:Locations?from=Pier">Next</a>"""
    found = listing_of_html(html, url="https://w.example/wiki/Category:Locations")
    assert [member.title for member in found.pages] == ["Old Mill"]
    assert [member.title for member in found.categories] == ["Caves"]
    assert found.more == ("https://w.example/wiki/Category:Locations?from=Pier",)


def test_pages_of_both_kinds() -> None:
    parsed = {"title": "Old Mill", "revid": 12, "text": "<p>x</p>", "categories": [{"category": "Old_mills"}]}
    found = page_of_api({"parse": parsed}, url="u", rights=RIGHTS, namespace=0)
    assert (found.title, found.revision, found.categories) == ("Old Mill", 12, ("Old mills",))
    assert (
        page_of_api({"parse": {**parsed, "text": {"*": "<p>y</p>"}, "revid": 0}}, url="u", rights=RIGHTS).html
        == "<p>y</p>"
    )
    with pytest.raises(ValueError, match="missingtitle"):
        page_of_api({"error": {"code": "missingtitle"}}, url="u", rights=RIGHTS)
    html = (
        '<html><head><title>Old Mill - Grey Bay Wiki</title><link rel="canonical" href="https://other.example/x">'
        '<script>RLCONF={"wgRevisionId":55,"wgNamespaceNumber":0,"wgTitle":"Old \\u0022Mill\\u0022"};</script>'
        '<link rel="EditURI" href="//w.example/w/api.php?action=rsd"></head><body>'
        '<div id="catlinks"><a>Categories</a><a>Mills</a></div>'
        '<li id="footer-info-copyright"><a href="https://creativecommons.org/licenses/by/4.0/">CC BY</a></li></body></html>'
    )
    seen = page_of_html(html, url="https://w.example/wiki/Old_Mill")
    assert (seen.title, seen.revision, seen.namespace, seen.categories) == ('Old "Mill"', 55, 0, ("Mills",))
    assert seen.url == "https://w.example/wiki/Old_Mill"
    assert seen.rights == Rights("Grey Bay Wiki", "CC BY, https://creativecommons.org/licenses/by/4.0/")
    assert api_address(html, url="https://w.example/") == "https://w.example/w/api.php"
    assert api_address("<p>none</p>", url="https://w.example/") is None


@pytest.mark.parametrize(
    ("name", "url", "path"),
    [
        ("Grey_Bay_Wiki", "https://w.example/wiki/Grey_Bay_Wiki", "/wiki/$1"),
        ("Grey_Bay_Wiki", "https://w.example/index.php/Grey_Bay_Wiki", "/index.php/$1"),
        ("Caf\u00e9", "https://w.example/Caf%C3%A9", "/$1"),
        ("Main_Page", "https://w.example/", "/wiki/$1"),
        ("", "https://w.example/x", "/wiki/$1"),
    ],
)
def test_where_the_articles_of_a_wiki_lie(name: str, url: str, path: str) -> None:
    assert article_path(f'<script>RLCONF={{"wgPageName":"{name}"}}</script>', url=url) == path


def test_rights_say_only_what_the_wiki_says() -> None:
    info = {"query": {"general": {"sitename": "W"}, "rightsinfo": {"text": "CC BY-SA", "url": "//cc.example/by"}}}
    assert rights_of_api(info) == Rights("W", "CC BY-SA, https://cc.example/by")
    assert rights_of_api({"query": {"rightsinfo": {"text": "", "url": "javascript:alert(1)"}}}) == Rights("", "")
    assert rights_of_html("<p>nothing</p>").licence == ""


@settings(deadline=None)
@given(st.text(alphabet="<>/abdiplstruv '\"=&;[]1\n\x00\ufeff", max_size=300))
def test_any_text_is_read_or_refused_in_words(html: str) -> None:
    for parser in (location_of, character_of):
        try:
            row = parser(page(html))
        except UnusableError:
            continue
        assert "<script" not in str(row)
    listing_of_html(html, url="https://w.example/")
    page_of_html(html, url="https://w.example/")


@pytest.mark.parametrize(
    ("categories", "apart"),
    [
        ("Disambiguation pages", True),
        ("All disambiguations", True),
        ("Articles with links needing disambiguation", False),
        ("Pages requiring disambiguation", False),
    ],
)
def test_categories_of_pages_that_tell_names_apart(categories: str, apart: bool) -> None:
    made = page("<p>A mill.</p>", categories=(categories,))
    if apart:
        with pytest.raises(UnusableError, match="apart"):
            location_of(made)
    else:
        assert location_of(made)["location_description"] == "A mill."


@pytest.mark.parametrize("properties", [{"disambiguation": ""}, [{"name": "disambiguation", "*": ""}]])
def test_the_wiki_itself_says_that_a_page_tells_names_apart(properties: object) -> None:
    parsed = {"title": "Mühle", "text": "<p>Mühle steht für:</p>", "properties": properties}
    with pytest.raises(UnusableError, match="apart"):
        location_of(page_of_api({"parse": parsed}, url="u", rights=RIGHTS))


def test_labels_of_many_and_names_that_are_none() -> None:
    html = "<table class='infobox'><tr><th>Nickname(s):</th><td>Aggie<br>None<br>Unknown<br>The [she] Wolf</td></tr></table>"
    assert character_of(page(html, title="Agnes"))["aliases"] == ["Aggie", "The [she] Wolf"]
    smart = (
        "<aside class='portable-infobox'><section class='pi-smart-group'><section><h3 class='pi-smart-data-label pi-data-label'"
        " data-source='type'>Type</h3></section><section><div class='pi-smart-data-value pi-data-value' data-source='type'>Mill"
        "</div></section></section></aside>"
    )
    assert infobox(parse_html(smart))["type"] == ["Mill"]


def test_pages_of_spaces_for_talk_are_no_articles() -> None:
    rows = [
        {"title": "User blog:X/Mine", "ns": 500},
        {"title": "Old", "ns": 0, "redirect": ""},
        {"title": "P", "ns": 100},
    ]
    assert [member.title for member in listing_of_api({"query": {"pages": rows}}).pages] == ["P"]


@pytest.mark.parametrize(
    "foot",
    [
        '<a rel="license nofollow" href="https://cc.example/by">CC BY</a>',
        '<p id="footer-info-copyright"><a href="https://cc.example/by?License">CC BY</a></p>',
    ],
)
def test_licences_as_feet_of_pages_write_them(foot: str) -> None:
    assert rights_of_html(foot).licence.startswith("CC BY, https://cc.example/by")
