"""Convolutions beside PyTorch: random geometry, values and all gradients. PyTorch has channels first."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bpframe_convolution import Conv1d, Conv2d

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
