"""Each sentence of the diagnosis, said of a written-out Jacobian that is false in just this way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from bpframe.extend import Array, BatchMatrix, Layer, Operator
from bpframe.testing import check_component

W = np.array([[1.5, 2.0, -1.0], [0.7, -0.6, 2.2], [-1.8, 0.9, 1.1]])
ONE = np.eye(3)


class Bent(Layer):
    """y = W x + x²/4 ⊙ W x: a Jacobian of its own for every example, not symmetric, without zeros."""

    change: ClassVar[Callable[[Array, Array], Array]] = staticmethod(lambda j, x: j)

    def forward(self, x: Array) -> Array:
        return value(x)

    def jacobian(self, x: Array) -> Operator:
        j = (1 + x**2 / 4)[:, :, None] * W + ONE * (x / 2 * (x @ W.T))[:, :, None]
        return BatchMatrix(np.ascontiguousarray(type(self).change(j, x)))


def value(x: Array) -> Array:
    return x @ W.T * (1 + x**2 / 4)


def told(change: Callable[[Array, Array], Array]) -> str:
    false = type("Bent", (Bent,), {"change": staticmethod(change)})
    report = check_component(false(), ((3,),), only=["jacobian"])
    return " ".join(str(each.diagnosis) for each in report.failed)


def off_diagonal(j: Array, factor: float) -> Array:
    return np.where(ONE == 1, j, factor * j)


SENTENCES: dict[str, tuple[Callable[[Array], Any], str]] = {
    "transposed": (
        lambda j: j.swapaxes(1, 2),
        "transposed: the declared Jacobian is the transpose of the measured one",
    ),
    "transposed and negative": (lambda j: -j.swapaxes(1, 2), "transposed, and of the wrong sign"),
    "identity missing": (lambda j: j - ONE, "the identity is missing: measured = declared + 1"),
    "identity too many": (lambda j: j + ONE, "an identity too many: measured = declared − 1"),
    "complement": (lambda j: ONE - j, "measured = 1 − declared: the complement is declared"),
    "first": (lambda j: np.repeat(j[:1], len(j), 0), "the first example's Jacobian is declared for all examples"),
    "last": (lambda j: np.repeat(j[-1:], len(j), 0), "the last example's Jacobian is declared for all examples"),
    "mean": (
        lambda j: np.repeat(j.mean(0)[None], len(j), 0),
        "the mean of the examples' Jacobians is declared for all",
    ),
    "backwards": (lambda j: j[::-1], "the examples are in another order"),
    "one on": (lambda j: np.roll(j, 1, 0), "the examples are in another order"),
    "one back": (lambda j: np.roll(j, -1, 0), "the examples are in another order"),
    "inputs reversed": (lambda j: j[:, :, ::-1], "reversed along axis 0 of 'x'"),
    "outputs reversed": (lambda j: j[:, ::-1], "reversed along axis 0 of the output"),
    "inputs shifted": (lambda j: np.roll(j, 1, 2), "shifted by one along axis 0 of 'x'"),
    "inputs shifted back": (lambda j: np.roll(j, -1, 2), "shifted by one along axis 0 of 'x'"),
    "outputs shifted": (lambda j: np.roll(j, 1, 1), "shifted by one along axis 0 of the output"),
    "outputs shifted back": (lambda j: np.roll(j, -1, 1), "shifted by one along axis 0 of the output"),
    "diagonal": (
        lambda j: j + ONE * j**2,
        "only the diagonal is wrong: a term of its own is missing there, or too many",
    ),
    "off the diagonal": (lambda j: off_diagonal(j, 3), "only the entries off the diagonal are wrong"),
    "off the diagonal, negative": (lambda j: off_diagonal(j, -1), "they have the wrong sign"),
    "diagonal alone": (lambda j: j * ONE, "a 'batch matrix' leaves out"),
    "another place": (lambda j: j.reshape(-1, 9)[:, [3, 1, 2, 0, 5, 4, 8, 7, 6]].reshape(j.shape), "wrong places"),
    "sign": (lambda j: -j, "sign"),
    "factor": (lambda j: 4 * j, "constant factor: measured/declared = 0.25"),
}


@pytest.mark.parametrize(("change", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_what_is_false_in_a_full_jacobian_is_told_in_words(change, sentence) -> None:
    assert sentence in told(lambda j, x: change(j))


def changed(j: Array, place: Any, factor: float) -> Array:
    j[place] *= factor
    return j


#: Changes that depend on x, or on the place.
PLACES: dict[str, tuple[Callable[[Array, Array], Any], str]] = {
    "entry": (lambda j, x: changed(j, np.s_[:, 1, 2], 3), "a single entry is wrong, in every example: ∂y[1]/∂x[2]"),
    "column": (lambda j, x: changed(j, np.s_[:, :, 1], 0), "only the column of x[1] is wrong: zero is declared there"),
    "column, not zero": (lambda j, x: changed(j, np.s_[:, :, 2], 3), "only the column of x[2] is wrong"),
    "row": (lambda j, x: changed(j, np.s_[:, 2], 0), "only the row of y[2] is wrong: zero is declared there"),
    "rows": (lambda j, x: changed(j, np.s_[:, ::2], 2), "only y[0:3:2] is wrong: there measured/declared = 0.5"),
    "columns": (lambda j, x: changed(j, np.s_[:, :, :2], -1), "only x[0:2] is wrong: there it has the wrong sign"),
    "below": (
        lambda j, x: np.where(x[:, None] < 0, -j, j),
        "a wrong branch: only entries with x < 0 are wrong: there it has the wrong sign",
    ),
    "above": (
        lambda j, x: np.where(x[:, None] > 0, 0, j),
        "a wrong branch: only entries with x > 0 are wrong: zero is declared there",
    ),
    "small": (
        lambda j, x: np.where(np.abs(x[:, None]) < np.median(np.abs(x)), 4 * j, j),
        "are wrong: there measured/declared = 0.25",
    ),
    "factor x": (lambda j, x: j / x[:, :, None], "a factor is missing: measured = declared × x"),
    "factor x²": (lambda j, x: j / x[:, :, None] ** 2, "a factor is missing: measured = declared × x²"),
    "factor x of the input": (lambda j, x: j / x[:, None], "a factor is missing: measured = declared × x"),
    "factor 1 − x": (lambda j, x: j / (1 - x[:, :, None]), "a factor is missing: measured = declared × (1 − x)"),
    "too many": (lambda j, x: j * x[:, :, None], "a factor too many: measured = declared / x"),
    "factor y": (lambda j, x: j / value(x)[:, :, None], "a factor is missing: measured = declared × y"),
    "of each example": (
        lambda j, x: j / np.linalg.norm(x, axis=1)[:, None, None],
        "one factor per example is missing, such as a norm or a scale",
    ),
    "of each output": (
        lambda j, x: j / np.array([2.0, 3.0, 5.0])[:, None],
        "one factor per entry of the output's last axis is missing: measured/declared = 2, 3, 5",
    ),
    "rank one": (
        lambda j, x: j - (2 + np.cos(x))[:, :, None] * (2 + np.sin(x))[:, None],
        "a term of rank one is missing",
    ),
    "some examples": (lambda j, x: changed(j, np.s_[1:3], 1.5), "only examples 1, 2 of"),
    "not finite": (lambda j, x: np.where(j > 2, np.inf, j), "declared entries are NaN or infinite"),
    "zero": (lambda j, x: 0 * j, "zero block: the declared Jacobian of 'x' is zero"),
    "size": (lambda j, x: j * 3, "which is 1/3, the size of the last axis: a mean against a sum"),
    "square": (lambda j, x: j**2 * np.sign(j), "a square too many: declared = measured²"),
    "reciprocal": (lambda j, x: 1 / j, "reciprocal: the declared entries are 1/measured"),
    "absolute": (lambda j, x: np.abs(j), "absolute value: the declared entries are right but for their sign"),
}


@pytest.mark.parametrize(("change", "sentence"), PLACES.values(), ids=PLACES)
def test_what_is_false_in_places_is_told_with_the_place(change, sentence) -> None:
    assert sentence in told(change)


#: What measured/declared is, and how it is called.
FACTORS = [
    (0.5, "1/2"), (np.pi / 180, "π/180, degrees"), (180 / np.pi, "180/π, radians"),
    (2.302585092994046, "ln 10, log10"), (0.4342944819032518, "1/ln 10, log10"),
    (0.6931471805599453, "ln 2, log2"), (1.4426950408889634, "1/ln 2, log2"),
    (2**0.5, "√2"), (2**-0.5, "1/√2"), (2.5066282746310002, "√(2π)"), (0.3989422804014327, "1/√(2π)"),
    (np.pi, "π"), (1 / np.pi, "1/π"), (-np.pi, "π"),
]  # fmt: skip


@pytest.mark.parametrize(("factor", "name"), FACTORS)
def test_a_constant_that_is_known_is_called_by_its_name(factor, name) -> None:
    sentence = told(lambda j, x: j / factor)
    assert f"measured/declared = {factor:.6g} in every entry, which is {name}" in sentence


def test_of_what_is_right_nothing_is_told() -> None:
    assert told(lambda j, x: j) == ""
