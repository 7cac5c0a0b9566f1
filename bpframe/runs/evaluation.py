"""How good a network is on examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from bpframe.data import Dataset
from bpframe.data.samples import Part
from bpframe.differentiable import Arrays
from bpframe.errors import DataError
from bpframe.network import Network
from bpframe.trainable.prepared import matched
from bpframe.training.history import Measured
from bpframe.training.html_tables import html_rows, html_table
from bpframe.training.measuring import Measures
from bpframe.training.outputs import yes_above
from bpframe.validation.one_hot import is_one_hot
from bpframe.validation.plain_arrays import Array, plain_array

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """The mean cost over some examples, and the share of right classes where targets are classes (else None).

    Targets are classes where they are one-hot, or class numbers that the cost wants, or 0 and 1 for one output of a
    cost that declares its `threshold`, as `binary_cross_entropy` does. `metrics` are the other metrics that the network
    was last trained with, by name.
    """

    examples: int
    cost: float
    accuracy: float | None
    metrics: Mapping[str, Measured] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        share = "" if self.accuracy is None else f"accuracy {self.accuracy:.4f}, "
        figures = "".join(f"{name} {value:.4g}, " for name, value in self.metrics.items() if isinstance(value, float))
        line = f"{share}{figures}cost {self.cost:.4g} on {self.examples:,} examples"
        return line + "".join(_table(name, value) for name, value in self.metrics.items() if isinstance(value, list))

    def _repr_html_(self) -> str:
        rows = [("examples", f"{self.examples:,}"), ("cost", f"{self.cost:.4g}")]
        if self.accuracy is not None:
            rows.append(("accuracy", f"{self.accuracy:.4f}"))
        rows += [(name, f"{value:.4g}") for name, value in self.metrics.items() if isinstance(value, float)]
        several = [
            html_table(name, [str(k) for k in range(np.atleast_2d(value).shape[1])], _cells(value), 0)
            for name, value in self.metrics.items()
            if isinstance(value, list)
        ]
        return html_rows(rows) + "".join(several)


def evaluate(
    network: Network, x: Arrays | Dataset, y: Arrays | None = None, *, sample_weight: Arrays | None = None
) -> Evaluation:
    """Measure a network on examples: C averaged over them, the accuracy where it means something, and its metrics.

    Shapes: x (N, *features), y as the cost wants it, sample_weight as for `Network.cost`. Training is switched off.
    Of a `Dataset` in the place of x it is the last of its parts: test, validation or training.

    Raises
    ------
    DataError, ShapeMismatch

    """
    if isinstance(x, Dataset):
        if y is not None or sample_weight is not None:
            raise DataError("a Dataset holds its targets and weights itself", hint="evaluate(network, dataset)")
        network, (x, y, sample_weight) = _prepared(network, x)
    if y is None:
        raise DataError("evaluate() has no targets", expected="evaluate(network, x, y), or evaluate(network, dataset)")
    with np.errstate(over="ignore", invalid="ignore"):  # an infinite cost speaks for itself
        cost = network.cost(x, y, sample_weight=sample_weight)
    given = next(iter(y.values())) if isinstance(y, Mapping) else y
    target = plain_array(given, "target")
    weight = sample_weight.get(network.graph.outputs[0]) if isinstance(sample_weight, Mapping) else sample_weight
    share = network.accuracy(x, given, sample_weight=weight) if _has_right_classes(network, target, weight) else None
    figures = _measured(network, x, y, sample_weight)
    told = figures.get("accuracy")
    if isinstance(told, float):
        del figures["accuracy"]
        share = told if share is None else share
    return Evaluation(examples=len(target), cost=cost, accuracy=share, metrics=figures)


def _prepared(network: Network, dataset: Dataset) -> tuple[Network, Part]:
    """Return the network that takes prepared arrays, and the last part of a data set. Errors: DataError."""
    found = matched(network.graph, dataset)
    fitted = None if network._preparation is None else network._preparation.fitted
    if fitted is not None and fitted != found.preparation.opened(list(network.graph.inputs.values())):
        raise DataError(
            "the network has a preparation, and the data were prepared otherwise",
            expected="data that were prepared with those that it was trained on",
            received="a Dataset with another preparation",
            hint="evaluate(network, x, y), of raw examples",
        )
    return network.without_preparation(), list(found.parts.values())[-1]


def _has_right_classes(network: Network, target: Array, weight: Array | None) -> bool:
    """Whether the only output is several scores, the targets are classes, and they count as a whole; or a yes or no."""
    graph = network.graph
    if yes_above(graph) is not None and np.ndim(weight if weight is not None else 0) < 3:
        return target.dtype.kind in "biuf" and bool(((target == 0) | (target == 1)).all())
    shape, numbers = graph.shapes[graph.outputs[0]], bool(graph.integer_targets)
    if len(graph.outputs) > 1 or not shape or shape[-1] == 1 or (weight is not None and np.ndim(weight) > len(shape)):
        return False
    return target.ndim == len(shape) if numbers else is_one_hot(target) and target.shape[1:] == shape


def _table(name: str, value: list[float] | list[list[float]]) -> str:
    """Return several numbers below their name, a row a line."""
    rows = _cells(value)
    width = max((len(each) for row in rows for each in row), default=0)
    return f"\n{name}\n" + "\n".join("  " + "  ".join(each.rjust(width) for each in row) for row in rows)


def _cells(value: list[float] | list[list[float]]) -> list[list[str]]:
    return [[f"{each:.4g}" for each in row] for row in np.atleast_2d(value)]


def _measured(network: Network, x: Arrays, y: Arrays, sample_weight: Arrays | None) -> dict[str, Measured]:
    """Return what the metrics of the network's last training measure."""
    if network.training is None or not network.training.measured:
        return {}
    samples = network._samples(x, y, sample_weight)
    restored = None if network._preparation is None else network._preparation.restored
    return Measures(network._engine.at(samples[0]), network.training.measured, restored)(samples)
