"""Scaled dot-product attention: three inputs."""

import numpy as np

from bpframe.extend import Array, Diagonal, Gather, Layer, Operator, RankOne, ShapeMismatch, add, compose

from .softmax import softmax_bends, softmax_of


class LeftTimes(Operator):
    """Multiply a matrix of features by one matrix per example from the left: X ↦ m X.

    Shapes: m (N, p, q); inputs (q, r), outputs (p, r).
    """

    def __init__(self, m: Array) -> None:
        self.m = m

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return np.matmul(self.m, v, out=out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return np.matmul(self.m.swapaxes(-1, -2), u, out=out)


class RightTimes(Operator):
    """Multiply a matrix of features by one matrix per example from the right: X ↦ X m.

    Shapes: m (N, q, r); inputs (p, q), outputs (p, r).
    """

    def __init__(self, m: Array) -> None:
        self.m = m

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return np.matmul(v, self.m, out=out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return np.matmul(u, self.m.swapaxes(-1, -2), out=out)


def transposed(rows: int, columns: int) -> Operator:
    """Return X ↦ Xᵀ for X (rows, columns)."""
    return Gather(np.arange(rows * columns).reshape(1, rows, columns).swapaxes(1, 2), (rows, columns))


class Attention(Layer):
    """Mix values by how well queries match keys.

        y = A v,    A = softmax(S) by rows,    S = q kᵀ / √d
        ∂y/∂v = A ·;    ∂y/∂q: q̇ ↦ softmax'(q̇ kᵀ/√d) v;    ∂y/∂k: k̇ ↦ softmax'(q k̇ᵀ/√d) v

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
        saved["a"] = softmax_of(q @ k.swapaxes(-1, -2) / float(np.sqrt(q.shape[-1])))
        return saved["a"] @ v

    def jacobian(self, q: Array, k: Array, v: Array, saved: dict[str, Array]) -> dict[str, Operator]:
        a, scale = saved["a"], float(np.sqrt(q.shape[-1]))
        keys, width = k.shape[1:]
        of_scores = compose(RightTimes(v), add(Diagonal(a), RankOne(-a, a)))
        return {
            "q": compose(of_scores, RightTimes(k.swapaxes(-1, -2) / scale)),
            "k": compose(of_scores, LeftTimes(q / scale), transposed(keys, width)),
            "v": LeftTimes(a),
        }

    def second_order(
        self, q: Array, k: Array, v: Array, u: Array, saved: dict[str, Array]
    ) -> dict[tuple[str, str], Operator]:
        a, scale = saved["a"], float(np.sqrt(q.shape[-1]))
        keys, width = k.shape[1:]
        q, k = q / scale, k / scale
        along = u @ v.swapaxes(-1, -2)  # the cotangent of A
        error = a * (along - (a * along).sum(axis=-1, keepdims=True))  # of S
        slope, bends = add(Diagonal(a), RankOne(-a, a)), softmax_bends(a, along)
        by_q, by_k = RightTimes(k.swapaxes(-1, -2)), compose(LeftTimes(q), transposed(keys, width))
        to_q, to_k = RightTimes(k), compose(transposed(width, keys), LeftTimes(q.swapaxes(-1, -2)))
        to_v = compose(transposed(u.shape[-1], keys), LeftTimes(u.swapaxes(-1, -2)), slope)
        return {
            ("q", "q"): compose(to_q, bends, by_q),
            ("k", "k"): compose(to_k, bends, by_k),
            ("q", "k"): add(compose(to_q, bends, by_k), LeftTimes(error / scale)),
            ("v", "q"): compose(to_v, by_q),
            ("v", "k"): compose(to_v, by_k),
        }
