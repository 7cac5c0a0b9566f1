"""The linearised loop of a recurrent layer whose state is its hidden values alone: plain recurrent layers and GRUs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.by_step import by_time, cuts, stacked
from bpframe_sequence.second_moments import moments_of_one_state, ordered

__all__ = ["OneStateLoop"]


class OneStateLoop:
    """Push changes of what the gates are computed from through all steps, pull errors back, and say how steps bend.

        ȧ_t = v_t + u ḣ_{t−1},    ḣ_t = Σ_g α_{g,t} ⊙ ȧ_{g,t} + k_t ⊙ ḣ_{t−1}

    Shapes: in the order of the steps α (T, N, gates, units), how h_t moves with what each gate is computed from, and
    k (T, N, units), how it moves with h_{t−1} past the gates, or None for 0; u (gates·units, units). `bend` maps the
    errors of all h_t and the changes (ȧ, ḣ_{t−1}) to the changes of the errors of a_t and, past the gates, of h_{t−1}.

    Source: Werbos, Backpropagation Through Time: What It Does and How to Do It (1990), section III.
    """

    def __init__(
        self,
        slopes: Array,
        carried: Array | None,
        u: Array,
        backward: bool,
        truncate: int | None,
        bend: Callable[[Array, Array, Array], tuple[Array, Array | None]],
    ) -> None:
        self.slopes = slopes
        self.carried = carried
        self.u = u
        self.backward = backward
        self.truncate = truncate
        self.bend = bend
        self.times, self.batch, self.gates, self.units = slopes.shape
        self.seen = self.units

    def push(self, v: Array) -> tuple[Array, Array]:
        """Return the changes of h_t and of h_{t−1}, (*S, N, T, units)."""
        stack, v = stacked(v, self.backward)
        hidden, _, before = self._push(v)
        return self._unstacked(hidden, stack), self._unstacked(before, stack)

    def pull(self, errors: Array) -> tuple[Array, Array]:
        """Return the errors of a_t (*S, N, T, gates·units), and those of h_t with all that comes from later steps."""
        stack, errors = stacked(errors, self.backward)
        gates, hidden = self._pull(errors, None)
        return self._unstacked(gates, stack), self._unstacked(hidden, stack)

    def to_previous(self, errors: Array) -> Array:
        """Return the errors of a_t for errors of h_{t−1}, (*S, N, T, units)."""
        stack, errors = stacked(errors, self.backward)
        return self._unstacked(self._pull(self._moved(errors), None)[0], stack)

    def moments(self, reached: Array) -> Array:
        """Return Σ e eᵀ of what `pull` returns first, from Σ of the errors' own, (N, T, units, units)."""
        steps = list(enumerate(cuts(self.times, self.truncate)))
        return moments_of_one_state(ordered(reached, self.backward), self.slopes, self.carried, self.u, steps)

    def bent(self, v: Array, total: tuple[Array, ...]) -> Array:
        """Return by how much the errors of a_t change, for errors of h_t that are held: Pᵀ K P v."""
        stack, v = stacked(v, self.backward)
        _, errors = stacked(total[0], self.backward)
        _, moved, before = self._push(v)
        of_gates, of_before = self.bend(errors, moved, before)
        passed = np.zeros_like(before) if of_before is None else self._moved(of_before)
        return self._unstacked(self._pull(passed, of_gates)[0], stack)

    def _push(self, v: Array) -> tuple[Array, Array, Array]:
        hidden = np.zeros_like(v, shape=(*v.shape[:3], self.units))
        moved = v.reshape(*v.shape[:3], self.gates, self.units)  # v is a copy, which becomes ȧ
        before = np.zeros_like(hidden)
        for t, cut in enumerate(cuts(self.times, self.truncate)):
            if not cut:
                before[t] = hidden[t - 1]
                v[t] += np.matmul(before[t], self.u.T)
            (moved[t] * self.slopes[t]).sum(axis=-2, out=hidden[t])
            if self.carried is not None and not cut:
                hidden[t] += self.carried[t] * before[t]
        return hidden, moved, before

    def _pull(self, hidden: Array, more: Array | None) -> tuple[Array, Array]:
        shape = hidden.shape
        lead = shape[1:3] if shape[1] != 1 else shape[2:3]  # each axis costs time in every step
        hidden = hidden.reshape(self.times, *lead, self.units)
        pulled = np.empty_like(hidden, shape=(self.times, *lead, self.gates, self.units))
        more = None if more is None else more.reshape(pulled.shape)
        gates, back = pulled.reshape(*shape[:3], self.gates * self.units), np.empty_like(hidden, shape=hidden.shape[1:])
        count = math.prod(lead)
        rows, flat = gates.reshape(self.times, count, gates.shape[-1]), back.reshape(count, self.units)
        # Iterating over arrays makes the views of all steps faster than looking each one up.
        views = (hidden, hidden[..., None, :], self.slopes, pulled, rows)
        steps = list(zip(cuts(self.times, self.truncate), *views, strict=True))
        for t in reversed(range(self.times)):
            cut, h, wide, slopes, now, row = steps[t]
            np.multiply(wide, slopes, out=now)
            if more is not None:
                now += more[t]
            if not cut:
                before = steps[t - 1][1]
                np.matmul(row, self.u, out=flat)
                before += back
                if self.carried is not None:
                    before += np.multiply(self.carried[t], h, out=back)
        return gates, hidden.reshape(shape)

    def _moved(self, of_before: Array) -> Array:
        """Return what belongs to h_t, given what belongs to h_{t−1}."""
        moved = np.zeros_like(of_before)
        for t, cut in enumerate(cuts(self.times, self.truncate)):
            if not cut:
                moved[t - 1] = of_before[t]
        return moved

    def _unstacked(self, steps: Array, stack: tuple[int, ...]) -> Array:
        found = by_time(steps, self.backward)
        return found.reshape(*stack, *found.shape[1:])
