"""What a pass is for: the outputs, or the gradient, and the summed cost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from bpframe.core.backprop.called_pass import Wanted
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.validation.plain_arrays import Array

__all__ = ["Outcome"]


class Outcome:
    """The arrays that one kind of pass leaves in its workspace, with the states that its nodes go on with."""

    def __init__(self, workspace: Workspace, wanted: Wanted) -> None:
        plan = workspace.plan
        self._held = workspace.slots
        self._is_gradient = wanted is Wanted.GRADIENT
        by_name = plan.output_slots if wanted is Wanted.OUTPUTS else plan.gradient_slots if self._is_gradient else {}
        self._slots = tuple(by_name.values())
        self._states = tuple(step.new_state_slot for step in plan.steps if step.new_state_slot is not None)

    def arrays(self) -> list[Array]:
        """Return the arrays themselves."""
        return [self._held[slot] for slot in self._slots]

    def states(self) -> list[Mapping[str, Array]]:
        """Return the states that nodes left, which no later pass writes into."""
        return [self._held[slot] for slot in self._states]

    def restore(self, copies: Iterable[Array], states: Iterable[Mapping[str, Array]]) -> None:
        """Leave copies of what another pass left."""
        for slot, array in zip(self._slots, copies, strict=True):
            if self._is_gradient:
                self._held[slot][...] = array
            else:
                self._held[slot] = read_only(array)
        for slot, state in zip(self._states, states, strict=True):
            self._held[slot] = state

    def digest(self, total: float) -> bytes:
        """Return what stands for the bytes that a pass left, with its summed cost."""
        digest = hashlib.sha256(np.float64(total).tobytes())
        for array in self.arrays():
            digest.update(np.ascontiguousarray(array).data)
        for state in self.states():
            for name in sorted(state):
                digest.update(np.ascontiguousarray(state[name]).tobytes())
        return digest.digest()
