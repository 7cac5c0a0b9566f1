"""Costs that ask for `weight` or `mask`: the mean is over what counts, whatever an example's number of positions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from bpframe_minimizers import LevenbergMarquardt, NaturalGradient
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.derivatives.least_squares.least_squares import LeastSquares
from bpframe.errors import ContractError, DataError, ShapeMismatch
from bpframe.extend import Array, Cost, Diagonal
from bpframe.testing import check_component
from tests.components.masked_cross_entropy import MaskedSquares, SequenceCrossEntropy
from tests.oracles import assert_close
from tests.passes import programs

T, V, N = 4, 3, 6

RNG = np.random.default_rng(8)
X = RNG.standard_normal((N, T, 2))
CLASSES = RNG.integers(0, V, (N, T))
WEIGHTS = RNG.random((N, T)) * (RNG.random((N, T)) < 0.6)


def network(dtype="float64", cost=None):
    layers = [Dense(units=3), Sigmoid(), Dense(units=V)]
    return bp.Network(layers, input_shape=(T, 2), cost=cost or SequenceCrossEntropy(), dtype=dtype, seed=2)


def torchs(scores, classes, weights):
    """F.cross_entropy(reduction="none") times the weights, over their sum, as PyTorch's documentation writes it."""
    losses = np.log(np.exp(scores).sum(axis=-1)) - np.take_along_axis(scores, classes[..., None], axis=-1)[..., 0]
    return (weights * losses).sum() / weights.sum()


def test_the_weighted_cross_entropy_of_sequences_is_pytorchs():
    net = network()
    assert_close(net.cost(X, CLASSES, sample_weight=WEIGHTS), torchs(net.predict(X), CLASSES, WEIGHTS))
    assert_close(net.cost(X, CLASSES), torchs(net.predict(X), CLASSES, np.ones((N, T))))


def test_class_weights_are_weights_by_class_and_ignored_classes_are_weights_of_0():
    net, by_class = network(), np.array([1.0, 3.0, 0.5])
    # torch.nn.CrossEntropyLoss(weight, reduction="mean"): Σ w_y l / Σ w_y
    weights = by_class[CLASSES]
    assert_close(net.cost(X, CLASSES, sample_weight=weights), torchs(net.predict(X), CLASSES, weights))
    ignored = CLASSES != 1  # ignore_index=1
    losses = torchs(net.predict(X)[ignored], CLASSES[ignored], np.ones(ignored.sum()))
    assert_close(net.cost(X, CLASSES, sample_weight=ignored), losses)


def test_its_gradient_is_that_of_the_complex_step():
    net = network()
    found = net.gradient(X, CLASSES, sample_weight=WEIGHTS)
    w1, b1, w2, b2 = (net.parameters[path] for path in ("dense_1.w", "dense_1.b", "dense_2.w", "dense_2.b"))

    def cost(w1):
        hidden = 1 / (1 + np.exp(-(X @ w1.T + b1)))
        return torchs(hidden @ w2.T + b2, CLASSES, WEIGHTS)

    for place in np.ndindex(*w1.shape):
        moved = w1.astype(complex)
        moved[place] += 1e-30j
        assert_close(found["dense_1.w"][place], cost(moved).imag / 1e-30)
    report = net.check_gradients(X, CLASSES, sample_weight=WEIGHTS)
    assert report, str(report)


@pytest.mark.parametrize("cost", [SequenceCrossEntropy(), MaskedSquares()], ids=lambda each: each.kind)
def test_positions_that_do_not_count_do_nothing(cost):
    net, mask = network(cost=cost), WEIGHTS > 0
    y = CLASSES if cost.integer_targets else RNG.standard_normal((N, T, V))
    before = net.gradient(X, y, sample_weight=mask).vector
    x, targets = X.copy(), y.copy()
    x[~mask] = 7.0
    targets[~mask] = 0
    assert_close(net.gradient(x, targets, sample_weight=mask).vector, before)
    assert_close(net.cost(x, targets, sample_weight=mask), net.cost(X, y, sample_weight=mask))


