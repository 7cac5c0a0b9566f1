"""A network out of a spec's file or a run's folder, with an example of its data where one is asked for."""

from __future__ import annotations

import os
from pathlib import Path

from bpframe.documents import read_spec
from bpframe.network import Network, load
from bpframe.runs.averages import measured_network
from bpframe.runs.experiment import network_and_data
from bpframe.runs.numbered import row_of
from bpframe.runs.saved_run import open_run
from bpframe.validation.plain_arrays import Array

__all__ = ["network_at", "numbered_example"]


def network_at(place: str | os.PathLike[str]) -> Network:
    """Return the network of a run's folder, trained, or of a spec's file, as it begins.

    Errors: SpecError, GraphError, CheckpointError.
    """
    path = Path(place).expanduser()
    return measured_network(load(path)) if path.is_dir() else Network.from_spec(read_spec(path).network)


def numbered_example(place: str | os.PathLike[str], number: int) -> tuple[Network, Array, Array]:
    """Return the network of a run or a spec with an example of its data, (1, *features), and its target.

    The example is prepared, and the network takes it so. From 0 on, examples of the training part have their numbers,
    then those of the validation part, then of the test part.

    Errors: SpecError, GraphError, DataError, CheckpointError.
    """
    path = Path(place).expanduser()
    if path.is_dir():
        run = open_run(path)
        return run.network.without_preparation(), *run.example(number)
    network, _, dataset = network_and_data(read_spec(path), path.absolute().parent)
    return network, *row_of(dataset, number)
