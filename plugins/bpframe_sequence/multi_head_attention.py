"""Attention with learned projections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bpframe_optimizers import Zeros
from bpframe_reference import Dense

from bpframe.extend import Block, Field, Initializer, PositiveInt, ScaledNormal, ShapeMismatch, node
from bpframe_sequence.attention import Attention
from bpframe_sequence.self_attention import MaskedSelfAttention, SelfAttention

__all__ = ["CrossAttention", "MaskedMultiHeadAttention", "MultiHeadAttention"]

Shape = tuple[int, ...]


class _Projected(Block):
    heads: PositiveInt = Field(description="How many parts of the features have weights of their own.")
    weights: Initializer = Field(ScaledNormal(), description="Where the projections' weights start.")

    def _dense(self, units: int) -> Dense:
        return Dense(units=units, weights=self.weights, biases=Zeros())

    def _check(self, x: Shape) -> None:
        if len(x) != 2 or x[1] % self.heads:
            raise ShapeMismatch(
                f"{self.kind} goes through sequences whose features its heads divide",
                expected=f"(N, T, features) with features a multiple of heads={self.heads}",
                received=f"{x} after N",
            )


class MultiHeadAttention(_Projected):
    """Let every step of a sequence look at all others, with projections that are learned.

        [q, k, v] = w_in x + b_in,    y = w_out concat_h softmax(q_h k_hᵀ/√d_h) v_h + b_out

    With `causal`, step i sees steps 0 ... i alone. `masked_multi_head_attention` reads a mask, too.

    Shapes: x (N, T, d) -> y, the same, with d = heads·d_h; `project.w` (3·d, d), `project.b` (3·d,), `out.w` (d, d),
    `out.b` (d,). Weights start at N(0, 1)/√d, biases at 0.

    PyTorch's `nn.MultiheadAttention` has the same: in_proj_weight, in_proj_bias, out_proj.weight, out_proj.bias.

    Errors: ShapeMismatch where the heads do not divide the features.

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.2.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("mha", "multihead_attention")

    masked_instead: ClassVar[Mapping[str, str]] = {"x": "masked_multi_head_attention"}

    causal: bool = Field(False, description="Whether step i sees steps 0 ... i alone.")

    def nodes(self, shape: Shape) -> dict[str, Any]:
        """Return the projection, attention, and the projection behind it."""
        self._check(shape)
        return {
            "project": self._dense(3 * shape[1]),
            "attention": SelfAttention(heads=self.heads, causal=self.causal),
            "out": self._dense(shape[1]),
        }


class MaskedMultiHeadAttention(_Projected):
    """The same where masked steps are not seen.

    Shapes: x as in `MultiHeadAttention`; mask (N, T) integers, not 0 where a step counts (token numbers serve where 0
    is padding), or lengths (N,).

    Source: as `MultiHeadAttention`, section 3.2.3.
    """

    inputs: ClassVar[tuple[str, ...]] = ("x", "mask")

    causal: bool = Field(False, description="Whether step i sees steps 0 ... i alone.")

    def nodes(self, shapes: tuple[Shape, ...]) -> dict[str, Any]:
        """Return the projection, attention, and the projection behind it."""
        x, _ = shapes
        self._check(x)
        return {
            "project": node(self._dense(3 * x[1]), "x"),
            "attention": node(MaskedSelfAttention(heads=self.heads, causal=self.causal), "project", "mask"),
            "out": node(self._dense(x[1]), "attention"),
        }


class CrossAttention(_Projected):
    """Let every step of a query sequence look at all steps of a memory.

        q = w_q x + b_q,    [k, v] likewise of the memory,    y = w_out concat_h softmax(q_h k_hᵀ/√d_h) v_h + b_out

    Shapes: x (N, T, d), memory (N, S, e) -> y (N, T, d), with d = heads·d_h; `query.w` (d, d), `key.w` and
    `value.w` (d, e), `out.w` (d, d). Weights start at N(0, 1)/√n_in, biases at 0.

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.3, "encoder–decoder attention".
    """

    inputs: ClassVar[tuple[str, ...]] = ("x", "memory")

    masked_instead: ClassVar[Mapping[str, str]] = {"memory": "masked_attention between dense layers"}

    def nodes(self, shapes: tuple[Shape, ...]) -> dict[str, Any]:
        """Return three projections, attention, and the projection behind it."""
        x, _ = shapes
        self._check(x)
        return {
            "query": node(self._dense(x[1]), "x"),
            "key": node(self._dense(x[1]), "memory"),
            "value": node(self._dense(x[1]), "memory"),
            "attention": node(Attention(heads=self.heads), "query", "key", "value"),
            "out": node(self._dense(x[1]), "attention"),
        }
