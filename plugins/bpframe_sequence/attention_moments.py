"""Second moments of what attention pulls back, of errors that are zero but at one query."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.attending import Attending

__all__ = ["attention_moments"]


def attention_moments(attending: Attending, moments: Array) -> Array:
    """Add e eᵀ over examples and places, for e = (e_q, e_k, e_v) at one place: (N, T, d, d) -> (3·d, 3·d).

    An error u of y_t alone reaches, head by head, with r_s = a_ts (v_s − y_t)/√d,

        e_q = Q u at place t, Q = Σ_s k_s r_sᵀ;    e_k = q_t r_sᵀ u and e_v = a_ts u at every place s

    so that only second moments of u are needed, by pairs of heads. Where t = s, e_q stands beside e_k and e_v.
    """
    a, q, k, v = attending.a, attending.q, attending.k, attending.v
    heads, times, size = q.shape[1:]
    by_heads = moments.reshape(*moments.shape[:2], heads, size, heads, size)  # n t h i g j
    r = (v[:, :, None] - attending.value()[:, :, :, None]) * a[..., None] * attending.scale  # n h t s i
    of_query = np.einsum("nhsi,nhtsj->nhtij", k, r, optimize=True)
    both = np.einsum("nhtsi,ngtsj->nthigj", r, r, optimize=True)
    along = np.einsum("nthigj,nthigj->nthg", both, by_heads, optimize=True)
    shared = np.einsum("nhts,ngts->nthg", a, a, optimize=True)
    mixed = np.einsum("ngts,nhtsi->nthgi", a, r, optimize=True)
    here = np.arange(times)
    r_here, a_here = r[:, :, here, here], a[:, :, here, here]  # n h t i, n h t
    sent = np.einsum("nhtpi,nthigj->nthpgj", of_query, by_heads, optimize=True)  # Q u uᵀ
    qq = np.einsum("nthpgj,ngtqj->hpgq", sent, of_query, optimize=True)
    kk = np.einsum("nhtp,nthg,ngtq->hpgq", q, along, q, optimize=True)
    vv = np.einsum("nthg,nthigj->higj", shared, by_heads, optimize=True)
    kv = np.einsum("nhtp,nthgi,nthigj->hpgj", q, mixed, by_heads, optimize=True)
    qk = np.einsum("nthpgj,ngtj,ngtq->hpgq", sent, r_here, q, optimize=True)
    qv = np.einsum("nthpgj,ngt->hpgj", sent, a_here, optimize=True)
    width = heads * size
    blocks = [each.reshape(width, width) for each in (qq, qk, qv, kk, kv, vv)]
    qq, qk, qv, kk, kv, vv = blocks
    return np.block([[qq, qk, qv], [qk.T, kk, kv], [qv.T, kv.T, vv]])
