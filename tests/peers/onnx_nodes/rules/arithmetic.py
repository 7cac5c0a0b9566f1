"""Sums and products of arrays, which ONNX broadcasts and bpframe repeats, and sums over axes."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from bpframe_convolution import GlobalMaxPool
from bpframe_merges import Average, Matmul, Maximum, Mean, PermuteLayer, Repeat, ReshapeLayer, Subtract, SumLayer
from bpframe_reference import Add, Dense, Identity, Multiply

from onnx_nodes.case import Case
from onnx_nodes.rules.activations import scaled
from onnx_nodes.rules.registry import Array, numbers, one, rule

TOGETHER: dict[str, Any] = {
    "Add": Add(), "Sum": Add(), "Mul": Multiply(), "Sub": Subtract(), "Max": Maximum(), "Mean": Average(),
}  # fmt: skip


@rule(*TOGETHER)
def together(case: Case) -> Array:
    given = numbers(case)
    shape = np.broadcast_shapes(*(each.shape for each in given))
    return one(TOGETHER[case.operator], *(widened(each, shape) for each in given))


@rule("Min")
def smallest(case: Case) -> Array:
    given = numbers(case)
    shape = np.broadcast_shapes(*(each.shape for each in given))
    return scaled(one(Maximum(), *(scaled(widened(each, shape), -1.0) for each in given)), -1.0)


@rule("Expand")
def expand(case: Case) -> Array:
    (x,) = numbers(case, 0)
    return widened(x, np.broadcast_shapes(x.shape, tuple(case.input(1).tolist())))


@rule("MatMul")
def matmul(case: Case) -> Array:
    return product(*numbers(case))


@rule("Gemm")
def gemm(case: Case) -> Array:
    """alpha A B + beta C: where C has one row, or none, a dense layer."""
    a, b, *c = numbers(case)
    a = a.T if case.attribute("transA") else a
    w = case.attribute("alpha", 1.0) * (b if case.attribute("transB") else b.T)
    offset = case.attribute("beta", 1.0) * c[0] if c else None
    if offset is None:
        return one(Dense(units=len(w), bias=False), a, w=w)
    if offset.ndim < 2 or len(offset) == 1:
        return one(Dense(units=len(w)), a, w=w, b=np.broadcast_to(offset.ravel(), len(w)))
    return one(Add(), one(Dense(units=len(w), bias=False), a, w=w), widened(offset, (len(a), len(w))))


@rule("ReduceSum", "ReduceMean")
def reduced(case: Case) -> Array:
    (x,) = numbers(case, 0)
    axes = axes_of(case, x)
    if axes == ():
        return one(Identity(), x)
    component: Any = SumLayer if case.operator == "ReduceSum" else Mean
    return one(component(axes=axes, keep_axes=bool(case.attribute("keepdims", 1))), x)


@rule("ReduceL1", "ReduceSumSquare")
def magnitudes(case: Case) -> Array:
    (x,) = numbers(case, 0)
    squares = case.operator == "ReduceSumSquare"
    parts = one(Multiply(), x, x) if squares else one(Maximum(), x, scaled(x, -1.0))
    return one(SumLayer(axes=axes_of(case, x) or None, keep_axes=bool(case.attribute("keepdims", 1))), parts)


@rule("ReduceMax", "ReduceMin")
def largest(case: Case) -> Array:
    (x,) = numbers(case, 0)
    return highest(case, x) if case.operator == "ReduceMax" else scaled(highest(case, scaled(x, -1.0)), -1.0)


def highest(case: Case, x: Array) -> Array:
    """The maximum over axes: these become the places, the others the channels."""
    axes = axes_of(case, x)
    axes = tuple(range(x.ndim)) if axes is None else axes
    rest = tuple(axis for axis in range(x.ndim) if axis not in axes)
    moved = one(PermuteLayer(axes=(*axes, *rest)), x)
    flat = one(ReshapeLayer(shape=(math.prod(x.shape[a] for a in axes), math.prod(x.shape[a] for a in rest))), moved)
    kept = [1 if axis in axes else n for axis, n in enumerate(x.shape)]
    shape = kept if case.attribute("keepdims", 1) else [x.shape[axis] for axis in rest]
    return one(GlobalMaxPool(), flat).reshape(shape)


def axes_of(case: Case, x: Array) -> tuple[int, ...] | None:
    """The axes of a reduction, None for all, () where nothing is to be reduced."""
    given = case.input(1)
    if given is None or not given.size:
        return () if case.attribute("noop_with_empty_axes") else None
    return tuple(int(axis) % x.ndim for axis in given)


def product(a: Array, b: Array) -> Array:
    """NumPy's matmul, by Matmul."""
    left, right = np.atleast_2d(a), b[:, None] if b.ndim == 1 else b
    lead = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    y = one(Matmul(), *(widened(each, (*lead, *each.shape[-2:])) for each in (left, right)))
    shape = [*lead, *([] if a.ndim == 1 else [a.shape[-2]]), *([] if b.ndim == 1 else [b.shape[-1]])]
    return y.reshape(shape)


def widened(x: Array, shape: tuple[int, ...]) -> Array:
    """Broadcast, by a reshape and a repetition along each axis of length 1."""
    if x.shape == shape:
        return x
    x = one(ReshapeLayer(shape=(*(1,) * (len(shape) - x.ndim), *x.shape)), x)
    wide = [(axis, n) for axis, (own, n) in enumerate(zip(x.shape, shape, strict=True)) if own != n]
    return functools.reduce(lambda found, each: one(Repeat(times=each[1], axis=each[0]), found), wide, x)
