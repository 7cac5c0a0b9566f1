"""The tutorial tells the same mathematics in both languages, with the article's equation numbers and with figures."""

from __future__ import annotations

import ast
import importlib
import re
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial"
PAGES = sorted(page.name.removesuffix(".zh.md") for page in TUTORIAL.glob("*.zh.md"))
#: The pages of the tutorial that are read; the others are steppers.
SHOWN = ("neurons", "backpropagation", "by-hand", "exercises", "any-jacobian")


def blocks(text: str, info: str) -> list[str]:
    """Return the fenced blocks of a kind, those in boxes too."""
    found = re.findall(rf"^( *)```{info}\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


def equations(text: str) -> list[str]:
    """Return the displayed equations, without the room around them."""
    return [re.sub(r"\s+", " ", each) for each in re.findall(r"^ *(\$\$.*?\$\$)$", text, re.DOTALL | re.MULTILINE)]


def widgets(text: str) -> list[str]:
    """Return the steppers and playgrounds."""
    return re.findall(r"^<div class=\"bp-[^>]*>", text, re.MULTILINE)


class _WithoutWords(ast.NodeTransformer):
    """Empties texts: what a program says is its reader's language, what it computes is not."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) and re.search(r"[^\W\d_]", node.value) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        values = [self.visit(each) for each in node.values if isinstance(each, ast.FormattedValue)]
        return ast.JoinedStr(values)


def code(text: str) -> list[str]:
    """Return what the Python of a page computes, without comments and texts."""
    return [ast.unparse(_WithoutWords().visit(ast.parse(block))) for block in blocks(text, "python")]


def read(name: str, language: str = "") -> str:
    return (TUTORIAL / f"{name}{language}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_show_the_same_equations_code_and_widgets(name: str) -> None:
    english, chinese = read(name), read(name, ".zh")
    assert equations(english) or widgets(english)
    assert equations(english) == equations(chinese)
    assert widgets(english) == widgets(chinese)
    assert code(english) == code(chinese)


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_show_the_same_numbers_as_output(name: str) -> None:
    outputs = [
        [re.findall(r"-?\d+\.?\d*", block) for block in blocks(read(name, language), 'text title="output"')]
        for language in ("", ".zh")
    ]
    assert outputs[0] == outputs[1]


def test_words_are_told_from_what_is_computed() -> None:
    program = "```python\nprint('cost:', f'{x:.2f} of one')  # {}\n```\n"
    assert code(program) == code(program.replace("cost", "代价").replace("of one", "个").replace("{}", "注释"))
    assert code(program) != code(program.replace("{x:.2f}", "{y:.2f}"))


def anchors(text: str) -> list[str]:
    """Return the anchors of a page's headings, those that are given and those that the site makes of English words."""
    prose = re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"^##+ (.*?)(?: \{#([\w-]+)\})?$", prose, re.MULTILINE)
    return [given or re.sub(r"[^\w -]", "", words).strip().lower().replace(" ", "-") for words, given in found]


@pytest.mark.parametrize("name", SHOWN)
def test_the_headings_have_the_same_anchors_in_both_languages(name: str) -> None:
    assert anchors(read(name)) == anchors(read(name, ".zh"))


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
