"""A pass as the equations say it: every component is called, forward, then BP1, then BP2 to BP4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Protocol, TypeAlias

import numpy as np

from bpframe.core.backprop.backward import backward, output_errors
from bpframe.core.backprop.forward import costs, forward
from bpframe.core.backprop.weights import Scale
from bpframe.core.backprop.workspace import Workspace
from bpframe.validation.plain_arrays import Array

__all__ = ["CalledPass", "MakePass", "Pass", "Wanted"]

Arrays = Mapping[str, Array]


class Wanted(IntEnum):
    """What a pass is for: the outputs alone, the costs of the examples, or the gradient with them."""

    OUTPUTS = 0
    COSTS = 1
    GRADIENT = 2


class Pass(Protocol):
    """One kind of pass, done again and again in one workspace."""

    workspace: Workspace

    def run(self, inputs: Arrays, targets: Arrays, scale: Scale = 1.0) -> float:
        """Do a pass and return the summed cost, where it is wanted: of every example times its factor.

        The gradient of `scale` times the summed cost goes where the workspace has it; outputs are in its slots.
        """
        ...


#: Makes what does passes in a workspace, of training or not, as far as wanted.
MakePass: TypeAlias = Callable[[Workspace, bool, Wanted], Pass]


class CalledPass:
    """Calls every component in every pass. The first pass holds what they return against what they declare."""

    def __init__(self, workspace: Workspace, training: bool, wanted: Wanted) -> None:
        self.workspace = workspace
        self.training = training
        self.wanted = wanted

    def run(self, inputs: Arrays, targets: Arrays, scale: Scale = 1.0) -> float:
        """Do a pass; errors are those of `forward`, `costs`, `output_errors` and `backward`."""
        workspace, total = self.workspace, 0.0
        forward(workspace, inputs, self.training)
        if self.wanted is not Wanted.OUTPUTS:
            total = float(np.add.reduce(costs(workspace, targets)))
        if self.wanted is Wanted.GRADIENT:
            deltas = output_errors(workspace, scale)  # BP1
            backward(workspace, workspace.plan.to_parameters, deltas, workspace.slots)  # BP2, BP3, BP4
        workspace.checked = True
        return total
