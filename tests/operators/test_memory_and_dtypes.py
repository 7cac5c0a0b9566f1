"""What an operator hands out: memory of its own where SciPy takes it over, and numbers of the operator's own dtype."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.core.operators import (
    BatchMatrix,
    Diagonal,
    Gather,
    IdentityMap,
    Matrix,
    Sum,
)
from bpframe.errors import OperatorError
from bpframe.structures import RankOne

from .examples import BATCH, NAMES, examples

every = pytest.mark.parametrize("name", NAMES)


@every
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_what_scipy_writes_into_its_results_reaches_nobody(name, dtype) -> None:
    operator = examples(dtype)[name]
    view = operator.as_linear_operator(BATCH, dtype)
    given = []
    for product, size in ((view.matvec, view.shape[1]), (view.rmatvec, view.shape[0])):
        vector = np.arange(1.0, size + 1).astype(dtype)
        given += [(product, vector), (product, vector[:, None])]
    for product, size in ((view.matmat, view.shape[1]), (view.rmatmat, view.shape[0])):
        given += [(product, np.ones((size, 3), dtype)), (product, np.ones((3, size), dtype).T)]
    for product, array in given:
        first, kept = product(array), array.copy()
        expected = first.copy()
        assert first.flags.writeable
        first[...] = np.nan
        np.testing.assert_array_equal(array, kept)
        np.testing.assert_array_equal(product(array), expected)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_dense_forms_are_of_the_dtype_of_the_operators_own_arrays(name, dtype) -> None:
    operator = examples(dtype)[name]
    has_arrays = any(isinstance(getattr(each, slot, None), np.ndarray) and getattr(each, slot).dtype.kind in "fc"
                     for each in (operator, *operator._parts)
                     for slot in ("d", "w", "j", "m", "a", "left")) or "blocks" in name  # fmt: skip
    expected = dtype if has_arrays else np.float64
    assert operator.dense().dtype == expected
    assert operator.joint_dense(BATCH).dtype == expected
    assert operator.as_linear_operator(BATCH).dtype == expected
    for like in (np.float32, np.float64):
        if not has_arrays:
            assert (
                operator.dense(np.empty(0, like)).dtype == operator.joint_dense(BATCH, np.empty(0, like)).dtype == like
            )


def test_arrays_of_integers_are_written_out_as_floating_numbers() -> None:
    for operator in (BatchMatrix(np.full((2, 3, 3), 2)), Matrix(np.full((3, 3), 2)).bind((3,), (3,)),
                     Diagonal(np.full((2, 3), 2)), RankOne(np.full((2, 3), 2), np.full((2, 3), 1))):  # fmt: skip
        assert operator.joint_dense(2).dtype == np.float64
        assert operator.as_linear_operator(2).dtype == np.float64


@pytest.mark.parametrize(
    "wrong",
    [
        BatchMatrix(np.ones((5, 2, 2))),
        Matrix(np.ones((2, 3))),
        Gather(np.array([[0, 7, 1]])),
        Diagonal([1.0, 2.0, 3.0]),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_sum_checks_each_of_its_terms(wrong, place) -> None:
    wrong = wrong.bind((3,), (3,))
    with pytest.raises(OperatorError) as alone:
        wrong.check(5)
    terms = [Diagonal(np.ones((5, 3))), IdentityMap()]
    terms.insert(place, wrong)
    with pytest.raises(OperatorError) as caught:
        Sum(tuple(terms)).bind((3,), (3,)).check(5)
    assert str(caught.value) == str(alone.value)


@pytest.mark.parametrize("place", [0, 1])
def test_a_sum_of_another_batch_is_refused_whichever_term_holds_it(place) -> None:
    terms = [Diagonal(np.ones((5, 3)))]
    terms.insert(place, BatchMatrix(np.ones((4, 3, 3))))
    with pytest.raises(OperatorError, match="'batch matrix' does not hold this batch"):
        Sum(tuple(terms)).check(5)


@pytest.mark.parametrize(
    ("left", "right", "in_shape", "out_shape", "problem"),
    [
        ((5, 2), (5, 3), (), (2,), "last axis alone"),
        ((5, 2), (5, 3), (3,), (), "last axis alone"),
        ((5, 1, 2), (5, 1, 3), (4, 3), (3, 2), "last axis alone"),
        ((5, 4, 2), (5, 1, 3), (4, 3), (2,), "last axis alone"),
        ((5, 2), (5, 1, 3), (4, 3), (4, 2), "a left that does not fit"),
        ((5, 2, 2), (5, 4, 3), (4, 3), (4, 2), "a left that does not fit"),
        ((5, 4, 1), (5, 4, 3), (4, 3), (4, 2), "a left that does not fit"),
        ((5, 4, 2), (5, 4, 1), (4, 3), (4, 2), "a right that does not fit"),
        ((5, 4, 2), (5, 3, 3), (4, 3), (4, 2), "a right that does not fit"),
        ((5, 4, 2), (5, 1, 4, 3), (4, 3), (4, 2), "a right that does not fit"),
        ((4, 2), (5, 3), (3,), (2,), "does not hold this batch"),
        ((5, 2), (2, 3), (3,), (2,), "does not hold this batch"),
    ],
)
def test_a_rank_one_of_shapes_that_do_not_fit_is_refused(left, right, in_shape, out_shape, problem) -> None:
    operator = RankOne(np.ones(left), np.ones(right)).bind(in_shape, out_shape)
    with pytest.raises(OperatorError) as caught:
        operator.check(5)
    assert problem in caught.value.problem
    if "fit" in problem:
        name, held, shape = ("left", left, out_shape) if "left" in problem else ("right", right, in_shape)
        assert caught.value.received == f"{name} of shape {held}"
        assert caught.value.expected == f"{name} of shape (N, *{shape}), for {in_shape} -> {out_shape}"


@pytest.mark.parametrize(
    ("left", "right", "problem"),
    [
        ([1.0, 2.0], np.ones((1, 2)), "an array as left"),
        (np.ones((1, 2)), [1.0, 2.0], "an array as right"),
        (np.ones(5), np.ones((5, 2)), "too few axes in left"),
        (np.ones((5, 2)), np.ones(5), "too few axes in right"),
    ],
)
def test_a_rank_one_of_something_else_than_two_arrays_is_refused(left, right, problem) -> None:
    with pytest.raises(OperatorError, match=problem):
        RankOne(left, right).bind((2,), (2,)).check(5)


@pytest.mark.parametrize("lead", [1, 4])
def test_a_rank_one_may_be_shared_by_examples_and_by_lead_axes(lead) -> None:
    for rows in (1, 5):
        operator = RankOne(np.ones((rows, lead, 2)), np.ones((5, 4, 3))).bind((4, 3), (4, 2))
        operator.check(5)
