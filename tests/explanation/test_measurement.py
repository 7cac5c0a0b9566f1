"""The derivatives beside back-propagation are what plain loops give, however many points share a pass, and are few."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
from bpframe_activations import Relu
from bpframe_classification import CrossEntropy
from bpframe_reference import Add, Dense, Multiply, QuadraticCost, Sigmoid
from bpframe_regularisation import L2, BatchNorm

import bpframe as bp
from bpframe.explanation.measurement import choosing
from bpframe.extend import Activation, Broadcast, Diagonal, IdentityMap, Layer, Operator, Parameter, Penalty
from tests.derivatives.zoo import ZOO, Example
from tests.explanation.networks import sigmoids
from tests.explanation.test_any_network import first


def looped(network: bp.Network, x: Any, y: Any, name: str, index: tuple[int, ...], step: float) -> float:
    """Return a central difference by two evaluations of a copy of the network."""
    inputs = {each: np.array(array, float) for each, array in (x if isinstance(x, dict) else {"": x}).items()}
    found = []
    for t in (step, -step):
        other = copy.deepcopy(network)
        moved = {each: array.copy() for each, array in inputs.items()}
        if name in network.parameters:
            other.parameters[name][index] += t
        else:
            moved[name if isinstance(x, dict) else ""][(0, *index)] += t
        found.append(other.cost(moved if isinstance(x, dict) else moved[""], y))
    return (found[0] - found[1]) / (2 * step)


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_differences_are_those_of_a_loop_over_single_evaluations(example: Example) -> None:
    network = example.make()
    x, y = example.data(1)
    integers = set(network.graph.integer_inputs)
    found = network.explain(first(x), first(y), expand=False, per_parameter=3)
    size = abs(network.cost(x, y)) + 1
    for part in found.gradient.parts:
        for check in part.checks:
            if integers and part.kind == "input":
                continue
            expected = looped(network, x, y, part.name, check.index, check.step)
            assert check.difference == pytest.approx(expected, rel=1e-9, abs=1e-13 * size / check.step)


class Counting(Activation):
    """An identity that counts its passes and the examples in them."""

    calls: ClassVar[list[int]] = []

    def forward(self, z: Any) -> Any:
        self.calls.append(len(z))
        return z * 1

    def jacobian(self, z: Any) -> IdentityMap:
        return IdentityMap()


@pytest.fixture
def calls() -> Iterator[list[int]]:
    Counting.calls.clear()
    yield Counting.calls
    Counting.calls.clear()


def deep(layers: int) -> bp.Network:
    parts = [part for _ in range(layers) for part in (Dense(units=3), Sigmoid())]
    return bp.Network([*parts, Counting()], cost=QuadraticCost(), input_shape=(3,), seed=1)


def test_all_points_pass_a_node_together(calls: list[int]) -> None:
    network = deep(4)
    calls.clear()
    found = network.explain(np.ones(3), np.zeros(3), expand=False)
    assert found.gradient.checked == found.gradient.size == 51
    assert len(calls) < 12
    assert sorted(calls)[-2:] == [51, 102]  # the complex steps, and two ends of every difference


def test_in_networks_of_any_depth_the_work_of_checking_has_a_bound(calls: list[int]) -> None:
    for layers in (60, 240):
        network = deep(layers)
        calls.clear()
        found = network.explain(np.ones(3), np.zeros(3), expand=False)
        checked = [part.name for part in found.gradient.parts if part.checks]
        assert len(checked) == 40
        assert checked[0] == "dense_1.w"
        assert checked[-1] == "x"
        assert sum(calls) < 3 * 40 * 12 + 12
        assert len(calls) < 20
        assert f"{found.gradient.checked} of {found.gradient.size:,} entries are measured" in found.gradient.note
        assert found.gradient.together is not None


def test_a_costly_network_has_fewer_entries_measured_and_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "WORK", 4000)  # as if a second were so short
    found = sigmoids(9, 9, 4, inputs=5).explain(np.ones(5), np.ones(4), expand=False)
    assert [len(part.checks) for part in found.gradient.parts] == [1, 1, 1, 0, 1, 1, 1]
    assert found.gradient.note.startswith("6 of 189 entries are measured one by one")
    assert "all of them together, along the gradient" in " ".join(str(found).split())
    every = sigmoids(9, 9, 4, inputs=5).explain(np.ones(5), np.ones(4), expand=False, per_parameter=None)
    assert every.gradient.checked == every.gradient.size == 189


def test_none_measures_every_entry_of_every_parameter() -> None:
    found = sigmoids(*[2] * 25).explain(np.ones(2), np.zeros(2), expand=False, per_parameter=None)
    assert found.gradient.checked == found.gradient.size == 152
    assert found.gradient.together is None
    assert found.gradient.note == "every entry is measured"


def test_all_entries_together_have_the_gradients_length_as_their_derivative() -> None:
    network = sigmoids(9, 4, inputs=5)
    x, y = np.linspace(-1, 1, 5), np.ones(4)
    found = network.explain(x, y, expand=False).gradient
    assert found.together is not None
    length = np.sqrt(sum(float((part.gradient**2).sum()) for part in found.parts))
    assert found.together.back_propagation == pytest.approx(length, rel=1e-14)
    assert found.together.complex_step == pytest.approx(length, rel=1e-13)
    assert found.together.difference == pytest.approx(length, rel=1e-8)
    slopes = {part.name: part.gradient / length for part in found.parts}
    ends = []
    for t in (found.together.step, -found.together.step):
        other = copy.deepcopy(network)
        for path, view in other.parameters.items():
            view += t * slopes[path]
        ends.append(other.cost((x + t * slopes["x"])[None], y[None]))
    assert found.together.difference == pytest.approx((ends[0] - ends[1]) / (2 * found.together.step), rel=1e-9)


def test_a_wrong_jacobian_between_measured_parameters_shows_in_all_of_them_together() -> None:
    class Doubling(Layer):
        """A bias that acts twice, and says that it acts once."""

        def parameters(self, features: int) -> Any:
            return {"b": Parameter((features,), init=0.5)}

        def forward(self, x: Any, p: Any) -> Any:
            return x + 2 * p["b"]

        def jacobian(self, x: Any, p: Any) -> Any:
            return {"x": IdentityMap(), "b": Broadcast()}

    layers: list[Any] = [Dense(units=3) for _ in range(40)]
    layers[20:20] = [Doubling()]
    network = bp.Network(layers, cost=QuadraticCost(), input_shape=(3,), seed=3)
    found = network.explain(np.ones(3), np.zeros(3), expand=False).gradient
    assert not any(part.checks for part in found.parts if part.name == "doubling_1.b")
    assert found.warning is not None
    assert "differ in all of them together" in found.warning


class MeanAdded(Operator):
    """v ↦ v + mean v, over the batch."""

    couples_batch = True

    def jvp(self, v: Any, out: Any = None) -> Any:
        return v + v.mean(axis=-2, keepdims=True)

    vjp = jvp


def test_what_couples_its_batch_or_draws_numbers_is_computed_point_by_point() -> None:
    class WithMean(Layer):
        couples_batch: ClassVar[bool] = True

        def forward(self, x: Any) -> Any:
            return x + x.mean(axis=0)

        def jacobian(self) -> Operator:
            return MeanAdded()

    class Noisy(Activation):
        def forward(self, z: Any, rng: Any) -> Any:
            return z * (1 + rng.random(z.shape))

        def jacobian(self, z: Any, y: Any) -> Diagonal:
            return Diagonal(y / z)

    for layer in (WithMean(), Noisy(), BatchNorm()):
        network = bp.Network([Dense(units=3), layer, Sigmoid()], cost=QuadraticCost(), input_shape=(2,), seed=1)
        found = network.explain([1.0, 2.0], np.zeros(3), expand=False).gradient
        for part in found.parts:
            for check in part.checks:
                assert check.complex_step == pytest.approx(check.back_propagation, rel=1e-12), (layer, part.name)


def test_only_points_that_a_component_fails_at_have_no_complex_step() -> None:
    class Real(Activation):
        """It takes no complex numbers."""

        def forward(self, z: Any) -> Any:
            if z.dtype.kind == "c":
                raise TypeError("only real numbers, please\x1b[31m")
            return z * z

        def jacobian(self, z: Any) -> Diagonal:
            return Diagonal(2 * z)

    layers = [Dense(units=2), Real(), Dense(units=1)]
    network = bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), seed=1)
    found = network.explain([1.0, 2.0], [0.0], expand=False).gradient
    reasons = {part.name: part.reason for part in found.parts}
    assert "does not compute with complex numbers" in str(reasons["dense_1.w"])
    assert r"only real numbers, please\x1b[31m" in str(reasons["x"])  # nothing steers a terminal
    assert reasons["dense_2.w"] is None
    assert found.warning is None
    by_name = {part.name: part for part in found.parts}
    assert all(check.complex_step is None for check in by_name["dense_1.w"].checks)
    assert all(check.complex_step is not None for check in by_name["dense_2.w"].checks)


def test_a_penalty_that_takes_no_complex_numbers_leaves_other_parameters_theirs() -> None:
    class Energy(Penalty):
        def forward(self, p: Any) -> Any:
            return float((p.astype(float) ** 2).sum())

        def gradient(self, p: Any) -> Any:
            return 2 * p

    layers = [Dense(units=2), Sigmoid()]
    penalties = {"*.w": Energy()}
    network = bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), penalties=penalties, seed=1)
    found = network.explain([1.0, 2.0], [0.0, 1.0], expand=False).gradient
    weight, *others = found.parts
    assert "discards the imaginary part" in str(weight.reason)
    assert [check.difference for check in weight.checks] == pytest.approx(weight.gradient.reshape(-1), rel=1e-7)
    for part in others:
        for check in part.checks:
            assert check.complex_step == pytest.approx(check.back_propagation, rel=1e-12)


def test_a_component_that_drops_imaginary_parts_has_no_complex_step() -> None:
    class Magnitude(Activation):
        def forward(self, z: Any) -> Any:
            return np.abs(z).astype(z.dtype)

        def jacobian(self, z: Any) -> Diagonal:
            return Diagonal(np.sign(z))

    network = bp.Network([Dense(units=2), Magnitude()], cost=QuadraticCost(), input_shape=(2,), seed=1)
    found = network.explain([1.0, 2.0], np.zeros(2), expand=False).gradient
    assert all(part.reason is not None and "not analytic" in part.reason for part in found.parts)
    assert found.warning is None


def test_inputs_that_are_single_numbers_are_measured() -> None:
    nodes = {"sum": bp.node(Add(), "a", "b"), "end": bp.node(Multiply(), "sum", "b")}
    network = bp.Network(inputs={"a": (), "b": ()}, nodes=nodes, output="end")
    found = network.explain({"a": 2.0, "b": 1.0}, expand=False).gradient
    assert [check.complex_step for part in found.parts for check in part.checks] == [1.0, 4.0]
    assert [part.gradient.tolist() for part in found.parts] == [1.0, 4.0]


def test_frozen_shared_and_penalised_parameters_are_measured_as_they_enter_the_cost() -> None:
    nodes = {
        "one": bp.node(Dense(units=3), "x"),
        "squashed": bp.node(Sigmoid(), "one"),
        "again": bp.node(Dense(units=3), "squashed", share="one"),
        "last": bp.node(Dense(units=2), "again"),
    }
    network = bp.Network(
        inputs={"x": (3,)}, nodes=nodes, output="last", cost=QuadraticCost(), frozen="last.w",
        penalties={"one.w": L2(rate=0.3)}, seed=2,
    )  # fmt: skip
    found = network.explain([1.0, -2.0, 0.5], [0.0, 1.0], expand=False).gradient
    assert [part.name for part in found.parts] == ["one.w", "one.b", "last.b", "x"]
    for part in found.parts:
        for check in part.checks:
            assert check.complex_step == pytest.approx(check.back_propagation, rel=1e-12)


def test_a_network_whose_cost_is_not_finite_has_nothing_measured_and_says_so() -> None:
    network = bp.Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(2,))
    for wrong in (np.nan, 1e200):
        network.parameters["dense_1.w"][0] = wrong
        found = network.explain([2.0, 1.0], [0.0, 1.0], expand=False)
        assert found.gradient.checked == 0
        assert found.gradient.together is None
        assert found.gradient.note == "nothing is measured: the cost is not finite"
        assert "nothing is measured" in found.to_text()


def test_kinks_decide_between_a_difference_and_the_complex_step() -> None:
    network = bp.Network([Dense(units=4), Relu(), Dense(units=2)], input_shape=(3,), cost=CrossEntropy(), seed=5)
    found = network.explain([0.3, -0.2, 0.1], 1, expand=False).gradient
    assert found.warning is None
    assert all(part.reason is None for part in found.parts)
