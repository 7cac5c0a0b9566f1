"""What the languages of a page know of one another: the links of the switch, and which heading is which.

A heading's id comes from its words, so it differs between languages. Where a page and its translation have the same
headings in the same order, each heading gets the other's id as `data-twin`; the switch between languages reads it. The
translation also answers to the original's ids, so that a link to one leads there in either language.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from typing import Any

import jieba

HEADING = re.compile(r'<h([1-6]) id="([^"]+)">')

#: The headings of the pages in the default language: level and id, by the page's path.
_originals: dict[str, list[tuple[str, str]]] = {}

#: By location, what a page in the default language is called where another language shows it: its words cut by U+200B.
titles: dict[str, str] = {}


def with_labels(markdown: str, where: str) -> str:
    """Return a page's Markdown with what is printed above its output blocks in the page's language."""
    return markdown.replace(' title="output"', ' title="输出"') if where.endswith(".zh.md") else markdown


def with_titles(html: str, page: Any) -> str:
    """Return a page's HTML with what a heading's link is called in the page's language."""
    return html.replace('title="Permanent link"', 'title="本节的链接"') if page.file.locale == "zh" else html


def is_original(file: Any) -> bool:
    """Whether a page's file is that of the default language, and not a translation."""
    return str(file.src_uri).count(".") == 1


def with_foreign_links(html: str, page: Any, untranslated: Collection[str]) -> str:
    """Return a page's HTML with links to pages that are not in its language told from the others.

    `untranslated` are the addresses of pages in the default language: here those which the translation falls back to.
    """
    if is_original(page.file):
        return html

    def told(found: re.Match[str]) -> str:
        there = posixpath.normpath(posixpath.join(page.url, found[1].partition("#")[0])).removeprefix("./") + "/"
        return found[0] + ' hreflang="en"' if there in untranslated else found[0]

    return re.sub(r'<a href="([^":#][^":]*/(?:#[^"]*)?)"', told, html)


def note_title(page: Any) -> None:
    """Keep what the navigation calls a page that is shown in another language than its own."""
    if re.search(r"[\u4e00-\u9fff]", page.title or "") and is_original(page.file):
        titles[page.url] = " · " + "\u200b".join(jieba.cut(page.title))


def with_twins(html: str, page: Any) -> str:
    """Return a page's HTML with its headings tied to those of its other language."""
    headings = HEADING.findall(html)
    if page.file.locale == "en":
        _originals.setdefault(page.file.src_uri, headings)
        return html
    original = _originals.get(re.sub(r"\.\w+\.md$", ".md", page.file.src_uri), [])
    if [level for level, _ in headings] != [level for level, _ in original]:
        return html
    twins = iter(original)
    taken = set(re.findall(r'\bid="([^"]+)"', html))

    def tied(found: re.Match[str]) -> str:
        twin = next(twins)[1]
        anchor = "" if twin in taken else f'<a class="twin" id="{twin}"></a>'
        return f'<h{found[1]} id="{found[2]}" data-twin="{twin}">{anchor}'

    return HEADING.sub(tied, html)


def switch_links(page: Any, alternates: list[dict[str, str]]) -> None:
    """Point the language switch at this very page in every language, the start page not excepted."""
    for each in alternates:
        if each["lang"] in page.file.alternates:
            each["link"] = page.file.alternates[each["lang"]].url.lstrip("/") or "."
