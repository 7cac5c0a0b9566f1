"""bpframe demo: the tutorial's network on real digits, from a spec file that comes with the package."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bpframe.cli.output import AsJson, print_json, print_table

if TYPE_CHECKING:
    from bpframe.plugins import Registry
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
  bpframe plugins                     every component that a file can name"""


def demo(
    epochs: Annotated[int, typer.Option(min=1, help="How often every example is seen.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first weights and of the order of examples.")] = 0,
    as_json: AsJson = False,
    spec: Annotated[bool, typer.Option("--spec", help="Print the spec file of the demo, and train nothing.")] = False,
) -> None:
    """Train on handwritten digits, and check the gradient.

    Example: bpframe demo --epochs 10
    """
    if spec:
        print(_SPEC.read_text(encoding="utf-8"), end="")
        return
    from bpframe.documents import parse_spec
    from bpframe.runs import overridden, prepare_experiment

    started = time.perf_counter()
    registry = _shipped()
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
                "versions": _versions(registry),
            }
        )
    else:
        _tell(found, len(history), trained - training, check)
    if history.stopped == "interrupted":
        raise KeyboardInterrupt


def _shipped() -> Registry:
    """Return a registry of the demo's own sets alone, so that no other set's `dense` can stand in its way."""
    from bpframe.errors import RegistryError
    from bpframe.plugins import Registry, default_registry

    sets = tuple(each for each in default_registry().sets if each.provider.set in _SETS)
    for name in _SETS:
        found = [each for each in sets if each.provider.set == name]
        if not any(each.status == "ok" for each in found):
            raise RegistryError(
                f"the demo needs the plugin set '{name}', which is not loaded",
                received="; ".join(f"{each.status}: {each.reason}" for each in found) or "not installed",
                hint=f"leave BPFRAME_PLUGINS unset, or name {name} in it; bpframe plugins lists what there is",
            )
    return Registry(sets)


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


def _versions(registry: Registry) -> dict[str, str | None]:
    import platform

    import numpy as np

    from bpframe._version import __version__

    plugins = {f"plugin {each.provider.set}": each.provider.version for each in registry.sets}
    return {"bpframe": __version__, "numpy": np.__version__, "python": platform.python_version(), **plugins}
