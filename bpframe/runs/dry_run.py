"""Whether a training could begin, found out without training."""

from __future__ import annotations

from copy import deepcopy

from bpframe.runs.experiment import Experiment
from bpframe.trainable.named import with_metrics
from bpframe.trainable.prepared import measured_part
from bpframe.training.last_batch import try_last_batch
from bpframe.training.trainer import Trainer
from bpframe.training.watching import check_watched

__all__ = ["check_experiment"]


def check_experiment(experiment: Experiment) -> None:
    """Find out with a copy of the network whether a training could begin. Nothing is trained, no callback called.

    Errors: those of `Experiment.train` before its first step.
    """
    data, copied = experiment.dataset, deepcopy(experiment.network)
    spec = with_metrics(experiment.training)
    with copied._engine.training():
        samples = copied._samples(data.x, data.y, data.sample_weight)
        validation = copied._validation_samples(measured_part(data))
        engine = Trainer(copied._engine.at(samples[0]), spec).engine
        check_watched(engine, spec, samples, validation)
        try_last_batch(engine, spec, samples)
