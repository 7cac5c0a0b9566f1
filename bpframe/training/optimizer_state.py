"""What an optimizer carries from step to step, as a value of its own."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bpframe.errors import ContractError, DataError, no_such
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["OptimizerState", "checked_count", "checked_state"]


class OptimizerState(Mapping[str, Array]):
    """What an optimizer carries: arrays by name, and how far training has come.

    `step` counts the steps that were taken, `epoch` is the epoch that the next one belongs to, from 0: what `update`
    and schedules are told. `optimizer` is the `kind` of the optimizer whose state it is, with what it holds:
    `clip_global_norm(adam)`. The arrays are read-only copies; of a group of parameters with fields of its own, a name
    begins with the group's pattern, `*.b/velocity`, and of an optimizer that is held with the field's, `optimizer/m`;
    `optimizer.step` counts its steps. `averages` names the array that holds averaged parameters, where there is one.

    Errors: DataError (a count is negative, or an array holds no numbers).
    """

    def __init__(
        self, optimizer: str, arrays: Mapping[str, Any], step: int = 0, epoch: int = 0, averages: str = ""
    ) -> None:
        self.optimizer, self.averages = str(optimizer), str(averages)
        self.step, self.epoch = checked_count("step", step), checked_count("epoch", epoch)
        try:
            self._arrays = checked_state(arrays, "OptimizerState was given")
        except ContractError as error:
            raise DataError(error.problem, expected=error.expected, received=error.received) from None
        for array in self._arrays.values():
            array.flags.writeable = False

    def __getitem__(self, name: str) -> Array:
        try:
            return self._arrays[name]
        except KeyError:
            raise no_such("state", name, self._arrays) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OptimizerState):
            return NotImplemented
        mine, theirs = (
            (each.optimizer, each.step, each.epoch, {name: array.dtype for name, array in each.items()})
            for each in (self, other)
        )
        return mine == theirs and all(np.array_equal(array, other[name]) for name, array in self.items())

    def __deepcopy__(self, memo: dict[int, Any]) -> OptimizerState:
        return self  # nobody can change it

    def __reduce__(self) -> tuple[Any, ...]:
        return OptimizerState, (self.optimizer, dict(self._arrays), self.step, self.epoch, self.averages)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}: {array.shape}" for name, array in self.items())
        return f"OptimizerState({self.optimizer}, step {self.step}, epoch {self.epoch}, {{{parts}}})"


def checked_state(arrays: Mapping[str, Any], given: str) -> dict[str, Array]:
    """Return copies of arrays by name; `given` begins messages.

    Errors: ContractError (no mapping, a name is no text, or no numbers).
    """
    if not isinstance(arrays, Mapping):
        raise ContractError(f"{given} no mapping", expected="names to arrays", received=type(arrays).__name__)
    found: dict[str, Array] = {}
    for name, value in arrays.items():
        if not isinstance(name, str):
            raise ContractError(f"{given} a name that is no text", expected="names to arrays", received=repr(name))
        try:
            array = found[name] = np.array(value, order="C")
        except ValueError:  # lists of different lengths
            array = np.array(None)
        if array.dtype.kind not in "biuf":
            received = f"{shortened(value)}, {array.dtype}"
            raise ContractError(f"{given} no numbers in '{name}'", expected="an array of numbers", received=received)
    return found


def checked_count(what: str, value: Any) -> int:
    """Return a count of steps or epochs. Errors: DataError."""
    try:
        number = operator.index(value)
        if isinstance(value, bool) or number < 0:
            raise TypeError
    except TypeError:
        raise DataError(f"{what} is no count", expected="an integer from 0 on", received=shortened(value)) from None
    return number
