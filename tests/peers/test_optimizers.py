"""Optimizers follow PyTorch's over 200 steps on one path of gradients, and Lion, which PyTorch lacks, its paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from bpframe_optimizers import (
    Adagrad,
    Adam,
    Adamw,
    ClipGlobalNorm,
    ClipValue,
    ExponentialAverage,
    Lion,
    Momentum,
    Nadam,
    Rmsprop,
    StochasticAverage,
)
from bpframe_reference import GradientDescent

from bpframe.extend import Optimizer
from bpframe.training.updates import Updater

STEPS, SIZE = 200, 60

OPTIM = torch.optim
CASES: dict[str, tuple[Optimizer, Callable[[Any], Any]]] = {
    "momentum": (Momentum(), lambda p: OPTIM.SGD(p, momentum=0.9)),
    "momentum, nesterov": (
        Momentum(learning_rate=0.0005, momentum=0.7, nesterov=True),
        lambda p: OPTIM.SGD(p, 0.0005, momentum=0.7, nesterov=True),
    ),
    "adam": (Adam(), OPTIM.Adam),
    "adam, fields": (
        Adam(learning_rate=0.05, beta_1=0.6, beta_2=0.8, epsilon=0.01),
        lambda p: OPTIM.Adam(p, 0.05, betas=(0.6, 0.8), eps=0.01),
    ),
    "adamw": (Adamw(), OPTIM.AdamW),
    "adamw, fields": (
        Adamw(learning_rate=0.05, weight_decay=0.4),
        lambda p: OPTIM.AdamW(p, 0.05, weight_decay=0.4),
    ),
    "nadam": (Nadam(), OPTIM.NAdam),
    "nadam, fields": (
        Nadam(learning_rate=0.05, beta_1=0.7, beta_2=0.9, momentum_decay=0.1),
        lambda p: OPTIM.NAdam(p, 0.05, betas=(0.7, 0.9), momentum_decay=0.1),
    ),
    "rmsprop": (Rmsprop(), OPTIM.RMSprop),
    "rmsprop, fields": (
        Rmsprop(learning_rate=0.05, alpha=0.9, momentum=0.5, epsilon=1e-4),
        lambda p: OPTIM.RMSprop(p, 0.05, alpha=0.9, momentum=0.5, eps=1e-4),
    ),
    "rmsprop, centered": (
        Rmsprop(learning_rate=0.05, centered=True),
        lambda p: OPTIM.RMSprop(p, 0.05, centered=True),
    ),
    "adagrad": (Adagrad(), OPTIM.Adagrad),
    "adagrad, fields": (
        Adagrad(learning_rate=0.5, start=0.1),
        lambda p: OPTIM.Adagrad(p, 0.5, initial_accumulator_value=0.1),
    ),
}


@pytest.fixture(autouse=True)
def _in_float64() -> Iterator[None]:
    """NAdam keeps its product of momenta in PyTorch's default dtype, whatever that of the parameters is."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def slopes(seed: int = 0) -> tuple[np.ndarray, Callable[[np.ndarray, int], np.ndarray]]:
    """Return a start and a gradient at θ in step t: of a bowl with waves, and noise as of batches; some are 0."""
    rng = np.random.default_rng(seed)
    start, noise = rng.standard_normal(SIZE), rng.standard_normal((STEPS, SIZE))
    scale = 10.0 ** rng.uniform(-3, 2, SIZE)
    noise[:, :3], scale[:3] = 0, 0
    return start, lambda theta, t: scale * (theta + np.sin(3 * theta) + noise[t])


def by_bpframe(optimizer: Optimizer, dtype: Any = np.float64) -> np.ndarray:
    """Return where each step leads, (STEPS, SIZE)."""
    start, slope = slopes()
    theta = start.astype(dtype)
    updater = Updater(optimizer, theta, np.zeros_like(theta))
    path = []
    for t in range(STEPS):
        updater.gradient[:] = slope(theta, t)
        updater.apply()
        path.append(theta.copy())
    return np.array(path)


