"""What every family of derivatives starts from: an engine, checked arrays, values and costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from inspect import signature
from typing import Any, Self, TypeVar, cast

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.results import failed
from bpframe.core.backprop.trace import Trace
from bpframe.core.graph.graph import Graph, batched
from bpframe.core.graph.parameters import ParameterVector
from bpframe.data import FittedPreparation
from bpframe.data.raw import Preparation, times
from bpframe.derivatives.first_order.node_errors import node_errors
from bpframe.derivatives.points.given_arrays import checked_inputs, checked_stack, checked_targets
from bpframe.derivatives.points.given_rows import by_rows
from bpframe.derivatives.points.given_weights import checked_weights
from bpframe.errors import DataError, ShapeMismatch
from bpframe.shapes import OpenEngine
from bpframe.training.counted import counted_classes
from bpframe.training.metrics import accuracy
from bpframe.training.outputs import threshold_of
from bpframe.validation.plain_arrays import Array
from bpframe.validation.strict_numbers import checked_truth
from bpframe.validation.written_arguments import is_a_write

__all__ = ["Arrays", "Evaluated", "Examples", "evaluation"]

Method = TypeVar("Method", bound=Callable[..., Any])

#: One array, or arrays by name where there are several inputs or outputs.
Arrays = Array | Mapping[str, Array]

#: Examples to train or measure on: (x, y), or (x, y, sample_weight).
Examples = tuple[Arrays, Arrays] | tuple[Arrays, Arrays, Arrays | None]


def evaluation(method: Method) -> Method:
    """Have a method refused while another thread trains the network, and a training wait until it is over.

    What is neither True nor False is refused, too, for a parameter that says whether.
    """
    flags = [
        (place, name)
        for place, (name, parameter) in enumerate(signature(method).parameters.items(), -1)
        if parameter.annotation in ("bool", bool)
    ]

    @wraps(method)
    def counted(self: Evaluated, *args: Any, **kwargs: Any) -> Any:
        for place, name in flags:
            checked_truth(name, args[place] if place < len(args) else kwargs.get(name, False))
        with self._engine.lane():
            try:
                return method(self, *args, **kwargs)
            except ValueError as error:
                if is_a_write(error):  # by an operator, in a product that names no node
                    raise failed("a local Jacobian of the network", "a product", error) from error
                raise

    return cast(Method, counted)


class Evaluated:
    """A graph with parameters that can be evaluated; arrays have examples on axis 0."""

    _engine: Engine | OpenEngine

    #: What raw examples go through before the engine sees them; None where they are taken as they come.
    _preparation: Preparation | None = None

    @property
    def graph(self) -> Graph:
        """The checked nodes and edges."""
        return self._engine.graph

    @property
    def parameters(self) -> ParameterVector:
        """Every parameter that is trained by its path, such as `dense_1.w`, as views into one vector.

        Writing changes the network. `frozen_parameters` has the others.
        """
        return self._engine.held.parameters

    @property
    def frozen_parameters(self) -> ParameterVector:
        """Every frozen parameter by its path, as views into a vector of their own: writing changes the network."""
        return self._engine.held.frozen

    @property
    def state(self) -> Mapping[str, Mapping[str, Array]]:
        """What nodes carry from step to step without training it, by node and name."""
        return self._engine.held.state

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of parameters, values and gradients."""
        dtype: np.dtype[Any] = self._engine.held.dtype
        return dtype

    @property
    def preparation(self) -> FittedPreparation | None:
        """What raw inputs and targets go through in every method; None where they are taken as they are."""
        return None if self._preparation is None else self._preparation.applied

    def without_preparation(self) -> Self:
        """Return this network, with the same parameters, as one that takes prepared arrays in every method.

        Only a run that it saves takes raw ones again.
        """
        bare = type(self).__new__(type(self))
        bare.__dict__.update(self.__dict__)  # one engine for both
        bare._preparation = None if self._preparation is None else replace(self._preparation, raw=False)
        return bare

    def predict(self, x: Arrays, raw: bool = True) -> Any:
        """Return the output for every example, (N, *features), with training switched off.

        A network with a preparation takes raw inputs, here and everywhere, and predicts in the units of the targets,
        where these were scaled; with `raw=False` x is prepared already, and the output is the network's own.
        """
        inputs = self._inputs(x, checked_truth("raw", raw), portions=True)
        found = self._engine.at(inputs).outputs(inputs)
        fitted = self.preparation if raw else None
        return self._outputs(found if fitted is None else {name: fitted.restored(a) for name, a in found.items()})

    def cost(self, x: Arrays, y: Arrays, *, sample_weight: Arrays | None = None) -> float:
        """Return the mean cost over the examples, C = Σ w_n C_n / Σ w_n + R, with training switched off.

        R are the network's penalties, which no weight counts in.

        `sample_weight` holds the w_n, (N,), 0 or more with a positive sum: all are 1 where it is left out, here and in
        every method. Of several outputs it may be a mapping; an output that is left out has ones.
        """
        inputs, targets = self._samples(x, y, sample_weight, portions=True)
        return self._engine.at(inputs).total_cost(inputs, targets) / len(next(iter(inputs.values())))

    def accuracy(self, x: Arrays, y: Arrays, *, sample_weight: Array | None = None) -> float:
        """Return the share of examples whose largest output is the right class; y is one-hot, or class numbers.

        Of a network with several outputs y names the one that it is of: `net.accuracy(x, {"digit": y})`.

        Of one output, whether it is above 1/2 is the class, or above the `threshold` of a cost that declares one, as
        `binary_cross_entropy` declares 0; y is 0 and 1. Targets that the cost ignores are left out, as in the cost. See
        `bpframe.accuracy`, also for the weights (N,) with which examples count.
        """
        inputs = self._inputs(x, portions=True)
        engine = self._engine.at(inputs)
        output, target = self._one_of(y)
        prediction = engine.outputs(inputs)[output]
        if self._preparation is not None:
            target = self._preparation.class_targets(target, output)
            prediction = prediction if self.preparation is None else self.preparation.restored(prediction)
        threshold = threshold_of(self.graph, output)
        scores = prediction
        if threshold is not None and prediction.shape[-1:] == (1,):  # a score: its side of the threshold, 0, 1/2 or 1
            scores = (np.sign(prediction - threshold) + 1) / 2
        if prediction.ndim > 1:
            sample_weight = counted_classes(engine.graph, output, prediction, target, sample_weight)
        return accuracy(scores, target, sample_weight)

    @evaluation
    def trace(self, x: Arrays, training: bool = False) -> Trace:
        """Run the examples forward and return every node's value and local Jacobian, as they are now, for good.

        It prints as a table: `print(network.trace(x))`.
        """
        inputs = {name: array.copy() for name, array in self._inputs(x).items()}
        own = self.parameters.copy(), self.frozen_parameters.copy()
        return self._engine.at(inputs).trace(inputs, training, *own)

    @evaluation
    def errors(
        self, x: Arrays, y: Arrays, training: bool = False, *, sample_weight: Arrays | None = None
    ) -> Mapping[str, Array]:
        """Return the error δ of every node: ∂C_n/∂v of each example's own cost, (N, *features), by node. BP1 and BP2.

            δ_output = w_n ∇_a C,    δ_j = Σ_{i consumes j} J_ijᵀ δ_i

        All nodes are there, with zeros where no cost depends on one; the arrays are read-only and stay as they are. The
        gradient of the mean cost is Σ_n J_nθᵀ δ_n / Σ_n w_n: BP3 and BP4.
        """
        inputs, targets = self._samples(x, y, sample_weight, mean=False)
        return node_errors(self._engine.at(inputs).trace(inputs, training), targets)

    def _of_one_shape(self, what: str) -> Engine:
        """Return the engine of a network without open axes. Errors: ShapeMismatch where one is open."""
        if isinstance(self._engine, OpenEngine):
            raise ShapeMismatch(
                f"{what} depends on the lengths of the open axes",
                expected="a network of one shape",
                received=", ".join(f"{name} {batched(shape)}" for name, shape in self.graph.inputs.items()),
                hint="network.closed(...) is the same network for inputs of one shape",
            )
        return self._engine

    def _trace(self, x: Arrays, training: bool = False) -> Trace:
        """Run examples forward that nobody else writes."""
        inputs = self._inputs(x)
        return self._engine.at(inputs).trace(inputs, training)

    def _inputs(self, x: Arrays, raw: bool = True, portions: bool = False) -> dict[str, Array]:
        if portions:
            x = by_rows(x, "input")
        if self._preparation is not None:
            x = self._preparation.inputs(x, list(self.graph.inputs), raw)
        return checked_inputs(self.graph, x, self.dtype)

    def _samples(
        self, x: Arrays, y: Arrays, sample_weight: Arrays | None = None, mean: bool = True, portions: bool = False
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return checked inputs and targets by name; weights stand beside the targets (see `checked_weights`).

        With `portions` what is larger than memory should hold is `Indexed`, read and checked where it is used.
        """
        if not self.graph.cost:
            raise DataError("the network has no cost", hint="bp.Network(..., cost=QuadraticCost())")
        inputs = self._inputs(x, portions=portions)
        y = self._of_values(by_rows(y, "target") if portions else y)
        if self._preparation is not None:
            y = self._preparation.targets(y, list(self.graph.cost))
        count = len(next(iter(inputs.values())))
        if count == 0:
            raise DataError("there are no examples", expected="at least one row", received="0")
        graph = self._engine.at(inputs).graph
        targets = checked_targets(graph, y, self.dtype, count)
        return inputs, targets | checked_weights(graph, self._of_values(sample_weight), self.dtype, targets, mean)

    def _raw_scale(self, name: str) -> Array | None:
        """Return ∂x/∂x' of an input, entry by entry: a derivative in x' is divided by it for one in x."""
        scale = None if self._preparation is None or name not in self.graph.inputs else self._preparation.scale
        return None if scale is None else scale.astype(self.dtype)

    def _knowing_columns(self, x: Any, y: Any) -> Preparation | None:
        """Return the preparation with the names of these tables' columns, where they were not known."""
        known = self._preparation or Preparation()
        learned = known.knowing(x, self._of_values(y), list(self.graph.inputs), list(self.graph.cost))
        return None if learned == Preparation() else learned

    def _by_name(self, x: Any) -> Any:
        """Return inputs with the columns of tables in the order of the training."""
        return x if self._preparation is None else self._preparation.inputs(x, list(self.graph.inputs), raw=False)

    def _in_raw(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """Return derivatives, or tangents, in prepared inputs as those in raw ones; others by the same mapping stay."""
        scales = {name: self._raw_scale(name) for name in arrays}
        return {name: array if (scale := scales[name]) is None else array / scale for name, array in arrays.items()}

    def _unit_scale(self) -> Array | None:
        """Return ∂(prediction)/∂(output), (*output), of a network whose targets are scaled; None of others."""
        known, graph = self._preparation, self.graph
        return None if known is None else known.output_scale(graph.shapes[graph.outputs[0]], self.dtype)

    def _cotangents(self, trace: Trace, cotangent: Arrays) -> dict[str, Array]:
        shapes = {name: (trace.batch, *trace.plan.graph.shapes[name]) for name in self.graph.outputs}
        return times(checked_stack(self._of_values(cotangent), shapes, "cotangent", self.dtype)[0], self._unit_scale())

    def _one_of(self, y: Arrays) -> tuple[str, Any]:
        """Return the output that targets are of, and these: the only one, or that of a mapping with one entry."""
        names = ", ".join(self.graph.named(dict.fromkeys(self.graph.outputs)))
        if isinstance(y, Mapping):
            ((output, target), *others) = self._of_values(y).items() or [(None, None)]
            if others or output not in self.graph.outputs:
                raise DataError(
                    "accuracy is of one output", expected=f"one of {names}", received=", ".join(map(str, y)) or "none"
                )
            return output, target
        if len(self.graph.outputs) > 1:
            raise DataError(
                "accuracy needs one output",
                expected=f"the targets of one of {names}",
                received="targets of no name",
                hint=f'net.accuracy(x, {{"{names.split(", ")[0]}": y}})',
            )
        return self.graph.outputs[0], y

    def _of_values(self, arrays: Any) -> Any:
        """Return arrays by the names of values, of which some were named by their blocks."""
        if arrays is None or type(arrays) is np.ndarray or not isinstance(arrays, Mapping):
            return arrays
        found = {self.graph.value_of(name): array for name, array in arrays.items()}
        if len(found) != len(arrays):
            raise DataError("one value is named twice, by its block too", received=", ".join(map(str, arrays)))
        return found

    def _outputs(self, found: dict[str, Array]) -> Any:
        return found[self.graph.outputs[0]] if len(self.graph.outputs) == 1 else self.graph.named(found)
