"""Convolutions beside PyTorch: random geometry, values and all gradients. PyTorch has channels first."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bpframe_convolution import (
    AveragePool1d,
    AveragePool2d,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    DepthwiseConv2d,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    Upsample2d,
    ZeroPad,
)

from tests.peers.beside_torch import compare


def first(x: torch.Tensor) -> torch.Tensor:
    """Channels first."""
    return x.movedim(-1, 1)


def last(y: torch.Tensor) -> torch.Tensor:
    """Channels last."""
    return y.movedim(1, -1)


def geometries(axes: int, count: int) -> list[dict]:
    """Random fields, of which some are numbers, some pairs, for inputs of 5 to 7 places and 4 channels."""
    rng = np.random.default_rng(axes)

    def drawn(low: int, high: int):
        return (
            int(rng.integers(low, high))
            if rng.random() < 0.5 or axes == 1
            else tuple(int(each) for each in rng.integers(low, high, axes))
        )

    return [
        {
            "kernel_size": drawn(1, 4), "stride": drawn(1, 4), "dilation": drawn(1, 3), "padding": drawn(0, 3),
            "groups": int(rng.choice([1, 1, 2, 4])), "bias": bool(rng.random() < 0.7),
        }
        for _ in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("fields", geometries(2, 8), ids=str)
def test_conv2d(fields: dict) -> None:
    def by_torch(t):
        settings = {name: fields[name] for name in ("stride", "dilation", "padding", "groups")}
        return last(torch.nn.functional.conv2d(first(t["x"]), first(t["w"]), t.get("b"), **settings))

    compare(Conv2d(filters=4, **fields), [(5, 7, 4)], by_torch, batches=(2,))


@pytest.mark.parametrize("fields", geometries(1, 5), ids=str)
def test_conv1d(fields: dict) -> None:
    def by_torch(t):
        settings = {name: fields[name] for name in ("stride", "dilation", "padding", "groups")}
        return last(torch.nn.functional.conv1d(first(t["x"]), first(t["w"]), t.get("b"), **settings))

    compare(Conv1d(filters=4, **fields), [(7, 4)], by_torch, batches=(2,))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize(("kernel_size", "dilation"), [(3, 1), (4, 1), ((2, 3), 2)])
def test_same_padding_is_pytorchs(kernel_size, dilation) -> None:
    def by_torch(t):
        return last(torch.nn.functional.conv2d(first(t["x"]), first(t["w"]), t["b"], padding="same", dilation=dilation))

    component = Conv2d(filters=2, kernel_size=kernel_size, dilation=dilation, padding="same")
    compare(component, [(5, 4, 2)], by_torch, batches=(2,))


@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise_conv2d(multiplier: int) -> None:
    def by_torch(t):
        settings = {"stride": (1, 2), "padding": 1, "dilation": (2, 1), "groups": 2}
        return last(torch.nn.functional.conv2d(first(t["x"]), first(t["w"]), t["b"], **settings))

    component = DepthwiseConv2d(kernel_size=(2, 3), multiplier=multiplier, stride=(1, 2), padding=1, dilation=(2, 1))
    compare(component, [(4, 5, 2)], by_torch, batches=(2,))


POOLS = [
    {"kernel_size": 2},
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": (2, 3), "stride": 4},
]


@pytest.mark.parametrize("fields", POOLS, ids=str)
def test_max_pool2d(fields: dict) -> None:
    def by_torch(t):
        return last(torch.nn.functional.max_pool2d(first(t["x"]), **fields))

    compare(MaxPool2d(**fields), [(6, 7, 3)], by_torch, batches=(2,))


def test_max_pool1d_with_dilation() -> None:
    fields = {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2}
    compare(MaxPool1d(**fields), [(8, 2)], lambda t: last(torch.nn.functional.max_pool1d(first(t["x"]), **fields)))


def test_ties_go_to_the_first_as_in_pytorch() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (2, 6, 6, 2)).astype(float)
    leaf = torch.tensor(x, requires_grad=True)
    y = last(torch.nn.functional.max_pool2d(first(leaf), 3, stride=1))
    u = rng.standard_normal(y.shape)
    component, saved = MaxPool2d(kernel_size=3, stride=1), {}
    np.testing.assert_array_equal(component.forward(x, saved), y.detach().numpy())
    pulled = component.jacobian(x, saved).bind(x.shape[1:], tuple(y.shape[1:])).vjp(u)
    (expected,) = torch.autograd.grad(y, leaf, torch.tensor(u))
    np.testing.assert_allclose(pulled, expected.numpy(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("fields", POOLS, ids=str)
def test_average_pool2d(fields: dict, count_include_pad: bool) -> None:
    def by_torch(t):
        return last(torch.nn.functional.avg_pool2d(first(t["x"]), count_include_pad=count_include_pad, **fields))

    compare(AveragePool2d(count_include_pad=count_include_pad, **fields), [(6, 7, 3)], by_torch, batches=(2,))


def test_average_pool1d() -> None:
    fields = {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}
    compare(AveragePool1d(**fields), [(7, 2)], lambda t: last(torch.nn.functional.avg_pool1d(first(t["x"]), **fields)))


def test_global_pools() -> None:
    compare(GlobalMaxPool(), [(3, 4, 2)], lambda t: torch.amax(t["x"], dim=(1, 2)))
    compare(GlobalAveragePool(), [(3, 4, 2)], lambda t: t["x"].mean(dim=(1, 2)))


def test_zero_pad() -> None:
    def by_torch(t):
        return last(torch.nn.functional.pad(first(t["x"]), (3, 0, 1, 2)))

    compare(ZeroPad(padding=((1, 2), (3, 0))), [(3, 2, 2)], by_torch)


@pytest.mark.parametrize(
    "fields",
    [
        {"kernel_size": 3},
        {"kernel_size": (2, 3), "stride": (3, 2), "padding": (1, 0), "output_padding": (2, 1)},
        {"kernel_size": 2, "stride": 2, "dilation": 3, "padding": 2, "output_padding": 1, "bias": False},
    ],
    ids=str,
)
def test_conv2d_transpose(fields: dict) -> None:
    def by_torch(t):
        settings = {name: each for name, each in fields.items() if name not in ("kernel_size", "bias")}
        w = t["w"].permute(3, 2, 0, 1)
        return last(torch.nn.functional.conv_transpose2d(first(t["x"]), w, t.get("b"), **settings))

    compare(Conv2dTranspose(filters=3, **fields), [(3, 4, 2)], by_torch, batches=(2,))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("size", [2, (3, 1), (1, 4)])
def test_upsample2d(size, interpolation: str) -> None:
    def by_torch(t):
        enlarging = torch.nn.Upsample(scale_factor=size if isinstance(size, int) else tuple(map(float, size)),
                                      mode=interpolation)  # fmt: skip
        return last(enlarging(first(t["x"])))

    compare(Upsample2d(size=size, interpolation=interpolation), [(3, 4, 2)], by_torch, batches=(2,))
