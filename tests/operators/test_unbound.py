"""Operators that nobody bound: products are those of the definition, or an OperatorError says to bind."""

from __future__ import annotations

import copy
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpframe.core.operators import (
    BatchMatrix,
    Composed,
    Diagonal,
    Gather,
    IdentityMap,
    Matrix,
    Operator,
    Sum,
    add,
    compose,
)
from bpframe.errors import OperatorError
from bpframe.structures import Scan, Transposed

from .oracle import jacobian
from .strategies import KINDS, _from, _taking, batches, generators, numbers, operators, shapes


def unbound(operator: Operator) -> Operator:
    """The operator with its arrays alone, as an author makes it."""
    if isinstance(operator, Transposed):
        return operator  # `transposed` makes it, of an operator as it is
    bare = copy.copy(operator)
    for side in ("in_shape", "out_shape"):
        with suppress(AttributeError):
            delattr(bare, side)
    match bare:
        case BatchMatrix():
            bare.out_ndim = len(operator.out_shape)
        case Gather():
            bare.in_shape = operator.in_shape
        case Composed():
            bare.factors = tuple(map(unbound, bare.factors))
        case Sum():
            bare.terms = tuple(map(unbound, bare.terms))
        case Scan(steps=tuple()):
            bare.steps = tuple((unbound(a), None if b is None else unbound(b)) for a, b in bare.steps)
    return bare


def assert_products(operator: Operator, expected: np.ndarray, batch: int, sides, g) -> None:
    """Every product is that of the dense Jacobians (N, outputs, inputs), or is refused where nothing tells a shape."""
    in_shape, out_shape = sides
    for stack in ((), (2,)):
        v = numbers(g, (*stack, batch, *in_shape), np.float64)
        u = numbers(g, (*stack, batch, *out_shape), np.float64)
        shared = numbers(g, (*stack, *in_shape), np.float64)
        inputs, outputs = expected.shape[2], expected.shape[1]
        flat = (*stack, batch)
        pushed = np.einsum("noi,...ni->...no", expected, v.reshape(*flat, inputs))
        pulled = np.einsum("noi,...no->...ni", expected, u.reshape(*flat, outputs))
        from_shared = np.einsum("noi,...i->...no", expected, shared.reshape(*stack, inputs))
        for product, right in (
            (lambda v=v: operator.jvp(v), pushed.reshape(*flat, *out_shape)),
            (lambda u=u: operator.vjp(u), pulled.reshape(*flat, *in_shape)),
            (lambda u=u: operator.sum_vjp(u), pulled.sum(axis=-2).reshape((*stack, *in_shape))),
            (lambda shared=shared: operator.shared_jvp(shared, batch), from_shared.reshape(*flat, *out_shape)),
        ):
            try:
                found = product()
            except OperatorError:
                continue
            assert found.shape == right.shape
            np.testing.assert_allclose(found, right, rtol=0, atol=1e-11 * max(1, np.abs(right).max(initial=0)))


@settings(max_examples=250)
@given(data=st.data(), batch=batches, g=generators(), count=st.integers(1, 3))
def test_chains_of_operators_that_were_never_bound(data, batch, g, count) -> None:
    end, factors = data.draw(shapes()), []
    for _ in range(count):
        kinds = [*_from(end), Composed, Sum, *[Scan] * (len(end) > 0)]
        factors.insert(0, data.draw(operators(data.draw(st.sampled_from(kinds)), batch, in_shape=end)))
        end = factors[0].out_shape
    expected = jacobian(Composed(tuple(factors)).bind(factors[-1].in_shape, end), batch).real
    chain = compose(*map(unbound, factors))
    assert_products(chain, expected, batch, (factors[-1].in_shape, end), g)


@settings(max_examples=150)
@given(data=st.data(), batch=batches, g=generators())
def test_sums_of_operators_that_were_never_bound(data, batch, g) -> None:
    first = data.draw(operators(data.draw(st.sampled_from([kind for kind in KINDS if kind is not Transposed])), batch))
    sides = first.in_shape, first.out_shape
    second = data.draw(operators(data.draw(st.sampled_from(_taking(*sides))), batch, *sides))
    expected = (jacobian(first, batch) + jacobian(second, batch)).real
    total = add(unbound(first), unbound(second))
    assert_products(total, expected, batch, sides, g)


def test_a_sum_whose_shapes_one_term_tells_hands_them_to_the_others() -> None:
    # The matrices alone would be read as (3,) -> (3,), the gather says (3, 3) -> ().
    rng = np.random.default_rng(0)
    j, index = rng.standard_normal((2, 3, 3)), np.array([5, -1]).reshape(2)
    total = Sum((BatchMatrix(j), Gather(index, (3, 3))))
    chain = compose(Diagonal(np.array([2.0, 3.0])), total)
    v = rng.standard_normal((2, 3, 3))
    expected = np.array([2, 3]) * ((j * v).sum(axis=(1, 2)) + np.array([v[0, 1, 2], 0]))
    np.testing.assert_allclose(chain.jvp(v), expected, rtol=1e-14)
    assert not total._is_bound()  # what an author handed in stays as it is


@pytest.mark.parametrize("make", [lambda w: Matrix(w), lambda w: compose(IdentityMap(), Matrix(w))])
def test_a_matrix_that_was_never_bound_cannot_tell_lead_axes_from_a_stack(make) -> None:
    """(2, 2, 3) may be a stack of two batches, or two examples of two places: sums over axis 1, or over axis 0."""
    matrix = make(np.arange(6.0).reshape(3, 2))
    u, v = np.ones((2, 2, 3)), np.ones((2, 2))
    for product in (lambda: matrix.sum_vjp(u), lambda: matrix.shared_jvp(v, 2)):
        with pytest.raises(OperatorError, match="cannot tell axes of lead from a stack") as caught:
            product()
        assert "bind(in_shape, out_shape)" in caught.value.hint
    np.testing.assert_array_equal(matrix.vjp(u), u @ matrix.w)
    np.testing.assert_array_equal(matrix.sum_vjp(u[0]), (u[0] @ matrix.w).sum(axis=0))
    matrix.bind((2, 2), (2, 3))
    np.testing.assert_array_equal(matrix.sum_vjp(u), (u @ matrix.w).sum(axis=0))
