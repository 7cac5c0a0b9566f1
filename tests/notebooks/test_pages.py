"""Every page's notebook runs from its first cell to its last, and prints what the page shows."""

from __future__ import annotations

import doctest
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "tutorial/neurons", "tutorial/backpropagation", "tutorial/by-hand", "tutorial/any-jacobian",
    "guides/first-activation", "guides/curve-fitting", "guides/training", "guides/explain",
)  # fmt: skip

#: What a terminal alone understands, and the bar of a training, which commands mix with what they print.
DRAWN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n]*\r(?!\n)|\r(?=\n)")
BAR = re.compile(r"^epoch [^\n]*━[^\n]*\n", re.MULTILINE)


def printed(cell: Any) -> str:
    """Return what a cell printed, without what only a terminal understands and without blanks at the ends of lines."""
    told = "".join("".join(each["text"]) for each in cell["outputs"] if each.get("name") == "stdout")
    return "\n".join(line.rstrip() for line in BAR.sub("", DRAWN.sub("", told)).splitlines()).strip("\n") + "\n"


def test_these_are_all_pages_that_are_notebooks(notebooks: ModuleType) -> None:
    assert set(PAGES) == set(notebooks.EXTRAS)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_a_notebook_runs_and_prints_what_its_page_shows(
    notebooks: ModuleType, run: Callable[[dict[str, Any]], Any], page: str, language: str
) -> None:
    text = (ROOT / "docs" / f"{page}{'' if language == 'en' else '.zh'}.md").read_text(encoding="utf-8")
    made = notebooks.notebook_of(text, page, language, "https://site.example/", ROOT / "docs")
    shown = json.loads(notebooks.written(made))
    for before, after in zip(shown["cells"], run(made)["cells"], strict=True):
        if before["cell_type"] == "code" and before["outputs"]:
            same = doctest.OutputChecker().check_output
            assert same(printed(before), printed(after), doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), (
                f"{''.join(before['source'])}\nthe page shows\n{printed(before)}\nthe kernel printed\n{printed(after)}"
            )
