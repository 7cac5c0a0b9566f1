"""Every number in the tutorial's mathematics is right: what can be calculated is, by another way than the page's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.explanation import paths

from .latex_arithmetic import disagreements
from .tutorial_tables import by_hand, linear, olah

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"


def tables() -> dict[str, tuple[dict[str, Any], int]]:
    """Return the symbols of each page, and how many equalities of it are calculated at least."""
    graph = {name: value for name, value in olah(2, 1).items() if name not in ("a", "b")}
    return {"neurons": ({}, 15), "backpropagation": (linear() | graph, 60), "by-hand": (by_hand(), 30)}


@pytest.mark.parametrize("ending", ["md", "zh.md"])
@pytest.mark.parametrize("page", ["neurons", "backpropagation", "by-hand"])
def test_the_numbers_of_a_page_are_right(page: str, ending: str) -> None:
    table, least = tables()[page]
    checked, wrong = disagreements((TUTORIAL / f"{page}.{ending}").read_text(encoding="utf-8"), table)
    assert wrong == []
    assert checked >= least


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        (r"$2 \cdot 3 + (-1) \cdot (-1) = 7$", True),
        (r"$2 \cdot 3 + (-1) \cdot (-1) = 5$", False),
        (r"$$ \frac{\partial C}{\partial w^2_{11}} = 14 $$", True),
        (r"$$ \frac{\partial C}{\partial w^2_{11}} = 7, \qquad 1 = 1 $$", False),
        (r"$\begin{bmatrix} 2 & -1 \\ 1 & 1 \end{bmatrix} \begin{bmatrix} 6 \\ -2 \end{bmatrix} = (14, 4)$", True),
        (r"$\begin{bmatrix} 2 & -1 \\ 1 & 1 \end{bmatrix} \begin{bmatrix} 6 \\ -2 \end{bmatrix} = (10, -8)$", False),
        (r"$(w^3)^{\mathsf T} \, \delta^3 = \delta^2$", True),
        (r"$w^3 \delta^3 = \delta^2$", False),
        (r"$\tfrac{1}{2} (y - a^4_1)^2 = C$", True),
        (r"$\sigma'(0) = 0.25$, $(1, 2) \odot (3, 4) = (3, 8)$, $2^3 = 8$", True),
        (r"$\sigma(1) \approx 0.7311$", True),
        (r"$\sigma(1) \approx 0.7312$", False),
        (r"$\delta^l_j = 5 = 5$", True),
    ],
)
def test_what_is_said_is_calculated(said: str, holds: bool) -> None:
    checked, wrong = disagreements(said, linear())
    assert checked
    assert (wrong == []) == holds


def test_the_table_of_a_step_is_the_step() -> None:
    page = (TUTORIAL / "by-hand.md").read_text(encoding="utf-8").replace("−", "-")
    rows = re.findall(r"^\| \$([wb].*?)\$ \| (-?[\d.]+) \| (-?[\d.]+) \| (-?[\d.]+) \|$", page, re.MULTILINE)
    assert len(rows) == 9
    table = by_hand()
    for symbol, before, derivative, after in rows:
        name = re.sub("[{}]", "", symbol)
        slope = table[rf"\partialC/\partial{name}"]
        assert (float(before), float(derivative)) == (table[name], pytest.approx(slope, abs=6e-5))
        assert float(after) == pytest.approx(table[name] - slope, abs=6e-5)


def test_the_step_lowers_the_cost_as_the_page_says() -> None:
    table = by_hand()
    parameters = [name for name in table if re.fullmatch(r"[wb]\^\d_\d+", name)]
    slopes = {name: table[rf"\partialC/\partial{name}"] for name in parameters}
    assert round(sum(slope**2 for slope in slopes.values()), 4) == 0.0267
    new = {name: table[name] - slope for name, slope in slopes.items()}
    hidden = [1 / (1 + np.exp(-(new[f"w^2_{j}2"] + new[f"b^2_{j}"]))) for j in (1, 2)]  # x = (0, 1)
    output = 1 / (1 + np.exp(-(new["w^3_11"] * hidden[0] + new["w^3_12"] * hidden[1] + new["b^3_1"])))
    assert (round(output, 4), round((1 - output) ** 2 / 2, 4)) == (0.6274, 0.0694)
    for ending in ("md", "zh.md"):
        page = (TUTORIAL / f"by-hand.{ending}").read_text(encoding="utf-8")
        assert {"0.0267", "0.6274", "0.0694"} <= set(re.findall(r"\d\.\d+", page))


def counted(sizes: list[int]) -> tuple[int, int, int]:
    """Count on the graph of a network's numbers: weights, multiplications path by path, with errors."""
    layers = [Dense(units=units, bias=False) for units in sizes[1:]]
    net = bp.Network([*layers[:-1], bp.node(layers[-1], name="out")], input_shape=(sizes[0],), cost=QuadraticCost())
    graph = paths.scalar_graph(net.trace(np.ones((1, sizes[0]))), {"out": np.zeros((1, 1))})
    found = paths.multiplications(graph)
    return found.weights, found.path_by_path, found.reverse


@pytest.mark.parametrize("ending", ["md", "zh.md"])
def test_the_table_of_multiplications_is_what_is_counted(ending: str) -> None:
    page = (TUTORIAL / f"backpropagation.{ending}").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (10(?:-\d+)+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", page, re.MULTILINE)
    assert len(rows) == 6
    for network, *numbers in rows:
        assert tuple(int(number.replace(",", "")) for number in numbers) == counted(list(map(int, network.split("-"))))
    assert counted([2, 2, 2, 1]) == (10, 34, 16)


@pytest.mark.parametrize(("example", "table"), [("tutorialExample", linear()), ("sigmoidExample", by_hand())])
def test_the_steppers_begin_with_the_numbers_of_the_pages(example: str, table: dict[str, Any]) -> None:
    source = (TUTORIAL.parent / "assets" / "stepper" / "mlp.js").read_text(encoding="utf-8")
    body = source.partition(f"{example} = ")[2].partition("});")[0]
    read = json.JSONDecoder().raw_decode
    weights, x, y = (read(body, body.index(f"{word}: [") + len(word) + 2)[0] for word in ("weights", "x", "y"))
    biases = read(body, body.index("biases: ") + len("biases: "))[0] or []
    for layer, w in enumerate(weights[2:], start=2):
        np.testing.assert_array_equal(w, table[f"w^{layer}"])
    for layer, b in enumerate(biases[2:], start=2):
        np.testing.assert_array_equal(b, np.ravel(table[f"b^{layer}"]))
    assert (x, y) == (np.ravel(table["a^1"]).tolist(), [table["y"]])
