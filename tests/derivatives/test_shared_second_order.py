"""Blocks of a second order that begin with one object have it multiply once, in products with the Hessian."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from bpframe_reference import QuadraticCost

import bpframe as bp
from bpframe.core.operators import Branches
from bpframe.derivatives.second_order import declared
from tests.components.recurrent import Recurrent, ThroughTime

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((4, 5, 2)), RNG.standard_normal((4, 5, 3))


def network(layers=2):
    return bp.Network(
        [Recurrent(units=3) for _ in range(layers)], input_shape=(5, 2), cost=QuadraticCost(), dtype="float64", seed=1
    )


def pair_by_pair(monkeypatch):
    monkeypatch.setattr(declared, "branches", lambda row: Branches(tuple(row.items())))


def test_a_product_with_the_hessian_runs_through_time_once_per_row(monkeypatch):
    calls = Counter()
    for name in ("jvp", "vjp"):
        product = getattr(ThroughTime, name)

        def counted(self, *words, _name=name, _product=product):
            calls[_name] += 1
            return _product(self, *words)

        monkeypatch.setattr(ThroughTime, name, counted)
    net = network(1)
    hessian = net.linear_operator("hessian", X, Y)
    v = RNG.standard_normal(net.parameters.vector.size)
    hessian @ v  # asks for the blocks, too
    calls.clear()
    hessian @ v
    # Three rows forward and two transposed, what (u, u) adds by itself, and the tangent; and the same back.
    assert calls == {"jvp": 3 + 2 + 1 + 1, "vjp": 3 + 2 + 1}
    pair_by_pair(monkeypatch)
    calls.clear()
    hessian @ v
    assert calls == {"jvp": 11, "vjp": 10}


@pytest.mark.parametrize("wrt", ["parameters", "inputs"])
def test_it_is_the_sum_over_all_pairs(monkeypatch, wrt):
    net = network()
    size = net.parameters.vector.size if wrt == "parameters" else X[0].size
    vectors = [RNG.standard_normal(size if wrt == "parameters" else X.shape) for _ in range(3)]
    shared = [net.hvp(X, Y, v, wrt=wrt) for v in vectors]
    differences = [net.hvp(X, Y, v, wrt=wrt, method="difference") for v in vectors]
    pair_by_pair(monkeypatch)
    for v, product, near in zip(vectors, shared, differences, strict=True):
        np.testing.assert_allclose(product, net.hvp(X, Y, v, wrt=wrt), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(product, near, rtol=1e-5, atol=1e-6)


def test_a_stack_of_vectors_is_each_of_them():
    net = network()
    hessian = net.linear_operator("hessian", X, Y)
    vectors = RNG.standard_normal((net.parameters.vector.size, 4))
    product = hessian @ vectors
    for column, v in zip(product.T, vectors.T, strict=True):
        np.testing.assert_allclose(column, hessian @ v, rtol=1e-12, atol=1e-15)
    dense = hessian @ np.eye(len(vectors))
    np.testing.assert_allclose(dense, dense.T, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("some", [("*.w",), ("*.u", "*.b")], ids=str)
def test_frozen_parameters_leave_the_rows_of_the_others(some):
    whole, part = network(), bp.Network(
        [Recurrent(units=3) for _ in range(2)], input_shape=(5, 2), cost=QuadraticCost(), dtype="float64", seed=1,
        frozen=some,
    )  # fmt: skip
    for path, view in part.parameters.items():
        np.testing.assert_array_equal(view, whole.parameters[path])
    of_whole = {path: np.zeros(view.shape) for path, view in whole.parameters.items()}
    of_part = {path: RNG.standard_normal(view.shape) for path, view in part.parameters.items()}
    v = np.concatenate([(of_whole | of_part)[path].ravel() for path in whole.parameters])
    w = np.concatenate([of_part[path].ravel() for path in part.parameters])
    kept = np.concatenate([np.full(view.size, path in of_part) for path, view in whole.parameters.items()])
    np.testing.assert_allclose(part.hvp(X, Y, w), whole.hvp(X, Y, v)[kept], rtol=1e-11, atol=1e-13)
