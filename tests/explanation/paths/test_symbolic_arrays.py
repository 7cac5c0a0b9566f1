"""NumPy on arrays of symbolic numbers: the same numbers as on floats, and formulas that come to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

from bpframe.explanation.paths.expansion.expression import symbol
from bpframe.explanation.paths.expansion.symbolic_array import symbolic
from bpframe.explanation.paths.expansion.symbolic_number import Comparison, SymbolicNumber
from bpframe.explanation.paths.expansion.sympy_form import SympyForm

POINT = np.array([[0.3, -0.7, 0.9], [-0.2, 0.5, 0.4]])


def with_symbols(array: np.ndarray, name: str = "x") -> tuple[Any, dict[str, float]]:
    """Return an array of symbols, and what each of them is."""
    decided: list[Comparison] = []
    numbers = {f"{name}{place}": float(value) for place, value in enumerate(array.reshape(-1))}
    found = np.empty(array.size, object)
    found[:] = [SymbolicNumber(value, symbol(each), decided) for each, value in numbers.items()]
    return symbolic(found.reshape(array.shape), decided), numbers


def added_at(x: Any) -> Any:
    found = np.zeros_like(x)
    np.add.at(found, (np.array([0, 0, 1]), np.array([1, 1, 2])), x[0])
    return found


def in_place(x: Any) -> Any:
    out = np.empty_like(x)
    np.minimum(x, 0, out=out)
    np.expm1(out, out=out)
    out *= 2
    return np.where(x > 0, x, out)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sums": lambda x: x.sum(axis=1) + np.add.reduce(x, axis=0).mean() - np.mean(x),
    "products": lambda x: x @ x.T + np.dot(x, x.T) + np.einsum("ij,kj->ik", x, x),
    "powers": lambda x: x**2 + np.square(x) - np.power(x, 3) + 2**x + np.abs(x) ** 0.5,
    "powers of one another": lambda x: np.abs(x) ** x,
    "quotients": lambda x: 1 / x + x / 3 - np.reciprocal(x) + np.divide(x, x.T[:, :1].T + 2),
    "signs": lambda x: np.abs(x) + np.sign(x) - np.negative(x) + np.positive(x) + np.conjugate(x),
    "exponentials": lambda x: np.exp(x) + np.expm1(x) + np.log(np.abs(x)) + np.log1p(x) + np.logaddexp(x, 2 * x),
    "angles": lambda x: np.sin(x) + np.cos(x) + np.tan(x) + np.arcsin(x) + np.arccos(x) + np.arctan(x),
    "hyperbolic": lambda x: np.sinh(x) + np.cosh(x) + np.tanh(x) + np.arcsinh(x) + np.arctanh(x) + np.hypot(x, 1),
    "of SciPy": lambda x: scipy.special.erf(x) + scipy.special.erfc(x) * 2 + scipy.special.ndtr(x)
    + scipy.special.expit(x),
    "branches": lambda x: np.maximum(x, 0.1) + np.clip(x, -0.5, 0.5) + np.where(x < 0, x, 2 * x),
    "largest": lambda x: np.exp(x - x.max(axis=1, keepdims=True)) * np.argmax(x, axis=1)[:, None],
    "sorted": lambda x: np.sort(x, axis=1) * np.array([1.0, 2.0, 3.0]),
    "counted": lambda x: np.log((x == x.max(axis=1, keepdims=True)).sum(axis=1, dtype=x.dtype) + 1) + x[:, 0],
    "in place": in_place,
    "added at places": added_at,
    "added in parts": lambda x: np.add.reduceat(x, [0, 2], axis=1),
    "finite": lambda x: np.where(np.isfinite(x) & ~np.isnan(x) & ~np.isinf(x), x, 0),
    "joined": lambda x: np.concatenate([x, np.stack([x[1], x[0]])]).reshape(2, 6).swapaxes(0, 1),
    "variance": lambda x: (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5),
    "truth as numbers": lambda x: x * (x > 0) + (x > 0.4).astype(x.dtype) * x,
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numbers_and_formulas_are_what_numpy_computes(name: str) -> None:
    x, numbers = with_symbols(POINT)
    found, expected = FUNCTIONS[name](x), FUNCTIONS[name](POINT)
    assert np.shape(found) == np.shape(expected)
    for each, value in zip(np.ravel(np.asarray(found, object)), np.ravel(expected), strict=True):
        plain = not isinstance(each, SymbolicNumber)
        assert (each if plain else each.value) == pytest.approx(value, rel=1e-13, abs=1e-15)
        if not plain:
            form = SympyForm(each.expression)
            assert form.at([form.expression], numbers)[0] == pytest.approx(value, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(
    "function", [float, int, lambda x: np.array(x, float), lambda x: np.floor(symbolic(np.array([x], object), []))]
)
def test_what_would_forget_the_formula_is_refused(function: Callable[[Any], Any]) -> None:
    x, _ = with_symbols(POINT)
    with pytest.raises((TypeError, ValueError)):
        function(x[0, 0])


def test_comparisons_are_kept_as_they_came_out() -> None:
    x, _ = with_symbols(POINT)
    np.maximum(x[0], 0)
    decided = [(left.name, sign, right.value) for left, sign, right in x.decided]
    assert decided == [("x0", ">=", 0.0), ("x1", "<", 0.0), ("x2", ">=", 0.0)]
    assert bool(x[0, 0]) is True
    assert x.decided[-1][1] == "!="
