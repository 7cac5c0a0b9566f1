"""The costs beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from beside_torch import compare  # noqa: E402
from bpframe_classification import BinaryCrossEntropy, CrossEntropy  # noqa: E402

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
