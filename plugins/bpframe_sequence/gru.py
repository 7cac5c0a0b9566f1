"""Gated recurrent units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Array, Operator
from bpframe_sequence.one_state_loop import OneStateLoop
from bpframe_sequence.placed import Placed
from bpframe_sequence.recurrent import Masked, Ran, Recurrent
from bpframe_sequence.steps import Steps

__all__ = ["Gru", "MaskedGru"]


class _Gru(Recurrent):
    blocks: ClassVar[int] = 3
    wide: ClassVar[int] = 4  # r, z, n and what r multiplies, q

    def _from_input(self, times: int) -> Operator:
        return Placed((0, 1, 2), 4, (times,), self.units)

    def _from_state(self, times: int) -> Operator:
        return Placed((0, 1, 3), 4, (times,), self.units)

    def _run(self, z: Array, p: Mapping[str, Array], keeps: Array | None, steps: Steps) -> Ran:
        n = self.units
        z += p["b"][: 3 * n]
        z[..., : 2 * n] *= 0.5
        # σ(z) = ½ + ½ tanh(z/2): the rows of r and z are halved before and after tanh.
        u = p["u"].copy()
        u[: 2 * n] *= 0.5
        ut, offset = u.T, p["b"][3 * n :]
        kept = np.zeros_like(z, shape=(*z.shape[:2], 6, n))  # r, z, 1 − z, n, q, h_{t−1}
        hidden = np.empty_like(z, shape=(*z.shape[:2], n))
        past = np.empty_like(z, shape=(len(z), 3 * n))
        h = None
        for t, _ in steps.forwards():
            now, shown, q = z[:, t], hidden[:, t], kept[:, t, 4]
            gates = now[:, : 2 * n]
            q[...] = offset
            if h is not None:
                np.matmul(h, ut, out=past)
                gates += past[:, : 2 * n]
                q += past[:, 2 * n :]
                kept[:, t, 5] = h
            np.tanh(gates, out=gates)
            gates *= 0.5
            np.add(gates, 0.5, out=kept[:, t, :2].reshape(len(z), 2 * n))
            r, update, other, candidate = (kept[:, t, k] for k in range(4))
            np.subtract(0.5, gates[:, n:], out=other)
            np.tanh(now[:, 2 * n :] + r * q, out=candidate)
            np.multiply(other, candidate, out=shown)
            if h is not None:
                shown += update * h
            if keeps is not None:
                np.copyto(shown, 0 if h is None else h, where=keeps[:, t] == 1)
            h = shown
        return Ran(hidden, steps.before(hidden), (kept,))

    def _loop(self, ran: Ran, p: Mapping[str, Array], keeps: Array | None, steps: Steps) -> OneStateLoop:
        n = self.units
        r, z, other, new, q, past = (ran.kept[0][:, :, k] for k in range(6))
        counts = 1 if keeps is None else 1 - keeps
        dr, dz, dn = r * (1 - r), z * other, 1 - new * new
        through = other * dn * counts
        slopes = np.empty_like(r, shape=(*r.shape[:2], 4, n))  # of r, z, n and q
        np.multiply(through, dr * q, out=slopes[:, :, 0])
        np.multiply(dz * counts, past - new, out=slopes[:, :, 1])
        slopes[:, :, 2] = through
        np.multiply(through, r, out=slopes[:, :, 3])
        carried = z if keeps is None else np.where(keeps == 1, np.ones_like(z), z)
        u = np.zeros_like(p["u"], shape=(4 * n, n))
        u[: 2 * n], u[3 * n :] = p["u"][: 2 * n], p["u"][2 * n :]

        def bend(errors: Array, moved: Array, before: Array) -> tuple[Array, Array | None]:
            errors = errors * counts
            a_r, a_z, a_n, a_q = (moved[..., k, :] for k in range(4))
            inner = dr * q * a_r + a_n + r * a_q  # the change of what the candidate's tanh is of
            turned = -errors * dn * (2 * other * new * inner + dz * a_z)
            straight = errors * other * dn
            bends = np.empty_like(moved)
            bends[..., 0, :] = straight * dr * ((1 - 2 * r) * q * a_r + a_q) + dr * q * turned
            bends[..., 1, :] = errors * dz * ((1 - 2 * z) * (past - new) * a_z - dn * inner + before)
            bends[..., 2, :] = turned
            bends[..., 3, :] = straight * dr * a_r + r * turned
            return bends, errors * dz * a_z

        return OneStateLoop(slopes, carried, u, steps, bend)


class Gru(_Gru):
    """A gated recurrent unit, with the reset gate behind the recurrent matrix.

        (r, z) = σ(w x_t + u h_{t−1} + b),    n = tanh(w x_t + b_n + r ⊙ (u h_{t−1} + b_q)),
        h_t = (1 − z) ⊙ n + z ⊙ h_{t−1},    h_0 = 0

    Shapes: x (N, T, features) -> h_T (N, units), or with `return_sequences` h (N, T, units); twice as wide where
    `bidirectional`, the loop from the end behind the first, with w_backward, u_backward and b_backward. w
    (3·units, features) and u (3·units, units) have the rows of r, z and n one after another, b (4·units,) those of r,
    z, n and q. Jacobian: every one begins with the linearised loop. Weights start at N(0, 1)/√n_in, biases at 0. T = 0
    shows zeros.

    PyTorch's `nn.GRU` has the same order: w = weight_ih, u = weight_hh, and b = (bias_ih + bias_hh of r and z, bias_ih
    of n, bias_hh of n).

    Source: Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014), section 2.3; r behind the
    matrix as in cuDNN, PyTorch and Keras's `reset_after`.
    """

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
