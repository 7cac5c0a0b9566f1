"""A trained run as one HTML file beside its weights."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from bpframe._version import __version__
from bpframe.checkpoint.run_reading import recorded_environment
from bpframe.errors import DataError
from bpframe.machine.opening import text_of
from bpframe.machine.whole_file import whole_file
from bpframe.reports.web import base_style, escaped, filled
from bpframe.runs.evaluation import Evaluation
from bpframe.runs.experiment import Experiment
from bpframe.runs.report.curves import charts
from bpframe.runs.report.errors import error_section
from bpframe.runs.report.outcome import outcome

__all__ = ["REPORT", "write_report"]

#: The file's name in a run's folder.
REPORT = "report.html"


def write_report(experiment: Experiment, folder: Path, measured: Evaluation | None, seconds: float) -> Path:
    """Write `report.html` into the folder of a run, or one that a trained experiment was saved in.

    `measured` is what `experiment.evaluate()` returns, None where the training failed; `seconds` is how long it took.

    Errors: DataError where the file cannot be written.
    """
    target = folder / REPORT
    try:
        spec = text_of(folder / "spec.yaml", DataError)
        versions = recorded_environment(folder) or json.loads(text_of(folder / "versions.json", DataError))
        with whole_file(target) as file:
            file.write(
                _page(experiment, folder.name, spec, versions, measured, seconds).encode("utf-8", "backslashreplace")
            )
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror or error}") from None
    return target


def _page(
    experiment: Experiment, name: str, spec: str, versions: dict[str, Any], measured: Evaluation | None, seconds: float
) -> str:
    packaged = files("bpframe.runs.report")
    history = experiment.history
    count = len(history or ())
    unit = "iteration" if experiment.training.minimizes else "epoch"
    told = [f"{count:,} {unit}{'s' * (count != 1)}"]
    if history is not None:
        told += [f"{history.steps:,} steps", history.stopped]
    told.append(f"{seconds:.1f} s")
    told.append(f"{len(experiment.network.parameters.vector):,} parameters")
    found = "" if measured is None else outcome(experiment)
    ended = "The training met numbers that are not finite. The parameters are the last finite ones."
    return filled(
        packaged.joinpath("run.html").read_text("utf-8"),
        style=base_style() + packaged.joinpath("run.css").read_text("utf-8"),
        title=escaped(f"The run {name}"),
        result=_lines(ended if measured is None else f"{experiment.part.capitalize()} part: {measured}"),
        about=escaped(", ".join(told) + "."),
        charts="" if history is None else charts(history),
        errors=error_section(experiment),
        outcome=f"<section><h2>Where it is wrong</h2>{found}</section>" if found else "",
        network=_lines(str(experiment.network.summary())),
        spec=_lines(spec),
        versions="".join(
            f'<tr><th scope="row">{escaped(key)}</th><td>{escaped(versions[key])}</td></tr>'
            for key in ("bpframe", "numpy", "python", "platform")
            if isinstance(versions.get(key), str)
        ),
        version=escaped(__version__),
    )


def _lines(text: str) -> str:
    """Return text of several lines, which stay lines."""
    return "\n".join(map(escaped, text.split("\n")))
