"""The gallery shows every shipped component, and shows what is so."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from bpframe_reference import Sigmoid, bpframe_examples

from bpframe.core.operators import Gather
from bpframe.extend import Diagonal
from bpframe.plugins import default_registry
from bpframe.testing import check_component
from bpframe.testing.running.examples import Example

ROOT = Path(__file__).parents[2]
pytest.importorskip("matplotlib")


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    pytest.importorskip("griffe")  # the gallery writes shapes as the reference does
    return {
        name: importlib.import_module(name) for name in ("component_gallery", "drawing", "matrix_pictures", "typeset")
    }


def test_every_shipped_set_has_a_page() -> None:
    shipped = {each.provider.set for each in default_registry().sets if each.provider.distribution == "bpframe"}
    pages = {page.stem: page.read_text(encoding="utf-8") for page in (ROOT / "docs/gallery").glob("*.md")}
    assert shipped == set(pages)
    for name, text in pages.items():
        assert f"<!-- gallery: {name} -->" in text


def test_every_component_of_a_set_has_an_entry_whose_report_is_the_kits(rendering: dict[str, ModuleType]) -> None:
    entries = rendering["component_gallery"].entries_of("reference")
    assert {entry.component for entry in entries} == {type(component) for component, _ in bpframe_examples()}
    checked = [report for entry in entries for report in entry.reports]
    assert len(checked) == len(bpframe_examples())
    assert all(report.ok and not report.missing for report in checked)


def test_a_picture_has_a_cell_for_every_entry_that_is_not_zero(rendering: dict[str, ModuleType]) -> None:
    gather = Gather(np.array([[3, 0, 0]])).bind((4,), (3,))
    drawn = rendering["matrix_pictures"].operator_picture(gather, "it")
    cells = re.findall(r'<rect class="positive" x="(\d+)" y="(\d+)"', drawn)
    size = rendering["matrix_pictures"].CELL
    assert [(int(y) // size, int(x) // size) for x, y in cells] == [(0, 3), (1, 0), (2, 0)]
    drawn = rendering["matrix_pictures"].matrix_picture(np.array([[-2.0, 0.0, 1.0]]), "it")
    assert re.findall(r'class="(\w+)" .*?opacity="([\d.]+)"', drawn.partition('class="frame"')[2]) == [
        ("negative", "1.00"),
        ("positive", "0.65"),
    ]


def test_a_component_that_fails_is_shown_as_failing(rendering: dict[str, ModuleType]) -> None:
    class Doubled(Sigmoid):
        """The same, with a factor too many."""

        def jacobian(self, y):
            return Diagonal(2 * y * (1 - y))

    gallery = rendering["component_gallery"]
    example = Example(Doubled(), ((4,),))
    report = check_component(example.component, example.shapes)
    plot = rendering["drawing"].Plot("", "", "", 1)
    text = gallery.Entry("my.doubled", Doubled, (example,), (report,), plot).markdown(lambda cls: "", "")
    assert '??? failure "Compliance report: FAILS' in text
    assert "jacobian[x] failed" in text or "jacobian[z] failed" in text


@pytest.mark.parametrize(
    ("written", "typeset"),
    [
        ("a_i = e^{z_i} / Σ_j e^{z_j}", r"a_{i} = e^{z_{i}} / \sum _{j} e^{z_{j}}"),
        ("a' = 1 where z > 0, else s", r"a' = 1 \text{ where } z > 0, \text{ else } s"),
        ("C = ½ ‖y − a‖²", r"C = \tfrac12 \|y - a\|^{2}"),
        ("Σ_i w_ij z_i²", r"\sum _{i} w_{ij} z_{i}^{2}"),
        ("f̈_n", r"\ddot{f}_{n}"),
        ("√(q kᵀ) + √v̂ + n_in", r"\sqrt{q k^{T}} + \sqrt{\hat{v}} + n_{\mathrm{in}}"),
        ("softmax(a) with `mask_zero`", r"\operatorname{softmax}(a) \text{ with } \texttt{mask\_zero}"),
        ("a # b", None),
    ],
)
def test_a_formula_is_typeset_as_it_is_written(
    rendering: dict[str, ModuleType], written: str, typeset: str | None
) -> None:
    assert rendering["typeset"].latex(written) == typeset


def test_the_formula_of_every_shipped_component_is_typeset(rendering: dict[str, ModuleType]) -> None:
    shipped = [each for each in default_registry().sets if each.provider.distribution == "bpframe"]
    parts = rendering["component_gallery"]._parts
    written = {cls: parts(cls)[1] for each in shipped for cls in each.components}
    assert sum(map(bool, written.values())) > 100
    assert [cls.__name__ for cls, text in written.items() if rendering["typeset"].formulas(text) is None] == []
    others = [other for each in shipped for cls in each.components for other in parts(cls)[2]]
    assert [other for other in others if "```" in other] == []
    assert [other for other in others if re.search(r"\\\*[A-Z]\w+:", other)] == []  # a title is no shape


def test_components_come_in_the_order_in_which_their_page_speaks_of_them(rendering: dict[str, ModuleType]) -> None:
    gallery = rendering["component_gallery"]
    entries = [gallery.Entry(f"set.{name}", Sigmoid, (), (), None) for name in ("elu", "gelu", "relu", "tanh")]
    ordered = gallery.by_use(entries, "`relu` is the usual choice; `gelu` is smooth.")
    assert [entry.name for entry in ordered] == ["set.relu", "set.gelu", "set.elu", "set.tanh"]
