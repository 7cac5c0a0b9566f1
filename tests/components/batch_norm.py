"""Batch normalisation: couples the batch in training, and carries a state."""

from typing import ClassVar

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Diagonal,
    Field,
    Layer,
    Operator,
    Parameter,
    PositiveFloat,
    State,
    compose,
)


class Standardised(Operator):
    """The Jacobian of x̂ = (x − μ)/σ, with μ and σ those of the batch, feature by feature.

        J v = (v − mean v − x̂ mean(x̂ v)) / σ = Jᵀ v

    Shapes: x̂ (N, *lead, n), 1/σ (n,); inputs and outputs (*lead, n). Means are over the batch and lead.
    """

    couples_batch = True

    def __init__(self, normalised: Array, scale: Array) -> None:
        self.normalised = normalised
        self.scale = scale

    @property
    def batch(self) -> int:
        return len(self.normalised)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        axes = tuple(range(v.ndim - self.normalised.ndim, v.ndim - 1))
        along = (v * self.normalised).mean(axis=axes, keepdims=True)
        return (v - v.mean(axis=axes, keepdims=True) - self.normalised * along) * self.scale

    vjp = jvp


class StandardisedBends(Operator):
    """Σ_k u_k ∂²x̂_k/∂x∂x, of the whole batch.

        H v = −(e mean(x̂ v) + x̂ mean(e v)) / σ − (mean(x̂ u) / σ) J v,    e = J u

    Shapes: as for `Standardised`, whose J it is; u (N, *lead, n).
    """

    couples_batch = True

    def __init__(self, slope: Standardised, u: Array) -> None:
        self.slope = slope
        self.error = slope.vjp(u)
        self.along = (slope.normalised * u).mean(axis=tuple(range(u.ndim - 1)))

    @property
    def batch(self) -> int:
        return len(self.error)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        x, e = self.slope.normalised, self.error
        axes = tuple(range(v.ndim - x.ndim, v.ndim - 1))
        crossed = e * (x * v).mean(axis=axes, keepdims=True) + x * (e * v).mean(axis=axes, keepdims=True)
        return -(crossed + self.along * self.slope.jvp(v)) * self.slope.scale

    vjp = jvp


class BatchNorm(Layer):
    """Give every feature mean 0 and variance 1 over the batch, then scale and shift it.

        y = g ⊙ (x − μ)/σ + b,    σ² = variance + ε

    μ and σ² are the batch's in training and running means of them otherwise.

    Shapes: x (N, *lead, n) -> y, the same; g, b and the state's mean and variance (n,).

    Source: Ioffe and Szegedy, Batch Normalization (2015), algorithms 1 and 2.
    """

    couples_batch: ClassVar[bool] = True

    epsilon: PositiveFloat = Field(1e-5, description="ε, which keeps σ from 0.")
    momentum: float = Field(0.9, ge=0, lt=1, description="How much of the running means stays in a step.")

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"g": Parameter((features,), init=1), "b": Parameter((features,))}

    def initial_state(self, features: int) -> dict[str, State]:
        return {"mean": State((features,)), "variance": State((features,), init=1)}

    def forward(
        self, x: Array, p: dict[str, Array], state: dict[str, Array], saved: dict[str, Array], training: bool
    ) -> tuple[Array, dict[str, Array]]:
        mean, variance = state["mean"], state["variance"]
        if training:
            axes = tuple(range(x.ndim - 1))
            mean = x.mean(axis=axes)
            variance = ((x - mean) ** 2).mean(axis=axes)
            state = {
                "mean": self.momentum * state["mean"] + (1 - self.momentum) * mean,
                "variance": self.momentum * state["variance"] + (1 - self.momentum) * variance,
            }
        saved["scale"] = 1 / np.sqrt(variance + self.epsilon)
        saved["x"] = (x - mean) * saved["scale"]
        return saved["x"] * p["g"] + p["b"], state

    def jacobian(self, p: dict[str, Array], saved: dict[str, Array], training: bool) -> dict[str, Operator]:
        normalised = saved["x"]
        whole = np.ones_like(normalised[:1])
        if training:
            towards_x = compose(Diagonal(whole * p["g"]), Standardised(normalised, saved["scale"]))
        else:
            towards_x = Diagonal(whole * (p["g"] * saved["scale"]))
        return {"x": towards_x, "g": compose(Diagonal(normalised), Broadcast()), "b": Broadcast()}

    def second_order(
        self, u: Array, p: dict[str, Array], saved: dict[str, Array], training: bool
    ) -> dict[tuple[str, str], Operator]:
        if not training:
            return {("x", "g"): compose(Diagonal(u * saved["scale"]), Broadcast())}
        slope = Standardised(saved["x"], saved["scale"])
        return {
            ("x", "x"): StandardisedBends(slope, p["g"] * u),
            ("x", "g"): compose(slope, Diagonal(u), Broadcast()),
        }
