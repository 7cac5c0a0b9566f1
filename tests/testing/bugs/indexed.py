"""Historical mistakes in functions that choose, order or mix entries, rebuilt small."""

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Diagonal, Field, Gather, Identity, Layer, Operator, RankOne, add, compose


class Select(Layer):
    """After PyTorch #59615: a Jacobian of mostly zeros, false in few places, which a random direction does not see.

    Entries are chosen by a mask; the one block of ones at the end is declared to be zero.
    """

    def forward(self, x: Array) -> Array:
        return x * 1.0

    def jacobian(self, x: Array) -> Operator:
        kept = np.ones_like(x[:1])
        kept[..., -1:] = 0
        return Diagonal(kept)


class Maxout(Layer):
    """The larger of two halves, with the arg-max of the two exchanged: the loser receives the error.

    Found in maxout and max-pooling kernels of several frameworks, for instance where the comparison was turned round.
    """

    def output_shape(self, features: int) -> tuple[int, ...]:
        return (features // 2,)

    def forward(self, x: Array) -> Array:
        a, b = x[:, : x.shape[1] // 2], x[:, x.shape[1] // 2 :]
        return np.where(a.real > b.real, a, b)

    def jacobian(self, x: Array) -> Operator:
        half = x.shape[1] // 2
        places = np.arange(half)
        return Gather(np.where(x[:, :half] > x[:, half:], places + half, places))


class Renorm(Layer):
    """PyTorch #59615 and #59650: clipping to a norm, with the branches of its backward pass exchanged."""

    limit: float = Field(1.5, description="The largest norm.")

    def forward(self, x: Array) -> Array:
        norm = np.sqrt((x * x).sum(axis=1, keepdims=True))
        return np.where(norm.real > self.limit, x * self.limit / norm, x)

    def jacobian(self, x: Array) -> Array:
        norm = np.sqrt((x * x).sum(axis=1, keepdims=True))
        unit = x / norm
        eye = np.eye(x.shape[1], dtype=x.dtype)
        clipped = self.limit / norm[..., None] * (eye - unit[:, :, None] * unit[:, None, :])
        return np.where(norm[..., None] <= self.limit, clipped, eye)


class Sort(Layer):
    """PyTorch #57166: a permutation's Jacobian that is wrong where two entries are close, unseen along one direction.

    Entries nearer than `tolerance` are taken for equal and left in their order.
    """

    tolerance: float = Field(0.2, description="Entries nearer than this count as ties.")

    def forward(self, x: Array) -> Array:
        return np.sort(x, axis=1)

    def jacobian(self, x: Array) -> Operator:
        return Gather(np.argsort(np.round(x / self.tolerance), axis=1, kind="stable"))


class UnaryFactor(Layer):
    """GTSAM #704: a position factor whose Jacobian is the identity; with a heading it is a rotation. Right at angle 0.

    Inputs: a displacement (2,) in the body's frame and a heading (1,); output: the displacement in the world's.
    """

    def output_shape(self) -> tuple[int, ...]:
        return (2,)

    def forward(self, t: Array, angle: Array) -> Array:
        c, s = np.cos(angle[:, 0]), np.sin(angle[:, 0])
        return np.stack([c * t[:, 0] - s * t[:, 1], s * t[:, 0] + c * t[:, 1]], axis=1)

    def jacobian(self, t: Array, angle: Array) -> dict[str, Operator | Array]:
        c, s = np.cos(angle[:, 0]), np.sin(angle[:, 0])
        turned = np.stack([-s * t[:, 0] - c * t[:, 1], c * t[:, 0] - s * t[:, 1]], axis=1)
        return {"t": Identity(), "angle": turned[:, :, None]}


class PriorFactor(Layer):
    """ORB-SLAM3 #330: the error is prior − estimate, its Jacobian was declared to be +1."""

    prior: float = Field(0.5, description="Where the estimate is expected.")

    def forward(self, x: Array) -> Array:
        return self.prior - x

    def jacobian(self, x: Array) -> Operator:
        return Identity()


class Softmax(Layer):
    """A softmax with the derivative of the sigmoid, y (1 − y): the entries off the diagonal are left out.

    The commonest slip in networks written by hand.
    """

    def forward(self, x: Array) -> Array:
        e = np.exp(x - x.real.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def jacobian(self, y: Array) -> Operator:
        return Diagonal(y * (1 - y))


class NormAtZero(Layer):
    """HIPS autograd #151, PyTorch #2421, JAX #3058: the derivative of a norm divides by it, NaN for zeros."""

    def output_shape(self) -> tuple[int, ...]:
        return (1,)

    def forward(self, x: Array) -> Array:
        return np.sqrt((x * x).sum(axis=1, keepdims=True))

    def jacobian(self, x: Array, y: Array) -> Array:
        return (x / y)[:, None, :]


class LayerNormOfConstants(Layer):
    """A normalisation that takes mean and deviation for constants, as hand-written backward passes do."""

    domain: ClassVar = (-1e6, 1e6)

    def forward(self, x: Array, saved: dict[str, Array]) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        saved["scale"] = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 0.1)
        return centred * saved["scale"]

    def jacobian(self, x: Array, saved: dict[str, Array]) -> Operator:
        ones = np.ones_like(x[:1])
        return compose(Diagonal(saved["scale"] * ones), add(Identity(), RankOne(-ones / x.shape[-1], ones)))
