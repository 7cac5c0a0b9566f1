"""A training at which a person looks on."""

from __future__ import annotations

import os
from dataclasses import replace

from bpframe.categories import WatchErrors
from bpframe.documents import RunSpec
from bpframe.runs.experiment import Experiment, prepare_experiment

__all__ = ["watch_training"]

#: At so many of the first examples.
WATCHED = 32


def watch_training(spec: RunSpec, base: str | os.PathLike[str] = ".") -> Experiment:
    """Do what a spec says, and print after every epoch how errors flow back at the first 32 examples.

    Raises
    ------
    SpecError, GraphError, DataError, NonFiniteError
        As `run_experiment`.

    """
    experiment = prepare_experiment(spec, base)
    data, training = experiment.dataset, experiment.training
    x, y = data.x[:WATCHED], data.y[:WATCHED]
    watch = WatchErrors(x=x, y=y)
    fields = {name: getattr(training, name) for name in type(training).model_fields}
    watched = type(training)(**{**fields, "callbacks": (*training.callbacks, watch)})
    found = replace(experiment, training=watched)
    print(f"before training, {found.network.error_flow(x, y)}\n", flush=True)
    found.train(progress=False, error_norms=False)
    return found
