"""A plain function as a model: which of its arguments are points, which parameters, and which stay as they are."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.curve_fitting.data import check_numbers, real_numbers
from bpframe.errors import DataError, did_you_mean
from bpframe.validation.plain_arrays import Array, place_of

__all__ = ["Formula", "formula_of"]

#: The kinds of a signature's arguments.
SPREAD, NAMED, REST = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD


@dataclass(frozen=True)
class Formula:
    """f(x, θ) of a plain function: `call` takes its points and a value for each of its `parameters`.

    `points` are the arguments that points are handed to; `start` has the values of the parameters at the start, numbers
    or arrays; `fixed` those that are not fitted, defaults that are no numbers among them. `shown` are the fixed ones
    that the user named.
    """

    function: Callable[..., Any]
    points: tuple[str, ...]
    start: dict[str, Array]
    fixed: dict[str, Any]
    shown: dict[str, Any]
    order: tuple[str, ...]
    spread: str | None
    named: tuple[str, ...]
    by_mapping: bool

    @property
    def name(self) -> str:
        """The function's name, for people."""
        inner = self.function.func if isinstance(self.function, functools.partial) else self.function
        return str(getattr(inner, "__name__", type(inner).__name__))

    @functools.cached_property
    def entries(self) -> tuple[str, ...]:
        """A name for every number in θ: `rate`, `w[0, 1]`."""
        return tuple(
            name + (place_of(index) if value.ndim else "")
            for name, value in self.start.items()
            for index in np.ndindex(value.shape)
        )

    @functools.cached_property
    def scalars(self) -> bool:
        """Whether every parameter is one number."""
        return not any(value.ndim for value in self.start.values())

    @functools.cached_property
    def _plain(self) -> bool:
        """Whether points and parameters are all there is, in this order."""
        told = (*self.points, *self.start)
        return self.scalars and not self.spread and not self.named and self.order == told

    def values(self, theta: Array) -> list[Any]:
        """Return the parameters' values out of θ, (P,): views, or numbers."""
        if self.scalars:
            return list(theta)
        found, first = [], 0
        for value in self.start.values():
            last = first + value.size
            found.append(theta[first:last].reshape(value.shape) if value.ndim else theta[first])
            first = last
        return found

    def call(self, points: Sequence[Any], values: Sequence[Any]) -> Any:
        """Return what the function does."""
        if self._plain:
            return self.function(*points, *values)
        given = {
            **self.fixed,
            **dict(zip(self.points, points, strict=True)),
            **dict(zip(self.start, values, strict=True)),
        }
        rest = given[self.spread] if self.spread else ()
        named = {name: given[name] for name in self.named}
        return self.function(*(given[name] for name in self.order), *rest, **named)

    def arranged(self, x: Any) -> list[Array]:
        """Return points as the function is handed them: an array for each of its arguments that take some.

        A tuple of arrays is one argument, stacked: (K, N), as SciPy has it.

        Errors: DataError (no real numbers; a mapping that has other names).
        """
        if not self.by_mapping:
            if isinstance(x, Mapping):
                raise DataError(f"{self.name} was fitted to plain points", expected="an array", received="a mapping")
            return [_numbers(self.points[0], x)]
        x = _columns(x, self.order)
        if not isinstance(x, Mapping) or set(x) != set(self.points):
            received = ", ".join(map(str, x)) if isinstance(x, Mapping) else type(x).__name__
            raise DataError("points by other names", expected=", ".join(self.points), received=received)
        return [_numbers(name, x[name]) for name in self.points]


def formula_of(function: Callable[..., Any], x: Any, start: Any, fixed: Any) -> Formula:
    """Read a function's signature, with what a user says of its parameters.

    Points go to the first argument, or, where x is a mapping or a table, to the arguments of these names. Of the
    others, numbers among the defaults are starts; what else has a default keeps it.

    Errors: DataError (no signature, no parameters, an unknown name, a parameter without a start, no finite number).
    """
    name = getattr(function, "__name__", type(function).__name__)
    arguments = _arguments(function, name)
    bound = set(function.keywords) if isinstance(function, functools.partial) else set()
    usable = {each: one for each, one in arguments.items() if one.kind is not REST and each not in bound}
    order = tuple(each for each, one in usable.items() if one.kind not in (SPREAD, NAMED))
    spread = next((each for each, one in usable.items() if one.kind is SPREAD), None)
    x = _columns(x, tuple(usable))
    points = _points(name, x, usable, order)
    others = {each: one.default for each, one in usable.items() if each not in points}
    fixed = _fixed(name, fixed, others)
    starts = _starts(name, start, others, fixed, x)
    kept = {
        each: default
        for each, default in others.items()
        if each not in starts and each not in fixed and default is not inspect.Parameter.empty
    }
    if spread is not None and spread not in starts and spread not in fixed:
        kept[spread] = ()
    if not starts:
        raise DataError(
            f"{name} has no parameters to fit",
            expected="arguments after the points: def f(x, rate=1.0)",
            received=", ".join(arguments) or "no arguments",
        )
    named = tuple(each for each, one in usable.items() if one.kind is NAMED)
    return Formula(
        function, points, starts, {**kept, **fixed}, fixed, order, spread, named, isinstance(x, Mapping)
    )  # fmt: skip


