"""How a network is trained, as plain validated data."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, NonNegativeInt, PositiveInt

from bpframe.component import Optimizer

__all__ = ["TrainingSpec"]


class TrainingSpec(BaseModel):
    """The optimizer, how long to train, in which portions, and what to measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    optimizer: InstanceOf[Optimizer]
    epochs: PositiveInt = Field(30, description="How often every training example is seen.")
    batch_size: PositiveInt = Field(10, description="Examples per step; the last batch of an epoch may be smaller.")
    shuffle: bool = Field(True, description="Whether the examples are put in a new order for every epoch.")
    seed: NonNegativeInt | None = Field(None, description="Seed of shuffling and dropout; the network's if left out.")
    metrics: tuple[Literal["accuracy"], ...] = Field((), description="What to measure after every epoch.")
