"""How good a network is on examples."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bpframe.metrics import accuracy
from bpframe.network import Network

__all__ = ["Evaluation", "evaluate", "is_one_hot"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Evaluation:
    """The mean cost over some examples, and the share of right classes where the targets are one-hot (else None)."""

    examples: int
    cost: float
    accuracy: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        share = "" if self.accuracy is None else f"accuracy {self.accuracy:.4f}, "
        return f"{share}cost {self.cost:.4g} on {self.examples:,} examples"


def evaluate(network: Network, x: Array, y: Array) -> Evaluation:
    """Measure a network on examples: C averaged over them, and the accuracy where it means something.

    Shapes: x (N, *features), y as the cost wants it. Training is switched off.

    Raises
    ------
    DataError, ShapeMismatch

    """
    with np.errstate(over="ignore", invalid="ignore"):  # an infinite cost speaks for itself
        cost = network.cost(x, y)
    share = None
    if len(network.graph.outputs) == 1 and is_one_hot(y):
        prediction = network.predict(x)
        if prediction.shape == y.shape:
            share = accuracy(prediction, y)
    return Evaluation(examples=len(y), cost=cost, accuracy=share)


def is_one_hot(y: Array) -> bool:
    """Return whether every row has a single 1 among zeros, two columns or more: (N, K) with K >= 2."""
    if y.ndim != 2 or y.shape[1] < 2 or len(y) == 0:
        return False
    ones = y == 1
    return bool((ones.sum(axis=1) == 1).all() and ((y == 0) | ones).all())
