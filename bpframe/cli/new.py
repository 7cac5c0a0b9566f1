"""bpframe new: a plugin package, or a project, to begin with."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["new"]


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The package's name, such as soft-clip, or the project's.")
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            "-k",
            metavar="KIND",
            help="What a package begins with: activation (default), layer, block or cost.",
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template", "-t", metavar="TEMPLATE", help="Write a project instead: image, text, series or tabular."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new folder for it; ./NAME if left out.")
    ] = None,
) -> None:
    """Write a plugin package with one working component, or a project.

    A package comes with tests, types and a network that trains; put a component of yours in its place. A project is a
    spec and a script that run at once; put data of yours in the place of the example's.

    Example: bpframe new soft-clip --kind activation
    """
    from bpframe.scaffold import Names, new_package, new_project

    if template is not None:
        if kind is not None:
            raise typer.BadParameter("a project has no component of its own: leave --kind out", param_hint="--kind")
        folder = new_project(name if output is None else output, template)
        print(f"The project is in {folder}. What to do next:")
        print(f"  cd {shlex.quote(str(folder))}")
        print('  python -m pip install "bpframe[plot]"')
        print("  python train.py")
        print("  bpframe train spec.yaml --output runs/first")
        print("Then read README.md, and put your own data in.")
        return
    kind = kind or "activation"
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
