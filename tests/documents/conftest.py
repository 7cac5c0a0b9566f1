"""A small registry of components that are only described: specs never run a network."""

from __future__ import annotations

from typing import Literal

import pytest
from bpframe_metrics import Accuracy, TopK
from bpframe_optimizers import Cosine, Step
from bpframe_reference import Add, Sigmoid, StopEarly
from pydantic import Field, FiniteFloat, NonNegativeFloat, PositiveFloat, PositiveInt

from bpframe.categories import Optimizer, Schedule
from bpframe.core.component import Activation, Component, Cost, Initializer, Layer
from bpframe.plugins.registry import PluginSet, Provider, Registry


class Described(Layer):
    def forward(self, *xs):
        return xs

    def jacobian(self, *xs):
        return xs


class Normal(Initializer):
    """Draw from a normal distribution. Nothing else."""

    deviation: PositiveFloat = Field(1.0, description="Its standard deviation.")

    def draw(self, shape, rng):
        return rng.normal(size=shape)


class Mixture(Initializer):
    parts: tuple[Initializer, ...] = ()

    def draw(self, shape, rng):
        return rng.normal(size=shape)


class Dense(Described):
    """Weighted inputs of a fully connected layer.

    Further text, which no schema needs.
    """

    units: PositiveInt = Field(description="How many neurons the layer has.")
    bias: bool = True
    weights: Initializer = Normal()
    biases: Initializer | None = None


class Odd(Described):
    """Has a field of every sort."""

    label: str = ""
    number: float = 0.0
    finite: FiniteFloat = 0.0
    maybe: int | None = 3
    mode: Literal["same", "valid"] = "same"
    odd: tuple[int, ...] = ()
    table: dict[str, tuple[float, ...]] = {}  # noqa: RUF012 (pydantic copies defaults)
    component: int = 0
    exact: Normal = Normal(deviation=2)


class Recurrent(Described):
    inner: Activation

    units: PositiveInt = 1


class QuadraticCost(Cost):
    weight: PositiveFloat = 1.0

    def forward(self, a, y):
        return a

    def jacobian(self, a, y):
        return a


class GradientDescent(Optimizer):
    learning_rate: PositiveFloat | Schedule
    decay: NonNegativeFloat = 0.0

    def update(self, gradient):
        return gradient


COMPONENTS: tuple[type[Component], ...] = (
    Normal,
    Mixture,
    Dense,
    Odd,
    Recurrent,
    Sigmoid,
    Add,
    QuadraticCost,
    GradientDescent,
    Accuracy,
    Cosine,
    Step,
    StopEarly,
    TopK,
)


class Rival(Described):
    kind = "add"


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The set `test`; a set `rival` whose `add` clashes with it; and a broken one."""
    return Registry.build(
        [
            PluginSet(Provider("test", "bp-test", "1.0", "t"), COMPONENTS),
            PluginSet(Provider("rival", "bp-rival", "2.0", "r"), (Rival,)),
            PluginSet(Provider("gone", "bp-gone", "3.0", "g"), status="broken", reason="ImportError: no"),
        ]
    )


@pytest.fixture(scope="session")
def kinds() -> dict[str, type[Component]]:
    """The component classes by class name."""
    return {cls.__name__: cls for cls in COMPONENTS}
