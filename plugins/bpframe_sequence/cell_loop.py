"""The linearised loop of an LSTM: hidden values and cells."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.by_step import by_time, cuts, stacked
from bpframe_sequence.second_moments import moments_of_cells, ordered

__all__ = ["CellLoop", "Opened"]


class Opened(NamedTuple):
    """What an LSTM computed, in the order of the steps: gates (T, 4, N, units), c_{t−1} and tanh c_t (T, N, units).

    The gates are i, f, o, g. `keeps`, (T, N, 1), is 1 where a step is masked and keeps the state, or None.
    """

    gates: Array
    before: Array
    squashed: Array
    keeps: Array | None


class CellLoop:
    """Push changes of what the gates are computed from through all steps, pull errors back, and say how steps bend.

        ȧ_t = v_t + u ḣ_{t−1},    ċ_t = α_i ȧ_i + α_f ȧ_f + α_g ȧ_g + f ċ_{t−1},    ḣ_t = s ċ_t + α_o ȧ_o
        α_i = i (1 − i) g,    α_f = f (1 − f) c_{t−1},    α_g = i (1 − g²),    α_o = o (1 − o) tanh c_t,
        s = o (1 − tanh² c_t)

    Shapes: as in `Opened`; u (4·units, units), and what the gates are computed from, in the order i, f, g, o.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), appendix A, with the forget gate of Gers,
    Schmidhuber and Cummins (2000) and all of the gradient.
    """

    gates = 4

    def __init__(self, opened: Opened, u: Array, backward: bool, truncate: int | None) -> None:
        gates, before, squashed, keeps = self.opened = opened
        self.u = u
        self.backward = backward
        self.truncate = truncate
        self.times, _, self.batch, self.units = gates.shape
        self.seen = self.units
        i, f, o, g = gates.swapaxes(0, 1)
        slopes = np.empty_like(gates)
        of_i, of_f, of_g, of_o = slopes.swapaxes(0, 1)
        for slope, gate, other in ((of_i, i, g), (of_f, f, before), (of_o, o, squashed)):
            np.subtract(1, gate, out=slope)
            slope *= gate
            slope *= other
        np.multiply(g, g, out=of_g)
        np.subtract(1, of_g, out=of_g)
        of_g *= i
        self.slopes = slopes = slopes.swapaxes(1, 2)  # (T, N, 4, units)
        self.shown = squashed * squashed
        np.subtract(1, self.shown, out=self.shown)
        self.shown *= o
        self.forget = f
        if keeps is not None:
            slopes *= (1 - keeps)[:, :, None]
            self.shown *= 1 - keeps
            self.forget = np.where(keeps == 1, np.ones_like(f), f)

    def push(self, v: Array) -> tuple[Array, Array]:
        """Return the changes of h_t and of h_{t−1}, (*S, N, T, units)."""
        stack, v = stacked(v, self.backward)
        hidden = self._push(v)[0]
        return self._unstacked(hidden, stack), self._unstacked(self._changes_before(hidden), stack)

    def pull(self, errors: Array) -> tuple[Array, ...]:
        """Return the errors of a_t (*S, N, T, 4·units), and those of h_t and c_t with what comes from later steps."""
        stack, errors = stacked(errors, self.backward)
        return tuple(self._unstacked(each, stack) for each in self._pull(errors))

    def to_previous(self, errors: Array) -> Array:
        """Return the errors of a_t for errors of h_{t−1}, (*S, N, T, units)."""
        stack, errors = stacked(errors, self.backward)
        moved = np.zeros_like(errors)
        for t, cut in enumerate(cuts(self.times, self.truncate)):
            if not cut:
                moved[t - 1] = errors[t]
        return self._unstacked(self._pull(moved)[0], stack)

    def moments(self, reached: Array) -> Array:
        """Return Σ e eᵀ of what `pull` returns first, from Σ of the errors' own, (N, T, units, units)."""
        steps = list(enumerate(cuts(self.times, self.truncate)))
        reached = ordered(reached, self.backward)
        return moments_of_cells(reached, self.slopes, self.shown, self.forget, self.opened.keeps, self.u, steps)

    def bent(self, v: Array, total: tuple[Array, ...]) -> Array:
        """Return by how much the errors of a_t change, for errors of h_t and c_t that are held: Pᵀ K P v."""
        stack, v = stacked(v, self.backward)
        of_h, of_c = (stacked(each, self.backward)[1] for each in total)
        _, moved, past, cells = self._push(v)
        gates, before, squashed, keeps = self.opened
        i, f, o, g = gates.swapaxes(0, 1)[:, :, None]
        before, squashed = before[:, None], squashed[:, None]
        di, df, dg, do = i * (1 - i), f * (1 - f), 1 - g * g, o * (1 - o)
        slope = 1 - squashed * squashed
        if keeps is not None:
            of_h, of_c = of_h * (1 - keeps[:, None]), of_c * (1 - keeps[:, None])
        a_i, a_f, a_g, a_o = (moved[..., k, :] for k in range(4))
        shown = of_h * slope * (do * a_o - 2 * o * squashed * cells)
        bends = np.empty_like(moved)
        bends[..., 0, :] = of_c * di * ((1 - 2 * i) * g * a_i + dg * a_g) + di * g * shown
        bends[..., 1, :] = of_c * df * ((1 - 2 * f) * before * a_f + past) + df * before * shown
        bends[..., 2, :] = of_c * dg * (di * a_i - 2 * i * g * a_g) + i * dg * shown
        bends[..., 3, :] = of_h * do * ((1 - 2 * o) * squashed * a_o + slope * cells)
        pulled = self._pull(np.zeros_like(past), bends, of_c * df * a_f + f * shown)
        return self._unstacked(pulled[0], stack)

    def _push(self, v: Array) -> tuple[Array, Array, Array, Array]:
        """Return the changes of h_t, a_t, c_{t−1} and c_t, in the order of the steps."""
        hidden = np.zeros_like(v, shape=(*v.shape[:3], self.units))
        cells, before = np.zeros_like(hidden), np.zeros_like(hidden)
        moved = v.reshape(*v.shape[:3], 4, self.units)  # v is a copy, which becomes ȧ
        keeps = self.opened.keeps
        for t, cut in enumerate(cuts(self.times, self.truncate)):
            if not cut:
                v[t] += np.matmul(hidden[t - 1], self.u.T)
                before[t] = cells[t - 1]
            parts = moved[t] * self.slopes[t]
            parts[:, :, :3].sum(axis=-2, out=cells[t])
            if not cut:
                cells[t] += self.forget[t] * before[t]
            np.add(self.shown[t] * cells[t], parts[:, :, 3], out=hidden[t])
            if keeps is not None and not cut:
                hidden[t] += keeps[t] * hidden[t - 1]
        return hidden, moved, before, cells

    def _pull(self, hidden: Array, more: Array | None = None, added: Array | None = None) -> tuple[Array, Array, Array]:
        """Return the errors of a_t, h_t and c_t, in the order of the steps; `hidden` becomes those of h_t.

        `more` and `added` are added to the errors of a_t and of c_{t−1}.
        """
        shape, keeps = hidden.shape, self.opened.keeps
        lead = shape[1:3] if shape[1] != 1 else shape[2:3]  # each axis costs time in every step
        hidden = hidden.reshape(self.times, *lead, self.units)
        pulled, cells = np.empty_like(hidden, shape=(self.times, *lead, 4, self.units)), np.zeros_like(hidden)
        gates, added = (
            pulled.reshape(*shape[:3], 4 * self.units),
            None if added is None else added.reshape(hidden.shape),
        )
        more = None if more is None else more.reshape(pulled.shape)
        back, through = np.empty_like(hidden, shape=hidden.shape[1:]), np.empty_like(hidden, shape=hidden.shape[1:])
        count = math.prod(lead)
        rows, flat = gates.reshape(self.times, count, gates.shape[-1]), back.reshape(count, self.units)
        of_c, of_h = (pulled[..., :3, :], self.slopes[:, :, :3]), (pulled[..., 3, :], self.slopes[:, :, 3])
        # Iterating over arrays makes the views of all steps faster than looking each one up.
        views = (hidden, cells, cells[..., None, :], self.shown, *of_c, *of_h, rows, self.forget)
        steps = list(zip(cuts(self.times, self.truncate), *views, strict=True))
        for t in reversed(range(self.times)):
            cut, h, c, wide, shown, now_c, slopes_c, now_h, slopes_h, row, forget = steps[t]
            c += np.multiply(shown, h, out=through)
            np.multiply(wide, slopes_c, out=now_c)
            np.multiply(h, slopes_h, out=now_h)
            if more is not None:
                pulled[t] += more[t]
            if not cut:
                np.matmul(row, self.u, out=flat)
                before, earlier = steps[t - 1][1:3]
                before += back
                np.multiply(forget, c, out=earlier)
                if keeps is not None:
                    before += keeps[t] * h
                if added is not None:
                    earlier += added[t]
        return gates, hidden.reshape(shape), cells.reshape(shape)

    def _changes_before(self, hidden: Array) -> Array:
        """Return the changes of h_{t−1}, 0 where no derivative comes from there."""
        before = np.zeros_like(hidden)
        for t, cut in enumerate(cuts(self.times, self.truncate)):
            if not cut:
                before[t] = hidden[t - 1]
        return before

    def _unstacked(self, steps: Array, stack: tuple[int, ...]) -> Array:
        found = by_time(steps, self.backward)
        return found.reshape(*stack, *found.shape[1:])
