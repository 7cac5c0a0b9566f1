"""What comes in, added to what layers make of it."""

from __future__ import annotations

from typing import Any

from bpframe_reference import Add

from bpframe.extend import Block, Field, Layer, node
from bpframe_merges.sequential import numbered

__all__ = ["Residual"]


class Residual(Block):
    """Add to the input what layers make of it.

        y = s(x) + f_k(... f_1(x)),    s the shortcut: x itself, unless another is given

    Shapes: x (N, *features) -> y, of the shape that the last layer and the shortcut have.

    Errors: ShapeMismatch where they differ: a shortcut, such as a dense layer or a convolution of size 1, makes them
    alike.

    Source: He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition* (2016), eqs. (1) and (2).
    """

    body: tuple[Layer, ...] = Field(min_length=1, description="The layers f_1, f_2, ..., in order.")
    shortcut: Layer | None = Field(None, description="What x goes through on the other way.")

    def nodes(self) -> dict[str, Any]:
        """Return the body, the shortcut and their sum."""
        found: dict[str, Any] = numbered(self.body)
        last, other = list(found)[-1], "x"
        if self.shortcut is not None:
            found["shortcut"], other = node(self.shortcut, "x"), "shortcut"
        return {**found, "sum": node(Add(), other, last)}
