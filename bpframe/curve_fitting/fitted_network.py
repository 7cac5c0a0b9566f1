"""A formula as a network, with weighted least squares as its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.core.component import Component, Cost, Layer, contract_of
from bpframe.core.graph.description import NetworkSpec
from bpframe.core.graph.parameters import ParameterVector
from bpframe.curve_fitting.data import real_numbers
from bpframe.documents.written_out import network_spec
from bpframe.errors import DataError, UnknownComponent, did_you_mean
from bpframe.network import Network
from bpframe.plugins import default_registry
from bpframe.validation.plain_arrays import Array, place_of

__all__ = ["default_optimizer", "entry_names", "fitted_network", "set_start", "values"]


#: By name, because no module of the core imports a plugin set.
COST, OPTIMIZER = "minimizers.weighted_quadratic", "minimizers.levenberg_marquardt"


def fitted_network(model: Layer | Network, features: tuple[int, ...]) -> Network:
    """Return a network in float64 that computes the model and has the weighted quadratic cost.

    A layer is put into a network that takes `features`; of a network the parameters and state are copied, and what is
    frozen stays fixed.

    Errors: DataError (the model is neither, is a layer of several inputs, has several outputs, penalties, or nothing to
    fit).
    """
    cost = _component(COST, "cost")()
    assert isinstance(cost, Cost)
    if isinstance(model, Network):
        if model.preparation is not None:
            raise DataError(
                "the network has a preparation, so that its parameters belong to prepared points",
                received=repr(model.preparation),
                hint="model.without_preparation(), with x prepared: model.preparation.apply_inputs(x)",
            )
        if model.graph.penalties:
            raise DataError(
                "the network has penalties, which draw a fit away from the data: its errors would be none",
                expected="a network without penalties",
                received=", ".join(dict.fromkeys(model.spec.penalties)),
                hint="network.fit(x, y, optimizer=LevenbergMarquardt()), which gives no standard errors",
            )
        network = Network.from_spec(_with_cost(model.spec, cost))
        network._preparation = model._preparation  # for the names of columns
        network.parameters.vector[:] = model.parameters.vector
        network.frozen_parameters.vector[:] = model.frozen_parameters.vector
        network._engine.held.state = {
            node: {name: array.astype(np.float64) for name, array in named.items()}
            for node, named in model.state.items()
        }
    elif isinstance(model, Layer):
        _require_one_input(model)
        network = Network.from_spec(network_spec([model], input_shape=features, cost=cost))
    else:
        described = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
        hint = f"{model.__name__}()" if isinstance(model, type) else "a function: def f(x, a, b)"
        raise DataError(
            "there is no model to fit", expected="a function, a layer or a network", received=described, hint=hint
        )
    if not network.parameters.vector.size:
        raise DataError(
            "the model has no parameters to fit",
            received=", ".join(node.component.kind for node in network.graph.nodes),
            hint="declare them: def parameters(self): return {'rate': Parameter((), init=1.0)}",
        )
    return network


def _require_one_input(layer: Layer) -> None:
    """Refuse a formula of several variables that are handed over one by one: a layer alone is given x."""
    names, kind = contract_of(type(layer)).inputs or (), type(layer).__name__
    if len(names) > 1:
        nodes = f"nodes={{'f': bpframe.node({kind}(), {', '.join(map(repr, names))})}}"
        inputs = ", ".join(f"'{name}': (1,)" for name in names)
        raise DataError(
            f"{kind}.forward takes {len(names)} inputs, and a layer is fitted to one, x",
            expected=f"forward(self, x, p), with x of shape (N, {len(names)}) and {names[0]} = x[:, 0]; or a network",
            received=", ".join(names),
            hint=f"bpframe.Network({nodes}, inputs={{{inputs}}}), and x a mapping from {' and '.join(names)} to arrays",
        )


def default_optimizer(**fields: Any) -> Optimizer:
    """Return Levenberg–Marquardt, to run until rounding alone is left."""
    found = _component(OPTIMIZER, "optimizer").model_validate({"min_gradient": 0.0, **fields})
    assert isinstance(found, Optimizer)
    return found


def values(parameters: ParameterVector) -> dict[str, Any]:
    """Return the parameters by name: numbers where they are scalars, arrays elsewhere; as copies."""
    names = _short_names(parameters)
    return {names[path]: float(view) if view.ndim == 0 else view.copy() for path, view in parameters.items()}


def entry_names(parameters: ParameterVector) -> tuple[str, ...]:
    """Return a name for every number in the parameter vector: `rate`, `w[0, 1]`."""
    short, found = _short_names(parameters), []
    for path, shape in parameters.shapes.items():
        found += [short[path] + (place_of(index) if shape else "") for index in np.ndindex(*shape)]
    return tuple(found)


def set_start(parameters: ParameterVector, start: Mapping[str, Any] | Sequence[float] | Array | None) -> None:
    """Write where a fit starts: by name, as many as wanted, or all numbers in their order.

    Errors: DataError (a name is none of the model's, or a value has another shape or is not finite).
    """
    if start is None:
        return
    names = entry_names(parameters)
    if not isinstance(start, Mapping):
        numbers = _numbers("start", start)
        if numbers.shape != parameters.vector.shape:
            raise DataError(
                "start has another number of values than the model has parameters",
                expected=f"{len(names)}: {', '.join(names)}",
                received=str(numbers.size if numbers.ndim == 1 else numbers.shape),
            )
        parameters.vector[:] = numbers
        return
    short = _short_names(parameters)
    path_of = {name: path for path, name in short.items()} | {path: path for path in parameters}
    for name, value in start.items():
        if name not in path_of:
            raise DataError(
                f"start has a value for '{name}', which is no parameter of the model",
                expected=", ".join(short.values()),
                received=", ".join(map(str, start)),
                hint=did_you_mean(name, path_of),
            )
        view, array = parameters.views[path_of[name]], _numbers(f"start['{name}']", value)
        if array.shape not in ((), view.shape):
            raise DataError(f"start['{name}'] has another shape", expected=str(view.shape), received=str(array.shape))
        view[...] = array


def _numbers(what: str, value: Any) -> Array:
    array = real_numbers(what, value)
    if not np.isfinite(array).all():
        raise DataError(f"{what} is not finite", expected="finite numbers", received=repr(value)[:60])
    return array


def _short_names(parameters: ParameterVector) -> dict[str, str]:
    """Return how a fit names a parameter: without its node, where no other node has parameters."""
    nodes = {path.rpartition(".")[0] for path in parameters}
    return {path: path.rpartition(".")[2] if len(nodes) == 1 else path for path in parameters}


def _with_cost(spec: NetworkSpec, cost: Cost) -> NetworkSpec:
    if len(spec.outputs) != 1:
        raise DataError("a model to fit has one output", expected="one", received=", ".join(spec.outputs))
    return spec.model_copy(update={"cost": {spec.outputs[0]: cost}, "dtype": "float64"})


def _component(name: str, group: str) -> type[Component]:
    try:
        return default_registry().find(name, group)
    except UnknownComponent as error:
        error.hint = (
            "install or enable the plugin set 'minimizers': it comes with bpframe, unless BPFRAME_PLUGINS leaves it out"
        )
        raise
