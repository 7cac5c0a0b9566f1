"""Scaled dot-product attention."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Array, Field, Layer, Operator, PositiveInt, ShapeMismatch, compose, transposed
from bpframe_sequence.attending import Attending, keys_of
from bpframe_sequence.attention_operators import AttentionBends, Part, SideBySide, ThroughAttention

__all__ = ["Attention", "MaskedAttention", "sees"]

_KEYS = ("q", "k", "v")


class _Attention(Layer):
    heads: PositiveInt = Field(
        1, description="How many parts the last axes are cut into, each with weights of its own."
    )
    causal: bool = Field(False, description="Whether step i sees steps 0 ... i alone.")

    pure: ClassVar[bool | None] = True  # `Attending` is made of its arguments alone

    def output_shape(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        """Return (T, m)."""
        q, k, v, *masks = shapes
        fits = len(q) == len(k) == len(v) == 2 and q[1] == k[1] and k[0] == v[0]
        if not fits or any(mask not in ((), k[:1]) for mask in masks):
            raise ShapeMismatch(
                "queries, keys and values do not fit",
                expected="(N, T, d), (N, S, d), (N, S, m)" + ", and a mask (N, S) or lengths (N,)" * len(masks),
                received=f"{', '.join(map(str, shapes))} after N",
            )
        if q[1] % self.heads or v[1] % self.heads:
            raise ShapeMismatch(
                f"{self.heads} heads do not divide the last axes",
                expected="d and m that are multiples of heads",
                received=f"d = {q[1]}, m = {v[1]}",
            )
        return (q[0], v[1])

    def _forward(self, q: Array, k: Array, v: Array, mask: Array | None, saved: dict[str, Any]) -> Array:
        side = self._side(q, k, v)
        seen = sees(self.causal, q.shape[1], k.shape[1], mask)
        saved["at"] = attending = Attending(side.divided(q), side.divided(k), side.divided(v), seen)
        return side.merged(attending.value())

    def _side(self, q: Array, k: Array, v: Array) -> SideBySide:
        return SideBySide(q.shape[1:], k.shape[1:], v.shape[1:], self.heads, packed=False)

    def jacobian(self, q: Array, k: Array, v: Array, saved: dict[str, Any]) -> dict[str, Operator]:
        """Return the way through attention, of each part."""
        side = self._side(q, k, v)
        through = ThroughAttention(saved["at"], side)
        return {key: compose(through, Part(place, side)) for place, key in enumerate(_KEYS)}

    def second_order(
        self, q: Array, k: Array, v: Array, u: Array, saved: dict[str, Any]
    ) -> dict[tuple[str, str], Operator]:
        """Return how attention bends, between the parts."""
        side = self._side(q, k, v)
        bends = AttentionBends(saved["at"], side, u)
        parts = {key: Part(place, side) for place, key in enumerate(_KEYS)}
        return {
            (s, t): compose(transposed(parts[s]), bends, parts[t])
            for s, t in itertools.combinations_with_replacement(_KEYS, 2)
            if (s, t) != ("v", "v")
        }


class Attention(_Attention):
    """Mix values by how well queries match keys.

        y = a v,    a = softmax(q kᵀ/√d) by rows

    With `heads` the last axes are cut into so many parts, and √d is of a part's d. With `causal`, a_ij = 0 for j > i.

    Shapes: q (N, T, d), k (N, S, d), v (N, S, m) -> y (N, T, m). Jacobian: products with a, k, q and v around softmax's
    diagonal minus rank one. Nothing is learned.

    Errors: ShapeMismatch where these do not fit, or where the heads do not divide d and m.

    Source: Vaswani et al., Attention Is All You Need (2017), eq. (1).
    """

    masked_instead: ClassVar[Mapping[str, str]] = {"k": "masked_attention", "v": "masked_attention"}

    def forward(self, q: Array, k: Array, v: Array, saved: dict[str, Any]) -> Array:
        """Return y."""
        return self._forward(q, k, v, None, saved)


class MaskedAttention(_Attention):
    """The same with keys that are not seen: a_ij = 0 where the mask of key j is 0.

    A query that sees no key gets zeros.

    Shapes: q, k and v as in `Attention`; mask (N, S) integers, not 0 where a key counts (token numbers serve where 0 is
    padding), or lengths (N,) with the padding at the end.

    Source: as `Attention`, section 3.2.3.
    """

    integer_inputs: ClassVar[tuple[str, ...]] = ("mask",)

    def forward(self, q: Array, k: Array, v: Array, mask: Array, saved: dict[str, Any]) -> Array:
        """Return y."""
        return self._forward(q, k, v, mask, saved)


def sees(causal: bool, times: int, count: int, mask: Array | None) -> Array | None:
    """Return which keys each query sees, None where it is all."""
    before = np.tri(times, count, dtype=bool) if causal else None
    if mask is None:
        return before
    seen = keys_of(mask, count)
    return seen if before is None else seen & before
