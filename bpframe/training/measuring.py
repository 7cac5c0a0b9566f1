"""What metrics make of a network's predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.categories import Metric
from bpframe.categories.calling import call_method
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.results import failed
from bpframe.core.backprop.rows import rows_of
from bpframe.core.backprop.workspace import locked
from bpframe.errors import BpframeError, ContractError
from bpframe.training.batches import Samples
from bpframe.training.counted import counted_positions
from bpframe.training.history import EpochRecord, Measured
from bpframe.training.outputs import meaning_of, threshold_of
from bpframe.validation.mistakes import shortened

__all__ = ["Measures"]


class Measures:
    """Metrics by the names that their values have in a history: their kinds, numbered where several are of one kind.

    Errors: ContractError (a kind is the name of something else that a history holds).
    """

    def __init__(self, engine: Engine, metrics: Sequence[Metric]) -> None:
        self._engine = engine
        self.metrics: Mapping[str, Metric] = _named(metrics)

    def __call__(self, samples: Samples) -> dict[str, Measured]:
        """Return what the metrics measure on examples.

        Errors: those of the metrics; ContractError (one fails, or
        returns neither a number nor an array of some).
        """
        if not self.metrics:
            return {}
        inputs, targets = samples
        (name, target), *_ = targets.items()
        at_length = self._engine.at(inputs)
        positions = counted_positions(at_length.graph, name, targets)
        weight = None
        if len(targets) > len(self._engine.graph.cost):
            each = positions.reshape(len(target), -1).sum(axis=1)
            weight = each / each.mean() if each.any() else each
        prediction = at_length.outputs(inputs)[name]
        words = {
            "prediction": locked(prediction),
            "target": locked(target),
            "sample_weight": None if weight is None else locked(weight),
            "weight": locked(positions),
            "mask": locked(positions != 0),
            "outputs": meaning_of(at_length.graph, name),
            "threshold": threshold_of(at_length.graph, name),
        }
        return {name: _measured(metric, words) for name, metric in self.metrics.items()}

    def directions(self, prefix: str) -> dict[str, bool]:
        """Return whether larger is better, by columns of a history, of the metrics that say so."""
        said = {f"{prefix}{name}": metric.larger_is_better for name, metric in self.metrics.items()}
        return {column: larger for column, larger in said.items() if larger is not None}

    def check(self, samples: Samples) -> None:
        """Refuse examples that cannot be measured, before anything changes.

        The first of them is enough to see that they can; where it is not, as of a correlation, all are looked at.
        """
        try:
            self.of_one(samples)
        except BpframeError:
            self(samples)

    def of_one(self, samples: Samples) -> dict[str, Measured]:
        """Return what the metrics measure on the first example, without a weight, which may be 0. Errors: as a call."""
        inputs, targets = samples
        return self(rows_of(slice(0, 1), inputs, {output: targets[output] for output in self._engine.graph.cost}))


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


def _measured(metric: Metric, words: Mapping[str, Any]) -> Measured:
    where = f"metric '{metric.kind}'"
    try:
        value = call_method(metric, "measure", **words)
    except BpframeError:
        raise
    except Exception as error:
        raise failed(where, "measure", error) from error
    found = np.asarray(value) if isinstance(value, np.ndarray | int | float | np.integer | np.floating) else None
    if isinstance(value, bool) or found is None or found.dtype.kind not in "iuf" or found.ndim > 2:
        raise ContractError(
            f"{where}: measure must return a number, or an array of some",
            expected="a number, or an array of numbers with one or two axes",
            received=shortened(value),
        )
    numbers: Measured = found.astype(np.float64).tolist()
    return numbers
