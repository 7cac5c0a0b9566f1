"""How a network is trained, as plain validated data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, ValidationInfo, field_validator

from bpframe.core.component import Optimizer, contract_of
from bpframe.validation.mistakes import refusal
from bpframe.validation.model import Validated

__all__ = ["TrainingSpec"]

#: Examples per step of a rule where the spec does not say.
BATCH_SIZE = 10


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class TrainingSpec(Validated):
    """The optimizer, how long to train, in which portions, and what to measure."""

    _place: ClassVar[str] = "training"

    optimizer: Optimizer = Field(description="How a gradient becomes a change of the parameters, or the method.")
    epochs: PositiveInt = Field(
        30, description="How often every training example is seen; iterations at most, of an optimizer that minimises."
    )
    batch_size: PositiveInt | None = Field(
        None,
        description="Examples per step; the last batch of an epoch may be smaller. Left out: 10, or all of them for an "
        "optimizer that minimises.",
    )
    shuffle: bool = Field(True, description="Whether the examples are put in a new order for every epoch.")
    seed: NonNegativeInt | None = Field(None, description="Seed of shuffling and dropout; the network's if left out.")
    metrics: Annotated[tuple[Literal["accuracy"], ...], BeforeValidator(_as_tuple)] = Field(
        (), description="What to measure after every epoch."
    )

    @field_validator("batch_size")
    @classmethod
    def _needs_batches(cls, value: int | None, info: ValidationInfo) -> int | None:
        optimizer = info.data.get("optimizer")
        if value is not None and optimizer is not None and _minimizes(optimizer) and not optimizer.batches:
            raise refusal(
                f"cannot be {value}: {optimizer.kind} takes all examples at once",
                value=value,
                expected="no batch_size",
                hint="leave batch_size out; memory does not need it, since the examples are gone through in portions",
            )
        return value

    @property
    def minimizes(self) -> bool:
        """Whether the optimizer drives itself, through `minimize`."""
        return _minimizes(self.optimizer)

    @property
    def optimizers(self) -> Mapping[str, Optimizer]:
        """The optimizers of groups with fields of their own, by pattern."""
        return {}

    def examples_per_step(self, count: int) -> int:
        """Return how many of `count` examples a step takes."""
        if self.batch_size is not None:
            return self.batch_size
        return count if self.minimizes else BATCH_SIZE


def _minimizes(optimizer: Optimizer) -> bool:
    return "minimize" in contract_of(type(optimizer))
