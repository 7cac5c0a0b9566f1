"""A network's gradients per example, as outer products, against measured ones."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense
from bpframe_regularisation import BatchNorm

from bpframe import Network, node
from bpframe.core.component import Cost
from bpframe.core.operators import BatchMatrix
from bpframe.derivatives.points.given_arrays import checked_inputs, checked_targets
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.errors import BatchCoupledError
from tests.contract.cases import Case
from tests.oracles import assert_close, cost_gradient

from .zoo import BATCH, ZOO, named


def linearised(network, x, y):
    inputs = checked_inputs(network.graph, x, network.dtype)
    count = len(next(iter(inputs.values())))
    return Linearisation.at(network._engine, inputs, checked_targets(network.graph, y, network.dtype, count))


def one(arrays, n):
    return {k: v[n : n + 1] for k, v in arrays.items()} if isinstance(arrays, dict) else arrays[n : n + 1]


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_forms_of_every_network(example) -> None:
    network = example.make()
    x, y = example.data()
    point = linearised(network, x, y)
    measured = np.stack([cost_gradient(network, one(x, n), one(y, n)) for n in range(point.batch)])
    by_path = {path: np.stack([network.parameters.like(g)[path] for g in measured]) for path in network.parameters}
    forms = dict(point.parameter_forms(point.errors))
    assert set(forms) == set(by_path)
    floor = 1e-12 * np.abs(measured).max()  # an entry may be zero, such as the bias of keys before a softmax
    for path, form in forms.items():
        expected = by_path[path]
        if np.abs(expected).max() < floor:
            assert np.abs(form.vectors()).max() < floor
            continue
        flat = expected.reshape(len(expected), -1)
        assert_close(form.vectors(), expected)
        assert_close(form.total(), expected.sum(axis=0))
        assert_close(form.squared_norms(), (flat**2).sum(axis=1))
        assert_close(form.gram(), flat @ flat.T)
        assert_close(form.sum_of_squares(), (expected**2).sum(axis=0))


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_root_columns_multiply_to_the_hessian_of_the_cost(example) -> None:
    network = example.make()
    point = linearised(network, *example.data())
    columns = point.root_columns()
    assert {len(each) for each in columns.values()} == {point.root_count}
    parts = [point.root_columns(first, first + 1) for first in range(point.root_count)]
    for output, hessian in point.hessians.items():
        flat = columns[output].reshape(point.root_count, point.batch, -1)
        size = flat.shape[-1]
        expected = np.broadcast_to(hessian.dense(flat), (point.batch, *2 * hessian.in_shape))
        assert_close(np.einsum("rni,rnj->nij", flat, flat), expected.reshape(point.batch, size, size))
        np.testing.assert_array_equal(np.concatenate([part[output] for part in parts]), columns[output])


class Rooted(BatchMatrix):
    """S Sᵀ for a constant S, (outputs, R), which is its root."""

    __slots__ = ("s",)

    def __init__(self, s):
        super().__init__((s @ s.T)[None])
        self.s = s

    def root(self):
        return BatchMatrix(self.s[None]).bind(self.s.shape[1:], self.s.shape[:1])


class Narrow(Cost):
    """½ |Sᵀ(a − y)|² with fewer residuals than outputs."""

    s: ClassVar[np.ndarray] = np.array([[3.0], [4.0]])

    def forward(self, a, y):
        return np.sum(((a - y) @ self.s) ** 2, axis=1) / 2

    def jacobian(self, a, y):
        return (a - y) @ self.s @ self.s.T

    def hessian(self):
        return Rooted(self.s)


class Wide(Narrow):
    """The same with more residuals than outputs."""

    s: ClassVar[np.ndarray] = np.array([[3.0, 1.0, 0.0], [4.0, 0.0, 2.0]])


@pytest.mark.parametrize(("costs", "count"), [((Narrow(), Wide()), 4), ((Wide(), Narrow()), 4), ((Wide(), Wide()), 6)])
def test_roots_have_as_many_columns_as_they_like(costs, count) -> None:
    nodes = {"one": node(Dense(units=2), "x"), "two": node(Dense(units=2), "x")}
    network = Network(inputs={"x": (3,)}, nodes=nodes, output=["one", "two"], cost=dict(zip(nodes, costs, strict=True)))
    point = linearised(network, np.ones((5, 3)), {name: np.zeros((5, 2)) for name in nodes})
    assert point.root_count == count
    whole = point.root_columns()
    first, second = (cost.s.T for cost in costs)
    none = np.zeros((3, 2))
    np.testing.assert_allclose(whole["one"], np.repeat(np.vstack([first, none[: len(second)]])[:, None], 5, axis=1))
    np.testing.assert_allclose(whole["two"], np.repeat(np.vstack([none[: len(first)], second])[:, None], 5, axis=1))
    for begin in range(count):
        for end in range(begin + 1, count + 1):
            part = point.root_columns(begin, end)
            for name in nodes:
                np.testing.assert_array_equal(part[name], whole[name][begin:end])


def test_random_columns_have_the_root_as_their_covariance() -> None:
    example = named("softmax-cross-entropy")
    point = linearised(example.make(), *example.data())
    exact = point.root_columns()["dense_2"]
    drawn = point.random_columns(200_000, np.random.default_rng(0))["dense_2"]
    expected = np.einsum("rni,rnj->nij", exact, exact)
    np.testing.assert_allclose(np.einsum("rni,rnj->nij", drawn, drawn) / len(drawn), expected, atol=2e-3)


def test_components_that_couple_the_examples_are_refused_by_name() -> None:
    network = Case("batch_norm", BatchNorm(), {"x": (3,)}).trainable()
    x = {"x": np.random.default_rng(0).standard_normal((4, 3))}
    point = Linearisation.at(network._engine, x, {"end": np.zeros((4, 2))}, training=True)
    with pytest.raises(BatchCoupledError, match="probe"):
        list(point.parameter_forms(point.errors))
    assert dict(linearised(network, x, np.zeros((4, 2))).parameter_forms(point.errors))


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_vectors_that_all_examples_share_come_back_as_others_do(example) -> None:
    network = example.make()
    point = linearised(network, *example.data())
    rng = np.random.default_rng(0)
    shapes = network.graph.shapes
    one = {output: rng.standard_normal((3, 1, *shapes[output])) for output in network.graph.outputs}
    shared = {output: np.broadcast_to(each, (3, BATCH, *each.shape[2:])) for output, each in one.items()}
    apart = {output: each.copy() for output, each in shared.items()}
    weights = rng.standard_normal((3, BATCH))
    expected = dict(point.parameter_forms(apart))
    for path, form in point.parameter_forms(shared):
        np.testing.assert_allclose(form.vectors(), expected[path].vectors(), rtol=1e-12, atol=1e-13)
        squares = expected[path].sum_of_squares(weights)
        np.testing.assert_allclose(form.sum_of_squares(weights), squares, rtol=1e-11, atol=1e-12)
