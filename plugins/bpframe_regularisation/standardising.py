"""The Jacobian of (x − μ)/σ, with μ and σ of x itself, and how it bends: what the normalising layers share."""

from __future__ import annotations

import math

import numpy as np

from bpframe.extend import Array, Operator

__all__ = [
    "Standardised",
    "StandardisedBends",
    "StandardisedBendsWithin",
    "StandardisedWithin",
    "mean",
    "mean_product",
    "one_over_root",
    "outer",
]

# Longer sums down an axis are taken block by block, so that float32 does not lose what it adds to a large total.
_BLOCK = 512


class StandardisedWithin(Operator):
    """Take a vector's mean out, and its part along x; multiply by gain over σ.

        J v = k ⊙ P v,    Jᵀ u = P (k ⊙ u),    P v = v − mean v − c Σ(c v)/t,    c = x − μ,    t = n σ²

    Means and sums are over the n numbers along `axes` of arrays in c's shape, which may divide the features otherwise
    than the inputs do.

    Shapes: inputs and outputs are (N, *features) = `shape` after stack axes; c has as many numbers, t is like c with 1
    in `axes`, and k = gain/σ like c, with 1 where it is the same. Cost: 6 multiply-adds per feature.

    Source: Ioffe and Szegedy, Batch Normalization (2015), section 3, the chain rule through mean and variance.
    """

    structure = "standardising"

    def __init__(
        self, centred: Array, total: Array, factor: Array, axes: tuple[int, ...], shape: tuple[int, ...]
    ) -> None:
        self.centred = centred
        self.total = total
        self.factor = factor
        self.axes = axes
        self.shape = shape
        self.mixed_axes = 1 if axes == (-1,) and centred.shape == shape else None
        self.in_shape = self.out_shape = shape[1:]

    @property
    def batch(self) -> int:
        """The number of examples."""
        return self.shape[0]

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: k ⊙ P v."""
        through = self._projected(self._divided(v))
        np.multiply(through, self.factor, out=through)
        return through.reshape(v.shape)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: P (k ⊙ u)."""
        return self._projected(np.multiply(self._divided(u), self.factor)).reshape(u.shape)

    @property
    def cost(self) -> int:
        """Six multiply-adds per feature."""
        return 6 * math.prod(self.in_shape)

    def _divided(self, v: Array) -> Array:
        return v.reshape(*v.shape[: v.ndim - len(self.shape)], *self.centred.shape)

    def _projected(self, v: Array) -> Array:
        along = sum_product(self.centred, v, self.axes) / self.total
        through: Array = np.multiply(self.centred, along)
        np.subtract(v, through, out=through)
        np.subtract(through, mean(v, self.axes), out=through)
        return through


class Standardised(StandardisedWithin):
    """The same with means over the examples, too: each one's output depends on all."""

    couples_batch = True


class StandardisedBendsWithin(Operator):
    """Σ_k u_k ∂²x̂_k/∂x∂x, of x̂ = (x − μ)/σ.

        H v = −(e mean(x̂ v) + x̂ mean(e v))/σ − mean(x̂ u) J v/σ,    e = J u

    Shapes: as for `StandardisedWithin`, whose J it is, with k = 1/σ; u is a batch of its outputs.
    """

    structure = "bends of standardising"

    def __init__(self, slope: StandardisedWithin, u: Array) -> None:
        within = slope.centred.shape
        self.slope = slope
        self.normalised = slope.centred * slope.factor
        self.error = slope.vjp(u).reshape(within)
        self.along = mean_product(self.normalised, u.reshape(within), slope.axes)
        self.in_shape = self.out_shape = slope.in_shape

    @property
    def batch(self) -> int:
        """The number of examples."""
        return self.slope.batch

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward: H v."""
        x, e, axes = self.normalised, self.error, self.slope.axes
        stack = v.shape[: v.ndim - len(self.slope.shape)]
        divided = v.reshape(*stack, *x.shape)
        crossed = e * mean_product(x, divided, axes) + x * mean_product(e, divided, axes)
        turned = self.along * self.slope.jvp(v).reshape(divided.shape)
        found: Array = -(crossed + turned) * self.slope.factor
        return found.reshape(v.shape)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back, as `jvp` pushes forward: H is symmetric."""
        return self.jvp(u, out)


class StandardisedBends(StandardisedBendsWithin):
    """The same with means over the examples, too."""

    couples_batch = True


def outer(column: Array, row: Array) -> Array:
    """Multiply (..., m, 1) by (n,): (..., m, n).

    Half of it twice, as a product of matrices: BLAS writes it in a third of the time, with the same bytes.
    """
    twice = (column.swapaxes(-1, -2) * np.ones_like(column, shape=(2, 1))).swapaxes(-1, -2)
    product: Array = np.matmul(twice, row * (np.ones_like(row, shape=(2, 1)) * 0.5))
    return product


def mean(v: Array, axes: tuple[int, ...]) -> Array:
    """Average over one or two axes, which stay with length 1; of no numbers it is 0.

    Products with vectors of 1/n: BLAS adds several times as fast as NumPy's reductions over rows this short.
    """
    if axes == (-1,):
        found: Array = np.matmul(v, np.ones_like(v, shape=v.shape[-1:]) * (1 / max(v.shape[-1], 1)))[..., None]
        return found
    if axes == (-2,):
        return _mean_down(v)
    total: Array = mean(v, axes[-1:]).sum(axis=axes[0], keepdims=True) * (1 / max(v.shape[axes[0]], 1))
    return total


def sum_product(a: Array, b: Array, axes: tuple[int, ...]) -> Array:
    """Add a b up over axes, which stay with length 1, without conjugation."""
    if axes == (-1,):
        found: Array = np.matmul(a[..., None, :], b[..., :, None])[..., 0]
        return found
    return mean(np.multiply(a, b), axes) * count(b, axes)


def mean_product(a: Array, b: Array, axes: tuple[int, ...]) -> Array:
    """Average a b over axes, which stay with length 1, without conjugation."""
    if axes == (-1,):
        return sum_product(a, b, axes) * (1 / count(a, axes))
    return mean(np.multiply(a, b), axes)


def count(v: Array, axes: tuple[int, ...]) -> int:
    """Return how many numbers lie along axes, 1 where there are none."""
    size: int = math.prod(v.shape[axis] for axis in axes)
    return max(size, 1)


def total_and_inverse(centred: Array, epsilon: float, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Return t = Σ c² + n ε = n σ², and 1/σ."""
    n = count(centred, axes)
    total = sum_product(centred, centred, axes) + n * epsilon
    return total, one_over_root(total) * math.sqrt(n)


def one_over_root(v: Array) -> Array:
    """Return 1/√v; NaN of ∞: what is too large to be squared is not made 0."""
    found: Array = np.sqrt(v)
    return np.divide(found, v, out=found)


def _mean_down(v: Array) -> Array:
    """Average over the last axis but one: (..., m, n) -> (..., 1, n)."""
    length = v.shape[-2]
    blocks, rest = divmod(length, _BLOCK)
    weights = np.ones_like(v, shape=(1, _BLOCK if blocks > 1 else length)) * (1 / max(length, 1))
    total: Array
    if blocks < 2:
        total = np.matmul(weights, v)
        return total
    whole = v[..., : blocks * _BLOCK, :].reshape(*v.shape[:-2], blocks, _BLOCK, v.shape[-1])
    total = np.matmul(weights, whole).sum(axis=-3)
    return total + np.matmul(weights[:, :rest], v[..., blocks * _BLOCK :, :]) if rest else total
