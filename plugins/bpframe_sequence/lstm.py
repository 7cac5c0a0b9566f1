"""Long short-term memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Array, Field, FiniteFloat, Initializer
from bpframe_sequence.cell_loop import CellLoop, Opened
from bpframe_sequence.recurrent import Masked, Ran, Recurrent

__all__ = ["ForgetBias", "Lstm", "MaskedLstm"]


class ForgetBias(Initializer):
    """Zeros, but for the second of four blocks, the forget gates' biases: an LSTM that has not learned yet remembers.

    Source: Gers, Schmidhuber and Cummins, Learning to Forget (2000); Jozefowicz, Zaremba and Sutskever, An Empirical
    Exploration of Recurrent Network Architectures (2015), section 2.2, for 1.
    """

    forget: FiniteFloat = Field(1.0, description="Where the forget gates' biases start.")

    def draw(self, shape: tuple[int, ...]) -> Array:
        """Return a vector of this shape."""
        start = np.zeros(shape)
        start[..., shape[-1] // 4 : shape[-1] // 2] = self.forget
        return start


class _Lstm(Recurrent):
    biases: Initializer = Field(ForgetBias(), description="Where the biases start.")

    blocks: ClassVar[int] = 4

    def _biases(self) -> Initializer:
        return self.biases

    def _run(self, rows: Array, p: Mapping[str, Array], keeps: Array | None) -> Ran:
        # σ(z) = 1/(1 + exp(−z)) of three gates at once: here they stand in the order i, f, o, g, the first three with
        # the other sign. What a step computes of one gate lies together.
        units, (times, batch, _) = self.units, rows.shape
        w, u, b = (_reordered(p[key], units).reshape(4, units, -1) for key in "wub")
        wt, ut = (np.ascontiguousarray(each.swapaxes(1, 2)) for each in (w, u))
        z = np.matmul(rows[:, None], wt)
        z += b.swapaxes(1, 2).repeat(batch, axis=1)
        hidden = np.zeros_like(z, shape=(times + 1, batch, units))
        cells, squashed = np.zeros_like(hidden), np.empty_like(hidden[1:])
        past, product = np.empty_like(z, shape=(4, batch, units)), np.empty_like(hidden[0])
        one = np.ones_like(z, shape=())
        # Iterating over arrays makes the views of all steps faster than looking each one up.
        views = (z, z[:, :3], *z.swapaxes(0, 1), hidden[:-1], hidden[1:], cells[:-1], cells[1:], squashed)
        with np.errstate(over="ignore"):  # 1/(1 + ∞) = 0
            for t, (now, gates, i, f, o, g, h, shown, c, new, tanh) in enumerate(zip(*views, strict=True)):
                if t:
                    now += np.matmul(h, ut, out=past)
                np.exp(gates, out=gates)
                np.add(gates, one, out=gates)
                np.reciprocal(gates, out=gates)
                np.tanh(g, out=g)
                np.multiply(i, g, out=new)
                new += np.multiply(f, c, out=product)
                np.tanh(new, out=tanh)
                np.multiply(o, tanh, out=shown)
                if keeps is not None:
                    held = keeps[t] == 1
                    np.copyto(new, c, where=held)
                    np.copyto(shown, h, where=held)
        return Ran(hidden, (z, cells[:-1], squashed))

    def _loop(self, ran: Ran, p: Mapping[str, Array], keeps: Array | None, backward: bool) -> CellLoop:
        gates, before, squashed = ran.kept
        return CellLoop(Opened(gates, before, squashed, keeps), p["u"], backward, self.truncate)


class Lstm(_Lstm):
    """Long short-term memory: carry a hidden state over time, through cells that gates protect.

        (i, f, g, o) = (σ, σ, tanh, σ)(w x_t + u h_{t−1} + b),
        c_t = f ⊙ c_{t−1} + i ⊙ g,    h_t = o ⊙ tanh c_t,    h_0 = c_0 = 0

    Shapes: x (N, T, features) -> h_T (N, units), or with `return_sequences` h (N, T, units); twice as wide where
    `bidirectional`, the loop from the end behind the first, with w_backward, u_backward and b_backward. w
    (4·units, features), u (4·units, units) and b (4·units,) have the rows of i, f, g and o one after another. Jacobian:
    every one begins with the linearised loop. Weights start at N(0, 1)/√n_in, biases at 0, those of f at 1. T = 0 shows
    zeros.

    Every step counts, padding too; `masked_lstm` leaves it out.

    With `truncate` k the state that steps k, 2k, ... begin with is held: values are the same, and derivatives are those
    of the function of these states and of x, w, u and b, in the latter alone (truncated back-propagation through time).
    They are the true ones where T ≤ k. Beyond, checks against numbers say that they differ; second order is refused.

    PyTorch's `nn.LSTM` has the same order: w = weight_ih, u = weight_hh, b = bias_ih + bias_hh. Keras's has it,
    too, and the transposes: w = kernelᵀ, u = recurrent_kernelᵀ.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), with the forget gate of Gers, Schmidhuber and
    Cummins, Learning to Forget (2000).
    """

    masked_instead: ClassVar[Mapping[str, str]] = {"x": "masked_lstm"}

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Any]) -> Array:
        """Return the last hidden state, or all."""
        return self._forward(x, None, p, saved)


class MaskedLstm(_Lstm, Masked):
    """The same for sequences of different lengths: masked steps keep hidden state and cells, and show zeros.

        (h_t, c_t) = LSTM step where m_t ≠ 0, else (h_{t−1}, c_{t−1});    output h_t where m_t ≠ 0, else 0; or h_T

    So the last state is that of the last step that counts, as in PyTorch's packed sequences; the loop from the end
    begins there.

    Shapes: x as in `Lstm`; mask (N, T) integers, not 0 where a step counts (token numbers serve where 0 is padding), or
    lengths (N,) with the padding at the end.

    Source: as `Lstm`.
    """


def _reordered(rows: Array, units: int) -> Array:
    """Return rows of i, f, g and o in the order i, f, o, g, the first three with the other sign."""
    found = np.empty_like(rows)
    np.negative(rows[: 2 * units], out=found[: 2 * units])
    np.negative(rows[3 * units :], out=found[2 * units : 3 * units])
    found[3 * units :] = rows[2 * units : 3 * units]
    return found
