"""Optimizers that hold an optimizer: clipping, accumulation, averages, and one of a stranger."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from bpframe_minimizers import LBFGS
from bpframe_optimizers import (
    Accumulated,
    Adam,
    Adamw,
    ClipGlobalNorm,
    ClipNorm,
    ClipValue,
    Cosine,
    ExponentialAverage,
    Momentum,
    Step,
    StochasticAverage,
)
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_regularisation import MaxNorm

import bpframe as bp
from bpframe.documents import RunSpec, TrainingSpec, parse_spec, spec_document
from bpframe.errors import ContractError, SpecError, TrainingError
from bpframe.extend import Array, Optimizer
from bpframe.training import updates
from bpframe.training.updates import Updater
from tests.network.networks import chain, samples

X, Y = samples(23)


class Halved(Optimizer):
    """A stranger's: half of what the rule in it does."""

    optimizer: Optimizer

    def update(self, gradient, optimizer):
        return 0.5 * optimizer(gradient)


WRAPPERS = [
    Halved(optimizer=Adam()),
    ClipGlobalNorm(norm=0.1, optimizer=Halved(optimizer=Momentum(learning_rate=0.3))),
    ClipNorm(norm=0.05, optimizer=Adam(learning_rate=Cosine(start=0.1, over=9, by="step"))),
    ClipValue(value=0.01, optimizer=GradientDescent(learning_rate=Step(start=1.0, every=2))),
    Accumulated(steps=3, optimizer=Adam(learning_rate=Cosine(start=0.1, over=5, by="step"))),
    ExponentialAverage(decay=0.8, optimizer=Accumulated(steps=2, optimizer=Momentum(learning_rate=0.3))),
    StochasticAverage(start=1, optimizer=Adam(learning_rate=0.1)),
    StochasticAverage(start=3, every=2, by="step", optimizer=ExponentialAverage(optimizer=Adam())),
]
ids = pytest.mark.parametrize("rule", WRAPPERS, ids=lambda each: each.kind)


def content(net: bp.Network) -> tuple[Any, ...]:
    state = net.optimizer_state
    return net.parameters.vector.tobytes(), state.step, {name: each.tobytes() for name, each in state.items()}


def by_steps(rule: Optimizer, net: bp.Network, epochs: int, size: int = 5) -> bp.Network:
    for epoch in range(epochs):
        for start in range(0, len(X), size):
            rows, last = slice(start, start + size), start + size >= len(X)
            net.train_step(X[rows], Y[rows], optimizer=rule, epoch=epoch, epoch_ends=last)
    return net


@ids
@pytest.mark.filterwarnings("ignore:no installed plugin set provides Halved")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_four_fits_one_fit_saved_runs_and_single_steps_end_at_the_same_bytes(rule, dtype, tmp_path) -> None:
    whole, parts = chain(dtype), chain(dtype)
    whole.fit(X, Y, optimizer=rule, epochs=4, batch_size=5, shuffle=False)
    for number in range(4):
        parts.fit(X, Y, optimizer=rule, epochs=1, batch_size=5, shuffle=False)
        if number == 1:
            parts.save(tmp_path / "run")
            loaded = bp.load(tmp_path / "run", components=[Halved])
            assert loaded.training.optimizer == rule
            assert loaded.optimizer_state == parts.optimizer_state
            parts = loaded
    assert content(parts) == content(whole)
    assert content(by_steps(rule, chain(dtype), 4))[0] == content(whole)[0]


