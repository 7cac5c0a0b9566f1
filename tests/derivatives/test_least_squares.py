"""Residuals, normal equations, triangular factors and Gram matrices against Jacobians measured from forward passes."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import BatchNorm

from bpframe import Network, node
from bpframe.core.backprop.forward import forward
from bpframe.core.backprop.rows import slices
from bpframe.core.component import Cost
from bpframe.core.operators import BatchMatrix, Diagonal
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.derivatives.least_squares.written_rows import WrittenRows
from bpframe.derivatives.points import at_theta as passes
from bpframe.derivatives.points import memory
from bpframe.derivatives.points.given_arrays import checked_inputs, checked_targets
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.errors import BatchCoupledError, MemoryLimitError
from tests.contract.cases import Case
from tests.oracles import assert_close, cost_gradient, parameter_jacobian
from tests.trials.huber import HuberCost

from .zoo import ZOO, named

every = pytest.mark.parametrize("example", ZOO, ids=lambda each: each.name)


def checked(network, x, y):
    inputs = checked_inputs(network.graph, x, network.dtype)
    return inputs, checked_targets(network.graph, y, network.dtype, len(next(iter(inputs.values()))))


def problem(network, x, y, **others) -> LeastSquares:
    return LeastSquares(network._engine, *checked(network, x, y), **others)


def measured(network, x, y):
    """R by columns of the roots, and g, from forward passes and the cost's declared Hessian."""
    inputs, targets = checked(network, x, y)
    point = Linearisation.at(network._engine, inputs, targets)
    roots, rows = point.root_columns(), 0
    for output in point.hessians:
        jacobians = [parameter_jacobian(network, x, path, output=output) for path in network.parameters]
        jacobian = np.concatenate([each.reshape(*roots[output].shape[1:], -1) for each in jacobians], axis=-1)
        columns = roots[output].reshape(point.root_count, point.batch, -1)
        rows = rows + np.einsum("kno,nop->knp", columns, jacobian.reshape(point.batch, columns.shape[-1], -1))
    return rows.reshape(-1, rows.shape[-1]) / np.sqrt(point.batch), cost_gradient(network, x, y)


@every
def test_every_form_agrees_with_measured_jacobians(example, monkeypatch) -> None:
    network = example.make()
    x, y = example.data()
    expected, gradient = measured(network, x, y)
    for portion_bytes in (memory.PORTION_BYTES, 1):  # all examples at once, and one at a time
        monkeypatch.setattr(memory, "PORTION_BYTES", portion_bytes)
        squares = problem(network, x, y)
        assert squares.residual_count == len(expected)

        cost, matrix, rho = squares.residuals()
        assert cost == pytest.approx(network.cost(x, y), rel=1e-13)
        assert_close(matrix, expected, 1e-9)
        assert squares.remainder() is None
        assert_close(matrix.T @ rho, gradient, 1e-9)

        cost, triangle, t = squares.triangular()
        assert cost == pytest.approx(network.cost(x, y), rel=1e-13)
        assert triangle.shape == (min(expected.shape), expected.shape[1])
        np.testing.assert_array_equal(triangle, np.triu(triangle))
        assert_close(triangle.T @ triangle, expected.T @ expected, 1e-9)
        assert_close(triangle.T @ t, gradient, 1e-9)

        _, normal, found = squares.normal_equations()
        assert_close(normal, expected.T @ expected, 1e-9)
        assert_close(found, gradient, 1e-9)
        assert_close(squares.diagonal(), np.diagonal(expected.T @ expected), 1e-9)
        assert_close(squares.gradient()[1], gradient, 1e-9)

        _, gram, same_rho = squares.residual_gram()
        assert_close(gram, expected @ expected.T, 1e-9)
        np.testing.assert_allclose(same_rho, rho, rtol=1e-12)


@every
def test_bending_is_the_second_derivative_of_the_outputs_along_a_step(example, monkeypatch) -> None:
    network = example.make()
    x, y = example.data()
    inputs, targets = checked(network, x, y)
    theta = network.parameters.vector.copy()
    step = 1e-3 * np.random.default_rng(4).standard_normal(theta.size)
    point = Linearisation.at(network._engine, inputs, targets)
    expected = np.zeros(theta.size)
    for output, hessian in point.hessians.items():
        values = []
        for share in (-1, 0, 1):
            network.parameters.vector[...] = theta + share * step
            values.append(network._engine.outputs(inputs)[output])
        network.parameters.vector[...] = theta
        second = values[0] - 2 * values[1] + values[2]
        weighted = hessian.jvp(second).reshape(point.batch, -1)
        jacobians = [parameter_jacobian(network, x, path, output=output) for path in network.parameters]
        jacobian = np.concatenate([each.reshape(*values[0].shape, -1) for each in jacobians], axis=-1)
        jacobian = jacobian.reshape(point.batch, weighted.shape[1], theta.size)
        expected += np.einsum("nop,no->p", jacobian, weighted) / point.batch
    largest = np.abs(expected).max()
    for portion_bytes in (memory.PORTION_BYTES, 1):
        monkeypatch.setattr(memory, "PORTION_BYTES", portion_bytes)
        squares = problem(network, x, y)
        ahead, behind = squares.bending(step), squares.bending(-step)
        # A one-sided difference over a tenth of the step, whose first error is odd in the step.
        np.testing.assert_allclose(ahead, expected, rtol=0, atol=2e-3 * largest + 1e-14)
        np.testing.assert_allclose((ahead + behind) / 2, expected, rtol=0, atol=1e-4 * largest + 1e-14)


