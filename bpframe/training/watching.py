"""Which columns the history of a training will have, beside those that schedules and callbacks watch."""

from __future__ import annotations

import numpy as np

from bpframe.categories.history_column import watched_columns
from bpframe.core.backprop.engine import Engine
from bpframe.errors import BpframeError, DataError, did_you_mean
from bpframe.training.batches import Samples
from bpframe.training.history import EpochRecord, History
from bpframe.training.measuring import Measures
from bpframe.training.spec import TrainingSpec

__all__ = ["check_watched"]


def check_watched(engine: Engine, spec: TrainingSpec, data: Samples, validation: Samples | None) -> None:
    """Refuse a training whose history will lack a column that a schedule or a callback watches.

    What a method that drives itself reports is known only when it runs, so that of its columns only those are refused
    that every history can have. A column of several numbers is refused too, and one of which nothing says which numbers
    are better, where what watches it asks.

    Errors: DataError.
    """
    validated, measures = validation is not None, Measures(engine, spec.measured)
    prefix = "validation_" if validated else ""
    columns = ["cost", "epoch", "seconds", *(f"{prefix}{name}" for name in measures.metrics)]
    history = History(directions=measures.directions(prefix))
    columns += ["validation_cost"] * validated + ["penalty"] * bool(engine.penalties)
    watched = [
        (component.kind, column, asks, f"{type(component).__name__}(watch='cost')")
        for component, column, asks in watched_columns((spec.optimizer, spec.groups or {}, spec.callbacks))
    ]
    watched += [("keep_best", spec.keep_best, True, "keep_best='cost'")] if spec.keep_best is not None else []
    for who, column, asks, instead in watched:
        if column in columns or (spec.minimizes and column not in EpochRecord.model_fields):
            _check_number(who, column, prefix, measures, data if validation is None else validation)
            if asks:
                history.larger_is_better(column)
            continue
        needs_validation = not validated and column.startswith("validation_")
        raise DataError(
            f"{who} watches '{column}', which the history of this training will not have",
            expected=f"one of {', '.join(columns)}",
            hint=f"fit(..., validation_data=(x, y)), or {instead}"
            if needs_validation
            else did_you_mean(column, columns),
        )


def _check_number(who: str, column: str, prefix: str, measures: Measures, samples: Samples) -> None:
    name = column.removeprefix(prefix)
    if name not in measures.metrics:
        return
    try:
        found = measures.of_one(samples)[name]
    except BpframeError:
        return  # of a metric that needs several examples
    if np.ndim(found):
        raise DataError(
            f"{who} watches '{column}', which is several numbers",
            expected="a column of numbers",
            received=f"an array of shape {np.shape(found)}",
        )
