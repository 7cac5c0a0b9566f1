"""Optimizers that drive themselves: what they are handed, and what a run leaves."""

from __future__ import annotations

import os
import signal
from typing import Any, ClassVar

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from bpframe_regularisation import BatchNorm, Dropout

import bpframe as bp
from bpframe.documents import TrainingSpec
from bpframe.errors import ContractError, DataError, MemoryLimitError, NonFiniteError, SpecError
from bpframe.extend import Objective, Optimizer, PositiveFloat, Problem
from bpframe.training.history import History
from tests.components.activations import SquareRoot
from tests.network.networks import chain, descent, samples, shared, shared_samples


class Steps(Optimizer):
    """Plain steps along the gradient, which it takes until the gradient is small."""

    rate: PositiveFloat = 0.5
    small: float = 0.0

    def minimize(self, problem: Problem) -> None:
        going_on = True
        while going_on:
            _, gradient = problem.objective.gradient()
            if np.abs(gradient).max() <= self.small:
                return problem.stop(f"gradient below {self.small:g}")
            problem.move_to(problem.parameters - self.rate * gradient)
            going_on = problem.report(problem.objective.cost(), damping=0.25, gain_ratio=len(gradient))
        return None


def look(network: bp.Network, data: Any, see: Any, dtype: str = "float64", **fields: Any) -> History:
    """Hand `see` the problem of a training, in an optimizer that reports once; be sure that it saw all of it."""
    seen = []

    class Look(Optimizer):
        def minimize(self, problem: Problem) -> None:
            see(problem)
            seen.append(problem)
            problem.report(problem.objective.cost())

    history = network.fit(*data, optimizer=Look(), epochs=2, **fields)
    assert len(seen) == 1
    return history


# A run ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_is_recorded_iteration_by_iteration(dtype):
    net, rule, data = chain(dtype), chain(dtype), samples(12, dtype)
    history = net.fit(*data, optimizer=Steps(), epochs=5, validation_data=data, metrics=["accuracy"])
    rule.fit(*data, optimizer=descent(0.5), epochs=5, batch_size=12, shuffle=False)
    np.testing.assert_allclose(
        net.parameters.vector, rule.parameters.vector, rtol=1e-5 if dtype == "float32" else 1e-13
    )
    assert net.parameters.vector.dtype == dtype
    assert (history.stopped, len(history), history.steps) == ("completed", 5, 5)
    assert history.column("damping") == [0.25] * 5
    assert history.column("gain_ratio") == [float(net.parameters.vector.size)] * 5
    assert history.column("cost")[-1] == pytest.approx(net.cost(*data), rel=1e-6)
    assert history.column("validation_cost") == pytest.approx(history.column("cost"), rel=1e-6)
    assert len(history.column("validation_accuracy")) == 5
    assert [record.epoch for record in history.epochs] == [1, 2, 3, 4, 5]
    assert all(record.seconds > 0 for record in history.epochs)
    assert History.model_validate_json(history.model_dump_json()) == history
    with pytest.raises(KeyError, match=r"no 'gain'; there are epoch, .*damping, gain_ratio"):
        history.column("gain")


def test_a_method_says_why_it_ended():
    net = chain()
    history = net.fit(*samples(), optimizer=Steps(small=1e9), epochs=5)
    assert (history.stopped, len(history), history.steps) == ("gradient below 1e+09", 0, 0)
    assert look(net, samples(), lambda problem: None).stopped == "the method ended by itself"


def test_a_run_is_saved_with_its_method(tmp_path):
    net = chain()
    net.fit(*samples(), optimizer=Steps(rate=0.25), epochs=2)
    with pytest.warns(UserWarning, match="Steps"):
        net.save(tmp_path / "run")
    loaded = bp.load(tmp_path / "run", [Steps])
    assert loaded.training.optimizer == Steps(rate=0.25)
    assert loaded.training.batch_size is None
    assert loaded.history == net.history


def test_progress_counts_iterations_and_shows_the_figures(capfd):
    net = chain()
    history = net.fit(*samples(), optimizer=Steps(), epochs=3, progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0] == f"iteration 1/3  cost {history.epochs[0].cost:.4g}  damping 0.25  gain ratio 26"


def test_targets_that_have_no_accuracy_are_refused_before_anything_changes():
    rows = bp.Network([Dense(units=2)], cost=QuadraticCost(), input_shape=(4, 3))
    before = rows.parameters.vector.copy()
    with pytest.raises(DataError, match="cannot tell the class"):
        rows.fit(np.ones((5, 4, 3)), np.ones((5, 4, 2)), optimizer=Steps(), epochs=1, metrics=["accuracy"])
    assert np.array_equal(rows.parameters.vector, before)


