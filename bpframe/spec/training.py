"""How a network is trained, as plain validated data."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt

from bpframe.component import Optimizer
from bpframe.validated import Validated

__all__ = ["TrainingSpec"]


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class TrainingSpec(Validated):
    """The optimizer, how long to train, in which portions, and what to measure."""

    _place: ClassVar[str] = "training"

    optimizer: Optimizer = Field(description="How a gradient becomes a change of the parameters.")
    epochs: PositiveInt = Field(30, description="How often every training example is seen.")
    batch_size: PositiveInt = Field(10, description="Examples per step; the last batch of an epoch may be smaller.")
    shuffle: bool = Field(True, description="Whether the examples are put in a new order for every epoch.")
    seed: NonNegativeInt | None = Field(None, description="Seed of shuffling and dropout; the network's if left out.")
    metrics: Annotated[tuple[Literal["accuracy"], ...], BeforeValidator(_as_tuple)] = Field(
        (), description="What to measure after every epoch."
    )
