"""Layers one after another, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bpframe.extend import Block, Field, Layer, PositiveInt

__all__ = ["Sequential", "numbered"]


class Sequential(Block):
    """Apply layers one after another, all of them several times if wanted, each time with parameters of its own.

        y = f_k(... f_2(f_1(x)))

    Shapes: x (N, *features) -> y, that of the last layer.

    Source: composition; the chain rule is Leibniz's.
    """

    body: tuple[Layer, ...] = Field(min_length=1, description="The layers f_1, f_2, ..., in order.")
    times: PositiveInt = Field(1, description="How often they are applied.")

    def nodes(self) -> dict[str, Any]:
        """Return the layers in order."""
        return numbered(self.body * self.times)


def numbered(layers: Sequence[Layer]) -> dict[str, Any]:
    """Return layers by names that say their kind and which one of it they are."""
    counts: dict[str, int] = {}
    found = {}
    for layer in layers:
        counts[layer.kind] = counts.get(layer.kind, 0) + 1
        found[f"{layer.kind}_{counts[layer.kind]}"] = layer
    return found
