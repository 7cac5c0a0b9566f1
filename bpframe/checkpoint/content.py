"""What a checkpoint holds, and the names of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bpframe.data import FittedPreparation
from bpframe.data.raw import Columns
from bpframe.documents import RunSpec
from bpframe.training.history import History
from bpframe.training.optimizer_state import OptimizerState
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
    "VERSIONS",
    "WEIGHTS",
    "Checkpoint",
]


#: The version of the layout that is written, and the newest that is read.
FORMAT = 1

SPEC = "spec.yaml"
WEIGHTS = "weights.safetensors"
OPTIMIZER = "optimizer.safetensors"
HISTORY = "history.json"
PREPARATION = "preparation.json"
COLUMNS = "columns.json"
VERSIONS = "versions.json"

#: Every file that a checkpoint may have.
FILES = (SPEC, WEIGHTS, OPTIMIZER, HISTORY, PREPARATION, COLUMNS, VERSIONS)

#: Begins the names of state in the weights file: state/batch_norm_1.mean. Parameters' paths have no slash.
STATE_PREFIX = "state/"

#: The set under which a spec names components that no installed plugin set provides.
LOCAL = "local"


@dataclass(frozen=True)
class Checkpoint:
    """A network's description, its arrays, and how it came about.

    `parameters` by path; `state` by node and name; `history`, `preparation`, `columns` (their names) and `optimizer`,
    what one carries, are None where there are none; `versions` is what was installed when the checkpoint was written,
    and empty before that.
    """

    spec: RunSpec
    parameters: Mapping[str, Array]
    state: Mapping[str, Mapping[str, Array]]
    history: History | None = None
    preparation: FittedPreparation | None = None
    columns: Columns | None = None
    optimizer: OptimizerState | None = None
    versions: Mapping[str, Any] = field(default_factory=dict)