def test_weights_of_examples_are_those_of_all_their_positions():
    net, counts = network(), np.array([2, 0, 1, 1, 0, 2])
    spread = np.broadcast_to(counts[:, None], (N, T))
    x, y = np.repeat(X, counts, axis=0), np.repeat(CLASSES, counts, axis=0)
    assert_close(net.cost(X, CLASSES, sample_weight=counts), net.cost(x, y))
    for weights in (counts, spread):
        words = {"sample_weight": weights}
        assert_close(net.gradient(X, CLASSES, **words).vector, net.gradient(x, y).vector)
        v = np.random.default_rng(0).standard_normal(net.parameters.vector.size)
        for product in (net.ggn_vp, net.hvp):
            assert_close(product(X, CLASSES, v, **words), product(x, y, v), 1e-12)
        for one, other in (
            (net.curvature.gauss_newton_diagonal(X, CLASSES, **words), net.curvature.gauss_newton_diagonal(x, y)),
            (net.curvature.hessian_diagonal(X, CLASSES, **words), net.curvature.hessian_diagonal(x, y)),
        ):
            assert_close(one.vector, other.vector, 1e-12)
        factors, expected = net.curvature.kfac(X, CLASSES, **words), net.curvature.kfac(x, y)
        for path in expected:
            for one, other in zip(factors[path], expected[path], strict=True):
                assert_close(one, other, 1e-12)
        squares = [LeastSquares(net._engine, *net._samples(*a)) for a in ((X, CLASSES, weights), (x, y))]
        for one, other in zip(*(each.normal_equations() for each in squares), strict=True):
            assert_close(one, other, 1e-12)
        summed = net.per_example.gradients(X, CLASSES, **words).matrix.sum(axis=0)
        assert_close(summed, net.per_example.gradients(x, y).matrix.sum(axis=0), 1e-12)
        assert_close(summed / (counts.sum() * T), net.gradient(x, y).vector)
        assert_close(net.per_example.clipped_gradient(X, CLASSES, 1e6, **words).vector, net.gradient(x, y).vector)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_recorded_steps_are_called_ones_bit_for_bit_with_masks_that_change(dtype, monkeypatch):
    weights = np.random.default_rng(3).random((30, N, T)) * (np.random.default_rng(4).random((30, N, T)) < 0.5)

    def gradients():
        net = network(dtype)
        found = [net.gradient(X, CLASSES, sample_weight=each).vector.tobytes() for each in weights]
        return net, found

    net, found = gradients()
    assert all(each.is_bound for each in programs(net))
    monkeypatch.setenv("BPFRAME_RECORD", "off")
    assert gradients()[1] == found


def test_steps_are_of_the_mean_over_what_counts_in_their_batch():
    net, other = network(), network()
    history = net.fit(
        X, CLASSES, sample_weight=WEIGHTS, optimizer=GradientDescent(learning_rate=0.2), epochs=1, batch_size=4,
        shuffle=False,
    )  # fmt: skip
    for rows in (slice(0, 4), slice(4, 6)):
        step = other.gradient(X[rows], CLASSES[rows], sample_weight=WEIGHTS[rows]).vector
        other.parameters.vector[:] -= 0.2 * step
    assert_close(net.parameters.vector, other.parameters.vector)
    assert np.isfinite(history.epochs[0].cost)
    still = GradientDescent(learning_rate=1e-300)
    history = net.fit(X, CLASSES, sample_weight=WEIGHTS, optimizer=still, epochs=1, batch_size=4)
    assert_close(history.epochs[0].cost, torchs(net.predict(X), CLASSES, WEIGHTS))


def test_least_squares_goes_over_masked_positions():
    net, other = network(cost=MaskedSquaresWithHessian()), network(cost=MaskedSquaresWithHessian())
    y, mask = RNG.standard_normal((N, T, V)), WEIGHTS > 0
    changed = np.where(mask[..., None], y, 9.0)
    for each, targets in ((net, y), (other, changed)):
        each.fit(X, targets, sample_weight=mask, optimizer=LevenbergMarquardt(), epochs=3)
    assert_close(net.parameters.vector, other.parameters.vector, 1e-7)
    assert net.history.epochs[-1].cost < net.history.epochs[0].cost


class MaskedSquaresWithHessian(MaskedSquares):
    """The same, with its Hessian."""

    def hessian(self, a: Array, mask: Array) -> Diagonal:
        return Diagonal(np.broadcast_to(mask[..., None], a.shape).astype(a.dtype))


