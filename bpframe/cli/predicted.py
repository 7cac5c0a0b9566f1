"""Predictions as CSV, as JSON lines, and as arrays of NumPy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from bpframe.cli.output import json_line

if TYPE_CHECKING:
    from bpframe.runs import Predictions

__all__ = ["FORMATS", "TEXTS", "as_lists", "write_predictions", "write_text"]

#: What predictions are written as, by the ending of a file's name.
FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".npy": "npy", ".npz": "npz"}

#: Those that are text.
TEXTS = ("csv", "jsonl")


def write_predictions(found: Predictions, target: IO[bytes], form: str) -> None:
    """Write predictions to a binary stream, in a form of `FORMATS`. Errors: DataError (.npy, of several outputs)."""
    import numpy as np

    from bpframe.errors import DataError

    if form in TEXTS:
        text = io.TextIOWrapper(target, encoding="utf-8", newline="")
        write_text(found, text, form)
        text.flush()
        text.detach()
        return
    arrays = found.outputs
    if form == "npz":
        more = {"labels": found.labels, "files": found.files, "classes": found.classes}
        told = {name: np.array(values) for name, values in more.items() if values is not None}
        told |= {} if found.probabilities is None else {"probabilities": found.probabilities}
        single = {"outputs": next(iter(arrays.values()))} if len(arrays) == 1 else arrays
        np.savez(target, **single, **told)  # type: ignore[arg-type]
        return
    if len(arrays) > 1:
        raise DataError("an .npy file holds one array", received=", ".join(arrays), hint="--output predictions.npz")
    np.save(target, next(iter(arrays.values())), allow_pickle=False)


def write_text(found: Predictions, target: IO[str], form: str) -> None:
    """Write predictions to a stream of text, as CSV or as JSON lines."""
    if form == "csv":
        csv.writer(target, lineterminator="\n").writerows(_rows(found))
    else:
        target.writelines(json_line(each) + "\n" for each in _objects(found))


def as_lists(found: Predictions) -> dict[str, Any]:
    """Return predictions as plain data."""
    outputs = {name: array.tolist() for name, array in found.outputs.items()}
    return {
        **({} if found.files is None else {"files": list(found.files)}),
        "outputs": next(iter(outputs.values())) if len(outputs) == 1 else outputs,
        "labels": found.labels,
        "classes": None if found.classes is None else list(found.classes),
        **({} if found.probabilities is None else {"probabilities": found.probabilities.tolist()}),
    }


def _rows(found: Predictions) -> Iterator[list[Any]]:
    """Yield a header, then one row per example.

    It has its file, of images, its class and the probability of each, where there are classes, and every output.
    """
    import numpy as np

    flat = [array.reshape(len(array), -1) for array in found.outputs.values()]
    if found.classes is not None and flat[0].shape[1] == len(found.classes):
        names = [f"output {each}" for each in found.classes]
    else:
        names = [
            "_".join([name, *map(str, index)])
            for name, array in found.outputs.items()
            for index in np.ndindex(array.shape[1:])
        ]
    if found.probabilities is not None:
        names = [*(f"probability {each}" for each in found.classes or ()), *names]
        flat = [found.probabilities, *flat]
    told = {"file": found.files, "class": found.labels}
    before = {name: values for name, values in told.items() if values is not None}
    yield [*before, *names]
    for i in range(len(found)):
        # The shortest text that is read back as the same number; a float32's item() would show 17 digits.
        numbers = [str(value) for rows in flat for value in rows[i]]
        yield [*(values[i] for values in before.values()), *numbers]


def _objects(found: Predictions) -> Iterator[dict[str, Any]]:
    """Yield an object for each example."""
    for i in range(len(found)):
        outputs = {name: _shortest(array[i]) for name, array in found.outputs.items()}
        row: dict[str, Any] = {} if found.files is None else {"file": found.files[i]}
        row |= {} if found.labels is None else {"class": found.labels[i]}
        if found.probabilities is not None:
            row["probabilities"] = dict(
                zip(map(str, found.classes or ()), _shortest(found.probabilities[i]), strict=True)
            )
        yield row | {"outputs": next(iter(outputs.values())) if len(outputs) == 1 else outputs}


def _shortest(array: Any) -> Any:
    """Return an array as lists of the shortest numbers that are read back as the same."""
    if array.ndim == 0:
        return float(str(array))
    return [_shortest(each) for each in array] if array.ndim > 1 else [float(str(each)) for each in array]