@ids
def test_blocks_change_no_byte(monkeypatch, rule) -> None:
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(25), rng.standard_normal((9, 25))
    ends = []
    for block_bytes in (8 * 6, 1 << 17):
        monkeypatch.setattr(updates, "BLOCK_BYTES", block_bytes)
        updater = Updater(rule, start.copy(), np.empty(25), {"w": (4, 5), "b": (5,)})
        for each in gradients:
            updater.gradient[:] = each
            updater.apply()
        ends.append([updater.theta, *updater.state.values()])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_strangers_wrapper_does_what_it_says_and_nests_the_state() -> None:
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(7), rng.standard_normal((5, 7))
    updater, plain = (
        Updater(Halved(optimizer=Adam()), start.copy(), np.empty(7)),
        Updater(Adam(), start.copy(), np.empty(7)),
    )
    for each in gradients:
        updater.gradient[:] = plain.gradient[:] = each
        updater.apply()
        plain.apply()
    np.testing.assert_allclose(updater.theta - start, 0.5 * (plain.theta - start), rtol=1e-12)
    assert set(updater.state) == {"optimizer/m", "optimizer/v", "optimizer.step"}
    assert updater.state["optimizer.step"] == 5
    np.testing.assert_array_equal(updater.state["optimizer/v"], plain.state["v"])


# Clipping --------------------------------------------------------------------------------------------

DESCENT = GradientDescent(learning_rate=1.0)


def moved(rule: Optimizer, gradient: Array, shapes: dict[str, tuple[int, ...]] | None = None) -> Array:
    updater = Updater(rule, np.zeros_like(gradient), gradient, shapes)
    updater.apply()
    return updater.theta


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_clipped_gradients_are_those_of_the_definition(scale: float, dtype: str) -> None:
    gradient = (scale * np.random.default_rng(1).standard_normal(9)).astype(dtype)
    exact, shapes = gradient.astype(np.float64), {"w": (2, 3), "b": (3,)}
    near = {"rtol": 1e-6 if dtype == "float32" else 1e-13}

    def clipped(part: Array) -> Array:
        return part * min(1.0, 0.5 / np.linalg.norm(part))

    np.testing.assert_allclose(
        moved(ClipValue(value=0.5, optimizer=DESCENT), gradient), -np.clip(exact, -0.5, 0.5), **near
    )
    np.testing.assert_allclose(moved(ClipGlobalNorm(norm=0.5, optimizer=DESCENT), gradient), -clipped(exact), **near)
    by_part = np.concatenate([clipped(exact[:6]), clipped(exact[6:])])
    np.testing.assert_allclose(moved(ClipNorm(norm=0.5, optimizer=DESCENT), gradient, shapes), -by_part, **near)


@pytest.mark.parametrize("size", [0, 3])
def test_a_gradient_of_zeros_stays(size: int) -> None:
    for rule in (ClipGlobalNorm(norm=1.0, optimizer=DESCENT), ClipNorm(norm=1.0, optimizer=DESCENT)):
        assert not moved(rule, np.zeros(size), {"": (size,)}).any()


def test_the_global_norm_is_that_of_all_parameters_whatever_groups_they_are_in() -> None:
    net = chain()
    before, gradient = net.parameters.vector.copy(), net.gradient(X, Y).vector
    norm = np.linalg.norm(gradient)
    rule = ClipGlobalNorm(norm=0.1 * norm, optimizer=GradientDescent(learning_rate=1.0))
    net.train_step(X, Y, optimizer=rule, groups={"*.b": {"learning_rate": 3.0}})
    factor = np.ones_like(before)
    for path, view in net.parameters.items():
        start = (view.__array_interface__["data"][0] - net.parameters.vector.__array_interface__["data"][0]) // 8
        factor[start : start + view.size] = 3.0 if path.endswith(".b") else 1.0
    np.testing.assert_allclose(net.parameters.vector, before - 0.1 * factor * gradient, rtol=1e-12)


def test_biases_are_left_out_of_the_decay_inside_of_a_wrapper() -> None:
    rule = ClipGlobalNorm(norm=1e9, optimizer=Adamw(learning_rate=0.1, weight_decay=0.5))
    wrapped, plain = chain(), chain()
    for net, optimizer in ((wrapped, rule), (plain, rule.optimizer)):
        net.fit(X, Y, optimizer=optimizer, groups={"*.b": {"weight_decay": 0.0}}, epochs=3, batch_size=5)
    np.testing.assert_array_equal(wrapped.parameters.vector, plain.parameters.vector)
    assert "optimizer/*.b/m" in wrapped.optimizer_state
    again = chain()
    for _ in range(3):
        again.fit(X, Y, optimizer=rule, groups={"*.b": {"weight_decay": 0.0}}, epochs=1, batch_size=5)
    np.testing.assert_array_equal(again.parameters.vector, wrapped.parameters.vector)


