"""Composition and addition: right for every pair of structures, and structure is kept where it can be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
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
)
from bpframe.errors import OperatorError
from bpframe.structures import BatchMatMul, DiagonalBlocks, Pool, RankOne, Windows

from .oracle import jacobian
from .strategies import KINDS, LEAST_IN, LEAST_OUT, batches, generators, numbers, operators, shapes

name = {"ids": lambda kind: kind.__name__}
rng = np.random.default_rng(0)


def close(actual, expected):
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12 * max(np.abs(expected).max(initial=0.0), 1.0))


def test_all_structures_are_covered():
    """Every operator class of the package takes part in the pairs below."""
    import bpframe.core.operators as heart
    import bpframe.structures as beside

    offered = [getattr(room, each) for room in (heart, beside) for each in room.__all__]
    public = {value for value in offered if isinstance(value, type) and issubclass(value, Operator)}
    assert public - {Operator} == set(KINDS)


every_pair = pytest.mark.parametrize(("outer", "inner"), list(itertools.product(KINDS, KINDS)), **name)
anything = given(data=st.data(), batch=batches, stack=st.sampled_from([(), (2,)]), g=generators())


@every_pair
@settings(max_examples=3)  # of each pair of structures
@anything
def test_composition_equals_the_product_of_dense_forms(outer, inner, data, batch, stack, g):
    check_composition(outer, inner, data, batch, stack, g)


@pytest.mark.soak
@every_pair
@settings(max_examples=50)
@anything
def test_composition_equals_the_product_of_dense_forms_many_times(outer, inner, data, batch, stack, g):
    check_composition(outer, inner, data, batch, stack, g)


def check_composition(outer, inner, data, batch, stack, g):
    least = max(LEAST_IN.get(outer, 1), LEAST_OUT.get(inner, 1))
    joint = data.draw(shapes(2, 2) if outer is WeightTimes else shapes(least, 3))
    a = data.draw(operators(outer, batch, in_shape=joint))
    b = data.draw(operators(inner, batch, out_shape=joint))
    assert type(a) is outer
    assert type(b) is inner
    both = compose(a, b)
    assert (both.in_shape, both.out_shape) == (b.in_shape, a.out_shape)
    both.check(batch)
    expected = np.einsum("noi,nij->noj", jacobian(a, batch), jacobian(b, batch))
    close(jacobian(both, batch), expected)
    dense = both.dense().reshape(-1, *expected.shape[1:])
    close(np.broadcast_to(dense, expected.shape), expected)
    v = numbers(g, (*stack, batch, *both.in_shape), np.float64)
    u = numbers(g, (*stack, batch, *both.out_shape), np.float64)
    close(both.jvp(v), a.jvp(b.jvp(v)))
    close(both.vjp(u), b.vjp(a.vjp(u)))
    close(both.sum_vjp(u), b.vjp(a.vjp(u)).sum(axis=len(stack)))


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations_with_replacement(KINDS, 2)), **name)
@settings(max_examples=4)
@given(data=st.data(), batch=batches, g=generators())
def test_addition_equals_the_sum_of_dense_forms(first, second, data, batch, g):
    in_shape, out_shape = data.draw(st.sampled_from(common_shapes(first, second)))
    a = data.draw(operators(first, batch, in_shape, out_shape))
    b = data.draw(operators(second, batch, in_shape, out_shape))
    for total in (add(a, b), add(b, a)):
        total.check(batch)
        expected = jacobian(a, batch) + jacobian(b, batch)
        close(jacobian(total, batch), expected)
        close(np.broadcast_to(total.dense().reshape(-1, *expected.shape[1:]), expected.shape), expected)
        u = numbers(g, (batch, *out_shape), np.float64)
        close(total.vjp(u), a.vjp(u) + b.vjp(u))


def common_shapes(first, second):
    """Shapes that both classes can have."""
    if WeightTimes in (first, second):
        # (m, n) -> (*lead, m) is also square for m = n and lead = (n,), which every class can have.
        return [((2, 2), (2, 2)), ((1, 1), (1, 1))]
    if {BatchMatMul, Windows, Pool} & {first, second}:
        return [((2, 3), (2, 3)), ((2, 1, 3), (2, 1, 3)), ((1, 1), (1, 1))]
    return [((3,), (3,)), ((2, 3), (2, 3)), ((1,), (1,))]


def diagonal(batch=3):
    return Diagonal(rng.standard_normal((batch, 4)))


@pytest.mark.parametrize(
    ("operator", "kind"),
    [
        (lambda: compose(diagonal(), diagonal()), Diagonal),
        (lambda: compose(diagonal(1), diagonal(), diagonal(1)), Diagonal),
        (lambda: compose(IdentityMap(), diagonal()), Diagonal),
        (lambda: compose(diagonal(), IdentityMap()), Diagonal),
        (lambda: compose(IdentityMap(), IdentityMap()), IdentityMap),
        (lambda: compose(Matrix(np.ones((2, 3))), IdentityMap()), Matrix),
        (lambda: compose(Broadcast(), Broadcast()), Broadcast),
        (lambda: compose(Reshape(), Reshape()), Reshape),
        (lambda: compose(Gather(np.array([[0, -1]]), (2,)), Gather(np.array([[1, 1]]), (3,))), Gather),
        (lambda: compose(Reshape().bind((2,), (2, 1)), Gather(np.array([[1, 1]]), (3,))), Gather),
        (lambda: compose(Gather(np.array([[0, 1]]), (2,)), Reshape().bind((2, 1), (2,))), Gather),
        (lambda: compose(diagonal(), RankOne(np.ones((1, 4)), np.ones((3, 2)))), RankOne),
        (lambda: compose(RankOne(np.ones((1, 2)), np.ones((3, 4))), diagonal()), RankOne),
        (lambda: compose(diagonal(), DiagonalBlocks([[np.ones((3, 2))], [None]])), DiagonalBlocks),
        (lambda: compose(DiagonalBlocks([[np.ones((3, 2)), None]]), diagonal()), DiagonalBlocks),
        (lambda: compose(diagonal(), Matrix(np.ones((4, 2)))), Composed),
        (lambda: add(diagonal(), diagonal()), Diagonal),
        (lambda: add(IdentityMap(), diagonal()), Diagonal),
        (lambda: add(diagonal(), IdentityMap(), diagonal(1)), Diagonal),
        (lambda: add(IdentityMap().bind((4,), (4,)), IdentityMap()), Diagonal),
        (lambda: add(IdentityMap(), IdentityMap()), Sum),
        (lambda: add(Matrix(np.ones((4, 4))), diagonal()), Sum),
    ],
)
def test_structure_is_kept(operator, kind):
    assert type(operator()) is kind


def test_chains_flatten_and_join_across_their_borders():
    """(A ∘ D) ∘ (D' ∘ I ∘ B) is A ∘ (D D') ∘ B: three factors become one lazy chain of three."""
    left = compose(Matrix(np.ones((2, 4))), diagonal())
    right = compose(diagonal(), IdentityMap(), Matrix(np.ones((4, 5))))
    both = compose(left, right)
    assert [type(factor) for factor in both.factors] == [Matrix, Diagonal, Matrix]
    assert both.structure == "matrix ∘ diagonal ∘ matrix"
    total = add(add(Matrix(np.ones((4, 4))), diagonal()), IdentityMap(), Matrix(np.ones((4, 4))))
    assert [type(term) for term in total.terms] == [Matrix, Diagonal, Matrix]
    assert compose(IdentityMap(), total, diagonal()).structure == "(matrix + diagonal + matrix) ∘ diagonal"


def test_a_sum_of_identities_takes_the_dtype_of_what_it_meets():
    twice = add(IdentityMap().bind((3,), (3,)), IdentityMap())
    for dtype in (np.float32, np.float64, np.complex64):
        v = np.full((2, 3), 1.5, dtype)
        assert twice.jvp(v).dtype == dtype
        np.testing.assert_array_equal(twice.jvp(v), 3.0)


def test_unbound_operators_get_shapes_from_their_neighbours_and_stay_as_they_are():
    """A matrix after a diagonal over time steps acts on each step; the same matrix elsewhere does not."""
    w = Matrix(np.ones((2, 4)))
    over_time = compose(w, Diagonal(np.ones((3, 5, 4))))
    alone = compose(w, Diagonal(np.ones((3, 4))))
    assert (over_time.in_shape, over_time.out_shape) == ((5, 4), (5, 2))
    assert (alone.in_shape, alone.out_shape) == ((4,), (2,))
    assert over_time.cost == 20 + 40
    assert not w._is_bound()


def test_diagonals_of_different_numbers_of_axes_are_not_lined_up():
    """(5, 1) beside (5, 1, 1): NumPy would read the examples of one as a feature of the other."""
    flat, deep = Diagonal(np.ones((5, 1))), Diagonal(np.ones((5, 1, 1)))
    rank_one = RankOne(np.ones((5, 1, 2)), np.ones((5, 1, 1)))
    for outer, inner in ((flat, deep), (deep, flat), (rank_one, flat), (flat, RankOne(np.ones((5, 1, 1)), deep.d))):
        with pytest.raises(OperatorError, match=r"does not fit its shapes|does not fit its neighbours"):
            compose(outer, inner).bind((5, 1), (5, 1)).check(5)
    with pytest.raises(OperatorError, match="'diagonal' has a d"):
        add(flat, deep).bind((5, 1), (5, 1)).check(5)


def test_binding_a_chain_reaches_the_factors_that_have_no_shapes():
    chain = Composed((Diagonal(np.full((3, 2, 4), 2.0)), Broadcast())).bind((4,), (2, 4))
    np.testing.assert_array_equal(chain.sum_vjp(np.ones((3, 2, 4))), np.full(4, 12.0))
    both = Sum((Broadcast(), Broadcast())).bind((4,), (2, 4))
    np.testing.assert_array_equal(both.sum_vjp(np.ones((3, 2, 4))), np.full(4, 12.0))


@pytest.mark.parametrize("make", [compose, add])
def test_joining_refuses_what_does_not_fit(make):
    with pytest.raises(OperatorError, match="without operators"):
        make()
    a, b = Diagonal(np.ones((3, 4))), Diagonal(np.ones((3, 5)))
    with pytest.raises(OperatorError, match=r"'diagonal' does not fit its neighbours") as caught:
        make(a, b)
    assert {"(4,)", "(5,)"} == {caught.value.expected.split("shape ")[1], caught.value.received.split("shape ")[1]}
    with pytest.raises(OperatorError, match="different batch sizes") as caught:
        make(Diagonal(np.ones((3, 4))), Diagonal(np.ones((2, 4))))
    assert "3 examples" in caught.value.expected
    assert "2 in 'diagonal'" in caught.value.received


def test_composition_refuses_an_unbound_matrix_of_the_wrong_width():
    with pytest.raises(OperatorError, match="operator 'matrix' does not fit its shapes") as caught:
        compose(Matrix(np.ones((2, 5))), Diagonal(np.ones((3, 4))))
    assert "(2, 5)" in caught.value.received


def test_gathers_compose_whether_shared_or_batched():
    """A batched index of a shared one, and the other way round, pick what the two pick one after another."""
    g = np.random.default_rng(5)
    shared, batched = g.integers(-1, 6, (1, 4)), g.integers(-1, 4, (3, 2, 2))
    v = g.standard_normal((3, 6))
    for outer, inner in (
        (batched, shared),
        (batched, g.integers(-1, 6, (3, 4))),
        (shared % 4, g.integers(-1, 6, (3, 4))),
    ):
        a, b = Gather(outer, (4,)), Gather(inner, (6,))
        joined = compose(a, b)
        assert type(joined) is Gather
        for n in range(3):
            flat = [v[n, i] if i >= 0 else 0.0 for i in inner[n % len(inner)]]
            expected = [flat[i] if i >= 0 else 0.0 for i in outer[n % len(outer)].ravel()]
            np.testing.assert_array_equal(joined.jvp(v)[n].ravel(), expected)


def test_batch_matrices_compose_lazily():
    """Multiplying two dense Jacobians costs more than pushing a vector through both."""
    both = compose(BatchMatrix(np.ones((3, 4, 5))), BatchMatrix(np.ones((3, 5, 2))))
    assert type(both) is Composed
    assert both.cost == 20 + 10


def test_masks_add_up_as_numbers_and_keep_float32():
    mask, v = np.array([[True, False, True]]), np.ones((1, 3), dtype=np.float32)
    for total, wanted in (
        (add(Diagonal(mask), Diagonal(mask)), [[2, 0, 2]]),
        (add(IdentityMap(), Diagonal(mask)), [[2, 1, 2]]),
        (add(Diagonal(mask), Diagonal(np.array([[0.5, 0.5, 0.0]]))), [[1.5, 0.5, 1]]),
    ):
        np.testing.assert_array_equal(total.jvp(v), wanted)
    for other in (IdentityMap(), Diagonal(mask)):
        assert add(Diagonal(mask), other).jvp(v).dtype == np.float32


def test_an_array_without_the_axis_of_the_examples_is_pointed_out():
    gain = np.array([2.0, 3.0, 4.0])
    with pytest.raises(OperatorError, match=r"array\[None\]"):
        compose(Diagonal(gain), Matrix(np.ones((3, 2))))
    with pytest.raises(OperatorError, match=r"array\[None\]"):
        add(Matrix(np.ones((3, 3))), Diagonal(gain))
    with pytest.raises(OperatorError, match=r"array\[None\]"):
        Diagonal(gain).bind((), ()).check(2)
    with pytest.raises(OperatorError) as refused:
        compose(Diagonal(gain[None]), Matrix(np.ones((2, 3))))
    assert "[None]" not in str(refused.value)


class Reversed(Operator):
    """Turns the places of an axis round; of any shape, which its arrays do not tell."""

    def jvp(self, v, out=None):
        return v[..., ::-1, :]

    vjp = jvp


def test_an_array_of_one_place_tells_its_shape_where_another_joint_has_it():
    d = np.arange(6.0).reshape(2, 1, 3)
    chain = compose(Reversed(), Diagonal(d), Broadcast()).bind((3,), (1, 3))
    chain.check(2)
    v, u = np.ones((2, 3)), np.full((2, 1, 3), 2.0)
    np.testing.assert_array_equal(chain.jvp(v), d)
    np.testing.assert_array_equal(chain.vjp(u), 2 * d[:, 0])
    with pytest.raises(OperatorError, match="does not know its"):  # one place, or three?
        compose(Reversed(), Diagonal(d), Broadcast()).bind((3,), (4, 3)).check(2)
