"""Which probe looks at a component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from bpframe.core.component import Block, Component, Cost, Layer
from bpframe.core.graph.graph import Shape
from bpframe.testing.block_probe import BlockProbe
from bpframe.testing.intervals import domains_of
from bpframe.testing.probe import CostProbe, LayerProbe

__all__ = ["AnyProbe", "probe_of"]

AnyProbe: TypeAlias = LayerProbe | CostProbe | BlockProbe


def probe_of(component: Component, shapes: Sequence[Shape]) -> AnyProbe | None:
    """Return the probe of a layer, activation, block or cost; None for what has no Jacobian."""
    if isinstance(component, Block):
        return BlockProbe(component, shapes)
    if isinstance(component, Layer | Cost):
        domains_of(component, ())  # a domain that names no input is told before any check
    if isinstance(component, Layer):
        return LayerProbe(component, shapes)
    if isinstance(component, Cost):
        return CostProbe(component, shapes)
    return None
