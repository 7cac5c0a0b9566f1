"""Optimizers with habits."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Optimizer

RATE = 0.05
kept: dict[object, np.ndarray] = {}
counts = {"steps": 0}


def fresh():
    global RATE
    RATE = 0.05
    kept.clear()
    counts.update(steps=0)


class Descent(Optimizer):
    def update(self, gradient):
        return -0.05 * gradient


class Blockwise(Optimizer):
    elementwise: ClassVar[bool] = True

    def update(self, gradient, out):
        return np.multiply(gradient, -0.05, out=out)


class Momentum(Optimizer):
    elementwise: ClassVar[bool] = True

    def initial_state(self, parameters):
        return {"v": np.zeros_like(parameters)}

    def update(self, gradient, state):
        v = 0.5 * state["v"] - 0.05 * gradient
        return v, {"v": v}


class Decays(Optimizer):
    def update(self, gradient, parameters, step):
        return -0.05 / (1 + step) * gradient - 0.01 * parameters


class Scheduled(Optimizer):
    def update(self, gradient):
        return -RATE * gradient


class Counting(Optimizer):
    def update(self, gradient):
        counts["steps"] += 1
        return -0.1 / counts["steps"] * gradient


class InPlace(Optimizer):
    def update(self, gradient):
        gradient *= -0.05
        return gradient


class WritesParameters(Optimizer):
    def update(self, gradient, parameters):
        parameters *= 0.9
        return -0.05 * gradient


class SameBuffer(Optimizer):
    def update(self, gradient):
        if "update" not in kept or kept["update"].shape != gradient.shape:
            kept["update"] = np.empty_like(gradient)
        return np.multiply(gradient, -0.05, out=kept["update"])


class KeepsGradient(Optimizer):
    """Momentum by a reference to the gradient before."""

    def update(self, gradient):
        before = kept.get("gradient")
        kept["gradient"] = gradient
        if before is None or before.shape != gradient.shape or before.dtype != gradient.dtype:
            return -0.05 * gradient
        return -0.05 * (gradient + 0.5 * before)


class Clips(Optimizer):
    def update(self, gradient):
        size = float(np.sqrt((gradient * gradient).sum()))
        return -0.05 * gradient / max(size, 1.0)


#: (name, tags, changes)
RULES = [
    ("Descent", "", ""), ("Blockwise", "", ""), ("Momentum", "", ""), ("Decays", "", ""),
    ("Scheduled", "", "bank.rules.RATE = {}"), ("Counting", "impure", ""), ("InPlace", "writes", ""),
    ("WritesParameters", "writes", ""), ("SameBuffer", "impure", ""), ("KeepsGradient", "keeps", ""),
    ("Clips", "", ""),
]  # fmt: skip
