"""The last batch of an epoch, tried before the first: a layer may need more examples than it has."""

from __future__ import annotations

from functools import partial

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.forward import forward
from bpframe.core.backprop.workspace import Workspace
from bpframe.core.graph.randomness import stream
from bpframe.errors import DataError
from bpframe.training.batches import Samples, count_of
from bpframe.training.spec import TrainingSpec

__all__ = ["try_last_batch"]


def try_last_batch(engine: Engine, spec: TrainingSpec, data: Samples) -> None:
    """Run a training's smallest batch forward, where examples depend on one another; nothing of the network moves.

    Errors: DataError (a layer needs more examples than the last batch of an epoch has), which says what batch size
    to try.
    """
    count = count_of(data)
    size = min(spec.examples_per_step(count), count)
    last = 1 if size == 1 else count % size
    if not last or not any(node.component.couples_batch for node in engine.graph.nodes):
        return  # without a smaller batch the first step says it all
    streams = partial(stream, engine.seed, "trial")  # not the network's own
    workspace = Workspace(engine.plan, last, engine.parameters, engine.frozen, engine.state, streams, None)
    try:
        with np.errstate(all="ignore"):
            forward(workspace, {name: array[:last] for name, array in data[0].items()}, True)
    except DataError as error:
        larger = (each for each in range(size + 1, count + 1) if (count % each or each) > last)
        if (better := next(larger, None)) is not None:
            error.rows = (*error.rows, ("batches", f"{count} examples by {size}, the last of {last}"))
            error.hint = f"batch_size={better}, which leaves a last batch of {count % better or better}; {error.hint}"
        raise
