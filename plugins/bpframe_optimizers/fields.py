"""Types of fields that rules share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeAlias

from bpframe.extend import Array, Field, PositiveFloat, Schedule

__all__ = ["Positive", "Rate", "Rule", "Share"]

#: A positive number that is not infinite.
Positive: TypeAlias = Annotated[PositiveFloat, Field(allow_inf_nan=False)]

#: A learning rate: a number, or a schedule of it.
Rate: TypeAlias = Positive | Schedule

#: How much of a running mean stays in a step.
Share: TypeAlias = Annotated[float, Field(ge=0, lt=1)]

#: The optimizer in a field, as `update` is handed it.
Rule: TypeAlias = Callable[[Array], Array]
