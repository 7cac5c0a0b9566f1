"""bpframe predict: what a saved run makes of new inputs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from bpframe.cli.output import AsJson, print_json, written_file
from bpframe.cli.predicted import FORMATS, TEXTS, as_lists, write_predictions, write_text

__all__ = ["predict"]

_Form = Literal["csv", "jsonl", "npy", "npz"]


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that a training left.", show_default=False)],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The inputs: a .npz, .npy, .csv or IDX file; or images, a .txt file, a series; - is standard input.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A .csv, .jsonl, .npy or .npz file for the predictions; they are printed if left out, or with -.",
        ),
    ] = None,
    form: Annotated[
        _Form | None,
        typer.Option("--format", help="What is written; by default as the file's name ends, or CSV."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict outputs and classes for the inputs in a file.

    Example: bpframe predict runs/digits-1 images.npy --output classes.csv
    """
    from bpframe.errors import DataError
    from bpframe.runs import open_run

    if output is not None and str(output) in ("-", "/dev/stdout"):
        output = None
    if output is not None:
        form = form or _form_of(output)
        _check_output(output, file)
    found = open_run(run).predict(file)
    if output is not None:
        with written_file(output, DataError) as target:
            write_predictions(found, target, form or "csv")
    if as_json:
        print_json(
            {
                "run": str(run),
                "examples": len(found),
                "output": None if output is None else str(output),
                **({} if output is not None else as_lists(found)),
            }
        )
    elif output is not None:
        print(f"{len(found):,} predictions are in {output}", file=sys.stderr)
    elif form is None or form in TEXTS:
        write_text(found, sys.stdout, form or "csv")
    else:
        sys.stdout.flush()
        write_predictions(found, sys.stdout.buffer, form)


def _form_of(output: Path) -> _Form:
    """Return what is written to a file. Errors: DataError (its name does not say)."""
    from bpframe.errors import DataError

    form = FORMATS.get(output.suffix.lower())
    if form is None:
        raise DataError(
            f"predictions cannot be written as {output}",
            expected="a name that ends in .csv, .jsonl, .npy or .npz; or --format",
            received=repr(output.name),
        )
    return cast(_Form, form)


def _check_output(output: Path, file: Path) -> None:
    from bpframe.errors import DataError

    if output.exists() and file.exists() and output.samefile(file):
        raise DataError(f"the predictions would replace the inputs in {file}", hint="another name for --output")
