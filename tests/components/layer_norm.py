"""Layer normalisation."""

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Diagonal,
    IdentityMap,
    Layer,
    Operator,
    Parameter,
    PositiveFloat,
    RankOne,
    add,
    compose,
)


class LayerNorm(Layer):
    """Give the last axis mean 0 and variance 1, then scale and shift it.

        y = g ⊙ x̂ + b,    x̂ = (x − μ) / σ,    σ² = mean (x − μ)² + ε
        ∂x̂/∂x = (1 − 1 1ᵀ/n − x̂ x̂ᵀ/n) / σ

    Shapes: x (N, *lead, n) -> y, the same; g, b (n,).

    Source: Ba, Kiros and Hinton, Layer Normalization (2016), eq. (3).
    """

    epsilon: PositiveFloat = 1e-5

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"g": Parameter((features,), init=1), "b": Parameter((features,))}

    def forward(self, x: Array, p: dict[str, Array], saved: dict[str, Array]) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        saved["scale"] = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self.epsilon)
        saved["x"] = centred * saved["scale"]
        return saved["x"] * p["g"] + p["b"]

    def jacobian(self, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        normalised = saved["x"]
        n = normalised.shape[-1]
        ones = np.ones_like(normalised[:1])
        projection = add(IdentityMap(), RankOne(-ones / n, ones), RankOne(-normalised / n, normalised))
        return {
            "x": compose(Diagonal(p["g"] * saved["scale"]), projection),
            "g": compose(Diagonal(normalised), Broadcast()),
            "b": Broadcast(),
        }

    def second_order(self, u: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[tuple[str, str], Operator]:
        normalised, g = saved["x"], p["g"]
        n = normalised.shape[-1]
        scale = np.broadcast_to(saved["scale"], normalised.shape)
        ones = np.ones_like(normalised[:1])
        slope = compose(
            Diagonal(scale), add(IdentityMap(), RankOne(-ones / n, ones), RankOne(-normalised / n, normalised))
        )
        error = slope.vjp(g * u)  # of x
        along = (normalised * g * u).mean(axis=-1, keepdims=True)
        return {
            ("x", "x"): add(
                compose(Diagonal(-along * scale), slope),
                RankOne(-scale * error / n, normalised),
                RankOne(-scale * normalised / n, error),
            ),
            ("x", "g"): compose(slope, Diagonal(u), Broadcast()),
        }
