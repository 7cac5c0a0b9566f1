"""The preparation that a run keeps, held against the network that it belongs to."""

from __future__ import annotations

import math

from bpframe.checkpoint.content import COLUMNS, PREPARATION, Checkpoint
from bpframe.core.graph.graph import Graph
from bpframe.data import FittedPreparation
from bpframe.data.raw import Columns, Preparation
from bpframe.errors import CheckpointError
from bpframe.validation.open_shapes import opened

__all__ = ["restored_preparation", "saved_preparation"]


def saved_preparation(
    graph: Graph, known: Preparation | None, given: FittedPreparation | None
) -> tuple[FittedPreparation | None, Columns | None]:
    """Return the preparation and the columns to save, of what a network knows and of what is given for it.

    Errors: CheckpointError (they are two, or it makes inputs that the network does not take).
    """
    own, columns = (None, Columns()) if known is None else (known.fitted, known.columns)
    if own is not None and given is not None and own != given:
        raise CheckpointError(
            "the network has a preparation, and another one is given to be saved",
            expected="the one that it was trained with",
            received=repr(given),
            hint="leave `preparation` out",
        )
    fitted = own or given
    if fitted is not None:
        _require_fit(graph, fitted, "the preparation")
        _require_columns(graph, Preparation(fitted, columns), "the preparation")
    return fitted, columns if columns.inputs or columns.targets else None


def restored_preparation(checkpoint: Checkpoint, graph: Graph) -> Preparation | None:
    """Return what raw examples of a saved run go through, or None where they are taken as they are.

    Errors: CheckpointError (the preparation or the columns are not those of this network's inputs).
    """
    fitted, columns = checkpoint.preparation, checkpoint.columns
    if fitted is None and columns is None:
        return None
    if fitted is not None:
        _require_fit(graph, fitted, PREPARATION)
    found = Preparation.of(fitted, graph.inputs) if columns is None else Preparation(fitted, columns)
    _require_columns(graph, found, COLUMNS)
    return found


def _require_fit(graph: Graph, fitted: FittedPreparation, what: str) -> None:
    inputs, scales = fitted.input_shape, len(fitted.scaling.scale)
    size = math.prod(each or 1 for each in inputs)
    alike = [opened(inputs, shape) == opened(shape, inputs) for shape in graph.inputs.values()] == [True]
    if not alike or scales not in (1, size) or (None in inputs and scales != 1):
        raise CheckpointError(
            f"{what} is not one of this network's inputs",
            expected=f"one of one input, {', '.join(f'{name!r} {shape}' for name, shape in graph.inputs.items())}",
            received=f"one of inputs {fitted.input_shape}, scaled by {len(fitted.scaling.scale)} numbers",
        )
    targets = 1 if fitted.target_scaling is None else len(fitted.target_scaling.scale)
    if targets != 1 and [math.prod(graph.shapes[name]) for name in graph.outputs] != [targets]:
        raise CheckpointError(
            f"{what} is not one of this network's output",
            expected=", ".join(f"'{name}' {graph.shapes[name]}" for name in graph.outputs),
            received=f"targets that are scaled by {targets} numbers",
        )
    if len(set(map(str, fitted.classes or ()))) < len(fitted.classes or ()):
        raise CheckpointError(f"{what} names a class twice", received=", ".join(map(repr, fitted.classes or ())))


def _require_columns(graph: Graph, known: Preparation, what: str) -> None:
    """Refuse columns of inputs that do not exist, in another number, or other ones than the preparation has."""
    features = None if known.fitted is None else known.fitted.feature_names
    encoding = None if known.fitted is None else known.fitted.encoding
    for name, columns in known.columns.inputs.items():
        entries = len(columns) if encoding is None else len(encoding.entries)
        if graph.inputs.get(name) != (entries,):
            raise CheckpointError(
                f"{what}: these are not the columns of an input '{name}'",
                expected=", ".join(f"'{name}' {shape}" for name, shape in graph.inputs.items()),
                received=f"{len(columns)} columns",
            )
        if features is not None and columns != features:
            raise CheckpointError(
                f"{what}: the network was trained on other columns than its preparation",
                expected=", ".join(features),
                received=", ".join(map(str, columns)),
                hint="train on columns in the order of the preparation",
            )
