"""Second moments of what attention pulls back, of errors that are zero but at one query."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.attending import Attending

__all__ = ["attention_moments"]

# The moments that are worked on at once: what comes of them stays in a processor's cache.
_CACHED_BYTES = 1 << 20


def attention_moments(attending: Attending, reached: Array) -> Array:
    """Add e eᵀ over examples and places, for errors u that are zero but at one place: (N, T, m, m) -> (3·m, 3·m).

    An error u of step t reaches step s as [δ_ts G_t u, (w_ts · u) q_t, a_ts u], head by head, with
    w_ts = a_ts (v_s − y_t)/√d and G_t = Σ_s k_s w_tsᵀ. Every block is a sum over t, and s, of products of two of these
    around M_t, the moments of the errors of step t.

    Shapes: M (N, T, m, m); q, k and v stand one after another, heads inside. A few examples are taken at a time.
    """
    size = 3 * reached.shape[-1]
    total = np.zeros_like(reached, shape=(size, size))
    step = max(1, _CACHED_BYTES // max(1, reached.nbytes // max(1, len(reached))))
    for start in range(0, len(reached), step):
        part = slice(start, start + step)
        total += _of_examples(attending.of(part), reached[part])
    return total


def _of_examples(attending: Attending, reached: Array) -> Array:
    batch, heads, times, width = attending.q.shape
    q, a, size = attending.q.swapaxes(1, 2), attending.a.swapaxes(1, 2), heads * width
    by_head = (batch, times, heads, width)
    behind = attending.v[:, :, None] - attending.value()[:, :, :, None]  # (N, heads, T, S, d)
    w = np.moveaxis(behind * (attending.a * attending.scale)[..., None], 1, 3)  # (N, T, S, heads, d)
    rows = np.ascontiguousarray(w).reshape(batch, times, times, size)
    m = reached.reshape(*by_head, heads, width)
    g = np.matmul(attending.k.swapaxes(-1, -2)[:, None], np.moveaxis(w, 2, 3))  # (N, T, heads, d, d)
    once = np.matmul(g, reached.reshape(*by_head, size)).reshape(batch, times, size, size)
    twice = np.matmul(g, once.swapaxes(-1, -2).reshape(*by_head, size))
    once = once.reshape(m.shape)
    here = np.arange(times)
    w_here, a_here = w[:, here, here], a[:, here, :, here].swapaxes(0, 1)
    gram = np.matmul(rows.swapaxes(-1, -2), rows).reshape(m.shape)
    through = np.matmul(a, rows).reshape(batch, times, heads, heads, width)  # Σ_s a_ts w_ts: (.., head of a, of w, d)
    total = np.zeros_like(reached, shape=(3, heads, width, 3, heads, width))
    total[0, :, :, 0] = twice.sum(axis=(0, 1)).reshape(heads, width, heads, width)
    along = np.matmul(once.reshape(*by_head[:2], size, heads, width).swapaxes(2, 3), w_here[..., None])
    total[0, :, :, 1] = _with_queries(along[..., 0], q)
    total[0, :, :, 2] = np.einsum("nthigj,ntg->higj", once, a_here)
    pairs = np.matmul(np.multiply(m, gram, out=gram), np.ones_like(reached, shape=width)).sum(axis=3)
    total[1, :, :, 1] = _with_queries((pairs.swapaxes(2, 3)[..., None] * q[:, :, None]).reshape(along.shape[:-1]), q)
    weighted = np.einsum("ntgha,nthagj->hntgj", through, m).reshape(heads, batch * times, size)
    total[1, :, :, 2] = np.matmul(_flat(q).transpose(1, 2, 0), weighted).reshape(heads, width, heads, width)
    total[2, :, :, 2] = np.einsum("nthg,nthigj->higj", np.matmul(a, a.swapaxes(-1, -2)), m)
    found = total.reshape(3, size, 3, size)
    for one, other in ((1, 0), (2, 0), (2, 1)):
        found[one, :, other] = found[other, :, one].T
    return total.reshape(3 * size, 3 * size)


def _flat(q: Array) -> Array:
    """Put examples and places on one axis: (N, T, heads, d) -> (N·T, heads, d)."""
    return q.reshape(q.shape[0] * q.shape[1], *q.shape[2:])


def _with_queries(rows: Array, q: Array) -> Array:
    """Add r_g q_gᵀ over examples and places, head by head: (N, T, heads, m), (N, T, heads, d) -> (h, i, heads, d)."""
    found: Array = np.matmul(_flat(rows).transpose(1, 2, 0), _flat(q).swapaxes(0, 1))
    return found.reshape(q.shape[2], *q.shape[2:], q.shape[3]).transpose(1, 2, 0, 3)
