"""What a step has to compute, in float64 and by a way of its own; every candidate is held to it before it is timed.

Each operation keeps the function that pulls an error back; a test holds the result to the complex step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.benchmarks.cases import Case

#: How far a candidate's change of a parameter may be from the reference's, beside the largest change.
TOLERANCE = 1e-3


class WrongStep(AssertionError):
    """A candidate computes something else than the reference."""


class Value:
    """An array with the values that it was computed from and, for each, the function that pulls an error back."""

    def __init__(self, array: Any, *sources: tuple[Value, Callable[[Any], Any]]) -> None:
        self.array = np.asarray(array)
        self.sources = sources
        self.error = np.zeros_like(self.array)

    def __add__(self, other: Value) -> Value:
        return Value(self.array + other.array, (self, lambda u: u), (other, lambda u: u))


class Recorded:
    """The operations of a case on values that remember."""

    def dense(self, a: Value, w: Value, b: Value) -> Value:
        return Value(
            a.array @ w.array.T + b.array,
            (a, lambda u: u @ w.array),
            (w, lambda u: u.T @ a.array),
            (b, lambda u: u.sum(axis=0)),
        )

    def sigmoid(self, z: Value) -> Value:
        a = 1 / (1 + np.exp(-z.array))
        return Value(a, (z, lambda u: u * a * (1 - a)))

    def conv(self, x: Value, w: Value, b: Value, stride: int) -> Value:
        size = w.array.shape[1]
        places = (x.array.shape[1] - size) // stride + 1
        rows = [slice(s, s + stride * (places - 1) + 1, stride) for s in range(size)]

        def to_input(u):
            found = np.zeros_like(x.array)
            for s, row in enumerate(rows):
                found[:, row] += u @ w.array[:, s]
            return found

        def to_kernel(u):
            return np.stack([np.einsum("ntk,ntc->kc", u, x.array[:, row]) for row in rows], axis=1)

        value = sum(x.array[:, row] @ w.array[:, s].T for s, row in enumerate(rows)) + b.array
        return Value(value, (x, to_input), (w, to_kernel), (b, lambda u: u.sum(axis=(0, 1))))


def in_order(value: Value) -> list[Value]:
    """Return all that a value was computed from, sources first."""
    found: list[Value] = []
    seen: set[int] = set()
    waiting = [(value, False)]
    while waiting:
        each, ready = waiting.pop()
        if ready:
            found.append(each)
        elif id(each) not in seen:
            seen.add(id(each))
            waiting.append((each, True))
            waiting += [(source, False) for source, _ in each.sources]
    return found


def gradient(case: Case, parameters: Sequence[np.ndarray], cost: str = "quadratic") -> list[np.ndarray]:
    """Return the gradient of the mean cost, of float64 parameters.

    The cost is quadratic, ½‖y − a‖², or "logistic", the cross-entropy of every output, whose error at z is a − y.
    """
    x, y = (array.astype(np.float64) for array in case.data)
    p = [Value(each) for each in parameters]
    output = case.apply(Recorded(), p, Value(x))
    a = output.array
    error = a - y if cost == "quadratic" else (a - y) / (a * (1 - a))
    output.error = error / case.batch
    for value in reversed(in_order(output)):
        for source, pull in value.sources:
            source.error = source.error + pull(value.error)
    return [each.error for each in p]


def trained(case: Case, steps: int, cost: str = "quadratic") -> list[np.ndarray]:
    """Return the parameters after some steps from the case's start."""
    p = [each.astype(np.float64) for each in case.start]
    for _ in range(steps):
        p = [each - case.learning_rate * g for each, g in zip(p, gradient(case, p, cost), strict=True)]
    return p


def hold(name: str, case: Case, found: Sequence[np.ndarray], expected: Sequence[np.ndarray], steps: int = 1) -> None:
    """Raise WrongStep where parameters did not change as the reference's did, up to float32's rounding in each step."""
    rounding = 4 * np.finfo(np.float32).eps * steps**0.5
    if len(found) != len(case.start):
        raise WrongStep(f"{name} on {case.key}: {len(found)} parameters, not {len(case.start)}")
    for number, (mine, right, start) in enumerate(zip(found, expected, case.start, strict=True)):
        if mine.shape != right.shape or mine.dtype != np.float32:
            raise WrongStep(f"{name} on {case.key}: parameter {number} is {mine.dtype} {mine.shape}")
        largest = np.abs(right - start).max()
        allowed = TOLERANCE * largest + rounding * np.abs(right).max()
        off = np.abs(mine - right).max()
        if not off <= allowed:
            raise WrongStep(
                f"{name} on {case.key}: parameter {number} {mine.shape} is off by {off:.2g} after a change of "
                f"{largest:.2g}; {allowed:.2g} is allowed"
            )
