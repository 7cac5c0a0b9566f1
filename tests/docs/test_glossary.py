"""One term for each notion: what the glossary lists is in use, and what it rejects is nowhere, in text or picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = (ROOT / "docs" / "guides" / name for name in ("glossary.md", "glossary.zh.md"))
#: Chinese that stands elsewhere than in pages: what the steppers say, the names of pages.
WORDS = [ROOT / "docs" / "assets" / "stepper" / "words.js", ROOT / "mkdocs.yml"]


def rows(glossary: Path) -> Iterator[list[str]]:
    """Yield the term of each row, the place that it leads to, and the other cells."""
    for line in glossary.read_text(encoding="utf-8").splitlines():
        first, *cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split(" | ")]
        if found := re.fullmatch(r"\[(.+)\]\((.+)\)", first):
            yield [found[1], found[2], *cells]


@cache
def chinese() -> dict[str, str]:
    pages = [page for page in [*ROOT.glob("*.zh.md"), *(ROOT / "docs").rglob("*.zh.md"), *WORDS] if page != CHINESE]
    return {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in pages}


def rejected() -> list[str]:
    return [word for row in rows(CHINESE) for word in row[5].split("、") if word]


def test_both_languages_have_the_same_terms_symbols_and_places() -> None:
    english = [(one, other, symbol, place) for one, place, _, symbol, other in rows(ENGLISH)]
    assert len(english) > 70
    assert english == [(one, other, symbol, place) for other, place, _, symbol, one, _ in rows(CHINESE)]
    for terms in zip(*((one, other) for one, other, _, _ in english), strict=True):
        assert len(terms) == len(set(terms))


def test_every_term_is_in_use_in_its_language() -> None:
    pages = [page for page in (ROOT / "docs").rglob("*.md") if not page.name.endswith(".zh.md") and page != ENGLISH]
    text = " ".join(page.read_text(encoding="utf-8") for page in pages).lower()
    text = re.sub(r"\s+", " ", text)
    assert [row[0] for row in rows(ENGLISH) if row[0].lower() not in text] == []
    text = "\n".join(chinese().values())
    assert [row[0] for row in rows(CHINESE) if row[0] not in text] == []


def test_a_term_is_used_where_it_is_defined() -> None:
    elsewhere = []
    for row in rows(CHINESE):
        page = (CHINESE.parent / row[1].partition("#")[0]).resolve()
        twin = page.with_name(page.name.replace(".md", ".zh.md"))
        term, path = (row[0], twin) if twin.exists() else (row[4], page)
        if term.lower() not in re.sub(r"\s+", " ", path.read_text(encoding="utf-8").lower()):
            elsewhere.append((term, path.name))
    assert elsewhere == []


def test_no_rejected_term_is_used() -> None:
    assert len(rejected()) > 30
    found = [(page, word) for page, text in chinese().items() for word in rejected() if word in text]
    assert found == []


def test_every_term_is_told_in_a_few_words_that_do_not_repeat_it() -> None:
    for glossary in ENGLISH, CHINESE:
        for term, _, words, *_ in rows(glossary):
            assert 0 < len(words) <= 100, term
            assert not words.startswith(term), term
