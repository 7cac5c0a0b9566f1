"""A weight of 0, 1 or 2 is an example that is left out, kept or there twice, in everything that is a mean."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_regularisation import L2

from bpframe import Network
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.errors import DerivativeError
from tests.oracles import assert_close

from .zoo import ZOO

BATCH = 7
COUNTS = np.array([2, 0, 1, 1, 2, 0, 1])

EACH = pytest.mark.parametrize("example", [pytest.param(each, id=each.name) for each in ZOO])


def repeated(arrays):
    if isinstance(arrays, dict):
        return {name: repeated(array) for name, array in arrays.items()}
    return np.repeat(arrays, COUNTS, axis=0)


def pair(example, dtype="float64"):
    """Return a network, weighted examples as positional and keyword arguments, and repeated ones."""
    x, y = example.data(BATCH, dtype)
    return example.make(dtype), ((x, y), {"sample_weight": COUNTS}), ((repeated(x), repeated(y)), {})


def vector(found):
    return getattr(found, "vector", found)


def tangent(net):
    return np.random.default_rng(5).standard_normal(net.parameters.vector.shape).astype(net.dtype)


QUANTITIES = {
    "cost": lambda net, a, k: net.cost(*a, **k),
    "gradient": lambda net, a, k: net.gradient(*a, **k),
    "the third gradient, which is repeated": lambda net, a, k: [net.gradient(*a, **k).vector for _ in range(4)][3],
    "hvp by differences": lambda net, a, k: net.hvp(*a, tangent(net), method="difference", **k),
    "hvp": lambda net, a, k: net.hvp(*a, tangent(net), **k),
    "ggn_vp": lambda net, a, k: net.ggn_vp(*a, tangent(net), **k),
    "fisher_vp": lambda net, a, k: net.fisher_vp(*a, tangent(net), **k),
    "linear operator": lambda net, a, k: net.linear_operator("gauss_newton", *a, **k) @ tangent(net),
    "empirical Fisher": lambda net, a, k: net.linear_operator("empirical_fisher", *a, **k) @ tangent(net),
    "diagonal": lambda net, a, k: net.curvature.gauss_newton_diagonal(*a, **k),
    "Fisher diagonal": lambda net, a, k: net.curvature.fisher_diagonal(*a, **k),
    "Hessian diagonal": lambda net, a, k: net.curvature.hessian_diagonal(*a, **k),
    "empirical Fisher diagonal": lambda net, a, k: net.curvature.empirical_fisher_diagonal(*a, **k),
    "sum of gradients per example": lambda net, a, k: net.per_example.gradients(*a, **k).matrix.sum(axis=0),
    "variance": lambda net, a, k: net.per_example.variance(*a, ddof=1, **k),
    "unclipped gradient": lambda net, a, k: net.per_example.clipped_gradient(*a, 1e6, **k),
}


@EACH
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_weights_of_0_1_and_2_are_examples_left_out_kept_and_repeated(example, quantity):
    net, (weighted, words), (twice, none) = pair(example)
    expected = vector(QUANTITIES[quantity](net, twice, none))
    # Differences are off by their own rounding, for these and for those.
    assert_close(
        vector(QUANTITIES[quantity](net, weighted, words)),
        expected,
        relative=1e-9 if "differences" in quantity else 1e-12,
    )


@EACH
def test_kronecker_factors_and_blocks_count_weighted_examples(example):
    net, (weighted, words), (twice, _) = pair(example)
    for sharing in ("expand", "reduce"):
        found = net.curvature.kfac(*weighted, weight_sharing=sharing, **words)
        expected = net.curvature.kfac(*twice, weight_sharing=sharing)
        assert found.exact == expected.exact
        for path in expected:
            for one, other in zip(found[path], expected[path], strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)  # some are zero but for rounding
    blocks, expected = net.curvature.gauss_newton_blocks(*weighted, **words), net.curvature.gauss_newton_blocks(*twice)
    for path, block in blocks.items():
        np.testing.assert_allclose(block, expected[path], rtol=1e-12, atol=1e-14)


@EACH
def test_least_squares_of_weighted_examples_are_those_of_repeated_ones(example):
    net, (weighted, words), (twice, _) = pair(example)
    one, other = (
        LeastSquares(net._engine, *net._samples(*samples, **given))
        for samples, given in ((weighted, words), (twice, {}))
    )
    cost, gradient = other.gradient()
    assert_close(one.cost(), cost, relative=1e-12)
    assert_close(one.gradient()[1], gradient, relative=1e-12)
    for method in ("residuals", "triangular", "residual_operator"):
        (c, r, rho), (_, s, sigma) = (getattr(each, method)() for each in (one, other))
        if method == "residual_operator":
            r, s = r @ np.eye(one.size), s @ np.eye(one.size)
        assert_close(c, cost, relative=1e-12)
        assert_close(r.T @ r, s.T @ s, relative=1e-12)
        assert_close(r.T @ rho, s.T @ sigma, relative=1e-12)
    for mine, theirs in zip(one.normal_equations(), other.normal_equations(), strict=True):
        assert_close(mine, theirs, relative=1e-12)
    assert_close(one.diagonal(), other.diagonal(), relative=1e-12)
    step = 1e-2 * tangent(net)
    assert_close(one.bending(step), other.bending(step), relative=1e-12)


def test_outputs_have_weights_of_their_own_and_their_sums_divide_each():
    example = next(each for each in ZOO if each.name == "gated-two-outputs")
    net, (x, y) = example.make(), example.data(BATCH)
    side = np.linspace(0.1, 3, BATCH)
    alone = {
        output: np.square(net.predict(x)[output] - y[output]).sum(axis=1) / 2 for output in ("product", "side")
    }  # the quadratic cost, written out
    expected = alone["product"].mean() + side @ alone["side"] / side.sum()
    assert_close(net.cost(x, y, sample_weight={"side": side}), expected)
    both = net.cost(x, y, sample_weight=side)
    assert_close(both, sum(side @ each for each in alone.values()) / side.sum())
    assert net.check_gradients(x, y, sample_weight={"side": side})
    with pytest.raises(DerivativeError, match="count differently"):
        net.per_example.variance(x, y, sample_weight={"side": side})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_stay_in_the_dtype_of_the_network(dtype):
    net, (weighted, words), _ = pair(ZOO[0], dtype)
    assert net.gradient(*weighted, **words).vector.dtype == dtype
    assert net.ggn_vp(*weighted, tangent(net), **words).dtype == dtype
    assert net.curvature.kfac(*weighted, **words)["dense_1.w"][0].dtype == dtype


def test_many_weighted_examples_go_through_in_portions():
    example = ZOO[0]
    net, (x, y) = example.make(), example.data(5000)
    weights = np.random.default_rng(0).random(5000)
    alone = np.square(net.predict(x) - y).sum(axis=1) / 2
    assert_close(net.cost(x, y, sample_weight=weights), weights @ alone / weights.sum())
    per_example = net.per_example.gradients(x, y).matrix
    expected = weights @ per_example / weights.sum()
    assert_close(net.gradient(x, y, sample_weight=weights).vector, expected, relative=1e-11)


def test_portions_of_weighted_examples_add_up_to_one_pass(monkeypatch):
    example = ZOO[0]
    net, (x, y) = example.make(), example.data(40)
    words = {"sample_weight": np.random.default_rng(0).random(40)}
    names = [name for name in QUANTITIES if name not in ("hvp by differences", "cost", "variance")]
    whole = {name: vector(QUANTITIES[name](net, (x, y), words)) for name in names}
    lsq = LeastSquares(net._engine, *net._samples(x, y, **words))
    gradient, square = lsq.gradient()[1], lsq.normal_equations()[1]
    monkeypatch.setattr("bpframe.derivatives.points.memory.PORTION_BYTES", 4096)
    for name in names:
        assert_close(vector(QUANTITIES[name](net, (x, y), words)), whole[name], relative=1e-11)
    lsq = LeastSquares(net._engine, *net._samples(x, y, **words))
    assert len(lsq.examples.slices()) > 1
    assert_close(lsq.gradient()[1], gradient, relative=1e-12)
    assert_close(lsq.normal_equations()[1], square, relative=1e-12)


def test_penalties_are_added_to_the_weighted_mean_once():
    x, y = np.random.default_rng(0).standard_normal((2, BATCH, 3))
    net = Network(
        [Dense(units=4), Sigmoid(), Dense(units=3)], input_shape=(3,), cost=QuadraticCost(),
        penalties={"*.w": L2(rate=0.3)},
    )  # fmt: skip
    weighted, words, twice = (x, y), {"sample_weight": COUNTS}, (repeated(x), repeated(y))
    for name in ("cost", "gradient", "hvp", "ggn_vp", "linear operator", "diagonal", "Hessian diagonal"):
        one, other = (vector(QUANTITIES[name](net, *each)) for each in ((weighted, words), (twice, {})))
        assert_close(one, other, relative=1e-12)
    one, other = (LeastSquares(net._engine, *net._samples(*each, **w)) for each, w in ((weighted, words), (twice, {})))
    for mine, theirs in zip(one.normal_equations(), other.normal_equations(), strict=True):
        assert_close(mine, theirs, relative=1e-12)
    history = net.fit(x, y, sample_weight=COUNTS, optimizer=GradientDescent(learning_rate=1e-300), epochs=1)
    assert_close(history.epochs[0].cost, net.cost(*twice))


def test_clipping_and_variance_take_weights_as_numpy_writes_them():
    example = ZOO[0]
    net, (x, y) = example.make(), example.data(BATCH)
    w = np.array([0.5, 2, 0, 1.25, 3, 0.1, 1])
    g = net.per_example.gradients(x, y).matrix
    assert_close(net.per_example.gradients(x, y, sample_weight=w).matrix, w[:, None] * g)
    norms = np.linalg.norm(w[:, None] * g, axis=1)
    assert_close(net.per_example.squared_norms(x, y, sample_weight=w), norms**2)
    assert_close(net.per_example.gram(x, y, sample_weight=w), (w[:, None] * g) @ (w[:, None] * g).T)
    bound = float(np.median(norms))
    clipped = (np.minimum(1, bound / np.where(norms > 0, norms, 1))[:, None] * w[:, None] * g).sum(axis=0) / w.sum()
    assert_close(net.per_example.clipped_gradient(x, y, bound, sample_weight=w).vector, clipped)
    mean = np.average(g, axis=0, weights=w)
    for ddof in (0, 1):
        expected = (w @ (g - mean) ** 2) / (w.sum() - ddof)
        assert_close(net.per_example.variance(x, y, ddof, sample_weight=w).vector, expected, relative=1e-11)
    with pytest.raises(DerivativeError, match="Σ w - ddof"):
        net.per_example.variance(x, y, 1, sample_weight=w / 20)
