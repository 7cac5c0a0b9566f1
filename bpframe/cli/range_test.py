"""bpframe range-test: which learning rate suits a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bpframe.cli.output import AsJson, print_json

__all__ = ["range_test"]


def range_test(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="A .yaml, .json or .toml file.", show_default=False)],
    smallest: Annotated[float, typer.Option(help="The learning rate of the first step.")] = 1e-6,
    largest: Annotated[float, typer.Option(help="The learning rate of the last step.")] = 10.0,
    steps: Annotated[int, typer.Option(min=2, help="How many steps, at most.")] = 100,
    plot: Annotated[
        Path | None, typer.Option(help="A new picture of the costs over the rates: .svg, .png or .pdf.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed for weights and order of examples.")] = None,
    as_json: AsJson = False,
) -> None:
    """Suggest a learning rate for a spec: steps at rates that rise.

    Nothing is trained for good. The suggestion is the rate at which the smoothed cost fell fastest.

    Example: bpframe range-test digits.yaml --plot rates.svg
    """
    from bpframe.documents import read_spec
    from bpframe.errors import DataError
    from bpframe.runs import overridden, prepare_experiment
    from bpframe.training.figures import check_figure

    if plot is not None and plot.exists():
        raise DataError(f"{plot} is there already", expected="the name of a new file")
    if plot is not None:
        check_figure(plot)
    run = overridden(read_spec(spec), seed=seed)
    found = prepare_experiment(run, spec.expanduser().absolute().parent).range_test(smallest, largest, steps)
    if plot is not None:
        found.plot(plot)
    if as_json:
        print_json(
            {
                "suggestion": found.suggestion,
                "stopped": found.stopped,
                "rates": found.rates.tolist(),
                "costs": found.costs.tolist(),
                "smoothed": found.smoothed.tolist(),
            }
        )
        return
    ended = {"completed": f"up to {largest:g}", "diverged": "until the cost grew to four times its least"}
    count = len(found.rates)
    print(f"{count} step{'s' * (count != 1)}, {ended.get(found.stopped, 'until the cost was no number')}.")
    if found.suggestion is None:
        print("The cost did not fall, so that no learning rate follows: try other rates, or more steps.")
    else:
        print(f"Suggested learning rate: {found.suggestion:.2g}, where the smoothed cost fell fastest.")
