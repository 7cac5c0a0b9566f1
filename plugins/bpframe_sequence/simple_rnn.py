"""Plain recurrent layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Array
from bpframe_sequence.one_state_loop import OneStateLoop
from bpframe_sequence.recurrent import Masked, Ran, Recurrent

__all__ = ["MaskedSimpleRnn", "SimpleRnn"]


class _SimpleRnn(Recurrent):
    def _run(self, rows: Array, p: Mapping[str, Array], keeps: Array | None) -> Ran:
        z = np.matmul(rows, p["w"].T)
        z += p["b"]
        hidden, ut = np.zeros_like(z, shape=(len(z) + 1, *z.shape[1:])), p["u"].T.copy()
        for t, now in enumerate(z):
            if t:
                now += np.matmul(hidden[t], ut)
            np.tanh(now, out=hidden[t + 1])
            if keeps is not None:
                np.copyto(hidden[t + 1], hidden[t], where=keeps[t] == 1)
        return Ran(hidden, (z,))

    def _loop(self, ran: Ran, p: Mapping[str, Array], keeps: Array | None, backward: bool) -> OneStateLoop:
        # 1 − tanh² with all its digits where tanh is close to 1.
        (z,), h = ran.kept, ran.hidden[1:]
        e = np.exp(np.where(z.real < 0, 2 * z, -2 * z))
        slope = 4 * e / ((1 + e) * (1 + e))
        if keeps is not None:
            slope *= 1 - keeps

        def bend(errors: Array, moved: Array, before: Array) -> tuple[Array, Array | None]:
            return ((-2 * h * slope)[:, None] * errors)[..., None, :] * moved, None

        carried = None if keeps is None else np.broadcast_to(keeps, h.shape)
        return OneStateLoop(slope[:, :, None], carried, p["u"], backward, self.truncate, bend)


class SimpleRnn(_SimpleRnn):
    """Carry a hidden state over time.

        h_t = tanh(w x_t + u h_{t−1} + b),    h_0 = 0

    Shapes: x (N, T, features) -> h_T (N, units), or with `return_sequences` h (N, T, units); twice as wide where
    `bidirectional`, the loop from the end behind the first, with w_backward, u_backward and b_backward. w
    (units, features), u (units, units), b (units,). Jacobian: every one begins with the linearised loop. Weights start
    at N(0, 1)/√n_in, biases at 0. T = 0 shows zeros.

    Every step counts, padding too; `masked_simple_rnn` leaves it out.

    With `truncate` k the state that steps k, 2k, ... begin with is held: values are the same, and derivatives are those
    of the function of these states and of x, w, u and b, in the latter alone (truncated back-propagation through time).
    They are the true ones where T ≤ k. Beyond, checks against numbers say that they differ; second order is refused.

    PyTorch's `nn.RNN` has w = weight_ih, u = weight_hh, b = bias_ih + bias_hh.

    Source: Elman, Finding Structure in Time (1990).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("rnn",)

    masked_instead: ClassVar[Mapping[str, str]] = {"x": "masked_simple_rnn"}

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Any]) -> Array:
        """Return the last hidden state, or all."""
        return self._forward(x, None, p, saved)


class MaskedSimpleRnn(_SimpleRnn, Masked):
    """The same for sequences of different lengths: masked steps keep the state, and show zeros.

        h_t = m_t tanh(w x_t + u h_{t−1} + b) + (1 − m_t) h_{t−1},    output m_t h_t, or h_T

    So the last state is that of the last step that counts, as in PyTorch's packed sequences.

    Shapes: x as in `SimpleRnn`; mask (N, T) integers, not 0 where a step counts (token numbers serve where 0 is
    padding), or lengths (N,) with the padding at the end.

    Source: as `SimpleRnn`.
    """