def test_a_draft_is_measured_under_its_weights():
    class Measured(Cost):
        """C = Σ_t w_t a_t²."""

        draft: ClassVar[bool] = True

        def forward(self, a, y, weight, mask):
            return np.where(mask, weight * (a - y) ** 2, 0).sum(axis=1)

    x, y = RNG.standard_normal((5, 2)), RNG.standard_normal((5, V))
    weights = RNG.random((5, V))
    net = bp.Network([Dense(units=V)], input_shape=(2,), cost=Measured())
    expected = 2 * weights * (net.predict(x) - y) / weights.sum()
    assert_close(net.gradient(x, y, sample_weight=weights)["dense_1.b"], expected.sum(axis=0))


@pytest.mark.parametrize(
    ("weights", "kind", "part"),
    [
        (np.ones((N, T + 1)), ShapeMismatch, r"\(N,\) or \(N, 4\)"),
        (np.ones((N, T, V)), ShapeMismatch, r"\(N, 4\)"),
        (-np.ones((N, T)), DataError, r"below 0"),
        (np.zeros((N, T)), DataError, "no example counts"),
        (np.full((N, T), np.nan), DataError, "finite"),
    ],
)
def test_what_is_no_weight_of_positions_is_refused(weights, kind, part):
    with pytest.raises(kind, match=part):
        network().cost(X, CLASSES, sample_weight=weights)


def test_a_cost_that_asks_for_a_mask_alone_takes_no_other_weights():
    net = network(cost=MaskedSquares())
    with pytest.raises(DataError, match="asks for `mask` alone"):
        net.cost(X, np.zeros((N, T, V)), sample_weight=WEIGHTS)
    assert net.cost(X, np.zeros((N, T, V)), sample_weight=(WEIGHTS > 0).astype(int)) > 0


def test_what_weight_shape_gets_wrong_is_told_when_the_network_is_made():
    class Wrong(MaskedSquares):
        """A cost whose weights have no shape."""

        def weight_shape(self, shape):
            return shape[7]

    with pytest.raises(ContractError, match="weight_shape failed"):
        network(cost=Wrong())


def test_costs_that_do_not_ask_take_weights_of_examples_alone():
    with pytest.raises(ShapeMismatch, match="weights of positions are for a cost"):
        network(cost=QuadraticCost()).cost(X, np.zeros((N, T, V)), sample_weight=WEIGHTS)


class Averaging(SequenceCrossEntropy):
    """Divided by the weights of its example, which the core does."""

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        return super().forward(a, y, weight) / weight.reshape(len(a), -1).sum(axis=1)

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        return super().jacobian(a, y, weight) / weight.reshape(len(a), -1).sum(axis=1)[:, None, None]


class Forgetting(SequenceCrossEntropy):
    """A gradient that forgets the weights."""

    def jacobian(self, a: Array, y: Array) -> Array:
        return super().jacobian(a, y, np.ones(y.shape, a.dtype))


class ForgettingTwice(SequenceCrossEntropy):
    """A Hessian that forgets the weights."""

    def hessian(self, a: Array) -> Array:
        return super().hessian(a, np.ones(a.shape[:-1], a.dtype))


class Squaring(SequenceCrossEntropy):
    """Weights that are squared."""

    def forward(self, a: Array, y: Array, weight: Array) -> Array:
        return super().forward(a, y, weight**2)

    def jacobian(self, a: Array, y: Array, weight: Array) -> Array:
        return super().jacobian(a, y, weight**2)


@pytest.mark.parametrize(
    ("cost", "check"),
    [(Averaging(), "weight"), (Squaring(), "weight"), (Forgetting(), "jacobian[a]"), (ForgettingTwice(), "hessian")],
    ids=lambda each: getattr(each, "kind", each),
)
def test_the_kit_sees_costs_that_take_their_weights_wrongly(cost, check):
    failed = {each.check for each in check_component(cost, [(T, V)]).failed}
    assert check in failed


@pytest.mark.parametrize("cost", [SequenceCrossEntropy(), MaskedSquares()], ids=lambda each: each.kind)
def test_the_kit_passes_costs_that_take_them_rightly(cost):
    report = check_component(cost, [(T, V)])
    assert report.ok, str(report)
    assert "weight" in report.called_for


def test_plans_and_memory_of_a_step_know_the_weights():
    net = network()
    assert net.step_plan(4).direct.keys() <= {"cost of dense_2"}  # its indices are arrays
    assert net.memory(4).batch == 8 * 4 * (2 * T + T + T)  # inputs, class numbers, weights


