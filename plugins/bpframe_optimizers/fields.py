"""Types of fields that rules share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeAlias

from bpframe.extend import Array, Field, PositiveFloat, Schedule

__all__ = ["Rate", "Rule", "Share"]

#: A learning rate: a number, or a schedule of it.
Rate: TypeAlias = PositiveFloat | Schedule

#: How much of a running mean stays in a step.
Share: TypeAlias = Annotated[float, Field(ge=0, lt=1)]

#: The optimizer in a field, as `update` is handed it.
Rule: TypeAlias = Callable[[Array], Array]
