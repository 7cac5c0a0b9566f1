"""bpframe predict: what a saved run makes of new inputs."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from bpframe.cli.output import AsJson, print_json, written_file

if TYPE_CHECKING:
    from bpframe.runs import Predictions

__all__ = ["predict"]


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that a training left.", show_default=False)],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The inputs: a .npz, .npy, .csv or IDX file; or images, a .txt file, a series.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A .csv, .npy or .npz file for the predictions; CSV is printed if left out."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict outputs and classes for the inputs in a file.

    Example: bpframe predict runs/digits-1 images.npy --output classes.csv
    """
    from bpframe.errors import DataError
    from bpframe.runs import open_run

    if output is not None:
        _check_output(output, file)
    found = open_run(run).predict(file)
    if output is not None:
        with written_file(output, DataError) as target:
            _write(found, target, output.suffix.lower())
    if as_json:
        print_json(
            {
                "run": str(run),
                "examples": len(found),
                "output": None if output is None else str(output),
                **({} if output is not None else _as_lists(found)),
            }
        )
    elif output is not None:
        print(f"{len(found):,} predictions are in {output}", file=sys.stderr)
    else:
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerows(_rows(found))


def _check_output(output: Path, file: Path) -> None:
    from bpframe.errors import DataError

    if output.suffix.lower() not in (".csv", ".npy", ".npz"):
        raise DataError(
            f"predictions cannot be written as {output}",
            expected="a name that ends in .csv, .npy or .npz",
            received=repr(output.name),
        )
    if output.exists() and file.exists() and output.samefile(file):
        raise DataError(f"the predictions would replace the inputs in {file}", hint="another name for --output")


def _as_lists(found: Predictions) -> dict[str, Any]:
    outputs = {name: array.tolist() for name, array in found.outputs.items()}
    return {
        **({} if found.files is None else {"files": list(found.files)}),
        "outputs": next(iter(outputs.values())) if len(outputs) == 1 else outputs,
        "labels": found.labels,
        "classes": None if found.classes is None else list(found.classes),
    }


def _write(found: Predictions, target: IO[bytes], suffix: str) -> None:
    import numpy as np

    from bpframe.errors import DataError

    if suffix == ".csv":
        text = io.TextIOWrapper(target, encoding="utf-8", newline="")
        csv.writer(text, lineterminator="\n").writerows(_rows(found))
        text.flush()
        text.detach()
        return
    arrays = found.outputs
    if suffix == ".npz":
        labels = {} if found.labels is None else {"labels": np.array(found.labels)}
        labels |= {} if found.files is None else {"files": np.array(found.files)}
        single = {"outputs": next(iter(arrays.values()))} if len(arrays) == 1 else arrays
        np.savez(target, **single, **labels)  # type: ignore[arg-type]
        return
    if len(arrays) > 1:
        raise DataError("an .npy file holds one array", received=", ".join(arrays), hint="--output predictions.npz")
    np.save(target, next(iter(arrays.values())), allow_pickle=False)


def _rows(found: Predictions) -> Iterator[list[Any]]:
    """Yield a header, then one row per example: its file, of images, its class, of classes, and every output."""
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
    told = {"file": found.files, "class": found.labels}
    before = {name: values for name, values in told.items() if values is not None}
    yield [*before, *names]
    for i in range(len(found)):
        # The shortest text that is read back as the same number; a float32's item() would show 17 digits.
        numbers = [str(value) for rows in flat for value in rows[i]]
        yield [*(values[i] for values in before.values()), *numbers]
