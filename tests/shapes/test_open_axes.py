"""A network with an open axis is, for arrays of every length, the network of that length: to the last byte."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from bpframe_minimizers import LBFGS, LevenbergMarquardt
from bpframe_reference import Add, Dense, GradientDescent, QuadraticCost, Sigmoid
from bpframe_sequence import Embedding

import bpframe as bp
from bpframe.errors import ShapeMismatch
from tests.components.blocks import Skip
from tests.components.masked_cross_entropy import SequenceCrossEntropy
from tests.components.recurrent import Recurrent
from tests.components.several_outputs import SquareAndProduct

from .networks import FEATURES, Copied, Halved, Window, chain, plain, samples, two

LENGTHS = (1, 4, 9, 40)
SIZE = plain(2).parameters.vector.size
V = np.linspace(-1, 1, SIZE)


def cotangent(x):
    return np.ones((3, *x.shape[:2], 2))


def by_path(net):
    return {path: np.ones_like(view) for path, view in net.parameters.items()}


CALLS = {
    "predict": lambda net, x, y: net.predict(x),
    "cost": lambda net, x, y: net.cost(x, y),
    "weighted cost": lambda net, x, y: net.cost(x, y, sample_weight=np.arange(1.0, 6)),
    "gradient": lambda net, x, y: net.gradient(x, y).vector,
    "gradient in training": lambda net, x, y: net.gradient(x, y, training=True).vector,
    "trace": lambda net, x, y: [np.asarray(net.trace(x)[name]) for name in net.graph.shapes],
    "errors": lambda net, x, y: list(net.errors(x, y).values()),
    "vjp": lambda net, x, y: net.vjp(x, cotangent(x)),
    "parameter_vjp": lambda net, x, y: list(net.parameter_vjp(x, cotangent(x)).values()),
    "jvp": lambda net, x, y: net.jvp(x, np.stack([x, 2 * x])),
    "parameter_jvp": lambda net, x, y: net.parameter_jvp(x, by_path(net)),
    "jacobian": lambda net, x, y: net.jacobian(x),
    "jacobian in parameters": lambda net, x, y: list(net.jacobian(x, wrt="parameters").values()),
    "sparse jacobian": lambda net, x, y: net.jacobian(x, form="sparse").toarray(),
    "factored jacobian": lambda net, x, y: net.jacobian(x, form="factored").dense(),
    "explained": lambda net, x, y: str(net.jacobian(x, explain=True)[1]),
    "spectrum": lambda net, x, y: str(net.spectrum(x)),
    "hvp": lambda net, x, y: net.hvp(x, y, V),
    "hvp by differences": lambda net, x, y: net.hvp(x, y, V, method="difference"),
    "hvp in inputs": lambda net, x, y: net.hvp(x, y, x, wrt="inputs"),
    "ggn_vp": lambda net, x, y: net.ggn_vp(x, y, V),
    "fisher_vp": lambda net, x, y: net.fisher_vp(x, y, V),
    "linear operator": lambda net, x, y: net.linear_operator("hessian", x, y) @ V,
    "jacobian as an operator": lambda net, x, y: net.linear_operator("jacobian", x) @ V,
    "per-example gradients": lambda net, x, y: net.per_example.gradients(x, y).matrix,
    "squared norms": lambda net, x, y: net.per_example.squared_norms(x, y),
    "gram": lambda net, x, y: net.per_example.gram(x, y),
    "variance": lambda net, x, y: net.per_example.variance(x, y).vector,
    "clipped gradient": lambda net, x, y: net.per_example.clipped_gradient(x, y, max_norm=0.1).vector,
    "gauss_newton_diagonal": lambda net, x, y: net.curvature.gauss_newton_diagonal(x, y).vector,
    "empirical_fisher_diagonal": lambda net, x, y: net.curvature.empirical_fisher_diagonal(x, y).vector,
    "hessian_diagonal": lambda net, x, y: net.curvature.hessian_diagonal(x, y).vector,
    "gauss_newton_blocks": lambda net, x, y: list(net.curvature.gauss_newton_blocks(x, y).values()),
    "kfac": lambda net, x, y: [part for pair in net.curvature.kfac(x, y).values() for part in pair],
    "check_gradients": lambda net, x, y: bool(net.check_gradients(x, y, per_parameter=1)),
    "fit": lambda net, x, y: fitted(net, x, y, GradientDescent(learning_rate=0.1), batch_size=2),
    "levenberg_marquardt": lambda net, x, y: fitted(net, x, y, LevenbergMarquardt()),
    "lbfgs": lambda net, x, y: fitted(net, x, y, LBFGS()),
    "train_step": lambda net, x, y: net.train_step(x, y, optimizer=GradientDescent(learning_rate=0.1)),
}


def fitted(net, x, y, optimizer, **options):
    net.fit(x, y, optimizer=optimizer, epochs=2, progress=False, **options)
    return net.parameters.vector.copy()


def assert_same_bytes(one, other):
    if isinstance(one, list):
        assert len(one) == len(other)
        for mine, theirs in zip(one, other, strict=True):
            assert_same_bytes(mine, theirs)
    elif isinstance(one, np.ndarray):
        assert (one.shape, one.dtype, one.tobytes()) == (other.shape, other.dtype, other.tobytes())
    else:
        assert one == other


@pytest.mark.parametrize("name", CALLS)
def test_every_method_gives_the_bytes_of_the_closed_network(name):
    for length in LENGTHS[:3]:
        x, y = samples(length)
        call, opened = CALLS[name], plain()
        call(opened, *samples(length + 1))  # another length before it, which leaves nothing behind but a training
        closed = plain(length)
        closed._engine.held.restore(opened._engine.held.snapshot())
        assert_same_bytes(call(opened, x, y), call(closed, x, y))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fits_of_several_lengths_are_those_of_closed_networks_in_turn(dtype):
    opened = chain(dtype=dtype)
    optimizer = GradientDescent(learning_rate=0.002)
    snapshot = opened._engine.held.snapshot()
    for length in (*LENGTHS, *LENGTHS[:2]):
        x, y = samples(length, 8, dtype)
        closed = chain(length, dtype)
        closed._engine.held.restore(snapshot)
        assert_same_bytes(fitted(opened, x, y, optimizer, batch_size=3), fitted(closed, x, y, optimizer, batch_size=3))
        assert_same_bytes(opened.predict(x), closed.predict(x))
        for name, mean in opened.state["batch_norm_1"].items():
            assert_same_bytes(mean, closed.state["batch_norm_1"][name])
        snapshot = opened._engine.held.snapshot()
    assert len(opened.history) == 2 * (len(LENGTHS) + 2)


def test_a_new_open_network_has_the_parameters_of_a_closed_one():
    assert_same_bytes(chain().parameters.vector, chain(7).parameters.vector)
    assert chain().parameters.shapes == chain(7).parameters.shapes


def test_a_step_carries_what_the_optimizer_carries_from_length_to_length():
    one, other = plain(), plain()
    optimizer = GradientDescent(learning_rate=0.1)
    for length in (3, 5, 3):
        one.train_step(*samples(length), optimizer=optimizer)
        other.fit(*samples(length), optimizer=optimizer, epochs=1, batch_size=5, shuffle=False, progress=False)
    assert_same_bytes(one.parameters.vector, other.parameters.vector)
    assert one.optimizer_state.step == other.optimizer_state.step == 3


def test_validation_data_may_have_another_length():
    x, y = samples(4)
    net = plain()
    history = net.fit(
        x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=1, validation_data=tuple(samples(9)), progress=False
    )
    assert history.epochs[0].validation_cost == net.cost(*samples(9))


def test_output_and_target_shapes_follow_the_length():
    net = bp.Network([Halved(), Halved(times=2)], input_shape=(None, 2), cost=QuadraticCost())
    assert net.predict(np.ones((3, 16, 2))).shape == (3, 2, 2)
    assert net.cost(np.ones((3, 40, 2)), np.zeros((3, 5, 2))) == 0.5 * 10 * 64
    with pytest.raises(ShapeMismatch, match="target") as caught:
        net.cost(np.ones((3, 40, 2)), np.zeros((3, 4, 2)))
    assert caught.value.expected == "(N, 5, 2)"


def test_several_open_axes_are_open_independently():
    net = bp.Network([Copied(), Dense(units=4)], input_shape=(None, 3, None, 2))
    assert net.predict(np.ones((2, 7, 3, 5, 2))).shape == (2, 7, 3, 5, 4)
    assert net.predict(np.ones((2, 1, 3, 8, 2))).shape == (2, 1, 3, 8, 4)
    with pytest.raises(ShapeMismatch) as caught:
        net.predict(np.ones((2, 7, 4, 5, 2)))
    assert caught.value.expected == "(N, ?, 3, ?, 2)"


def test_inputs_may_be_open_beside_closed_ones_and_have_lengths_of_their_own():
    a, b = np.ones((2, 3, 2)), np.full((2, 3, 2), 2.0)
    assert np.all(two().predict({"a": a, "b": b}) == 3)
    fixed = bp.Network(
        inputs={"a": (3, 2), "b": (None, 2)},
        nodes={"one": bp.node(Copied(), "a"), "other": bp.node(Copied(), "b")},
        output=["one", "other"],
    )
    assert fixed.predict({"b": np.ones((2, 5, 2)), "a": a})["other"].shape == (2, 5, 2)
    with pytest.raises(ShapeMismatch, match="'a' has another shape"):
        fixed.predict({"b": b, "a": np.ones((2, 5, 2))})
    apart = bp.Network(
        inputs={"a": (None, 2), "b": (None, 2)},
        nodes={"one": bp.node(Copied(), "a"), "other": bp.node(Copied(), "b")},
        output=["one", "other"],
    )
    found = apart.predict({"a": np.ones((2, 3, 2)), "b": np.ones((2, 8, 2))})
    assert [found[name].shape for name in ("one", "other")] == [(2, 3, 2), (2, 8, 2)]


def test_integers_may_have_an_open_length():
    layers = [Embedding(size=5, units=3), Recurrent(units=2)]
    net = bp.Network(layers, input_shape=(None,), cost=QuadraticCost(), seed=3)
    for length in (2, 6):
        tokens = np.arange(2 * length).reshape(2, length) % 5
        closed = bp.Network(layers, input_shape=(length,), cost=QuadraticCost(), seed=3)
        target = np.ones((2, length, 2))
        assert_same_bytes(net.gradient(tokens, target).vector, closed.gradient(tokens, target).vector)


@pytest.mark.parametrize("layer", [Halved(times=5), Window(least=200), Window(least=1000)], ids=repr)
def test_a_layer_that_takes_some_lengths_alone_is_built_at_these(layer):
    net = bp.Network([layer], input_shape=(None, 2))
    assert net.predict(np.ones((1, 1024, 2))).shape[0] == 1
    with pytest.raises(ShapeMismatch, match=r"layers\[0\] .* cannot take its input") as caught:
        net.predict(np.ones((1, 9, 2)))
    assert caught.value.received == "'x' (N, 9, 2)"


def test_blocks_are_open_with_the_nodes_that_they_become():
    def made(length):
        layers = [Skip(inner=Recurrent(units=2)), Sigmoid(), Dense(units=2)]
        return bp.Network(layers, cost=QuadraticCost(), input_shape=(length, 2), seed=2)

    opened = made(None)
    for length in LENGTHS[:3]:
        x, y = samples(length)
        assert_same_bytes(opened.gradient(x, y).vector, made(length).gradient(x, y).vector)
    (block,) = opened.graph.blocks.values()
    assert block.input_shapes == ((None, 2),)
    assert "(N, ?, 2)" in str(opened.summary())
    assert "(N, ?, 2)" in str(opened.summary(unfold=True))


def test_nodes_of_several_outputs_are_open():
    def made(length):
        return bp.Network(
            inputs={"x": (length, 2)},
            nodes={
                "h": bp.node(Recurrent(units=2), "x"),
                "both": bp.node(SquareAndProduct(), "x", "h"),
                "sum": bp.node(Add(), "both.square", "both.product"),
            },
            output=["sum", "both.product"],
            cost={"sum": QuadraticCost(), "both.product": QuadraticCost()},
            seed=2,
        )

    opened = made(None)
    assert opened.graph.shapes["both.product"] == (None, 2)
    assert "(N, ?, 2)" in str(opened.summary())
    assert copy.deepcopy(opened).spec == opened.spec
    for length in LENGTHS[:3]:
        x, y = samples(length)
        targets = {"sum": y, "both.product": 2 * y}
        closed = made(length)
        assert_same_bytes(opened.gradient(x, targets).vector, closed.gradient(x, targets).vector)
        for name, found in opened.predict(x).items():
            assert_same_bytes(found, closed.predict(x)[name])
        cotangent = {name: np.ones_like(found) for name, found in opened.predict(x).items()}
        assert_same_bytes(opened.vjp(x, cotangent), closed.vjp(x, cotangent))


def test_weights_of_positions_have_the_open_length():
    def made(length):
        layers = [Recurrent(units=3), Dense(units=4)]
        return bp.Network(layers, cost=SequenceCrossEntropy(), input_shape=(length, 2), seed=2)

    opened = made(None)
    for length in LENGTHS[:3]:
        x, _ = samples(length)
        y = np.arange(5 * length).reshape(5, length) % 4
        weight = (np.arange(5 * length).reshape(5, length) % 3 > 0) + 0.0
        weight[:, 0] = 1
        found = opened.gradient(x, y, sample_weight=weight).vector
        assert_same_bytes(found, made(length).gradient(x, y, sample_weight=weight).vector)
        with pytest.raises(ShapeMismatch, match="sample_weight"):
            opened.cost(x, y, sample_weight=np.ones((5, length + 1)))


def test_open_axes_print_as_question_marks():
    net = plain()
    assert net.graph.inputs == {"x": (None, FEATURES)}
    assert net.graph.shapes["recurrent_1"] == (None, 3)
    assert net.graph.target_shapes == {"sigmoid_1": (None, 2)}
    summary = str(net.summary())
    assert "(N, ?, 2)" in summary
    assert "ThroughTime ∘ matrix" in summary
    assert '"(N, ?, 3)"' in net.to_mermaid()
    assert "?" in net.summary()._repr_html_()
