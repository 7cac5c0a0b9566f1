"""The Jacobian of every structure from its definition, entry by entry, without bpframe's products."""

from __future__ import annotations

import math

import numpy as np

from bpframe.core.operators import (
    BatchMatrix,
    Broadcast,
    Composed,
    Diagonal,
    Gather,
    IdentityMap,
    Matrix,
    Operator,
    Reshape,
    Sum,
    WeightTimes,
)
from bpframe.structures import (
    BatchMatMul,
    DiagonalBlocks,
    Permute,
    Pool,
    RankOne,
    Restriction,
    Scan,
    Transposed,
    Windows,
)


def jacobian(operator: Operator, batch: int) -> np.ndarray:
    """(batch, outputs, inputs)."""
    inputs, outputs = math.prod(operator.in_shape), math.prod(operator.out_shape)
    if isinstance(operator, Composed):
        product = jacobian(operator.factors[0], batch)
        for factor in operator.factors[1:]:
            product = np.einsum("noi,nij->noj", product, jacobian(factor, batch))
        return product
    if isinstance(operator, Scan):
        return _recurrence(operator, batch)
    if isinstance(operator, Transposed):
        return jacobian(operator.operator, batch).swapaxes(1, 2)
    if isinstance(operator, Sum):
        return np.sum([jacobian(term, batch) for term in operator.terms], axis=0)
    written = np.zeros((batch, outputs, inputs), dtype=complex)
    for n in range(batch):
        for o, at_out in enumerate(np.ndindex(operator.out_shape)):
            for i, at_in in enumerate(np.ndindex(operator.in_shape)):
                written[n, o, i] = entry(operator, n, o, at_out, i, at_in)
    return written


def _recurrence(operator: Scan, batch: int) -> np.ndarray:
    """Blocks A_t ... A_{s+1} B_s below the diagonal and on it."""
    state, entering = (math.prod(shape[1:]) for shape in (operator.out_shape, operator.in_shape))
    written = np.zeros((batch, operator.times, state, operator.times, entering), dtype=complex)
    steps = [pair for segment in operator._segments() for pair in segment]
    for s, (_, enters) in enumerate(steps):
        block = np.broadcast_to(np.eye(state), (batch, state, state)) if enters is None else jacobian(enters, batch)
        written[:, s, :, s] = block
        for t in range(s + 1, len(steps)):
            block = np.einsum("noi,nij->noj", jacobian(steps[t][0], batch), block)
            written[:, t, :, s] = block
    return written.reshape(batch, operator.times * state, operator.times * entering)


def entry(operator: Operator, n: int, o: int, at_out: tuple[int, ...], i: int, at_in: tuple[int, ...]) -> complex:
    """∂y_{n, at_out} / ∂x_{n, at_in}; o and i are the same places, counted flat."""
    match operator:
        case IdentityMap() | Reshape():
            return o == i
        case Diagonal(d=d):
            return d[tuple(k % s for k, s in zip((n, *at_out), d.shape, strict=True))] if at_out == at_in else 0
        case Matrix(w=w):
            return w[at_out[-1], at_in[-1]] if at_out[:-1] == at_in[:-1] else 0
        case BatchMatrix(j=j):
            return j[n % len(j)][at_out + at_in]
        case WeightTimes(a=a):
            return a[n][at_out[:-1] + at_in[1:]] if at_out[-1] == at_in[0] else 0
        case RankOne(left=left, right=right):
            if at_out[:-1] != at_in[:-1]:
                return 0
            sides = [(left, at_out), (right, at_in)]
            at_left, at_right = (a[tuple(k % s for k, s in zip((n, *at), a.shape, strict=True))] for a, at in sides)
            return at_left * at_right
        case DiagonalBlocks(blocks=blocks):
            width = len(at_out) and operator.out_shape[-1] // len(blocks)
            (row, k), (column, inside) = divmod(at_out[-1], width), divmod(at_in[-1], width)
            d = blocks[row][column]
            if d is None or k != inside or at_out[:-1] != at_in[:-1]:
                return 0
            return d[tuple(p % s for p, s in zip((n, *at_out[:-1], k), d.shape, strict=True))]
        case BatchMatMul(m=m, side=side, transpose=transpose):
            at_v = (*at_in[:-2], at_in[-1], at_in[-2]) if transpose else at_in
            kept, added = (-1, -2) if side == "left" else (-2, -1)  # axes of V that the product keeps and adds over
            if at_out[:-2] != at_in[:-2] or at_v[kept] != at_out[kept]:
                return 0
            inside = (at_out[-2], at_v[added]) if side == "left" else (at_v[added], at_out[-1])
            return m[tuple(k % s for k, s in zip((n, *at_out[:-2], *inside), m.shape, strict=True))]
        case Windows():
            within, channel = divmod(at_out[-1], operator.in_shape[-1])
            return channel == at_in[-1] and _reads(operator, at_out, within) == at_in[:-1]
        case Restriction(slices=slices):
            kept = [range(size)[each] for each, size in zip(slices, operator.in_shape, strict=True)]
            return at_in == tuple(each[at] for each, at in zip(kept, at_out, strict=True))
        case Permute(axes=axes):
            return at_out == tuple(at_in[axis] for axis in axes)
        case Pool(windows=windows, which=which):
            within = range(math.prod(windows.size)) if which is None else [which[n][at_out]]
            return at_out[-1] == at_in[-1] and sum(_reads(windows, at_out, each) == at_in[:-1] for each in within)
        case Broadcast():
            return at_out[len(at_out) - len(at_in) :] == at_in
        case Gather(index=index):
            return index[n % len(index)][at_out] == i
    raise NotImplementedError(type(operator))


def _reads(windows: Windows, at_out: tuple[int, ...], within: int) -> tuple[int, ...]:
    """Where the window of an output reads its entry of this number; padding counts on, beyond the input."""
    inside = np.unravel_index(within, windows.size)
    geometry = zip(at_out[:-1], inside, windows.stride, windows.dilation, windows.padding, strict=True)
    return tuple(step * place + spread * each - pad[0] for place, each, step, spread, pad in geometry)
