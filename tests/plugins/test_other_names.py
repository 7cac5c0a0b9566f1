"""What other frameworks call a component leads to it, and never stands for it."""

from __future__ import annotations

from typing import ClassVar

import pytest
from bpframe_reference import GradientDescent

from bpframe.errors import UnknownComponent
from bpframe.extend import Activation, Array, Diagonal
from bpframe.plugins import Registry, default_registry
from bpframe.plugins.registry import group_of

REGISTRY = default_registry()
NAMED = [(name, cls) for group in REGISTRY.spaces for name, cls in REGISTRY.components(group).items()]


@pytest.mark.parametrize(
    ("group", "name", "meant"),
    [
        ("node", "linear", "reference.dense or reference.identity"),
        ("node", "fc", "reference.dense"),
        ("node", "MaxPool", "convolution.max_pool2d"),
        ("node", "BatchNorm2d", "regularisation.batch_norm"),
        ("node", "swish", "activations.silu"),
        ("cost", "mse", "reference.quadratic"),
        ("cost", "BCE", "classification.binary_cross_entropy"),
        ("cost", "nll", "classification.cross_entropy"),
        ("optimizer", "sgd", "optimizers.momentum or reference.gradient_descent"),
        ("initializer", "xavier", "optimizers.glorot"),
    ],
)
def test_a_name_of_another_framework_is_told_bpframes(group: str, name: str, meant: str) -> None:
    with pytest.raises(UnknownComponent) as caught:
        REGISTRY.find(name, group)
    assert ("did you mean", f"{meant}?") in caught.value.rows


def test_other_names_are_of_no_component_of_their_group() -> None:
    for _, cls in NAMED:
        names = getattr(cls, "also_known_as", ())
        assert isinstance(names, tuple)
        for each in names:
            with pytest.raises(UnknownComponent):
                REGISTRY.find(each, group_of(cls))
    assert sum(bool(getattr(cls, "also_known_as", ())) for _, cls in NAMED) > 30


def test_spelling_is_looked_at_where_nobody_is_called_so() -> None:
    with pytest.raises(UnknownComponent) as caught:
        REGISTRY.find("gradient_decent", group_of(GradientDescent))
    assert ("did you mean", "reference.gradient_descent?") in caught.value.rows


class Bent(Activation):
    """A stranger's, y = 2 z."""

    also_known_as: ClassVar[tuple[str, ...]] = ("knee",)

    def forward(self, z: Array) -> Array:
        """Return 2 z."""
        return 2 * z

    def jacobian(self, z: Array) -> Diagonal:
        """Return 2."""
        return Diagonal(2 + 0 * z)


def test_a_strangers_component_says_it_itself() -> None:
    with pytest.raises(UnknownComponent) as caught:
        Registry().with_components("mine", [Bent]).find("knee", "node")
    assert ("did you mean", "mine.bent?") in caught.value.rows
