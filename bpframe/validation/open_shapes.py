"""Shapes some lengths of which are left open: None in their place."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["batched", "fits", "opened"]


def fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    """Whether a feature shape is the wanted one; an open axis takes any length but 0."""
    return len(shape) == len(wanted) and all(
        size == each or (each is None and size > 0) for size, each in zip(shape, wanted, strict=True)
    )


def batched(shape: Sequence[int | None]) -> str:
    """Return a shape with examples on axis 0, as messages write it: `(N, 28, 28)`, with `?` for an open axis."""
    return f"(N, {', '.join('?' if size is None else str(size) for size in shape)})" if shape else "(N,)"


def opened(shape: Sequence[int | None], open_one: Sequence[int | None]) -> tuple[int | None, ...]:
    """Return a shape with its lengths left open where another one's are."""
    if len(shape) != len(open_one):
        return tuple(shape)
    return tuple(None if other is None else size for size, other in zip(shape, open_one, strict=True))
