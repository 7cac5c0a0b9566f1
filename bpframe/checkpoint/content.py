"""What a checkpoint holds, and the names of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bpframe.checkpoint.random_streams import Streams
from bpframe.data import FittedPreparation
from bpframe.data.raw import Columns
from bpframe.documents import RunSpec
from bpframe.training.history import History
from bpframe.training.optimizer_state import OptimizerState
from bpframe.training.state import TrainingState
from bpframe.validation.plain_arrays import Array

__all__ = [
    "COLUMNS",
    "FILES",
    "FORMAT",
    "HISTORY",
    "LOCAL",
    "OPTIMIZER",
    "PREPARATION",
    "SPEC",
    "STATE_PREFIX",
    "TRAINING",
    "TRAINING_ARRAYS",
    "VERSIONS",
    "WEIGHTS",
    "Checkpoint",
]


#: The version of the layout that is written, and the newest that is read.
FORMAT = 2

SPEC = "spec.yaml"
WEIGHTS = "weights.safetensors"
OPTIMIZER = "optimizer.safetensors"
HISTORY = "history.json"
TRAINING = "training.json"
TRAINING_ARRAYS = "training.safetensors"
PREPARATION = "preparation.json"
COLUMNS = "columns.json"
VERSIONS = "versions.json"

#: Every file that a checkpoint may have.
FILES = (SPEC, WEIGHTS, OPTIMIZER, HISTORY, TRAINING, TRAINING_ARRAYS, PREPARATION, COLUMNS, VERSIONS)

#: Begins the names of state in the weights file: state/batch_norm_1.mean. Parameters' paths have no slash.
STATE_PREFIX = "state/"

#: The set under which a spec names components that no installed plugin set provides.
LOCAL = "local"


@dataclass(frozen=True)
class Checkpoint:
    """A network's description, its arrays, and how it came about.

    `parameters` by path; `state` by node and name; `history`, `preparation`, `columns` (their names), `optimizer`, what
    one carries, `streams`, where random numbers come from, and `training`, how far the last one has come, are None
    where there are none; `versions` is what was installed when the checkpoint was written, and empty before that.
    """

    spec: RunSpec
    parameters: Mapping[str, Array]
    state: Mapping[str, Mapping[str, Array]]
    history: History | None = None
    preparation: FittedPreparation | None = None
    columns: Columns | None = None
    optimizer: OptimizerState | None = None
    streams: Streams | None = None
    training: TrainingState | None = None
    versions: Mapping[str, Any] = field(default_factory=dict)

    def snapshot(self) -> Checkpoint:
        """Return a copy that no later step of a training changes; what a step replaces as a whole is not copied."""
        history = self.history
        if history is not None:
            last = [each.model_copy(deep=True) for each in history.epochs[-1:]]  # callbacks write into it
            history = history.model_copy(update={"epochs": [*history.epochs[:-1], *last]})
        return replace(
            self,
            parameters={name: np.array(array) for name, array in self.parameters.items()},
            state={
                node: {name: np.array(array) for name, array in named.items()} for node, named in self.state.items()
            },
            history=history,
        )
