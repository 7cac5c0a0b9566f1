"""A component that vouches for being pure is tried over a thousand repeated passes."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
import pytest

from bpframe.extend import Activation, Cost, Diagonal, Layer, Parameter
from bpframe.testing import check_component

COUNT = itertools.count()
SEEN: list[int] = []


class Vouched(Activation):
    """y = 2x, by a way that nobody reads."""

    pure: ClassVar[bool | None] = True

    def forward(self, x):
        return getattr(np, "multiply")(x, 2)  # noqa: B009

    def jacobian(self, x):
        return Diagonal(np.full_like(x, 2))


class Counting(Vouched):
    """From the 500th pass on it is another function."""

    def forward(self, x):
        return x * (2 if next(COUNT) < 500 else 2.5)


class CountingBackwards(Vouched):
    def jacobian(self, x):
        SEEN.append(len(x))
        return Diagonal(np.full_like(x, 2 if len(SEEN) < 300 else 3))


class Scale(Layer):
    pure: ClassVar[bool | None] = True

    def parameters(self, features):
        return {"s": Parameter((features,), init=1.0)}

    def forward(self, x, p):
        return x * p["s"]

    def jacobian(self, x, p):
        return {"x": Diagonal(np.broadcast_to(p["s"], x.shape)), "s": Diagonal(x)}


class Distance(Cost):
    pure: ClassVar[bool | None] = True

    def forward(self, a, y):
        return abs(a - y).sum(axis=1)

    def jacobian(self, a, y):
        return np.sign(a - y)


def outcome(component, shape=(4,)):
    (found,) = [
        each for each in check_component(component, [shape], only=["repeated"]).outcomes if each.check == "repeated"
    ]
    return found


@pytest.mark.parametrize("component", [Vouched(), Scale(), Distance()], ids=lambda each: type(each).__name__)
def test_what_is_pure_passes(component) -> None:
    assert outcome(component).status == "passed"


@pytest.mark.parametrize("component", [Counting(), CountingBackwards()], ids=lambda each: type(each).__name__)
def test_what_is_not_pure_is_found(component) -> None:
    found = outcome(component)
    assert found.status == "failed"
    assert "leave out pure" in dict(found.rows)["try"]


def test_who_does_not_vouch_is_not_asked() -> None:
    class Plain(Vouched):
        pure: ClassVar[bool | None] = None

    assert not [each for each in check_component(Plain(), [(4,)]).outcomes if each.check == "repeated"]
