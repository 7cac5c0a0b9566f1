"""Products with the empirical Fisher matrix: the mean outer product of the gradients per example."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bpframe.core.operators import PulledVectors
from bpframe.derivatives.first_order.pull_back import pull_back, steps_to
from bpframe.derivatives.first_order.spaces import Space
from bpframe.derivatives.points.linearisation import Linearisation, refuse_coupling
from bpframe.validation.plain_arrays import Array

__all__ = ["EmpiricalFisherProduct"]


class EmpiricalFisherProduct:
    """The map v ↦ Σ_n g_n ⟨g_n, v⟩ at a linearisation, with g_n the gradient of one example's cost.

    The gradients stay outer products g_n = Σ_l e_{n,l} a_{n,l}ᵀ: ⟨g_n, V⟩ = Σ_l e_{n,l}ᵀ V a_{n,l}, and what comes
    back is the sum of outer products with the errors scaled. It is no curvature: at a minimum that fits all examples it
    vanishes, and the Fisher information does not.

    Errors: BatchCoupledError that names a node whose component couples the examples.

    Source: Kunstner, Balles and Hennig, Limitations of the Empirical Fisher Approximation (2019), eq. (3).
    """

    def __init__(self, point: Linearisation, space: Space) -> None:
        self.point = point
        self.space = space
        self.batch = point.batch
        self._forms: dict[str, PulledVectors] = {}
        self._gradients: dict[str, Array] = {}
        if space.wrt == "parameters":
            self._forms = dict(point.parameter_forms(point.root_errors))
        else:
            for each in steps_to(point.trace, space):
                refuse_coupling(each.step.node, point.trace.jacobian(each.step.node.name))
            self._gradients = pull_back(point.trace, space, point.root_errors)

    def __call__(self, change: Mapping[str, Array], stack: tuple[int, ...] = ()) -> dict[str, Array]:
        """Multiply: (*S, *shape) by name, where what is left out does not change -> the same, zeros left out."""
        batch = self.point.batch
        along = np.zeros((*stack, batch), self.point.trace.dtype)
        for path, form in self._forms.items():
            if path in change:
                along += form.inner(change[path])
        for name, gradient in self._gradients.items():
            if name in change:
                shape = (*stack, batch, math.prod(gradient.shape[1:]))
                along += np.einsum("ni,...ni->...n", gradient.reshape(shape[-2:]), change[name].reshape(shape))
        found = {path: form.weighted(along).total() for path, form in self._forms.items()}
        for name, gradient in self._gradients.items():
            found[name] = along.reshape(*along.shape, *(1,) * (gradient.ndim - 1)) * gradient
        return found
