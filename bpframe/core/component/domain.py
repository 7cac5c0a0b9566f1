"""Where a component's inputs may lie."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TypeAlias

from bpframe.core.component.base import Component
from bpframe.errors import ContractError, did_you_mean

__all__ = ["FROM_ZERO", "Domain", "Interval", "check_declared_domain", "declared_domain", "integers_of"]

#: The open interval low < x < high; of integers, those with low <= x < high.
Interval: TypeAlias = tuple[float, float]

#: What the class variable `domain` holds: one interval for every input, or one for each that is named.
Domain: TypeAlias = Interval | Mapping[str, Interval]

#: Where integers lie of which nothing is declared: they are indices, and a negative one would count from the end.
FROM_ZERO: Interval = (0.0, math.inf)


def check_declared_domain(cls: type[Component], inputs: Collection[str]) -> None:
    """Hold a class's `domain` against the names of its inputs.

    Raises
    ------
    ContractError
        A key names no input, or an interval is none.

    """
    declared = getattr(cls, "domain", None)
    if declared is not None:
        _checked(declared, inputs, f"{cls.__name__}.domain")


def declared_domain(component: Component, inputs: Collection[str]) -> Mapping[str, Interval]:
    """Return the interval of each input for which the instance declares one, by `input_domain` or else by `domain`.

    Of `*xs` the only name is `xs`, for all of them.

    Raises
    ------
    ContractError
        As `check_declared_domain`, for what `input_domain` returned.

    """
    found = dict(_checked(getattr(component, "domain", None) or {}, inputs, f"{type(component).__name__}.domain"))
    method = getattr(component, "input_domain", None)
    if method is not None:
        found |= _checked(method(), inputs, f"{type(component).__name__}.input_domain()")
    return found


def integers_of(component: Component, name: str, inputs: Collection[str]) -> Interval:
    """Return the interval of an input that holds integers, low <= n < high: the declared one, or all from 0 on.

    Raises
    ------
    ContractError
        As `declared_domain`.

    """
    return declared_domain(component, inputs).get(name, FROM_ZERO)


def _checked(declared: object, inputs: Collection[str], where: str) -> Mapping[str, Interval]:
    if not isinstance(declared, Mapping):
        # A cost's target is no argument of the function that is differentiated.
        return dict.fromkeys((each for each in inputs if each != "y"), _interval(declared, where))
    for name in declared:
        if name not in inputs:
            raise ContractError(
                f"{where} names '{name}', which is no input",
                expected="any of " + ", ".join(inputs),
                hint=did_you_mean(name, inputs),
            )
    return {name: _interval(each, f"{where}[{name!r}]") for name, each in declared.items()}


def _interval(declared: object, where: str) -> Interval:
    if isinstance(declared, tuple | list) and len(declared) == 2 and all(map(_is_number, declared)):
        low, high = declared
        if low < high:  # NaN is refused too
            return float(low), float(high)
    raise ContractError(
        f"{where} is no interval",
        expected=f"(low, high), two numbers with low < high; {math.inf} is allowed",
        received=repr(declared),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
