"""Gated recurrent units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Array, DiagonalBlocks, Field, Operator
from bpframe_sequence.gates import largest_power, open_gates
from bpframe_sequence.one_state_loop import OneStateLoop
from bpframe_sequence.recurrent import Masked, Ran, Recurrent
from bpframe_sequence.reset_before import errors_with_u, hidden_and_gates, with_u
from bpframe_sequence.reset_before_loop import ResetBeforeLoop
from bpframe_sequence.through_time import Loop

__all__ = ["Gru", "MaskedGru"]


class _Gru(Recurrent):
    reset_after: bool = Field(
        True, description="Whether the reset gate stands behind the recurrent matrix, as in PyTorch, or before it."
    )

    blocks: ClassVar[int] = 3

    @property
    def wide(self) -> int:
        """r, z and n; and what r multiplies, q, where it stands behind the matrix."""
        return 4 if self.reset_after else 3

    def _from_input(self, like: Array) -> Operator | None:
        if not self.reset_after:
            return None
        one = np.ones_like(like, shape=(1, 1, self.units))
        return DiagonalBlocks([[one, None, None], [None, one, None], [None, None, one], [None, None, None]])

    def _from_state(self, like: Array) -> Operator:
        one = np.ones_like(like, shape=(1, 1, self.units))
        return DiagonalBlocks([[one, None, None], [None, one, None], [None, None, None], [None, None, one]])

    def _with_u(self, ran: Ran, like: Array, backward: bool) -> Operator:
        return (
            super()._with_u(ran, like, backward)
            if self.reset_after
            else with_u(ran.hidden, ran.kept[0][:, 0], backward)
        )

    def _errors_with_u(self, error: Array) -> Operator:
        return super()._errors_with_u(error) if self.reset_after else errors_with_u(error)

    def _run(self, rows: Array, p: Mapping[str, Array], keeps: Array | None) -> Ran:
        if not self.reset_after:
            hidden, gates = hidden_and_gates(rows, p, keeps)
            return Ran(hidden, (gates,))
        # The rows of r and z have the other sign, as `open_gates` takes them.
        n, (times, batch, _) = self.units, rows.shape
        w, u, b = (p[key][: 3 * n].reshape(3, n, -1).copy() for key in "wub")
        for each in (w, u, b):
            np.negative(each[:2], out=each[:2])
        wt, ut = (np.ascontiguousarray(each.swapaxes(1, 2)) for each in (w, u))
        offset = p["b"][3 * n :]
        z = np.matmul(rows[:, None], wt)  # what a step computes of one gate lies together
        z += b.swapaxes(1, 2).repeat(batch, axis=1)
        kept = np.empty_like(z, shape=(times, 6, batch, n))  # r, z, 1 − r, 1 − z, n, q
        hidden = np.zeros_like(z, shape=(times + 1, batch, n))
        past, product = np.empty_like(z, shape=(3, batch, n)), np.empty_like(hidden[0])
        from_gates, from_q, largest = past[:2], past[2], largest_power(z)
        # Iterating over arrays makes the views of all steps faster than looking each one up.
        r, update, _, other, candidate, q = kept.swapaxes(0, 1)
        kept_gates = (kept[:, :2], kept[:, 2:4], r, update, other, candidate, q)
        views = (z[:, :2], z[:, 2], *kept_gates, hidden[:-1], hidden[1:])
        for t, of_step in enumerate(zip(*views, strict=True)):
            gates, of_n, both, others, r, update, other, candidate, q, h, shown = of_step
            np.matmul(h, ut, out=past)
            gates += from_gates
            np.add(from_q, offset, out=q)
            open_gates(gates, largest, both, others)
            np.multiply(r, q, out=candidate)
            candidate += of_n
            np.tanh(candidate, out=candidate)
            np.multiply(other, candidate, out=shown)
            shown += np.multiply(update, h, out=product)
            if keeps is not None:
                np.copyto(shown, h, where=keeps[t] == 1)
        return Ran(hidden, (kept,))

    def _loop(self, ran: Ran, p: Mapping[str, Array], keeps: Array | None, backward: bool) -> Loop:
        if not self.reset_after:
            return ResetBeforeLoop(ran.kept[0], ran.hidden[:-1], keeps, p["u"], backward, self.truncate)
        n = self.units
        r, z, closed, other, new, q = ran.kept[0].swapaxes(0, 1)  # closed is 1 − r
        past = ran.hidden[:-1]
        counts = np.ones_like(r[..., :1]) if keeps is None else 1 - keeps
        slopes = np.empty_like(r, shape=(len(r), 4, *r.shape[1:]))
        by_r, by_z, by_n, by_q = slopes.swapaxes(0, 1)
        np.multiply(new, new, out=by_n)
        np.subtract(1, by_n, out=by_n)
        by_n *= other
        np.multiply(z, other, out=by_z)
        if keeps is not None:
            by_n *= counts
            by_z *= counts
        by_z *= np.subtract(past, new, out=by_q)
        np.multiply(r, closed, out=by_r)
        by_r *= q
        by_r *= by_n
        np.multiply(by_n, r, out=by_q)
        slopes = slopes.swapaxes(1, 2)  # (T, N, 4, n)
        carried = z if keeps is None else np.where(keeps == 1, np.ones_like(z), z)
        u = np.zeros_like(p["u"], shape=(4 * n, n))
        u[: 2 * n], u[3 * n :] = p["u"][: 2 * n], p["u"][2 * n :]

        def bend(errors: Array, moved: Array, before: Array) -> tuple[Array, Array]:
            a_r, a_z, a_n, a_q = (moved[..., k, :] for k in range(4))
            of_r, of_z, of_n = (each[:, None] for each in (r * closed, z * other, 1 - new * new))
            errors, candidate = errors * counts[:, None], new[:, None]
            inner = of_r * q[:, None] * a_r + a_n + r[:, None] * a_q  # the change of what the candidate's tanh is of
            turned = -errors * of_n * (2 * other[:, None] * candidate * inner + of_z * a_z)
            straight = errors * other[:, None] * of_n
            bends = np.empty_like(moved)
            bends[..., 0, :] = straight * of_r * ((1 - 2 * r[:, None]) * q[:, None] * a_r + a_q)
            bends[..., 0, :] += of_r * q[:, None] * turned
            bends[..., 1, :] = (1 - 2 * z[:, None]) * (past[:, None] - candidate) * a_z - of_n * inner + before
            bends[..., 1, :] *= errors * of_z
            bends[..., 2, :] = turned
            bends[..., 3, :] = straight * of_r * a_r + r[:, None] * turned
            return bends, errors * of_z * a_z

        return OneStateLoop(slopes, carried, u, backward, self.truncate, bend)


class Gru(_Gru):
    """A gated recurrent unit, with the reset gate behind the recurrent matrix, or before it.

        (r, z) = σ(w x_t + u h_{t−1} + b),    n = tanh(w x_t + b_n + r ⊙ (u h_{t−1} + b_q)),
        h_t = (1 − z) ⊙ n + z ⊙ h_{t−1},    h_0 = 0

    Without `reset_after`, n = tanh(w x_t + b_n + u (r ⊙ h_{t−1})).

    Shapes: x (N, T, features) -> h_T (N, units), or with `return_sequences` h (N, T, units); twice as wide where
    `bidirectional`, the loop from the end behind the first, with w_backward, u_backward and b_backward. w
    (3·units, features) and u (3·units, units) have the rows of r, z and n one after another, b (4·units,) those of r,
    z, n and q, or without `reset_after` (3·units,) those of r, z and n. Jacobian: every one begins with the linearised
    loop. Weights start at N(0, 1)/√n_in, biases at 0. T = 0 shows zeros.

    Every step counts, padding too; `masked_gru` leaves it out.

    With `truncate` k the state that steps k, 2k, ... begin with is held: values are the same, and derivatives are those
    of the function of these states and of x, w, u and b, in the latter alone (truncated back-propagation through time).
    They are the true ones where T ≤ k. Beyond, checks against numbers say that they differ; second order is refused.

    PyTorch's `nn.GRU` has the same order: w = weight_ih, u = weight_hh, and b = (bias_ih + bias_hh of r and z, bias_ih
    of n, bias_hh of n).

    Source: Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014), section 2.3, with r before the
    matrix, and z in its sense; r behind the matrix as in cuDNN, PyTorch and Keras's `reset_after`.
    """

    masked_instead: ClassVar[Mapping[str, str]] = {"x": "masked_gru"}

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Any]) -> Array:
        """Return the last hidden state, or all."""
        return self._forward(x, None, p, saved)


class MaskedGru(_Gru, Masked):
    """The same for sequences of different lengths: masked steps keep the state, and show zeros.

        h_t = GRU step where m_t ≠ 0, else h_{t−1};    output h_t where m_t ≠ 0, else 0; or h_T

    So the last state is that of the last step that counts, as in PyTorch's packed sequences; the loop from the end
    begins there.

    Shapes: x as in `Gru`; mask (N, T) integers, not 0 where a step counts (token numbers serve where 0 is padding), or
    lengths (N,) with the padding at the end.

    Source: as `Gru`.
    """
