"""What a layer says about its parameters and its state, before any array exists."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bpframe.core.component.initializer import Initializer
from bpframe.errors import ContractError
from bpframe.validation.plain_arrays import Array

__all__ = ["Parameter", "State"]


@dataclass(frozen=True)
class Parameter:
    """A trainable array: its shape and where it starts.

    `init` is a number or an `Initializer`. Of what scaled initializers divide by, `fan_in` is the size of the last axis
    and `fan_out` that of the first, unless they are given.
    """

    shape: tuple[int, ...]
    init: float | Initializer = 0.0
    fan_in: int | None = None
    fan_out: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self.shape, "Parameter"))
        if isinstance(self.init, bool) or not isinstance(self.init, int | float | Initializer):
            problem = "a Parameter's init is neither a number nor an Initializer"
            raise ContractError(problem, expected="a number, or an instance of Initializer", received=repr(self.init))

    @property
    def size(self) -> int:
        """How many numbers the parameter holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class State:
    """An array that a layer carries from step to step without training it, such as a running mean.

    `init`, where it starts, is a number, an array of this shape, which is copied, or an `Initializer`, which draws from
    a random stream of this state's own, with the `fan_in` and `fan_out` that a parameter has unless they are given.
    """

    shape: tuple[int, ...]
    init: float | Array | Initializer = 0.0
    fan_in: ClassVar[None] = None
    fan_out: ClassVar[None] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self.shape, "State"))
        if isinstance(self.init, Initializer):
            return
        start, numbers = np.array(self.init), isinstance(self.init, int | float | np.ndarray | np.generic)
        if not numbers or start.dtype.kind not in "iuf" or np.isnan(start).any():
            raise ContractError(
                "a State's init is neither a number, an array of numbers nor an Initializer",
                expected="a number, an array of the state's shape without NaN, or an instance of Initializer",
                received=f"an array {start.shape}, {start.dtype}" if start.ndim else repr(self.init),
            )
        if start.ndim and start.shape != self.shape:
            raise ContractError(
                "a State's init has another shape than the state", expected=str(self.shape), received=str(start.shape)
            )
        start.flags.writeable = False
        object.__setattr__(self, "init", start if start.ndim else self.init)


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
