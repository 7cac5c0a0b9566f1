"""Where a component's inputs may lie, as its class variable `domain` or its method `input_domain` says."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TypeAlias

from bpframe.core.component.base import Component
from bpframe.validation.intervals import Interval, intervals_of

__all__ = ["FROM_ZERO", "Domain", "check_declared_domain", "declared_domain", "integers_of"]

#: What the class variable `domain` holds: one interval for every input, or one for each that is named.
Domain: TypeAlias = Interval | Mapping[str, Interval]

#: Where integers lie of which nothing is declared: they are indices, and a negative one would count from the end.
FROM_ZERO: Interval = (0.0, math.inf)


def check_declared_domain(cls: type[Component], inputs: Collection[str]) -> Mapping[str, Interval]:
    """Return a class's `domain` by the names of inputs: of `*xs` the only name is `xs`, for all of them.

    Errors: ContractError for a key that names no input, and for an interval that is none.
    """
    declared = getattr(cls, "domain", None)
    return _by_name({} if declared is None else declared, inputs, f"{cls.__name__}.domain")


def declared_domain(component: Component, inputs: Collection[str]) -> Mapping[str, Interval]:
    """Return the interval of each input for which the instance declares one, by `input_domain` or else by `domain`.

    Errors: those of `check_declared_domain`, for what `input_domain` returned too.
    """
    found = check_declared_domain(type(component), inputs)
    method = getattr(component, "input_domain", None)
    if method is None:
        return found
    return {**found, **_by_name(method(), inputs, f"{type(component).__name__}.input_domain()")}


def integers_of(component: Component, name: str, inputs: Collection[str]) -> Interval:
    """Return the interval of an input that holds integers, low <= n < high: the declared one, or all from 0 on."""
    return declared_domain(component, inputs).get(name, FROM_ZERO)


def _by_name(declared: object, inputs: Collection[str], where: str) -> dict[str, Interval]:
    # A cost's target is no argument of the function that is differentiated: an interval for all is not for it.
    return intervals_of(declared, inputs, where, for_all=[each for each in inputs if each != "y"])
