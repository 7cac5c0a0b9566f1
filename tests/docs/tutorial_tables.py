"""The values of the tutorial's symbols, by forward passes and the complex step alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

__all__ = ["SIGMOID_BIASES", "by_hand", "linear", "olah"]

STEP = 1e-30
Formula = Callable[[Mapping[str, complex]], complex]

#: The parameters of the 2-2-1 network.
SIGMOID_WEIGHTS = {2: [[1, -1], [-2, 2]], 3: [[2, -1]]}
SIGMOID_BIASES = {2: [1, -1], 3: [0]}


def _evaluate(formulas: Mapping[str, Formula], changed: Mapping[str, complex]) -> dict[str, complex]:
    """Return all values in order, where some are what they are told to be."""
    values: dict[str, complex] = {}
    for name, formula in formulas.items():
        values[name] = changed[name] if name in changed else formula(values)
    return values


def _with_slopes(formulas: Mapping[str, Formula]) -> dict[str, Any]:
    """Return every value, and every derivative of one by another, under the names that LaTeX gives them."""
    values = _evaluate(formulas, {})
    table: dict[str, Any] = {name: value.real for name, value in values.items()}
    for by in formulas:
        moved = _evaluate(formulas, {by: values[by] + 1j * STEP})
        table |= {rf"\partial{of}/\partial{by}": moved[of].imag / STEP for of in formulas}
    return table


def _constant(value: float) -> Formula:
    return lambda _: complex(value)


def olah(a: float, b: float) -> dict[str, Any]:
    """Return the table of Olah's graph."""
    return _with_slopes(
        {
            "a": _constant(a),
            "b": _constant(b),
            "c": lambda v: v["a"] + v["b"],
            "d": lambda v: v["b"] + 1,
            "e": lambda v: v["c"] * v["d"],
        }
    )


def _network(
    weights: Mapping[int, Sequence[Sequence[float]]],
    biases: Mapping[int, Sequence[float]],
    x: Sequence[float],
    y: float,
    sigma: Callable[[complex], complex],
    error_at: str,
) -> dict[str, Any]:
    formulas: dict[str, Formula] = {"y": _constant(y)}
    formulas |= {f"a^1_{k}": _constant(value) for k, value in enumerate(x, start=1)}
    shapes = {layer: np.shape(w) for layer, w in weights.items()}
    for layer, (rows, columns) in shapes.items():
        for j, k in product(range(1, rows + 1), range(1, columns + 1)):
            formulas[f"w^{layer}_{j}{k}"] = _constant(weights[layer][j - 1][k - 1])
        for j in range(1, rows + 1):
            formulas[f"b^{layer}_{j}"] = _constant(biases[layer][j - 1])
            formulas[f"z^{layer}_{j}"] = lambda v, layer=layer, j=j, n=columns: (
                sum(v[f"w^{layer}_{j}{k}"] * v[f"a^{layer - 1}_{k}"] for k in range(1, n + 1)) + v[f"b^{layer}_{j}"]
            )
            formulas[f"a^{layer}_{j}"] = lambda v, layer=layer, j=j: sigma(v[f"z^{layer}_{j}"])
    last = max(shapes)
    formulas["C"] = lambda v: (v["y"] - v[f"a^{last}_1"]) ** 2 / 2
    table = _with_slopes(formulas)
    table["a^1"] = np.array(x, dtype=float)[:, None]
    for layer, (rows, _) in shapes.items():
        for j in range(1, rows + 1):
            table[rf"\delta^{layer}_{j}"] = table[rf"\partialC/\partial{error_at}^{layer}_{j}"]
        for letter in ("a", "z", "b", r"\delta"):
            table[f"{letter}^{layer}"] = np.array([[table[f"{letter}^{layer}_{j}"]] for j in range(1, rows + 1)])
        table[f"w^{layer}"] = np.array(weights[layer], dtype=float)
    return table


def linear(y: float = -1) -> dict[str, Any]:
    """Return the table of the 2-2-2-1 network: δ is ∂C/∂a."""
    weights = {2: [[1, -1], [2, 1]], 3: [[2, 1], [-1, 1]], 4: [[3, -1]]}
    biases = {layer: [0] * len(w) for layer, w in weights.items()}
    return _network(weights, biases, [1, 2], y, lambda z: z, "a")


def by_hand(x: Sequence[float] = (0, 1), y: float = 1) -> dict[str, Any]:
    """Return the table of the 2-2-1 network: δ is ∂C/∂z."""
    return _network(SIGMOID_WEIGHTS, SIGMOID_BIASES, x, y, lambda z: 1 / (1 + np.exp(-z)), "z")
