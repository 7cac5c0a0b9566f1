"""Penalties of parameters: part of the cost and of everything that is derived from it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from bpframe_minimizers import LBFGS, GaussNewton, LevenbergMarquardt, NaturalGradient
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import L1, L2, ElasticNet

import bpframe as bp
from bpframe import Network, node
from bpframe.documents import RunSpec, parse_spec, read_spec, write_spec
from bpframe.errors import (
    ComponentCheckFailed,
    ContractError,
    DataError,
    DerivativeError,
    NonFiniteError,
    SpecError,
    UnknownComponent,
)
from bpframe.extend import BatchMatrix, Matrix, Penalty
from bpframe.validation.plain_arrays import Array
from tests.oracles import along, assert_close
from tests.passes import training_steps

from .networks import chain, descent, samples

X, Y = samples(20)


class Smooth(Penalty):
    """R = Σ (√(1 + p²) − 1): not quadratic, with a Hessian that moves."""

    def forward(self, p):
        return (np.sqrt(1 + p * p) - 1).sum()

    def gradient(self, p):
        return p / np.sqrt(1 + p * p)

    def hessian(self, p):
        return (1 + p * p) ** -1.5


class Together(Penalty):
    """R = ½ (Σ p)²: quadratic, with a Hessian that is no diagonal."""

    quadratic = True

    def forward(self, p):
        return 0.5 * p.sum() ** 2

    def gradient(self, p):
        return np.full_like(p, p.sum())

    def hessian(self, p):
        ones = np.ones((1, *p.shape, 1), p.dtype)
        return _Outer(ones.reshape(1, p.size, 1), p.shape)


class _Outer(BatchMatrix):
    def __init__(self, root: Array, shape: tuple[int, ...]) -> None:
        super().__init__((root @ root.swapaxes(1, 2)).reshape(1, *shape, *shape))
        self._root, self._shape = root, shape

    def root(self):
        return BatchMatrix(self._root.reshape(1, *self._shape, 1)).bind((1,), self._shape)


PENALTIES = {
    "l2": {"*.w": L2(rate=0.3)},
    "l1": {"*": L1(rate=0.2)},
    "elastic net": {"dense_1.*": ElasticNet(l1=0.1, l2=0.2)},
    "several": {"*.w": L2(rate=0.3), "dense_2.*": Smooth(), "*": L1(rate=0.1)},
    "no diagonal": {"dense_1.w": Together(), "*.b": L2(rate=0.5)},
}


def penalised(penalties, dtype="float64", **others) -> Network:
    layers = [Dense(units=4), Sigmoid(), Dense(units=2), Sigmoid()]
    return Network(layers, input_shape=(3,), cost=QuadraticCost(), penalties=penalties, dtype=dtype, **others)


def penalty(net: Network, theta: np.ndarray | None = None) -> np.ndarray:
    """R(θ) written out, of θ that may be complex."""
    parameters = net.parameters if theta is None else net.parameters.like(theta)

    def magnitude(p):
        return np.sign(p.real) * p

    total = 0.0
    for path, each in net.graph.penalties:
        p = parameters[path]
        if isinstance(each, L1):
            total = total + each.rate * magnitude(p).sum()
        elif isinstance(each, L2):
            total = total + each.rate / 2 * (p**2).sum()
        elif isinstance(each, ElasticNet):
            total = total + each.l1 * magnitude(p).sum() + each.l2 / 2 * (p**2).sum()
        elif isinstance(each, Smooth):
            total = total + (np.sqrt(1 + p**2) - 1).sum()
        else:
            total = total + 0.5 * p.sum() ** 2
    return np.asarray(total)


def slope(net: Network) -> np.ndarray:
    """∂R/∂θ by the complex step."""
    eye = np.eye(net.parameters.vector.size)
    return np.array([along(lambda theta: penalty(net, theta), net.parameters.vector, row, "complex") for row in eye])


def bend(net: Network) -> np.ndarray:
    """∂²R/∂θ² by differences of the complex step."""
    h, theta, rows = 1e-5, net.parameters.vector.copy(), []
    for row in np.eye(theta.size):
        found = []
        for sign in (1, -1):
            net.parameters.vector[:] = theta + sign * h * row
            found.append(slope(net))
        rows.append((found[0] - found[1]) / (2 * h))
    net.parameters.vector[:] = theta
    return np.array(rows)


def both(name: str) -> tuple[Network, Network]:
    """Return a network with penalties and the same without; no entry of θ is zero."""
    one, two = penalised(PENALTIES[name]), chain()
    rng = np.random.default_rng(3)
    one.parameters.vector[:] = two.parameters.vector[:] = rng.uniform(0.2, 1, one.parameters.vector.size) * rng.choice(
        [-1, 1], one.parameters.vector.size
    )
    return one, two


# The cost and its gradient --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PENALTIES)
def test_cost_and_gradient_have_the_penalty_once(name: str) -> None:
    one, two = both(name)
    weight = np.random.default_rng(0).integers(0, 3, 20)
    for given in ({}, {"sample_weight": weight}):
        np.testing.assert_allclose(one.cost(X, Y, **given), two.cost(X, Y, **given) + penalty(one), rtol=1e-13)
        for _ in range(12):  # also once passes are repeated
            found = one.gradient(X, Y, **given).vector - two.gradient(X, Y, **given).vector
        assert_close(found, slope(one), 1e-12)
    many = np.tile(X, (100, 1)), np.tile(Y, (100, 1))  # in portions
    np.testing.assert_allclose(one.cost(*many), two.cost(*many) + penalty(one), rtol=1e-13)


@pytest.mark.parametrize("name", PENALTIES)
def test_the_gradient_check_knows_penalties(name: str) -> None:
    one, _ = both(name)
    assert one.check_gradients(X[:3], Y[:3])


class Doubled(L2):
    """Its gradient is twice what it should be."""

    def gradient(self, p):
        return 2 * self.rate * p


def test_the_gradient_check_finds_a_wrong_gradient_of_a_penalty() -> None:
    assert not penalised({"*.w": Doubled(rate=0.3)}).check_gradients(X[:3], Y[:3])


def test_gradients_per_example_and_errors_are_of_the_examples_alone() -> None:
    one, two = both("several")
    assert one.per_example.gradients(X, Y).matrix.tobytes() == two.per_example.gradients(X, Y).matrix.tobytes()
    assert all(one.errors(X, Y)[name].tobytes() == each.tobytes() for name, each in two.errors(X, Y).items())


# Second order ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PENALTIES)
def test_matrices_of_second_order_have_the_penaltys_hessian(name: str) -> None:
    one, two = both(name)
    bent, size = bend(one), one.parameters.vector.size
    v = np.random.default_rng(1).standard_normal((3, size))
    for product, methods in (("hvp", ("exact", "difference")), ("ggn_vp", ("",))):
        for method in methods:
            words = {"method": method} if method else {}
            found = getattr(one, product)(X, Y, v, **words) - getattr(two, product)(X, Y, v, **words)
            np.testing.assert_allclose(found, v @ bent, atol=1e-7)
    for kind in ("hessian", "gauss_newton"):
        found = one.linear_operator(kind, X, Y) @ v.T - two.linear_operator(kind, X, Y) @ v.T
        np.testing.assert_allclose(found, bent @ v.T, atol=1e-8)
    for diagonal in ("gauss_newton_diagonal", "hessian_diagonal"):
        found = getattr(one.curvature, diagonal)(X, Y).vector - getattr(two.curvature, diagonal)(X, Y).vector
        np.testing.assert_allclose(found, np.diag(bent), atol=1e-8)
    start = 0
    others = two.curvature.gauss_newton_blocks(X, Y)
    for path, block in one.curvature.gauss_newton_blocks(X, Y).items():
        end = start + len(block)
        np.testing.assert_allclose(block - others[path], bent[start:end, start:end], atol=1e-8)
        start = end
    by_node = one.curvature.gauss_newton_blocks(X, Y, by="node")["dense_1"]
    found = by_node - two.curvature.gauss_newton_blocks(X, Y, by="node")["dense_1"]
    np.testing.assert_allclose(found, bent[: len(found), : len(found)], atol=1e-8)


def test_the_fisher_information_is_of_the_examples_alone() -> None:
    one, two = both("several")
    v = np.ones(one.parameters.vector.size)
    assert one.fisher_vp(X, Y, v).tobytes() == two.fisher_vp(X, Y, v).tobytes()
    for name in ("fisher_diagonal", "empirical_fisher_diagonal"):
        found, expected = (getattr(net.curvature, name)(X, Y).vector for net in (one, two))
        assert found.tobytes() == expected.tobytes()
    for kind in ("fisher", "empirical_fisher"):
        found, expected = (net.linear_operator(kind, X, Y) @ v for net in (one, two))
        assert found.tobytes() == expected.tobytes()
    x_part = {"wrt": "inputs"}
    assert one.hvp(X, Y, X, **x_part).tobytes() == two.hvp(X, Y, X, **x_part).tobytes()


def test_kronecker_factors_have_the_penalty_as_damping() -> None:
    one, two = both("l2")
    factors, others = one.curvature.kfac(X, Y), two.curvature.kfac(X, Y)
    assert factors.ridge == pytest.approx({"dense_1.w": 0.3, "dense_2.w": 0.3})
    rng = np.random.default_rng(0)
    for path in factors:
        v = {path: rng.standard_normal(one.parameters[path].shape)}
        c = factors.ridge.get(path, 0.0)
        size = v[path].size
        np.testing.assert_allclose(factors.block(path), others.block(path) + c * np.eye(size), atol=1e-14)
        expected = (factors.block(path) @ v[path].ravel()).reshape(v[path].shape)
        np.testing.assert_allclose(factors.matvec(v)[path], expected, atol=1e-13)
        expected = np.linalg.solve(factors.block(path) + 0.1 * np.eye(size), v[path].ravel())
        np.testing.assert_allclose(factors.solve(v, 0.1)[path].ravel(), expected, atol=1e-12)
    assert factors.exact == others.exact
    together = both("no diagonal")[0].curvature.kfac(X, Y)
    assert together.ridge == pytest.approx({"dense_1.w": 1.0, "dense_1.b": 0.5, "dense_2.b": 0.5})


class Unbent(Penalty):
    """It declares no Hessian."""

    def forward(self, p):
        return p.sum()

    def gradient(self, p):
        return np.ones_like(p)


def test_a_missing_hessian_is_an_error_where_it_is_needed_and_nowhere_else() -> None:
    net = penalised({"*.w": Unbent()})
    v = np.ones(net.parameters.vector.size)
    assert net.check_gradients(X[:3], Y[:3])
    net.fit(X, Y, optimizer=descent(), epochs=1)
    for asked in (
        lambda: net.hvp(X, Y, v),
        lambda: net.ggn_vp(X, Y, v),
        lambda: net.curvature.hessian_diagonal(X, Y),
        lambda: net.curvature.kfac(X, Y),
    ):
        with pytest.raises(DerivativeError, match=r"the penalty of 'dense_1\.w' \(unbent\) declares no hessian"):
            asked()
    assert net.fisher_vp(X, Y, v).shape == v.shape


# Training -------------------------------------------------------------------------------------------------------------


def test_a_step_is_the_one_written_out() -> None:
    one, two = both("l2")
    rate, decay = 0.5, {path: 0.3 if path.endswith(".w") else 0.0 for path in two.parameters}
    for _ in range(8):
        gradient = two.gradient(X, Y)
        for path, view in two.parameters.items():
            view -= rate * (gradient[path] + decay[path] * view)
    history = one.fit(X, Y, optimizer=descent(rate), epochs=8, batch_size=20, shuffle=False)
    assert_close(one.parameters.vector, two.parameters.vector, 1e-12)
    assert history.column("penalty")[-1] == pytest.approx(float(penalty(one)))


def test_the_history_tells_the_whole_cost_and_the_penalty() -> None:
    one, _ = both("several")
    before = one.cost(X, Y)
    history = one.fit(X, Y, optimizer=descent(1e-300), epochs=2, batch_size=7, validation_data=(X, Y))
    record = history.epochs[-1]
    assert record.cost == pytest.approx(before)
    assert record.validation_cost == pytest.approx(before)
    assert record.penalty == pytest.approx(float(penalty(one)))
    again = type(history).model_validate_json(history.model_dump_json())
    assert again == history
    assert chain().fit(X, Y, optimizer=descent(), epochs=1).epochs[0].penalty is None


def test_recorded_steps_are_called_ones(monkeypatch) -> None:
    recorded, called = penalised(PENALTIES["several"]), penalised(PENALTIES["several"])
    recorded.fit(X, Y, optimizer=descent(), epochs=10, batch_size=5)
    assert training_steps(recorded)[0].is_bound
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    called.fit(X, Y, optimizer=descent(), epochs=10, batch_size=5)
    assert not any(each.is_bound for each in training_steps(called))
    assert recorded.parameters.vector.tobytes() == called.parameters.vector.tobytes()
    assert recorded.history.column("cost") == called.history.column("cost")


def ridge_regression(rate: float) -> tuple[Network, np.ndarray, np.ndarray, np.ndarray]:
    """A linear layer with L2, and its minimum (XᵀX/N + λ I) w = Xᵀy/N."""
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((30, 4)), rng.standard_normal((30, 1))
    net = Network(
        [Dense(units=1, bias=False)], input_shape=(4,), cost=QuadraticCost(), penalties={"*.w": L2(rate=rate)}, seed=2
    )
    return net, x, y, np.linalg.solve(x.T @ x / 30 + rate * np.eye(4), x.T @ y / 30).ravel()


SOLVERS = ["normal", "qr", "dual", "lsmr"]


@pytest.mark.parametrize("optimizer", [
    *(LevenbergMarquardt(solver=solver) for solver in SOLVERS),
    LevenbergMarquardt(scaling="start"), LevenbergMarquardt(acceleration=0.75),
    GaussNewton(), LBFGS(min_gradient=1e-12), descent(0.3),
], ids=lambda each: f"{each.kind} {getattr(each, 'solver', '')}")  # fmt: skip
def test_every_optimizer_finds_the_minimum_of_ridge_regression(optimizer) -> None:
    net, x, y, expected = ridge_regression(0.4)
    net.fit(x, y, optimizer=optimizer, epochs=300, batch_size=None if optimizer.kind != "gradient_descent" else 30)
    np.testing.assert_allclose(net.parameters.vector, expected, atol=1e-7)


def test_natural_gradient_takes_the_penalty_along() -> None:
    net, x, y, expected = ridge_regression(0.4)
    net.fit(x, y, optimizer=NaturalGradient(learning_rate=0.5), epochs=200, batch_size=30)
    np.testing.assert_allclose(net.parameters.vector, expected, atol=1e-6)


def test_natural_gradients_damping_has_the_penalty() -> None:
    # One weight: A = 2.5, B = 1, and the factors (B + √λ/π)(A + π√λ) = (√A + √λ)² with λ = 4 and π² = A.
    x, y = np.array([[1.0], [2.0]]), np.array([[3.0], [1.0]])
    net = Network([Dense(units=1, bias=False)], input_shape=(1,), cost=QuadraticCost(), penalties={"*": L2(rate=4.0)})
    start = net.parameters.vector.copy()
    net.fit(x, y, optimizer=NaturalGradient(learning_rate=1.0, damping=1e-12), epochs=1, batch_size=2)
    expected = start - (2.5 * start - 2.5 + 4.0 * start) / (np.sqrt(2.5) + 2.0) ** 2
    np.testing.assert_allclose(net.parameters.vector, expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["l2", "no diagonal"])
def test_least_squares_takes_quadratic_penalties_as_residuals(name: str) -> None:
    from bpframe.derivatives.least_squares.least_squares import LeastSquares

    one, _ = both(name)
    squares = LeastSquares(one._engine, {"x": X}, {one.graph.outputs[0]: Y})
    cost, g = squares.gradient()
    matrix = one.linear_operator("gauss_newton", X, Y) @ np.eye(g.size)
    np.testing.assert_allclose(cost, one.cost(X, Y), rtol=1e-13)
    assert_close(g, one.gradient(X, Y).vector, 1e-13)
    c, r, rho = squares.residuals()
    assert len(r) == len(rho) == squares.residual_count
    np.testing.assert_allclose([c, 0.5 * rho @ rho], cost, rtol=1e-12)
    assert_close(r.T @ r, matrix, 1e-12)
    assert_close(r.T @ rho, g, 1e-12)
    c, triangle, t = squares.triangular()
    assert_close(triangle.T @ triangle, matrix, 1e-12)
    assert_close(triangle.T @ t, g, 1e-12)
    c, normal, gradient = squares.normal_equations()
    assert_close(normal, matrix, 1e-12)
    assert_close(gradient, g, 1e-12)
    c, gram, rho = squares.residual_gram()
    assert_close(gram, r @ r.T, 1e-12)
    assert_close(squares.diagonal(), np.diag(matrix), 1e-12)
    c, operator, rho = squares.residual_operator()
    assert_close(operator @ np.eye(g.size), r, 1e-12)
    assert_close(operator.T @ np.eye(len(rho)), r.T, 1e-12)
    assert_close(operator.rmatvec(rho), g, 1e-12)
    assert squares.cost(one.parameters.vector) == pytest.approx(cost)
    assert squares.linear_minimum().size == pytest.approx(np.linalg.norm(rho))


@pytest.mark.parametrize("name", ["l1", "elastic net", "several"])
@pytest.mark.parametrize("optimizer", [LevenbergMarquardt(), GaussNewton(), LevenbergMarquardt(solver="normal")])
def test_least_squares_refuses_penalties_that_are_no_sums_of_squares(name: str, optimizer) -> None:
    one, _ = both(name)
    before = one.parameters.vector.copy()
    with pytest.raises(DerivativeError, match="is no sum of squares"):
        one.fit(X, Y, optimizer=optimizer, epochs=3)
    assert one.parameters.vector.tobytes() == before.tobytes()


class Logarithm(Penalty):
    """R = −Σ ln p²: infinite at zero."""

    def forward(self, p):
        return -np.log(p * p).sum()

    def gradient(self, p):
        return -2 / p


def test_a_penalty_that_is_not_finite_is_named() -> None:
    net = penalised({"dense_1.b": Logarithm()})
    net.parameters["dense_1.b"] = 0
    with pytest.raises(NonFiniteError, match=r"the penalty of 'dense_1\.b' \(logarithm\): its value is not finite"):
        net.fit(X, Y, optimizer=descent(), epochs=1)
    with pytest.raises(NonFiniteError, match=r"the penalty of 'dense_1\.b'"):
        net.fit(X, Y, optimizer=LBFGS(), epochs=1)
    assert (net.parameters["dense_1.b"] == 0).all()


def test_a_single_step_has_the_penalty() -> None:
    one, two = both("l2")
    found = one.train_step(X, Y, optimizer=descent(0.5))
    assert found == pytest.approx(two.cost(X, Y) + float(penalty(both("l2")[0])))
    gradient = both("l2")[0].gradient(X, Y)
    assert_close(one.parameters.vector, two.parameters.vector - 0.5 * gradient.vector, 1e-13)


def test_a_curve_is_not_fitted_with_penalties() -> None:
    net = ridge_regression(0.4)[0]
    with pytest.raises(DataError, match="the network has penalties"):
        bp.fit_curve(net, X, Y[:, :1])


def test_verification_checks_penalties() -> None:
    penalised({"*.w": L2(rate=0.1)}, verify=True)
    with pytest.raises(ComponentCheckFailed, match=r"the penalty of 'dense_1\.w'"):
        penalised({"*.w": Doubled(rate=0.1)}, verify=True)


# With freezing, without penalties, in files ---------------------------------------------------------------------------


def test_frozen_parameters_have_no_penalty() -> None:
    net = penalised({"*.w": L2(rate=0.3)}, frozen="dense_1.*")
    assert [path for path, _ in net.graph.penalties] == ["dense_2.w"]
    assert net.cost(X, Y) == pytest.approx(chain().cost(X, Y) + 0.15 * (net.parameters["dense_2.w"] ** 2).sum())


def test_shared_parameters_have_a_penalty_once() -> None:
    nodes = {"one": node(Dense(units=3), "x"), "two": node(Dense(units=3), "one", share="one")}
    net = Network(nodes=nodes, inputs={"x": (3,)}, cost=QuadraticCost(), penalties={"*": L2(rate=2.0)})
    assert [path for path, _ in net.graph.penalties] == ["one.w", "one.b"]


@pytest.mark.parametrize("way", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["copy", "pickle"])
def test_copies_have_the_penalties(way) -> None:
    net = penalised({"*.w": L2(rate=0.3)})
    assert way(net).cost(X, Y) == net.cost(X, Y)
    assert way(net).spec == net.spec


def test_a_saved_network_comes_back_with_its_penalties(tmp_path) -> None:
    net = penalised({"*.w": L2(rate=0.3), "*": ElasticNet(l1=0.1, l2=0.2)})
    net.fit(X, Y, optimizer=descent(), epochs=2)
    other = bp.load(net.save(tmp_path / "run"))
    assert other.cost(X, Y) == net.cost(X, Y)
    assert other.history == net.history


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".toml"])
def test_a_spec_is_written_and_read(tmp_path, suffix: str) -> None:
    spec = penalised({"*.w": L2(rate=1e-4), "dense_1.b": L1(rate=0.5)}).spec
    write_spec(RunSpec(network=spec), tmp_path / f"spec{suffix}")
    found = read_spec(tmp_path / f"spec{suffix}").network
    assert found == spec
    assert list(found.penalties) == list(spec.penalties)


TEXT = """
network:
  input_shape: [3]
  layers: [{kind: dense, units: 2}]
  cost: {kind: quadratic}
  penalties: {"*.w": {kind: l2, rate: 1.0e-4}}
