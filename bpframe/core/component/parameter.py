"""What a layer says about its parameters and its state, before any array exists."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

from bpframe.core.component.initializer import Initializer
from bpframe.errors import ContractError

__all__ = ["Parameter", "State"]


@dataclass(frozen=True)
class Parameter:
    """A trainable array: its shape and where it starts.

    `init` is a number or an `Initializer`. `fan_in`, which scaled initializers divide by, is the size of the last
    axis unless it is given.
    """

    shape: tuple[int, ...]
    init: float | Initializer = 0.0
    fan_in: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self.shape, "Parameter"))
        if isinstance(self.init, bool) or not isinstance(self.init, int | float | Initializer):
            raise ContractError(
                "a Parameter's init is neither a number nor an Initializer",
                expected="a number, or an instance of Initializer",
                received=repr(self.init),
            )

    @property
    def size(self) -> int:
        """How many numbers the parameter holds."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class State:
    """An array that a layer carries from step to step without training it, such as a running mean."""

    shape: tuple[int, ...]
    init: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self.shape, "State"))


def checked_shape(shape: object, what: str) -> tuple[int, ...]:
    """Return `shape` as a tuple of sizes, or raise a `ContractError` that names `what`."""
    try:
        if not isinstance(shape, tuple | list) or any(isinstance(size, bool) for size in shape):
            raise TypeError
        sizes = tuple(operator.index(size) for size in shape)
        if min(sizes, default=0) < 0:
            raise TypeError
    except TypeError:
        raise ContractError(
            f"{what}: {shape!r} is not a shape", expected="a tuple of sizes, such as (30, 784)", received=repr(shape)
        ) from None
    return sizes
