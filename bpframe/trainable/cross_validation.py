"""k-fold cross-validation: each part of the examples is held back once, and trained without."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.data import Dataset
from bpframe.data.frames import names_of
from bpframe.data.labels import as_labels, find_classes
from bpframe.data.labels import class_numbers as numbers_of
from bpframe.data.place import Place
from bpframe.data.split import fold_rows
from bpframe.differentiable import Arrays
from bpframe.errors import DataError
from bpframe.trainable.fitting import Trainable
from bpframe.trainable.rows import count_given, rows_of
from bpframe.training.history import History
from bpframe.validation.one_hot import is_one_hot
from bpframe.validation.plain_arrays import Array

__all__ = ["CrossValidation", "cross_validate"]


@dataclass(frozen=True)
class CrossValidation:
    """What a network reached on each fold, which it was not trained on.

    `measured` has a number for each fold, (k,), by the name of the history's column, such as `validation_cost`;
    `held_back` the rows of each fold, and `histories` its training.
    """

    measured: dict[str, Array]
    held_back: tuple[Array, ...]
    histories: tuple[History, ...]

    @property
    def mean(self) -> dict[str, float]:
        """The mean over folds."""
        return {name: float(values.mean()) for name, values in self.measured.items()}

    @property
    def spread(self) -> dict[str, float]:
        """The standard deviation over folds, sqrt(Σ (v - mean)² / (k - 1))."""
        return {name: float(values.std(ddof=1)) for name, values in self.measured.items()}

    def __str__(self) -> str:
        mean, spread = self.mean, self.spread
        width = max(map(len, mean), default=0)
        lines = [f"{name:<{width}}  {mean[name]:.4g} ± {spread[name]:.2g}" for name in mean]
        return "\n".join([f"{len(self.histories)} folds", *lines])


def cross_validate(
    network: Trainable,
    x: Arrays | Dataset,
    y: Arrays | None = None,
    *,
    folds: int = 5,
    stratify: bool = False,
    group: Any = None,
    split_seed: int = 0,
    sample_weight: Arrays | None = None,
    **training: Any,
) -> CrossValidation:
    """Train a copy of a network without each fold in turn, and measure it on that fold; the network stays as it is.

    Every copy begins with the network's parameters, so that one that was trained on these examples knows them. x may be
    a `Dataset`, of which the training part is cut into folds; its preparation has seen all of that part. `training` are
    arguments of `fit`: `optimizer`, `epochs`, `metrics` and so on; without `shuffle` folds are runs of examples in
    order. With `stratify` every fold has the same share of each class; with `group` (N,) the examples of one group stay
    in one fold. Equal `split_seed`s give equal folds. What is returned is measured after each training's last epoch.

    Errors: DataError (fewer examples, examples of a class, or groups than folds; targets that are no classes), and
    those of `fit`.
    """
    for name in ("validation_data", "validation_split"):
        if name in training:
            raise DataError("every fold is measured on the examples that it holds back", expected=f"no {name}")
    if stratify and group is not None:
        raise DataError("folds are stratified or of whole groups", expected="stratify or group, not both")
    data = x if isinstance(x, Dataset) else None
    if data is not None:
        if y is not None or sample_weight is not None:
            raise DataError("a Dataset holds its targets and weights itself", hint="bpframe.cross_validate(net, data)")
        x, y, sample_weight = data.parts["training"]
    elif y is None:
        raise DataError("there are no targets", expected="cross_validate(net, x, y), or a Dataset in the place of both")
    count = count_given(x, y, sample_weight)
    groups = None if group is None else np.asarray(group)
    if groups is not None and groups.shape != (count,):
        raise DataError("there is not one group per example", expected=f"({count},)", received=str(groups.shape))
    rows = fold_rows(
        count,
        folds,
        seed=split_seed,
        shuffle=bool(training.get("shuffle", True)),
        strata=_classes(y) if stratify else None,
        groups=groups,
    )
    histories = []
    for kept, held_back in rows:
        copied = deepcopy(network)
        part, measured = (
            [None if each is None else rows_of(each, some) for each in (x, y, sample_weight)]
            for some in (kept, held_back)
        )
        if data is not None:
            fold = Dataset.of(data.preparation, tuple(part), tuple(measured), None)  # type: ignore[arg-type]
            histories.append(copied.fit(fold, **training))
            continue
        examples: Any = part  # of any kind that fit takes
        measuring: Any = tuple(measured)
        histories.append(
            copied.fit(examples[0], examples[1], sample_weight=examples[2], validation_data=measuring, **training)
        )
    return CrossValidation(_measured(histories), tuple(held for _, held in rows), tuple(histories))


def _classes(y: Any) -> Array:
    """Return the number of every example's class. Errors: DataError (no classes)."""
    given: Array = np.asarray(y)
    if names_of(y) is not None or given.ndim not in (1, 2):
        raise DataError("stratify takes one label for each example", received=f"shape {given.shape}")
    if given.ndim == 2 and given.shape[1] > 1:
        if not is_one_hot(given):
            raise DataError("stratify takes classes", expected="labels (N,), or one-hot rows (N, K)")
        return np.asarray(given.argmax(axis=1))
    place = Place("y")
    if given.dtype == object and all(isinstance(each, str) for each in given.flat):
        given = given.astype(str)  # a column of texts of pandas
    labels = as_labels(given.reshape(-1), place)
    return numbers_of(labels, find_classes([labels], [place]), place)


def _measured(histories: list[History]) -> dict[str, Array]:
    """Return what every training measured after its last epoch on what it was not shown."""
    found: dict[str, list[float]] = {}
    for history in histories:
        record = history.epochs[-1]
        values = {"validation_cost": record.validation_cost, "validation_accuracy": record.validation_accuracy}
        values |= {name: each for name, each in record.metrics.items() if isinstance(each, float)}
        for name, value in values.items():
            if value is not None:
                found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}
