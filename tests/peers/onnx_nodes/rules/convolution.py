"""Convolutions and pools: ONNX has channels first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from bpframe_activations import Silu
from bpframe_convolution import (
    AveragePool1d,
    AveragePool2d,
    Conv1d,
    Conv2d,
    Conv2dTranspose,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    Upsample2d,
    ZeroPad,
)
from bpframe_merges import Concatenate, Slice

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.registry import Array, InPart, numbers, one, rule
from onnx_nodes.running import channels_first, channels_last, output_of

THREE_AXES = "of volumes: components work on signals and images"


@rule("Conv")
def conv(case: Case) -> Array:
    x, w, *b = numbers(case)
    size, strides, dilations, pads = geometry(case, x, w.shape[2:])
    component: Any = {1: Conv1d, 2: Conv2d}[x.ndim - 2]
    one_axis = x.ndim == 3
    layer = component(
        filters=len(w),
        kernel_size=size[0] if one_axis else size,
        stride=strides[0] if one_axis else strides,
        dilation=dilations[0] if one_axis else dilations,
        padding=pads[0] if one_axis else pads,
        groups=case.attribute("group", 1),
        bias=bool(b),
    )
    values = {"w": channels_last(w), **({"b": b[0]} if b else {})}
    return channels_first(output_of(layer, [channels_last(x)], values))


@rule("ConvTranspose")
def conv_transpose(case: Case) -> Array:
    x, w, *b = numbers(case)
    if case.attribute("group", 1) != 1:
        raise NotExpressed("in groups: conv2d_transpose has none")
    if x.ndim == 5:
        raise NotExpressed(THREE_AXES)
    one_axis = x.ndim == 3
    if one_axis:  # an image of height 1
        x, w = x[:, :, None], w[:, :, None]
    axes = x.ndim - 2
    size = tuple(w.shape[2:])
    strides = tuple(case.attribute("strides", [1] * axes))
    dilations = tuple(case.attribute("dilations", [1] * axes))
    more = tuple(case.attribute("output_padding", [0] * axes))
    pads = case.attribute("pads", [0] * 2 * axes)
    padding: Any = tuple(zip(pads[:axes], pads[axes:], strict=True))
    if case.attribute("auto_pad", "NOTSET").startswith("SAME"):
        padding = "same"
    if wanted := case.attribute("output_shape"):
        full = [s * (n - 1) + d * (k - 1) + 1 for s, n, d, k in zip(strides, x.shape[2:], dilations, size, strict=True)]
        more = tuple(each - n for each, n in zip(wanted, full, strict=True))
        if min(more) < 0:
            raise NotExpressed("with an output that cuts the result")
    layer = Conv2dTranspose(
        filters=w.shape[1],
        kernel_size=size,
        stride=strides,
        dilation=dilations,
        padding=padding,
        output_padding=more,
        bias=bool(b),
    )
    values = {"w": w.transpose(2, 3, 1, 0), **({"b": b[0]} if b else {})}
    y = channels_first(output_of(layer, [channels_last(x)], values))
    return y[:, :, 0] if one_axis else y


@rule("CausalConvWithState")
def causal_conv(case: Case) -> list[Array]:
    given = numbers(case, *(i for i in range(4) if case.input(i) is not None))
    x, w = given[:2]
    channels, _, size = w.shape
    past = case.input(3) if case.input(3) is not None else np.zeros_like(x, shape=(len(x), channels, size - 1))
    whole = channels_last(x)
    if size > 1:
        whole = output_of(Concatenate(axis=0), [channels_last(past), whole])
    bias = case.input(2)
    layer = Conv1d(filters=channels, kernel_size=size, groups=channels, bias=bias is not None)
    y = output_of(layer, [whole], {"w": channels_last(w), **({} if bias is None else {"b": bias})})
    if case.attribute("activation", "none") in ("silu", "swish"):
        y = output_of(Silu(), [y])
    if size == 1:
        return [channels_first(y), past]
    return [channels_first(y), channels_first(output_of(Slice(start=1 - size, axis=0), [whole]))]


@rule("MaxPool")
def max_pool(case: Case) -> Any:
    (x,) = numbers(case)
    size, strides, dilations, pads = geometry(case, x, case.attribute("kernel_shape"))
    if x.ndim == 3:
        layer: Any = MaxPool1d(kernel_size=size[0], stride=strides[0], dilation=dilations[0], padding=pads[0])
    else:
        layer = MaxPool2d(kernel_size=size, stride=strides, dilation=dilations, padding=pads)
    y = channels_first(output_of(layer, [channels_last(x)]))
    return y if len(case.outputs) == 1 else InPart([y, None], "which entries won is saved, and is no output")


@rule("AveragePool")
def average_pool(case: Case) -> Array:
    (x,) = numbers(case)
    counts = bool(case.attribute("count_include_pad", 0))
    size, strides, dilations, pads = geometry(case, x, case.attribute("kernel_shape"), ends=not counts)
    if any(each != 1 for each in dilations):
        raise NotExpressed("with dilation: average pools have none")
    if x.ndim == 3:
        layer: Any = AveragePool1d(kernel_size=size[0], stride=strides[0], padding=pads[0], count_include_pad=counts)
    else:
        layer = AveragePool2d(kernel_size=size, stride=strides, padding=pads, count_include_pad=counts)
    return channels_first(output_of(layer, [channels_last(x)]))


@rule("GlobalMaxPool", "GlobalAveragePool")
def global_pool(case: Case) -> Array:
    (x,) = numbers(case)
    component: Any = GlobalMaxPool() if case.operator == "GlobalMaxPool" else GlobalAveragePool()
    y = output_of(component, [channels_last(x)])
    return y.reshape(*y.shape, *(1,) * (x.ndim - 2))


@rule("Pad")
def pad(case: Case) -> Array:
    (x,) = numbers(case, 0)
    value = case.input(2)
    if case.attribute("mode", "constant") != "constant" or (value is not None and value != 0):
        raise NotExpressed("with something else than zeros")
    pads = case.input(1).tolist()
    axes = range(x.ndim) if case.input(3) is None else [int(each) % x.ndim for each in case.input(3)]
    sides = [(0, 0)] * x.ndim
    for place, axis in enumerate(axes):
        sides[axis] = (pads[place], pads[place + len(pads) // 2])
    return one(ZeroPad(padding=tuple(sides)), x[..., None])[..., 0]


@rule("Upsample", "Resize")
def enlarged(case: Case) -> Array:
    (x,) = numbers(case, 0)
    scales = case.input(1) if case.operator == "Upsample" else case.input(2)
    if scales is not None and (axes := case.attribute("axes")):
        scales = np.array([dict(zip(axes, scales, strict=True)).get(axis, 1.0) for axis in range(x.ndim)])
    mode = case.attribute("mode", "nearest")
    places = case.attribute("coordinate_transformation_mode", "half_pixel")
    rounding = case.attribute("nearest_mode", "round_prefer_floor")
    if scales is None or x.ndim != 4 or len(scales) != 4 or any(scales[:2] != 1):
        raise NotExpressed("to sizes, or along other axes: upsample2d enlarges images by whole numbers")
    if any(scales < 1) or any(scales % 1):
        raise NotExpressed("by no whole number: upsample2d enlarges by whole numbers")
    if mode == "cubic" or case.attribute("antialias"):
        raise NotExpressed("between more than two entries: upsample2d repeats, or goes straight between two")
    if places != "half_pixel" or (mode == "nearest" and rounding != "round_prefer_floor"):
        raise NotExpressed(f"with {places}, {rounding}: upsample2d goes by the centres of entries")
    size = (int(scales[2]), int(scales[3]))
    layer = Upsample2d(size=size, interpolation="bilinear" if mode == "linear" else "nearest")
    return channels_first(output_of(layer, [channels_last(x)]))


def geometry(case: Case, x: Array, kernel: Any, ends: bool = True) -> tuple[Any, Any, Any, Any]:
    """Size, strides, dilations and pairs of paddings for each axis of places; `ends`: what rounding up adds does not
    matter at the end."""
    axes = x.ndim - 2
    if axes > 2:
        raise NotExpressed(THREE_AXES)
    size = tuple(case.attribute("kernel_shape", kernel))
    strides = tuple(case.attribute("strides", [1] * axes))
    dilations = tuple(case.attribute("dilations", [1] * axes))
    pads = case.attribute("pads", [0] * 2 * axes)
    sides = []
    for axis, (n, k, s, d) in enumerate(zip(x.shape[2:], size, strides, dilations, strict=True)):
        before, after, reach = pads[axis], pads[axis + axes], d * (k - 1) + 1
        automatic = case.attribute("auto_pad", "NOTSET")
        if automatic.startswith("SAME"):
            missing = max((math.ceil(n / s) - 1) * s + reach - n, 0)
            before, after = missing // 2, missing - missing // 2
            if automatic == "SAME_LOWER":
                before, after = after, before
        if case.attribute("ceil_mode", 0):
            count = math.ceil((n + before + after - reach) / s) + 1
            count -= (count - 1) * s >= n + before  # a window that begins in the padding at the end is none
            more = (count - 1) * s + reach - (n + before + after)
            if more > 0 and not ends:
                raise NotExpressed("rounding up, with padding that counts: what rounding adds would count as well")
            after += max(more, 0)
        sides.append((before, after))
    return size, strides, dilations, tuple(sides)
