"""Activations, and what is made of them and of products."""

from __future__ import annotations

from typing import Any

import numpy as np
from bpframe_activations import (
    Elu,
    Gelu,
    HardSigmoid,
    HardTanh,
    LeakyRelu,
    LogSoftmax,
    Mish,
    Prelu,
    Relu,
    Selu,
    Silu,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from bpframe_merges import Maximum, Scale
from bpframe_reference import Identity, Multiply, Sigmoid

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.registry import Array, numbers, one, rule

PLAIN: dict[str, Any] = {
    "Identity": Identity(), "Mish": Mish(), "Relu": Relu(), "Sigmoid": Sigmoid(), "Softplus": Softplus(),
    "Softsign": Softsign(), "Tanh": Tanh(),
}  # fmt: skip


@rule(*PLAIN)
def plain(case: Case) -> Array:
    if not isinstance(case.input(0), np.ndarray):
        raise NotExpressed("of a list of arrays: a component takes arrays")
    return one(PLAIN[case.operator], *numbers(case))


@rule("Elu", "LeakyRelu", "HardSigmoid", "Gelu", "Softmax", "LogSoftmax")
def with_fields(case: Case) -> Array:
    (x,) = numbers(case)
    axis = case.attribute("axis", -1)
    component: Any = {
        "Elu": lambda: Elu(alpha=case.attribute("alpha", 1.0)),
        "LeakyRelu": lambda: LeakyRelu(slope=case.attribute("alpha", 0.01)),
        "HardSigmoid": lambda: HardSigmoid(slope=case.attribute("alpha", 0.2), offset=case.attribute("beta", 0.5)),
        "Gelu": lambda: Gelu(approximate=case.attribute("approximate", "none")),
        "Softmax": lambda: Softmax(axis=axis if axis < 0 else axis - x.ndim),
        "LogSoftmax": lambda: LogSoftmax(axis=axis if axis < 0 else axis - x.ndim),
    }[case.operator]()
    return one(component, x)


@rule("Selu")
def selu(case: Case) -> Array:
    (x,) = numbers(case)
    if "alpha" in case.attributes:
        return scaled(one(Elu(alpha=case.attribute("alpha")), x), case.attribute("gamma"))
    return one(Selu(), x)


@rule("Celu")
def celu(case: Case) -> Array:
    (x,), alpha = numbers(case), case.attribute("alpha", 1.0)
    return scaled(one(Elu(), scaled(x, 1 / alpha)), alpha)


@rule("PRelu")
def prelu(case: Case) -> Array:
    x, slope = numbers(case)
    return one(Prelu(), x.ravel(), s=np.broadcast_to(slope, x.shape).ravel()).reshape(x.shape)


@rule("Swish")
def swish(case: Case) -> Array:
    return silu_times(numbers(case)[0], case.attribute("alpha", 1.0))


@rule("SwiGLU")
def gated(case: Case) -> Array:
    a, b = numbers(case)
    return one(Multiply(), silu_times(a, case.attribute("alpha", 1.0)), b)


@rule("HardSwish")
def hard_swish(case: Case) -> Array:
    (x,) = numbers(case)
    return one(Multiply(), x, one(HardSigmoid(), x))


@rule("Neg")
def negative(case: Case) -> Array:
    return scaled(numbers(case)[0], -1.0)


@rule("Abs")
def magnitude(case: Case) -> Array:
    (x,) = numbers(case)
    return one(Maximum(), x, scaled(x, -1.0))


@rule("Clip")
def clip(case: Case) -> Array:
    (x,) = numbers(case, 0)
    low, high = case.input(1), case.input(2)
    if low is not None and high is not None and low < high:
        return one(HardTanh(low=float(low), high=float(high)), x)
    if low is not None:
        x = one(Maximum(), x, np.full_like(x, low))
    if high is not None:
        x = scaled(one(Maximum(), scaled(x, -1.0), np.full_like(x, -high)), -1.0)
    return one(Identity(), x)


def silu_times(x: Array, alpha: float) -> Array:
    """x σ(α x)."""
    return one(Silu(), x) if alpha == 1 else scaled(one(Silu(), scaled(x, alpha)), 1 / alpha)


def scaled(x: Array, factor: float) -> Array:
    """A factor times x, by Scale."""
    rows = x.reshape(-1)
    return one(Scale(), rows, s=np.full_like(rows, factor)).reshape(x.shape)
