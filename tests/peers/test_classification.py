"""The costs beside PyTorch's and scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
metrics = pytest.importorskip("sklearn.metrics")

from beside_torch import compare  # noqa: E402
from bpframe_classification import (  # noqa: E402
    AbsoluteCost,
    BinaryCrossEntropy,
    CrossEntropy,
    GaussianNllCost,
    HingeCost,
    HuberCost,
    KlDivergenceCost,
    PoissonNllCost,
    ProbabilityCrossEntropy,
    QuantileCost,
)

F = torch.nn.functional


def over_positions(costs, weight):
    return (costs * weight).flatten(1).sum(1) if costs.ndim > 1 else costs * weight


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(4,), (1,), (2, 3), (2, 1, 5)])
def test_cross_entropy_of_class_numbers(shape, smoothing):
    def by_torch(t):
        scores = torch.moveaxis(t["a"], -1, 1)
        return over_positions(F.cross_entropy(scores, t["y"], reduction="none", label_smoothing=smoothing), t["weight"])

    def classes(rng, batch):
        return {"y": rng.integers(0, shape[-1], (batch, *shape[:-1]))}

    compare(CrossEntropy(label_smoothing=smoothing), [shape], by_torch, scale=3.0, constants=classes)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(4,), (2, 3)])
def test_cross_entropy_of_shares(shape, smoothing):
    def by_torch(t):
        scores, shares = torch.moveaxis(t["a"], -1, 1), torch.moveaxis(t["y"], -1, 1)
        return over_positions(F.cross_entropy(scores, shares, reduction="none", label_smoothing=smoothing), t["weight"])

    def shares(rng, batch):
        return {"y": rng.dirichlet(np.ones(shape[-1]), (batch, *shape[:-1]))}

    cost = CrossEntropy(targets="probabilities", label_smoothing=smoothing)
    compare(cost, [shape], by_torch, scale=3.0, constants=shares)


def test_the_weighted_mean_is_pytorch_s():
    from bpframe_reference import Dense

    import bpframe as bp

    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((30, 4)), rng.integers(0, 3, 30)
    y[::4] = -100
    net = bp.Network([Dense(units=3)], cost=CrossEntropy(class_weight=(1, 2, 0.5), ignore=-100), input_shape=(4,))
    scores = torch.tensor(net.predict(x))
    expected = F.cross_entropy(scores, torch.tensor(y), weight=torch.tensor([1, 2, 0.5], dtype=torch.float64))
    assert net.cost(x, y) == pytest.approx(expected.item(), rel=1e-13)


@pytest.mark.parametrize("weight", [1.0, 3.0, (0.5, 1.0, 2.0)])
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_binary_cross_entropy(shape, weight):
    def by_torch(t):
        pos_weight = torch.tensor(weight, dtype=torch.float64)
        costs = F.binary_cross_entropy_with_logits(t["a"], t["y"], reduction="none", pos_weight=pos_weight)
        return (costs * t["weight"]).flatten(1).sum(1)

    compare(BinaryCrossEntropy(pos_weight=weight), [shape], by_torch, scale=3.0)


def entrywise(function: Callable[..., Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Return Σ_i w_i ℓ(a_i, y_i)."""

    def cost(t: Mapping[str, Any]) -> Any:
        return added_up(function(t["a"], t["y"]), t)

    return cost


def added_up(each: Any, t: Mapping[str, Any]) -> Any:
    return (each * t["weight"]).reshape(len(each), -1).sum(1)


def gaussian(t: Mapping[str, Any]) -> Any:
    mean, log_variance = t["a"].chunk(2, -1)
    each = F.gaussian_nll_loss(mean, t["y"], log_variance.exp(), reduction="none", eps=1e-300)
    return added_up(each, t)


def pinball(t: Mapping[str, Any]) -> Any:
    r, q = t["a"] - t["y"][..., None], torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    return added_up(torch.maximum(-q * r, (1 - q) * r).sum(-1), t)


def divergence(t: Mapping[str, Any]) -> Any:
    each = F.kl_div(t["a"].log_softmax(-1), t["y"], reduction="none") - t["y"]
    return added_up(each.sum(-1) + 1, t)


def margins(power: int) -> Callable[[Mapping[str, Any]], Any]:
    def cost(t: Mapping[str, Any]) -> Any:
        right = F.one_hot(t["y"], t["a"].shape[-1]).bool()
        others = t["a"].masked_fill(right, -np.inf).amax(-1)
        return added_up(F.relu(1 + others - (t["a"] * right).sum(-1)) ** power, t)

    return cost


CASES = [
    (AbsoluteCost(), (2, 3), entrywise(lambda a, y: F.l1_loss(a, y, reduction="none"))),
    (GaussianNllCost(), (4,), gaussian),
    (GaussianNllCost(), (2, 3, 2), gaussian),
    (HuberCost(delta=0.7), (3,), entrywise(lambda a, y: F.huber_loss(a, y, reduction="none", delta=0.7))),
    (HuberCost(delta=0.7), (2, 1, 3), entrywise(lambda a, y: F.huber_loss(a, y, reduction="none", delta=0.7))),
    (KlDivergenceCost(), (4,), divergence),
    (KlDivergenceCost(), (2, 5), divergence),
    (PoissonNllCost(), (2, 3), entrywise(lambda a, y: F.poisson_nll_loss(a, y, reduction="none"))),
    (ProbabilityCrossEntropy(), (4,), lambda t: added_up(F.nll_loss(t["a"].log(), t["y"], reduction="none"), t)),
    (ProbabilityCrossEntropy(targets="probabilities"), (2, 3), lambda t: added_up((-t["y"] * t["a"].log()).sum(-1), t)),
    (
        ProbabilityCrossEntropy(targets="binary"), (2, 3),
        entrywise(lambda a, y: F.binary_cross_entropy(a, y, reduction="none")),
    ),
    (QuantileCost(q=(0.1, 0.5, 0.9)), (2, 3), pinball),
    (HingeCost(), (4,), margins(1)),
    (HingeCost(), (2, 3), margins(1)),
    (HingeCost(squared=True), (2, 3), margins(2)),
    (HingeCost(targets="binary"), (3,), entrywise(lambda a, y: F.relu(1 - torch.where(y > 0, 1, -1) * a))),
]  # fmt: skip


@pytest.mark.parametrize(("cost", "shape", "by_torch"), CASES, ids=lambda each: getattr(each, "kind", None))
def test_costs_and_gradients_are_pytorchs(cost: Any, shape: tuple[int, ...], by_torch: Any) -> None:
    compare(cost, [shape], by_torch)


def test_means_over_examples_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    scores, classes, w = rng.normal(size=(40, 4)), rng.integers(0, 4, 40), rng.random(40)
    words: dict[str, Any] = {"a": scores, "weight": w, "saved": {}}
    found = HingeCost().forward(**words, y=classes).sum() / w.sum()
    np.testing.assert_allclose(found, metrics.hinge_loss(classes, scores, sample_weight=w), rtol=1e-12)
    found = QuantileCost(q=0.3).forward(scores[:, 0], scores[:, 1], w).sum() / w.sum()
    expected = metrics.mean_pinball_loss(scores[:, 1], scores[:, 0], sample_weight=w, alpha=0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found = ProbabilityCrossEntropy().forward(shares, classes, w).sum() / w.sum()
    np.testing.assert_allclose(found, metrics.log_loss(classes, shares, sample_weight=w), rtol=1e-12)