def _arguments(function: Callable[..., Any], name: str) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise DataError(
            f"the arguments of {name} cannot be read, which name the parameters",
            expected="a function with a signature",
            received=repr(function)[:60],
            hint=f"lambda x, a=1.0: a * {name}(x)",
        ) from None


def _points(
    name: str, x: Any, usable: Mapping[str, inspect.Parameter], order: tuple[str, ...]
) -> tuple[str, ...]:  # fmt: skip
    if isinstance(x, Mapping):
        for each in x:
            if each not in usable or usable[each].kind is SPREAD:
                raise DataError(
                    f"x has '{each}', which is no argument of {name}",
                    expected=", ".join(usable),
                    received=", ".join(map(str, x)),
                    hint=did_you_mean(each, usable)
                    or "a tuple of arrays, for a function that takes them as one argument",
                )
        if not x:
            raise DataError("x has no points", expected="an array for each independent variable", received="{}")
        return tuple(each for each in usable if each in x)
    if not order:
        raise DataError(
            f"{name} takes no points",
            expected="a function whose first argument is the points: def f(x, a, b)",
            received=f"({', '.join(usable)})",
        )
    return order[:1]


def _fixed(name: str, fixed: Any, others: Mapping[str, Any]) -> dict[str, Any]:
    if fixed is None:
        return {}
    if not isinstance(fixed, Mapping):
        raise DataError(
            "fixed says which parameters have which values",
            expected="a mapping, such as {'offset': 0.0}",
            received=repr(fixed)[:60],
        )
    for each in fixed:
        check_name("fixed", each, others, name)
    return dict(fixed)


def check_name(what: str, name: Any, known: Any, function: str) -> None:
    """Refuse a name that is no parameter's."""
    if name not in known:
        raise DataError(
            f"{what} has a value for '{name}', which is no parameter of {function}",
            expected=", ".join(known) or "no name: nothing is fitted",
            received=str(name),
            hint=did_you_mean(name, known),
        )


def _starts(name: str, start: Any, known: Mapping[str, Any], fixed: Mapping[str, Any], x: Any) -> dict[str, Array]:
    others = {each: default for each, default in known.items() if each not in fixed}
    defaults = {each: default for each, default in others.items() if _is_number(default)}
    if start is not None and not isinstance(start, Mapping):
        wanted = [
            each for each, default in others.items() if each in defaults or default is inspect.Parameter.empty
        ]  # fmt: skip
        numbers = _finite("start", start)
        if numbers.ndim != 1 or len(numbers) != len(wanted):
            raise DataError(
                f"start has another number of values than {name} has parameters",
                expected=f"{len(wanted)}: {', '.join(wanted)}",
                received=str(numbers.size if numbers.ndim == 1 else numbers.shape),
            )
        return {each: np.array(value) for each, value in zip(wanted, numbers, strict=True)}
    start = {} if start is None else start
    for each in start:
        check_name("start", each, known, name)  # what is fixed may keep its start
    found = {}
    for each, default in others.items():
        if each in start:
            found[each] = _finite(f"start['{each}']", start[each])
        elif each in defaults:
            found[each] = _finite(f"the default of '{each}'", default)
        elif default is inspect.Parameter.empty:
            raise _missing(name, each, x)
    return found


def _missing(name: str, parameter: str, x: Any) -> DataError:
    hint = f"start={{'{parameter}': 1.0}}, or a default in the signature: {parameter}=1.0"
    if isinstance(x, tuple | list) and np.ndim(x) > 1:
        hint += "; points that are arguments of their own: x={'u': ..., 'v': ...}"
    return DataError(
        f"'{parameter}' of {name} has no start",
        expected="a number to start from for every parameter",
        received="none: where a fit starts decides where it ends, so that none is made up",
        hint=hint,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _finite(what: str, value: Any) -> Array:
    array = real_numbers(what, value)
    if not np.isfinite(array).all():
        raise DataError(f"{what} is not finite", expected="finite numbers", received=repr(value)[:60])
    return array


def _columns(x: Any, names: Sequence[str]) -> Any:
    """Return those columns of a table that a function has arguments for, by name; what is no table stays."""
    columns = getattr(x, "columns", None)
    if columns is None or isinstance(x, Mapping):
        return x
    return {str(each): np.asarray(x[each]) for each in columns if str(each) in names}


def _numbers(name: str, x: Any) -> Array:
    """Return points in float64 that a function cannot write into, several variables stacked first."""
    check_numbers(f"data {name}", x)
    try:
        array = np.array(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the data {name} is no array", expected="arrays of one length", received=str(error)[:80]
        ) from None
    array.flags.writeable = False
    return array
