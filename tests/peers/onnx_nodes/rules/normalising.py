"""Normalisation and dropout."""

from __future__ import annotations

import math
from typing import Any

from bpframe_regularisation import BatchNorm, Dropout, GroupNorm, LayerNorm, RmsNorm

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.registry import Array, InPart, numbers, rule
from onnx_nodes.running import channels_first, channels_last, output_of


@rule("BatchNormalization")
def batch_norm(case: Case) -> Any:
    x, g, b, mean, variance = numbers(case)
    training = bool(case.attribute("training_mode", 0))
    layer = BatchNorm(epsilon=case.attribute("epsilon", 1e-5), momentum=case.attribute("momentum", 0.9))
    state = {"mean": mean, "variance": variance}
    y = channels_first(output_of(layer, [channels_last(x)], {"g": g, "b": b}, state, training))
    if not training:
        return y
    return InPart([y, None, None], "batch_norm keeps the unbiased variance, as PyTorch's; ONNX that of M")


@rule("MeanVarianceNormalization")
def standardised(case: Case) -> Array:
    (x,) = numbers(case)
    if list(case.attribute("axes", [0, 2, 3])) != [0, 2, 3]:
        raise NotExpressed("over other axes than those of batch and places")
    layer = BatchNorm(epsilon=1e-18, gain=False, offset=False)
    return channels_first(output_of(layer, [channels_last(x)], training=True))


@rule("GroupNormalization", "InstanceNormalization")
def group_norm(case: Case) -> Array:
    x, g, b = numbers(case)
    layer = GroupNorm(groups=case.attribute("num_groups", x.shape[1]), epsilon=case.attribute("epsilon", 1e-5))
    return channels_first(output_of(layer, [channels_last(x)], {"g": g, "b": b}))


@rule("LayerNormalization", "RMSNormalization")
def layer_norm(case: Case) -> Any:
    x, g, *b = numbers(case)
    axis = case.attribute("axis", -1) % x.ndim
    rows = x.reshape(-1, math.prod(x.shape[axis:]))
    values = {"g": g.ravel(), **({"b": b[0].ravel()} if b else {})}
    component: Any = LayerNorm if case.operator == "LayerNormalization" else RmsNorm
    layer = component(epsilon=case.attribute("epsilon", 1e-5), offset=bool(b))
    y = output_of(layer, [rows], values).reshape(x.shape)
    if len(case.outputs) == 1:
        return y
    return InPart([y, *(None for _ in case.outputs[1:])], "mean and 1/σ are saved, and are no outputs")


@rule("Dropout")
def dropout(case: Case) -> Any:
    (x,) = numbers(case, 0)
    rate = float(case.attribute("ratio", 0.5) if case.input(1) is None else case.input(1))
    training = case.input(2) is not None and bool(case.input(2))
    if training and rate:
        raise NotExpressed("drawn by ONNX's own generator: bpframe draws other numbers")
    y = output_of(Dropout(rate=rate), [x], training=training)
    return y if len(case.outputs) == 1 else InPart([y, None], "the mask is saved, and is no output")