def two_heads(dtype="float64"):
    """One head whose cost asks for weights of positions, and one that knows nothing of them."""
    return bp.Network(
        inputs={"x": (T, 2)},
        nodes={
            "hidden": bp.node(Sigmoid(), "x"),
            "tokens": bp.node(Dense(units=V), "hidden"),
            "values": bp.node(Dense(units=2), "hidden"),
        },
        output=["tokens", "values"],
        cost={"tokens": SequenceCrossEntropy(), "values": QuadraticCost()},
        dtype=dtype,
        seed=3,
    )


VALUES = RNG.standard_normal((N, T, 2))
BY_HEAD = {"tokens": WEIGHTS, "values": np.array([0, 1, 2.5, 0, 1, 1])}


def both(net, rows=slice(None)):
    """Return C of the two heads, written out."""
    scores = net.predict(X[rows])
    squares = np.square(scores["values"] - VALUES[rows]).sum(axis=(1, 2)) / 2
    w = BY_HEAD["values"][rows]
    return torchs(scores["tokens"], CLASSES[rows], WEIGHTS[rows]) + w @ squares / w.sum()


def test_heads_have_weights_of_their_own_of_examples_and_of_positions():
    net, y = two_heads(), {"tokens": CLASSES, "values": VALUES}
    assert_close(net.cost(X, y, sample_weight=BY_HEAD), both(net))
    report = net.check_gradients(X, y, sample_weight=BY_HEAD)
    assert report, str(report)
    v = RNG.standard_normal(net.parameters.vector.size)
    exact, steps = (net.hvp(X, y, v, method=way, sample_weight=BY_HEAD) for way in ("exact", "difference"))
    assert_close(exact, steps, 1e-8)
    history = net.fit(
        X, y, sample_weight=BY_HEAD, optimizer=GradientDescent(learning_rate=0.1), epochs=2, batch_size=3,
        shuffle=False,
    )  # fmt: skip
    other = two_heads()
    for _ in range(2):
        for rows in (slice(0, 3), slice(3, 6)):
            some = {name: array[rows] for name, array in y.items()}
            weights = {name: array[rows] for name, array in BY_HEAD.items()}
            other.parameters.vector[:] -= 0.1 * other.gradient(X[rows], some, sample_weight=weights).vector
    assert_close(net.parameters.vector, other.parameters.vector)
    still = net.fit(X, y, sample_weight=BY_HEAD, optimizer=GradientDescent(learning_rate=1e-300), epochs=1)
    assert_close(still.epochs[0].cost, both(net))
    assert history.steps == 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_left_as_they_are(dtype):
    net, y = two_heads(dtype), {"tokens": CLASSES, "values": VALUES.astype(dtype)}
    given = {name: array.astype(dtype) for name, array in BY_HEAD.items()}
    before = {name: array.copy() for name, array in given.items()}
    for array in given.values():
        array.flags.writeable = False
    x, words = X.astype(dtype), {"sample_weight": given}
    for call in (net.cost, net.gradient, net.errors, net.curvature.gauss_newton_diagonal):
        call(x, y, **words)
    net.fit(x, y, optimizer=LevenbergMarquardt(), epochs=1, **words)
    net.fit(x, y, optimizer=NaturalGradient(learning_rate=0.01), epochs=1, batch_size=2, **words)
    for name, array in given.items():
        np.testing.assert_array_equal(array, before[name])


def test_a_gradient_check_blames_the_cost_that_forgets_its_weights():
    report = network(cost=Forgetting()).check_gradients(X, CLASSES, sample_weight=WEIGHTS)
    assert not report
    assert "forgetting" in str(report)


def test_sequences_of_any_length_have_weights_of_their_length():
    layers = [Dense(units=3), Sigmoid(), Dense(units=V)]
    net = bp.Network(layers, input_shape=(None, 2), cost=SequenceCrossEntropy(), seed=2)
    for length in (4, 7, 2):
        x, y = RNG.standard_normal((N, length, 2)), RNG.integers(0, V, (N, length))
        w = RNG.random((N, length))
        assert_close(net.cost(x, y, sample_weight=w), torchs(net.predict(x), y, w))
        report = net.check_gradients(x, y, sample_weight=w)
        assert report, str(report)
        with pytest.raises(ShapeMismatch, match="sample_weight"):
            net.cost(x, y, sample_weight=w[:, 1:])
