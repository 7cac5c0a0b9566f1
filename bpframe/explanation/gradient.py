"""Every entry of the gradient, with derivatives by number beside it that know nothing of back-propagation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.measurement import Nearby, along, chosen_entries, measured
from bpframe.explanation.worked import Worked
from bpframe.validation.plain_arrays import Array
from bpframe.verification.gradient_check.mean_cost import MeanCost

__all__ = ["CheckedEntry", "CheckedTogether", "Gradient", "GradientSection", "gradient_section"]


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


@dataclass(frozen=True)
class CheckedTogether:
    """All parameters and inputs moved at once along the gradient g, whose derivative is its length, three ways.

        ‖g‖,    (C(θ + t g/‖g‖) − C(θ − t g/‖g‖)) / 2t,    Im C(θ + i t' g/‖g‖) / t'

    It notices a mistake in any entry that is not small beside the length. `step` is t; `reason` says why there is no
    complex step, where there is none.
    """

    back_propagation: float
    difference: float
    step: float
    complex_step: float | None
    reason: str | None


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
        return tuple(each for each in self.checks if _apart(each, self.gradient.dtype != np.float64, largest))


@dataclass(frozen=True, eq=False)
class GradientSection:
    """The gradient of every parameter that is trained and of every input that holds no integers.

    `checked` of `size` entries were measured as well, in float64, and where these are not all, `together` has all of
    them at once; `note` says what was left out, and why.
    """

    parts: tuple[Gradient, ...]
    size: int
    checked: int
    together: CheckedTogether | None
    note: str

    @property
    def warning(self) -> str | None:
        """Where back-propagation and what was measured are apart, and who knows more; None where they agree."""
        names = [each.name for each in self.parts if each.apart]
        narrow = any(each.gradient.dtype != np.float64 for each in self.parts)
        if self.together is not None and _apart(self.together, narrow, 0.0):
            names.append("all of them together")
        if not names:
            return None
        return (
            f"back-propagation and what is measured differ in {', '.join(names)}: the values lie on a kink, or a "
            "component declares a wrong Jacobian; network.check_gradients says which"
        )


def gradient_section(worked: Worked, per_parameter: int | None) -> GradientSection:
    """Measure up to `per_parameter` entries of every parameter and input (None: all), the largest among them."""
    graph, notation = worked.graph, worked.notation
    inputs = {name: worked.errors[name] for name in graph.inputs if name not in graph.integer_inputs}
    gradients: dict[str, Array] = {**worked.gradient.views, **inputs}
    nearby = _nearby(worked)
    found, together = _measured(worked, nearby, gradients, per_parameter) if nearby is not None else ({}, None)
    parts = []
    for name, gradient in gradients.items():
        parameter = name not in inputs
        symbol = notation.parameters[name] if parameter else notation.symbols[name]
        value = worked.trace.parameters[name] if parameter else worked.value(name)
        kind: Literal["parameter", "input"] = "parameter" if parameter else "input"
        letter = None if symbol.is_name else on_one_line(symbol)
        checks, reason = found.get(name, ((), None))
        parts.append(Gradient(name, kind, letter, value, gradient, checks, reason))
    size = sum(each.gradient.size for each in parts)
    checked = sum(len(each.checks) for each in parts)
    note = _note(worked, nearby is not None, parts, together is not None)
    return GradientSection(tuple(parts), size, checked, together, note)


def _nearby(worked: Worked) -> Nearby | None:
    """Return the cost around the example, None where it is not finite."""
    coupled = (
        node.name
        for node in worked.graph.nodes
        if any(operator.couples_batch for operator in worked.jacobian(node).values())
    )
    function = MeanCost(worked.engine, worked.inputs, worked.targets, False)
    found = Nearby(function, worked.engine.seed, frozenset(coupled))
    return found if np.isfinite(found.cost) else None


def _measured(
    worked: Worked, nearby: Nearby, gradients: Mapping[str, Array], per_parameter: int | None
) -> tuple[dict[str, tuple[tuple[CheckedEntry, ...], str | None]], CheckedTogether | None]:
    chosen = chosen_entries(gradients, per_parameter, worked.multiplications)
    found = {}
    for name, each in measured(nearby, chosen).items():
        checks = tuple(
            CheckedEntry(index, float(gradients[name][index]), slope.difference, slope.step, slope.complex_step)
            for index, slope in zip(chosen[name], each.slopes, strict=True)
        )
        found[name] = checks, each.reason
    if sum(map(len, chosen.values())) == sum(gradient.size for gradient in gradients.values()):
        return found, None
    wide = {name: gradient.astype(np.float64) for name, gradient in gradients.items()}
    length = float(np.sqrt(sum(float(np.sum(each * each)) for each in wide.values())))
    if not length or not np.isfinite(length):
        return found, None
    together = along(nearby, {name: each / length for name, each in wide.items()})
    (slope,) = together.slopes
    return found, CheckedTogether(length, slope.difference, slope.step, slope.complex_step, together.reason)


def _apart(check: CheckedEntry | CheckedTogether, narrow: bool, largest: float) -> bool:
    """Whether back-propagation differs from what was measured by more than that may be wrong; NaN differs."""
    found = check.difference if check.complex_step is None else check.complex_step
    allowed = 1e-3 if narrow or check.complex_step is None else 1e-6
    return not abs(check.back_propagation - found) <= allowed * max(abs(found), 1e-3 * largest, 1e-9)


def _note(worked: Worked, finite: bool, parts: Sequence[Gradient], together: bool) -> str:
    if not finite:
        return "nothing is measured: the cost is not finite"
    size, checked = sum(each.gradient.size for each in parts), sum(len(each.checks) for each in parts)
    told = "every entry is measured"
    if checked < size:
        told = f"{checked:,} of {size:,} entries are measured one by one"
        some = sum(bool(each.checks) for each in parts)
        if some:
            told += ": the largest of a parameter or input, and others drawn at random"
        if 0 < some < sum(bool(each.gradient.size) for each in parts):
            told += f", of the first and the last of {len(parts):,} parameters and inputs, {some} in all"
    if together:
        told += "; and all of them together, along the gradient"
    own = worked.engine.dtype
    return told if own == np.float64 else f"{told}; back-propagation is in {own}, and what is measured in float64"