# Accumulation ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("inner", [Momentum(learning_rate=0.3), Adam(learning_rate=0.05)], ids=lambda each: each.kind)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("count", [23, 20, 16, 11])
def test_k_batches_make_the_step_of_one_that_is_k_times_as_large(inner, weighted, count) -> None:
    weight = np.random.default_rng(2).uniform(0, 2, count) * (np.arange(count) % 3 > 0) if weighted else None
    small, large = chain(), chain()
    for net, rule, size in ((small, Accumulated(steps=2, optimizer=inner), 5), (large, inner, 10)):
        net.fit(X[:count], Y[:count], optimizer=rule, epochs=3, batch_size=size, shuffle=False, sample_weight=weight)
    np.testing.assert_allclose(small.parameters.vector, large.parameters.vector, rtol=1e-11, atol=1e-12)
    assert small.optimizer_state["optimizer.step"] == large.optimizer_state.step
    assert not small.optimizer_state["sum"].any()


def test_batches_of_which_nothing_counts_leave_the_step_to_the_others() -> None:
    weight = np.ones(20)
    weight[:10] = weight[15:] = 0
    small, large = chain(), chain()
    for net, rule, size in ((small, Accumulated(steps=2, optimizer=DESCENT), 5), (large, DESCENT, 10)):
        net.fit(X[:20], Y[:20], optimizer=rule, epochs=2, batch_size=size, shuffle=False, sample_weight=weight)
    np.testing.assert_allclose(small.parameters.vector, large.parameters.vector, rtol=1e-12)


def test_schedules_inside_see_the_steps_that_are_taken() -> None:
    rule = Accumulated(
        steps=2, optimizer=GradientDescent(learning_rate=Step(start=1.0, factor=0.5, every=1, by="step"))
    )
    updater = Updater(rule, np.zeros(3), np.ones(3))
    path = []
    for _ in range(6):
        updater.apply()
        path.append(-updater.theta[0])
    assert path == [0, 1, 1, 1.5, 1.5, 1.75]


def test_single_steps_with_weights_are_refused_where_it_matters_how_much_they_count() -> None:
    with pytest.raises(TrainingError, match="asks how much the examples count"):
        chain().train_step(X, Y, optimizer=Accumulated(steps=2, optimizer=DESCENT), sample_weight=np.ones(len(X)))


def test_outputs_that_count_differently_are_refused() -> None:
    net = bp.Network(
        inputs={"x": (3,)},
        nodes={"a": bp.node(Dense(units=2), "x"), "b": bp.node(Dense(units=2), "x")},
        output=["a", "b"],
        cost={"a": QuadraticCost(), "b": QuadraticCost()},
    )
    weight = {"a": np.arange(1.0, 24), "b": np.ones(23)}
    with pytest.raises(TrainingError, match="differs between outputs"):
        net.fit(X, {"a": Y, "b": Y}, optimizer=Accumulated(steps=2, optimizer=DESCENT), sample_weight=weight, epochs=1)


# Averages --------------------------------------------------------------------------------------------


def test_the_exponential_average_is_that_of_its_formula_and_leaves_the_training_as_it_is() -> None:
    inner, net, plain = Adam(learning_rate=0.1), chain(), chain()
    rule, average = ExponentialAverage(decay=0.7, optimizer=inner), None
    for _ in range(6):
        net.train_step(X, Y, optimizer=rule)
        plain.train_step(X, Y, optimizer=inner)
        theta = plain.parameters.vector
        average = theta.copy() if average is None else 0.7 * average + (1 - 0.7) * theta
    np.testing.assert_array_equal(net.parameters.vector, plain.parameters.vector)
    averaged = net.averaged()
    np.testing.assert_allclose(averaged.parameters.vector, average, rtol=1e-13)
    np.testing.assert_array_equal(net.parameters.vector, plain.parameters.vector)
    net.train_step(X, Y, optimizer=rule)
    np.testing.assert_allclose(averaged.parameters.vector, average, rtol=1e-13)  # a network of its own