def test_what_runs_in_a_rule_is_as_before():
    net, same, data = chain(), chain(), samples(25)
    net.fit(*data, optimizer=descent(), epochs=2)
    same.fit(*data, optimizer=descent(), epochs=2, batch_size=10)
    assert net.parameters.vector.tobytes() == same.parameters.vector.tobytes()


# Batches -------------------------------------------------------------------------------------------------------------


class Passes(Optimizer):
    """Steps over mini-batches, and notes of what they were."""

    batches: ClassVar[bool] = True
    counts: ClassVar[list[int]] = []

    def minimize(self, problem: Problem) -> None:
        self.counts.clear()
        going_on = True
        while going_on:
            total = 0.0
            for batch in problem.batches():
                cost, gradient = batch.gradient()
                problem.move_to(problem.parameters - 0.5 * gradient)
                total += cost * batch.count
                self.counts.append(batch.count)
            going_on = problem.report(total / problem.objective.count)


@pytest.mark.parametrize("shuffle", [True, False])
def test_mini_batches_are_those_of_a_rule(shuffle):
    layers = [Dense(units=4), BatchNorm(), Dropout(rate=0.3), Dense(units=2)]
    networks = [bp.Network(layers, cost=QuadraticCost(), input_shape=(3,), seed=4) for _ in range(2)]
    fields = {"epochs": 3, "batch_size": 5, "shuffle": shuffle}
    history = networks[0].fit(*samples(12), optimizer=Passes(), **fields)
    ruled = networks[1].fit(*samples(12), optimizer=GradientDescent(learning_rate=0.5), **fields)
    assert Passes.counts == [5, 5, 2] * 3
    assert (history.steps, history.stopped) == (9, "completed")
    np.testing.assert_allclose(networks[0].parameters.vector, networks[1].parameters.vector, rtol=1e-12)
    for name, state in networks[1].state.items():
        for key, array in state.items():
            np.testing.assert_allclose(networks[0].state[name][key], array, rtol=1e-12)
    assert history.column("cost") == pytest.approx(ruled.column("cost"), rel=1e-12)


def test_without_a_batch_size_there_is_one_batch():
    chain().fit(*samples(12), optimizer=Passes(), epochs=2)
    assert Passes.counts == [12, 12]


def test_a_batch_size_for_a_method_that_takes_all_examples_is_refused():
    with pytest.raises(SpecError, match=r"training\.batch_size cannot be 5: steps takes all examples at once"):
        chain().fit(*samples(), optimizer=Steps(), batch_size=5)
    assert TrainingSpec(optimizer=Passes(), batch_size=5).examples_per_step(12) == 5
    assert TrainingSpec(optimizer=Passes()).examples_per_step(12) == 12
    assert TrainingSpec(optimizer=descent()).examples_per_step(12) == 10


def test_batches_have_to_be_announced():
    def see(problem):
        next(problem.batches())

    with pytest.raises(ContractError, match="batches: ClassVar"):
        look(chain(), samples(), see)


# What the objective says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "draw"), [(chain, samples), (shared, shared_samples)], ids=["chain", "shared"])
@pytest.mark.parametrize("portions", [False, True], ids=["whole", "portions"])
def test_the_objective_is_the_mean_cost_of_all_examples(make, draw, portions, monkeypatch):
    if portions:
        monkeypatch.setattr("bpframe.derivatives.points.memory.PORTION_BYTES", 1000)
    net, data = make(), draw()
    gradient = net.gradient(*data).vector.copy()
    cost, size = net.cost(*data), net.parameters.vector.size
    count = len(data[0]["left"] if isinstance(data[0], dict) else data[0])
    elsewhere = net.parameters.vector + 0.1

    def see(problem: Problem) -> None:
        objective, before = problem.objective, problem.parameters
        assert isinstance(objective, Objective)
        assert (objective.count, objective.size) == (count, size)
        found, g = objective.gradient()
        assert found == pytest.approx(cost, rel=1e-13)
        np.testing.assert_allclose(g, gradient, rtol=1e-12, atol=1e-15)
        g[:] = 0
        np.testing.assert_allclose(objective.gradient()[1], gradient, rtol=1e-12, atol=1e-15)  # its own each time
        assert objective.cost() == pytest.approx(cost, rel=1e-13)
        there = objective.cost(elsewhere)
        assert np.array_equal(problem.parameters, before)
        problem.move_to(elsewhere)
        assert objective.gradient()[0] == pytest.approx(there, rel=1e-13)
        assert objective.cost() == pytest.approx(there, rel=1e-13)
        problem.move_to(before)
        assert np.isnan(objective.cost(np.full(size, np.nan)))
        parts = objective.by_path(np.arange(size, dtype=float))
        assert {path: part.shape for path, part in parts.items()} == net.parameters.shapes
        assert np.concatenate([part.ravel() for part in parts.values()]).tolist() == list(range(size))

    look(net, data, see)


