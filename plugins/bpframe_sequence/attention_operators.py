"""The Jacobian and the bends of attention, of queries, keys and values side by side."""

from __future__ import annotations

import math

import numpy as np

from bpframe.extend import Array, Operator
from bpframe_sequence.attending import Attending, Parts
from bpframe_sequence.attention_moments import attention_moments

__all__ = ["AttentionBends", "Part", "SideBySide", "ThroughAttention"]


class SideBySide:
    """Where the queries, keys and values lie, and how the heads divide their last axes.

    In three inputs one behind the other, flattened, or, where `packed`, in the last axis of one: (T, 3·heads·d).
    """

    def __init__(self, q: tuple[int, ...], k: tuple[int, ...], v: tuple[int, ...], heads: int, packed: bool) -> None:
        self.shapes = (q, k, v)
        self.heads = heads
        self.packed = packed
        self.in_shape = (q[0], 3 * q[1]) if packed else (sum(map(math.prod, self.shapes)),)
        self.out_shape = (q[0], v[1])

    def parts(self, x: Array) -> Parts:
        """Return q, k and v by heads, (..., heads, T, d), as views."""
        if self.packed:
            parted = x.reshape(*x.shape[:-1], 3, self.heads, self.shapes[0][1] // self.heads)
            q, k, v = (np.moveaxis(parted[..., place, :, :], -2, -3) for place in range(3))
            return q, k, v
        first, second = math.prod(self.shapes[0]), math.prod(self.shapes[0]) + math.prod(self.shapes[1])
        flat = x[..., :first], x[..., first:second], x[..., second:]
        q, k, v = (
            self.divided(part.reshape(*x.shape[:-1], *shape)) for part, shape in zip(flat, self.shapes, strict=True)
        )
        return q, k, v

    def joined(self, parts: Parts) -> Array:
        """Put parts by heads side by side: the transpose of `parts`, and its inverse."""
        lead = parts[0].shape[:-3]
        if not self.packed:
            flat = (
                self.merged(part).reshape(*lead, math.prod(shape))
                for part, shape in zip(parts, self.shapes, strict=True)
            )
            return np.concatenate(list(flat), axis=-1)
        joined = np.empty_like(parts[0], shape=(*lead, *self.in_shape))
        for place, part in zip(self.parts(joined), parts, strict=True):
            place[...] = part
        return joined

    def divided(self, x: Array) -> Array:
        """Divide the last axis: (..., T, heads·d) -> (..., heads, T, d)."""
        return np.moveaxis(x.reshape(*x.shape[:-1], self.heads, x.shape[-1] // self.heads), -2, -3)

    def merged(self, x: Array) -> Array:
        """Join the heads: (..., heads, T, d) -> (..., T, heads·d)."""
        x = np.moveaxis(x, -3, -2)
        return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


class _OfAttention(Operator):
    def __init__(self, attending: Attending, side: SideBySide) -> None:
        self.attending = attending
        self.side = side
        self.in_shape = side.in_shape

    @property
    def batch(self) -> int:
        """The number of examples."""
        return len(self.attending.a)

    @property
    def cost(self) -> int:
        """Four products of queries with keys."""
        (times, width), (count, _), (_, values) = self.side.shapes
        return 2 * times * count * (width + values)


class ThroughAttention(_OfAttention):
    """From changes of queries, keys and values side by side to changes of the output.

    Shapes: inputs as `SideBySide` says, outputs (T, m).

    Source: Vaswani et al., Attention Is All You Need (2017), eq. (1), differentiated.
    """

    structure = "through attention"

    def __init__(self, attending: Attending, side: SideBySide) -> None:
        super().__init__(attending, side)
        self.out_shape = side.out_shape

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward."""
        return self.side.merged(self.attending.push(*self.side.parts(v)))

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back."""
        return self.side.joined(self.attending.pull(self.side.divided(u)))

    def pulled_moments(self, moments: Array) -> list[tuple[None, Array]]:
        """Add over all places what reaches queries, keys and values that stand side by side."""
        return [(None, attention_moments(self.attending, moments)[None])] if self.side.packed else []


class AttentionBends(_OfAttention):
    """How the errors of queries, keys and values change with them, for an error u of the output: symmetric."""

    structure = "bends of attention"

    def __init__(self, attending: Attending, side: SideBySide, u: Array) -> None:
        super().__init__(attending, side)
        self.u = side.divided(u)
        self.out_shape = self.in_shape

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward, or pull back."""
        return self.side.joined(self.attending.bent(self.u, *self.side.parts(v)))

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: the same."""
        return self.jvp(u)


class Part(Operator):
    """Put one of three inputs among zeros: (T, d) -> the flat row of all three."""

    structure = "part"

    def __init__(self, place: int, side: SideBySide) -> None:
        sizes = [math.prod(shape) for shape in side.shapes]
        self.start, self.size = sum(sizes[:place]), sizes[place]
        self.in_shape, self.out_shape = side.shapes[place], side.in_shape

    @property
    def batch(self) -> None:
        """One map serves every batch."""

    @property
    def cost(self) -> int:
        """Nothing is multiplied."""
        return 0

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Place."""
        lead = v.shape[: v.ndim - 2]
        placed = np.zeros_like(v, shape=(*lead, *self.out_shape))
        placed[..., self.start : self.start + self.size] = v.reshape(*lead, self.size)
        return placed

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Take."""
        return u[..., self.start : self.start + self.size].reshape(*u.shape[:-1], *self.in_shape)
