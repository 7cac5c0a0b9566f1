"""A network of PyTorch's with its weights converted, as the guide says, computes what PyTorch's does."""

from __future__ import annotations

import numpy as np
import torch
from bpframe_activations import Relu
from bpframe_convolution import (
    AveragePool2d,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    DepthwiseConv2d,
    Flatten,
    MaxPool2d,
    Upsample2d,
)
from bpframe_reference import Dense
from bpframe_regularisation import BatchNorm

import bpframe as bp


def held(model: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def last(array: np.ndarray) -> np.ndarray:
    return np.moveaxis(array, 1, -1)


def test_a_classifier_of_images() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, padding=1, stride=(1, 2)), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
        torch.nn.Conv2d(4, 8, 2, groups=2, bias=False), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(24, 5),
    ).double()  # fmt: skip
    x = torch.randn(6, 2, 7, 7, dtype=torch.float64)
    model.train()
    model(3 * x + 1)  # moves the running statistics
    model.eval()
    state = held(model)
    net = bp.Network(
        [
            Conv2d(filters=4, kernel_size=3, padding=1, stride=(1, 2)), BatchNorm(), Relu(),
            Conv2d(filters=8, kernel_size=2, groups=2, bias=False), Relu(), MaxPool2d(kernel_size=2),
            Flatten(), Dense(units=5),
        ],
        input_shape=(7, 7, 2),
    )  # fmt: skip
    net.load_parameters({
        "conv2d_1.w": last(state["0.weight"]),
        "conv2d_1.b": state["0.bias"],
        "batch_norm_1.g": state["1.weight"],
        "batch_norm_1.b": state["1.bias"],
        "state/batch_norm_1.mean": state["1.running_mean"],
        "state/batch_norm_1.variance": state["1.running_var"],
        "conv2d_2.w": last(state["3.weight"]),
        "dense_1.w": state["7.weight"].reshape(5, 8, 3, 1).transpose(0, 2, 3, 1).reshape(5, 24),
        "dense_1.b": state["7.bias"],
    })  # fmt: skip
    np.testing.assert_allclose(net.predict(last(x.numpy())), model(x).detach().numpy(), rtol=0, atol=1e-12)


def test_images_that_shrink_and_grow() -> None:
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3, groups=3), torch.nn.AvgPool2d(2), torch.nn.ConvTranspose2d(6, 4, 3, stride=2),
        torch.nn.Upsample(scale_factor=2, mode="bilinear"),
    ).double()  # fmt: skip
    state = held(model)
    layers = [
        DepthwiseConv2d(kernel_size=3, multiplier=2),
        AveragePool2d(kernel_size=2),
        Conv2dTranspose(filters=4, kernel_size=3, stride=2),
        Upsample2d(interpolation="bilinear"),
    ]
    net = bp.Network(layers, input_shape=(8, 6, 3))
    net.load_parameters({
        "depthwise_conv2d_1.w": last(state["0.weight"]),
        "depthwise_conv2d_1.b": state["0.bias"],
        "conv2d_transpose_1.w": state["2.weight"].transpose(2, 3, 1, 0),
        "conv2d_transpose_1.b": state["2.bias"],
    })  # fmt: skip
    x = torch.randn(2, 3, 8, 6, dtype=torch.float64)
    expected = last(model(x).detach().numpy())
    np.testing.assert_allclose(net.predict(last(x.numpy())), expected, rtol=0, atol=1e-12)


def test_signals() -> None:
    torch.manual_seed(2)
    model = torch.nn.Conv1d(2, 3, 4, stride=2, dilation=2, padding=3).double()
    net = bp.Network([Conv1d(filters=3, kernel_size=4, stride=2, dilation=2, padding=3)], input_shape=(9, 2))
    net.load_parameters({"conv1d_1.w": last(held(model)["weight"]), "conv1d_1.b": held(model)["bias"]})
    x = torch.randn(2, 2, 9, dtype=torch.float64)
    np.testing.assert_allclose(net.predict(last(x.numpy())), last(model(x).detach().numpy()), rtol=0, atol=1e-12)
