"""One example through the network with every number shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpframe.differentiable.evaluated import Arrays, Evaluated, evaluation
from bpframe.errors import DataError
from bpframe.validation.plain_arrays import Array

if TYPE_CHECKING:
    from bpframe.explanation import ErrorFlow, Explanation

__all__ = ["Explained"]


class Explained(Evaluated):
    """Why a number is what it is."""

    @evaluation
    def explain(
        self,
        x: Arrays,
        y: Arrays | None = None,
        *,
        neuron: str | None = None,
        weight: str | None = None,
        expand: bool = True,
        learning_rate: float = 0.01,
        per_parameter: int | None = 12,
    ) -> Explanation:
        """Show one example's way through the network: forward, BP1 to BP4, the gradient and a step, with all numbers.

        `x` and `y` are one example, with or without the axis of examples. Without a cost, y is left out, and the
        output, one number, is differentiated itself. `neuron`, "2:1" for the first one of layer 2 or "sum[0]" for an
        entry of a node, is written out in single numbers, and the paths of `weight`, "w^2_11" or "dense_1.w[0,0]", to
        the cost are followed. `expand` says whether the network is written as one formula, eq. (5), for which SymPy
        takes half a second. `learning_rate` is that of the step, eq. (1). Up to `per_parameter` entries of each
        parameter and input are measured by differences and by the complex step as well (None: all), of large networks
        fewer, of some of them; `gradient.note` says how many.

        Components behave as in evaluation. The network is left as it is.

        Shapes: x (*features) or (1, *features), and y like a target, or mappings of them.

        Errors: DataError for more examples than one; for a network without a cost, where more than one number comes out
        of it; for a neuron or a weight that there is not; for a learning rate or a count that is none.
        """
        from bpframe.explanation import explanation_of  # only here: most who import bpframe explain nothing
        from bpframe.explanation.example import with_examples_axis
        from bpframe.explanation.worked import of_the_output

        graph = self.graph
        x = with_examples_axis(x, graph.inputs)
        notes = []
        targets: dict[str, Array]
        if graph.cost:
            if y is None:
                raise DataError("an explanation starts from the cost, which needs a target", expected="explain(x, y)")
            inputs, targets = self._samples(x, with_examples_axis(self._of_values(y), graph.target_shapes))
            engine = self._engine.at(inputs)
        else:
            if y is not None:
                raise DataError(
                    "the network has no cost", hint="explain(x), for its output; or bp.Network(..., cost=...)"
                )
            inputs = self._inputs(x)
            engine = of_the_output(self._engine.at(inputs))
            targets = {name: np.zeros_like(array) for name, array in engine.outputs(inputs).items()}
        if self._preparation is not None:
            notes.append("inputs and targets are shown as the network sees them, after their preparation")
        return explanation_of(
            engine,
            inputs,
            targets,
            neuron=neuron,
            weight=weight,
            expand=expand,
            learning_rate=learning_rate,
            per_parameter=per_parameter,
            notes=tuple(notes),
        )

    @evaluation
    def error_flow(self, x: Arrays, y: Arrays) -> ErrorFlow:
        """Return how errors flow back through the layers at some examples: their sizes, and what each layer passes on.

        Vanishing and exploding errors, saturated and dead units are told in words: print it. See `LayerFlow` for the
        numbers of a layer. Components behave as in evaluation.

        Shapes: x (N, *features) and y like targets, or mappings of them.
        """
        from bpframe.explanation import error_flow_of

        inputs, targets = self._samples(x, y, mean=False)
        return error_flow_of(self._engine.at(inputs), inputs, targets)