@pytest.mark.parametrize(("start", "every"), [(0, 1), (2, 1), (1, 2)])
def test_the_stochastic_average_is_the_mean_of_the_ends_of_epochs(start: int, every: int) -> None:
    inner, net, plain, ends = Adam(learning_rate=0.1), chain(), chain(), []
    net.fit(X, Y, optimizer=StochasticAverage(start=start, every=every, optimizer=inner), epochs=6, batch_size=5)
    for _ in range(6):
        plain.fit(X, Y, optimizer=inner, epochs=1, batch_size=5)
        ends.append(plain.parameters.vector.copy())
    np.testing.assert_array_equal(net.parameters.vector, plain.parameters.vector)
    np.testing.assert_allclose(net.averaged().parameters.vector, np.mean(ends[start::every], axis=0), rtol=1e-12)


def test_before_averaging_begins_the_average_is_the_network() -> None:
    net = chain()
    net.fit(X, Y, optimizer=StochasticAverage(start=9, optimizer=Adam()), epochs=2)
    np.testing.assert_array_equal(net.averaged().parameters.vector, net.parameters.vector)


def test_what_is_measured_during_training_is_measured_with_the_averages(tmp_path) -> None:
    net = chain()
    rule = ClipGlobalNorm(norm=1.0, optimizer=ExponentialAverage(decay=0.9, optimizer=Momentum(learning_rate=0.5)))
    history = net.fit(
        X, Y, optimizer=rule, epochs=3, batch_size=5, validation_data=(X[:9], Y[:9]), metrics=["accuracy"]
    )
    averaged = net.averaged()
    assert history.epochs[-1].validation_cost == pytest.approx(averaged.cost(X[:9], Y[:9]), rel=1e-14)
    assert history.epochs[-1].validation_cost != pytest.approx(net.cost(X[:9], Y[:9]), rel=1e-6)
    net.save(tmp_path / "run")
    again = bp.load(tmp_path / "run").averaged()
    np.testing.assert_array_equal(again.parameters.vector, averaged.parameters.vector)


def test_there_are_no_averages_where_none_are_kept() -> None:
    net = chain()
    with pytest.raises(TrainingError, match="there are no averaged parameters"):
        net.averaged()
    net.fit(X, Y, optimizer=Adam(), epochs=1)
    with pytest.raises(TrainingError, match="there are no averaged parameters"):
        net.averaged()


# Files and mistakes ----------------------------------------------------------------------------------

SPEC = """
network: {input_shape: [3], layers: [{kind: dense, units: 2}], cost: {kind: quadratic}}
training:
  optimizer:
    kind: clip_global_norm
    norm: 1.0
    optimizer: {kind: adam, learning_rate: {kind: cosine, start: 0.1, over: 9}}
  groups: {"*.b": {learning_rate: 0.5}}
"""


def test_a_spec_nests_optimizers() -> None:
    spec = parse_spec(SPEC)
    assert spec.training.optimizer == ClipGlobalNorm(norm=1.0, optimizer=Adam(learning_rate=Cosine(start=0.1, over=9)))
    written = spec_document(RunSpec(network=spec.network, training=spec.training))
    assert written["training"]["optimizer"]["optimizer"]["kind"] == "optimizers.adam"


def test_what_is_held_is_part_of_the_kind_so_that_another_starts_anew() -> None:
    net = chain()
    net.fit(X, Y, optimizer=ClipValue(value=1.0, optimizer=Adam()), epochs=1)
    assert net.optimizer_state.optimizer == "clip_value(adam)"
    net.fit(X, Y, optimizer=ClipValue(value=1.0, optimizer=Adamw()), epochs=1)  # m and v, too
    assert net.optimizer_state.epoch == 1


