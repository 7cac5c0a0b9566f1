"""A page and its Chinese twin tell the same: equations, programs, numbers, headings and links."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .page_parts import anchors, blocks, equations, fenced, links, pictures, widgets

ROOT = Path(__file__).parents[2]
TWINS = [*sorted(ROOT.glob("*.zh.md")), *sorted((ROOT / "docs").rglob("*.zh.md"))]

each_twin = pytest.mark.parametrize("twin", TWINS, ids=lambda page: page.relative_to(ROOT).as_posix())


def both(twin: Path) -> tuple[str, str]:
    original = twin.with_name(twin.name.replace(".zh.md", ".md"))
    return original.read_text(encoding="utf-8"), twin.read_text(encoding="utf-8")


def is_chinese(text: str) -> bool:
    return re.search(r"[\u4e00-\u9fff]", text) is not None


def same_program(english: object, chinese: object) -> bool:
    """Whether two trees compute the same: comments are not in them, and a text may differ where it is Chinese."""
    if isinstance(english, list) and isinstance(chinese, list):
        return len(english) == len(chinese) and all(map(same_program, english, chinese))
    if type(english) is not type(chinese):
        return False
    if isinstance(english, str) and isinstance(chinese, str):
        return english == chinese or is_chinese(chinese)
    if isinstance(english, ast.JoinedStr) and isinstance(chinese, ast.JoinedStr):
        return all(map(same_program, parts_of(english), parts_of(chinese)))
    if isinstance(english, ast.AST):
        return all(same_program(getattr(english, name), getattr(chinese, name, None)) for name in english._fields)
    return english == chinese


def parts_of(text: ast.JoinedStr) -> tuple[list[ast.expr], str]:
    """Return what a text with values in it computes, and its words."""
    values = [each for each in text.values if isinstance(each, ast.FormattedValue)]
    return [*values], "".join(str(each.value) for each in text.values if isinstance(each, ast.Constant))


def same_lines(english: str, chinese: str) -> bool:
    """Whether two texts have the same lines but for those that are Chinese, which have the same numbers."""
    lines = english.splitlines(), chinese.splitlines()
    return len(lines[0]) == len(lines[1]) and all(
        one == other or (is_chinese(other) and numbers(one) == numbers(other))
        for one, other in zip(*lines, strict=True)
    )


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+\.?\d*", text)


@each_twin
def test_both_languages_show_the_same_equations_widgets_and_pictures(twin: Path) -> None:
    english, chinese = both(twin)
    assert equations(english) == equations(chinese)
    assert widgets(english) == widgets(chinese)
    assert pictures(english) == pictures(chinese)


@each_twin
def test_both_languages_compute_the_same(twin: Path) -> None:
    english, chinese = map(fenced, both(twin))
    assert [info for info, _ in english] == [info for info, _ in chinese]
    for (info, one), (_, other) in zip(english, chinese, strict=True):
        if info.startswith("python"):
            assert same_program(ast.parse(one), ast.parse(other)), other
        else:
            assert same_lines(one, other), other


@each_twin
def test_both_languages_have_the_same_anchors_and_links(twin: Path) -> None:
    english, chinese = both(twin)
    headings = anchors(english), anchors(chinese)
    assert len(headings[0]) == len(headings[1])  # which the site ties to one another, see docs/rendering/languages.py
    assert [(one, other) for one, other in zip(*headings, strict=True) if one != other and not is_chinese(other)] == []
    to, and_to = ({each.replace(".zh.md", ".md") for each in links(text)} for text in (english, chinese))
    assert to - {twin.name.replace(".zh.md", ".md")} == and_to - {twin.name.replace(".zh.md", ".md")}


def test_the_chinese_text_in_the_root_leads_to_chinese_pages() -> None:
    text = (ROOT / "README.zh.md").read_text(encoding="utf-8")
    local = [each for each in links(text) if each.startswith("docs/") and not each.endswith(".zh.md")]
    assert [each for each in local if (ROOT / each.replace(".md", ".zh.md")).exists()] == []


PROGRAM = "print(f'cost: {x:.2f}', net['dense_1.w'], 3)  # {}\n"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda text: text.replace("cost", "代价").replace("{}", "注释"), True),
        (lambda text: text.replace("cost", "Cost"), False),
        (lambda text: text.replace("cost", "代价").replace("{x:.2f}", "{y:.2f}"), False),
        (lambda text: text.replace("dense_1", "dense_2"), False),
        (lambda text: text.replace("3", "4"), False),
        (lambda text: text + "pass\n", False),
    ],
)
def test_words_are_told_from_what_is_computed(change: Callable[[str], str], same: bool) -> None:
    assert same_program(ast.parse(PROGRAM), ast.parse(change(PROGRAM))) is same


def test_words_are_told_from_the_numbers_of_an_output() -> None:
    assert same_lines("accuracy: 0.9\n3 4\n", "准确率：0.9\n3 4\n")
    assert not same_lines("accuracy: 0.9\n3 4\n", "准确率：0.8\n3 4\n")
    assert not same_lines("3 4\n", "3 5\n")
    assert blocks("- x\n\n    ```python\n    y\n    ```\n", "python") == ["y\n"]
