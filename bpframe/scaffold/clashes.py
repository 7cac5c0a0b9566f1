"""Names of a new package that something installed has taken."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys

from bpframe.categories import CATEGORIES
from bpframe.errors import ScaffoldError
from bpframe.plugins import default_registry
from bpframe.plugins.installed import installed
from bpframe.scaffold.names import Names

__all__ = ["check_free"]

#: Folders of the package itself, which its tests could import in place of another package.
_OWN = frozenset({"examples", "src", "test", "tests"})


def check_free(names: Names, kind: str) -> None:
    """Refuse names that would hide, or be hidden by, something that is installed.

    Raises
    ------
    ScaffoldError
        The package, its distribution, its set or its component's name in specs is taken.

    """
    for what, name, by in (
        ("package", names.package, _module(names.package)),
        ("distribution", names.distribution, _distribution(names.distribution)),
        ("plugin set", names.package, _plugin_set(names.package)),
        ("component", names.component, _component(names.component, CATEGORIES[kind]._category.space)),
    ):
        if by:
            raise ScaffoldError(
                f"the {what} cannot be named '{name}': that is {by}",
                hint=f"another name, such as my-{names.distribution}",
            )


def _module(package: str) -> str | None:
    if package in sys.stdlib_module_names:
        return "a module of Python's standard library"
    if package in _OWN:
        return "a folder that packages keep for other things"
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # a module that is half there is there
        return "a module that can be imported here"
    if spec is None:
        return None
    provided = importlib.metadata.packages_distributions().get(package)
    if provided:
        return f"a package that {provided[0]} installs"
    # A spec without an origin is any folder of that name beside the running script: the package itself, often.
    return None if spec.origin is None else f"the module {spec.origin}"


def _distribution(name: str) -> str | None:
    try:
        return f"the installed distribution {name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return None


def _plugin_set(name: str) -> str | None:
    for _, provider in installed():
        if re.sub("[-_]+", "_", provider.set).lower() == name:
            return f"the installed set {provider}"
    return None


def _component(component: str, group: str) -> str | None:
    # Two sets may offer one name, but specs that use it without a set would stop working with the new one installed.
    for full_name in default_registry().components(group):
        if full_name.partition(".")[2] == component:
            return f"the installed component {full_name}"
    return None