def test_the_forms_of_the_residuals_belong_together():
    def see(problem: Problem) -> None:
        objective = problem.objective
        cost, gradient = objective.gradient()
        for found in (
            objective.residuals(), objective.triangular(), objective.normal_equations(), objective.residual_gram(),
            objective.residual_operator(),
        ):  # fmt: skip
            assert found[0] == pytest.approx(cost, rel=1e-12)
        _, R, rho = objective.residuals()
        _, T, t = objective.triangular()
        _, G, g = objective.normal_equations()
        _, gram, _ = objective.residual_gram()
        _, operator, _ = objective.residual_operator()
        assert objective.residual_count == len(R) == len(rho)
        assert objective.remainder() is None
        for product in (R.T @ rho, T.T @ t, g, operator.rmatvec(rho)):
            np.testing.assert_allclose(product, gradient, rtol=1e-10, atol=1e-14)
        for product in (R.T @ R, T.T @ T, operator.rmatmat(operator.matmat(np.eye(len(G))))):
            np.testing.assert_allclose(product, G, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(R @ R.T, gram, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(objective.diagonal(), np.diag(G), rtol=1e-10, atol=1e-14)
        problem.memory_limit = 100
        with pytest.raises(MemoryLimitError, match="limit"):
            objective.residuals()

    look(chain(), samples(5), see)


def test_training_is_off_in_the_cost_of_all_examples():
    net = bp.Network([Dense(units=4), BatchNorm(), Dropout(), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,))
    before = {(node, name): array.copy() for node, state in net.state.items() for name, array in state.items()}
    net.fit(*samples(), optimizer=Steps(rate=0.01), epochs=3)
    assert all(np.array_equal(net.state[node][name], array) for (node, name), array in before.items())
    assert net.history.epochs[-1].cost == pytest.approx(net.cost(*samples()), rel=1e-12)


def test_the_cost_of_all_examples_follows_the_state_that_batches_leave():
    net = bp.Network([Dense(units=4), BatchNorm(), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,))
    data, seen = samples(12), []

    class Mixed(Passes):
        def minimize(self, problem: Problem) -> None:
            before = problem.objective.gradient()
            assert problem.objective.cost() == pytest.approx(before[0], rel=1e-12)
            for batch in problem.batches():
                batch.gradient()
            assert problem.objective.cost() == pytest.approx(net.cost(*data), rel=1e-12)
            assert problem.objective.gradient()[0] == pytest.approx(net.cost(*data), rel=1e-12)
            assert problem.objective.cost() != pytest.approx(before[0], rel=1e-3)
            seen.append(batch.count)
            problem.report(problem.objective.cost())

    net.fit(*data, optimizer=Mixed(), epochs=1, batch_size=4)
    assert seen == [4]


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_batch_has_curvature_of_its_own(shuffle):
    net, found = chain(), []

    class Curved(Passes):
        def minimize(self, problem: Problem) -> None:
            for batch in problem.batches():
                _, gradient = batch.gradient()
                _, G, g = batch.normal_equations()
                np.testing.assert_allclose(g, gradient, rtol=1e-10, atol=1e-14)
                found.append(G * batch.count)
            _, whole, _ = problem.objective.normal_equations()
            np.testing.assert_allclose(sum(found) / problem.objective.count, whole, rtol=1e-10, atol=1e-14)
            found.append(whole)
            problem.report(problem.objective.cost())

    net.fit(*samples(11), optimizer=Curved(), epochs=1, batch_size=3, shuffle=shuffle)
    assert len(found) == 5  # four batches, and the whole


def test_random_streams_follow_the_seed():
    drawn = []

    def see(problem: Problem) -> None:
        drawn.append(problem.generator("signs").random())

    net = chain()
    for seed in (3, None, 3):
        look(net, samples(), see, seed=seed)
    assert drawn[0] == drawn[2] != drawn[1]


# Numbers that are not finite, and errors -----------------------------------------------------------------------------


def test_a_start_that_is_not_finite_is_refused_with_its_place():
    net = bp.Network([Dense(units=4), SquareRoot(), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,))
    before = net.parameters.vector.copy()
    with pytest.raises(NonFiniteError, match=r"layers\[1\] 'square_root_1'.*before the first iteration"):
        net.fit(*samples(), optimizer=Steps(), epochs=3)
    assert net.history.stopped == "not finite"
    assert np.array_equal(net.parameters.vector, before)


def test_a_batch_that_is_not_finite_is_refused_with_its_place():
    net = bp.Network([Dense(units=4), SquareRoot(), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,))
    with pytest.raises(NonFiniteError, match=r"layers\[1\] 'square_root_1'.*in a mini-batch"):
        net.fit(*samples(), optimizer=Passes(), epochs=3, batch_size=4)


def interrupt(problem: Problem) -> None:
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)


def full(value: float) -> Any:
    return lambda problem: problem.move_to(np.full(problem.objective.size, value))


#: What a method may do after good steps: what it is, what is raised and said, and why the run stopped.
ENDINGS: dict[str, tuple[Any, type[BaseException], str, str]] = {
    "error": (
        lambda problem: 1 // 0, ContractError, "optimizer 'then': minimize failed: ZeroDivisionError", "failed",
    ),
    "nan": (full(np.nan), NonFiniteError, "moves to parameters that are not finite", "not finite"),
    "beyond float32": (full(1e300), NonFiniteError, "26 of 26 entries", "not finite"),
    "infinite cost": (
        lambda problem: problem.report(float("inf")), NonFiniteError, "reports a cost that is not finite", "not finite",
    ),
    "interrupt": (interrupt, KeyboardInterrupt, "", "interrupted"),
    "wrong shape": (
        lambda problem: problem.move_to(np.zeros(3)), ContractError, "the whole parameter vector", "failed",
    ),
    "words": (lambda problem: problem.report("low"), ContractError, "no number for 'cost'", "failed"),
    "seconds": (
        lambda problem: problem.report(0.0, seconds=1.0),
        ContractError, "a figure 'seconds', which a record holds itself", "failed",
    ),
}  # fmt: skip


class Then(Optimizer):
    """Two good steps, a bad one that is reported, and then something else."""

    batches: ClassVar[bool] = False
    ending: str = "error"

    def minimize(self, problem: Problem) -> None:
        for length in (0.5, 0.5, -5.0):
            problem.move_to(problem.parameters - length * problem.objective.gradient()[1])
            problem.report(problem.objective.cost())
        ENDINGS[self.ending][0](problem)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_error_leaves_the_best_that_was_reported(ending):
    _, error, said, stopped = ENDINGS[ending]
    net, good, data = chain("float32"), chain("float32"), samples(dtype="float32")
    good.fit(*data, optimizer=Steps(), epochs=2)
    with pytest.raises(error) as caught:
        net.fit(*data, optimizer=Then(ending=ending), epochs=50)
    assert said in str(caught.value)
    assert np.array_equal(net.parameters.vector, good.parameters.vector)
    assert (len(net.history), net.history.stopped) == (3, stopped)


def test_a_method_that_goes_on_after_the_last_iteration_is_stopped():
    net = chain()
    with pytest.raises(ContractError, match=r"goes on after report\(\) returned False"):
        net.fit(*samples(), optimizer=Then(), epochs=2)
    assert len(net.history) == 2


def test_a_method_that_says_nothing_is_refused():
    class Silent(Optimizer):
        def minimize(self, problem: Problem) -> None:
            problem.move_to(problem.parameters + 1)

    net = chain()
    before = net.parameters.vector.copy()
    with pytest.raises(ContractError, match="ended without a report"):
        net.fit(*samples(), optimizer=Silent())
    assert np.array_equal(net.parameters.vector, before)


# Ctrl-C --------------------------------------------------------------------------------------------------------------

needs_signals = pytest.mark.skipif(os.name != "posix", reason="needs signals")


@needs_signals
def test_an_interrupt_ends_after_the_iteration():
    class Interrupted(Steps):
        def minimize(self, problem: Problem) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            super().minimize(problem)

    net, one = chain(), chain()
    history = net.fit(*samples(), optimizer=Interrupted(), epochs=10**6)
    assert (history.stopped, len(history)) == ("interrupted", 1)
    one.fit(*samples(), optimizer=Steps(), epochs=1)
    assert np.array_equal(net.parameters.vector, one.parameters.vector)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@needs_signals
def test_an_interrupt_ends_a_pass_of_batches_early():
    class Interrupted(Passes):
        def minimize(self, problem: Problem) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            super().minimize(problem)

    history = chain().fit(*samples(12), optimizer=Interrupted(), epochs=10**6, batch_size=2)
    assert Interrupted.counts == [2]
    assert (history.stopped, len(history), history.steps) == ("interrupted", 1, 1)
