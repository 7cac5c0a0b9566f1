"""Feature shapes other than those that a component is given at: longer ones, and shorter ones that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bpframe.core.component import Component
from bpframe.core.graph.graph import Shape
from bpframe.core.graph.randomness import stream
from bpframe.testing.probing import AnyProbe, probe_of

__all__ = ["larger_shapes", "shorter_shapes", "taken"]

Shapes = tuple[Shape, ...]

#: Last axes are this many times longer.
LARGER = 8

#: Axes are cut to this length.
AXIS = 4


def larger_shapes(shapes: Shapes) -> Shapes:
    """Return the shapes with longer last axes."""
    return tuple((*shape[:-1], shape[-1] * LARGER) if shape else shape for shape in shapes)


def shorter_shapes(shapes: Sequence[Shape]) -> Iterator[Shapes]:
    """Yield the shapes with short axes: all of them; all but the last of each; the last of each alone."""
    cut = tuple(tuple(min(axis, AXIS) for axis in shape) for shape in shapes)
    yield cut
    yield tuple((*small[:-1], *shape[-1:]) for small, shape in zip(cut, shapes, strict=True))
    yield tuple((*shape[:-1], *small[-1:]) for small, shape in zip(cut, shapes, strict=True))


def taken(component: Component, candidates: Iterable[Shapes]) -> Iterator[tuple[Shapes, AnyProbe]]:
    """Yield those of some shapes at which forward computes something, each with the probe there."""
    for shapes in candidates:
        try:
            probe = probe_of(component, shapes)
            if probe is None:
                return
            probe.value(probe.sample(stream(0, "shapes"), 2))
        except Exception:  # it does not take these shapes
            continue
        yield shapes, probe
