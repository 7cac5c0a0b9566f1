"""Layers: what a network's nodes compute."""

from __future__ import annotations

from typing import ClassVar

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method
from bpframe.core.component.declared_inputs import (
    check_domain,
    check_integer_inputs,
    check_jacobian_keys,
    check_outputs,
)
from bpframe.core.component.domain import Domain

__all__ = ["DRAFT", "FORWARD", "JACOBIAN", "KEEPING", "SHAPE", "Layer"]

#: What methods of layers may ask for: those of shapes alone, forward, and what is declared at a point.
SHAPE = frozenset({"shape", "shapes", "features"})
_RUN = frozenset({"p", "state", "saved", "training"})
FORWARD = _RUN | {"rng", "out"}
JACOBIAN = _RUN | {"y"}

DRAFT = "declare forward ({}) and jacobian ({}); or draft = True for now"
KEEPING = (
    "what jacobian needs goes into `saved`: ask for it in both methods, and write saved['{name}'] = ... in forward"
)

_LAYER = Category(
    "layer",
    {
        "forward": Method(FORWARD, required=True, names_inputs=True),
        "jacobian": Method(JACOBIAN, required=True, takes_inputs=True),
        "output_shape": Method(SHAPE),
        "parameters": Method(SHAPE),
        "initial_state": Method(SHAPE),
        "second_order": Method(JACOBIAN | {"u"}, takes_inputs=True),
        "input_domain": Method(takes_inputs=True),
    },
    group="node",
    noun="a layer",
    example="Dense(units=30)",
    written="{kind: dense, units: 30}",
    declare=DRAFT.format("what it computes", "its local Jacobian"),
    keeping=f"{KEEPING}; what lasts from step to step is `state`",
    checks=(check_integer_inputs, check_domain, check_jacobian_keys, check_outputs),
)


class Layer(Component, category=_LAYER):
    """A node's computation v = f(inputs; θ) and its local Jacobians ∂v/∂input, ∂v/∂θ.

    A subclass declares two methods, and more only where it needs them.

    `forward(self, a, ...)`
        The arguments that are none of the words below are the layer's inputs, in order; `*xs` takes any number.
        Each is an array (N, *features) with examples on axis 0. It returns the output, (N, *features).
    `jacobian(self, a, ...)`
        Returns the local Jacobian: a mapping from each input's and each parameter's name to an operator, or to a
        plain array of shape (N, *out, *in) or (*out, *in). With one input and no parameters, the operator alone; with
        `*xs`, a sequence of operators under the name `xs`, or that sequence alone. A parameter's operator maps a change
        of the parameter, example by example, to a change of the output.

    Words that these two may ask for: `p` (mapping of parameters), `state` (mapping; forward then returns
    `(output, new_state)`), `saved` (a mapping that forward fills for jacobian), `training` (bool). Forward alone:
    `rng` (`numpy.random.Generator`), `out` (a buffer for the output, to be written and returned).
    Jacobian alone: `y`, forward's output.

    Optional methods, which may ask for `shape` (the feature shape of the only input), `shapes` (one per input) or
    `features` (the size of the last axis of the only input):

    `output_shape`
        The output's feature shape; the first input's where it is left out.
    `parameters`
        Mapping from names to `Parameter`.
    `initial_state`
        Mapping from names to `State`.

    `second_order(self, a, u, ...)` is an optional third declaration. For a cotangent u of the output,
    H_u = Σ_k u_k ∂²v_k/∂s∂t: a mapping from pairs (s, t) of input and parameter names to the operator that takes
    a change of t to a cotangent of s. Zero blocks and transposed pairs are left out; {} says that nothing bends. A
    layer whose `jacobian` is handed no values at all (inputs, `y`, `p`, `saved`) needs none: it is linear.

    Notes
    -----
    A class with `draft = True` may leave `jacobian` out while it is tried: the core then measures it from `forward`,
    by the complex step or by differences, which is slow and which the conformance kit refuses.

    `input_domain(self)` is optional too: where the inputs may lie, as a mapping from their names to pairs (low, high),
    an open interval. For an integer input it is the half-open interval of its values: a table of V rows takes
    `{"tokens": (0, self.rows)}`, and a network refuses all other values before any pass. Where no field decides, the
    class variable `domain` says the same.

    A layer of several `outputs = ("h", "c")` is read as `lstm_1.h` and `lstm_1.c`; its bare name reads the first.

    Raises
    ------
    ContractError
        When the class is first used, for a signature or a key that names nothing.

    """

    #: The names of the outputs, where there are several: forward then returns a tuple of arrays in this order (with
    #: `state`, the pair of this tuple and the new state), and output_shape a tuple of shapes. In jacobian's mapping
    #: stands for every key a tuple with an operator for each output, None where an output does not depend on it; or one
    #: operator to all entries of all outputs in a row, (total,). `y` and `u` are tuples. `forward` takes no `out`.
    outputs: ClassVar[tuple[str, ...]] = ()

    #: Inputs that hold integers (token numbers, labels): they have no derivative, and jacobian leaves them out.
    integer_inputs: ClassVar[tuple[str, ...]] = ()

    #: Where the inputs may lie: one open interval (low, high) for all, or a mapping from their names to intervals.
    #: None is the whole line, and for integers all from 0 on, of which the conformance kit draws 0 and 1. The kit draws
    #: its points there, and a network takes no other integers.
    domain: ClassVar[Domain | None] = None

    #: Whether `jacobian` may be left out for now, to be measured from `forward`.
    draft: ClassVar[bool] = False

    #: Whether, in training, one example's output depends on the others (batch normalisation).
    couples_batch: ClassVar[bool] = False
