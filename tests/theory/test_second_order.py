"""The optional second-order declarations, against the complex step of the first-order ones.

For a cotangent u, H_u[s, t] = ∂(J_sᵀ u)/∂t: how the cotangent of s changes when t does.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from bpframe_reference import Dense, Identity, Multiply, QuadraticCost, Shift, Sigmoid

STEP = 1e-30


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def ask(component, method, **words):
    """Call a method with those of the words that its signature lists."""
    function = getattr(component, method)
    code = function.__func__.__code__
    return function(**{word: words[word] for word in code.co_varnames[1 : code.co_argcount] if word in words})


@pytest.mark.parametrize("activation", [Sigmoid(), Identity(), Shift(by=1.5)], ids=lambda each: each.kind)
def test_the_second_derivative_is_that_of_the_slope(activation):
    x = 4 * normal(6, 5)
    moved = x + 1j * STEP
    y = ask(activation, "forward", x=moved, z=moved, out=np.empty_like(moved))
    slope = ask(activation, "jacobian", x=moved, z=moved, y=y, out=np.empty_like(y)).vjp(np.ones_like(y))
    second = ask(activation, "second_derivative", x=x, z=x, y=y.real)
    assert second.shape == x.shape
    np.testing.assert_allclose(second, slope.imag / STEP, rtol=1e-12, atol=1e-16)


def blocks(arrays, vjp):
    """Return H_u[s, t] in full, (N, *s, *t), for every pair of names, by complex step through `vjp(arrays)`.

    A parameter, which the examples share, is given once per example, so that each example has a block of its own.
    """
    found = {}
    for t, array in arrays.items():
        columns = {s: [] for s in arrays}
        for position in np.ndindex(array.shape[1:]):
            moved = {name: value.astype(complex) for name, value in arrays.items()}
            moved[t][(slice(None), *position)] += 1j * STEP
            for s, cotangent in vjp(moved).items():
                columns[s].append(cotangent.imag / STEP)
        for s, column in columns.items():
            found[s, t] = np.stack(column, axis=-1).reshape(*arrays[s].shape, *array.shape[1:])
    return found


def check(declared, expected, arrays):
    """Hold declared blocks against all: what is left out, and whose transpose is too, must be zero."""
    names = list(arrays)
    for s, t in itertools.product(names, names):
        if (s, t) in declared:
            operator = declared[s, t].bind(arrays[t].shape[1:], arrays[s].shape[1:])
            dense = np.broadcast_to(operator.dense(), expected[s, t].shape)
            np.testing.assert_allclose(dense, expected[s, t], rtol=1e-12, atol=1e-14)
            v, w = np.ones(arrays[t].shape), np.ones(arrays[s].shape)
            np.testing.assert_allclose((w * operator.jvp(v)).sum(), (operator.vjp(w) * v).sum(), rtol=1e-12)
        elif (t, s) not in declared:
            np.testing.assert_allclose(expected[s, t], 0, atol=1e-14)
    assert declared


@pytest.mark.parametrize("lead", [(), (2,), (2, 2)], ids=str)
def test_dense_couples_its_input_and_its_weights(lead):
    batch, features, units = 3, 4, 2
    arrays = {
        "a": normal(batch, *lead, features),
        "w": normal(batch, units, features),
        "b": normal(batch, units),
    }
    u = normal(batch, *lead, units)

    def vjp(moved):
        found = {name: [] for name in arrays}
        for n in range(batch):
            a, p = moved["a"][n : n + 1], {"w": moved["w"][n], "b": moved["b"][n]}
            for name, operator in Dense(units=units).jacobian(a, p).items():
                operator.bind(arrays[name].shape[1:], (*lead, units))
                found[name].append(operator.vjp(u[n : n + 1].astype(complex))[0])
        return {name: np.stack(each) for name, each in found.items()}

    check(Dense(units=units).second_order(arrays["a"], u), blocks(arrays, vjp), arrays)


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("zeros", [False, True], ids=["", "with zeros"])
def test_multiply_couples_every_pair_of_its_inputs(count, zeros):
    arrays = {f"xs[{i}]": normal(3, 2, seed=i) for i in range(count)}
    if zeros:
        arrays["xs[0]"][0] = arrays["xs[1]"][0] = 0.0
    u = normal(3, 2)

    def vjp(moved):
        operators = Multiply().jacobian(*moved.values())
        return {name: operator.bind((2,), (2,)).vjp(u) for name, operator in zip(moved, operators, strict=True)}

    check(Multiply().second_order(*arrays.values(), u=u), blocks(arrays, vjp), arrays)


def test_the_cost_hessian_is_the_derivative_of_its_gradient():
    a, y = normal(4, 3), normal(4, 3, seed=1)
    hessian = QuadraticCost().hessian().bind((3,), (3,))
    expected = blocks(
        {"a": a}, lambda moved: {"a": QuadraticCost().jacobian(moved["a"], y, np.empty_like(moved["a"]))}
    )["a", "a"]
    np.testing.assert_allclose(np.broadcast_to(hessian.dense(), expected.shape), expected, rtol=1e-14)


def test_the_cost_hessian_is_its_root_times_the_roots_transpose():
    hessian = QuadraticCost().hessian().bind((3,), (3,))
    root = hessian.root().bind((3,), (3,)).dense()
    np.testing.assert_allclose(root @ root.swapaxes(-1, -2), hessian.dense(), rtol=1e-14)