def test_outputs_that_are_linear_in_the_parameters_do_not_bend() -> None:
    network = Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), seed=0)
    rng = np.random.default_rng(5)
    squares = problem(network, rng.standard_normal((6, 3)), rng.standard_normal((6, 2)))
    for size in (1e-6, 1.0, 1e6):
        assert not squares.bending(size * rng.standard_normal(8)).any()


@every
def test_normal_equations_add_up_from_rows_of_some_examples_at_a_time(example, monkeypatch) -> None:
    network = example.make()
    x, y = example.data()
    expected, gradient = measured(network, x, y)
    monkeypatch.setattr(WrittenRows, "portions", lambda self, batch, columns: slices(batch, 2))
    _, normal, found = problem(network, x, y).normal_equations()
    assert_close(normal, expected.T @ expected, 1e-9)
    assert_close(found, gradient, 1e-9)


def test_rows_are_written_in_portions_of_a_cache_with_more_rows_than_columns() -> None:
    network = Network([Dense(units=20), Dense(units=1)], input_shape=(1,), cost=QuadraticCost(), seed=0)
    x = np.linspace(-1, 1, 6000)[:, None]
    squares = problem(network, x, x)
    portions = squares._written(squares._passes.all(network.parameters.vector)).portions(6000, 1)
    sizes = [rows.stop - rows.start for rows in portions]
    assert sum(sizes) == 6000
    assert len(sizes) > 2
    assert max(sizes) == sizes[0] >= 4 * squares.size
    _, matrix, rho = squares.residuals()
    _, normal, gradient = squares.normal_equations()
    assert_close(normal, matrix.T @ matrix, 1e-12)
    assert_close(gradient, matrix.T @ rho, 1e-12)


@every
def test_the_operator_is_the_matrix_of_its_point_for_good(example) -> None:
    network = example.make()
    x, y = example.data()
    squares = problem(network, x, y)
    theta = network.parameters.vector.copy()
    cost, matrix, rho = squares.residuals()
    same_cost, operator, same_rho = squares.residual_operator()
    squares.cost(theta * 1.5)
    network.parameters.vector[...] += 1
    rng = np.random.default_rng(0)
    v, u = rng.standard_normal((matrix.shape[1], 3)), rng.standard_normal((matrix.shape[0], 2))
    assert same_cost == cost
    np.testing.assert_array_equal(same_rho, rho)
    assert_close(operator @ v, matrix @ v, 1e-9)
    assert_close(operator @ v[:, 0], matrix @ v[:, 0], 1e-9)
    assert_close(operator.T @ u, matrix.T @ u, 1e-9)
    assert_close(operator.rmatvec(u[:, 1]), matrix.T @ u[:, 1], 1e-9)


def test_the_same_point_is_run_forward_once_and_others_anew(monkeypatch) -> None:
    network, (x, y) = ZOO[1].make(), ZOO[1].data()
    run = []
    monkeypatch.setattr(passes, "forward", lambda *given: (run.append(1), forward(*given))[1])
    squares = problem(network, x, y)
    theta = network.parameters.vector
    assert squares.residual_count > 0  # runs all examples at the network's own θ, which is asked for next
    costs = squares.cost(), squares.residuals()[0], squares.triangular()[0], squares.residual_gram()[0]
    assert squares.remainder() is None
    squares.normal_equations(), squares.diagonal(), squares.linear_minimum(), squares.kronecker_factors(None, 0)
    assert len(run) == 1
    there = squares.cost(theta + 0.1)
    assert len(run) == 2
    assert len(set(costs)) == 1
    assert costs[0] == pytest.approx(network.cost(x, y), rel=1e-14)
    theta += 0.1
    assert squares.residuals()[0] == there  # known already
    assert len(run) == 2
    assert there == pytest.approx(network.cost(x, y), rel=1e-14)
    assert squares.cost(theta - 0.1) == pytest.approx(costs[0], rel=1e-14)


