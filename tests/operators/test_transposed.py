"""The transpose of an operator: every product changes sides, and structure is kept."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

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
)
from bpframe.errors import BatchCoupledError, OperatorError
from bpframe.structures import BatchMatMul, DiagonalBlocks, RankOne, Transposed, transposed
from tests.components.centred import MeanRemoved

from .examples import BATCH, NAMES, examples

rng = np.random.default_rng(0)


class CumulativeDiagonal(Diagonal):
    """A stranger's subclass, which multiplies otherwise than its parent and is not symmetric."""

    def jvp(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return np.cumsum(v * self.d, axis=-1)

    def vjp(self, u: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return self.d * np.cumsum(u[..., ::-1], axis=-1)[..., ::-1]


@pytest.mark.parametrize("name", NAMES)
def test_products_change_sides(name: str) -> None:
    operator = examples()[name]
    other = transposed(operator)
    other.check(BATCH)
    assert (other.in_shape, other.out_shape) == (operator.out_shape, operator.in_shape)
    assert (other.batch, other.couples_batch) == (operator.batch, operator.couples_batch)
    for stack in ((), (2,)):
        v, u = (rng.standard_normal((*stack, BATCH, *shape)) for shape in (operator.in_shape, operator.out_shape))
        np.testing.assert_allclose(other.jvp(u), operator.vjp(u), rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(other.vjp(v), operator.jvp(v), rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(transposed(other).jvp(v), operator.jvp(v), rtol=1e-13, atol=1e-13)
    split = 1 + len(operator.out_shape)
    dense = operator.dense()
    moved = np.moveaxis(dense, range(1, split), range(dense.ndim - split + 1, dense.ndim))
    np.testing.assert_allclose(other.dense(), moved, rtol=1e-13, atol=1e-13)
    sparse = [each.sparse(BATCH, np.float64).toarray() for each in (other, operator)]
    np.testing.assert_allclose(sparse[0], sparse[1].T, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("operator", "kind"),
    [
        (IdentityMap(), IdentityMap),
        (Diagonal(np.ones((3, 4))), Diagonal),
        (Reshape().bind((2, 3), (6,)), Reshape),
        (Matrix(np.ones((2, 4))), Matrix),
        (RankOne(np.ones((3, 2)), np.ones((3, 4))), RankOne),
        (DiagonalBlocks([[np.ones((3, 2)), None]]), DiagonalBlocks),
        (BatchMatMul(np.ones((3, 2, 4)), "left"), BatchMatMul),
        (BatchMatMul(np.ones((3, 2, 4)), "right", transpose=True), BatchMatMul),
        (Composed((Diagonal(np.ones((3, 2))), Matrix(np.ones((2, 4))))), Composed),
        (Sum((Diagonal(np.ones((3, 2))), Matrix(np.ones((2, 2))))), Sum),
        (BatchMatrix(np.ones((3, 2, 4))), Transposed),
        (Gather(np.array([[0, 1]]), (3,)), Transposed),
        (WeightTimes(np.ones((3, 4))), Transposed),
        (Broadcast(), Transposed),
        (CumulativeDiagonal(np.ones((3, 4))), Transposed),
    ],
)
def test_structure_is_kept_where_a_class_has_the_transpose(operator: Operator, kind: type) -> None:
    assert type(transposed(operator)) is kind
    assert type(transposed(transposed(operator))) is type(operator)


def test_a_view_gives_its_operator_back() -> None:
    gather = Gather(np.array([[0, 1]]), (3,))
    assert transposed(transposed(gather)) is gather
    symmetric = Diagonal(np.ones((3, 4)))
    assert transposed(symmetric) is symmetric


def test_a_chain_and_its_transpose_join_in_the_middle() -> None:
    """Jᵀ D J of a layer: the diagonals become one, so that the chain has three factors."""
    layer = compose(Diagonal(rng.standard_normal((3, 2))), Matrix(rng.standard_normal((2, 4))))
    product = compose(transposed(layer), Diagonal(rng.standard_normal((3, 2))), layer)
    assert product.structure == "matrix ∘ diagonal ∘ matrix"
    dense = product.dense()
    np.testing.assert_allclose(dense, dense.swapaxes(1, 2), rtol=1e-12, atol=1e-14)


def test_gathers_and_reshapes_join_from_the_other_side_too() -> None:
    outer, inner = Gather(np.array([[0, -1]]), (3,)), Gather(np.array([[1, 1, 2]]), (4,))
    both = compose(transposed(inner), transposed(outer))
    assert isinstance(both, Transposed)
    assert type(both.operator) is Gather
    np.testing.assert_array_equal(both.dense()[0], compose(outer, inner).dense()[0].T)
    folded = compose(transposed(outer), Reshape().bind((2, 1), (2,)))
    assert folded.structure == "transposed gather"
    assert (folded.in_shape, folded.out_shape) == ((2, 1), (3,))
    unfolded = compose(Reshape().bind((3,), (3, 1)), transposed(outer))
    assert unfolded.structure == "transposed gather"
    np.testing.assert_array_equal(unfolded.dense()[0, :, 0], outer.dense()[0].T)


def test_an_unbound_view_gets_its_shapes_from_its_neighbours() -> None:
    spread = transposed(Broadcast())
    chain = compose(Matrix(np.ones((2, 4))), spread).bind((3, 4), (2,))
    np.testing.assert_array_equal(chain.jvp(np.ones((1, 3, 4))), [[12.0, 12.0]])
    assert not spread._is_bound()
    with pytest.raises(OperatorError, match="does not know its in_shape"):
        spread.in_shape  # noqa: B018
    bound = transposed(Gather(np.array([[0, 1]]))).bind((2,), (5,))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(bound)).jvp(np.ones((1, 2))), [[1.0, 1, 0, 0, 0]])


def test_what_the_operator_refuses_its_view_refuses() -> None:
    with pytest.raises(OperatorError, match="outside its input"):
        transposed(Gather(np.array([[0, 7]]), (3,))).check(1)
    view = Transposed(Gather(np.array([[0, 1]]), (3,)))
    view.in_shape, view.out_shape = (2,), (4,)
    with pytest.raises(OperatorError, match="'transposed gather' does not fit its shapes") as caught:
        view.check(1)
    assert (caught.value.expected[:12], caught.value.received) == ("(2,) -> (3,)", "(2,) -> (4,)")
    with pytest.raises(OperatorError, match="does not hold this batch"):
        transposed(BatchMatrix(np.ones((4, 2, 3)))).check(5)


def test_coupling_and_costs_are_the_operators() -> None:
    coupled = MeanRemoved().bind((2,), (2,))
    view = transposed(coupled)
    assert view.couples_batch
    with pytest.raises(BatchCoupledError, match="MeanRemoved"):
        view.dense()
    np.testing.assert_allclose(view.joint_dense(3), coupled.joint_dense(3).T, atol=1e-15)
    weights = WeightTimes(np.ones((5, 7, 3))).bind((2, 3), (7, 2))
    for operator in (weights, Gather(np.zeros((5, 2), int), (9,)), add(weights, weights)):
        other = transposed(operator)
        assert (other.cost, other.dense_cost) == (operator.cost, operator.dense_cost)
