"""Convolutions and pools by definition, on odd shapes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from bpframe_activations import Relu
from bpframe_classification import CrossEntropy
from bpframe_convolution import (
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
)
from bpframe_reference import Dense

import bpframe as bp
from bpframe.core.component import Layer
from bpframe.errors import BpframeError, ShapeMismatch, SpecError

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("padding", "mode"), [("valid", "valid"), ("same", "same"), ((2, 4), "full")])
def test_a_convolution_is_scipys_correlation_of_every_channel(padding, mode: str) -> None:
    net = bp.Network([Conv2d(filters=4, kernel_size=(3, 5), padding=padding)], input_shape=(6, 7, 3), seed=1)
    x, w, b = rng.standard_normal((2, 6, 7, 3)), net.parameters["conv2d_1.w"], net.parameters["conv2d_1.b"]
    found = net.predict(x)
    for n, f in np.ndindex(2, 4):
        expected = sum(scipy.signal.correlate2d(x[n, :, :, c], w[f, :, :, c], mode) for c in range(3)) + b[f]
        np.testing.assert_allclose(found[n, :, :, f], expected, rtol=1e-12, atol=1e-12)


def test_a_transposed_convolution_is_the_transpose_of_the_convolution() -> None:
    there = bp.Network([Conv2d(filters=2, kernel_size=3, stride=2, bias=False)], input_shape=(7, 5, 3), seed=1)
    back = bp.Network([Conv2dTranspose(filters=3, kernel_size=3, stride=2, bias=False)], input_shape=(3, 2, 2))
    back.load_parameters({"conv2d_transpose_1.w": np.moveaxis(there.parameters["conv2d_1.w"], 0, -1)})
    x, u = rng.standard_normal((4, 7, 5, 3)), rng.standard_normal((4, 3, 2, 2))
    np.testing.assert_allclose(np.vdot(there.predict(x), u), np.vdot(x, back.predict(u)), rtol=1e-12)


@pytest.mark.parametrize("padding", [1, (1, 1), ((1, 1), (1, 1))], ids=str)
def test_the_same_padding_may_be_written_in_several_ways(padding) -> None:
    fields = {"filters": 2, "kernel_size": 3}
    x = rng.standard_normal((2, 4, 5, 1))
    found = bp.Network([Conv2d(padding=padding, **fields)], input_shape=(4, 5, 1), seed=1).predict(x)
    expected = bp.Network([Conv2d(padding="same", **fields)], input_shape=(4, 5, 1), seed=1).predict(x)
    np.testing.assert_array_equal(found, expected)


def test_same_padding_gives_as_many_outputs_as_strides_fit() -> None:
    for length, stride in ((7, 2), (8, 3), (9, 4), (2, 5)):
        assert Conv1d(filters=1, kernel_size=3, stride=stride, padding="same").output_shape((length, 1)) == (
            -(-length // stride), 1,
        )  # fmt: skip
        assert MaxPool1d(kernel_size=2, stride=stride, padding="same").output_shape((length, 1))[0] == -(
            -length // stride
        )


LAYERS: list[tuple[Layer, tuple[int, ...]]] = [
    (AveragePool1d(kernel_size=2), (4, 2)),
    (AveragePool2d(kernel_size=2, padding="same"), (1, 3, 1)),
    (Conv1d(filters=2, kernel_size=1), (1, 1)),
    (Conv2d(filters=4, kernel_size=2, groups=2), (2, 2, 2)),
    (Conv2dTranspose(filters=1, kernel_size=1), (1, 1, 1)),
    (DepthwiseConv2d(kernel_size=1), (1, 2, 3)),
    (Flatten(), (2, 1, 3)),
    (GlobalAveragePool(), (1, 1, 2)),
    (GlobalMaxPool(), (3, 1)),
    (MaxPool1d(kernel_size=1), (1, 1)),
    (MaxPool2d(kernel_size=2), (2, 2, 1)),
    (Upsample2d(interpolation="bilinear"), (1, 1, 1)),
    (ZeroPad(padding=0), (1, 1)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda each: getattr(each, "kind", str(each)))
def test_axes_of_length_1_and_batches_of_none(layer: Layer, shape: tuple[int, ...], dtype: str) -> None:
    net = bp.Network([layer], input_shape=shape, dtype=dtype)
    for batch in (0, 1, 2):
        x = rng.standard_normal((batch, *shape)).astype(dtype)
        y = net.predict(x)
        assert y.dtype == dtype
        pulled = net.vjp(x, np.ones_like(y))
        assert (pulled["x"] if isinstance(pulled, dict) else pulled).shape == x.shape


def test_an_image_of_any_size_is_read_with_open_axes() -> None:
    layers = [Conv2d(filters=3, kernel_size=3, padding="same"), MaxPool2d(kernel_size=2), GlobalAveragePool()]
    net = bp.Network(layers, input_shape=(None, None, 1), seed=0)
    for size in ((4, 4), (7, 5)):
        x = rng.standard_normal((2, *size, 1))
        fixed = bp.Network(layers, input_shape=(*size, 1), seed=0)
        np.testing.assert_array_equal(net.predict(x), fixed.predict(x))


def test_all_derivatives_go_through_a_lenet() -> None:
    layers = [
        Conv2d(filters=3, kernel_size=3, padding="same"), Relu(), MaxPool2d(kernel_size=2),
        Conv2d(filters=4, kernel_size=2, groups=1), Relu(), AveragePool2d(kernel_size=(1, 2)),
        Flatten(), Dense(units=3),
    ]  # fmt: skip
    net = bp.Network(layers, cost=CrossEntropy(), input_shape=(4, 6, 1), seed=3)
    x, y = rng.standard_normal((5, 4, 6, 1)), rng.integers(0, 3, 5)
    assert net.check_gradients(x, y).ok
    theta = net.parameters.vector
    hessian = np.stack([net.hvp(x, y, each) for each in np.eye(theta.size)])
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-10)
    start, step = theta.copy(), 1e-6
    direction = rng.standard_normal(theta.size)
    slopes = []
    for sign in (1, -1):
        theta[...] = start + sign * step * direction
        slopes.append(net.gradient(x, y).vector.copy())
    theta[...] = start
    np.testing.assert_allclose(hessian @ direction, (slopes[0] - slopes[1]) / (2 * step), atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape", "problem"),
    [
        (Conv2d(filters=1, kernel_size=3), (2, 4, 1), "larger than what it reads"),
        (Conv1d(filters=1, kernel_size=3, dilation=2), (4, 1), "larger than what it reads"),
        (Conv2d(filters=1, kernel_size=3), (8, 8), "works on images, channels last"),
        (Conv1d(filters=1, kernel_size=3), (8,), "works on signals, channels last"),
        (Conv2d(filters=4, kernel_size=1, groups=2), (2, 2, 3), "do not part the channels"),
        (Conv2d(filters=3, kernel_size=1, groups=2), (2, 2, 4), "do not part the channels"),
        (MaxPool2d(kernel_size=2, padding=2), (4, 4, 1), "in the padding alone"),
        (MaxPool1d(kernel_size=2, dilation=3, padding=2), (1, 1), "in the padding alone"),
        (AveragePool2d(kernel_size=2, padding=2, count_include_pad=False), (4, 4, 1), "in the padding alone"),
        (GlobalAveragePool(), (3,), "needs places"),
        (GlobalMaxPool(), (3,), "needs places"),
        (ZeroPad(padding=((1, 1),)), (3, 3, 1), "for other axes"),
        (ZeroPad(padding=1), (3,), "for other axes"),
        (Conv2dTranspose(filters=1, kernel_size=2, padding=3), (2, 2, 1), "leaves nothing"),
        (Conv2dTranspose(filters=1, kernel_size=2, output_padding=1), (2, 2, 1), "no remainder"),
        (Conv2dTranspose(filters=1, kernel_size=2, stride=2, padding="same", output_padding=1), (2, 2, 1), "no remain"),
        (Upsample2d(), (4, 4), "works on images, channels last"),
    ],
    ids=str,
)  # fmt: skip
def test_shapes_that_do_not_fit_are_refused(layer: Layer, shape: tuple[int, ...], problem: str) -> None:
    with pytest.raises(ShapeMismatch, match=problem):
        bp.Network([layer], input_shape=shape)


def test_an_image_without_channels_is_told_to_get_an_axis() -> None:
    with pytest.raises(ShapeMismatch) as caught:
        bp.Network([Conv2d(filters=2, kernel_size=3)], input_shape=(8, 8))
    assert "x[..., None]" in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"filters": 0}, {"kernel_size": 0}, {"kernel_size": (3, 3, 3)}, {"kernel_size": (3,)}, {"stride": 0},
        {"stride": (1, -1)}, {"padding": -1}, {"padding": "full"}, {"padding": (1, 2, 3)}, {"padding": ((1, 2, 3), 1)},
        {"dilation": 0}, {"groups": 0}, {"kernel_size": 2.5}, {"kernel_size": "3"}, {"stride": True},
    ],
    ids=str,
)  # fmt: skip
def test_fields_that_are_no_geometry_are_refused(fields: dict) -> None:
    with pytest.raises(SpecError):
        Conv2d(**{"filters": 2, "kernel_size": 3, **fields})


def test_every_refusal_is_one_of_bpframes_own() -> None:
    with pytest.raises(BpframeError):
        bp.Network([Conv2d(filters=2, kernel_size=3), Dense(units=2), Flatten(), Conv2d(filters=1, kernel_size=1)],
                   input_shape=(4, 4, 1))  # fmt: skip