@pytest.mark.parametrize("portion_bytes", [memory.PORTION_BYTES, 1])
def test_a_gradient_at_an_unchanged_point_and_state_takes_no_further_pass(portion_bytes, monkeypatch) -> None:
    monkeypatch.setattr(memory, "PORTION_BYTES", portion_bytes)
    network = Case("batch_norm", BatchNorm(), {"x": (3,)}).trainable()
    x, y = np.random.default_rng(0).standard_normal((4, 3)), np.zeros((4, 2))
    engine, run = network._engine, []
    gradient = engine.gradient
    monkeypatch.setattr(engine, "gradient", lambda *given: (run.append(1), gradient(*given))[1])
    squares = problem(network, x, y)
    cost, found = squares.gradient()
    passes_each, expected = len(run), found.copy()
    assert passes_each == (1 if portion_bytes > 1 else 4)
    found[:] = 0  # a copy of one's own
    np.testing.assert_array_equal(squares.gradient()[1], expected)
    assert len(run) == passes_each
    network.parameters.vector[...] += 0.1
    assert squares.gradient()[0] != cost
    assert len(run) == 2 * passes_each
    engine.state = {name: {key: each + 0.5 for key, each in state.items()} for name, state in engine.state.items()}
    assert squares.gradient()[0] == pytest.approx(network.cost(x, y), rel=1e-13)
    assert squares.cost() == pytest.approx(network.cost(x, y), rel=1e-13)
    engine.state = {name: {key: each - 0.25 for key, each in state.items()} for name, state in engine.state.items()}
    assert squares.cost() == pytest.approx(network.cost(x, y), rel=1e-13)
    assert len(run) == 3 * passes_each


def test_parameters_that_no_cost_depends_on_have_columns_of_zeros(monkeypatch) -> None:
    network = Network(
        inputs={"x": (3,)},
        nodes={"one": node(Dense(units=2), "x"), "two": node(Dense(units=4), "x")},
        output=["one", "two"],
        cost={"one": QuadraticCost()},
        seed=0,
    )
    x, y = np.ones((5, 3)), np.zeros((5, 2))
    squares, theta = problem(network, x, {"one": y}), network.parameters.vector
    squares.cost(theta)
    # Memory that nobody writes must not happen to hold zeros.
    monkeypatch.setattr(np, "empty", lambda shape, dtype=float, order="C": np.full(shape, 7, dtype, order))
    matrix = squares.residuals()[1]
    reached = network.parameters.like(np.abs(matrix).max(axis=0))
    assert {path: bool(view.any()) for path, view in reached.items()} == {
        "one.w": True, "one.b": True, "two.w": False, "two.b": False,
    }  # fmt: skip
    triangle, normal = squares.triangular()[1], squares.normal_equations()[1]
    for found in (triangle.T @ triangle, normal):
        np.testing.assert_allclose(found, matrix.T @ matrix, atol=1e-12)


class WeightedCost(Cost):
    """Σ exp(a) / 10 − a y: a diagonal root that is not the identity."""

    def forward(self, a, y):
        return (np.exp(a) / 10 - a * y).sum(axis=1)

    def jacobian(self, a, y):
        return np.exp(a) / 10 - y

    def hessian(self, a):
        return Diagonal(np.exp(a) / 10)


@pytest.mark.parametrize("portion_bytes", [memory.PORTION_BYTES, 1])
def test_what_the_roots_do_not_reach_is_the_remainder(portion_bytes, monkeypatch) -> None:
    monkeypatch.setattr(memory, "PORTION_BYTES", portion_bytes)
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((12, 3)), 2 * rng.standard_normal((12, 2))
    network = Network([Dense(units=2)], input_shape=(3,), cost=HuberCost(), seed=0)
    squares = problem(network, x, y)
    _, matrix, rho = squares.residuals()
    remainder = squares.remainder()
    gradient = network.gradient(x, y).vector
    assert np.abs(matrix.T @ rho - gradient).max() > 0.01
    assert_close(matrix.T @ rho + remainder, gradient, 1e-12)
    assert_close(squares.normal_equations()[2], gradient, 1e-12)

    other = Network([Dense(units=2)], input_shape=(3,), cost=WeightedCost(), seed=0)
    squares = problem(other, x, y)
    _, matrix, rho = squares.residuals()
    assert squares.remainder() is None
    assert_close(matrix.T @ rho, cost_gradient(other, x, y), 1e-12)


class Leaning(Cost):
    """½ (s·a − y)² + t·a with s ⟂ t: curvature along s alone, and a slope across it that no residual explains."""

    def forward(self, a, y):
        return (a @ [3.0, 4.0] - y[:, 0]) ** 2 / 2 + y[:, 1] * (a @ [4.0, -3.0])

    def jacobian(self, a, y):
        return (a @ [3.0, 4.0] - y[:, 0])[:, None] * [3.0, 4.0] + y[:, 1:] * [4.0, -3.0]

    def hessian(self, a, y):
        return Rooted(np.array([[9.0, 12.0], [12.0, 16.0]])[None])


