"""Second moments of what attention pulls back, of errors that are zero but at one query."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.attending import Attending

__all__ = ["attention_moments"]


def attention_moments(attending: Attending, reached: Array) -> Array:
    """Add e eᵀ over examples and places, for errors u that are zero but at one place: (N, T, m, m) -> (3·m, 3·m).

    An error u of step t reaches step s as [δ_ts G_t u, (w_ts · u) q_t, a_ts u], head by head, with
    w_ts = a_ts (v_s − y_t)/√d and G_t = Σ_s k_s w_tsᵀ. Every block is a sum over t, and s, of products of two of these
    around M_t, the moments of the errors of step t.

    Shapes: M (N, T, m, m); q, k and v stand one after another, heads inside.
    """
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
    total[0, :, :, 1] = np.einsum("nthig,ntgj->higj", np.einsum("nthigb,ntgb->nthig", once, w_here), q)
    total[0, :, :, 2] = np.einsum("nthigj,ntg->higj", once, a_here)
    pairs = np.einsum("nthagb,nthagb->nthg", m, gram)
    total[1, :, :, 1] = np.einsum("nthig,ntgj->higj", pairs[:, :, :, None] * q[..., None], q)
    total[1, :, :, 2] = np.einsum("nthi,nthgj->higj", q, np.einsum("ntgha,nthagj->nthgj", through, m))
    total[2, :, :, 2] = np.einsum("nthg,nthigj->higj", np.matmul(a, a.swapaxes(-1, -2)), m)
    found = total.reshape(3, size, 3, size)
    for one, other in ((1, 0), (2, 0), (2, 1)):
        found[one, :, other] = found[other, :, one].T
    return total.reshape(3 * size, 3 * size)
