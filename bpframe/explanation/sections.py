"""The sections of an explanation: every number of one example's way through a network."""

from __future__ import annotations

from dataclasses import dataclass

from bpframe.explanation.backward import BackwardPass
from bpframe.explanation.chain import PathsSection
from bpframe.explanation.direct import ExpansionSection
from bpframe.explanation.forward import ForwardPass
from bpframe.explanation.gradient import GradientSection
from bpframe.explanation.neuron import NeuronSection
from bpframe.explanation.nodes import ExplainedNode
from bpframe.explanation.notation import Layer
from bpframe.explanation.step import Step
from bpframe.validation.plain_arrays import Array

__all__ = ["FORMAT", "Sections"]

#: What every explanation's data begins with; another number stands for another schema.
FORMAT = "bpframe explanation 1"


@dataclass(frozen=True, eq=False)
class Sections:
    """One example through a network, with every number shown, section by section.

    `differentiated` is "C", or the name of an output where there is no cost; `targets` are by output, `dtype` is that
    of the network's numbers. The sections are the `layers` as the tutorial numbers them, the `nodes` with values and
    errors, the `forward` and `backward` pass line by line, the
    equations of one `neuron`, the `gradient` beside derivatives by number, the `paths` of
    some weights to the cost, the `expansion` into one formula, and a `step` of
    gradient descent. All arrays are of the one example, without an axis of examples, and read-only.
    """

    version: str
    dtype: str
    differentiated: str
    value: float
    targets: dict[str, Array]
    layers: tuple[Layer, ...]
    nodes: tuple[ExplainedNode, ...]
    forward: ForwardPass
    backward: BackwardPass
    neuron: NeuronSection | None
    gradient: GradientSection
    paths: PathsSection
    expansion: ExpansionSection
    step: Step | None
    notes: tuple[str, ...] = ()
