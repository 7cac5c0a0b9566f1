"""Activations: functions applied to one input, mostly entry by entry."""

from __future__ import annotations

from dataclasses import replace

from bpframe.core.component.category import Method
from bpframe.core.component.layer import FORWARD, JACOBIAN, SHAPE, Layer

__all__ = ["Activation"]

_ACTIVATION = replace(
    Layer._category,
    name="activation",
    methods={
        "forward": Method(FORWARD - {"p"}, required=True, names_inputs=True),
        "output_shape": Method(SHAPE),
        "jacobian": Method(JACOBIAN - {"p"} | {"out"}, required=True, takes_inputs=True),
        "initial_state": Method(SHAPE),
        "second_derivative": Method(JACOBIAN - {"p"}, takes_inputs=True),
        "second_order": Method(JACOBIAN - {"p"} | {"u"}, takes_inputs=True),
        "input_domain": Method(takes_inputs=True),
    },
    one_input=True,
)


class Activation(Layer, category=_ACTIVATION):
    """A layer a = σ(z) of one input, without parameters, whose output has its input's shape.

    `forward` and `jacobian` are those of `Layer`. `jacobian` may also ask for `out`: a scratch array of the output's
    shape, into which the diagonal can be written.

    `second_derivative(self, x, ...)` is the optional second-order declaration: σ''(z) entry by entry, (N, *features).
    One that does not work entry by entry, such as softmax, declares `second_order` as a layer does.
    """
