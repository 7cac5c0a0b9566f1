"""Levenberg–Marquardt on networks: accuracy, equal steps whichever way they are solved, singular problems, ends."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_minimizers import GaussNewton, LevenbergMarquardt
from bpframe_minimizers.damped import Dual, Gram, Normal, Triangular
from bpframe_minimizers.iterative import Iterative
from bpframe_minimizers.solving import Solving, units
from bpframe_reference import Dense, NguyenWidrow, QuadraticCost
from bpframe_regularisation import BatchNorm
from scipy.optimize import minimize

from bpframe import Network, node
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.errors import BatchCoupledError
from bpframe.extend import Diagonal, Layer, Parameter
from tests.components.cross_entropy import SoftmaxCrossEntropy
from tests.contract.cases import Case
from tests.derivatives.zoo import ZOO, named


def sinc(seed: int, examples: int = 100, dtype: str = "float64"):
    x = np.linspace(-1, 1, examples, dtype=dtype)[:, None]
    layers = [Dense(units=20), Tanh(), Dense(units=1)]
    network = Network(layers, input_shape=(1,), cost=QuadraticCost(), dtype=dtype, seed=seed)
    return network, x, np.sinc(10 * x / np.pi).astype(dtype)


def normalised_sinc(seed: int, dtype: str = "float64"):
    """Seven periods in place of a little more than two: sin(10πx) / 10πx, NumPy's and PyTorch's sinc(10x)."""
    x = np.linspace(-1, 1, 100, dtype=dtype)[:, None]
    hidden = Dense(units=20, weights=NguyenWidrow(), biases=NguyenWidrow())
    network = Network([hidden, Tanh(), Dense(units=1)], input_shape=(1,), cost=QuadraticCost(), dtype=dtype, seed=seed)
    return network, x, np.sinc(10 * x).astype(dtype)


def fit(network, x, y, epochs=50, method=LevenbergMarquardt, validation_data=None, **fields):
    optimizer = method(**fields)
    return network.fit(x, y, optimizer=optimizer, epochs=epochs, validation_data=validation_data, progress=False)


def objective(network, x, y, **others) -> LeastSquares:
    name = network.graph.outputs[0]
    return LeastSquares(network._engine, {"x": x}, {name: y}, **others)


# What it reaches -------------------------------------------------------------------------------------------------


def test_sinc_to_a_millionth_within_100_iterations() -> None:
    errors = []
    for seed in range(10):
        network, x, y = sinc(seed)
        fit(network, x, y, epochs=100, goal=5e-7)
        errors.append(np.mean((network.predict(x) - y) ** 2))
    assert network.parameters.vector.size == 61
    assert sum(error <= 1e-6 for error in errors) >= 9


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normalised_sinc_to_a_millionth_from_a_start_that_covers_the_inputs(dtype) -> None:
    for seed in range(30):
        network, x, y = normalised_sinc(seed, dtype)
        history = fit(network, x, y, epochs=100, goal=5e-7, scaling="none")
        assert network.parameters.vector.size == 61
        assert np.mean((network.predict(x) - y) ** 2) <= 1.01e-6
        assert len(history) <= 15


@pytest.mark.soak
@pytest.mark.parametrize("examples", [100, 1000])
@pytest.mark.parametrize(("rule", "least"), [("gain_ratio", 29), ("fixed", 20)])
def test_sinc_from_thirty_seeds(examples, rule, least) -> None:
    errors = []
    for seed in range(100, 130):
        network, x, y = sinc(seed, examples)
        fit(network, x, y, epochs=100, rule=rule)
        errors.append(np.mean((network.predict(x) - y) ** 2))
    assert sum(error <= 1e-6 for error in errors) >= least


def test_parity_of_three_bits() -> None:
    x = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
    layers = [Dense(units=10), Tanh(), Dense(units=10), Tanh(), Dense(units=1)]
    for seed in range(5):
        network = Network(layers, input_shape=(3,), cost=QuadraticCost(), seed=seed)
        history = fit(network, x, x.prod(axis=1, keepdims=True), epochs=100, goal=5e-7)
        assert network.cost(x, x.prod(axis=1, keepdims=True)) <= 5e-7
        assert history.stopped == "goal 5e-07 reached"


def test_softmax_regression_ends_where_scipy_does() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((60, 3)), rng.integers(0, 3, 60)
    network = Network([Dense(units=3)], input_shape=(3,), cost=SoftmaxCrossEntropy(), seed=0)
    start = network.parameters.vector.copy()

    def cost_and_gradient(theta):
        network.parameters.vector[...] = theta
        return network.cost(x, y), network.gradient(x, y).vector

    found = minimize(cost_and_gradient, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    for method in (LevenbergMarquardt, GaussNewton):
        network.parameters.vector[...] = start
        history = fit(network, x, y, method=method, min_gradient=1e-10)
        assert len(history) < 15  # Newton's steps, because the outputs are linear in the parameters
        assert network.cost(x, y) == pytest.approx(found.fun, rel=1e-12)


def test_a_network_of_several_outputs_is_fitted() -> None:
    rng = np.random.default_rng(1)
    network = Network(
        inputs={"x": (2,)},
        nodes={
            "hidden": node(Dense(units=6), "x"),
            "squashed": node(Tanh(), "hidden"),
            "one": node(Dense(units=2), "squashed"),
            "two": node(Dense(units=1), "squashed"),
        },
        output=["one", "two"],
        cost={"one": QuadraticCost(), "two": QuadraticCost()},
        seed=3,
    )
    x = rng.standard_normal((20, 2))
    y = {"one": np.sin(x), "two": x[:, :1] * x[:, 1:]}
    before = network.cost(x, y)
    history = fit(network, x, y)
    assert network.cost(x, y) < 0.01 * before
    assert all(after <= before for before, after in itertools.pairwise(history.column("cost")))


# The same steps, whichever way -----------------------------------------------------------------------------------


@pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)
def test_every_solver_gives_the_same_step_on_every_network(example) -> None:
    network = example.make()
    x, y = example.data(batch=6)
    problem = network._samples(x, y)
    steps, corrections = {}, {}
    bending = np.random.default_rng(3).standard_normal(network.parameters.vector.size)
    for solver in ("normal", "qr", "dual", "lsmr"):
        solving = Solving(solver, True, 1 << 30, tolerance=1e-14)
        system = solving.at(LeastSquares(network._engine, *problem), 0.1)
        steps[solver] = system.step(0.1)
        corrections[solver] = system.correction(bending, 0.1)
        np.testing.assert_array_equal(system.step(0.1), steps[solver])  # which a correction leaves as it was
        assert system.cost == pytest.approx(network.cost(x, y), rel=1e-12)
        np.testing.assert_allclose(system.gradient, network.gradient(x, y).vector, atol=1e-12)
    for solver, step in steps.items():
        largest = np.abs(steps["qr"]).max()
        np.testing.assert_allclose(step, steps["qr"], rtol=0, atol=1e-8 * largest, err_msg=solver)
    _, matrix, _ = LeastSquares(network._engine, *problem).normal_equations()
    d = units(np.sqrt(np.diagonal(matrix)))
    expected = np.linalg.solve(matrix + 0.1 * np.diag(d**2), -bending)
    for solver, correction in corrections.items():
        largest = np.abs(expected).max()
        np.testing.assert_allclose(correction, expected, rtol=0, atol=1e-8 * largest, err_msg=solver)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["normal", "qr", "dual"])
def test_columns_of_rounding_alone_lead_nowhere(solver, dtype) -> None:
    example = named("attention")  # softmax cancels the biases of its keys
    network = example.make(dtype)
    data = network._samples(*example.data(batch=6, dtype=dtype))
    step = Solving(solver, True, 1 << 30).at(LeastSquares(network._engine, *data), 1e-3).step(1e-3)
    assert step.dtype == dtype
    assert np.abs(step).max() < 100


def test_what_auto_solves_with() -> None:
    network, x, y = sinc(0, 100)

    def chosen(examples=100, memory_limit=1 << 30, scaled=True, solver="auto"):
        rows = slice(0, examples)
        solving = Solving(solver, scaled, memory_limit)
        return type(solving.at(objective(network, x[rows], y[rows], memory_limit=memory_limit), 1.0))

    assert chosen() is Normal
    assert chosen(examples=20) is Dual
    assert chosen(examples=20, memory_limit=20 * 20 * 8, scaled=False) is Gram
    assert chosen(memory_limit=10_000) is Iterative
    assert chosen(solver="qr") is Triangular


def test_auto_turns_to_qr_where_damping_has_become_small_and_stays_there() -> None:
    network, x, y = sinc(0, 100)
    solving = Solving("auto", True, 1 << 30)
    system = solving.at(objective(network, x, y), 1e-16)
    assert isinstance(system, Normal)
    same = Solving("qr", True, 1 << 30).at(objective(network, x, y), 1e-16)
    np.testing.assert_allclose(system.step(1e-16), same.step(1e-16), rtol=1e-6)
    resumed = Solving("auto", True, 1 << 30)
    resumed.go_on(solving.kept())
    assert isinstance(resumed.at(objective(network, x, y), 1e-17), Triangular)
    assert isinstance(solving.at(objective(network, x, y), 1e-17), Triangular)
    assert isinstance(solving.at(objective(network, x, y), 1e-3), Normal)


def test_a_problem_beyond_the_memory_limit_is_solved_without_matrices() -> None:
    network, x, y = sinc(0, 40)
    within, beyond = objective(network, x, y), objective(network, x, y, memory_limit=1000)
    expected = Solving("qr", False, 1 << 30).at(within, 1.0).step(1.0)
    step = Solving("auto", False, 1000, tolerance=1e-12).at(beyond, 1.0).step(1.0)
    np.testing.assert_allclose(step, expected, rtol=1e-8, atol=1e-10)


# Rules and ends ---------------------------------------------------------------------------------------------------


def test_matlabs_rule_multiplies_damping_by_its_factors() -> None:
    network, x, y = sinc(0)
    history = fit(network, x, y, epochs=30, rule="fixed", scaling="none")
    used = np.array(history.column("damping"))
    assert used[0] == pytest.approx(1e-3 * 10 ** round(np.log10(used[0] / 1e-3)))
    powers = np.log10(used[1:] / used[:-1])
    np.testing.assert_allclose(powers, np.round(powers), atol=1e-6)
    assert powers.min() == pytest.approx(-1)


def test_a_step_is_taken_only_where_the_cost_falls_and_figures_say_how() -> None:
    network, x, y = sinc(0)
    history = fit(network, x, y, epochs=30)
    costs = history.column("cost")
    assert all(after < before for before, after in itertools.pairwise(costs))
    assert all(ratio > 0 for ratio in history.column("gain_ratio"))
    assert history.column("gradient_norm")[-1] == pytest.approx(np.linalg.norm(network.gradient(x, y).vector))
    assert history.stopped == "completed"


def test_it_stops_at_the_goal_at_a_flat_place_and_at_the_largest_damping() -> None:
    network, x, y = sinc(0)
    assert fit(network, x, y, epochs=100, goal=1e-3).stopped == "goal 0.001 reached"
    assert network.cost(x, y) <= 1e-3
    network, x, y = sinc(0)
    assert fit(network, x, y, epochs=100, min_gradient=1e-2).stopped.endswith("at most 0.01")
    network, x, y = sinc(0)
    history = fit(network, x, y, epochs=100, damping=1e-6, max_damping=1e-5, scaling="none")
    assert history.stopped == "damping above 1e-05"


def test_acceleration_where_steps_lead_beyond_what_is_finite_shortens_them() -> None:
    class Exponential(Layer):
        def parameters(self):
            return {"rate": Parameter((), init=-3.0)}

        def forward(self, x, p):
            return np.exp(np.exp(p["rate"] * x))

        def jacobian(self, x, p):
            inner = np.exp(p["rate"] * x)
            outer = np.exp(inner) * inner
            return {"x": Diagonal(outer * p["rate"]), "rate": outer * x}

    x = np.linspace(0, 4, 30)[:, None]
    network = Network([Exponential()], input_shape=(1,), cost=QuadraticCost())
    history = fit(network, x, np.exp(np.exp(0.4 * x)), epochs=200, acceleration=0.75, min_gradient=0)
    assert network.parameters.vector[0] == pytest.approx(0.4, rel=1e-10)
    assert max(history.column("damping")) > 1e-3


def test_validation_that_fails_returns_to_its_best() -> None:
    rng = np.random.default_rng(0)
    network, x, y = sinc(0, 30)
    noisy, held = y + 0.3 * rng.standard_normal(y.shape), sinc(0, 31)[1:]
    history = fit(network, x, noisy, epochs=300, validation_data=held, max_fail=4)
    costs = history.column("validation_cost")
    assert history.stopped == "no lower validation cost for 4 iterations"
    assert len(history) - 1 - int(np.argmin(costs)) == 4
    assert network.cost(*held) == pytest.approx(min(costs), rel=1e-12)


def test_what_couples_examples_is_refused_in_training_by_name() -> None:
    network = Case("batch_norm", BatchNorm(), {"x": (3,)}).trainable()
    data = {"x": np.random.default_rng(0).standard_normal((4, 3))}, {"end": np.zeros((4, 2))}
    with pytest.raises(BatchCoupledError, match="probe"):
        LeastSquares(network._engine, *data, training=True).residuals()
