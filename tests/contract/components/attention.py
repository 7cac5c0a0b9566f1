"""Scaled dot-product attention: three inputs."""

import numpy as np

from bpframe.extend import Array, Diagonal, Gather, Layer, Operator, RankOne, ShapeMismatch, add, compose

from .softmax import softmax_of


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
        transposed = np.arange(keys * width).reshape(1, keys, width).swapaxes(1, 2)
        return {
            "q": compose(of_scores, RightTimes(k.swapaxes(-1, -2) / scale)),
            "k": compose(of_scores, LeftTimes(q / scale), Gather(transposed, (keys, width))),
            "v": LeftTimes(a),
        }