@pytest.mark.parametrize("name", CASES)
def test_the_path_is_pytorchs(name: str) -> None:
    optimizer, by_torch = CASES[name]
    start, slope = slopes()
    theta = torch.tensor(start, requires_grad=True)
    peer, path = by_torch([theta]), []
    for t in range(STEPS):
        theta.grad = torch.tensor(slope(theta.detach().numpy(), t))
        peer.step()
        path.append(theta.detach().numpy().copy())
    expected = np.array(path)
    np.testing.assert_allclose(by_bpframe(optimizer), expected, rtol=1e-10, atol=1e-10)
    assert np.ptp(expected, axis=0)[3:].min() > 0  # it went somewhere


def test_lions_path_is_the_papers() -> None:
    start, slope = slopes()
    theta, m, path = start.copy(), np.zeros(SIZE), []
    for t in range(STEPS):  # algorithm 2, with η = 0.01 and λ = 0.1
        g = slope(theta, t)
        c = 0.9 * m + (1 - 0.9) * g
        theta = theta - 0.01 * (np.sign(c) + 0.1 * theta)
        m = 0.99 * m + (1 - 0.99) * g
        path.append(theta)
    found = by_bpframe(Lion(learning_rate=0.01, weight_decay=0.1))
    np.testing.assert_allclose(found, np.array(path), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "optimizer", [Adam(), Adamw(), Nadam(), Rmsprop(), Adagrad(), Momentum()], ids=lambda o: o.kind
)
def test_in_float32_the_path_stays_near(optimizer: Optimizer) -> None:
    # Along a path of its own, since what is chosen by a rounded gradient differs.
    found, exact = by_bpframe(optimizer, np.float32), by_bpframe(optimizer)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:20], exact[:20], rtol=1e-4, atol=1e-4)


def test_clipping_is_pytorchs() -> None:
    gradient = np.random.default_rng(3).standard_normal(SIZE)
    shapes = {"w": (SIZE - 20,), "b": (20,)}
    descent = GradientDescent(learning_rate=1.0)

    def by_torch(clip: Callable[[list[Any]], Any]) -> np.ndarray:
        parts = [torch.zeros(size[0], requires_grad=True) for size in shapes.values()]
        for each, rows in zip(parts, (slice(0, SIZE - 20), slice(SIZE - 20, SIZE)), strict=True):
            each.grad = torch.tensor(gradient[rows])
        clip(parts)
        return -np.concatenate([each.grad.numpy() for each in parts])

    def ours(rule: Optimizer) -> np.ndarray:
        updater = Updater(rule, np.zeros(SIZE), gradient, shapes)
        updater.apply()
        return updater.theta

    utils = torch.nn.utils
    value = by_torch(lambda parts: utils.clip_grad_value_(parts, 0.5))
    np.testing.assert_allclose(ours(ClipValue(value=0.5, optimizer=descent)), value, rtol=1e-12)
    # PyTorch divides by the norm and 1e-6.
    share = np.linalg.norm(gradient) / (np.linalg.norm(gradient) + 1e-6)
    whole = by_torch(lambda parts: utils.clip_grad_norm_(parts, 0.5))
    np.testing.assert_allclose(ours(ClipGlobalNorm(norm=0.5, optimizer=descent)) * share, whole, rtol=1e-12)


@pytest.mark.parametrize("name", ["exponential", "stochastic"])
def test_averages_are_pytorchs(name: str) -> None:
    start, slope = slopes()
    swa = torch.optim.swa_utils
    model = torch.nn.ParameterList([torch.nn.Parameter(torch.tensor(start))])
    average = swa.get_ema_multi_avg_fn(0.9) if name == "exponential" else None
    averaged, peer = swa.AveragedModel(model, multi_avg_fn=average), OPTIM.Adam(model.parameters(), 0.05)
    inner = Adam(learning_rate=0.05)
    rule = (
        ExponentialAverage(decay=0.9, optimizer=inner)
        if name == "exponential"
        else StochasticAverage(by="step", optimizer=inner)
    )
    updater = Updater(rule, start.copy(), np.zeros(SIZE))
    for t in range(STEPS):
        model[0].grad = torch.tensor(slope(model[0].detach().numpy(), t))
        peer.step()
        averaged.update_parameters(model)
        updater.gradient[:] = slope(updater.theta, t)
        updater.apply()
        expected = averaged.module[0].detach().numpy()
        np.testing.assert_allclose(updater.state["average"], expected, rtol=1e-10, atol=1e-10)
