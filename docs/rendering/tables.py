"""Tables on a narrow screen: one of few columns, with words in them, is shown row by row, each cell under its heading.

A table of many numbers keeps its shape and scrolls beside its first column (`assets/site.css`).
"""

from __future__ import annotations

import html
import re

#: Up to this many columns a row can be read as a list; wider than so many characters a table does not fit a phone.
COLUMNS, CHARACTERS = 5, 40


def for_narrow_screens(page: str) -> str:
    """Return a page's HTML in which the tables that do not fit a phone can be stacked."""
    return re.sub(r"<table>.*?</table>", lambda found: _stackable(found[0]), page, flags=re.DOTALL)


def _stackable(table: str) -> str:
    rows = [
        re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
    ]
    if not rows or not 2 <= len(rows[0]) <= COLUMNS:
        return table
    widest = sum(max(len(_words(row[column])) for row in rows if column < len(row)) for column in range(len(rows[0])))
    if widest <= CHARACTERS:
        return table
    labels = [_words(heading) for heading in rows[0]]

    def labelled(row: re.Match[str]) -> str:
        names = iter(labels)
        return re.sub(r"<td", lambda _: f'<td data-label="{html.escape(next(names, ""))}"', row[0])

    return re.sub(r"<tr>.*?</tr>", labelled, table, flags=re.DOTALL).replace("<table>", "<table data-stacked>", 1)


def _words(cell: str) -> str:
    text = html.unescape(re.sub(r"<[^>]+>", "", cell))
    return re.sub(r"\\\(|\\\)", "", text).strip()
