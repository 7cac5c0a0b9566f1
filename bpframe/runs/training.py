"""A spec's training in a run's folder: begun there, or gone on with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bpframe.checkpoint import kept_run, read_run
from bpframe.checkpoint.run_reading import is_run
from bpframe.documents import TrainingSpec, read_spec
from bpframe.errors import CheckpointError, SpecError, TrainingError, did_you_mean
from bpframe.network import Network
from bpframe.runs.experiment import Experiment, network_and_data

__all__ = ["go_on_in", "resumed_experiment", "train_in"]

#: What of a spec may be another when its training goes on: where it ends, and how it is kept.
CHANGEABLE = ("training.epochs", "training.checkpoint_every", "training.keep_last", "training.keep_best")


def train_in(
    experiment: Experiment, folder: str | os.PathLike[str], progress: bool | None = None, error_norms: bool = True
) -> Path:
    """Train as a spec says in a new folder, which is written as the training goes on.

    Returns where the last checkpoint is: there, or where a disk that is full made it go.

    Errors: those of `Experiment.train`; CheckpointError (the folder exists, or cannot be written).
    """
    data = experiment.data, experiment.base
    with kept_run(folder, experiment.network, experiment.training, data) as keeper:
        experiment.train(progress, error_norms, keeper)
    return keeper.kept or keeper.folder


def go_on_in(
    experiment: Experiment, folder: str | os.PathLike[str], progress: bool | None = None, epochs: int | None = None
) -> Path:
    """Go on with the training of a run's folder in it, as if it had never stopped; `epochs` is how many in all.

    Returns where the last checkpoint is.

    Errors: those of `Experiment.go_on`; CheckpointError (another process trains there, or it cannot be written).
    """
    network, data = experiment.network, (experiment.data, experiment.base)
    past = 0 if network._training_state is None else network._training_state.past
    with kept_run(folder, network, network.training or experiment.training, data, past) as keeper:
        experiment.go_on(progress, keeper, epochs)
    return keeper.kept or keeper.folder


def resumed_experiment(
    folder: str | os.PathLike[str], changes: Mapping[str, Any], data_at: str | os.PathLike[str] | None = None
) -> Experiment:
    """Return the training of a run's folder as its last checkpoint has it, with the run's data; nothing is trained.

    `changes` are other values by path, of `training.epochs` and of how the run is kept alone. `data_at` is where the
    file of its data, or the folder that it is in, lies now, where it is found no more.

    Errors: CheckpointError (no run is there, or it is damaged), SpecError (another change), DataError (the data cannot
    be read, or are not found where the run says).
    """
    path = Path(folder).expanduser()
    if path.is_dir() and not is_run(path):
        raise CheckpointError(
            f"{path} is one checkpoint, and no run's folder",
            expected="the folder that `bpframe train --output` or fit(..., run=...) has written",
            hint=f"python: bpframe.load({str(path)!r}).resume(x, y)",
        )
    place, saved = read_run(path)
    for each in changes:
        if each not in CHANGEABLE:
            raise SpecError(
                f"a training goes on as it began, with the same {each}",
                expected="any of " + ", ".join(CHANGEABLE),
                hint=did_you_mean(each, CHANGEABLE) or f"bpframe train {path / 'spec.yaml'} --set ... begins another",
            )
    if saved.training is not None and saved.training.ended and "training.epochs" not in changes:
        done = 0 if saved.history is None else len(saved.history) - saved.training.past
        raise TrainingError(
            f"the training in {path} is over: nothing is left to do",
            received="no history" if saved.history is None else f"{done} epochs, {saved.history.stopped}",
            hint=f"bpframe train --resume {path} --set training.epochs={2 * max(done, 1)}",
        )
    training = saved.spec.training
    if training is None or saved.spec.data is None:
        raise SpecError(
            f"the run {path} does not say {'on what' if training else 'how'} it was trained",
            hint=f"python: bpframe.load({str(path)!r}).resume(x, y, run={str(path)!r})",
        )
    if changes:
        training = read_spec(place / "spec.yaml", changes=changes).training or training
    network = Network.from_checkpoint(saved)
    network, data, dataset = network_and_data(saved.spec, place, network=network, moved_to=data_at)
    kept = {name: getattr(training, name) for name in ("checkpoint_every", "keep_last", "keep_best")}
    fields = {name: getattr(saved.spec.training, name) for name in TrainingSpec.model_fields}
    network.training = TrainingSpec(**{**fields, **kept})
    return Experiment(network, training, data, dataset, place)
