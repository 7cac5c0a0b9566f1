"""An explanation as data that JSON can hold: the schema is in `schema.py`."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from bpframe.explanation.chain import PathsSection
from bpframe.explanation.formula.numerals import count_as_data
from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.gradient import Gradient
from bpframe.explanation.line import Line
from bpframe.explanation.neuron import NeuronSection
from bpframe.explanation.nodes import ENTRIES, ExplainedNode
from bpframe.explanation.sections import FORMAT, Sections
from bpframe.explanation.step import Step
from bpframe.validation.plain_arrays import Array

__all__ = ["as_json", "numbers"]


def numbers(value: Any) -> Any:
    """Return a number or an array as JSON holds it: lists of numbers, with names for those that are not finite.

    Counts of very many digits are texts.
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            return _named(value.tolist())
        return value.tolist()
    if type(value) is int:
        return count_as_data(value)
    return _named(value.item() if isinstance(value, np.generic) else value)


def _named(value: Any) -> Any:
    if isinstance(value, list):
        return [_named(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def as_json(explanation: Sections) -> dict[str, Any]:
    """Return all of an explanation."""
    forward, backward, gradient = explanation.forward, explanation.backward, explanation.gradient
    neuron, formula = explanation.neuron, explanation.expansion.formula
    return {
        "format": FORMAT,
        "version": explanation.version,
        "dtype": explanation.dtype,
        "differentiated": explanation.differentiated,
        "value": numbers(explanation.value),
        "targets": {name: numbers(array) for name, array in explanation.targets.items()},
        "layers": [
            {
                "number": each.number,
                "affine": each.affine,
                "activation": each.activation,
                "reads": each.reads,
                "weight": each.weight,
                "bias": each.bias,
                "units": each.units,
            }
            for each in explanation.layers
        ],
        "nodes": [_node(each) for each in explanation.nodes],
        "forward": {
            "weights": [_line(each) for each in forward.weights],
            "lines": [_line(each) for each in forward.lines],
            "whole": None if forward.whole is None else _line(forward.whole),
            "costs": [_line(each) for each in forward.costs],
            "cost": numbers(forward.cost),
        },
        "backward": {
            "meaning": backward.meaning,
            "errors": [_line(each) for each in backward.errors],
            "matrices": [_line(each) for each in backward.matrices],
            "gradients": [_line(each) for each in backward.gradients],
        },
        "neuron": None if neuron is None else _neuron(neuron),
        "gradient": {
            "size": gradient.size,
            "checked": gradient.checked,
            "together": None if gradient.together is None else _plain(asdict(gradient.together)),
            "note": gradient.note,
            "warning": gradient.warning,
            "parts": [_gradient(each) for each in gradient.parts],
        },
        "paths": _paths(explanation.paths),
        "expansion": {
            "reason": explanation.expansion.reason,
            "formula": None if formula is None else _plain(asdict(formula)),
        },
        "step": None if explanation.step is None else _step(explanation.step),
        "notes": list(explanation.notes),
    }


def _neuron(neuron: NeuronSection) -> dict[str, Any]:
    return {
        "node": neuron.node,
        "layer": neuron.layer,
        "number": neuron.number,
        "lines": [_line(each) for each in neuron.lines],
    }


def _node(node: ExplainedNode) -> dict[str, Any]:
    return {
        "name": node.name,
        "kind": node.kind,
        "role": node.role,
        "layer": node.layer,
        "symbol": node.symbol,
        "reads": list(node.reads),
        "block": node.block,
        "shape": list(node.shape),
        "value": numbers(node.value),
        "error": None if node.error is None else numbers(node.error),
        "jacobians": [
            {
                "key": each.key,
                "of": each.of,
                "kind": each.kind,
                "structure": each.structure,
                "shape": list(each.shape),
                "entries": None if each.entries is None else numbers(each.entries),
            }
            for each in node.jacobians
        ],
    }


def _small(array: Array) -> Any:
    """Return an array of a line; a large one stands in full where its node or parameter does, and is not repeated."""
    return None if array.size > ENTRIES else numbers(array)


def _line(line: Line) -> dict[str, Any]:
    return {
        "tag": line.tag,
        "left": on_one_line(line.left),
        "symbols": on_one_line(line.symbols),
        "operands": {on_one_line(atom): _small(array) for atom, array in line.values.items()},
        "result": _small(line.result),
        "says": line.says,
        "node": line.node,
        "layer": line.layer,
    }


def _paths(paths: PathsSection) -> dict[str, Any]:
    return {
        "reason": paths.reason,
        "rules": [_plain(asdict(each)) for each in paths.rules],
        "lines": [_line(each) for each in paths.lines],
        "counts": None if paths.counts is None else _plain(asdict(paths.counts)),
        "shared": [_plain(asdict(each)) for each in paths.shared],
    }


def _plain(value: Any) -> Any:
    """Return data of dataclasses as JSON holds it."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return numbers(value)


def _gradient(part: Gradient) -> dict[str, Any]:
    return {
        "name": part.name,
        "kind": part.kind,
        "letter": part.letter,
        "shape": list(part.gradient.shape),
        "value": numbers(part.value),
        "gradient": numbers(part.gradient),
        "complex_step_reason": part.reason,
        "checks": [
            {
                "index": list(each.index),
                "back_propagation": numbers(each.back_propagation),
                "difference": numbers(each.difference),
                "step": numbers(each.step),
                "complex_step": numbers(each.complex_step),
            }
            for each in part.checks
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "learning_rate": numbers(step.learning_rate),
        "parameters": {
            path: {
                "before": numbers(before),
                "gradient": numbers(step.gradient[path]),
                "after": numbers(step.after[path]),
            }
            for path, before in step.before.items()
        },
        "lines": [_line(each) for each in step.lines],
        "cost_before": numbers(step.cost_before),
        "cost_after": numbers(step.cost_after),
        "change": numbers(step.change),
        "predicted": numbers(step.predicted),
        "says": step.says,
    }
