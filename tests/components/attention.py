"""Scaled dot-product attention, of operators that the framework knows."""

import numpy as np

from bpframe.extend import Array, BatchMatMul, Diagonal, Layer, Operator, RankOne, ShapeMismatch, add, compose


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_bends(y: Array, u: Array) -> Operator:
    """Return Σ_k u_k ∂²y_k/∂x∂x = diag(p) − p yᵀ − y pᵀ, with p = (∂y/∂x) u, along the last axis."""
    p = y * (u - (y * u).sum(axis=-1, keepdims=True))
    return add(Diagonal(p), RankOne(-p, y), RankOne(-y, p))


class Attention(Layer):
    """Mix values by how well queries match keys.

        y = A v,    A = softmax(S) by rows,    S = q kᵀ / √d
        ∂y/∂v = A ·;    ∂y/∂q: q̇ ↦ softmax'(q̇ kᵀ/√d) v;    ∂y/∂k: k̇ ↦ softmax'(q k̇ᵀ/√d) v

    Other than the shipped one it is made of small operators alone, which can be repeated from a record, and two of its
    Jacobians share a factor.

    Shapes: q (N, T, d), k (N, S, d), v (N, S, m) -> y (N, T, m).

    Source: Vaswani et al., Attention Is All You Need (2017), eq. (1).
    """

    def output_shape(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        q, k, v = shapes
        if not len(q) == len(k) == len(v) == 2 or q[1] != k[1] or k[0] != v[0]:
            raise ShapeMismatch(
                "queries, keys and values do not fit",
                expected="(N, T, d), (N, S, d), (N, S, m)",
                received=f"{q}, {k}, {v} after N",
            )
        return (q[0], v[1])

    def forward(self, q: Array, k: Array, v: Array, saved: dict[str, Array]) -> Array:
        saved["a"] = softmax(q @ k.swapaxes(-1, -2) / float(np.sqrt(q.shape[-1])))
        return saved["a"] @ v

    def jacobian(self, q: Array, k: Array, v: Array, saved: dict[str, Array]) -> dict[str, Operator]:
        a, scale = saved["a"], float(np.sqrt(q.shape[-1]))
        of_scores = compose(BatchMatMul(v, "right"), add(Diagonal(a), RankOne(-a, a)))
        return {
            "q": compose(of_scores, BatchMatMul(k.swapaxes(-1, -2) / scale, "right")),
            "k": compose(of_scores, BatchMatMul(q / scale, "left", transpose=True)),
            "v": BatchMatMul(a, "left"),
        }

    def second_order(
        self, q: Array, k: Array, v: Array, u: Array, saved: dict[str, Array]
    ) -> dict[tuple[str, str], Operator]:
        a, scale = saved["a"], float(np.sqrt(q.shape[-1]))
        q, k = q / scale, k / scale
        along = u @ v.swapaxes(-1, -2)  # the cotangent of A
        error = a * (along - (a * along).sum(axis=-1, keepdims=True))  # of S
        slope, bends = add(Diagonal(a), RankOne(-a, a)), softmax_bends(a, along)
        by_q, by_k = BatchMatMul(k.swapaxes(-1, -2), "right"), BatchMatMul(q, "left", transpose=True)
        to_q, to_k = BatchMatMul(k, "right"), BatchMatMul(q, "right", transpose=True)
        to_v = compose(BatchMatMul(u, "right", transpose=True), slope)
        return {
            ("q", "q"): compose(to_q, bends, by_q),
            ("k", "k"): compose(to_k, bends, by_k),
            ("q", "k"): add(compose(to_q, bends, by_k), BatchMatMul(error / scale, "left")),
            ("v", "q"): compose(to_v, by_q),
            ("v", "k"): compose(to_v, by_k),
        }
