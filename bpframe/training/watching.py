"""Which columns the history of a training will have, beside those that schedules and callbacks watch."""

from __future__ import annotations

from bpframe.categories.history_column import watched_columns
from bpframe.core.backprop.engine import Engine
from bpframe.errors import DataError, did_you_mean
from bpframe.training.history import EpochRecord
from bpframe.training.measuring import Measures
from bpframe.training.spec import TrainingSpec

__all__ = ["check_watched"]


def check_watched(engine: Engine, spec: TrainingSpec, validated: bool) -> None:
    """Refuse a training whose history will lack a column that a schedule or a callback watches.

    `validated` says whether there are validation data. What a method that drives itself reports is known only when it
    runs, so that of its columns only those are refused that every history can have.

    Errors: DataError.
    """
    prefix = "validation_" if validated else ""
    columns = ["cost", "epoch", "seconds", *(f"{prefix}{name}" for name in Measures(engine, spec.measured).metrics)]
    columns += ["validation_cost"] * validated + ["penalty"] * bool(engine.penalties)
    for component, column in watched_columns((spec.optimizer, spec.groups or {}, spec.callbacks)):
        if column in columns or (spec.minimizes and column not in EpochRecord.model_fields):
            continue
        needs_validation = not validated and column.startswith("validation_")
        raise DataError(
            f"{component.kind} watches '{column}', which the history of this training will not have",
            expected=f"one of {', '.join(columns)}",
            hint=f"fit(..., validation_data=(x, y)), or {type(component).__name__}(watch='cost')"
            if needs_validation
            else did_you_mean(column, columns),
        )
