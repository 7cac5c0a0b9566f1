"""The merges beside PyTorch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from beside_torch import compare  # noqa: E402
from bpframe_merges import (  # noqa: E402
    Average,
    Concatenate,
    GatherLayer,
    Matmul,
    Maximum,
    Mean,
    PermuteLayer,
    Repeat,
    ReshapeLayer,
    Scale,
    Slice,
    Subtract,
    SumLayer,
)


def inputs(t):
    return [t[f"xs[{i}]"] for i in range(sum(key.startswith("xs[") for key in t))]


@pytest.mark.parametrize(
    ("axis", "shapes"), [(-1, [(3,), (1,), (2,)]), (0, [(1, 3), (2, 3)]), (1, [(2, 1, 2), (2, 3, 2)])]
)
def test_concatenate(axis, shapes):
    compare(Concatenate(axis=axis), shapes, lambda t: torch.cat(inputs(t), axis if axis < 0 else axis + 1))


@pytest.mark.parametrize("shape", [(3,), (2, 1, 4)])
def test_entry_by_entry(shape):
    compare(Subtract(), [shape] * 2, lambda t: t["a"] - t["b"])
    compare(Average(), [shape] * 3, lambda t: torch.stack(inputs(t)).mean(0))
    compare(Maximum(), [shape] * 3, lambda t: torch.stack(inputs(t)).amax(0))
    compare(Scale(), [shape], lambda t: t["x"] * t["s"])


def test_ties_of_a_maximum_are_shared_as_pytorch_shares_them():
    compare(Maximum(), [(3,)] * 3, lambda t: torch.stack(inputs(t)).amax(0), scale=0.0)


def test_products_of_matrices():
    compare(Matmul(), [(2, 3), (3, 4)], lambda t: t["a"] @ t["b"])
    compare(Matmul(), [(2, 1, 3), (2, 3, 1)], lambda t: t["a"] @ t["b"])
    compare(Matmul(transpose_b=True), [(2, 2, 3), (2, 4, 3)], lambda t: t["a"] @ t["b"].mT)


@pytest.mark.parametrize(
    ("layer", "shape", "function"),
    [
        (Slice(start=1, stop=-1), (5,), lambda x: x[:, 1:-1]),
        (Slice(stop=4, step=2, axis=0), (5, 2), lambda x: x[:, :4:2]),
        (Slice(step=-1), (2, 3), lambda x: x.flip(-1)),
        (ReshapeLayer(shape=(3, -1)), (2, 6), lambda x: x.reshape(-1, 3, 4)),
        (ReshapeLayer(shape=()), (1,), lambda x: x.reshape(-1)),
        (PermuteLayer(axes=(2, 0, 1)), (2, 3, 4), lambda x: x.permute(0, 3, 1, 2)),
        (PermuteLayer(axes=()), (), lambda x: x),
        (Repeat(times=3), (2, 2), lambda x: x.repeat_interleave(3, -1)),
        (Repeat(times=2, axis=0), (2, 3), lambda x: x.repeat_interleave(2, 1)),
        (GatherLayer(indices=(2, 0, 2)), (2, 3), lambda x: x[..., [2, 0, 2]]),
        (GatherLayer(indices=(-1,), axis=0), (2, 3), lambda x: x[:, [-1]]),
        (SumLayer(), (2, 3), lambda x: x.sum((1, 2))),
        (SumLayer(axes=(0,), keep_axes=True), (2, 3), lambda x: x.sum(1, keepdim=True)),
        (SumLayer(axes=()), (2, 3), lambda x: x),
        (Mean(axes=(0, -1)), (2, 3, 4), lambda x: x.mean((1, 3))),
        (Mean(), (1,), lambda x: x.mean(1)),
    ],
    ids=lambda each: getattr(each, "kind", None),
)
def test_of_one_input(layer, shape, function):
    compare(layer, [shape], lambda t: function(t["x"]))
