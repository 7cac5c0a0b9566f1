"""The preparation that a run keeps, held against the network that it belongs to."""

from __future__ import annotations

from bpframe.checkpoint.content import PREPARATION, Checkpoint
from bpframe.data import FittedPreparation
from bpframe.data.raw import Columns, Preparation
from bpframe.errors import CheckpointError
from bpframe.graph import Graph

__all__ = ["restored_preparation", "saved_preparation"]


def saved_preparation(
    graph: Graph, known: Preparation | None, given: FittedPreparation | None
) -> tuple[FittedPreparation | None, Columns | None]:
    """Return the preparation and the columns to save, of what a network knows and of what is given for it.

    Raises
    ------
    CheckpointError
        They are two, or it makes inputs that the network does not take.

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
    return fitted, columns if columns.inputs or columns.targets else None


def restored_preparation(checkpoint: Checkpoint, graph: Graph) -> Preparation | None:
    """Return what raw examples of a saved run go through, or None where they are taken as they are.

    Raises
    ------
    CheckpointError
        The preparation is not one of this network's inputs.

    """
    fitted, columns = checkpoint.preparation, checkpoint.columns
    if fitted is not None:
        _require_fit(graph, fitted, PREPARATION)
        if columns is None and fitted.feature_names is not None:
            columns = Columns(inputs=dict.fromkeys(graph.inputs, fitted.feature_names))
    if fitted is None and columns is None:
        return None
    return Preparation(fitted, columns or Columns())


def _require_fit(graph: Graph, fitted: FittedPreparation, what: str) -> None:
    if list(graph.inputs.values()) != [fitted.input_shape]:
        inputs = ", ".join(f"'{name}' {shape}" for name, shape in graph.inputs.items())
        raise CheckpointError(
            f"{what} is not one of this network's inputs",
            expected=f"a network with one input, of shape {fitted.input_shape}",
            received=inputs,
        )
