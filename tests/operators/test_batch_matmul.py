"""Products of two matrices per example: what attention needs, and what a shared factor saves."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.core.operators import KroneckerForm, Matrix, Reshape, compose
from bpframe.errors import OperatorError
from bpframe.structures import BatchMatMul

rng = np.random.default_rng(0)


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_both_factors_of_a_product_against_the_product_rule(lead: tuple[int, ...]) -> None:
    """d(a b) = da b + a db, d(q kᵀ) = dq kᵀ + q dkᵀ, with heads as lead axes."""
    a, da, q, dq = rng.standard_normal((4, 5, *lead, 4, 6))
    b, db = rng.standard_normal((2, 5, *lead, 6, 3))
    k, dk = rng.standard_normal((2, 5, *lead, 7, 6))
    step = 1e-30j
    changed = {
        "a": (((a + step * da) @ b).imag / 1e-30, BatchMatMul(b, "right"), da),
        "b": ((a @ (b + step * db)).imag / 1e-30, BatchMatMul(a, "left"), db),
        "q": (((q + step * dq) @ k.swapaxes(-1, -2)).imag / 1e-30, BatchMatMul(k.swapaxes(-1, -2), "right"), dq),
        "k": ((q @ (k + step * dk).swapaxes(-1, -2)).imag / 1e-30, BatchMatMul(q, "left", transpose=True), dk),
    }
    for expected, operator, change in changed.values():
        operator.bind(change.shape[1:], expected.shape[1:]).check(5)
        np.testing.assert_allclose(operator.jvp(change), expected, rtol=1e-13, atol=1e-13)


def test_shapes_follow_from_one_side() -> None:
    scores = compose(BatchMatMul(np.ones((5, 2, 7, 4)), "left", transpose=True), Reshape().bind((2, 12), (2, 3, 4)))
    assert (scores.in_shape, scores.out_shape) == ((2, 12), (2, 7, 3))
    assert BatchMatMul(np.ones((5, 4, 6)), "right")._infer(None, (3, 6)) == ((3, 4), (3, 6))
    mixed = compose(Matrix(np.ones((8, 6))), BatchMatMul(np.ones((5, 4, 6)), "right").bind((3, 4), (3, 6)))
    assert mixed.out_shape == (3, 8)


def test_a_side_that_is_neither_is_refused_at_once() -> None:
    for side in ("Left", "", None, 0):
        with pytest.raises(OperatorError, match="needs the side") as caught:
            BatchMatMul(np.ones((1, 2, 2)), side)  # type: ignore[arg-type]
        assert repr(side) in caught.value.received


@pytest.mark.parametrize(("side", "transpose"), [("left", True), ("right", False)])
def test_a_shared_factor_keeps_outer_products(side: str, transpose: bool) -> None:
    """Gradients per example of a parameter in a bilinear layer are not written out."""
    m, shape = rng.standard_normal((5, 3, 3)), (3, 4) if transpose else (4, 3)
    operator = BatchMatMul(m, side, transpose).bind((4, 3), shape)  # type: ignore[arg-type]
    u = rng.standard_normal((2, 5, *operator.out_shape))
    form = operator.kronecker_form(u)
    assert isinstance(form, KroneckerForm)
    assert form.places == 3
    np.testing.assert_allclose(form.vectors(), operator.vjp(u), rtol=1e-12)


def test_the_sum_over_examples_holds_no_product_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    matmul = np.matmul

    def watched(*args: object, **kwargs: object) -> np.ndarray:
        made.append(matmul(*args, **kwargs))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(np, "matmul", watched)
    for lead in ((), (2,)):
        for side, shape in (("left", (9, 4)), ("right", (4, 9))):
            u = rng.standard_normal((50, *lead, *((9, 3) if side == "left" else (3, 9))))
            operator = BatchMatMul(rng.standard_normal((50, *lead, *shape)), side)  # type: ignore[arg-type]
            found = operator.bind((*lead, *((4, 3) if side == "left" else (3, 4))), u.shape[1:]).sum_vjp(u)
            np.testing.assert_allclose(found, operator.vjp(u).sum(axis=0), rtol=1e-12, atol=1e-12)
            assert made[-2].shape == found.shape
