"""The linearised loop of an LSTM: hidden values and cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.steps import Steps, stacked

__all__ = ["CellLoop", "Gates"]


class Gates(NamedTuple):
    """What an LSTM computed at all times: i, f, g, o (N, T, 4, units), the cells before and tanh c (N, T, units).

    `keeps`, (N, T, 1), is 1 where a step is masked and keeps the state, or None where none is.
    """

    opened: Array
    before: Array
    squashed: Array
    keeps: Array | None


class CellLoop:
    """Push changes of what the gates are computed from through all steps, pull errors back, and say how steps bend.

        ȧ_t = v_t + u ḣ_{t−1},    ċ_t = α_i ȧ_i + α_f ȧ_f + α_g ȧ_g + f ċ_{t−1},    ḣ_t = s ċ_t + α_o ȧ_o
        α_i = i (1 − i) g,    α_f = f (1 − f) c_{t−1},    α_g = i (1 − g²),    α_o = o (1 − o) tanh c_t,
        s = o (1 − tanh² c_t)

    Shapes: as in `Gates`; u (4·units, units), rows in the order i, f, g, o.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), appendix A, with the forget gate of Gers,
    Schmidhuber and Cummins (2000) and all of the gradient.
    """

    gates = 4

    def __init__(self, made: Gates, u: Array, steps: Steps) -> None:
        opened, before, squashed, keeps = self.made = made
        self.u = u
        self.steps = steps
        self.batch, self.times, _, self.units = opened.shape
        i, f, g, o = (opened[:, :, k] for k in range(4))
        self.slopes = slopes = np.subtract(1, opened)
        slopes *= opened
        slopes[:, :, 0] *= g
        slopes[:, :, 1] *= before
        np.multiply(i, 1 - g * g, out=slopes[:, :, 2])
        slopes[:, :, 3] *= squashed
        self.shown = o * (1 - squashed * squashed)
        self.forget = f
        if keeps is not None:
            slopes *= (1 - keeps)[:, :, None]
            self.shown *= 1 - keeps
            self.forget = np.where(keeps == 1, np.ones_like(f), f)

    def push(self, v: Array) -> tuple[Array, Array, Array, Array]:
        """Return the changes of h_t (*S, N, T, units), of a_t (*S, N, T, 4, units), of c_{t−1} and of c_t."""
        stack, v = stacked(v, 3)
        lead = (len(v), self.batch)
        hidden = np.zeros_like(v, shape=(*lead, self.times, self.units))
        cells, before = np.zeros_like(hidden), np.zeros_like(hidden)
        moved = np.empty_like(v, shape=(*lead, self.times, 4, self.units))
        gates = moved.reshape(v.shape)
        keeps = self.made.keeps
        for t, previous in self.steps.forwards():
            if previous is None:
                gates[:, :, t] = v[:, :, t]
            else:
                np.add(v[:, :, t], np.matmul(hidden[:, :, previous], self.u.T), out=gates[:, :, t])
            parts = moved[:, :, t] * self.slopes[:, t]
            c = parts[:, :, 0] + parts[:, :, 1] + parts[:, :, 2]
            if previous is not None:
                before[:, :, t] = cells[:, :, previous]
                c += self.forget[:, t] * cells[:, :, previous]
            cells[:, :, t] = c
            np.add(self.shown[:, t] * c, parts[:, :, 3], out=hidden[:, :, t])
            if keeps is not None and previous is not None:
                hidden[:, :, t] += keeps[:, t] * hidden[:, :, previous]
        return tuple(each.reshape(*stack, *each.shape[1:]) for each in (hidden, moved, before, cells))  # type: ignore[return-value]

    def pull(self, errors: Array, of_gates: Array | None = None, of_before: Array | None = None) -> tuple[Array, ...]:
        """Return the errors of a_t (*S, N, T, 4·units), and those of h_t and c_t with all that comes from later steps.

        `errors` (*S, N, T, units) are of h_t as an output; `of_gates` and `of_before` are added to those of a_t and of
        c_{t−1}.
        """
        stack, errors = stacked(errors, 3)
        lead = (len(errors), self.batch)
        pulled = np.empty_like(errors, shape=(*lead, self.times, 4, self.units))
        gates = pulled.reshape(*lead, self.times, 4 * self.units)
        more = None if of_gates is None else of_gates.reshape(pulled.shape)
        added = None if of_before is None else of_before.reshape(errors.shape)
        keeps = self.made.keeps
        hidden, cells = errors.copy(), np.zeros_like(errors)
        for t, previous in self.steps.backwards():
            h, c, now = hidden[:, :, t], cells[:, :, t], pulled[:, :, t]
            c += self.shown[:, t] * h
            np.multiply(c[:, :, None], self.slopes[:, t, :3], out=now[:, :, :3])
            np.multiply(h, self.slopes[:, t, 3], out=now[:, :, 3])
            if more is not None:
                now += more[:, :, t]
            if previous is not None:
                back = hidden[:, :, previous]
                back += np.matmul(gates[:, :, t], self.u)
                np.multiply(self.forget[:, t], c, out=cells[:, :, previous])
                if keeps is not None:
                    back += keeps[:, t] * h
                if added is not None:
                    cells[:, :, previous] += added[:, :, t]
        return tuple(each.reshape(*stack, *each.shape[1:]) for each in (gates, hidden, cells))

    def bent(self, v: Array, total: tuple[Array, ...]) -> Array:
        """Return by how much the errors of a_t change, for errors of h_t and c_t that are held: Pᵀ K P v."""
        _, moved, past, cells = self.push(v)
        of_h, of_c = total
        opened, before, squashed, keeps = self.made
        i, f, g, o = (opened[:, :, k] for k in range(4))
        di, df, dg, do = i * (1 - i), f * (1 - f), 1 - g * g, o * (1 - o)
        slope = 1 - squashed * squashed
        if keeps is not None:
            of_h, of_c = of_h * (1 - keeps), of_c * (1 - keeps)
        a_i, a_f, a_g, a_o = (moved[..., k, :] for k in range(4))
        shown = of_h * slope * (do * a_o - 2 * o * squashed * cells)
        bends = np.empty_like(moved)
        bends[..., 0, :] = of_c * di * ((1 - 2 * i) * g * a_i + dg * a_g) + di * g * shown
        bends[..., 1, :] = of_c * df * ((1 - 2 * f) * before * a_f + past) + df * before * shown
        bends[..., 2, :] = of_c * dg * (di * a_i - 2 * i * g * a_g) + i * dg * shown
        bends[..., 3, :] = of_h * do * ((1 - 2 * o) * squashed * a_o + slope * cells)
        return self.pull(np.zeros_like(past), bends, of_c * df * a_f + f * shown)[0]
