"""An explanation from an engine and one checked example."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np

from bpframe._version import __version__
from bpframe.core.backprop.engine import Engine
from bpframe.errors import DataError
from bpframe.explanation.backward import backward_pass
from bpframe.explanation.chain import paths_section
from bpframe.explanation.direct import expansion_section
from bpframe.explanation.explanation import Explanation
from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.forward import forward_pass
from bpframe.explanation.gradient import gradient_section
from bpframe.explanation.neuron import neuron_section
from bpframe.explanation.nodes import explained_nodes
from bpframe.explanation.step import step_of
from bpframe.explanation.worked import worked
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["explanation_of"]


def explanation_of(
    engine: Engine,
    inputs: Mapping[str, Array],
    targets: Mapping[str, Array],
    *,
    neuron: str | None,
    weight: str | None,
    expand: bool,
    learning_rate: float,
    per_parameter: int | None,
    notes: tuple[str, ...] = (),
) -> Explanation:
    """Explain one example, (1, *features), in evaluation mode.

    Errors: DataError where there are more examples than one, or a neuron or a weight that there is not.
    """
    _check_numbers(learning_rate, per_parameter)
    with np.errstate(all="ignore"):
        found = worked(engine, inputs, targets)
        paths = paths_section(found, weight)
        return Explanation(
            version=__version__,
            dtype=str(engine.dtype),
            differentiated=on_one_line(found.notation.cost),
            value=found.cost,
            targets={name: found.targets[name][0, ...] for name in found.graph.cost} if found.has_cost else {},
            layers=found.notation.layers,
            nodes=explained_nodes(found),
            forward=forward_pass(found),
            backward=backward_pass(found),
            neuron=neuron_section(found, neuron),
            gradient=gradient_section(found, per_parameter),
            paths=paths,
            expansion=expansion_section(found, paths, expand),
            step=step_of(found, learning_rate) if found.has_cost else None,
            notes=notes,
        )


def _check_numbers(learning_rate: float, per_parameter: int | None) -> None:
    real = isinstance(learning_rate, int | float | np.integer | np.floating) and not isinstance(learning_rate, bool)
    if not real or not 0 < learning_rate <= sys.float_info.max:
        raise DataError("the learning rate is none", expected="a positive number", received=shortened(learning_rate))
    whole = isinstance(per_parameter, int | np.integer) and not isinstance(per_parameter, bool) and per_parameter >= 0
    if per_parameter is not None and not whole:
        raise DataError(
            "per_parameter does not say how many entries are measured",
            expected="an integer of at least 0, or None for every one",
            received=shortened(per_parameter),
        )
