"""Long short-term memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import Array, Field, FiniteFloat, Initializer
from bpframe_sequence.cell_loop import CellLoop, Gates
from bpframe_sequence.recurrent import Masked, Ran, Recurrent
from bpframe_sequence.steps import Steps

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
    wide: ClassVar[int] = 4

    def _biases(self) -> Initializer:
        return self.biases

    def _run(self, z: Array, p: Mapping[str, Array], keeps: Array | None, steps: Steps) -> Ran:
        # σ(z) = 1/(1 + exp(−z)), of three gates at once: the sign is that of the weights, before the loop.
        units, batch = self.units, len(z)
        z += p["b"]
        opened = z.reshape(*z.shape[:2], 4, units)
        sign = np.full_like(z, -1, shape=(4 * units, 1))
        sign[2 * units : 3 * units] = 1
        z *= sign[:, 0]
        ut = (p["u"] * sign).T
        hidden = np.empty_like(z, shape=(*z.shape[:2], units))
        cells, squashed, before = np.empty_like(hidden), np.empty_like(hidden), np.zeros_like(hidden)
        past, product = np.empty_like(z, shape=(batch, 4 * units)), np.empty_like(z, shape=(batch, units))
        h = c = None
        with np.errstate(over="ignore"):  # 1/(1 + ∞) = 0
            for t, _ in steps.forwards():
                now, i, f, g, o = z[:, t], opened[:, t, 0], opened[:, t, 1], opened[:, t, 2], opened[:, t, 3]
                if h is not None:
                    now += np.matmul(h, ut, out=past)
                both = now[:, : 2 * units]
                np.exp(both, out=both)
                np.exp(o, out=o)
                both += 1
                o += 1
                np.divide(1, both, out=both)
                np.divide(1, o, out=o)
                np.tanh(g, out=g)
                new, tanh, shown = cells[:, t], squashed[:, t], hidden[:, t]
                np.multiply(i, g, out=new)
                if c is not None:
                    before[:, t] = c
                    new += np.multiply(f, c, out=product)
                np.tanh(new, out=tanh)
                np.multiply(o, tanh, out=shown)
                if keeps is not None:
                    held = keeps[:, t] == 1
                    np.copyto(new, 0 if c is None else c, where=held)
                    np.copyto(shown, 0 if h is None else h, where=held)
                h, c = shown, new
        return Ran(hidden, steps.before(hidden), (opened, before, squashed))

    def _loop(self, ran: Ran, p: Mapping[str, Array], keeps: Array | None, steps: Steps) -> CellLoop:
        return CellLoop(Gates(ran.kept[0], ran.kept[1], ran.kept[2], keeps), p["u"], steps)


class Lstm(_Lstm):
    """Long short-term memory: carry a hidden state over time, through cells that gates protect.

        (i, f, g, o) = (σ, σ, tanh, σ)(w x_t + u h_{t−1} + b),
        c_t = f ⊙ c_{t−1} + i ⊙ g,    h_t = o ⊙ tanh c_t,    h_0 = c_0 = 0

    Shapes: x (N, T, features) -> h_T (N, units), or with `return_sequences` h (N, T, units); twice as wide where
    `bidirectional`, the loop from the end behind the first, with w_backward, u_backward and b_backward. w
    (4·units, features), u (4·units, units) and b (4·units,) have the rows of i, f, g and o one after another. Jacobian:
    every one begins with the linearised loop. Weights start at N(0, 1)/√n_in, biases at 0, those of f at 1. T = 0 shows
    zeros.

    PyTorch's `nn.LSTM` has the same order: w = weight_ih, u = weight_hh, b = bias_ih + bias_hh. Keras's has it,
    too, and the transposes: w = kernelᵀ, u = recurrent_kernelᵀ.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), with the forget gate of Gers, Schmidhuber and
    Cummins, Learning to Forget (2000).
    """

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
