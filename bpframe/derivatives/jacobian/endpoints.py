"""What a Jacobian is of, and with respect to what: names of values and parameters, checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bpframe.core.graph.graph import Graph
from bpframe.errors import DerivativeError, did_you_mean

__all__ = ["sources", "targets"]


def targets(graph: Graph, of: str | None) -> tuple[str, ...]:
    """Return the values to differentiate: all outputs, or the one that was named; of a block, its output.

    Errors: DerivativeError for a name that is none, with the closest one.
    """
    if of is None:
        return graph.outputs
    if of not in graph.shapes and of not in graph.blocks:
        raise _unknown("of", of, [*graph.shapes, *graph.blocks])
    return (graph.value_of(of),)


def sources(graph: Graph, wrt: str | Sequence[str] | None) -> tuple[tuple[str, ...], bool]:
    """Return the values and parameter paths to differentiate by, and whether it is a single one that was meant.

    None is the only input, or all of them; "inputs" and "parameters" are all of them; a list may mix everything. All
    inputs are those of floating-point numbers.

    Errors: DerivativeError for a name that is none, an input that holds integers, and for an empty list.
    """
    if wrt is None and len(graph.inputs) == 1:
        wrt = next(iter(graph.inputs))
    if isinstance(wrt, str) and _is_known(graph, wrt):
        return (_differentiable(graph, wrt),), True
    if wrt is None or isinstance(wrt, str):
        return _all(graph, "inputs" if wrt is None else wrt), False
    if not isinstance(wrt, Iterable):
        raise DerivativeError("wrt names nothing", expected="a name, or a list of names", received=repr(wrt))
    found: dict[str, None] = {}
    for name in wrt:
        known = isinstance(name, str) and _is_known(graph, name)
        found.update(dict.fromkeys([_differentiable(graph, name)] if known else _all(graph, name)))
    if not found:
        raise DerivativeError("wrt is an empty list", expected="names of inputs, nodes or parameters", received="none")
    return tuple(found), False


def _is_known(graph: Graph, name: str) -> bool:
    return name in graph.shapes or name in graph.blocks or name in graph.parameters


def _all(graph: Graph, name: Any) -> tuple[str, ...]:
    if name == "parameters":
        if not graph.parameters:
            none = "the network has no parameters" + (" that are trained" if graph.frozen_parameters else "")
            raise DerivativeError(none, hint="wrt='inputs'")
        return tuple(graph.parameters)
    if name == "inputs":
        real = tuple(each for each in graph.inputs if each not in graph.integer_inputs)
        if not real:
            _differentiable(graph, next(iter(graph.inputs)))
        return real
    if name in graph.frozen_parameters:
        raise DerivativeError(
            f"the parameter '{name}' is frozen: nothing is differentiated by it",
            expected="an input, a node or a parameter that is trained",
            received=repr(name),
        )
    raise _unknown("wrt", name, [*graph.shapes, *graph.blocks, *graph.parameters, "inputs", "parameters"])


def _differentiable(graph: Graph, name: str) -> str:
    if name in graph.integer_inputs:
        raise DerivativeError(
            f"input '{name}' holds integers: it has no derivative",
            expected="an input of floating-point numbers, a node or a parameter",
            received=repr(name),
            hint="wrt='parameters', or the node that reads it",
        )
    return graph.value_of(name)


def _unknown(word: str, name: Any, known: Iterable[str]) -> DerivativeError:
    names = list(known)
    return DerivativeError(
        f"{word} names no value of the network" if word == "of" else f"{word} names nothing in the network",
        expected=", ".join(names),
        received=repr(name),
        hint=did_you_mean(name, names),
    )
