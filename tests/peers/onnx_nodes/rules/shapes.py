"""What gives arrays another shape, cuts them, or puts them together."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from bpframe_merges import Concatenate, GatherLayer, PermuteLayer, ReshapeLayer, Slice

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.registry import Array, numbers, one, rule


@rule("Concat")
def concatenate(case: Case) -> Array:
    return one(Concatenate(axis=case.attribute("axis")), *numbers(case))


@rule("Tile")
def tiled(case: Case) -> Array:
    (x,) = numbers(case, 0)
    for axis, times in enumerate(case.input(1).tolist()):
        x = one(Concatenate(axis=axis), *[x] * times)
    return x


@rule("Transpose")
def permuted(case: Case) -> Array:
    (x,) = numbers(case)
    return one(PermuteLayer(axes=tuple(case.attribute("perm", range(x.ndim)[::-1]))), x)


@rule("Reshape")
def reshaped(case: Case) -> Array:
    (x,) = numbers(case, 0)
    shape = case.input(1).tolist()
    if not case.attribute("allowzero"):
        shape = [x.shape[place] if n == 0 else n for place, n in enumerate(shape)]
    return one(ReshapeLayer(shape=tuple(shape)), x)


@rule("Flatten", "Squeeze", "Unsqueeze")
def of_other_rank(case: Case) -> Array:
    (x,) = numbers(case, 0)
    if case.operator == "Flatten":
        axis = case.attribute("axis", 1)
        shape: tuple[int, ...] = (math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))
    else:
        axes = tuple(case.input(1).tolist())
        shape = (np.squeeze if case.operator == "Squeeze" else np.expand_dims)(x, axes).shape
    return one(ReshapeLayer(shape=shape), x)


@rule("DepthToSpace")
def depth_to_space(case: Case) -> Array:
    (x,) = numbers(case)
    (n, c, h, w), b = x.shape, case.attribute("blocksize")
    if case.attribute("mode", "DCR") == "DCR":
        return rearranged(x, (n, b, b, c // b**2, h, w), (0, 3, 4, 1, 5, 2), (n, c // b**2, h * b, w * b))
    return rearranged(x, (n, c // b**2, b, b, h, w), (0, 1, 4, 2, 5, 3), (n, c // b**2, h * b, w * b))


@rule("SpaceToDepth")
def space_to_depth(case: Case) -> Array:
    (x,) = numbers(case)
    (n, c, h, w), b = x.shape, case.attribute("blocksize")
    parts = (n, c, h // b, b, w // b, b)
    order = (0, 3, 5, 1, 2, 4) if case.attribute("mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4)
    return rearranged(x, parts, order, (n, c * b**2, h // b, w // b))


@rule("Slice")
def sliced(case: Case) -> Array:
    (x,) = numbers(case, 0)
    starts, stops = case.input(1).tolist(), case.input(2).tolist()
    axes = range(len(starts)) if case.input(3) is None else case.input(3).tolist()
    steps = [1] * len(starts) if case.input(4) is None else case.input(4).tolist()
    for start, stop, axis, step in zip(starts, stops, axes, steps, strict=True):
        x = cut(x, start, stop, axis, step)
    return x


@rule("Split")
def parts(case: Case) -> list[Array]:
    (x,) = numbers(case, 0)
    axis, count = case.attribute("axis", 0), len(case.outputs)
    if case.input(1) is not None:
        sizes = case.input(1).tolist()
    else:
        size = math.ceil(x.shape[axis] / count)
        sizes = [min(size, x.shape[axis] - size * place) for place in range(count)]
    ends = np.cumsum(sizes).tolist()
    return [cut(x, end - size, end, axis, 1) for size, end in zip(sizes, ends, strict=True)]


@rule("Gather")
def gathered(case: Case) -> Array:
    (x,), axis = numbers(case, 0), case.attribute("axis", 0)
    indices = case.input(1)
    y = one(GatherLayer(indices=tuple(indices.ravel().tolist()), axis=axis), x)
    return y.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def cut(x: Array, start: int, stop: int, axis: int, step: int) -> Array:
    """x[start:stop:step] along an axis."""
    if not len(range(x.shape[axis])[start:stop:step]):
        raise NotExpressed("of which nothing is left: slice refuses that")
    return one(Slice(start=start, stop=stop, step=step, axis=axis), x)


def rearranged(x: Array, parts: tuple[int, ...], order: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """Cut axes into parts, put these into another order, and join them."""
    steps: list[Any] = [ReshapeLayer(shape=parts), PermuteLayer(axes=order), ReshapeLayer(shape=shape)]
    return functools.reduce(lambda found, step: one(step, found), steps, x)
