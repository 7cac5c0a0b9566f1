"""The examples that come with the package, on the command line: listed, and run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpframe.cli.output import print_json, print_table

if TYPE_CHECKING:
    from bpframe.plugins import Registry

__all__ = ["list_examples", "run_example", "shipped", "versions"]

#: What examples are made of.
_SETS = (
    "reference", "activations", "classification", "convolution", "merges", "metrics", "minimizers", "optimizers",
    "regularisation", "sequence",
)  # fmt: skip


def list_examples(as_json: bool) -> None:
    """Show every example with the first line of its story."""
    from bpframe.examples import examples
    from bpframe.reports.tables import table_of

    found = examples().values()
    if as_json:
        print_json([{"name": each.name, "title": each.title} for each in found])
        return
    print_table(table_of(("example", "what it does"), ((each.name, each.title) for each in found), text_columns=2))
    print("bpframe demo NAME runs one, bpframe demo NAME --spec prints its file.")


def run_example(name: str, epochs: int | None, seed: int, as_json: bool, spec_only: bool, figure: Path | None) -> None:
    """Run one example, tell what it reached, and draw its figure into a file where one is named."""
    from bpframe.documents import parse_spec
    from bpframe.examples import example_named
    from bpframe.runs import overridden
    from bpframe.training.figures import check_figure, save_figure

    example = example_named(name)
    if spec_only:
        print(example.spec.read_text(encoding="utf-8"), end="")
        return
    if figure is not None:
        check_figure(figure)  # before minutes of training
    started = time.perf_counter()
    registry = shipped(_SETS)
    spec = overridden(parse_spec(example.spec.read_text(encoding="utf-8"), registry), seed=seed, epochs=epochs)
    if not as_json:
        print(example.story, end="\n\n")
    reached, draw = example.run(spec, None if as_json else True)
    if figure is not None:
        save_figure(draw(), figure)
    seconds = round(time.perf_counter() - started, 3)
    if as_json:
        told: dict[str, Any] = {
            "example": name,
            "seed": seed,
            "epochs": None if spec.training is None else spec.training.epochs,
        }
        print_json({**told, "reached": dict(reached), "seconds": seconds, "versions": versions(registry)})
        return
    print(f"After {seconds:.1f} s, on what it has not seen:")
    width = max(map(len, reached))
    for what, number in reached.items():
        print(f"  {what:<{width}}  {number:.4g}")
    print(f"\nIts files: {example.folder}")
    if figure is None:
        print(f"  bpframe demo {name} --figure {name}.svg   draw what it learned")
    else:
        print(f"Its figure: {figure}")


def shipped(names: tuple[str, ...]) -> Registry:
    """Return a registry of these shipped sets alone, so that no other set's `dense` can stand in their way."""
    from bpframe.errors import RegistryError
    from bpframe.plugins import Registry, default_registry

    sets = tuple(each for each in default_registry().sets if each.provider.set in names)
    for name in names:
        found = [each for each in sets if each.provider.set == name]
        if not any(each.status == "ok" for each in found):
            raise RegistryError(
                f"the demo needs the plugin set '{name}', which is not loaded",
                received="; ".join(f"{each.status}: {each.reason}" for each in found) or "not installed",
                hint=f"leave BPFRAME_PLUGINS unset, or name {name} in it; bpframe plugins lists what there is",
            )
    return Registry(sets)


def versions(registry: Registry) -> dict[str, str | None]:
    """Return the versions of what computes: bpframe, NumPy, Python and the plugin sets."""
    import platform

    import numpy as np

    from bpframe._version import __version__

    plugins = {f"plugin {each.provider.set}": each.provider.version for each in registry.sets}
    return {"bpframe": __version__, "numpy": np.__version__, "python": platform.python_version(), **plugins}
