"""Normalisations beside PyTorch's: values and gradients, in training and outside, at random shapes and fields."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bpframe_reference import GradientDescent, QuadraticCost
from bpframe_regularisation import BatchNorm, GroupNorm, LayerNorm, RmsNorm
from torch.nn import functional

import bpframe as bp
from tests.peers.beside_torch import compare

SHAPES = [(6,), (3, 4), (2, 3, 4), (1,), (5, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("gain", "offset"), [(True, True), (False, True), (True, False), (False, False)])
def test_layer_norm(shape: tuple[int, ...], gain: bool, offset: bool) -> None:
    epsilon = 1e-3 * len(shape)
    compare(
        LayerNorm(epsilon=epsilon, gain=gain, offset=offset),
        [shape],
        lambda t: functional.layer_norm(t["x"], shape[-1:], t.get("g"), t.get("b"), epsilon),
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gain", [True, False])
def test_rms_norm(shape: tuple[int, ...], gain: bool) -> None:
    compare(
        RmsNorm(epsilon=0.01, gain=gain),
        [shape],
        lambda t: functional.rms_norm(t["x"], shape[-1:], t.get("g"), 0.01),
    )


@pytest.mark.parametrize(("shape", "groups"), [((6,), 3), ((5, 6), 2), ((2, 3, 4), 1), ((2, 3, 4), 4), ((3, 2), 1)])
@pytest.mark.parametrize(("gain", "offset"), [(True, True), (False, False), (True, False)])
def test_group_norm(shape: tuple[int, ...], groups: int, gain: bool, offset: bool) -> None:
    def by_torch(t):
        return functional.group_norm(t["x"].movedim(-1, 1), groups, t.get("g"), t.get("b"), 0.01).movedim(1, -1)

    compare(GroupNorm(groups=groups, epsilon=0.01, gain=gain, offset=offset), [shape], by_torch)


@pytest.mark.parametrize("shape", [(6,), (3, 4), (2, 3, 4), (5, 1)])
@pytest.mark.parametrize(("gain", "offset"), [(True, True), (False, False), (True, False)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(shape: tuple[int, ...], gain: bool, offset: bool, training: bool) -> None:
    def by_torch(t):
        mean, variance = t["state.mean"], t["state.variance"]
        x = t["x"].movedim(-1, 1)
        return functional.batch_norm(x, mean, variance, t.get("g"), t.get("b"), training, 0.1, 0.01).movedim(1, -1)

    compare(BatchNorm(epsilon=0.01, gain=gain, offset=offset), [shape], by_torch, batches=(4, 2), training=training)


def test_long_batches_of_images_keep_their_precision() -> None:
    def by_torch(t):
        return functional.batch_norm(t["x"].movedim(-1, 1), None, None, t["g"], t["b"], True).movedim(1, -1)

    compare(BatchNorm(), [(40, 30, 3)], by_torch, batches=(9,), training=True)


def test_training_moves_the_running_statistics_as_pytorch_does() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(2.0, 3.0, (24, 5, 3)), rng.normal(size=(24, 5, 3))
    net = bp.Network([BatchNorm(momentum=0.8)], input_shape=(5, 3), cost=QuadraticCost())
    module = torch.nn.BatchNorm1d(3, momentum=0.2, dtype=torch.float64)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for start in range(0, 24, 8):
        part = slice(start, start + 8)
        net.train_step(x[part], y[part], optimizer=GradientDescent(learning_rate=0.1))
        optimizer.zero_grad()
        output = module(torch.from_numpy(x[part]).movedim(-1, 1)).movedim(1, -1)
        (0.5 * ((output - torch.from_numpy(y[part])) ** 2).sum() / 8).backward()
        optimizer.step()
    state = net.state["batch_norm_1"]
    np.testing.assert_allclose(state["mean"], module.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(state["variance"], module.running_var.numpy(), rtol=1e-12)
    np.testing.assert_allclose(net.parameters["batch_norm_1.g"], module.weight.detach().numpy(), rtol=1e-12)
    module.eval()
    expected = module(torch.from_numpy(x).movedim(-1, 1)).movedim(1, -1).detach().numpy()
    np.testing.assert_allclose(net.predict(x), expected, rtol=1e-12, atol=1e-12)
