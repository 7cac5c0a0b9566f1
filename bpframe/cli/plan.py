"""bpframe train --dry-run: what would be trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bpframe.cli.output import print_json

if TYPE_CHECKING:
    from bpframe.runs import Experiment

__all__ = ["tell_plan"]


def tell_plan(experiment: Experiment, names: Sequence[str], as_json: bool) -> None:
    """Print a network, its data and the trainings of this name, once everything that a training checks is checked."""
    from bpframe.runs.dry_run import check_experiment

    check_experiment(experiment)
    dataset, training = experiment.dataset, experiment.training
    count = len(dataset.x)
    size = min(training.examples_per_step(count), count)
    steps = -(-count // size)
    found: dict[str, Any] = {
        "parameters": int(experiment.network.parameters.vector.size),
        "optimizer": repr(training.optimizer),
        "epochs": training.epochs,
        "batch_size": size,
        "steps_per_epoch": steps,
        "training_examples": count,
        "validation_examples": 0 if dataset.x_validation is None else len(dataset.x_validation),
        "test_examples": 0 if dataset.x_test is None else len(dataset.x_test),
        "runs": list(names),
    }
    if as_json:
        print_json(found)
        return
    print(experiment.network.summary())
    kept = f", {found['validation_examples']:,} for validation" if found["validation_examples"] else ""
    held = f"{kept}, {found['test_examples']:,} held back" if found["test_examples"] else kept
    unit = "iteration" if training.minimizes else "epoch"
    print(f"\n{found['optimizer']}, on {count:,} examples{held}:")
    print(f"{training.epochs:,} {unit}s at most, {steps:,} step{'s' * (steps != 1)} of {size:,} examples each.")
    if names:
        print(f"{len(names)} trainings: " + ", ".join(names[:20]) + ", ..." * (len(names) > 20))
    print("Nothing was trained.")
