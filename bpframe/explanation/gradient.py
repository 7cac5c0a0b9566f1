"""Every entry of the gradient, with derivatives by number beside it that know nothing of back-propagation."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bpframe.core.graph.randomness import stream
from bpframe.errors import NonFiniteError
from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.worked import Worked
from bpframe.measured.by_number import is_analytic
from bpframe.measured.line import Function, sizes
from bpframe.validation.plain_arrays import Array
from bpframe.verification.gradient_check.mean_cost import MeanCost

__all__ = ["CheckedEntry", "Gradient", "GradientSection", "gradient_section"]

#: The step of a central difference, and of the complex step, as shares of the entry's size.
STEP, COMPLEX_STEP = 2.0**-17, 2.0**-100


@dataclass(frozen=True)
class CheckedEntry:
    """One derivative three ways: by back-propagation, by a central difference, and by the complex step.

        (C(θ + h) − C(θ − h)) / 2h,    Im C(θ + i h') / h'

    `index` counts from 0, as in Python; `step` is h. `complex_step` is None where it cannot be taken.
    """

    index: tuple[int, ...]
    back_propagation: float
    difference: float
    step: float
    complex_step: float | None


@dataclass(frozen=True, eq=False)
class Gradient:
    """∂C/∂θ of one parameter, or ∂C/∂x of an input, with checks of all of its entries, or of some.

    `letter` is what equations call it, w^2, where that is not its name. `reason` says why the complex step cannot be
    taken, where it cannot.
    """

    name: str
    kind: Literal["parameter", "input"]
    letter: str | None
    value: Array
    gradient: Array
    checks: tuple[CheckedEntry, ...]
    reason: str | None

    @property
    def apart(self) -> tuple[CheckedEntry, ...]:
        """The entries where back-propagation is not what was measured: a kink is there, or a Jacobian is wrong."""
        largest = float(np.abs(self.gradient).max(initial=0.0))
        narrow = self.gradient.dtype != np.float64
        found = []
        for each in self.checks:
            exact = each.complex_step is not None
            measured = each.difference if each.complex_step is None else each.complex_step
            allowed = 1e-3 if narrow or not exact else 1e-6
            if not abs(each.back_propagation - measured) <= allowed * max(abs(measured), 1e-3 * largest, 1e-9):
                found.append(each)
        return tuple(found)


@dataclass(frozen=True, eq=False)
class GradientSection:
    """The gradient of every parameter that is trained and of every input that holds no integers.

    `checked` of `size` entries were measured as well, in float64; `note` says what was left out, and why.
    """

    parts: tuple[Gradient, ...]
    size: int
    checked: int
    note: str

    @property
    def warning(self) -> str | None:
        """Where back-propagation and what was measured are apart, and who knows more; None where they agree."""
        names = [each.name for each in self.parts if each.apart]
        if not names:
            return None
        return (
            f"back-propagation and what is measured differ in {', '.join(names)}: the values lie on a kink, or a "
            "component declares a wrong Jacobian; network.check_gradients says which"
        )


def gradient_section(worked: Worked, per_parameter: int | None) -> GradientSection:
    """Measure up to `per_parameter` entries of every parameter and input (None: all), the largest among them."""
    graph, notation = worked.graph, worked.notation
    cost: MeanCost | None = None
    with suppress(NonFiniteError):
        found = MeanCost(worked.engine, worked.inputs, worked.targets, False)
        if np.isfinite(found.here):  # which raises where it is not
            cost = found
    names = [*worked.gradient, *(name for name in graph.inputs if name not in graph.integer_inputs)]
    parts = []
    for name in names:
        parameter = name in worked.gradient.views
        symbol = notation.parameters[name] if parameter else notation.symbols[name]
        gradient = worked.gradient[name] if parameter else worked.errors[name]
        checks, reason = _checks(cost, name, gradient, per_parameter, parameter)
        value = worked.trace.parameters[name] if parameter else worked.value(name)
        kind: Literal["parameter", "input"] = "parameter" if parameter else "input"
        parts.append(
            Gradient(name, kind, None if symbol.is_name else on_one_line(symbol), value, gradient, checks, reason)
        )
    size = sum(each.gradient.size for each in parts)
    checked = sum(len(each.checks) for each in parts)
    note = _note(worked, cost is not None, size, checked, per_parameter)
    return GradientSection(tuple(parts), size, checked, note)


def _checks(
    cost: MeanCost | None, name: str, gradient: Array, count: int | None, parameter: bool
) -> tuple[tuple[CheckedEntry, ...], str | None]:
    if cost is None or not gradient.size:
        return (), None
    array = cost.arrays[name] if parameter else cost.arrays[name][0]

    def function(moved: Array) -> Array:
        return cost.value({name: moved if parameter else moved[None]})

    rng = stream(0, "explanation", name)
    size = sizes(array)
    with np.errstate(all="ignore"):
        analytic = is_analytic(function, array, rng.standard_normal(array.shape) * size)
        checks = tuple(
            _entry(function, array, index, size[index], gradient[index], analytic)
            for index in _chosen(gradient, count, rng)
        )
    reason = None if analytic else _why_not(function, array, size)
    return checks, reason


def _entry(
    function: Function, array: Array, index: tuple[int, ...], size: float, ours: float, analytic: bool
) -> CheckedEntry:
    step = float(size) * STEP
    right, left = array.copy(), array.copy()
    right[index] += step
    left[index] -= step
    difference = (float(function(right)) - float(function(left))) / (2 * step)
    by_complex = None
    if analytic:
        tiny = float(size) * COMPLEX_STEP
        moved = array.astype(np.complex128)
        moved[index] += 1j * tiny
        by_complex = float(np.imag(function(moved)) / tiny)
    return CheckedEntry(index, float(ours), difference, step, by_complex)


def _why_not(function: Function, array: Array, size: Array) -> str:
    """Return why the complex step says nothing of this function."""
    try:
        found = np.asarray(function(array + 1j * COMPLEX_STEP * size))
    except Exception as error:  # whatever a component makes of complex numbers
        return f"a component does not compute with complex numbers: {str(error).splitlines()[0]}"
    if found.dtype.kind != "c":
        return "a component drops the imaginary part"
    return "a component is not analytic here: the complex step and differences disagree, or both sides do, as at a kink"


def _chosen(gradient: Array, count: int | None, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Return the index of every entry, or of the largest and of others drawn at random, in order."""
    if count is None or gradient.size <= count:
        return list(np.ndindex(gradient.shape))
    if count == 0:
        return []
    largest = int(np.argmax(np.abs(gradient)))
    others = rng.permutation(gradient.size)
    flat = sorted({largest, *others[others != largest][: count - 1].tolist()})
    return [tuple(int(i) for i in np.unravel_index(each, gradient.shape)) for each in flat]


def _note(worked: Worked, finite: bool, size: int, checked: int, per_parameter: int | None) -> str:
    if not finite:
        return "nothing is measured: the cost is not finite"
    told = (
        "every entry is measured"
        if checked == size
        else f"{checked:,} of {size:,} entries are measured: the largest of each parameter and input, and others drawn "
        f"at random, up to {per_parameter:,} of each"
    )
    own = worked.engine.dtype
    return told if own == np.float64 else f"{told}; back-propagation is in {own}, and what is measured in float64"
