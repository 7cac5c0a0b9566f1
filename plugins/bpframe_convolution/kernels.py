"""What all convolutions share: one matrix after all windows, or one for each group of channels.

Groups become an axis in front of the places, (groups, *places, channels / groups):
along it products run side by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bpframe.extend import (
    Array,
    BatchMatMul,
    Broadcast,
    Initializer,
    Matrix,
    Operator,
    Parameter,
    Permute,
    Reshape,
    ShapeMismatch,
    Windows,
    compose,
    transposed,
)
from bpframe_convolution.geometry import Shape
from bpframe_convolution.kernel_times import KernelTimes

__all__ = ["convolved", "cross_terms", "kernel_parameters", "local_jacobians"]


def kernel_parameters(
    filters: int, size: Shape, channels: int, groups: int, bias: bool, weights: Initializer
) -> dict[str, Parameter]:
    """Return w (filters, *size, channels / groups) and, with a bias, b (filters,), which starts at 0.

    Errors: ShapeMismatch for channels or filters that cannot be parted into groups of equal size.
    """
    if channels % groups or filters % groups:
        raise ShapeMismatch(
            "its groups do not part the channels",
            expected=f"channels and filters in {groups} groups of equal size",
            received=f"{channels} channels and {filters} filters",
        )
    each = channels // groups
    places = math.prod(size)
    fans = {"fan_in": places * each, "fan_out": places * (filters // groups)}
    found = {"w": Parameter((filters, *size, each), init=weights, **fans)}
    if bias:
        found["b"] = Parameter((filters,))
    return found


def convolved(
    x: Array, p: Mapping[str, Array], cut: Windows, groups: int, saved: dict[str, Array], out: Array
) -> Array:
    """Write w times the windows of x, plus b, into `out` (N, *new places, filters), and keep the windows."""
    w = p["w"]
    if groups == 1:
        rows = cut.jvp(x)
        saved["rows"] = rows
        places, entries = math.prod(rows.shape[:-1]), rows.shape[-1]
        matrix = w.reshape(len(w), entries)
        # With one entry there is no sum, and BLAS needs twice as long as a multiplication with broadcasting.
        multiply = np.multiply if entries == 1 else np.matmul
        multiply(rows.reshape(places, entries), matrix.T, out=out.reshape(places, len(w)))
    else:
        rows = _by_group(cut).jvp(_parting(x.shape[1:], groups).jvp(x))
        saved["rows"] = rows
        each = np.matmul(_side_by_side(rows), _matrices(w, groups))
        out[...] = np.moveaxis(each, 1, 2).reshape(out.shape)
    if "b" in p:
        np.add(out, p["b"], out=out)
    return out


def local_jacobians(
    x: Array, p: Mapping[str, Array], cut: Windows, groups: int, saved: Mapping[str, Array]
) -> dict[str, Operator]:
    """Return ∂y/∂x, a matrix after the windows; ∂y/∂w, which meets the windows in one product; and ∂y/∂b."""
    w, rows = p["w"], saved["rows"]
    found: dict[str, Operator] = {}
    if groups == 1:
        found["x"] = compose(Matrix(w.reshape(len(w), rows.shape[-1])), cut)
        found["w"] = compose(KernelTimes(rows), Reshape())
    else:
        joining = transposed(_parting((*rows.shape[2:-1], len(w)), groups))
        flat = Reshape().bind(rows.shape[1:], _side_by_side(rows).shape[1:])
        apart = Reshape().bind(w.shape, (groups, len(w) // groups, rows.shape[-1]))
        merged = Reshape().bind((*flat.out_shape[:-1], len(w) // groups), joining.in_shape)
        found["x"] = compose(
            joining, merged, BatchMatMul(_matrices(w, groups)[None], "right"), flat, _by_group(cut),
            _parting(x.shape[1:], groups),
        )  # fmt: skip
        found["w"] = compose(joining, merged, BatchMatMul(_side_by_side(rows), "left", transpose=True), apart)
    if "b" in p:
        found["b"] = Broadcast()
    return found


def cross_terms(
    x: Array, w: Array, u: Array, cut: Windows, groups: int, saved: Mapping[str, Array]
) -> dict[tuple[str, str], Operator]:
    """Return the one second derivative that is not zero: a change V of w sends the error u back through V."""
    rows = saved["rows"]
    if groups == 1:
        places, entries = math.prod(rows.shape[1:-1]), rows.shape[-1]
        back = transposed(cut.bind(x.shape[1:], rows.shape[1:]))
        errors: Array = u.reshape(len(u), places, len(w))
    else:
        places, entries = math.prod(rows.shape[2:-1]), rows.shape[-1]
        parting = _parting(x.shape[1:], groups)
        back = compose(transposed(parting), transposed(_by_group(cut).bind(parting.out_shape, rows.shape[1:])))
        parted = _parting(u.shape[1:], groups).jvp(u)
        errors = parted.reshape((len(u), groups, places, len(w) // groups))
    lead = () if groups == 1 else (groups,)
    unfold = Reshape().bind((*lead, places, entries), rows.shape[1:])
    apart = Reshape().bind(w.shape, (*lead, len(w) // groups, entries))
    return {("x", "w"): compose(back, unfold, BatchMatMul(errors, "left"), apart)}


def _parting(shape: Shape, groups: int) -> Operator:
    """The map (*places, channels) -> (groups, *places, channels / groups)."""
    axes = len(shape) - 1
    parted = (*shape[:-1], groups, shape[-1] // groups)
    return compose(Permute((axes, *range(axes), axes + 1)), Reshape().bind(shape, parted))


def _by_group(cut: Windows) -> Windows:
    """The same windows on (groups, *places, channels / groups)."""
    return Windows((1, *cut.size), (1, *cut.stride), ((0, 0), *cut.padding), (1, *cut.dilation))


def _side_by_side(rows: Array) -> Array:
    """(N, groups, *new places, entries) -> (N, groups, places, entries)."""
    return rows.reshape(*rows.shape[:2], math.prod(rows.shape[2:-1]), rows.shape[-1])


def _matrices(w: Array, groups: int) -> Array:
    """(filters, *size, channels / groups) -> (groups, entries of a window, filters / groups)."""
    return w.reshape(groups, len(w) // groups, math.prod(w.shape[1:])).swapaxes(1, 2)
