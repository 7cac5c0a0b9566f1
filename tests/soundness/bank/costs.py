"""Costs with habits."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Cost, Diagonal

WEIGHT = 0.5
kept: dict[object, np.ndarray] = {}
counts = {"cost": 0, "jacobian": 0}


def fresh():
    global WEIGHT
    WEIGHT = 0.5
    kept.clear()
    counts.update(cost=0, jacobian=0)


def summed(array):
    return array.reshape(len(array), -1).sum(axis=1)


class Base(Cost):
    def forward(self, a, y):
        return summed((a - y) ** 2)

    def jacobian(self, a, y):
        return 2 * (a - y)

    def hessian(self, a):
        return Diagonal(np.full_like(a, 2.0))


class Squares(Base):
    pass


class Saves(Base):
    def forward(self, a, y, saved):
        saved["d"] = a - y
        return summed(saved["d"] ** 2)

    def jacobian(self, saved):
        return 2 * saved["d"]


class Counts(Base):
    def forward(self, a, y):
        counts["cost"] += 1
        return summed((a - y) ** 2) * (1 + 0.01 * counts["cost"])


class CountsGradients(Base):
    def jacobian(self, a, y):
        counts["jacobian"] += 1
        return (a - y) / counts["jacobian"]


class WritesOutput(Base):
    def forward(self, a, y):
        a -= y
        return summed(a * a)


class WritesTarget(Base):
    def jacobian(self, a, y):
        np.subtract(a, y, out=y)
        return y


class SameBuffer(Base):
    def forward(self, a, y):
        key = (len(a), a.dtype)
        if key not in kept:
            kept[key] = np.empty(len(a), a.dtype)
        kept[key][...] = summed((a - y) ** 2)
        return kept[key]


class GradientBuffer(Base):
    def jacobian(self, a, y):
        key = ("gradient", a.shape, a.dtype)
        if key not in kept:
            kept[key] = np.empty(a.shape, a.dtype)
        return np.subtract(a, y, out=kept[key])


class Weighted(Base):
    def forward(self, a, y):
        return WEIGHT * summed((a - y) ** 2)

    def jacobian(self, a, y):
        return 2 * WEIGHT * (a - y)


class IsOutput(Base):
    """∇_a C = a: the node's own value."""

    def jacobian(self, a):
        return a


class IsTarget(Base):
    def jacobian(self, y):
        return y


class Decides(Base):
    def forward(self, a, y):
        if np.abs(a - y).max() > 1.5:
            return summed(np.abs(a - y))
        return summed((a - y) ** 2)


class Weighs(Base):
    def forward(self, a, y, weight):
        return summed(weight * (a - y) ** 2)

    def jacobian(self, a, y, weight):
        return 2 * weight * (a - y)

    def hessian(self, weight):
        return Diagonal(2 * weight)


class Masks(Base):
    """Positions are all axes but the last; what is masked is left out by a choice."""

    def weight_shape(self, shape):
        return shape[:-1]

    def forward(self, a, y, weight, mask):
        return summed(np.where(mask[..., None], weight[..., None] * (a - y) ** 2, 0))

    def jacobian(self, a, y, weight):
        return 2 * weight[..., None] * (a - y)

    def hessian(self, a, weight):
        return Diagonal(2 * weight[..., None] * np.ones_like(a))


class DraftCost(Cost):
    draft: ClassVar[bool] = True

    def forward(self, a, y):
        return summed((a - y) ** 2)


#: (name, tags, changes)
COSTS = [
    ("Squares", "", ""), ("Saves", "", ""), ("Counts", "impure", ""), ("CountsGradients", "impure", ""),
    ("WritesOutput", "writes", ""), ("WritesTarget", "writes", ""), ("SameBuffer", "impure", ""),
    ("GradientBuffer", "impure", ""), ("Weighted", "", "bank.costs.WEIGHT = {}"), ("IsOutput", "", ""),
    ("IsTarget", "", ""), ("Decides", "", ""), ("Weighs", "", ""), ("Masks", "", ""), ("DraftCost", "draft", ""),
]  # fmt: skip
