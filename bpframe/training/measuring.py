"""What metrics make of a network's predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.categories import Metric
from bpframe.categories.calling import call_method
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.results import failed
from bpframe.core.backprop.weights import counting, mask_key, weight_key
from bpframe.core.backprop.workspace import locked
from bpframe.core.graph.graph import Shape
from bpframe.errors import BpframeError, ContractError
from bpframe.training.batches import Samples
from bpframe.training.history import EpochRecord
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["Measures"]


class Measures:
    """Metrics by the names that their values have in a history: their kinds, numbered where several are of one kind.

    Errors: ContractError (a kind is the name of something else that a history holds).
    """

    def __init__(self, engine: Engine, metrics: Sequence[Metric]) -> None:
        self._engine = engine
        self.metrics: Mapping[str, Metric] = _named(metrics)

    def __call__(self, samples: Samples) -> dict[str, float]:
        """Return what the metrics measure on examples.

        Errors: those of the metrics; ContractError (one fails, or returns no number).
        """
        if not self.metrics:
            return {}
        inputs, targets = samples
        (name, target), *_ = targets.items()
        weight = counting(name, targets, len(target)) if len(targets) > len(self._engine.graph.cost) else None
        at_length = self._engine.at(inputs)
        positions = _positions(at_length.graph.weight_shapes.get(name, ()), name, targets)
        words = {
            "prediction": locked(at_length.outputs(inputs)[name]),
            "target": locked(target),
            "sample_weight": None if weight is None else locked(weight),
            "weight": locked(positions),
            "mask": locked(positions != 0),
        }
        return {name: _measured(metric, words) for name, metric in self.metrics.items()}

    def check(self, samples: Samples, first: Samples) -> None:
        """Refuse examples that cannot be measured, before anything changes.

        The `first` of them is enough to see that they can; where it is not, as of a correlation, all are looked at.
        """
        try:
            self(first)
        except BpframeError:
            self(samples)


def _positions(shape: Shape, output: str, targets: Mapping[str, Array]) -> Array:
    """Return how much every position counts, (N, *positions): as the cost is handed it, else by example, else ones."""
    batch = len(targets[output])
    given = targets.get(weight_key(output), targets.get(mask_key(output)))
    if given is not None:
        return np.asarray(given, np.float64)
    return np.ones((batch, *shape)) if shape else counting(output, targets, batch)


def _named(metrics: Sequence[Metric]) -> dict[str, Metric]:
    kinds = [each.kind for each in metrics]
    found: dict[str, Metric] = {}
    for each, kind in zip(metrics, kinds, strict=True):
        numbered = (f"{kind}_{number}" for number in range(1, len(kinds) + 1))
        alone = kinds.count(kind) == 1
        name = kind if alone else next(name for name in numbered if name not in found and name not in kinds)
        if name in EpochRecord.model_fields and name != "accuracy":
            raise ContractError(
                f"{type(each).__name__}.kind is '{name}', which is something else in a history", hint="another kind"
            )
        found[name] = each
    return found


def _measured(metric: Metric, words: Mapping[str, Any]) -> float:
    where = f"metric '{metric.kind}'"
    try:
        value = call_method(metric, "measure", **words)
    except BpframeError:
        raise
    except Exception as error:
        raise failed(where, "measure", error) from error
    plain = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(plain, bool | np.bool_) or not isinstance(plain, int | float | np.integer | np.floating):
        raise ContractError(f"{where}: measure must return a number", expected="a number", received=shortened(value))
    return float(plain)