class Rooted(BatchMatrix):
    """The matrix above, whose root is one column."""

    __slots__ = ()

    def root(self):
        return BatchMatrix(np.array([[[3.0], [4.0]]])).bind((1,), (2,))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_slope_that_an_example_has_across_its_root_is_kept_beside_examples_of_any_size(order) -> None:
    network = Network([Dense(units=2)], input_shape=(2,), cost=Leaning(), seed=0)
    x, y = np.eye(2), np.array([[1e12, 0.0], [1.0, 1e-3]])[list(order)]  # one far away, one with a small slope across
    squares = problem(network, x[list(order)], y)
    _, _, rho = squares.residuals()
    a = network.predict(x[list(order)])
    np.testing.assert_allclose(rho * np.sqrt(2), a @ [3.0, 4.0] - y[:, 0], rtol=1e-12)
    remainder = network.parameters.like(squares.remainder())
    np.testing.assert_allclose(remainder["dense_1.w"][:, 1], [4e-3 / 2, -3e-3 / 2], rtol=1e-10)  # the small one's alone


def test_a_slope_across_the_root_is_kept_however_small() -> None:
    network = Network([Dense(units=2)], input_shape=(2,), cost=Leaning(), seed=0)
    x = np.ones((1, 2))
    y = np.hstack([network.predict(x) @ np.array([[3.0], [4.0]]), [[1e-12]]])  # at the minimum along the root
    remainder = network.parameters.like(problem(network, x, y).remainder())
    np.testing.assert_allclose(remainder["dense_1.b"], [4e-12, -3e-12], rtol=1e-3)


def test_a_softmax_that_is_certain_of_the_wrong_class_keeps_its_gradient() -> None:
    example = named("softmax-cross-entropy")
    network, (x, _) = example.make(), example.data()
    network.parameters["dense_2.b"][...] = [0, 0, 60]  # probabilities of 1e-26
    squares = problem(network, x, np.zeros(len(x), int))
    _, matrix, rho = squares.residuals()
    remainder = squares.remainder()
    found = matrix.T @ rho + (0 if remainder is None else remainder)
    assert_close(found, network.gradient(x, np.zeros(len(x), int)).vector, 1e-7)


def test_memory_limits_name_the_form_that_needs_less() -> None:
    network, (x, y) = ZOO[1].make(), ZOO[1].data()
    squares, theta = problem(network, x, y, memory_limit=1000), network.parameters.vector
    with pytest.raises(MemoryLimitError, match=r"normal equations.*linear operator"):
        squares.residuals()
    with pytest.raises(MemoryLimitError, match="linear operator"):
        squares.normal_equations()
    with pytest.raises(MemoryLimitError, match="linear operator"):
        squares.triangular()
    squares = problem(network, x, y, memory_limit=100)
    with pytest.raises(MemoryLimitError, match="inner products"):
        squares.residual_gram()
    assert squares.residual_operator()[1].shape == (8, theta.size)


def test_float32_stays_float32() -> None:
    network, (x, y) = ZOO[3].make("float32"), ZOO[3].data(dtype="float32")
    squares, theta = problem(network, x, y), network.parameters.vector
    for arrays in (squares.residuals, squares.triangular, squares.residual_gram):
        assert {each.dtype for each in arrays()[1:]} == {np.dtype("float32")}
    assert squares.normal_equations()[2].dtype == np.float32
    operator = squares.residual_operator()[1]
    assert (operator @ theta).dtype == (operator.T @ np.ones(operator.shape[0], "float32")).dtype == np.float32


def test_normal_equations_of_float32_networks_are_semi_definite_within_the_rounding_of_float64() -> None:
    network, (x, y) = ZOO[3].make("float32"), ZOO[3].data(dtype="float32")
    squares = problem(network, x, y)
    normal = squares.normal_equations()[1]
    assert squares.residual_count < len(normal)  # some eigenvalues are zero
    eigenvalues = np.linalg.eigvalsh(normal)
    assert abs(eigenvalues[0]) < 1e-14 * eigenvalues[-1]
    rows = squares.residuals()[1]
    assert_close(normal, rows.T @ rows, 1e-5)


def test_what_couples_the_examples_is_refused_by_name() -> None:
    network = Case("batch_norm", BatchNorm(), {"x": (3,)}).trainable()
    x = np.random.default_rng(0).standard_normal((4, 3))
    squares = problem(network, x, np.zeros((4, 2)), training=True)
    for form in (squares.residuals, squares.residual_operator):
        with pytest.raises(BatchCoupledError, match="probe"):
            form()
