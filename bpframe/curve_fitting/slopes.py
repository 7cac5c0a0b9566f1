"""The Jacobian of a plain function in its parameters: told by the user, by complex steps, or by differences.

    ∂f/∂θ_k ≈ Im f(x; θ + i h e_k) / h

On the way a Jacobian may be quick, since where a fit ends does not hang on it. The one that verdict and errors are made
of is compared with differences of the plain function first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bpframe.curve_fitting.bounds import Bounds
from bpframe.curve_fitting.formula import Formula
from bpframe.errors import DerivativeError, ShapeMismatch
from bpframe.machine.logs import logger_of
from bpframe.measured.by_number import measured_with
from bpframe.measured.complex_step import STEP, agrees, agrees_at_once
from bpframe.measured.complex_warning import complex_warning_raises
from bpframe.measured.differences import by_differences
from bpframe.measured.line import Line, sizes
from bpframe.validation.plain_arrays import Array

__all__ = ["Slopes"]

_LOG = logger_of(__name__)

#: Larger than this, arrays for all parameters at once leave the processor's cache.
AT_ONCE = 2**17

#: From so many numbers on, complex ones take longer than forward differences of real ones.
COMPLEX_AT_ONCE = 500

#: The step of a rough difference, as a share of the parameter.
ROUGH = 2.0**-26

#: What a column adds along a direction is seen beside the others where it is at least this share of them.
SEEN = 1e-3

#: A direction in which every parameter changes by its own size.
GENERIC = np.random.default_rng(0).uniform(0.5, 1.0, 4096) * np.random.default_rng(1).choice([-1.0, 1.0], 4096)


class Slopes:
    """∂f/∂θ of a formula at points, (M, P), with M the number of its values.

    `quick` is for steps, None where the function takes no complex numbers and nobody declared a Jacobian; `rough` may
    have fewer digits; `checked` is for results. Differences never leave `bounds`; of parameters on one, columns are
    not compared.

    Errors: DerivativeError where a declared Jacobian disagrees with the function; ShapeMismatch for its shape.
    """

    def __init__(
        self,
        formula: Formula,
        points: list[Array],
        declared: Callable[..., Any] | None,
        bounds: Bounds | None = None,
    ) -> None:
        self._formula = formula
        self._points = points
        self._declared = declared
        self._bounds = bounds
        self.quick: Callable[[Array], Array] | None = None
        self.rough: Callable[[Array], Array] = self._one_sided

    def value(self, theta: Array) -> Array:
        """Return f(x; θ), with all its values in a row, (M,); NaN outside of bounds."""
        if self._bounds is not None and not self._bounds.inside(theta):
            return np.full(self._size, np.nan)
        value = self._formula.call(self._points, self._formula.values(theta))
        return np.array(value, np.float64).reshape(-1)  # a function may write the next into the same memory

    def begin(self, theta: Array, shape: tuple[int, ...]) -> None:
        """Choose how the Jacobian is found, for values of this shape. Errors: of a declared one that is wrong."""
        self._shape, self._size = shape, int(np.prod(shape))
        if self._declared is not None:
            self.checked(theta)
            self.quick = self.rough = self._told
            return
        if len(theta) * self._size > AT_ONCE:  # whether it takes complex numbers is seen where those are asked for
            self.quick = self._one_by_one
            return
        ways = [self._one_by_one]
        if self._formula.scalars and len(theta) > 1:
            ways.insert(0, self._all_at_once)
        for way in ways:
            try:
                with complex_warning_raises():
                    found = way(theta)
            except Exception:  # whatever a function makes of complex numbers
                continue
            if found.shape == (self._size, len(theta)):
                self.quick = self.rough = way
                break
        if self.quick is not None and len(theta) * self._size > COMPLEX_AT_ONCE:
            together = self.quick == self._all_at_once and self._bounds is None
            self.rough = self._real_at_once if together else self._one_sided

    def _one_sided(self, theta: Array) -> Array:
        """Return the Jacobian to some eight digits, from one value for each parameter."""
        here = self.value(theta)
        return np.stack([one_sided(self.value, theta, k, here) for k in range(len(theta))], axis=1)

    def checked(self, theta: Array) -> tuple[Array, str]:
        """Return the Jacobian at θ, and what to know of it, if anything."""
        free = np.ones(len(theta), bool) if self._bounds is None else ~self._bounds.edge(theta)
        if self.quick is not None or self._declared is not None:
            try:
                found = self._told(theta) if self.quick is None else self.quick(theta)
            except (DerivativeError, ShapeMismatch):
                raise
            except Exception:
                found = None
            if found is not None and self._confirmed(theta, found, free):
                return found, ""
            if self._declared is not None and found is not None:
                return found, self._compared(theta, found, free)
            self.quick = None
            _LOG.debug("%s: differences take the place of complex steps, which they do not confirm", self._formula.name)
        return self._by_differences(theta, free)

    def _told(self, theta: Array) -> Array:
        formula, declared = self._formula, self._declared
        if declared is None:
            raise ShapeMismatch("no Jacobian was declared")
        alike = Formula(
            declared, formula.points, formula.start, formula.fixed, formula.shown, formula.order, formula.spread,
            formula.named, formula.by_mapping,
        )  # fmt: skip
        given = alike.call(self._points, formula.values(theta))
        return declared_columns(given, formula, self._shape)

    def _all_at_once(self, theta: Array) -> Array:
        """Vary all parameters in one call, a row for each."""
        count, step = len(theta), _imaginary(theta)
        moved = np.repeat(theta.astype(np.complex128)[:, None], count, axis=1)
        moved.imag[np.diag_indices(count)] = step
        rows = moved.reshape(count, count, *(1,) * len(self._shape))
        value = np.asarray(self._formula.call(self._points, list(rows)))
        if value.dtype.kind != "c" or value.shape != (count, *self._shape):
            raise TypeError
        flat = value.reshape(count, -1)
        return np.asarray((flat.imag / step[:, None]).T)

    def _real_at_once(self, theta: Array) -> Array:
        """Return the Jacobian to some eight digits from forward differences, in one call."""
        count = len(theta)
        size = np.abs(theta)
        step = ROUGH * (size if size.all() else np.where(size > 0, size, size.max() or 1.0))
        moved = np.repeat(theta[:, None], count + 1, axis=1)
        moved[np.diag_indices(count)] += step
        step = moved[np.diag_indices(count)] - theta
        value = self._formula.call(self._points, list(moved.reshape(count, count + 1, *(1,) * len(self._shape))))
        flat = np.asarray(value).reshape(count + 1, -1)
        return np.asarray(((flat[:-1] - flat[-1]) / step[:, None]).T)

    def _one_by_one(self, theta: Array) -> Array:
        found = np.empty((self._size, len(theta)))
        step = _imaginary(theta)
        for k in range(len(theta)):
            moved = theta.astype(np.complex128)
            moved.imag[k] = step[k]
            value = np.asarray(self._formula.call(self._points, self._formula.values(moved)))
            if value.dtype.kind != "c" or value.shape != self._shape:
                raise TypeError
            found[:, k] = value.reshape(-1).imag / step[k]
        return found

    def _confirmed(self, theta: Array, found: Array, free: Array) -> bool:
        """Whether differences of the function show this Jacobian: along all parameters, and along hidden ones alone."""
        if not np.isfinite(found[:, free]).all():
            return False
        direction = np.where(free, np.resize(GENERIC, len(theta)) * sizes(theta), 0.0)
        largest = np.abs(found).max(axis=0, initial=0.0) * np.abs(direction)
        hidden = free & (largest < SEEN * largest.max(initial=0.0))
        if not hidden.any():
            return self._agrees(theta, found, direction)
        ways = [np.where(hidden, 0.0, direction)]
        ways += [np.where(np.arange(len(theta)) == k, direction, 0.0) for k in np.flatnonzero(hidden)]
        return all(self._agrees(theta, found, each) for each in ways if each.any())

    def _agrees(self, theta: Array, found: Array, direction: Array) -> bool:
        line = Line(self.value, theta, direction, False, sized=True)
        slope = found @ direction
        return agrees_at_once(line, slope) or agrees(slope, by_differences(line))

    def _compared(self, theta: Array, found: Array, free: Array) -> str:
        """Refuse a declared Jacobian by the parameter whose column differences refute, or say that they cannot."""
        names = self._formula.entries
        for k in np.flatnonzero(free):
            measured = measured_with(False, self.value, theta, np.eye(len(theta))[k])
            with np.errstate(invalid="ignore"):
                apart = np.abs(found[:, k] - measured.value) > 1e-4 * np.abs(measured.value) + 10 * measured.error
            wrong = measured.settled & apart
            if wrong.any() or not np.isfinite(found[:, k]).all():
                place = int(np.argmax(wrong | ~np.isfinite(found[:, k])))
                raise DerivativeError(
                    f"jacobian is not the derivative of {self._formula.name} by '{names[k]}'",
                    expected=f"{measured.value[place]:.6g} at value {place}, by differences",
                    received=f"{found[place, k]:.6g}",
                    hint="leave jacobian out: it is then found by complex steps or differences",
                )
        return "differences are too rough here to compare the given jacobian with"

    def _by_differences(self, theta: Array, free: Array) -> tuple[Array, str]:
        found, rough = np.zeros((self._size, len(theta))), []
        for k in range(len(theta)):
            unit = np.eye(len(theta))[k]
            if not free[k]:
                found[:, k] = one_sided(self.value, theta, k, self.value(theta))
                continue
            measured = measured_with(False, self.value, theta, unit)
            found[:, k] = measured.value
            off = float(np.where(np.isfinite(measured.error), measured.error, np.inf).max(initial=0.0))
            size = float(np.abs(measured.value).max(initial=0.0))
            if not off <= 1e-3 * size and (size or not np.isfinite(off)):
                rough.append(self._formula.entries[k])
        told = f"the derivative by {', '.join(rough)} is rough, as at a kink or where digits cancel: so are the errors"
        return found, told if rough else ""


def _imaginary(theta: Array) -> Array:
    """Return a step for each parameter, so short that nothing but its slope is in it."""
    size = np.abs(theta)
    return STEP * (size if size.all() else np.where(size > 0, size, size.max() or 1.0))


def one_sided(value: Callable[[Array], Array], theta: Array, k: int, here: Array) -> Array:
    """Return ∂f/∂θ_k from one step to the side where there are numbers: of some eight digits."""
    step = ROUGH * float(sizes(theta)[k])
    for side in (step, -step):
        moved = theta.copy()
        moved[k] += side
        there = value(moved)
        if np.isfinite(there).all():
            return np.asarray((there - here) / (moved[k] - theta[k]))
    return np.full(here.shape, np.nan)


def declared_columns(given: Any, formula: Formula, shape: tuple[int, ...]) -> Array:
    """Return what a user's jacobian returned as (M, P): a mapping by parameter, or all columns, (*values, P).

    Errors: ShapeMismatch.
    """
    size, count = int(np.prod(shape)), len(formula.entries)
    if isinstance(given, dict):
        missing = [name for name in formula.start if name not in given]
        if missing:
            raise ShapeMismatch(
                f"jacobian says nothing of '{missing[0]}'",
                expected=f"a derivative by each of {', '.join(formula.start)}",
                received=", ".join(map(str, given)),
            )
        columns = []
        for name, value in formula.start.items():
            told = np.asarray(given[name], np.float64)
            wanted = (*shape, *value.shape)
            if told.shape not in ((), wanted):
                raise ShapeMismatch(
                    f"jacobian has another shape by '{name}'", expected=str(wanted), received=str(told.shape)
                )
            columns.append(np.broadcast_to(told, wanted).reshape(size, value.size))
        return np.concatenate(columns, axis=1)
    array = np.asarray(given, np.float64)
    if array.shape != (*shape, count):
        hint = "numpy.stack([...], axis=-1)" if array.shape == (count, *shape) else None
        raise ShapeMismatch(
            "jacobian returned another shape",
            expected=f"{(*shape, count)}: a column for each of {', '.join(formula.entries)}",
            received=str(array.shape),
            hint=hint,
        )
    return array.reshape(size, count)
