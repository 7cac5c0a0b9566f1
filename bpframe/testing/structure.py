"""What a measured Jacobian looks like: which operator would declare it."""

from __future__ import annotations

import math

import numpy as np

from bpframe.core.graph.graph import Shape
from bpframe.validation.plain_arrays import Array

__all__ = ["suggested_for_input", "suggested_for_parameter"]


#: Entries below this share of the largest count as zero: differences leave as much.
SMALL = 1e-7


def suggested_for_input(j: Array, in_shape: Shape, out_shape: Shape) -> str:
    """Say what a Jacobian ∂y/∂x looks like, and what to return for it.

    Shapes: j (N, *out_shape, *in_shape), at a point without special numbers.
    """
    flat = _flat(j, in_shape, out_shape)
    return (
        _plain(flat)
        or _identity(flat, in_shape, out_shape)
        or _selection(flat)
        or _diagonal(flat, in_shape, out_shape)
        or _blocks(j, in_shape, out_shape)
        or _unstructured(flat, in_shape, out_shape)
    )


def suggested_for_parameter(j: Array, shape: Shape, out_shape: Shape) -> str:
    """Say what a Jacobian ∂y/∂θ of a parameter of this shape looks like, and what to return for it.

    Shapes: j (N, *out_shape, *shape), at a point without special numbers.
    """
    flat = _flat(j, shape, out_shape)
    return (
        _plain(flat)
        or _broadcast(j, shape, out_shape)
        or _weight(j, shape, out_shape)
        or _selection(flat)
        or _unstructured(flat, shape, out_shape)
    )


def _flat(j: Array, in_shape: Shape, out_shape: Shape) -> Array:
    """(N, outputs, inputs), with what is zero but for rounding set to zero."""
    flat: Array = j.reshape(len(j), math.prod(out_shape), math.prod(in_shape))
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(flat) <= SMALL * np.max(np.abs(flat), initial=0.0), 0.0, flat)


def _same(one: Array, other: Array) -> bool:
    """Whether two arrays are equal within what differences can tell."""
    return np.allclose(one, other, rtol=1e-5, atol=1e-6 * float(np.max(np.abs(other), initial=0.0)))


def _shared(flat: Array) -> bool:
    return _same(flat, np.broadcast_to(flat[:1], flat.shape))


def _plain(flat: Array) -> str | None:
    if not np.isfinite(flat).all():
        return "not finite at a usual point: forward is not differentiable there"
    if not flat.any():
        return "zero: forward does not depend on it"
    return None


def _identity(flat: Array, in_shape: Shape, out_shape: Shape) -> str | None:
    rows, columns = flat.shape[1:]
    if rows != columns or not _same(flat, np.broadcast_to(np.eye(rows), flat.shape)):
        return None
    return "the identity: return IdentityMap()" if in_shape == out_shape else "a reshape: return Reshape()"


def _selection(flat: Array) -> str | None:
    """Each output is one entry of the input."""
    chosen = flat != 0
    if not np.all(chosen.sum(axis=2) == 1) or not _same(flat, chosen.astype(flat.dtype)):
        return None
    return "a selection of entries: return Gather(index), with the flat index that each output reads"


def _diagonal(flat: Array, in_shape: Shape, out_shape: Shape) -> str | None:
    if in_shape != out_shape or (flat * (1 - np.eye(flat.shape[1]))).any():
        return None
    if _shared(flat):
        return "diagonal, and the same for all examples: return Diagonal(d), d of shape (1, *features)"
    return "diagonal: return Diagonal(d), d of the input's shape"


def _blocks(j: Array, in_shape: Shape, out_shape: Shape) -> str | None:
    """What acts on the last axis alone: one matrix for all, rank one, and a diagonal beside it."""
    if not in_shape or not out_shape or in_shape[:-1] != out_shape[:-1]:
        return None
    lead, n, m = math.prod(in_shape[:-1]), in_shape[-1], out_shape[-1]
    wide = _flat(j, in_shape, out_shape).reshape(len(j), lead, m, lead, n)
    if (wide * (1 - np.eye(lead)).reshape(1, lead, 1, lead, 1)).any():
        return None
    blocks = np.einsum("namak->namk", wide).reshape(len(j) * lead, m, n)
    if _shared(blocks):
        return f"one matrix for all examples: return Matrix(w), w of shape ({m}, {n})"
    if min(m, n) > 1 and all(_is_rank_one(each) for each in blocks):
        return "rank one: return RankOne(left, right), J v = left (rightᵀ v)"
    if m == n and n > 2 and all(_is_rank_one_beside_a_diagonal(each) for each in blocks):
        return "a diagonal and a rank one, as a softmax's diag(y) − y yᵀ: return add(Diagonal(d), RankOne(left, right))"
    return None


def _is_rank_one(matrix: Array) -> bool:
    singular = np.linalg.svd(matrix, compute_uv=False)
    return bool(singular[1] <= 1e-6 * singular[0])


def _is_rank_one_beside_a_diagonal(matrix: Array) -> bool:
    """Whether the entries beside the diagonal are those of l rᵀ: then every 2×2 minor among them vanishes."""
    size = len(matrix)
    largest = float(np.max(np.abs(matrix)))
    if not (matrix - np.diag(np.diag(matrix))).any():
        return False
    for i in range(size):
        for k in range(i + 1, size):
            others = [x for x in range(size) if x not in (i, k)]
            one, other = matrix[i, others], matrix[k, others]
            if np.max(np.abs(np.outer(one, other) - np.outer(other, one))) > 1e-6 * largest**2:
                return False
    # Of three features, only m01 m12 m20 = m02 m10 m21 ties the six entries together.
    first, second = matrix[0, 1] * matrix[1, 2] * matrix[2, 0], matrix[0, 2] * matrix[1, 0] * matrix[2, 1]
    return bool(abs(first - second) <= 1e-6 * largest**3)


def _broadcast(j: Array, shape: Shape, out_shape: Shape) -> str | None:
    """A parameter of the shape of the output's last axes, added or multiplied entry by entry."""
    if len(shape) > len(out_shape) or out_shape[len(out_shape) - len(shape) :] != shape:
        return None
    size = math.prod(shape)
    each = _flat(j, shape, out_shape).reshape(-1, size, size)
    if (each * (1 - np.eye(size))).any():
        return None
    if _same(each, np.broadcast_to(np.eye(size), each.shape)):
        return "added to every example: return Broadcast()"
    return "entry by entry: return compose(Diagonal(d), Broadcast()), d of the output's shape"


def _weight(j: Array, shape: Shape, out_shape: Shape) -> str | None:
    """Weights of a linear layer: ∂y_i/∂w_kl = δ_ik a_l."""
    if len(shape) != 2 or not out_shape or out_shape[-1] != shape[0]:
        return None
    m, n = shape
    each = _flat(j, shape, out_shape).reshape(-1, m, m, n)
    rows = np.einsum("eiin->ein", each)
    expected = np.einsum("ik,en->eikn", np.eye(m), rows[:, 0])
    if not _same(each, expected):
        return None
    return f"weights times an activation: return WeightTimes(a), a with a last axis of {n}"


def _unstructured(flat: Array, in_shape: Shape, out_shape: Shape) -> str:
    axes = ", ".join(map(str, out_shape + in_shape))
    zeros = 1 - np.count_nonzero(flat) / flat.size
    sparse = f", {zeros:.0%} of it zero" if zeros >= 0.5 else ""
    if _shared(flat):
        return f"one matrix for all examples{sparse}: return an array ({axes})"
    return f"without a structure that is known{sparse}: return an array (N, {axes})"