def test_a_method_that_drives_itself_cannot_be_held() -> None:
    with pytest.raises(SpecError, match="cannot hold lbfgs, which drives itself"):
        chain().fit(X, Y, optimizer=ClipValue(value=1.0, optimizer=LBFGS()))


def test_groups_name_fields_of_the_rule_inside() -> None:
    with pytest.raises(SpecError, match="norm"):
        TrainingSpec(optimizer=ClipNorm(norm=1.0, optimizer=Adam()), groups={"*.b": {"norm": 2.0}})


class Late(Optimizer):
    """Keeps the rule and calls it in the next step."""

    pure: ClassVar[bool | None] = True
    optimizer: Optimizer

    def update(self, gradient, optimizer):
        late.append(optimizer)
        return late[0](gradient)


late: list[Any] = []


class Rounded(Optimizer):
    """Hands on what is no gradient."""

    optimizer: Optimizer

    def update(self, gradient, optimizer):
        return optimizer(gradient[:-1])


class Colliding(Optimizer):
    """Calls a state of its own as one of the rule is called."""

    optimizer: Optimizer

    def initial_state(self, parameters):
        return {"optimizer/m": np.zeros(1)}

    def update(self, gradient, state, optimizer):
        return optimizer(gradient), dict(state)


def test_mistakes_of_wrappers_are_named() -> None:
    updater = Updater(Late(optimizer=Adam()), np.zeros(3), np.ones(3))
    updater.apply()
    with pytest.raises(ContractError, match="'optimizer' was called after the update"):
        updater.apply()
    with pytest.raises(ContractError, match="rounded: 'optimizer' was called with something else than a gradient"):
        Updater(Rounded(optimizer=Adam()), np.zeros(3), np.ones(3)).apply()
    with pytest.raises(ContractError, match="the name of what 'optimizer' carries"):
        Updater(Colliding(optimizer=Adam()), np.zeros(3), np.ones(3))


class Twice(Optimizer):
    """Calls the rule twice: two steps at one gradient."""

    optimizer: Optimizer

    def update(self, gradient, optimizer):
        return optimizer(gradient) + optimizer(gradient)


def test_a_rule_that_is_called_twice_takes_two_steps() -> None:
    once, twice = (
        Updater(Adam(), np.ones(3), np.full(3, 0.3)),
        Updater(Twice(optimizer=Adam()), np.ones(3), np.full(3, 0.3)),
    )
    for _ in range(4):
        twice.apply()
    for _ in range(8):
        once.apply()
    np.testing.assert_allclose(twice.theta, once.theta, rtol=1e-14)
    np.testing.assert_array_equal(twice.state["optimizer/v"], once.state["v"])


def test_averages_of_what_is_moved_into_a_set_are_refused() -> None:
    with pytest.raises(SpecError, match="averages parameters before they are moved"):
        chain().fit(X, Y, optimizer=ExponentialAverage(optimizer=Adam()), constraints={"*.w": MaxNorm(limit=1.0)})


class Own(GradientDescent):
    """Keeps averages beside its own steps."""

    averages: ClassVar[str] = "mean"

    def initial_state(self, parameters):
        return {"mean": np.array(parameters)}

    def update(self, gradient, parameters, state, learning_rate):
        change = -learning_rate * gradient
        return change, {"mean": 0.5 * (state["mean"] + parameters + change)}


def test_a_rule_may_keep_averages_itself_and_then_has_no_groups() -> None:
    net = chain()
    net.fit(X, Y, optimizer=Own(learning_rate=0.1), epochs=1)
    assert not np.array_equal(net.averaged().parameters.vector, net.parameters.vector)
    with pytest.raises(SpecError, match="averages all parameters"):
        net.fit(X, Y, optimizer=Own(learning_rate=0.1), groups={"*.b": {"learning_rate": 1.0}})


def test_what_is_held_counts_in_the_memory_of_a_step() -> None:
    net = chain()
    alone, held = (net.memory(5, each).optimizer for each in (Adam(), Halved(optimizer=Adam())))
    assert alone < held <= alone + net.parameters.vector.nbytes + 64
