"""What happened in training, as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bpframe.errors import DataError
from bpframe.training.figures import new_figure, save_figure
from bpframe.training.history_table import history_html, history_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EpochRecord", "History", "Measured"]

# A file may hold millions of what is none: the first one is told of.
_Numbers: TypeAlias = Annotated[list[float], Field(fail_fast=True)]

#: What a metric measures: a number, one for each of several things, or a matrix of them.
Measured: TypeAlias = float | _Numbers | Annotated[list[_Numbers], Field(fail_fast=True)]


class EpochRecord(BaseModel):
    """One epoch: mean costs and metrics; `seconds` is the time that its steps and measurements took.

    `cost` is the mean over the epoch's steps, each taken before its update; `validation_cost` and the metrics are
    measured at the epoch's end. Both costs have the network's penalties; `penalty` is what these are at the epoch's
    end, and None in a network without.

    With an optimizer that minimises, an epoch is an iteration, `cost` is what the method reports, that of its end
    where it takes all examples at once, and `figures` holds what else it reports: a damping, a gain ratio. With another
    one `figures` holds what its fields with a schedule were at the epoch's last step: `column("learning_rate")`.

    The metric `accuracy` has fields of its own; the others are in `metrics` by name, `top_k` or `validation_top_k`:
    numbers, or lists of them, of a confusion matrix the rows.

    `error_norms` has, where the callback `error_norms` measured it after this epoch, the size of the error δ of every
    node at some examples, √(Σ_n ‖∂C_n/∂v‖² / N), and `gradient_norms`, where that was asked for, ‖∂C/∂p‖ of every
    parameter, by its path.
    """

    # JSON has no infinity, which a validation cost in float32 can reach; as a text it is read back.
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="strings")

    epoch: int
    cost: float
    seconds: float
    validation_cost: float | None = None
    accuracy: float | None = None
    validation_accuracy: float | None = None
    metrics: dict[str, Measured] = {}
    figures: dict[str, float] = {}
    penalty: float | None = None
    error_norms: dict[str, float] = {}
    gradient_norms: dict[str, float] = {}


class History(BaseModel):
    """A record per epoch, and how training ended.

    `stopped` is "completed", "interrupted" (Ctrl-C, or a hook raised KeyboardInterrupt), "not finite", "failed"
    (another error was raised), or the reason for which a method ended by itself, such as "gradient below 1e-07", or for
    which a hook ended it, with `raise StopIteration("good enough")`. Of what is saved during a training it is
    "unfinished". `steps` counts the changes of the parameters.
    `directions` keeps, by columns of metrics, whether larger is better, of metrics that say so.

    `model_dump_json()` writes it and `History.model_validate_json` reads it back, without loss.
    """

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="strings")

    epochs: Annotated[list[EpochRecord], Field(fail_fast=True)] = []
    stopped: str = "completed"
    steps: int = 0
    directions: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        return f"History({len(self)} epochs, {self.steps} steps, {self.stopped})"

    def __str__(self) -> str:
        """Return a table of at most ten epochs: the first, the last, the best, and some evenly between."""
        return history_text(self.epochs, self.steps, self.stopped)

    def _repr_html_(self) -> str:
        return history_html(self.epochs, self.steps, self.stopped)

    def follow(self, past: History | None, now: History) -> None:
        """Bring this history, which began as the `past` one, up to the one of a training; epochs count on.

        The last epoch is taken again, since callbacks write into its record.
        """
        if past is None:
            return  # it is the training's own
        count = len(past)
        known = max(0, len(self) - count - 1)
        self.epochs[count + known :] = [
            record.model_copy(update={"epoch": count + record.epoch}) for record in now.epochs[known:]
        ]
        self.steps, self.stopped = past.steps + now.steps, now.stopped
        self.directions = {**past.directions, **now.directions}

    def larger_is_better(self, column: str) -> bool:
        """Return whether larger numbers of a column are better: of costs they are not, of metrics as these say.

        Errors: DataError where nothing says so.
        """
        if column in ("cost", "validation_cost", "penalty", "seconds"):
            return False
        if column not in self.directions:
            raise DataError(
                f"nothing says whether a larger '{column}' is better",
                expected="`larger`, True or False, of what watches it",
                hint="a metric of your own says it once: larger_is_better: ClassVar[bool] = True",
            )
        return self.directions[column]

    def column(self, name: str) -> list[Any]:
        """Return one quantity over the epochs that have it: `history.column("cost")`, `history.column("damping")`.

        Of a metric with several numbers they are lists: `np.array(history.column("confusion_matrix"))` has an axis of
        epochs before theirs.
        """
        inner = ("figures", "metrics", "error_norms", "gradient_norms")
        fields = [field for field in EpochRecord.model_fields if field not in inner]
        if name in fields:
            return [value for record in self.epochs if (value := getattr(record, name)) is not None]
        others = [{**record.figures, **record.metrics} for record in self.epochs]
        known = dict.fromkeys(each for record in others for each in record)
        if name not in known:
            raise KeyError(f"a history has no '{name}'; there are {', '.join([*fields, *known])}")
        return [record[name] for record in others if name in record]

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw costs and metrics over the epochs; write the picture to `path` where one is given.

        Of a metric with a number for each of several things every one is a line; of a matrix the last epoch's is drawn.

        Raises
        ------
        MissingExtra
            Without matplotlib, which the extra `plot` installs.
        DataError
            The picture cannot be written: the ending of its name says of no kind of picture, or the system refuses.

        """
        metrics = dict.fromkeys(name for record in self.epochs for name in record.metrics)
        matrices = {name: last for name in metrics if np.ndim(last := self.column(name)[-1]) == 2}
        figure = new_figure(6.4, 6.4 + 4.0 * len(matrices))
        upper, lower, *others = figure.subplots(2 + len(matrices))
        upper.sharex(lower)
        for axes, (name, matrix) in zip(others, matrices.items(), strict=True):
            figure.colorbar(axes.imshow(matrix, aspect="auto"), ax=axes)
            axes.set_title(f"{name.replace('_', ' ')}, last epoch")
        lower_names = ("accuracy", "validation_accuracy", *metrics)
        for axes, names in ((upper, ("cost", "validation_cost")), (lower, lower_names)):
            for name in names:
                points = [
                    (record.epoch, value) for record in self.epochs if (value := _value_of(record, name)) is not None
                ]
                if points and name not in matrices:
                    epochs, values = zip(*points, strict=True)
                    words = name.replace("_", " ")
                    several = [f"{words} {k}" for k in range(len(values[0]))] if np.ndim(values[0]) else words
                    axes.plot(epochs, values, marker=".", label=several)
            if axes.lines:
                axes.legend()
            axes.grid(alpha=0.3)
        upper.set_ylabel("mean cost")
        lower.set_ylabel("metrics" if metrics else "accuracy")
        lower.set_xlabel("epoch")
        if path is not None:
            save_figure(figure, path)
        return figure


def _value_of(record: EpochRecord, name: str) -> Any:
    value = record.metrics[name] if name in record.metrics else getattr(record, name, None)
    return value
