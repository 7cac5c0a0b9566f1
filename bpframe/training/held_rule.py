"""A rule that another one holds: what `update` is handed for a field with an optimizer in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from bpframe.categories import Optimizer
from bpframe.core.backprop.results import fits, wrong_array
from bpframe.errors import ContractError
from bpframe.validation.plain_arrays import Array

__all__ = ["HeldRule", "Making", "Now", "Stepping", "below", "counter_of"]

Arrays = dict[str, Array]


class Now(NamedTuple):
    """How far training has come: the steps and epochs that are over, with their history; and what batch comes."""

    step: int
    epoch: int
    history: Callable[[], Any] | None = None
    epoch_ends: bool = False
    examples: float = 1.0


class Stepping(Protocol):
    """What a rule that holds another needs of it, which may be one for each group of parameters."""

    state: Arrays
    writes_anew: bool

    def changed(
        self, gradient: Array, parameters: Array, out: Array, now: Now, state: Mapping[str, Array], buffers: Arrays
    ) -> tuple[Array, Arrays]:
        """Return Δθ and the new state."""
        ...


#: Makes the rule of an optimizer that another one holds, for a vector θ.
Making = Callable[[Optimizer, Array], Stepping]


class HeldRule:
    """What `update` is handed for a field that holds an optimizer: called with a gradient, it returns that one's Δθ."""

    def __init__(
        self,
        holder: Optimizer,
        rule: Stepping,
        field: str,
        words: Mapping[str, Any],
        out: Array,
        now: Now,
        state: Mapping[str, Array],
        buffers: Arrays,
    ) -> None:
        self.over = False
        self._holder, self._rule, self._field, self._now = holder, rule, field, now
        self._parameters, self._out = words["parameters"], out
        self._state = {name: state[below(field, name)] for name in rule.state}
        self._count = state[counter_of(field)]
        self._called = False
        self._buffers = {name: each for name in rule.state if (each := buffers.get(below(field, name))) is not None}

    def __call__(self, gradient: Any) -> Array:
        """Return Δθ of the rule for a gradient; its state and its count of steps go on. Errors: ContractError."""
        if self.over:
            raise ContractError(
                f"{self._holder.kind}: '{self._field}' was called after the update that was handed it",
                expected="calls within update: each of its steps is handed a new one",
            )
        if not fits(gradient, self._parameters.shape, self._parameters.dtype):
            problem = f"{self._holder.kind}: '{self._field}' was called with something else than a gradient"
            shape, dtype = self._parameters.shape, self._parameters.dtype
            raise wrong_array(problem, gradient, shape, dtype, self._holder, "gradient")
        now = self._now._replace(step=int(self._count))
        # What the call before has made stays as it is.
        out, buffers = (np.empty_like(self._out), {}) if self._called else (self._out, self._buffers)
        self._called = True
        change, self._state = self._rule.changed(gradient, self._parameters, out, now, self._state, buffers)
        self._count = self._count + 1
        return change

    def new_state(self) -> Arrays:
        """Return what it carries on, by the names that it has in the whole; nothing where it was not called."""
        if not self._called:
            return {}
        found = {below(self._field, name): each for name, each in self._state.items()}
        return {**found, counter_of(self._field): np.asarray(self._count)}


def counter_of(field: str) -> str:
    """Return the name of the count of steps of the rule that a field holds."""
    return f"{field}.step"


def below(field: str, name: str) -> str:
    """Return the name that an array of the rule in a field has in the whole state."""
    return f"{field}/{name}"
