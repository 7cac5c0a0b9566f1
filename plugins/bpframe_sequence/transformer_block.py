"""The layer that transformers repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from bpframe_activations import Gelu
from bpframe_optimizers import Zeros
from bpframe_reference import Add, Dense
from bpframe_regularisation import Dropout, LayerNorm

from bpframe.extend import Block, Field, Initializer, Layer, PositiveInt, ScaledNormal, node
from bpframe_sequence.multi_head_attention import MaskedMultiHeadAttention, MultiHeadAttention

__all__ = ["MaskedTransformerBlock", "TransformerBlock"]

Shape = tuple[int, ...]


class _Transformer(Block):
    heads: PositiveInt = Field(description="How many heads attention has.")
    units: PositiveInt | None = Field(None, description="Width of the hidden layer; None: four times the features.")
    causal: bool = Field(False, description="Whether step i sees steps 0 ... i alone.")
    norm_first: bool = Field(True, description="Whether x is normalised before each part, or the sum behind it.")
    rate: float = Field(0.0, ge=0, lt=1, description="The share that dropout leaves out of what is added, in training.")
    activation: Layer = Field(Gelu(), description="What the hidden layer does entry by entry.")
    weights: Initializer = Field(ScaledNormal(), description="Where all weights start.")

    def _nodes(self, features: int, masks: tuple[str, ...]) -> dict[str, Any]:
        attention = MaskedMultiHeadAttention if masks else MultiHeadAttention
        units = 4 * features if self.units is None else self.units
        found: dict[str, Any] = {}

        def follow(name: str, layer: Layer, *sources: str) -> str:
            found[name] = node(layer, *sources)
            return name

        def added(start: str, number: int, last: str) -> str:
            if self.rate:
                last = follow(f"dropout_{number}", Dropout(rate=self.rate), last)
            total = follow(f"add_{number}", Add(), start, last)
            return total if self.norm_first else follow(f"norm_{number}", LayerNorm(), total)

        def begun(start: str, number: int) -> str:
            return follow(f"norm_{number}", LayerNorm(), start) if self.norm_first else start

        of_heads = attention(heads=self.heads, causal=self.causal, weights=self.weights)
        middle = added("x", 1, follow("attention", of_heads, begun("x", 1), *masks))
        hidden = follow("hidden", Dense(units=units, weights=self.weights, biases=Zeros()), begun(middle, 2))
        hidden = follow("activation", self.activation, hidden)
        added(middle, 2, follow("out", Dense(units=features, weights=self.weights, biases=Zeros()), hidden))
        return found


class TransformerBlock(_Transformer):
    """Attention, then a hidden layer at every step, each added to what came in.

        z = x + attention(norm x),    y = z + w₂ φ(w₁ norm z + b₁) + b₂

    `norm_first: false` is the paper's order: z = norm(x + attention x), y = norm(z + ...). φ is GELU unless another
    `activation` is given (the paper's is ReLU).

    Shapes: x (N, T, d) -> y, the same; `attention.project.w` (3·d, d), `attention.out.w` (d, d), `hidden.w`
    (units, d), `out.w` (d, units), their biases, and gain `g` and offset `b` of `norm_1` and `norm_2`. Weights start at
    N(0, 1)/√n_in, biases at 0, gains at 1.

    PyTorch's `nn.TransformerEncoderLayer` has the same: self_attn, linear1, linear2, norm1 and norm2; its default is
    `norm_first: false` and ReLU.

    Errors: ShapeMismatch where the heads do not divide the features.

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.1; the order of GPT-2, Xiong et al., On Layer
    Normalization in the Transformer Architecture (2020), figure 1 (b).
    """

    masked_instead: ClassVar[Mapping[str, str]] = {"x": "masked_transformer_block"}

    def nodes(self, features: int) -> dict[str, Any]:
        """Return attention and the hidden layer, with what stands around them."""
        return self._nodes(features, ())


class MaskedTransformerBlock(_Transformer):
    """The same where masked steps are not seen.

    Shapes: x as in `TransformerBlock`; mask (N, T) integers, not 0 where a step counts (token numbers serve where 0 is
    padding), or lengths (N,).

    Source: as `TransformerBlock`.
    """

    inputs: ClassVar[tuple[str, ...]] = ("x", "mask")

    def nodes(self, shapes: tuple[Shape, ...]) -> dict[str, Any]:
        """Return attention and the hidden layer, with what stands around them."""
        return self._nodes(shapes[0][-1], ("mask",))
