"""Constraints hold before the first step and after every one, of any optimizer, and leave everything else alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from bpframe_optimizers import Adam
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_regularisation import MaxNorm, NonNegative, UnitNorm

import bpframe as bp
from bpframe.documents import read_spec, write_spec
from bpframe.errors import ContractError, NonFiniteError, SpecError
from bpframe.extend import Constraint, Optimizer

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2))
CONSTRAINTS = {"dense_1.w": MaxNorm(limit=0.5), "*.b": NonNegative(), "dense_2.w": UnitNorm()}


class Uphill(Optimizer):
    """Somebody's own rule, which makes all weights larger."""

    def update(self, parameters, gradient):
        return 0.5 * parameters - 0.1 * gradient


def network(**words: Any) -> bp.Network:
    layers = [Dense(units=4), Sigmoid(), Dense(units=2)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(3,), seed=1, **words)


def inside(net: bp.Network) -> bool:
    p = net.parameters
    rows = np.linalg.norm(p["dense_1.w"], axis=1)
    return bool(
        (rows <= 0.5 * (1 + 1e-6)).all()
        and all((p[f"dense_{i}.b"] >= 0).all() for i in (1, 2))
        and np.allclose(np.linalg.norm(p["dense_2.w"], axis=1), 1, rtol=1e-6)
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", [GradientDescent(learning_rate=5.0), Adam(learning_rate=0.3), Uphill()])
def test_parameters_stay_inside_with_any_optimizer(optimizer: Optimizer, dtype: str) -> None:
    net = network(dtype=dtype)
    assert not inside(net)
    seen = []
    for _ in range(5):
        net.train_step(X, Y, optimizer=optimizer, constraints=CONSTRAINTS)
        seen.append(inside(net))
    net.fit(X, Y, optimizer=optimizer, constraints=CONSTRAINTS, epochs=2)
    assert all(seen)
    assert inside(net)


def test_the_start_is_projected_before_the_first_gradient() -> None:
    net, other = network(), network()
    other.parameters["dense_1.b"][...] = np.maximum(other.parameters["dense_1.b"], 0)
    cost = net.train_step(X, Y, optimizer=GradientDescent(learning_rate=0.1), constraints={"dense_1.b": NonNegative()})
    assert cost == other.cost(X, Y)


def test_four_fits_of_one_epoch_are_one_fit_of_four() -> None:
    once, often = network(), network()
    words: dict[str, Any] = {"optimizer": Adam(learning_rate=0.2), "constraints": CONSTRAINTS, "batch_size": 5}
    once.fit(X, Y, epochs=4, **words)
    for _ in range(4):
        often.fit(X, Y, epochs=1, **words)
    assert once.parameters.vector.tobytes() == often.parameters.vector.tobytes()


def test_steps_of_ones_own_are_those_of_fit() -> None:
    by_fit, by_step = network(), network()
    words: dict[str, Any] = {"optimizer": Adam(learning_rate=0.2), "constraints": CONSTRAINTS}
    by_fit.fit(X, Y, epochs=2, batch_size=10, shuffle=False, **words)
    for epoch in range(2):
        for start in (0, 10):
            by_step.train_step(X[start : start + 10], Y[start : start + 10], epoch=epoch, **words)
    assert by_fit.parameters.vector.tobytes() == by_step.parameters.vector.tobytes()


def test_frozen_parameters_are_left_alone() -> None:
    net = network(frozen=["dense_1.*"])
    before = net.frozen_parameters.vector.copy()
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), epochs=1, constraints={"*.w": MaxNorm(limit=1e-3)})
    assert np.linalg.norm(net.parameters["dense_2.w"], axis=1).max() <= 1e-3 * (1 + 1e-9)
    assert np.array_equal(net.frozen_parameters.vector, before)


def test_the_first_pattern_counts_and_one_that_is_left_nothing_is_refused() -> None:
    net = network()
    constraints = {"dense_1.w": MaxNorm(limit=0.1), "*.w": MaxNorm(limit=0.3)}
    net.fit(X, Y, optimizer=GradientDescent(learning_rate=1.0), epochs=1, constraints=constraints)
    largest = [float(np.linalg.norm(net.parameters[f"dense_{i}.w"], axis=1).max()) for i in (1, 2)]
    np.testing.assert_allclose(largest, [0.1, 0.3], rtol=1e-12)
    vector = net.parameters.vector.copy()
    late = {"*.w": NonNegative(), "dense_1.w": UnitNorm()}
    for wrong, word in ((late, "of its own"), ({"x": UnitNorm()}, "matches")):
        with pytest.raises(SpecError, match=word):
            net.fit(X, Y, optimizer=GradientDescent(learning_rate=1.0), epochs=1, constraints=wrong)
        with pytest.raises(SpecError, match=word):
            net.train_step(X, Y, optimizer=GradientDescent(learning_rate=1.0), constraints=wrong)
    assert np.array_equal(net.parameters.vector, vector)


def test_an_optimizer_that_drives_itself_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match="lbfgs drives itself"):
        network().fit(X, Y, optimizer=LBFGS(), constraints={"*.w": NonNegative()})


class Late(Constraint):
    """Fails as soon as a parameter is small."""

    def project(self, p):
        if np.abs(p).max() < 1:
            raise ValueError("too small")
        return p


def test_a_constraint_that_fails_leaves_the_parameters_as_they_were() -> None:
    net = network()
    vector = net.parameters.vector.copy()

    class Zero(Optimizer):
        def update(self, parameters):
            return -parameters

    for train in (
        lambda: net.train_step(X, Y, optimizer=Zero(), constraints={"dense_1.b": Late()}),
        lambda: net.fit(X, Y, optimizer=Zero(), constraints={"dense_1.b": Late()}, epochs=1),
    ):
        with pytest.raises(ContractError, match=r"the constraint of 'dense_1.b' \(late\): project failed"):
            train()
        assert np.array_equal(net.parameters.vector, vector)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda p: p[:1], "must return an array like p"),
        (lambda p: p.astype(np.float32), "must return an array like p"),
        (lambda p: p * np.nan, "NaN or infinity"),
    ],
)
def test_what_a_constraint_returns_is_looked_at(returned: Any, said: str) -> None:
    class Wrong(Constraint):
        def project(self, p):
            return returned(p)

    with pytest.raises(ContractError, match=said):
        network().fit(X, Y, optimizer=GradientDescent(learning_rate=0.1), constraints={"dense_1.w": Wrong()})


def test_a_step_to_infinity_is_named_and_not_projected_away() -> None:
    class Diverging(Optimizer):
        def update(self, parameters):
            return np.full_like(parameters, -np.inf)

    net = network()
    vector = net.parameters.vector.copy()
    with pytest.raises(NonFiniteError):
        net.train_step(X, Y, optimizer=Diverging(), constraints={"*": NonNegative()})
    assert np.array_equal(net.parameters.vector, vector)


def test_spec_files_hold_constraints(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        """
network:
  input_shape: [3]
  layers: [{kind: dense, units: 2}]
  cost: {kind: quadratic}
training:
  optimizer: {kind: gradient_descent, learning_rate: 0.1}
  constraints: {"*.w": {kind: max_norm, limit: 0.5, axis: 1}}
data: {kind: npz, path: data.npz}
""",
        encoding="utf-8",
    )
    spec = read_spec(path)
    assert spec.training.constraints == {"*.w": MaxNorm(limit=0.5, axis=1)}
    again = tmp_path / "again.yaml"
    write_spec(spec, again)
    assert read_spec(again).training == spec.training
