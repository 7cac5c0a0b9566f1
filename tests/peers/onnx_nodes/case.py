"""ONNX's node tests, as the package `onnx` makes them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

__all__ = ["ATOL", "Case", "NotExpressed", "cases"]

#: How far apart outputs may be: those of a reference implementation in float32.
RTOL, ATOL = 1e-4, 1e-6

#: Cases whose expected outputs are written with four digits.
ROUNDED = {"test_averagepool_2d_ceil_last_window_starts_on_pad"}


class NotExpressed(Exception):
    """No shipped component expresses the case: the reason."""


@dataclass(frozen=True)
class Case:
    """One test of one operator: attributes, inputs (None where left out) and the expected outputs."""

    name: str
    operator: str
    attributes: dict[str, Any]
    inputs: Sequence[Any]
    outputs: Sequence[Any]

    @property
    def rtol(self) -> float:
        """How far apart outputs may be, relative to their size."""
        return 10 * RTOL if self.name in ROUNDED else RTOL

    def attribute(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)

    def input(self, i: int) -> Any:
        return self.inputs[i] if i < len(self.inputs) else None

    def refuse_attributes(self, **reasons: str) -> None:
        """Refuse attributes that are stated, each with a reason."""
        for name, reason in reasons.items():
            if self.attributes.get(name):
                raise NotExpressed(reason)


@cache
def cases() -> tuple[Case, ...]:
    """Return the tests of single operators that onnx ships, by name; its functions written out are left out."""
    import onnx
    from onnx.backend.test.loader import load_model_tests

    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of onnx's own casts, while it makes its cases
        tests = load_model_tests(kind="node")
    for test in tests:
        nodes = test.model.graph.node if test.model is not None else ()
        if len(nodes) != 1 or not test.data_sets:
            continue
        (node,) = nodes
        given, expected = test.data_sets[0]
        present = iter(given)
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        inputs = [plain(next(present, None)) if name else None for name in node.input]
        wanted = iter(expected)
        outputs = [plain(next(wanted, None)) if name else None for name in node.output]
        attributes = {key: each.decode() if isinstance(each, bytes) else each for key, each in attributes.items()}
        found.append(Case(test.name, node.op_type, attributes, inputs, outputs))
    return tuple(sorted(found, key=lambda case: case.name))


def plain(value: Any) -> Any:
    """Return a NumPy number as an array."""
    return np.asarray(value) if isinstance(value, np.generic) else value
