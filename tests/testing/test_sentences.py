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

    change: ClassVar[Callable[[Array], Array]] = staticmethod(lambda j: j)

    def forward(self, x: Array) -> Array:
        return x @ W.T * (1 + x**2 / 4)

    def jacobian(self, x: Array) -> Operator:
        j = (1 + x**2 / 4)[:, :, None] * W + ONE * (x / 2 * (x @ W.T))[:, :, None]
        return BatchMatrix(np.ascontiguousarray(type(self).change(j)))


def told(change: Callable[[Array], Array]) -> str:
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
    assert sentence in told(change)


def test_of_what_is_right_nothing_is_told() -> None:
    assert told(lambda j: j) == ""
