"""What a recurrent layer's Jacobians begin with, and how it bends: operators around one linearised loop."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from bpframe.extend import Array, Operator

__all__ = ["BeforeSteps", "Bends", "Loop", "Shown", "ThroughTime"]


class Loop(Protocol):
    """A linearised loop: `push` changes of what the gates are computed from, `pull` errors of h_t.

    u is multiplied with h_{t−1}, or with `seen` numbers that are computed of it.
    """

    u: Array
    backward: bool
    truncate: int | None
    batch: int
    times: int
    gates: int
    units: int
    seen: int

    def push(self, v: Array) -> tuple[Array, Array]:
        """Return the changes of h_t and of what u is multiplied with."""

    def pull(self, errors: Array) -> tuple[Array, ...]:
        """Return the errors of the gates first, then those of the state."""

    def to_previous(self, errors: Array) -> Array:
        """Return the errors of the gates, for errors of what u is multiplied with."""

    def bent(self, v: Array, total: tuple[Array, ...]) -> Array:
        """Return the changes of the gates' errors, for errors of the state that are held."""

    def moments(self, reached: Array) -> Array:
        """Return Σ e eᵀ of the gates' errors, of all steps and examples, from Σ of what reaches each step."""


class Shown:
    """Which hidden values are the layer's output: of all steps or the last, at which of the `width` places.

    Masked steps show zeros where all steps are shown.
    """

    def __init__(self, last: bool, backward: bool, start: int, width: int, shows: Array | None) -> None:
        self.last = last
        self.backward = backward
        self.start = start
        self.width = width
        self.shows = shows

    def of(self, hidden: Array) -> Array:
        """Return the output: (*S, N, T, units) -> (*S, N, T, width) or (*S, N, width)."""
        units = hidden.shape[-1]
        if self.last:
            nothing = np.zeros_like(hidden, shape=(*hidden.shape[:-2], units))
            hidden = hidden[..., 0 if self.backward else -1, :] if hidden.shape[-2] else nothing
        elif self.shows is not None:
            hidden = hidden * self.shows
        if self.width == units:
            return hidden
        wide = np.zeros_like(hidden, shape=(*hidden.shape[:-1], self.width))
        wide[..., self.start : self.start + units] = hidden
        return wide

    def back(self, u: Array, times: int, units: int) -> Array:
        """Return the errors of all hidden values, the transpose of `of`."""
        u = u[..., self.start : self.start + units]
        if not self.last:
            return u if self.shows is None else u * self.shows
        errors = np.zeros_like(u, shape=(*u.shape[:-1], times, units))
        if times:
            errors[..., 0 if self.backward else -1, :] = u
        return errors


class _AroundLoop(Operator):
    """An operator whose inputs are what the gates are computed from, at all times."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.in_shape = (loop.times, loop.gates * loop.units)

    @property
    def batch(self) -> int:
        """The number of examples."""
        return self.loop.batch

    @property
    def cost(self) -> int:
        """One product with u for each step."""
        return self.loop.times * self.loop.gates * self.loop.units * (self.loop.units + 2)


class ThroughTime(_AroundLoop):
    """From changes of what the gates are computed from, at all times, to changes of the layer's output.

    Shapes: inputs (T, gates·units), outputs (T, width), or (width,) where the last step alone is shown.

    Source: Werbos, Backpropagation Through Time: What It Does and How to Do It (1990).
    """

    structure = "through time"

    def __init__(self, loop: Loop, shown: Shown) -> None:
        super().__init__(loop)
        self.shown = shown
        self.out_shape = (shown.width,) if shown.last else (loop.times, shown.width)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward, step by step."""
        return self.shown.of(self.loop.push(v)[0])

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back, from the last step to the first."""
        return self.loop.pull(self.shown.back(u, self.loop.times, self.loop.units))[0]

    def pulled_moments(self, moments: Array) -> list[tuple[None, Array]]:
        """Carry second moments back, step by step, in place of vectors."""
        if self.shown.last:
            return []
        entries = slice(self.shown.start, self.shown.start + self.loop.units)
        moments = moments[:, :, entries, entries]
        if self.shown.shows is not None:
            moments = moments * self.shown.shows[..., None]
        return [(None, self.loop.moments(moments)[None])]


class BeforeSteps(_AroundLoop):
    """From the same changes to those of what u is multiplied with at all times: (T, gates·units) -> (T, seen)."""

    structure = "before steps"

    def __init__(self, loop: Loop) -> None:
        super().__init__(loop)
        self.out_shape = (loop.times, loop.seen)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward, and look one step before."""
        return self.loop.push(v)[1]

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back from one step before."""
        return self.loop.to_previous(u)


class Bends(_AroundLoop):
    """How the errors of what the gates are computed from change with it: Pᵀ K P, which is symmetric.

    P pushes changes through all steps, K is how each step bends under the errors of its state, and Pᵀ pulls back.
    """

    structure = "bends of time"

    def __init__(self, loop: Loop, total: tuple[Array, ...]) -> None:
        super().__init__(loop)
        self.total = total
        self.out_shape = self.in_shape

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        """Push forward, or pull back."""
        return self.loop.bent(v, self.total)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        """Pull back: the same."""
        return self.loop.bent(u, self.total)
