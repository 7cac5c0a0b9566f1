"""Convolution: layers of images and of signals, channels last."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_convolution.conv1d import Conv1d
from bpframe_convolution.conv2d import Conv2d
from bpframe_convolution.flatten import Flatten

__all__ = ["Conv1d", "Conv2d", "Flatten"]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        Conv1d,
        Conv2d,
        Flatten,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (Conv1d(filters=3, kernel_size=2, stride=2), ((5, 2),)),
        (Conv1d(filters=4, kernel_size=3, padding=(2, 1), dilation=2, groups=2, bias=False), ((4, 2),)),
        (Conv2d(filters=2, kernel_size=(2, 3), padding="same"), ((3, 4, 2),)),
        (Conv2d(filters=2, kernel_size=1), ((2, 3, 2),)),
        (Conv2d(filters=4, kernel_size=2, stride=(2, 1), padding=((0, 1), 0), groups=2), ((3, 2, 4),)),
        (Flatten(), ((2, 3, 2),)),
    ]
