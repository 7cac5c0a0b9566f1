"""Second moments of errors, carried back through a linearised loop in place of the errors themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bpframe.extend import Array

__all__ = ["moments_by_rows", "moments_of_cells", "moments_of_one_state", "ordered"]


def ordered(moments: Array, backward: bool) -> Array:
    """Put moments in the order of the steps: (N, T, k, k) -> (T, N, k, k), a view."""
    moved = np.moveaxis(moments, 1, 0)
    return moved[::-1] if backward else moved


def moments_of_one_state(
    reached: Array, slopes: Array, carried: Array | None, u: Array, steps: list[tuple[int, bool]]
) -> Array:
    """Return Σ e eᵀ of the errors of all a_t, (gates·units, gates·units), as in `OneStateLoop`.

        E_t = M_t + D_{t+1}ᵀ E_{t+1} D_{t+1},    D_t = Σ_g diag(α_{g,t}) u_g + diag(k_t);    of a_{g,t}: α_g e

    Shapes: in the order of the steps M (T, N, units, units), the moments of the errors that come from the output; with
    each step stands whether no derivative comes from the step before.
    """
    gates, units = slopes.shape[2:]
    total = np.zeros_like(reached, shape=(gates, units, gates, units))
    by_gate, diagonal = u.reshape(gates, units, units), np.arange(units)
    back = None
    for t, cut in reversed(steps):
        e, alpha = reached[t] if back is None else reached[t] + back, slopes[t]
        for i in range(gates):
            rows = e * alpha[:, i, :, None]
            for j in range(gates):
                total[i, :, j] += np.einsum("nab,nb->ab", rows, alpha[:, j])
        back = None
        if not cut:
            step = alpha[:, 0, :, None] * by_gate[0]
            for g in range(1, gates):
                step += alpha[:, g, :, None] * by_gate[g]
            if carried is not None:
                step[:, diagonal, diagonal] += carried[t]
            back = np.matmul(step.swapaxes(-1, -2), np.matmul(e, step))
    return total.reshape(gates * units, gates * units)


def moments_of_cells(
    reached: Array,
    slopes: Array,
    shown: Array,
    forget: Array,
    keeps: Array | None,
    u: Array,
    steps: list[tuple[int, bool]],
) -> Array:
    """Return the same of an LSTM, whose state are cells and hidden values, as in `CellLoop`.

    The moments are those of the errors of (c_t, h_t) together: those of h_t join those of c_t by s, three gates have
    them from c_t and one from h_t, c_{t−1} by f and h_{t−1} through the gates.
    """
    _, batch, _, units = slopes.shape
    total = np.zeros_like(reached, shape=(4, units, 4, units))
    by_gate, diagonal = u.reshape(4, units, units), np.arange(units)
    cells, hidden = slice(units), slice(units, None)
    sources = (cells, cells, cells, hidden)
    both = np.zeros_like(reached, shape=(batch, 2 * units, 2 * units))
    for t, cut in reversed(steps):
        both[:, hidden, hidden] += reached[t]
        both[:, cells] += shown[t, :, :, None] * both[:, hidden]
        both[:, :, cells] += shown[t, :, None] * both[:, :, hidden]
        alpha = slopes[t]
        for i in range(4):
            rows = both[:, sources[i]] * alpha[:, i, :, None]
            for j in range(i + 1):
                total[i, :, j] += np.einsum("nab,nb->ab", rows[:, :, sources[j]], alpha[:, j])
        if cut:
            both[...] = 0
            continue
        step = np.empty_like(both, shape=(batch, 2 * units, units))
        top = np.multiply(alpha[:, 0, :, None], by_gate[0], out=step[:, cells])
        top += alpha[:, 1, :, None] * by_gate[1]
        top += alpha[:, 2, :, None] * by_gate[2]
        np.multiply(alpha[:, 3, :, None], by_gate[3], out=step[:, hidden])
        if keeps is not None:
            step[:, units + diagonal, diagonal] += keeps[t]
        left = np.matmul(both, step)
        across = forget[t, :, :, None] * left[:, cells]
        both[:, cells, cells] *= forget[t, :, :, None] * forget[t, :, None]
        both[:, cells, hidden] = across
        both[:, hidden, cells] = across.swapaxes(-1, -2)
        np.matmul(step.swapaxes(-1, -2), left, out=both[:, hidden, hidden])
    for i in range(4):
        for j in range(i):
            total[j, :, i] = total[i, :, j].T
    return total.reshape(4 * units, 4 * units)


def moments_by_rows(
    reached: Array,
    of_gates: Callable[[int, Array], Array],
    of_state_before: Callable[[int, Array, Array], Array],
    steps: list[tuple[int, bool]],
) -> Array:
    """Return the same of any loop whose state is h alone, from how it pulls the rows of a matrix back by one step.

        E_{t−1} = M_{t−1} + B_t E_t B_tᵀ,    of a_t: G_t E_t G_tᵀ

    for `of_gates`, e ↦ G_t e, and `of_state_before`, which is handed e and G_t e and returns B_t e.
    """
    size = of_gates(0, reached[0, :, 0]).shape[-1] if len(reached) else 0
    total = np.zeros_like(reached, shape=(size, size))
    back = None
    for t, cut in reversed(steps):
        e = (reached[t] if back is None else reached[t] + back).swapaxes(0, 1)
        rows = of_gates(t, e)
        total += of_gates(t, rows.swapaxes(0, 2)).sum(axis=1)
        back = None
        if not cut:
            e = of_state_before(t, e, rows).swapaxes(0, 2)
            back = of_state_before(t, e, of_gates(t, e)).swapaxes(0, 1)
    return total
