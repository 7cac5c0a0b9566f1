"""From what a folder holds to an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.checkpoint.content import HISTORY, SPEC, TRAINING, WEIGHTS, Checkpoint
from bpframe.checkpoint.random_streams import go_on_with
from bpframe.checkpoint.reading import retold
from bpframe.core.backprop.engine import Engine
from bpframe.errors import BpframeError, CheckpointError, did_you_mean
from bpframe.shapes import OpenEngine, engine_of, graph_of
from bpframe.training.state import TrainingState
from bpframe.validation.plain_arrays import Array

__all__ = ["restored_engine"]


def restored_engine(checkpoint: Checkpoint) -> Engine | OpenEngine:
    """Return an engine of the checkpoint's network with the checkpoint's arrays.

    Errors: CheckpointError (the spec describes no network; a parameter or state is missing, unknown, of another shape
    or dtype, or not finite, and is named).
    """
    spec, dtype = checkpoint.spec.network, np.dtype(checkpoint.spec.network.dtype)
    try:
        graph = graph_of(spec)
        # Before there are arrays of the network's own: those of the file take no more memory than it has bytes.
        shapes = {path: parameter.shape for path, parameter in graph.all_parameters.items()}
        _check(checkpoint.parameters, shapes, dtype, "parameter")
        slots = {f"{node.name}.{name}": slot.shape for node in graph.nodes for name, slot in node.state.items()}
        _check(_flat(checkpoint.state), slots, dtype, "state")
        engine = engine_of(spec, graph, spec.seed)
    except CheckpointError:
        raise
    except BpframeError as error:
        raise retold(SPEC, error, error.rows, error.hint) from error
    except (MemoryError, OverflowError) as error:
        raise CheckpointError(f"{SPEC} describes a network that is too large to build", received=str(error)) from error
    held = engine.held
    for name, array in checkpoint.parameters.items():
        (held.frozen if name in held.frozen else held.parameters)[name] = array
    held.state = {node: dict(named) for node, named in checkpoint.state.items()}
    if checkpoint.streams is not None:
        go_on_with(held, checkpoint.streams)
    if checkpoint.training is not None:
        _check_training(checkpoint, checkpoint.training)
    return engine


def _check_training(checkpoint: Checkpoint, state: TrainingState) -> None:
    """Refuse a training that a history, or a spec, does not have, and a place in it that there is not."""
    epochs, spec = 0 if checkpoint.history is None else len(checkpoint.history), checkpoint.spec.training
    if spec is None or state.past > epochs:
        expected, received = f"one after {epochs} epochs at most" if spec else "none", f"one after {state.past} epochs"
    elif (state.batch and state.order is None) or (state.order is not None and bool(state.order) != spec.shuffle):
        order = "the stream that orders the examples"
        expected, received = f"a place with {order}" if spec.shuffle else f"a place without {order}", "another"
    else:
        return
    raise CheckpointError(
        f"{TRAINING} tells of another training than {SPEC} and {HISTORY}",
        expected=expected,
        received=received,
        hint="the file is damaged: take another copy of the run",
    )


def _flat(state: Mapping[str, Mapping[str, Array]]) -> dict[str, Array]:
    return {f"{node}.{name}": array for node, named in state.items() for name, array in named.items()}


def _check(
    found: Mapping[str, Array], expected: Mapping[str, tuple[int, ...]], dtype: np.dtype[Any], what: str
) -> None:
    for name in expected:
        if name not in found:
            raise CheckpointError(
                f"{WEIGHTS} has no {what} '{name}', which the network of {SPEC} has",
                received=", ".join(found) or "none",
            )
    for name, array in found.items():
        if name not in expected:
            raise CheckpointError(
                f"{WEIGHTS} has a {what} '{name}', which the network of {SPEC} has not",
                expected=", ".join(expected) or "none",
                hint=did_you_mean(name, expected),
            )
        if (array.shape, array.dtype) != (expected[name], dtype):
            raise CheckpointError(
                f"{WEIGHTS}: the {what} '{name}' does not fit the network of {SPEC}",
                expected=f"{expected[name]}, {dtype}",
                received=f"{array.shape}, {array.dtype}",
            )
        # State may have infinity as the value from which a minimum starts.
        bad = np.isnan(array) if what == "state" else ~np.isfinite(array)
        if bad.any():
            raise CheckpointError(
                f"{WEIGHTS}: the {what} '{name}' is not finite",
                expected="finite numbers",
                received=f"{np.count_nonzero(bad)} of {array.size} entries are NaN or infinite",
                hint="the file is damaged: take another copy of the run",
            )
