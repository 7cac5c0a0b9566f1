"""Fields of optimizers refuse numbers with which every step would be 0."""

from __future__ import annotations

import math

import pytest
from bpframe_optimizers import Adagrad, Adam, Adamw, Nadam, Rmsprop

from bpframe.core.component import Component
from bpframe.errors import SpecError


@pytest.mark.parametrize("optimizer", [Adagrad, Adam, Adamw, Nadam, Rmsprop])
def test_an_infinite_epsilon_is_refused(optimizer: type[Component]) -> None:
    with pytest.raises(SpecError, match="epsilon"):
        optimizer(epsilon=math.inf)
