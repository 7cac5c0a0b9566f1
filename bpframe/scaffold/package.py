"""A plugin package from templates: written whole, or not at all."""

from __future__ import annotations

import datetime
import os
from importlib.resources import files
from pathlib import Path
from string import Template

from bpframe._version import __version__
from bpframe.checkpoint.folder import check_destination, new_folder, resolved
from bpframe.errors import CheckpointError, ScaffoldError
from bpframe.scaffold.clashes import check_free
from bpframe.scaffold.names import Names

__all__ = ["KINDS", "bounded", "new_package"]

#: The kinds of component that a package can begin with.
KINDS: tuple[str, ...] = ("activation", "layer", "block", "cost")

#: The files of a package -> the templates that they come from. `KIND` is the folder of the component's kind.
FILES: dict[str, str] = {
    "README.md": "shared/README.md",
    "LICENSE": "shared/LICENSE",
    "pyproject.toml": "shared/pyproject.toml",
    ".gitignore": "shared/gitignore",
    ".github/workflows/ci.yml": "shared/ci.yml",
    "examples/digits.yaml": "KIND/digits.yaml",
    "src/$package/__init__.py": "KIND/package.py",
    "src/$package/$module.py": "KIND/component.py",
    "src/$package/py.typed": "shared/py.typed",
    "tests/test_$package.py": "KIND/test.py",
}


#: What README.md tells to write, and what the kit does with it.
_STEPS = """\
1. Write `forward` and the docstring: a sentence, the equation, shapes, the source.
2. Write `jacobian`. A plain array of shape `(N, *out, *in)` is a Jacobian too; structure can come later.
3. Let the kit compare the two, entry by entry; it says what is likely wrong:"""

_STEPS_OF_A_BLOCK = """\
1. Write `nodes` and the docstring: a sentence, the equation, shapes, the source.
2. What no layer computes yet is a layer of your own: `bpframe new --kind layer` shows one.
3. Let the kit try it: each node, then the gradients and second derivatives of them all together:"""


def new_package(name: str, kind: str = "activation", folder: str | os.PathLike[str] | None = None) -> Path:
    """Write a plugin package with one component of a kind, and return its folder.

    The package is complete: it installs, its tests pass, it is typed and linted. The component is a working example
    of its kind, to be replaced.

    Parameters
    ----------
    name : the name of the distribution, such as soft-clip; `Names` says what is derived from it.
    kind : activation, layer, block or cost.
    folder : a folder that does not exist yet; ./<distribution> where it is left out.

    Raises
    ------
    ScaffoldError
        The name cannot be used or is taken, or the folder exists or cannot be written. Nothing is written then.

    """
    if kind not in KINDS:
        raise ScaffoldError(f"a package cannot begin with '{kind}'", expected=", ".join(KINDS), received=repr(kind))
    names = Names.of(name, kind)
    target = Path(names.distribution) if folder is None else Path(folder)
    try:
        check_destination(target)
    except CheckpointError as error:
        raise _retold(error) from None
    check_free(names, kind)
    written = rendered(names, kind)
    try:
        with new_folder(resolved(target), overwrite=False, files=()) as draft:
            for path, text in written.items():
                file = draft / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
    except CheckpointError as error:
        raise _retold(error) from None
    return target


# string.Template, and not a template engine: what is filled in are a dozen names, without a loop or a condition, so
# that Jinja2 would add two packages (one of them compiled) to every installation for nothing. str.format does not
# serve: Python, YAML and TOML are full of braces. Tools that copy templates (cookiecutter, copier) ask questions, run
# code of the template's and weigh more still.
def rendered(names: Names, kind: str) -> dict[str, str]:
    """Return the files of a package: paths inside it -> texts."""
    templates = files("bpframe.scaffold") / "templates"
    values = {
        "distribution": names.distribution,
        "package": names.package,
        "class_name": names.class_name,
        "module": names.module,
        "component": names.component,
        "full_name": names.full_name,
        "kind": kind,
        "declared": "the nodes that it is made of" if kind == "block" else "what it computes, and its local Jacobian",
        "steps": _STEPS_OF_A_BLOCK if kind == "block" else _STEPS,
        "requirement": bounded(__version__),
        "year": str(datetime.date.today().year),
    }
    found = {}
    for path, source in FILES.items():
        template = templates / (source.replace("KIND", kind) + ".template")
        found[Template(path).substitute(values)] = Template(template.read_text(encoding="utf-8")).substitute(values)
    return found


def bounded(version: str) -> str:
    """Return the requirement of a package written with this version: up to the next one that may break the contract.

    0.3.1 gives bpframe>=0.3,<0.4 and 1.4.2 gives bpframe>=1.4,<2: before 1.0 a minor version may break it.
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    return f"bpframe>={major}.{minor},<{f'0.{minor + 1}' if major == 0 else major + 1}"


def _retold(error: CheckpointError) -> ScaffoldError:
    """Tell what is wrong with the folder in the words for saved runs, which fit here too, with the kind that fits."""
    return ScaffoldError(error.problem, expected=error.expected, received=error.received, hint=error.hint)
