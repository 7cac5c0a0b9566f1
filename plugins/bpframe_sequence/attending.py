"""Scaled dot-product attention at a point: values, changes, errors, and how the errors change."""

from __future__ import annotations

import copy

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.masks import counting

__all__ = ["Attending", "keys_of"]

Parts = tuple[Array, Array, Array]


class Attending:
    """Mix values by how well queries match keys, for each of several heads.

        y = a v,    a = softmax(s) by rows,    s = q kᵀ/√d;    a_ij = 0 for keys j that query i does not see

    Where a query sees no key, its row of a is 0. `push` takes changes (q̇, k̇, v̇) to ẏ, `pull` an error u of y to the
    errors of (q, k, v), and `bent` changes to the changes of these errors while u is held:

        ȧ = a ⊙ (ṡ − Σ a ṡ),    ṡ = (q̇ kᵀ + q k̇ᵀ)/√d,    ẏ = ȧ v + a v̇
        e_s = a ⊙ (u vᵀ − Σ a u vᵀ),    e_q = e_s k/√d,    e_k = e_sᵀ q/√d,    e_v = aᵀ u

    Shapes: q (N, heads, T, d), k (N, heads, S, d), v (N, heads, S, m), y (N, heads, T, m); `sees` is (T, S) or
    (N, 1, 1, S), or None where all are seen. Changes and errors have stack axes in front.

    Source: Vaswani et al., Attention Is All You Need (2017), eq. (1) and section 3.2.3 for the mask.
    """

    def __init__(self, q: Array, k: Array, v: Array, sees: Array | None) -> None:
        self.q, self.k, self.v = q, k, v
        self.scale = float(max(q.shape[-1], 1)) ** -0.5
        self.a = _softmax(np.matmul(q * self.scale, k.swapaxes(-1, -2)), sees)

    def of(self, part: slice) -> Attending:
        """Return that of some examples."""
        found = copy.copy(self)
        found.q, found.k, found.v, found.a = self.q[part], self.k[part], self.v[part], self.a[part]
        return found

    def value(self) -> Array:
        """Return y."""
        y: Array = np.matmul(self.a, self.v)
        return y

    def push(self, dq: Array, dk: Array, dv: Array) -> Array:
        """Return ẏ."""
        moved: Array = np.matmul(self._moved(dq, dk), self.v) + np.matmul(self.a, dv)
        return moved

    def pull(self, u: Array) -> Parts:
        """Return (e_q, e_k, e_v)."""
        error = _sloped(self.a, np.matmul(u, self.v.swapaxes(-1, -2)))
        error *= self.scale
        return np.matmul(error, self.k), np.matmul(_turned(error), self.q), np.matmul(_turned(self.a), u)

    def bent(self, u: Array, dq: Array, dk: Array, dv: Array) -> Parts:
        """Return the changes of (e_q, e_k, e_v)."""
        a, of_a = self.a, np.matmul(u, _turned(self.v))
        error = _sloped(a, of_a) * self.scale
        moved = self._moved(dq, dk)
        along = (a * of_a).sum(axis=-1, keepdims=True)
        bends = moved * (of_a - along) - a * (moved * of_a).sum(axis=-1, keepdims=True)
        bends = (bends + _sloped(a, np.matmul(u, _turned(dv)))) * self.scale
        return (
            np.matmul(bends, self.k) + np.matmul(error, dk),
            np.matmul(_turned(bends), self.q) + np.matmul(_turned(error), dq),
            np.matmul(_turned(moved), u),
        )

    def _moved(self, dq: Array, dk: Array) -> Array:
        """Return ȧ."""
        scores = np.matmul(dq, _turned(self.k)) + np.matmul(self.q, _turned(dk))
        scores *= self.scale
        return _sloped(self.a, scores)


def keys_of(mask: Array, count: int) -> Array:
    """Return which keys are seen, (N, 1, 1, S), of a mask (N, S) or of lengths (N,)."""
    return counting(mask, count)[:, None, None, :]


def _softmax(scores: Array, sees: Array | None) -> Array:
    if sees is not None:
        scores = np.where(sees, scores, -np.inf)
    largest = scores.real.max(axis=-1, keepdims=True, initial=-np.inf)
    if sees is not None:
        largest = np.where(largest == -np.inf, np.zeros_like(largest), largest)
    scores -= largest
    powers = np.exp(scores, out=scores)
    total = powers.sum(axis=-1, keepdims=True)
    if sees is not None:
        total = np.where(total == 0, np.ones_like(total), total)
    powers /= total
    return powers


def _sloped(a: Array, v: Array) -> Array:
    """Return a ⊙ (v − Σ a v) along the last axis: softmax's Jacobian, which is symmetric."""
    moved = a * v
    moved -= a * moved.sum(axis=-1, keepdims=True)
    return moved


def _turned(m: Array) -> Array:
    return m.swapaxes(-1, -2)
