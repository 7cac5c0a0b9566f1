"""Attention of a sequence to itself, of queries, keys and values that one product made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bpframe.extend import Array, Field, Layer, Operator, PositiveInt, ShapeMismatch
from bpframe_sequence.attending import Attending
from bpframe_sequence.attention import sees
from bpframe_sequence.attention_operators import AttentionBends, SideBySide, ThroughAttention

__all__ = ["MaskedSelfAttention", "SelfAttention"]


class _SelfAttention(Layer):
    heads: PositiveInt = Field(1, description="How many parts queries, keys and values are cut into.")
    causal: bool = Field(False, description="Whether step i sees steps 0 ... i alone.")

    pure: ClassVar[bool | None] = True  # `Attending` is made of its arguments alone

    def output_shape(self, shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        """Return (T, d)."""
        x, *masks = shapes
        if len(x) != 2 or x[1] % (3 * self.heads) or any(mask not in ((), x[:1]) for mask in masks):
            raise ShapeMismatch(
                f"{self.kind} takes queries, keys and values side by side",
                expected=f"(N, T, 3·d) with d a multiple of heads={self.heads}"
                + ", and a mask (N, T) or lengths (N,)" * len(masks),
                received=f"{', '.join(map(str, shapes))} after N",
            )
        return (x[0], x[1] // 3)

    def _forward(self, x: Array, mask: Array | None, saved: dict[str, Any]) -> Array:
        side = self._side(x)
        q, k, v = side.parts(x)
        saved["at"] = attending = Attending(q, k, v, sees(self.causal, x.shape[1], x.shape[1], mask))
        return side.merged(attending.value())

    def _side(self, x: Array) -> SideBySide:
        shape = (x.shape[1], x.shape[2] // 3)
        return SideBySide(shape, shape, shape, self.heads, packed=True)

    def jacobian(self, x: Array, saved: dict[str, Any]) -> dict[str, Operator]:
        """Return the way through attention."""
        return {"x": ThroughAttention(saved["at"], self._side(x))}

    def second_order(self, x: Array, u: Array, saved: dict[str, Any]) -> dict[tuple[str, str], Operator]:
        """Return how attention bends."""
        return {("x", "x"): AttentionBends(saved["at"], self._side(x), u)}


class SelfAttention(_SelfAttention):
    """Attention of a sequence to itself, of queries, keys and values side by side.

        x = [q, k, v],    y = softmax(q kᵀ/√d) v, head by head

    One dense layer makes all three, in one product. With `causal`, step i sees steps 0 ... i alone.

    Shapes: x (N, T, 3·d) -> y (N, T, d), where d is `heads` times the size of a head. Jacobian: as of `attention`.
    Nothing is learned.

    Errors: ShapeMismatch where 3·heads does not divide the last axis.

    Source: Vaswani et al., Attention Is All You Need (2017), eq. (1) and section 3.2.2.
    """

    masked_instead: ClassVar[Mapping[str, str]] = {"x": "masked_self_attention"}

    def forward(self, x: Array, saved: dict[str, Any]) -> Array:
        """Return y."""
        return self._forward(x, None, saved)


class MaskedSelfAttention(_SelfAttention):
    """The same where masked steps are not seen; a step that sees none gets zeros.

    Shapes: x as in `SelfAttention`; mask (N, T) integers, not 0 where a step counts (token numbers serve where 0 is
    padding), or lengths (N,) with the padding at the end.

    Source: as `SelfAttention`, section 3.2.3.
    """

    integer_inputs: ClassVar[tuple[str, ...]] = ("mask",)

    def forward(self, x: Array, mask: Array, saved: dict[str, Any]) -> Array:
        """Return y."""
        return self._forward(x, mask, saved)
