"""Activations: functions applied to one input, mostly entry by entry."""

from __future__ import annotations

from bpframe.core.component.layer import Layer

__all__ = ["Activation"]


class Activation(Layer):
    """A layer a = σ(z) of one input, without parameters, whose output has its input's shape.

    `forward` and `jacobian` are those of `Layer`. `jacobian` may also ask for `out`: a scratch array of the output's
    shape, into which the diagonal can be written.

    `second_derivative(self, x, ...)` is the optional second-order declaration: σ''(z) entry by entry, (N, *features).
    One that does not work entry by entry, such as softmax, declares `second_order` as a layer does.
    """
