"""What holds for any operator: shapes, checks, costs, roots, SciPy's view, and operators that strangers write."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from bpframe.core.operators import (
    BatchMatrix,
    Broadcast,
    Composed,
    Diagonal,
    Gather,
    IdentityMap,
    Matrix,
    Operator,
    Reshape,
    Sum,
    WeightTimes,
    add,
    compose,
    dense_operator,
)
from bpframe.errors import BatchCoupledError, OperatorError
from bpframe.structures import BatchMatMul, RankOne
from tests.components.centred import MeanRemoved

from .oracle import jacobian
from .strategies import KINDS, batches, operators

DIAGONAL = Diagonal(np.ones((5, 2))).bind((2,), (2,))


class Cumulative(Operator):
    """y_i = x_1 + ... + x_i, the way a stranger would write it."""

    def jvp(self, v, out=None):
        return np.cumsum(v, axis=-1)

    def vjp(self, u, out=None):
        return np.cumsum(u[..., ::-1], axis=-1)[..., ::-1]


TO_TWO = Cumulative().bind((3,), (2,))


def test_an_operator_with_two_methods_gets_the_rest():
    operator = Cumulative().bind((3,), (3,))
    lower = np.tril(np.ones((3, 3)))
    u = np.arange(12.0).reshape(2, 2, 3)
    np.testing.assert_array_equal(operator.dense(), lower[None])
    np.testing.assert_array_equal(operator.joint_dense(2), np.kron(np.eye(2), lower))
    np.testing.assert_array_equal(operator.sum_vjp(u), u.sum(axis=1) @ lower)
    np.testing.assert_array_equal(operator.shared_jvp(u[0], 4), np.repeat((u[0] @ lower.T)[:, None], 4, axis=1))
    assert (operator.batch, operator.cost, operator.structure, operator.couples_batch) == (None, 9, "Cumulative", False)
    operator.check(7)
    view = operator.as_linear_operator(2)
    np.testing.assert_array_equal(view @ np.eye(6), np.kron(np.eye(2), lower))
    d = Diagonal(np.array([[1.0, 2.0, 3.0]]))
    np.testing.assert_array_equal(compose(d, operator).dense()[0], np.diag([1.0, 2.0, 3.0]) @ lower)
    np.testing.assert_array_equal(add(d, operator).dense()[0], np.diag([1.0, 2.0, 3.0]) + lower)
    assert compose(IdentityMap(), operator) is operator


def test_writing_out_costs_what_the_parts_cost_where_all_know_it():
    known = Diagonal(np.ones((5, 3))), RankOne(np.ones((5, 3)), np.ones((5, 3))).bind((3,), (3,))
    assert [each.dense_cost for each in known] == [0, 9]
    held = IdentityMap().bind((3,), (3,)), Reshape().bind((4, 3), (12,)), BatchMatrix(np.ones((5, 2, 3)))
    assert [each.dense_cost for each in held] == [0, 0, 0]
    assert Sum(known).bind((3,), (3,)).dense_cost == 9
    for terms in ((*known, Cumulative()), (Cumulative(), *known)):
        assert Sum(terms).bind((3,), (3,)).dense_cost is None


def test_batch_coupling_is_refused_by_name_and_inherited():
    coupled = MeanRemoved().bind((2,), (2,))
    for operator in (coupled, compose(Diagonal(np.ones((3, 2))), coupled), add(Matrix(np.eye(2)), coupled)):
        assert operator.couples_batch
        with pytest.raises(BatchCoupledError, match="MeanRemoved"):
            operator.dense()
    assert not compose(Matrix(np.eye(2)), Diagonal(np.ones((3, 2)))).couples_batch
    assert not add(Matrix(np.eye(2)), Diagonal(np.ones((3, 2)))).couples_batch
    np.testing.assert_allclose(coupled.joint_dense(3), np.kron(np.eye(3) - 1 / 3, np.eye(2)), atol=1e-15)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=15)
@given(data=st.data(), batch=batches.filter(bool), dtype=st.sampled_from([np.float64, np.complex128]))
def test_scipy_sees_the_dense_matrix_and_its_adjoint(kind, data, batch, dtype):
    operator = data.draw(operators(kind, batch, dtype=dtype))
    j = jacobian(operator, batch)
    whole = np.zeros((batch, j.shape[1], batch, j.shape[2]), dtype=complex)
    for n in range(batch):
        whole[n, :, n, :] = j[n]
    whole = whole.reshape(batch * j.shape[1], batch * j.shape[2])
    view = operator.as_linear_operator(batch, dtype)
    assert view.shape == whole.shape
    assert view.dtype == dtype
    g = np.random.default_rng(0)
    x = g.standard_normal((whole.shape[1], 3)).astype(dtype)
    y = (g.standard_normal((whole.shape[0], 3)) + (1j if dtype is np.complex128 else 0)).astype(dtype)
    for actual, expected in (
        (view @ x, whole @ x),
        (view @ x[:, 0], whole @ x[:, 0]),
        (view.H @ y, whole.conj().T @ y),
        (view.H @ y[:, 0], whole.conj().T @ y[:, 0]),
    ):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12 * max(np.abs(expected).max(initial=0), 1))


def test_scipy_solves_with_the_view():
    g = np.random.default_rng(0)
    operator = compose(Diagonal(g.uniform(1, 2, (3, 6))), Matrix(g.standard_normal((6, 4))))
    view, dense = operator.as_linear_operator(), operator.joint_dense(3)
    right = g.standard_normal(18)
    solution = scipy.sparse.linalg.lsmr(view, right, atol=1e-13, btol=1e-13)[0]
    np.testing.assert_allclose(solution, np.linalg.lstsq(dense, right)[0], rtol=1e-5)
    _, values, _ = scipy.sparse.linalg.svds(view, k=2)
    np.testing.assert_allclose(np.sort(values), np.sort(np.linalg.svd(dense)[1])[-2:], rtol=1e-9)
    assert Diagonal(np.ones((1, 2), np.float32)).as_linear_operator().dtype == np.float32


@pytest.mark.parametrize(
    ("operator", "cost", "structure", "batch"),
    [
        (IdentityMap().bind((4,), (4,)), 0, "identity", None),
        (Reshape().bind((4, 3), (12,)), 0, "reshape", None),
        (Diagonal(np.ones((5, 4, 3))), 12, "diagonal", 5),
        (Diagonal(np.ones((1, 4, 3))), 12, "diagonal", None),
        (Diagonal(np.ones((5, 4, 1))).bind((4, 3), (4, 3)), 12, "diagonal", 5),
        (Matrix(np.ones((2, 3))), 6, "matrix", None),
        (Matrix(np.ones((2, 3))).bind((7, 3), (7, 2)), 42, "matrix", None),
        (BatchMatrix(np.ones((5, 2, 3))), 6, "batch matrix", 5),
        (BatchMatrix(np.ones((1, 2, 3, 4)), out_ndim=1), 24, "batch matrix", None),
        (WeightTimes(np.ones((5, 7, 3))).bind((2, 3), (7, 2)), 42, "weight times", 5),
        (BatchMatMul(np.ones((5, 2, 3)), "left").bind((3, 4), (2, 4)), 24, "batch matmul", 5),
        (BatchMatMul(np.ones((1, 1, 3, 4)), "right").bind((7, 2, 3), (7, 2, 4)), 7 * 24, "batch matmul", None),
        (Broadcast().bind((3,), (7, 3)), 21, "broadcast", None),
        (Gather(np.zeros((5, 2, 2), int)).bind((9,), (2, 2)), 4, "gather", 5),
        (compose(Diagonal(np.ones((5, 2))), Matrix(np.ones((2, 3)))), 8, "diagonal ∘ matrix", 5),
        (add(Diagonal(np.ones((5, 2))), Matrix(np.ones((2, 2)))), 6, "diagonal + matrix", 5),
    ],
)
def test_cost_structure_and_batch(operator, cost, structure, batch):
    assert operator.cost == cost
    assert operator.structure == structure
    assert operator.batch == batch


@pytest.mark.parametrize(
    ("operator", "in_shape", "out_shape"),
    [
        (Diagonal(np.ones((5, 4, 3))), (4, 3), (4, 3)),
        (Diagonal(np.ones((5, 4, 1))), (4, 1), (4, 1)),
        (Diagonal(np.ones((5, 4, 1))).bind((4, 3), (4, 3)), (4, 3), (4, 3)),
        (compose(Matrix(np.ones((2, 3))), Diagonal(np.ones((5, 4, 1))), Diagonal(np.ones((5, 4, 3)))), (4, 3), (4, 2)),
        (compose(Diagonal(np.ones((5, 4, 1))), Diagonal(np.ones((1, 1, 3)))), (4, 3), (4, 3)),
        (add(Diagonal(np.ones((5, 1, 3))), Diagonal(np.ones((1, 4, 1)))), (4, 3), (4, 3)),
        (Matrix(np.ones((2, 3))), (3,), (2,)),
        (BatchMatrix(np.ones((5, 2, 3))), (3,), (2,)),
        (BatchMatrix(np.ones((5, 2, 3, 4)), out_ndim=2), (4,), (2, 3)),
        (BatchMatrix(np.ones((5, 4)), out_ndim=0), (4,), ()),
        (Gather(np.ones((5, 2), int), (9,)), (9,), (2,)),
        (Composed((Matrix(np.ones((2, 3))), Matrix(np.ones((3, 4))))), (4,), (2,)),
        (Composed((Reshape(), Diagonal(np.ones((5, 4))), Reshape())).bind((2, 2), (4, 1)), (2, 2), (4, 1)),
        (Sum((IdentityMap(), Diagonal(np.ones((5, 4))))), (4,), (4,)),
        (Sum((BatchMatrix(np.ones((5, 2, 3, 4))), Gather(np.zeros((5, 2), int)))), (3, 4), (2,)),
    ],
)
def test_shapes_follow_from_the_arrays(operator, in_shape, out_shape):
    assert (operator.in_shape, operator.out_shape) == (in_shape, out_shape)
    assert repr(operator) == f"<{operator.structure}: {in_shape} -> {out_shape}>"
    for again in (copy.copy(operator), pickle.loads(pickle.dumps(operator))):
        assert (again.in_shape, again.out_shape) == (in_shape, out_shape)


@pytest.mark.parametrize(
    "operator",
    [IdentityMap(), Broadcast(), Reshape(), WeightTimes(np.ones((2, 3))), Gather(np.zeros((2, 3), int))]
    + [BatchMatrix(np.ones((5, 2, 3, 4))), Cumulative(), Composed((Reshape(), Reshape())), Sum((IdentityMap(),))],
)
def test_an_open_shape_says_to_bind(operator):
    with pytest.raises(OperatorError, match="does not know its in_shape") as caught:
        operator.in_shape  # noqa: B018
    assert "bind(in_shape, out_shape)" in caught.value.hint
    assert "?" in repr(operator)
    assert not hasattr(operator, "anything_else")


@pytest.mark.parametrize(
    ("operator", "problem", "expected", "received"),
    [
        (IdentityMap().bind((3,), (4,)), "'identity' cannot change the shape", "(3,)", "(4,)"),
        (Diagonal(np.ones((5, 3))).bind((4,), (4,)), "'diagonal' has a d", "(N, *(4,))", "(5, 3)"),
        (Diagonal(np.ones((5, 1))).bind((4, 3), (4, 3)), "'diagonal' has a d", "(N, *(4, 3)), or 1", "(5, 1)"),
        (Diagonal(np.ones((5, 2, 1))).bind((4, 3), (4, 3)), "'diagonal' has a d", "(N, *(4, 3)), or 1", "(5, 2, 1)"),
        (Diagonal(np.ones((5, 1, 3))).bind((1, 3), (4, 3)), "'diagonal' has a d", "both the same", "(5, 1, 3)"),
        (Diagonal(np.ones((4, 3))), "does not hold this batch", "5 examples", "4 examples"),
        (Diagonal([1.0, 2.0]).bind((2,), (2,)), "needs an array as d", "array", "list"),
        (Diagonal(np.ones(())).bind((), ()), "too few axes in d", "at least 1", "0 axes"),
        (Matrix(np.ones((3, 2))).bind((3,), (2,)), "'matrix' does not fit", "(*lead, n)", "(3, 2)"),
        (Matrix(np.ones((2, 3))).bind((7, 3), (2,)), "'matrix' does not fit", "(7, 3)", "(2, 3)"),
        (Matrix(np.ones(3)).bind((3,), (2,)), "too few axes in w", "at least 2", "1 axes"),
        (Matrix(np.ones((2, 2, 3))).bind((3,), (2,)), "'matrix' does not fit", "(m, n)", "(2, 2, 3)"),
        (Matrix(np.ones((1, 1))).bind((), ()), "'matrix' does not fit", "()", "(1, 1)"),
        (BatchMatrix(np.ones((5, 3, 2))).bind((3,), (2,)), "has a j", "(N, *(2,), *(3,))", "(5, 3, 2)"),
        (WeightTimes(np.ones((5, 4))).bind((2, 3), (2,)), "has an a", "(N, *lead, n)", "(5, 4)"),
        (WeightTimes(np.ones((5, 3))).bind((3,), (2,)), "has an a", "(m, n)", "(5, 3)"),
        (BatchMatMul(np.ones((5, 3)), "left").bind((3, 4), (5, 4)), "too few axes in m", "at least 3", "2 axes"),
        (BatchMatMul(np.ones((5, 2, 3)), "left").bind((2, 4), (3, 4)), "has an m", "m V (3, 4)", "(5, 2, 3)"),
        (BatchMatMul(np.ones((5, 2, 3)), "left", True).bind((3, 4), (2, 4)), "has an m", "m Vᵀ (2, 4)", "(5, 2, 3)"),
        (BatchMatMul(np.ones((5, 2, 3)), "right").bind((4, 3), (4, 3)), "has an m", "V m (4, 3)", "(5, 2, 3)"),
        (BatchMatMul(np.ones((5, 2, 3)), "left").bind((3,), (2,)), "has an m", "V (3,)", "(5, 2, 3)"),
        (BatchMatMul(np.ones((5, 2, 3)), "left").bind((7, 3, 4), (7, 2, 4)), "has an m", "(7, 3, 4)", "(5, 2, 3)"),
        (BatchMatMul(np.ones((5, 6, 2, 3)), "left").bind((7, 3, 4), (7, 2, 4)), "has an m", "(7, 3, 4)", "6, 2, 3)"),
        (BatchMatMul(np.ones((4, 2, 3)), "left").bind((3, 4), (2, 4)), "does not hold", "5 examples", "4 examples"),
        (BatchMatMul([[[1.0]]], "left").bind((1, 1), (1, 1)), "needs an array as m", "array", "list"),
        (Broadcast().bind((3,), (3, 4)), "cannot repeat", "(*lead, 3)", "(3, 4)"),
        (Broadcast().bind((2, 3), (3,)), "cannot repeat", "(*lead, 2, 3)", "(3,)"),
        (Reshape().bind((3,), (2, 2)), "number of entries", "3 entries", "4 entries"),
        (Gather(np.array([[0, 4]])).bind((4,), (2,)), "outside its input", "from -1 (zero) to 3", "4"),
        (Gather(np.array([[0, -2]])).bind((4,), (2,)), "outside its input", "from -1 (zero) to 3", "-2"),
        (Gather(np.array([[0.0, 1.0]])).bind((4,), (2,)), "index of integers", "signed integer", "float64"),
        (Gather(np.zeros((5, 2), np.uint8)).bind((4,), (2,)), "index of integers", "signed integer", "uint8"),
        (Gather(np.zeros((5, 3), int)).bind((4,), (2,)), "has an index", "(N, *(2,))", "(5, 3)"),
        (Composed((IdentityMap(), Matrix(np.ones((3, 2))))).bind((2,), (2,)), "'identity' cannot", "(3,)", "(2,)"),
        (Composed((Matrix(np.eye(3)).bind((3,), (3,)), DIAGONAL)).bind((2,), (3,)), "neighbours in", "(3,)", "(2,)"),
        (Sum((Diagonal(np.ones((5, 3))), IdentityMap())).bind((2,), (2,)), "neighbours in", "(2,)", "(3,)"),
        (Sum((TO_TWO, Cumulative().bind((3,), (4,)))), "neighbours in", "output shape (2,)", "output shape (4,)"),
        (Sum((TO_TWO, Cumulative().bind((4,), (2,)))), "neighbours in", "input shape (3,)", "input shape (4,)"),
    ],
)
def test_check_says_what_was_expected_and_what_arrived(operator, problem, expected, received):
    with pytest.raises(OperatorError) as caught:
        operator.check(5)
    assert problem in caught.value.problem
    assert expected in caught.value.expected
    assert received in caught.value.received


def test_check_sees_a_transposed_matrix():
    with pytest.raises(OperatorError) as caught:
        Matrix(np.ones((3, 2))).bind((3,), (2,)).check(1)
    assert "transposed" in caught.value.hint


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=15)
@given(data=st.data(), batch=batches)
def test_check_accepts_what_fits(kind, data, batch):
    data.draw(operators(kind, batch)).check(batch)


def test_plain_arrays_become_dense_operators():
    per_example, shared = np.arange(24.0).reshape(2, 3, 4), np.arange(12.0).reshape(3, 4)
    for array, batch in ((per_example, 2), (shared, None)):
        operator = dense_operator(array, (4,), (3,))
        operator.check(2)
        assert (type(operator), operator.batch) == (BatchMatrix, batch)
        np.testing.assert_array_equal(operator.dense(), array.reshape(-1, 3, 4))
    np.testing.assert_array_equal(dense_operator(np.ones((2, 4)), (4,), ()).jvp(np.ones((2, 4))), [4.0, 4.0])


@pytest.mark.parametrize(
    ("array", "received", "hint"),
    [
        (np.ones((4, 3)), "(4, 3)", "transpose"),
        (np.ones((2, 4, 3)), "(2, 4, 3)", "transpose"),
        (np.ones((3, 5)), "(3, 5)", None),
        (np.ones((2, 2, 3, 4)), "(2, 2, 3, 4)", None),
        ([[1.0]], "list", None),
    ],
)
def test_arrays_that_are_no_jacobian_are_refused(array, received, hint):
    with pytest.raises(OperatorError) as caught:
        dense_operator(array, (4,), (3,))
    assert "(N, 3, 4)" in caught.value.expected
    assert "(3, 4)" in caught.value.expected
    assert received == caught.value.received
    assert (hint in caught.value.hint) if hint else caught.value.hint is None


def test_roots():
    d = np.array([[4.0, 0.0], [9.0, 2.0]], dtype=np.float32)
    root = Diagonal(d).root()
    assert root.d.dtype == np.float32
    np.testing.assert_allclose(root.vjp(root.jvp(np.ones((2, 2), np.float32))), d, rtol=1e-6)
    identity = IdentityMap().bind((3,), (3,))
    assert identity.root() is identity
    np.testing.assert_allclose(add(identity, identity).root().d, np.full((1, 3), 2**0.5), rtol=1e-15)
    with pytest.raises(OperatorError, match="no real root") as caught:
        Diagonal(-d).root()
    assert "-9.0" in caught.value.received
    with pytest.raises(OperatorError, match="no real root"):
        Diagonal(d * 1j).root()
    with pytest.raises(OperatorError, match="'matrix' has no known root"):
        Matrix(np.eye(2)).root()


def test_construction_only_stores():
    """A training step builds every operator anew: anything goes in, and `check` looks at it."""
    for kind in (Diagonal, Matrix, BatchMatrix, WeightTimes, Gather, Composed, Sum):
        thing = object()
        operator = kind(thing)
        assert thing in [getattr(operator, slot) for slot in type(operator).__slots__ if hasattr(operator, slot)]
        assert not hasattr(operator, "__dict__")


def test_terms_of_a_sum_that_was_never_bound_are_not_broadcast():
    unbound = Sum((Matrix(np.ones((2, 3))), Matrix(np.ones((1, 3)))))
    with pytest.raises(OperatorError, match="different shapes"):
        unbound.jvp(np.ones((5, 3)))


def test_a_sum_that_nobody_bound_writes_out_its_terms_in_one_shape():
    rank_one, matrix = RankOne(np.array([[[1.0, 2.0]]]), np.array([[[3.0]]])), Matrix(np.array([[4.0], [5.0]]))
    total = add(rank_one, matrix)
    np.testing.assert_array_equal(total.dense(), np.array([7.0, 11.0]).reshape(1, *total.out_shape, *total.in_shape))
    with pytest.raises(OperatorError, match="does not fit its shapes"):
        add(matrix, rank_one).dense()
