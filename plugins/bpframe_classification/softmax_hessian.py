"""The Hessian of a softmax with the cross-entropy after it."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Diagonal, Operator, RankOne, Sum, add

__all__ = ["SoftmaxHessian"]


class SoftmaxHessian(Sum):
    """w (diag(p) − p pᵀ) along the last axis, with the root S = √w (diag(√p) − p √pᵀ).

    S Sᵀ = w (diag(p) − 2 p pᵀ + p pᵀ), since Σ p = 1.

    Shapes: p (N, *positions, classes), w (N, *positions, 1).
    """

    def __init__(self, p: Array, w: Array) -> None:
        weighted = w * p
        super().__init__((Diagonal(weighted), RankOne(-weighted, p)))
        self.p = p
        self.w = w

    def root(self) -> Operator:
        """Return √w (diag(√p) − p √pᵀ)."""
        root, size = np.sqrt(self.p), np.sqrt(self.w)
        return add(Diagonal(size * root), RankOne(-size * self.p, root))
