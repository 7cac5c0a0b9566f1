"""Max-pooling over one or two axes."""

import math

import numpy as np

from bpframe.extend import Array, Field, Gather, Layer, Operator, PositiveInt, ShapeMismatch


class MaxPool(Layer):
    """Keep the largest entry of every block.

        y_{t, c} = max_{s < size} x_{t·size + s, c}        (two axes: of every rectangle)

    Blocks do not overlap; what does not fill one is left out.

    Shapes: x (N, T, channels) -> y (N, T // size, channels) for one size, (N, H, W, channels) for two. Jacobian:
    gather, with the arg-max that forward saved.
    """

    size: tuple[PositiveInt, ...] = Field(min_length=1, max_length=2)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        axes = len(self.size)
        if len(shape) != axes + 1 or any(length < size for length, size in zip(shape, self.size, strict=False)):
            raise ShapeMismatch(
                "its blocks do not fit",
                expected=f"{axes} axes of at least {self.size}, then channels",
                received=str(shape),
            )
        return (*(length // size for length, size in zip(shape, self.size, strict=False)), shape[-1])

    def forward(self, x: Array, saved: dict[str, Array]) -> Array:
        positions = np.arange(math.prod(x.shape[1:])).reshape(x.shape[1:])
        blocks, places = self._blocks(x), self._blocks(positions[None])
        winner = blocks.argmax(axis=-1)[..., None]
        saved["index"] = np.take_along_axis(np.broadcast_to(places, blocks.shape), winner, axis=-1)[..., 0]
        return np.take_along_axis(blocks, winner, axis=-1)[..., 0]

    def jacobian(self, saved: dict[str, Array]) -> Operator:
        return Gather(saved["index"])

    def second_order(self) -> dict[tuple[str, str], Operator]:
        return {}  # linear wherever the arg-max stays

    def _blocks(self, x: Array) -> Array:
        """(N, *axes, channels) -> (N, *blocks, channels, entries of a block)."""
        for axis, size in enumerate(self.size, start=1):
            x = np.moveaxis(x, axis, 1)
            count = x.shape[1] // size
            x = x[:, : count * size].reshape(len(x), count, size, *x.shape[2:])
            x = np.moveaxis(np.moveaxis(x, 2, -1), 1, axis)
        last = x.ndim - len(self.size)
        return x.reshape(*x.shape[:last], math.prod(x.shape[last:]))
