"""Blocks: a residual layer, a stack of layers that a field holds, and attention of one head."""

from __future__ import annotations

from typing import Any, ClassVar

from bpframe_reference import Add, Dense, Sigmoid

from bpframe.extend import Block, Field, Layer, PositiveInt, ShapeMismatch, node

from .attention import Attention

Shape = tuple[int, ...]


class Residual(Block):
    """Add to the input what a small network makes of it: y = x + w₂ σ(w₁ x + b₁) + b₂.

    Shapes: x (N, features) -> y, the same.

    Source: He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition (2015), eq. (1).
    """

    units: PositiveInt = Field(description="Width of the hidden layer.")

    def nodes(self, features: int) -> dict[str, Any]:
        return {
            "dense_1": Dense(units=self.units),
            "sigmoid_1": Sigmoid(),
            "dense_2": Dense(units=features),
            "add_1": node(Add(), "x", "dense_2"),
        }


class Sequence(Block):
    """Apply layers one after another, `times` times, each time with parameters of its own."""

    body: tuple[Layer, ...] = Field(description="The layers, in order.")
    times: PositiveInt = Field(1, description="How often they are applied.")

    def nodes(self, shape: Shape) -> dict[str, Any]:
        return {
            f"{layer.kind}_{time * len(self.body) + place + 1}": layer
            for time in range(self.times)
            for place, layer in enumerate(self.body)
        }


class Skip(Block):
    """Add to the input what any layer makes of it: y = x + f(x)."""

    inner: Layer = Field(description="The layer f, whose output has its input's shape.")

    def nodes(self, shape: Shape) -> dict[str, Any]:
        return {"inner": self.inner, "add": node(Add(), "x", "inner")}


class Projected(Block):
    """Attention of one head with projections: y = attention(Q, K, V) + q, Q = q w_q, K = m w_k, V = m w_v.

    Shapes: query (N, T, d), memory (N, S, e) -> y (N, T, d).

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.
    """

    inputs: ClassVar[tuple[str, ...]] = ("query", "memory")

    width: PositiveInt = Field(description="Size of queries and keys.")

    def nodes(self, shapes: tuple[Shape, ...]) -> dict[str, Any]:
        query, memory = shapes
        if len(query) != 2 or len(memory) != 2:
            raise ShapeMismatch("attention works on sequences", expected="(N, T, d), (N, S, e)", received=str(shapes))
        return {
            "q": node(Dense(units=self.width), "query"),
            "k": node(Dense(units=self.width), "memory"),
            "v": node(Dense(units=query[-1]), "memory"),
            "attention": node(Attention(), "q", "k", "v"),
            "sum": node(Add(), "query", "attention"),
        }
