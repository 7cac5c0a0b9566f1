"""bpframe new: a plugin package to begin with."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["new"]


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The package's name, such as soft-clip.")],
    kind: Annotated[
        str, typer.Option("--kind", "-k", metavar="KIND", help="What it begins with: activation, layer, block or cost.")
    ] = "activation",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new folder for it; ./NAME if left out.")
    ] = None,
) -> None:
    """Write a plugin package with one working component.

    It comes with tests, types and a network that trains; put a component of yours in its place.

    Example: bpframe new soft-clip --kind activation
    """
    from bpframe.scaffold import Names, new_package

    folder = new_package(name, kind, output)
    names = Names.of(name, kind)
    print(f"The package is in {folder}: the {kind} {names.class_name}, '{names.component}' in specs. What to do next:")
    print(f"  cd {shlex.quote(str(folder))}")
    print('  python -m pip install -e ".[test]"')
    print("  python -m pytest")
    print(f"  bpframe check {names.component}")
    print("  bpframe plugins")
    print("  bpframe train examples/digits.yaml")
    print(f"Then write your own into src/{names.package}/{names.module}.py; README.md tells the steps.")
