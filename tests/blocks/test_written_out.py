"""A network with blocks is the network of the same nodes written out: equal bytes in everything."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np
import pytest
from bpframe_minimizers import LevenbergMarquardt
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from safetensors.numpy import load_file

import bpframe as bp
from tests.components.blocks import Residual, Sequence

from .written_out import PAIRS, samples


@pytest.fixture(params=PAIRS)
def pair(request):
    folded, written = PAIRS[request.param]
    return folded(), written()


def same(left, right):
    """Whether two results hold the same bytes: arrays, mappings, tuples and operators of them."""
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    if hasattr(left, "keys"):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return left == right


QUESTIONS = {
    "predict": lambda net, x, y: net.predict(x),
    "cost": lambda net, x, y: net.cost(x, y),
    "gradient": lambda net, x, y: net.gradient(x, y),
    "errors": lambda net, x, y: dict(net.errors(x, y)),
    "vjp": lambda net, x, y: net.vjp(x, y),
    "parameter_vjp": lambda net, x, y: net.parameter_vjp(x, y),
    "parameter_jvp": lambda net, x, y: net.parameter_jvp(x, dict(net.parameters)),
    "hvp": lambda net, x, y: net.hvp(x, y, net.parameters.vector),
    "ggn": lambda net, x, y: net.ggn_vp(x, y, net.parameters.vector),
    "jacobian in the inputs": lambda net, x, y: net.jacobian(x, wrt="inputs"),
    "jacobian in the parameters": lambda net, x, y: net.jacobian(x, wrt="parameters"),
    "per example": lambda net, x, y: net.per_example.gradients(x, y),
    "kfac": lambda net, x, y: {
        path: np.concatenate([a.ravel(), b.ravel()]) for path, (a, b) in net.curvature.kfac(x, y).items()
    },
    "hessian diagonal": lambda net, x, y: net.curvature.hessian_diagonal(x, y),
    "blocks": lambda net, x, y: net.curvature.gauss_newton_blocks(x, y),
}


def test_parameters_have_the_same_paths_and_bytes(pair) -> None:
    folded, written = pair
    assert same(folded.parameters, written.parameters)
    assert [node.name for node in folded.graph.nodes] == [node.name for node in written.graph.nodes]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_answer_has_the_same_bytes(pair, question) -> None:
    folded, written = pair
    x, y = samples(folded)
    assert same(QUESTIONS[question](folded, x, y), QUESTIONS[question](written, x, y))


@pytest.mark.parametrize("optimizer", [GradientDescent(learning_rate=0.01), LevenbergMarquardt()])
def test_training_and_saved_weights_have_the_same_bytes(pair, optimizer, tmp_path) -> None:
    x, y = samples(pair[0], 20)
    for number, net in enumerate(pair):
        net.fit(x, y, optimizer=optimizer, epochs=3)
        with warnings.catch_warnings(action="ignore"):  # no installed set provides the blocks
            net.save(tmp_path / str(number))
    assert pair[0].parameters.vector.tobytes() == pair[1].parameters.vector.tobytes()
    saved = [load_file(tmp_path / str(each) / "weights.safetensors") for each in (0, 1)]
    assert same(saved[0], saved[1])


def test_the_derivatives_are_right(pair) -> None:
    x, y = samples(pair[0])
    pair[0].check_gradients(x, y, per_parameter=None).raise_if_failed()


def test_a_step_makes_no_call_more_than_the_nodes_written_out_at_depth_twelve() -> None:
    body = (Dense(units=3), Sigmoid())
    deep = Sequence(body=body)
    for _ in range(11):
        deep = Sequence(body=(deep,))
    folded = bp.Network([deep], input_shape=(3,), cost=QuadraticCost())
    written = bp.Network(
        nodes={node.name: bp.node(node.component, *node.sources) for node in folded.graph.nodes},
        inputs={"x": (3,)}, output=folded.graph.nodes[-1].name, cost=QuadraticCost(),
    )  # fmt: skip
    assert folded.graph.nodes[0].name == ".".join(["sequence_1"] * 12 + ["dense_1"])
    assert calls(folded) == calls(written)
    residual = bp.Network([Residual(units=5)] * 12, input_shape=(3,), cost=QuadraticCost())
    alone = bp.Network([Residual(units=5)], input_shape=(3,), cost=QuadraticCost())
    assert (
        sum(calls(residual).values()) <= 12 * sum(calls(alone).values()) + 12 * 3
    )  # x's error, which no one asked for


def calls(network):
    plan = network.step_plan(8)
    assert not plan.direct
    return Counter((each.node, each.phase, each.function) for each in plan.calls)
