"""The rectifier whose leak is learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Diagonal,
    Field,
    FiniteFloat,
    Layer,
    Operator,
    Parameter,
    compose,
)

__all__ = ["Prelu"]


class Prelu(Layer):
    """Let positive entries through, and a part of negative ones that is learned, for each channel by itself.

        y = max(0, z) + s min(0, z)
        ∂y/∂z = 1 where z > 0, else s,    ∂y/∂s = min(0, z)

    At the kink z = 0 the slope is s, as in PyTorch.

    Shapes: z (N, *lead, channels) -> y, the same; s (channels,). Jacobians: diagonal in z, a diagonal after a broadcast
    in s. s starts at `start`.

    Source: He, Zhang, Ren and Sun, *Delving Deep into Rectifiers* (2015), eq. (1), with a = 0.25 at first.
    """

    start: FiniteFloat = Field(0.25, description="Where every slope s starts.")

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return s (channels,)."""
        return {"s": Parameter((features,), init=self.start)}

    def forward(self, z: Array, p: Mapping[str, Array], out: Array) -> Array:
        """Return max(0, z) + s min(0, z), written into `out`."""
        np.minimum(z, 0, out=out)
        np.multiply(out, p["s"], out=out)
        return np.add(out, np.maximum(z, 0), out=out)

    def jacobian(self, z: Array, p: Mapping[str, Array]) -> dict[str, Operator]:
        """Return the slopes in z, and min(0, z) in s."""
        slope = np.where(z > 0, np.ones_like(p["s"]), p["s"])
        return {"z": Diagonal(slope), "s": compose(Diagonal(np.minimum(z, 0)), Broadcast())}

    def second_order(self, z: Array, u: Array) -> dict[tuple[str, str], Operator]:
        """Return the one second derivative that is not zero: where z <= 0, a change of s changes the slope in z."""
        return {("z", "s"): compose(Diagonal(np.where(z > 0, np.zeros_like(u), u)), Broadcast())}
