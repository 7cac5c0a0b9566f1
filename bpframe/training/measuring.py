"""What metrics make of a network's predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.categories import Metric
from bpframe.categories.calling import call_method
from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.results import failed
from bpframe.core.backprop.rows import rows_of
from bpframe.core.backprop.workspace import locked
from bpframe.core.component import Cost, contract_of
from bpframe.core.graph.graph import Graph
from bpframe.errors import BpframeError, ContractError, DataError, did_you_mean
from bpframe.training.batches import Samples
from bpframe.training.counted import counted_positions
from bpframe.training.history import EpochRecord, Measured
from bpframe.training.outputs import meaning_of, threshold_of
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["Measures"]


class Measures:
    """Metrics by the names that their values have in a history: their kinds, numbered where several are of one kind.

    Those of a mapping, by output, are called `accuracy of digit`; others are of the only output that has a cost.

    `restored` brings predictions and targets back into the units that the targets had before they were scaled.

    Errors: DataError (no mapping, and several costs; an output without a cost); ContractError (a kind is the name of
    something else that a history holds).
    """

    def __init__(
        self,
        engine: Engine,
        metrics: Sequence[Metric] | Mapping[str, Sequence[Metric]],
        restored: Callable[[Array], Array] | None = None,
    ) -> None:
        self._engine = engine
        self._restored = restored
        self.metrics: dict[str, Metric] = {}
        self._outputs: dict[str, list[str]] = {}
        for output, ending, given in _by_output(engine.graph, metrics):
            named = {f"{name}{ending}": metric for name, metric in _named(given).items()}
            self.metrics |= named
            self._outputs.setdefault(output, []).extend(named)

    def __call__(self, samples: Samples) -> dict[str, Measured]:
        """Return what the metrics measure on examples.

        Errors: those of the metrics; ContractError (one fails, or returns neither a number nor an array of some).
        """
        if not self.metrics:
            return {}
        inputs, targets = samples
        at_length = self._engine.at(inputs)
        predictions = at_length.outputs(inputs)
        found: dict[str, Measured] = {}
        for output, names in self._outputs.items():
            words = self._words(at_length.graph, output, predictions[output], targets)
            for name in names:
                metric = self.metrics[name]
                if contract_of(type(metric)).methods["measure"].asks_for("point"):
                    words["point"] = _point(at_length.graph.cost[output], words)
                found[name] = _measured(metric, words)
        return {name: found[name] for name in self.metrics}

    def _words(self, graph: Graph, output: str, prediction: Array, targets: Mapping[str, Array]) -> dict[str, Any]:
        target = targets[output]
        if self._restored is not None:
            prediction, target = self._restored(prediction), self._restored(target)
        positions = counted_positions(graph, output, targets)
        weight = None
        if len(targets) > len(self._engine.graph.cost):
            each = positions.reshape(len(target), -1).sum(axis=1)
            weight = each / each.mean() if each.any() else each
        return {
            "prediction": locked(prediction),
            "target": locked(target),
            "sample_weight": None if weight is None else locked(weight),
            "weight": locked(positions),
            "mask": locked(positions != 0),
            "outputs": meaning_of(graph, output),
            "threshold": threshold_of(graph, output),
        }

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


def _by_output(
    graph: Graph, metrics: Sequence[Metric] | Mapping[str, Sequence[Metric]]
) -> Iterator[tuple[str, str, Sequence[Metric]]]:
    """Yield each output with the ending of its metrics' names, and these."""
    costs = list(graph.cost)
    if not isinstance(metrics, Mapping):
        if metrics and len(costs) > 1:
            raise DataError(
                f"the network has {len(costs)} costs, and metrics say nothing of the output that they are of",
                expected=f"a mapping from some of {', '.join(costs)}",
                received=", ".join(each.kind for each in metrics),
                hint=f'metrics={{"{costs[0]}": ["{metrics[0].kind}"]}}; in a spec metrics: '
                f"{{{costs[0]}: [{metrics[0].kind}]}}",
            )
        yield from ((output, "", metrics) for output in costs)
        return
    for name, given in metrics.items():
        output = graph.value_of(name)
        if output not in costs:
            raise DataError(
                f"metrics of '{name}', which is no output with a cost",
                expected=f"some of {', '.join(costs)}",
                received=name,
                hint=did_you_mean(name, costs),
            )
        yield output, f" of {name}", given


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


def _point(cost: Cost, words: Mapping[str, Any]) -> Array | None:
    """Return what the cost says that outputs predict of the target, read-only; None where the outputs do."""
    if not hasattr(cost, "point_prediction"):
        return None
    what, wanted = f"point_prediction of the cost '{cost.kind}'", words["target"].shape
    try:
        found = call_method(cost, "point_prediction", a=words["prediction"])
    except BpframeError:
        raise
    except Exception as error:
        raise ContractError(f"{what} failed", received=f"{type(error).__name__}: {error}") from error
    if not isinstance(found, np.ndarray) or found.shape != wanted or found.dtype.kind != "f":
        raise ContractError(
            f"{what} must return a number for each of a target",
            expected=f"floating-point numbers of shape {wanted}",
            received=f"{found.dtype} of shape {found.shape}" if isinstance(found, np.ndarray) else shortened(found),
        )
    return locked(found)


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
