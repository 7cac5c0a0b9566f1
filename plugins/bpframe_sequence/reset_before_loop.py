"""The linearised loop of a GRU whose reset gate stands before the recurrent matrix."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.by_step import by_time, cuts, stacked
from bpframe_sequence.second_moments import moments_by_rows, ordered

__all__ = ["ResetBeforeLoop"]


class ResetBeforeLoop:
    """Push changes of what the gates are computed from through all steps, pull errors back, and say how steps bend.

        (ȧ_r, ȧ_z) = v_t + u_rz ḣ_{t−1},    ṡ_t = r′ h_{t−1} ⊙ ȧ_r + r ⊙ ḣ_{t−1},    ȧ_n = v_t + u_n ṡ_t
        ḣ_t = z′ (h_{t−1} − n) ⊙ ȧ_z + (1 − z) n′ ⊙ ȧ_n + z ⊙ ḣ_{t−1},    s_t = r ⊙ h_{t−1}
        r′ = r (1 − r),    z′ = z (1 − z),    n′ = 1 − n²

    Shapes: `gates` has r, z, 1 − r, 1 − z and n in the order of the steps, (T, 5, N, units); `past` h_{t−1}
    (T, N, units); `keeps` (T, N, 1) is 1 where a step is masked and keeps the state, or None; u (3·units, units). What
    u is multiplied with is h_{t−1} for the rows of r and z, s_t for those of n: 2·units numbers, one after another.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014), eqs. (5)–(8).
    """

    gates = 3

    def __init__(
        self, gates: Array, past: Array, keeps: Array | None, u: Array, backward: bool, truncate: int | None
    ) -> None:
        self.u = u
        self.backward = backward
        self.truncate = truncate
        self.times, self.batch, self.units = past.shape
        self.seen = 2 * self.units
        self.past = past
        self.r, self.z, closed, self.rest, self.new = (gates[:, k] for k in range(5))
        self.counts = np.ones_like(past[..., :1]) if keeps is None else 1 - keeps
        self.of_r, self.of_z, self.of_n = self.r * closed, self.z * self.rest, 1 - self.new * self.new
        self.resets = self.of_r * past  # how s_t moves with a_r
        self.turns = self.of_z * (past - self.new) * self.counts
        self.straight = self.rest * self.of_n * self.counts
        self.carried = self.z if keeps is None else np.where(keeps == 1, np.ones_like(self.z), self.z)

    def push(self, v: Array) -> tuple[Array, Array]:
        """Return the changes of h_t, (*S, N, T, units), and of h_{t−1} and s_t, (*S, N, T, 2·units)."""
        stack, v = stacked(v, self.backward)
        hidden, _, seen = self._push(v)
        return self._unstacked(hidden, stack), self._unstacked(seen, stack)

    def pull(self, errors: Array) -> tuple[Array, ...]:
        """Return the errors of a_t (*S, N, T, 3·units), and those of h_t with all that comes from later steps."""
        stack, errors = stacked(errors, self.backward)
        gates, hidden = self._pull(errors, None, None)
        return self._unstacked(gates, stack), self._unstacked(hidden, stack)

    def to_previous(self, errors: Array) -> Array:
        """Return the errors of a_t, for errors of h_{t−1} and s_t, (*S, N, T, 2·units)."""
        stack, errors = stacked(errors, self.backward)
        nothing = np.zeros_like(errors, shape=(*errors.shape[:3], self.units))
        return self._unstacked(self._pull(nothing, None, errors)[0], stack)

    def moments(self, reached: Array) -> Array:
        """Return Σ e eᵀ of what `pull` returns first, from Σ of the errors' own, (N, T, units, units)."""
        steps = list(enumerate(cuts(self.times, self.truncate)))
        return moments_by_rows(ordered(reached, self.backward), self._of_gates, self._of_state_before, steps)

    def bent(self, v: Array, total: tuple[Array, ...]) -> Array:
        """Return by how much the errors of a_t change, for errors of h_t that are held: Pᵀ K P v."""
        stack, v = stacked(v, self.backward)
        _, errors = stacked(total[0], self.backward)
        n = self.units
        _, moved, seen = self._push(v)
        a_r, a_z, a_n = (moved[..., k, :] for k in range(3))
        before = seen[..., :n]
        of_s = np.matmul(errors * self.straight[:, None], self.u[2 * n :])
        r, z, new, past = (each[:, None] for each in (self.r, self.z, self.new, self.past))
        of_r, of_z, of_n = (each[:, None] for each in (self.of_r, self.of_z, self.of_n))
        errors = errors * self.counts[:, None]
        bends = np.empty_like(moved)
        bends[..., 0, :] = of_s * of_r * ((1 - 2 * r) * past * a_r + before)
        bends[..., 1, :] = errors * of_z * ((1 - 2 * z) * (past - new) * a_z + before - of_n * a_n)
        bends[..., 2, :] = -errors * of_n * (of_z * a_z + 2 * self.rest[:, None] * new * a_n)
        of_seen = np.zeros_like(seen)
        np.add(errors * of_z * a_z, of_s * of_r * a_r, out=of_seen[..., :n])
        return self._unstacked(self._pull(np.zeros_like(before), bends, of_seen)[0], stack)

    def _of_gates(self, step: int, state: Array) -> Array:
        """Return the errors of a_t, for errors of h_t (*S, N, units)."""
        of_n = state * self.straight[step]
        of_s = np.matmul(of_n, self.u[2 * self.units :])
        return np.concatenate([of_s * self.resets[step], state * self.turns[step], of_n], axis=-1)

    def _of_state_before(self, step: int, state: Array, gates: Array) -> Array:
        """Return the errors of h_{t−1}, for those of h_t and a_t."""
        n = self.units
        of_s = np.matmul(gates[..., 2 * n :], self.u[2 * n :])
        before: Array = np.matmul(gates[..., : 2 * n], self.u[: 2 * n])
        before += self.r[step] * of_s
        before += self.carried[step] * state
        return before

    def _push(self, v: Array) -> tuple[Array, Array, Array]:
        """Return the changes of h_t, of a_t, and of h_{t−1} and s_t, in the order of the steps."""
        n = self.units
        hidden = np.zeros_like(v, shape=(*v.shape[:3], n))
        seen = np.zeros_like(v, shape=(*v.shape[:3], 2 * n))
        moved = v.reshape(*v.shape[:3], 3, n)  # v is a copy, which becomes ȧ
        for t, cut in enumerate(cuts(self.times, self.truncate)):
            before, reset = seen[t, :, :, :n], seen[t, :, :, n:]
            if not cut:
                before[:] = hidden[t - 1]
                v[t, :, :, : 2 * n] += np.matmul(before, self.u[: 2 * n].T)
            np.add(self.resets[t] * moved[t, :, :, 0], self.r[t] * before, out=reset)
            v[t, :, :, 2 * n :] += np.matmul(reset, self.u[2 * n :].T)
            hidden[t] = self.turns[t] * moved[t, :, :, 1] + self.straight[t] * moved[t, :, :, 2]
            hidden[t] += self.carried[t] * before
        return hidden, moved, seen

    def _pull(self, hidden: Array, more: Array | None, of_seen: Array | None) -> tuple[Array, Array]:
        """Return the errors of a_t and h_t, in the order of the steps; `hidden` becomes those of h_t.

        `more` and `of_seen` are added to the errors of a_t, and of h_{t−1} and s_t.
        """
        n = self.units
        pulled = np.empty_like(hidden, shape=(*hidden.shape[:3], 3, n))
        gates = pulled.reshape(*hidden.shape[:3], 3 * n)
        for t, cut in reversed(list(enumerate(cuts(self.times, self.truncate)))):
            h, now = hidden[t], pulled[t]
            np.multiply(h, self.turns[t], out=now[:, :, 1])
            np.multiply(h, self.straight[t], out=now[:, :, 2])
            if more is not None:
                now[:, :, 1:] += more[t, :, :, 1:]
            of_s = np.matmul(now[:, :, 2], self.u[2 * n :])
            if of_seen is not None:
                of_s += of_seen[t, :, :, n:]
            np.multiply(self.resets[t], of_s, out=now[:, :, 0])
            if more is not None:
                now[:, :, 0] += more[t, :, :, 0]
            if not cut:
                before = hidden[t - 1]
                before += np.matmul(gates[t, :, :, : 2 * n], self.u[: 2 * n])
                before += self.r[t] * of_s + self.carried[t] * h
                if of_seen is not None:
                    before += of_seen[t, :, :, :n]
        return gates, hidden

    def _unstacked(self, steps: Array, stack: tuple[int, ...]) -> Array:
        found = by_time(steps, self.backward)
        return found.reshape(*stack, *found.shape[1:])
