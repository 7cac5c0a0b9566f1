"""The tutorial has the article's equation numbers, shows its numbers, and has a figure for every path."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from .page_parts import blocks

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial"
PAGES = sorted(page.name.removesuffix(".zh.md") for page in TUTORIAL.glob("*.zh.md"))
#: The pages of the tutorial that are read; the others are steppers.
SHOWN = ("neurons", "backpropagation", "by-hand", "exercises", "any-jacobian")


def read(name: str, language: str = "") -> str:
    return (TUTORIAL / f"{name}{language}.md").read_text(encoding="utf-8")


def test_every_page_of_the_tutorial_is_translated() -> None:
    english = {page.name.removesuffix(".md") for page in TUTORIAL.glob("*.md")} - {f"{name}.zh" for name in PAGES}
    assert english == set(PAGES)


def test_the_equations_are_numbered_as_in_the_article() -> None:
    tags = re.findall(r"\\tag\{([^}]*)\}", read("backpropagation"))
    one_to_twenty = [str(number) for number in range(1, 21)]
    one_to_twenty.insert(11, "12, graph")
    assert tags == [*one_to_twenty, "BP1", "BP2", "BP3", "BP4", "BP1-2", "BP2-2"]


@pytest.mark.parametrize("language", ["", ".zh"])
@pytest.mark.parametrize("name", SHOWN)
def test_numbers_are_shown_and_not_asserted(name: str, language: str) -> None:
    text = read(name, language)
    for block in blocks(text, "python"):
        assert not re.search(r"^\s*assert\b", block, re.MULTILINE)
    printing = [block for block in blocks(text, "python") if "print(" in block]
    assert len(printing) == len(blocks(text, 'text title="output"'))


# Figures -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    return importlib.import_module("tutorial_figures")


def test_the_figures_are_what_is_drawn_from_the_numbers(figures: ModuleType) -> None:
    kept = {path.stem: path.read_text(encoding="utf-8") for path in figures.ASSETS.glob("*.svg")}
    assert kept == {name: draw().svg() for name, draw in figures.FIGURES.items()}


@pytest.mark.parametrize("language", ["", ".zh"])
def test_every_figure_is_described_and_is_there(figures: ModuleType, language: str) -> None:
    shown = set()
    for name in SHOWN:
        for said, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", read(name, language)):
            path = (TUTORIAL / target).resolve()
            assert path.exists(), target
            assert len(said) > (12 if language else 30), target
            shown |= {path.stem} if path.parent == figures.ASSETS else set()
    other = "learning-curve" if language else "learning-curve-zh"
    assert shown == set(figures.FIGURES) - {other}


def test_a_figure_for_every_path(figures: ModuleType) -> None:
    drawn = {name: draw().svg() for name, draw in figures.FIGURES.items()}
    for name, said in {
        "path-7": ["2 · 2 = 4"],
        "path-8": ["2 · 3 · (−1) = −6"],
        "path-9": ["2 · (−1) · (−1) = 2"],
        "path-10": ["2 · 3 · 4 = 24"],
        "path-12": ["2 · 3 · 2 · 1 = 12", "2 · (−1) · (−1) · 1 = 2"],
        "olah-a": ["2 · 1 = 2"],
        "olah-b": ["2 · 1 = 2", "3 · 1 = 3"],
    }.items():
        assert all(each in drawn[name] for each in said), name
