"""bpframe explain: one example through a network with every number shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bpframe.cli.output import written_file

if TYPE_CHECKING:
    from bpframe.core.graph.graph import Shape

__all__ = ["explain"]

GIVEN = "Numbers with commas; NAME=NUMBERS, repeated, where there are several."


def explain(
    place: Annotated[
        Path, typer.Argument(metavar="SPEC|RUN", help="A spec's file, or the folder of a run.", show_default=False)
    ],
    inputs: Annotated[list[str] | None, typer.Option("--input", metavar="NUMBERS", help=GIVEN)] = None,
    targets: Annotated[list[str] | None, typer.Option("--target", metavar="NUMBERS", help=GIVEN)] = None,
    example: Annotated[
        int | None, typer.Option(min=0, help="An example of the data in their place, by its number from 0 on.")
    ] = None,
    neuron: Annotated[
        str | None, typer.Option(metavar="LAYER:NUMBER", help="The neuron to write out; the first one if left out.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(metavar="NAME", help="The weight whose paths are followed, such as w^2_11.")
    ] = None,
    learning_rate: Annotated[float, typer.Option(help="That of the step, eq. (1).")] = 0.01,
    view: Annotated[
        Literal["text", "latex", "html", "json"], typer.Option("--format", help="What is written.")
    ] = "text",
    watch: Annotated[
        bool, typer.Option("--watch", help="Train the spec, and show after every epoch how errors flow back.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file for it; printed if left out.")] = None,
) -> None:
    """Show every number of one example, forward and back.

    Example: bpframe explain spec.yaml --input 1,2 --target 0.5
    """
    if watch:
        if any(each is not None for each in (inputs, targets, example, output)):
            raise typer.BadParameter("a training is watched on its own data", param_hint="'--watch'")
        _watch(place)
        return
    from bpframe.errors import DataError
    from bpframe.explanation import view_of
    from bpframe.runs import network_at, numbered_example

    if (example is None) == (inputs is None):
        raise typer.BadParameter("give --input, or --example, and not both", param_hint="'--input'")
    x: Any
    y: Any
    if example is None:
        network = network_at(place)
        graph = network.graph
        x = _arrays(inputs, graph.inputs, "input")
        y = _arrays(targets, graph.target_shapes, "target")
    else:
        if targets is not None:
            raise typer.BadParameter("an example of the data has its own target", param_hint="'--target'")
        network, x, y = numbered_example(place, example)
    found = view_of(network.explain(x, y, neuron=neuron, weight=weight, learning_rate=learning_rate), view)
    if output is None:
        sys.stdout.write(found)
        return
    with written_file(output, DataError) as file:
        file.write(found.encode("utf-8", "backslashreplace"))
    print(f"The explanation is in {output}", file=sys.stderr)


def _watch(spec: Path) -> None:
    """Train what a spec says, with the flow of errors at its first examples printed after every epoch; save nothing."""
    from bpframe.documents import read_spec
    from bpframe.runs import watch_training

    watch_training(read_spec(spec), spec.expanduser().absolute().parent)


def _arrays(given: list[str] | None, shapes: dict[str, Shape] | Any, what: str) -> Any:
    """Return what was given as arrays by name, or as the only one."""
    from bpframe.errors import DataError

    if given is None:
        return None
    found: dict[str, Any] = {}
    for text in given:
        name, sign, numbers = text.partition("=")
        if not sign:
            name, numbers = next(iter(shapes), ""), text
        if name not in shapes or (not sign and len(shapes) > 1) or name in found:
            raise DataError(
                f"--{what} does not say once for each {what} what it is",
                expected=" ".join(f"--{what} {each}=1,2" for each in shapes) or f"no {what}",
                received=text,
            )
        found[name] = _array(numbers, shapes[name], f"--{what} {text}")
    return found


def _array(text: str, shape: Shape, where: str) -> Any:
    """Return numbers in an input's shape, or the words of a class as they are."""
    import numpy as np

    from bpframe.errors import DataError

    words = [word.strip() for word in text.split(",")]
    try:
        numbers = np.array([float(word) for word in words])
    except ValueError:
        if len(words) == 1 and where.startswith("--target"):
            return words  # the name of a class, which a preparation knows
        raise DataError(f"{where} holds no numbers", expected="numbers with commas between them") from None
    if None in shape:
        rest = int(np.prod([length for length in shape if length is not None]))
        whole = shape.count(None) == 1 and rest and numbers.size % rest == 0
        return numbers.reshape([-1 if each is None else each for each in shape])[None] if whole else numbers[None]
    return numbers.reshape((1, *shape)) if numbers.size == int(np.prod(shape)) else numbers[None]
