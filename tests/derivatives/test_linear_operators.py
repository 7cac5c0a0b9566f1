"""Jacobians and curvature as SciPy's linear operators: entries, adjoints, and SciPy's own algorithms on them."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_activations import Tanh
from bpframe_reference import Dense, QuadraticCost
from bpframe_regularisation import BatchNorm
from scipy.sparse.linalg import aslinearoperator, cg, eigsh, lsmr, svds

from bpframe import Network, node
from bpframe.derivatives.points import memory
from bpframe.errors import BatchCoupledError, DataError, DerivativeError
from tests.contract.cases import Case
from tests.oracles import assert_close

from .dense import At
from .vectors import PARAMETERS_AND_INPUTS
from .zoo import made, named

KINDS = ("jacobian", "hessian", "gauss_newton", "fisher", "empirical_fisher")


def dense(at: At, kind: str) -> np.ndarray:
    return getattr(at, "gauss_newton" if kind == "fisher" else kind)()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("example", "wrt"), PARAMETERS_AND_INPUTS)
def test_entries_of_every_network(example, wrt, kind) -> None:
    network = example.make()
    x, y = example.data(batch=3)
    operator = network.linear_operator(kind, x, y, wrt=wrt)
    expected = dense(At(network, x, y, wrt), kind)
    assert operator.shape == expected.shape
    assert operator.dtype == np.float64
    assert_close(operator @ np.eye(expected.shape[1]), expected, 1e-9)
    assert_close(operator.T @ np.eye(expected.shape[0]), expected.T, 1e-9)
    rng = np.random.default_rng(0)
    v, u = rng.standard_normal(expected.shape[1]), rng.standard_normal(expected.shape[0])
    assert_close(operator @ v, expected @ v, 1e-9)
    assert_close(operator.H @ u, expected.T @ u, 1e-9)


def test_what_has_no_influence_on_the_cost_has_entries_of_zero() -> None:
    nodes = {"one": node(Dense(units=2), "x"), "two": node(Dense(units=3), "x")}
    network = Network(inputs={"x": (3,)}, nodes=nodes, output=["one", "two"], cost={"one": QuadraticCost()}, seed=0)
    x, y = np.random.default_rng(0).standard_normal((4, 3)), np.zeros((4, 2))
    free = np.concatenate([np.full(view.size, path.startswith("two")) for path, view in network.parameters.items()])
    for kind in ("gauss_newton", "hessian", "empirical_fisher"):
        matrix = network.linear_operator(kind, x, y) @ np.eye(len(free))
        assert not matrix[free].any()
        assert not matrix[:, free].any()
        assert matrix[~free].any(axis=1).all()


@pytest.fixture
def problem():
    example = named("tanh-deep")
    network = example.make()
    x, y = example.data(batch=30)
    return network, x, y, At(network, x, y)


def test_conjugate_gradients_solve_a_damped_gauss_newton_step(problem) -> None:
    network, x, y, at = problem
    gauss_newton = network.linear_operator("gauss_newton", x, y)
    size, damping = gauss_newton.shape[0], 1e-2
    gradient = network.gradient(x, y).vector
    step, failed = cg(gauss_newton + damping * aslinearoperator(np.eye(size)), -gradient, rtol=1e-12, maxiter=500)
    assert failed == 0
    assert_close(step, np.linalg.solve(at.gauss_newton() + damping * np.eye(size), -gradient), 1e-8)


def test_least_squares_on_the_jacobian(problem) -> None:
    network, x, y, at = problem
    residual = (y - network.predict(x)).reshape(-1)
    found = lsmr(network.linear_operator("jacobian", x), residual, damp=0.1, atol=0, btol=0, conlim=0, maxiter=400)[0]
    jacobian = at.jacobian()
    expected = np.linalg.solve(jacobian.T @ jacobian + 0.01 * np.eye(jacobian.shape[1]), jacobian.T @ residual)
    assert_close(found, expected, 1e-8)


def test_singular_values_of_the_jacobian(problem) -> None:
    network, x, _, at = problem
    for wrt, reference in (("parameters", at), ("inputs", At(network, x, problem[2], "inputs"))):
        found = svds(network.linear_operator("jacobian", x, wrt=wrt), k=4, return_singular_vectors=False, rng=0)
        expected = np.linalg.svd(reference.jacobian(), compute_uv=False)
        np.testing.assert_allclose(np.sort(found)[::-1], expected[:4], rtol=1e-9)


def test_extreme_eigenvalues_of_the_hessian(problem) -> None:
    network, x, y, at = problem
    hessian = network.linear_operator("hessian", x, y)
    found = eigsh(hessian, k=6, which="BE", return_eigenvectors=False, v0=np.ones(hessian.shape[0]))
    expected = np.linalg.eigvalsh(at.hessian())
    np.testing.assert_allclose(np.sort(found), np.r_[expected[:3], expected[-3:]], rtol=1e-9)
    assert expected[0] < 0 < expected[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32(kind) -> None:
    example = named("softmax-cross-entropy")
    single, double = example.make("float32"), example.make()
    double.parameters.vector[:] = single.parameters.vector
    x, y = example.data(dtype="float32")
    operator, reference = single.linear_operator(kind, x, y), double.linear_operator(kind, x, y)
    assert operator.dtype == np.float32
    v = np.random.default_rng(0).standard_normal(operator.shape[1])
    for vector in (v, v.astype("float32")):
        assert (operator @ vector).dtype == np.float32
        assert_close(operator @ vector, reference @ v, 1e-5)
    assert (operator.T @ np.ones((operator.shape[0], 2), "float32")).dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_it_stays_where_it_was_linearised(kind, problem) -> None:
    network, x, y, _ = problem
    operator = network.linear_operator(kind, x, y)
    v = np.random.default_rng(0).standard_normal(operator.shape[1])
    before = operator @ v
    network.parameters.vector[:] += 1
    x += 1
    y += 1
    np.testing.assert_array_equal(operator @ v, before)
    assert np.abs(network.linear_operator(kind, x, y) @ v - before).max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_a_matrix_of_many_columns_goes_through_in_portions(kind, monkeypatch) -> None:
    example = named("gated-two-outputs")
    network = example.make()
    x, y = example.data()
    operator = network.linear_operator(kind, x, y)
    vectors, back = (np.random.default_rng(0).standard_normal((size, 7)) for size in operator.shape[::-1])
    whole, pulled = operator @ vectors, operator.T @ back
    monkeypatch.setattr(memory, "PORTION_BYTES", 5000)
    np.testing.assert_allclose(operator @ vectors, whole, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(operator.T @ back, pulled, rtol=1e-11, atol=1e-13)
    assert (operator @ vectors[:, :0]).shape == (operator.shape[0], 0)


def test_results_are_the_callers_own(problem) -> None:
    network, x, y, _ = problem
    for kind in KINDS:
        operator = network.linear_operator(kind, x, y)
        v = np.ones(operator.shape[1])
        first = operator @ v
        kept = first.copy()
        first[:] = 0
        np.testing.assert_array_equal(operator @ v, kept)
        pulled = operator.H @ np.ones(operator.shape[0])
        pulled[:] = 0


@pytest.mark.parametrize("wrt", ["parameters", "inputs"])
def test_coupled_examples_have_no_empirical_fisher_matrix(wrt) -> None:
    network = Case("batch_norm", BatchNorm(epsilon=0.1), {"x": (3,)}).trainable()
    rng = np.random.default_rng(0)
    x, y = {"x": rng.standard_normal((4, 3))}, rng.standard_normal((4, 2))
    with pytest.raises(BatchCoupledError, match="'probe' "):
        network.linear_operator("empirical_fisher", x, y, wrt=wrt, training=True)
    for kind in ("jacobian", "hessian", "gauss_newton"):
        operator = network.linear_operator(kind, x, y, wrt=wrt, training=True)
        expected = dense(At(network, x, y, wrt, training=True), kind)
        assert_close(operator @ np.eye(expected.shape[1]), expected, 1e-9)


def test_bad_words_and_vectors_are_refused() -> None:
    network, x, y = made(Dense(units=2), Tanh())
    with pytest.raises(DerivativeError, match="kind is unknown") as caught:
        network.linear_operator("hesian", x, y)
    assert caught.value.hint == "did you mean 'hessian'?"
    with pytest.raises(DataError, match="without targets"):
        network.linear_operator("hessian", x)
    with pytest.raises(DerivativeError, match="differences"):
        network.linear_operator("gauss_newton", x, y, method="difference")
    with pytest.raises(DerivativeError, match="differences"):
        network.linear_operator("jacobian", x, method="difference")
    with pytest.raises(DerivativeError, match="wrt"):
        network.linear_operator("jacobian", x, wrt="x")
    with pytest.raises(DataError, match="real vectors"):
        network.linear_operator("jacobian", x) @ np.ones(8, complex)
