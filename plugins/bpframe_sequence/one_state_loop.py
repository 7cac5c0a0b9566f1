"""The linearised loop of a recurrent layer whose state is its hidden values alone: plain recurrent layers and GRUs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.steps import Steps, stacked

__all__ = ["OneStateLoop"]


class OneStateLoop:
    """Push changes of what the gates are computed from through all steps, pull errors back, and say how steps bend.

        ȧ_t = v_t + u ḣ_{t−1},    ḣ_t = Σ_g α_{g,t} ⊙ ȧ_{g,t} + k_t ⊙ ḣ_{t−1}

    Shapes: α (N, T, gates, units), how h_t moves with what each gate is computed from; k (N, T, units), how it moves
    with h_{t−1} past the gates, or None for 0; u (gates·units, units). `bend` maps the errors of all h_t and the
    changes (ȧ, ḣ_{t−1}) to the changes of the errors of a_t and, past the gates, of h_{t−1}.

    Source: Werbos, Backpropagation Through Time: What It Does and How to Do It (1990), section III.
    """

    def __init__(
        self,
        slopes: Array,
        carried: Array | None,
        u: Array,
        steps: Steps,
        bend: Callable[[Array, Array, Array], tuple[Array, Array | None]],
    ) -> None:
        self.slopes = slopes
        self.carried = carried
        self.u = u
        self.steps = steps
        self.bend = bend
        self.batch, self.times, self.gates, self.units = slopes.shape

    def push(self, v: Array) -> tuple[Array, Array, Array]:
        """Return the changes of h_t (*S, N, T, units), of a_t (*S, N, T, gates, units) and of h_{t−1}."""
        stack, v = stacked(v, 3)
        lead = (len(v), self.batch)
        hidden = np.zeros_like(v, shape=(*lead, self.times, self.units))
        before = np.zeros_like(hidden)
        moved = np.empty_like(v, shape=(*lead, self.times, self.gates, self.units))
        gates = moved.reshape(v.shape)
        for t, previous in self.steps.forwards():
            if previous is None:
                gates[:, :, t] = v[:, :, t]
            else:
                h = before[:, :, t] = hidden[:, :, previous]
                np.add(v[:, :, t], np.matmul(h, self.u.T), out=gates[:, :, t])
            now = hidden[:, :, t] = (moved[:, :, t] * self.slopes[:, t]).sum(axis=-2)
            if self.carried is not None and previous is not None:
                hidden[:, :, t] = now + self.carried[:, t] * h
        return tuple(each.reshape(*stack, *each.shape[1:]) for each in (hidden, moved, before))  # type: ignore[return-value]

    def pull(self, errors: Array, of_gates: Array | None = None) -> tuple[Array, Array]:
        """Return the errors of a_t (*S, N, T, gates·units), and those of h_t with all that comes from later steps.

        `errors` (*S, N, T, units) are of h_t as an output, `of_gates` like a_t what is added to the errors of a_t.
        """
        stack, errors = stacked(errors, 3)
        lead = (len(errors), self.batch)
        pulled = np.empty_like(errors, shape=(*lead, self.times, self.gates, self.units))
        gates = pulled.reshape(*lead, self.times, self.gates * self.units)
        more = None if of_gates is None else of_gates.reshape(pulled.shape)
        total = errors.copy()
        for t, previous in self.steps.backwards():
            e = total[:, :, t]
            np.multiply(e[:, :, None], self.slopes[:, t], out=pulled[:, :, t])
            if more is not None:
                pulled[:, :, t] += more[:, :, t]
            if previous is not None:
                back = total[:, :, previous]
                back += np.matmul(gates[:, :, t], self.u)
                if self.carried is not None:
                    back += self.carried[:, t] * e
        return gates.reshape(*stack, *gates.shape[1:]), total.reshape(*stack, *total.shape[1:])

    def bent(self, v: Array, total: tuple[Array, ...]) -> Array:
        """Return by how much the errors of a_t change, for errors of h_t that are held: Pᵀ K P v."""
        _, moved, before = self.push(v)
        of_gates, of_before = self.bend(total[0], moved, before)
        errors = np.zeros_like(before) if of_before is None else self.steps.to_previous(of_before)
        return self.pull(errors, of_gates)[0]
