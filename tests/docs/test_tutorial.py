"""The tutorial tells the same mathematics in both languages, with the article's equation numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
PAGES = sorted(page.name.removesuffix(".zh.md") for page in TUTORIAL.glob("*.zh.md"))


def _formal_parts(page: Path) -> list[str]:
    """Return the displayed equations, Python blocks, steppers and playgrounds of a page, in order."""
    parts = r"^```python\n.*?^```$|^\$\$.*?\$\$$|^<div class=\"bp-[^>]*>"
    return re.findall(parts, page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_show_the_same_equations_and_code(name: str) -> None:
    english = _formal_parts(TUTORIAL / f"{name}.md")
    assert english
    assert english == _formal_parts(TUTORIAL / f"{name}.zh.md")


def test_every_page_of_the_tutorial_is_translated() -> None:
    english = {page.name.removesuffix(".md") for page in TUTORIAL.glob("*.md")} - {f"{name}.zh" for name in PAGES}
    assert english == set(PAGES)


def test_the_equations_are_numbered_as_in_the_article() -> None:
    tags = re.findall(r"\\tag\{([^}]*)\}", (TUTORIAL / "backpropagation.md").read_text(encoding="utf-8"))
    one_to_twenty = [str(number) for number in range(1, 21)]
    one_to_twenty.insert(11, "12, graph")
    assert tags == [*one_to_twenty, "BP1", "BP2", "BP3", "BP4", "BP1-2", "BP2-2"]
