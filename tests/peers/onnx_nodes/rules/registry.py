"""Which rule expresses an operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.running import output_of

__all__ = ["RULES", "InPart", "numbers", "one", "rule"]

Array = np.ndarray
Rule = Callable[[Case], Any]

#: A rule computes an operator's output, or outputs; or it raises NotExpressed.
RULES: dict[str, Rule] = {}


@dataclass(frozen=True)
class InPart:
    """The outputs that components compute, None for others, and why there are others."""

    outputs: Sequence[Array | None]
    reason: str


def rule(*operators: str) -> Callable[[Rule], Rule]:
    """Say that a function expresses these operators."""

    def keep(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(operators, function))
        return function

    return keep


def numbers(case: Case, *places: int) -> list[Array]:
    """Return inputs, all of them if no places are given, that have to be of float32 or float64."""
    chosen = [case.input(i) for i in places] if places else list(case.inputs)
    for each in chosen:
        if each.dtype.kind in "iub":
            raise NotExpressed("of whole numbers: bpframe computes in float32 and float64")
        if each.dtype not in (np.float32, np.float64):
            raise NotExpressed(f"in {each.dtype}: bpframe computes in float32 and float64")
    return chosen


def one(component: Any, *arrays: Array, **parameters: Array) -> Array:
    """Return a component's output for one example: the arrays have no axis of the examples."""
    return output_of(component, [each[None] for each in arrays], parameters)[0]
