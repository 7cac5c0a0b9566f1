"""A cost that declares no Hessian."""

from bpframe.extend import Array, Cost


class Quartic(Cost):
    """C = Σ (a − y)⁴, with no Hessian.

    Shapes: a, y (N, n) -> C (N,).
    """

    def forward(self, a: Array, y: Array) -> Array:
        return ((a - y) ** 4).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return 4 * (a - y) ** 3
