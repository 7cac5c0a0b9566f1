"""The reference set's layers and cost beside PyTorch's."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from beside_torch import compare  # noqa: E402
from bpframe_reference import Add, Dense, Multiply, QuadraticCost, Sigmoid  # noqa: E402


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 1)])
def test_sigmoid(shape):
    compare(Sigmoid(), [shape], lambda t: torch.sigmoid(t["z"]), scale=3.0)


@pytest.mark.parametrize("shape", [(3,), (5, 3), (1,)])
def test_dense(shape):
    compare(Dense(units=4), [shape], lambda t: torch.nn.functional.linear(t["a"], t["w"], t["b"]))
    compare(Dense(units=1, bias=False), [shape], lambda t: torch.nn.functional.linear(t["a"], t["w"]))


def test_sums_and_products():
    compare(Add(), [(3,), (3,)], lambda t: t["xs[0]"] + t["xs[1]"])
    compare(Multiply(), [(3,)] * 3, lambda t: t["xs[0]"] * t["xs[1]"] * t["xs[2]"])


def test_the_quadratic_cost():
    compare(QuadraticCost(), [(2, 3)], lambda t: 0.5 * ((t["a"] - t["y"]) ** 2).sum((1, 2)))
