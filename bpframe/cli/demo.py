"""bpframe demo: the tutorial's network on real digits, or one of the examples, from files of the package."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bpframe.cli.output import AsJson, print_json, print_table
from bpframe.cli.shipped_examples import list_examples, run_example, shipped, versions

if TYPE_CHECKING:
    from bpframe.runs import Evaluation
    from bpframe.verification.gradient_check import GradientCheck

__all__ = ["demo"]

_SPEC = Path(__file__).with_name("demo.yaml")
_SETS = ("reference", "metrics")

#: How many examples the gradient is checked on, and how many entries of each parameter.
_EXAMPLES, _ENTRIES = 10, 5

_STORY = """\
Two dense layers with sigmoids learn to tell handwritten digits apart, by gradient descent (eq. 1) on the quadratic
cost (eq. 4). The gradients come from back-propagation, BP1 to BP4, with the Jacobian that each layer declares."""

_NEXT = """\
What to try next
  bpframe demo --spec > digits.yaml   this network as a file: change the layers, the learning rate, the epochs
  bpframe train digits.yaml           train it, and keep the result in a folder
  bpframe demo --list                 more examples, such as bpframe demo autoencoder
  bpframe plugins                     every component that a file can name"""


def demo(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="An example of --list; the tutorial's network if left out.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="How often every example is seen; as the spec says if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first weights and of the order of examples.")] = 0,
    as_json: AsJson = False,
    spec: Annotated[bool, typer.Option("--spec", help="Print the spec file of the demo, and train nothing.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the examples, and train nothing.")] = False,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the figure of an example into this .svg, .png or .pdf file.")
    ] = None,
) -> None:
    """Train on digits and check the gradient, or run an example.

    Example: bpframe demo --epochs 10
    """
    if listed:
        list_examples(as_json)
        return
    if name is not None:
        run_example(name, epochs, seed, as_json, spec, figure)
        return
    if figure is not None:
        raise typer.BadParameter("draws an example: name one of bpframe demo --list", param_hint="--figure")
    if spec:
        print(_SPEC.read_text(encoding="utf-8"), end="")
        return
    from bpframe.documents import parse_spec
    from bpframe.runs import overridden, prepare_experiment

    started = time.perf_counter()
    registry = shipped(_SETS)
    run = overridden(parse_spec(_SPEC.read_text(encoding="utf-8"), registry), seed=seed, epochs=epochs)
    experiment = prepare_experiment(run)
    if not as_json:
        print(_STORY)
        print_table(experiment.network.summary().table())
    training = time.perf_counter()
    history = experiment.train(progress=None if as_json else True)
    trained = time.perf_counter()
    found = experiment.evaluate()
    data = experiment.dataset
    check = experiment.network.check_gradients(
        data.x[:_EXAMPLES], data.y[:_EXAMPLES], per_parameter=_ENTRIES
    ).raise_if_failed()
    ended = time.perf_counter()
    if as_json:
        print_json(
            {
                "test_accuracy": found.accuracy,
                "cost": found.cost,
                "seconds": round(ended - started, 3),
                "training_seconds": round(trained - training, 3),
                "gradient_max_relative_error": check.max_relative_error,
                "gradient_entries": len(check.entries),
                "epochs": len(history),
                "stopped": history.stopped,
                "parameters": experiment.network.parameters.vector.size,
                "test_examples": found.examples,
                "seed": seed,
                "dtype": str(experiment.network.dtype),
                "versions": versions(registry),
            }
        )
    else:
        _tell(found, len(history), trained - training, check)
    if history.stopped == "interrupted":
        raise KeyboardInterrupt


def _tell(found: Evaluation, epochs: int, seconds: float, check: GradientCheck) -> None:
    print(f"Trained for {epochs} epoch{'s' * (epochs != 1)} in {seconds:.1f} s.")
    print(f"On {found.examples} digits that it has not seen: accuracy {found.accuracy:.4f}, cost {found.cost:.4f}.")
    print()
    print(f"dC/dw and dC/db of {_EXAMPLES} digits, in float64, beside derivatives by the {check.method}:")
    print_table(_entries(check))
    print(f"Largest relative error of {len(check.entries)} derivatives: {check.max_relative_error:.1e}")
    print()
    print(_NEXT)


def _entries(check: GradientCheck) -> Any:
    from bpframe.reports.tables import table_of

    headings = ("entry", "back-propagation", check.method, "relative error")
    first = (path.entries[0] for path in check.parameters.values())  # one of each parameter is enough to look at
    return table_of(
        headings,
        (
            (
                f"{each.name}{each.place}",
                f"{each.back_propagation:+.10e}",
                f"{each.measured:+.10e}",
                f"{each.relative_error:.1e}",
            )
            for each in first
        ),
    )
