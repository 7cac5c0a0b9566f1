"""Convolution: layers of images and of signals, channels last."""

from __future__ import annotations

from bpframe.extend import Component
from bpframe_convolution.conv1d import Conv1d
from bpframe_convolution.conv2d import Conv2d
from bpframe_convolution.conv2d_transpose import Conv2dTranspose
from bpframe_convolution.depthwise_conv2d import DepthwiseConv2d
from bpframe_convolution.flatten import Flatten
from bpframe_convolution.global_pools import GlobalAveragePool, GlobalMaxPool
from bpframe_convolution.pools import AveragePool1d, AveragePool2d, MaxPool1d, MaxPool2d
from bpframe_convolution.upsample2d import Upsample2d
from bpframe_convolution.zero_pad import ZeroPad

__all__ = [
    "AveragePool1d",
    "AveragePool2d",
    "Conv1d",
    "Conv2d",
    "Conv2dTranspose",
    "DepthwiseConv2d",
    "Flatten",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "MaxPool1d",
    "MaxPool2d",
    "Upsample2d",
    "ZeroPad",
]


def bpframe_components() -> list[type[Component]]:
    """Return what this set provides."""
    return [
        AveragePool1d,
        AveragePool2d,
        Conv1d,
        Conv2d,
        Conv2dTranspose,
        DepthwiseConv2d,
        Flatten,
        GlobalAveragePool,
        GlobalMaxPool,
        MaxPool1d,
        MaxPool2d,
        Upsample2d,
        ZeroPad,
    ]


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances with the feature shapes of their inputs, for the conformance kit."""
    return [
        (AveragePool1d(kernel_size=2), ((5, 2),)),
        (AveragePool1d(kernel_size=3, stride=2, padding=(1, 0), count_include_pad=False), ((5, 2),)),
        (AveragePool2d(kernel_size=2), ((4, 2, 3),)),
        (AveragePool2d(kernel_size=(2, 3), stride=1, padding="same"), ((3, 4, 2),)),
        (Conv1d(filters=3, kernel_size=2, stride=2), ((5, 2),)),
        (Conv1d(filters=4, kernel_size=3, padding=(2, 1), dilation=2, groups=2, bias=False), ((4, 2),)),
        (Conv2d(filters=2, kernel_size=(2, 3), padding="same"), ((3, 4, 2),)),
        (Conv2d(filters=2, kernel_size=1), ((2, 3, 2),)),
        (Conv2d(filters=4, kernel_size=2, stride=(2, 1), padding=((0, 1), 0), groups=2), ((3, 2, 4),)),
        (Conv2dTranspose(filters=2, kernel_size=(2, 3), stride=2), ((2, 3, 3),)),
        (Conv2dTranspose(filters=2, kernel_size=3, stride=(2, 1), padding="same", bias=False), ((2, 3, 2),)),
        (
            Conv2dTranspose(filters=1, kernel_size=2, stride=3, padding=1, output_padding=(2, 1), dilation=2),
            ((2, 2, 2),),
        ),
        (DepthwiseConv2d(kernel_size=2), ((3, 3, 2),)),
        (DepthwiseConv2d(kernel_size=(1, 3), multiplier=2, padding="same", dilation=2, bias=False), ((2, 3, 2),)),
        (Flatten(), ((2, 3, 2),)),
        (GlobalAveragePool(), ((2, 3, 2),)),
        (GlobalAveragePool(), ((4, 2),)),
        (GlobalMaxPool(), ((2, 3, 2),)),
        (GlobalMaxPool(), ((4, 2),)),
        (MaxPool1d(kernel_size=2), ((5, 2),)),
        (MaxPool1d(kernel_size=2, stride=1, padding=1, dilation=2), ((4, 2),)),
        (MaxPool2d(kernel_size=2), ((4, 5, 2),)),
        (MaxPool2d(kernel_size=(3, 2), stride=(1, 2), padding="same"), ((3, 3, 2),)),
        (Upsample2d(), ((2, 3, 2),)),
        (Upsample2d(size=(3, 2), interpolation="bilinear"), ((2, 3, 2),)),
        (ZeroPad(padding=1), ((2, 3, 2),)),
        (ZeroPad(padding=((0, 2),)), ((3, 2),)),
    ]
