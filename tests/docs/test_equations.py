"""Every equation of the tutorial leads to the function that computes it, and that function cites its number."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

import pytest

from tests.architecture.source import ROOT

TUTORIAL = ROOT / "docs" / "tutorial"
NUMBERS = [*map(str, range(1, 21)), "BP1", "BP2", "BP3", "BP4"]


@pytest.fixture
def equations(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    return importlib.import_module("equations")


def test_the_table_holds_the_equations_of_the_tutorial(equations: ModuleType) -> None:
    for page in "backpropagation.md", "backpropagation.zh.md":
        shown = equations.equations_in((TUTORIAL / page).read_text(encoding="utf-8"))
        assert set(NUMBERS) <= set(equations.COMPUTED_BY) <= set(shown)
        # BP2-2 says BP2 for single neurons.
        assert set(shown) - set(equations.COMPUTED_BY) == {"BP1-2", "BP2-2"}


@pytest.mark.parametrize("number", [*NUMBERS, "12, graph"])
def test_an_equation_is_cited_by_the_functions_that_compute_it(equations: ModuleType, number: str) -> None:
    for name in equations.COMPUTED_BY[number]:
        assert number in equations.cited_in(equations.piece(name).docstring), name


def test_a_function_that_computes_equations_cites_no_others(equations: ModuleType) -> None:
    for name in {name for names in equations.COMPUTED_BY.values() for name in names}:
        listed = {number for number, names in equations.COMPUTED_BY.items() if name in names}
        assert equations.cited_in(equations.piece(name).docstring) == listed, name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_equation_links_to_its_code_and_back(equations: ModuleType, language: str) -> None:
    page = TUTORIAL / ("backpropagation.md" if language == "en" else "backpropagation.zh.md")
    tutorial = equations.with_links(page.read_text(encoding="utf-8"), language, "code.md")
    code = equations.equations_text("tutorial.md")
    for number in equations.COMPUTED_BY:
        anchor = equations.anchor(number)
        assert tutorial.count(f'id="{anchor}"') == 1
        assert f"](code.md#{anchor})" in tutorial
        assert f"{{#{anchor}}}" in code
        assert f"](tutorial.md#{anchor})" in code


def test_the_code_of_every_function_is_on_the_page_once(equations: ModuleType) -> None:
    code = equations.equations_text("tutorial.md")
    names = {name for each in equations.COMPUTED_BY.values() for name in each}
    assert len(re.findall(r"^```python linenums", code, re.MULTILINE)) == len(names)


@pytest.mark.parametrize(
    ("docstring", "cited"),
    [
        ("Return C: eq. (4).", {"4"}),
        ("These are eqs. (7), (8) and (9).", {"7", "8", "9"}),
        ("The nodes of eq. (12, graph).", {"12, graph"}),
        ("BP2 to BP4, for any graph", {"BP2", "BP3", "BP4"}),
        ("BP1–BP2 and (3) nodes", {"BP1", "BP2"}),
        ("Equation 4, and a shape (4)", set()),
    ],
)
def test_citations_are_read(equations: ModuleType, docstring: str, cited: set[str]) -> None:
    assert equations.cited_in(docstring) == cited


def test_every_numbered_equation_can_be_linked_to(equations: ModuleType) -> None:
    text = "$$ a = b \\tag{BP1-2} $$\n\n$$ c = d $$\n\n$$ e = f \\tag{6} $$\n"
    linked = equations.with_links(text, "en", "code.md")
    assert 'id="eq-bp1-2"' in linked
    assert "</div>\n\n$$ c = d $$\n\n<div" in linked
    assert linked.count("[¶](#eq-6)") == 1
    assert linked.count("computed by") == 1


def test_the_numbers_that_prose_cites_are_links(equations: ModuleType) -> None:
    text = "## Step (7)\n\nBy (7) and BP2-2, `(8)`, $f(9)$, [(10)](x.md), (21) and (0, 1):\n\n```\nf(11)  # BP1\n```\n"
    told = text.replace("By (7) and BP2-2", "By [(7)](t.md#eq-7) and [BP2-2](t.md#eq-bp2-2)")
    assert equations.with_citations(text, "t.md") == told
