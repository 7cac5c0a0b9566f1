"""A data set as a network takes it: targets as its cost wants them, and the preparation that the network keeps."""

from __future__ import annotations

import numpy as np

from bpframe.core.graph.graph import Graph
from bpframe.data import Dataset, FittedPreparation
from bpframe.data.raw import Preparation
from bpframe.data.samples import Part
from bpframe.errors import DataError, ShapeMismatch, SpecError
from bpframe.training.outputs import single_score

__all__ = ["check_inputs", "check_scaled_targets", "kept_by", "matched", "measured_part", "yes_or_no"]


def matched(graph: Graph, dataset: Dataset) -> Dataset:
    """Return the data with labels in the form that the cost wants: one-hot rows, class numbers, or 0 and 1.

    Errors: SpecError (one output, and other classes than two); ShapeMismatch (other columns than the network's input
    takes); DataError (several inputs or targets).
    """
    fitted = dataset.preparation
    if len(graph.inputs) > 1 or len(graph.cost) > 1:
        raise DataError(
            "a data set has one input and one target, and the network has more",
            expected="mappings from names to arrays, for x and y",
            received=f"a Dataset, for {', '.join(graph.inputs)}",
        )
    check_inputs(graph, fitted)
    if fitted.classes is None:
        check_scaled_targets(graph, fitted)
        return dataset
    single = single_score(graph)
    if single is not None:
        return yes_or_no(_numbered(dataset), single)
    return _numbered(dataset) if graph.integer_targets else dataset


def check_inputs(graph: Graph, fitted: FittedPreparation) -> None:
    """Refuse columns that are more or fewer than the network's input takes. Errors: ShapeMismatch, with their names."""
    names = fitted.feature_names if fitted.encoding is None else fitted.encoding.entries
    shape = next(iter(graph.inputs.values()))
    if names is None or len(shape) != 1 or shape[0] in (None, len(names)):
        return
    raise ShapeMismatch(
        f"the network's input has {shape[0]} entries, and the data have {len(names)}",
        expected=f"input_shape: [{len(names)}]; in Python input_shape=data.preparation.input_shape",
        received=", ".join(names[:12]) + (", ..." if len(names) > 12 else ""),
    )


def check_scaled_targets(graph: Graph, fitted: FittedPreparation) -> None:
    """Refuse scaled targets of which outputs say something else than the number. Errors: SpecError."""
    if fitted.target_scaling is None:
        return
    output = graph.outputs[0]
    cost = graph.cost.get(output)
    other = [
        name for name in ("point_prediction", "for_probabilities", "threshold") if getattr(cost, name, None) is not None
    ]
    if (
        other
        or graph.integer_targets
        or len(graph.outputs) > 1
        or graph.target_shapes.get(output) != graph.shapes[output]
    ):
        raise SpecError(
            f"under the cost {'' if cost is None else cost.kind} targets cannot be scaled",
            expected="an output for each target that is a prediction of it, as under the quadratic cost",
            received=f"outputs {graph.shapes[output]} for targets {graph.target_shapes.get(output)}",
            hint="leave `scale_targets` out",
        )


def yes_or_no(dataset: Dataset, threshold: float) -> Dataset:
    """Return the data with two classes as the targets of one output, 0 and 1. Errors: SpecError (other classes)."""
    classes = dataset.preparation.classes or ()
    if len(classes) != 2:
        raise SpecError(
            f"the network has one output, and the data have {len(classes)} class{'es' * (len(classes) != 1)}",
            expected="two classes, for a yes or no",
            received=", ".join(map(repr, classes[:5])) + ", ..." * (len(classes) > 5),
            hint=f"a last layer with units: {len(classes)} and the cost cross_entropy" if len(classes) > 2 else None,
        )
    fitted = dataset.preparation.model_copy(update={"threshold": threshold, "class_numbers": False})
    return dataset.with_targets(fitted.yes_or_no, fitted)


def kept_by(graph: Graph, known: Preparation | None, fitted: FittedPreparation) -> Preparation:
    """Return the preparation that a network has from now on, which takes prepared arrays until it is trained.

    Errors: DataError (it has another one already).
    """
    own = None if known is None else known.fitted
    fitted = fitted.opened(list(graph.inputs.values()))
    if own is not None and own != fitted:
        raise DataError(
            "the network has a preparation, and the data were prepared otherwise",
            expected="data as they are, which go through its own preparation",
            received="a Dataset with another preparation",
            hint="net.fit(table, targets), or a new network",
        )
    return Preparation.of(fitted, graph.inputs, raw=False)


def measured_part(dataset: Dataset) -> Part | None:
    """Return what is measured after every epoch, the validation part, (x, y, sample_weight); None where none is kept.

    The test part is shown to no training.
    """
    return dataset.parts.get("validation")


def _numbered(dataset: Dataset) -> Dataset:
    if dataset.preparation.class_numbers or dataset.preparation.threshold is not None:
        return dataset
    fitted = dataset.preparation.model_copy(update={"class_numbers": True})
    return dataset.with_targets(lambda y: y.argmax(axis=-1).astype(np.int64), fitted)
