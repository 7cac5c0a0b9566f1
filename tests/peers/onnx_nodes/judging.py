"""Whether a component expresses a case, and passes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from onnx_nodes.case import ATOL, Case, NotExpressed, cases
from onnx_nodes.reasons import reason_of
from onnx_nodes.rules import RULES, InPart
from onnx_nodes.running import USED

__all__ = ["Verdict", "verdict", "verdicts"]


@dataclass(frozen=True)
class Verdict:
    """How a case ended: why it is not expressed, or not whole; and the kinds of the components that ran."""

    case: Case
    how: Literal["passes", "in part", "fails", "not expressed"]
    reason: str = ""
    kinds: tuple[str, ...] = ()


def verdict(case: Case) -> Verdict:
    """Run a case."""
    if case.operator not in RULES:
        return Verdict(case, "not expressed", reason_of(case.operator))
    USED.clear()
    try:
        found = RULES[case.operator](case)
    except NotExpressed as refusal:
        return Verdict(case, "not expressed", str(refusal))
    kinds = tuple(sorted(set(USED)))
    reason = found.reason if isinstance(found, InPart) else ""
    outputs = found.outputs if isinstance(found, InPart) else found if isinstance(found, list) else [found]
    for place, (own, expected) in enumerate(zip(outputs, case.outputs, strict=True)):
        if expected is None or (own is None and reason):
            continue
        wrong = difference(own, expected, case.rtol)
        if wrong:
            return Verdict(case, "fails", f"output {place}: {wrong}", kinds)
    return Verdict(case, "in part" if reason else "passes", reason, kinds)


@cache
def verdicts() -> tuple[Verdict, ...]:
    """Return how all cases end, in the order of their names."""
    return tuple(map(verdict, cases()))


def difference(own: object, expected: np.ndarray, rtol: float) -> str:
    """Say what is wrong with an output, if anything."""
    if not isinstance(own, np.ndarray | np.generic):
        return f"{type(own).__name__} in place of an array"
    if own.dtype != expected.dtype or own.shape != expected.shape:
        return f"{own.dtype} {own.shape} in place of {expected.dtype} {expected.shape}"
    if not np.allclose(own, expected, rtol=rtol, atol=ATOL, equal_nan=True):
        return f"off by up to {np.max(np.abs(own - expected))}"
    return ""