"""


def test_a_spec_names_penalties_by_kind() -> None:
    assert parse_spec(TEXT).network.penalties == {"*.w": L2(rate=1e-4)}
    with pytest.raises(SpecError, match=r"network.penalties\.\*\.w\.rates? is"):
        parse_spec(TEXT.replace("rate:", "rates:"))
    with pytest.raises(UnknownComponent, match=r"network.penalties\.\*\.w\.kind = 'l3' is not a penalty"):
        parse_spec(TEXT.replace("l2", "l3"))


def test_the_summary_tells_of_penalties() -> None:
    text = str(penalised({"*.w": L2(rate=0.3), "dense_1.*": L1(rate=0.1)}).summary())
    assert "penalties l2 and l1 of dense_1.w" in " ".join(text.split())


# Mistakes -------------------------------------------------------------------------------------------------------------


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(SpecError, match=r"penalties: 'dense_3\.w' matches no parameter"):
        penalised({"dense_3.w": L2(rate=0.3)})


@pytest.mark.parametrize("given", [L2(rate=1.0), {"*.w": L2}, {"*.w": "l2"}, {"*.w": 1e-4}, {"*": QuadraticCost()}])
def test_what_is_no_penalty_is_refused(given) -> None:
    with pytest.raises(SpecError, match="penalt"):
        penalised(given)


@pytest.mark.parametrize("rate", [-1.0, np.inf, np.nan])
def test_rates_are_numbers_from_zero_on(rate: float) -> None:
    for made in (lambda: L1(rate=rate), lambda: L2(rate=rate), lambda: ElasticNet(l1=rate, l2=0.0)):
        with pytest.raises(SpecError):
            made()


class Vector(L2):
    def forward(self, p):
        return p


class Scalar(L2):
    def gradient(self, p):
        return p.sum()


class Writes(L2):
    def gradient(self, p):
        p *= 2
        return p


class Double(L2):
    def gradient(self, p):
        return np.asarray(p, np.float64)


class Misfit(L2):
    def hessian(self, p):
        return Matrix(np.ones((7, 7)))


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Vector, "forward must return one number"),
        (Scalar, "gradient must return an array like p"),
        (Writes, "gradient writes into"),
        (Double, "gradient must return an array like p"),
    ],
)
def test_what_a_penalty_returns_is_held_against_what_it_declares(cls, message: str) -> None:
    net = penalised({"dense_1.w": cls(rate=0.1)}, dtype="float32")
    x, y = samples(5, "float32")
    with pytest.raises(ContractError, match=rf"the penalty of 'dense_1\.w' .*{message}"):
        net.fit(x, y, optimizer=descent(), epochs=1)


def test_a_hessian_that_does_not_fit_is_refused() -> None:
    net = penalised({"dense_1.w": Misfit(rate=0.1)})
    with pytest.raises(ContractError, match="hessian does not fit"):
        net.hvp(X, Y, np.ones(net.parameters.vector.size))


def test_float32_stays_float32() -> None:
    net = penalised(PENALTIES["several"], dtype="float32")
    x, y = samples(20, "float32")
    assert net.gradient(x, y).vector.dtype == np.float32
    assert net.hvp(x, y, np.ones(net.parameters.vector.size, "float32")).dtype == np.float32
    assert_close(net.gradient(x, y).vector, penalised(PENALTIES["several"]).gradient(X, Y).vector, 1e-4)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_a_float32_check_is_not_misled_by_weights_where_penalties_nearly_cancel_the_data(rate):
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=(3, 4)), rng.random((3, 2)), rng.random(3)
    layers = [Dense(units=3), Sigmoid(), Dense(units=2)]
    net = bp.Network(layers, cost=QuadraticCost(), input_shape=(4,), penalties={"*": L2(rate=rate)}, dtype="float32")
    net.fit(x, y, sample_weight=weights, optimizer=LBFGS(), epochs=20)  # to where the gradient's two parts cancel
    report = net.check_gradients(x, y, sample_weight=weights)
    assert report, str(report)
