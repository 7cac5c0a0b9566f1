"""Imports run one way, read from the source: every import counts, also a late one inside a function."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN_SETS = sorted(path for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").exists())

# A module imports from its own row and from rows above it. A package, such as operators, is one entry.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("_version", "core", "errors"),
    ("machine", "validation"),
    ("core.operators", "data"),
    ("core.component",),
    ("core.graph", "plugins"),
    ("core.backprop", "measured"),
    ("derivatives", "replay"),
    ("training",),
    ("documents", "extend", "reports"),
    ("checkpoint", "testing"),
    ("scaffold", "verification"),
    ("differentiable",),
    ("network",),
    ("curve_fitting", "runs"),
    ("", "cli"),
    ("__main__",),
)


def modules_of(package: Path) -> dict[str, Path]:
    """Return the modules of a package by dotted name; a folder stands for its __init__.py."""
    named = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def imports_of(name: str, path: Path) -> Iterator[tuple[str, str | None, int]]:
    """Yield (module, imported name or None, line) for every import statement, wherever it stands in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, *([node.module] if node.module else [])])
            yield from ((base, alias.name, node.lineno) for alias in node.names)


def imports_of_the_root(package: Path, root: str = "bpframe") -> list[str]:
    """Return where the package root itself is imported, instead of the module that holds the name."""
    return [
        f"{name}:{line} imports the package root"
        for name, path in modules_of(package).items()
        for module, _, line in imports_of(name, path)
        if module == root
    ]


def foreign_imports(package: Path, forbidden: Iterable[str]) -> list[str]:
    """Return where a module imports one of the `forbidden` packages, or anything below it."""
    names = set(forbidden)
    return [
        f"{name}:{line} imports {module}"
        for name, path in modules_of(package).items()
        for module, _, line in imports_of(name, path)
        if module.split(".")[0] in names
    ]


def internal_imports(package: Path) -> dict[str, dict[str, int]]:
    """Return, for each module, the modules of the same package that it imports, with the line of the import."""
    modules = modules_of(package)
    found: dict[str, dict[str, int]] = {name: {} for name in modules}
    for name, path in modules.items():
        for module, imported, line in imports_of(name, path):
            submodule = f"{module}.{imported}"
            target = submodule if submodule in modules else module
            if target in modules:
                found[name].setdefault(target, line)
    return found


def cycle(package: Path) -> list[str] | None:
    """Return modules that import one another in a circle, or None."""
    try:
        graphlib.TopologicalSorter(internal_imports(package)).prepare()
    except graphlib.CycleError as error:
        return list(reversed(error.args[1]))
    return None


def layer_violations(package: Path, layers: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return modules that are in no layer, and imports that point from a layer to a later one."""
    level = {entry: number for number, row in enumerate(layers) for entry in row}

    def entry(name: str) -> str:
        parts = name.split(".")[1:]
        return ".".join(parts[: 2 if parts[:1] == ["core"] else 1])

    problems = []
    for name, targets in internal_imports(package).items():
        if entry(name) not in level:
            problems.append(f"{name} is in no layer")
            continue
        problems += [
            f"{name}:{line} imports {target}, from a later layer"
            for target, line in targets.items()
            if entry(target) in level and level[entry(target)] > level[entry(name)]
        ]
    return problems


def test_the_core_has_no_import_cycle() -> None:
    assert cycle(ROOT / "bpframe") is None


def test_the_core_imports_from_its_own_or_earlier_layers() -> None:
    assert layer_violations(ROOT / "bpframe", LAYERS) == []


def test_the_core_never_imports_a_plugin_set() -> None:
    assert PLUGIN_SETS
    assert foreign_imports(ROOT / "bpframe", [path.name for path in PLUGIN_SETS]) == []


@pytest.mark.parametrize("package", [ROOT / "bpframe", *PLUGIN_SETS], ids=lambda path: path.name)
def test_no_module_of_ours_imports_the_package_root(package: Path) -> None:
    assert imports_of_the_root(package) == []


@pytest.mark.parametrize("package", PLUGIN_SETS, ids=lambda path: path.name)
def test_a_shipped_plugin_set_has_no_way_in_but_extend(package: Path) -> None:
    used = {
        module
        for name, path in modules_of(package).items()
        for module, _, _ in imports_of(name, path)
        if module.split(".")[0] == "bpframe"
    }
    assert used <= {"bpframe.extend"}


#: The layers of the small package below.
SMALL = (("errors",), ("operators",), ("network",), ("",))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package without fault: each test below breaks one rule in it."""
    folder = tmp_path / "bpframe"
    (folder / "operators").mkdir(parents=True)
    (folder / "__init__.py").write_text("from bpframe.operators import Matrix\n")
    (folder / "errors.py").write_text("import abc\n")
    (folder / "operators/__init__.py").write_text("from bpframe.operators.matrix import Matrix\n")
    (folder / "operators/matrix.py").write_text("from ..errors import Error\n")
    (folder / "network.py").write_text("from bpframe.operators import Matrix\nimport bpframe.errors\n")
    return folder


def test_the_checks_pass_a_package_without_fault(package: Path) -> None:
    assert cycle(package) is None
    assert layer_violations(package, SMALL) == []
    assert imports_of_the_root(package) == []
    assert foreign_imports(package, ["bpframe_reference"]) == []


def test_a_late_import_can_close_a_cycle(package: Path) -> None:
    (package / "errors.py").write_text("def late():\n    from bpframe.operators import Matrix\n")
    assert cycle(package) in (
        ["bpframe.errors", "bpframe.operators", "bpframe.operators.matrix", "bpframe.errors"],
        ["bpframe.operators", "bpframe.operators.matrix", "bpframe.errors", "bpframe.operators"],
        ["bpframe.operators.matrix", "bpframe.errors", "bpframe.operators", "bpframe.operators.matrix"],
    )


def test_an_import_for_type_checking_counts(package: Path) -> None:
    (package / "errors.py").write_text("if TYPE_CHECKING:\n    from bpframe.network import Network\n")
    assert layer_violations(package, SMALL) == ["bpframe.errors:2 imports bpframe.network, from a later layer"]


def test_a_relative_import_counts(package: Path) -> None:
    (package / "operators/matrix.py").write_text("from .. import network\n")
    assert layer_violations(package, SMALL) == [
        "bpframe.operators.matrix:1 imports bpframe.network, from a later layer"
    ]


def test_a_module_in_no_layer_is_named(package: Path) -> None:
    (package / "helpers.py").write_text("")
    assert layer_violations(package, SMALL) == ["bpframe.helpers is in no layer"]


@pytest.mark.parametrize("line", ["import bpframe", "from bpframe import Network", "from . import Network"])
def test_an_import_of_the_root_is_named(package: Path, line: str) -> None:
    (package / "network.py").write_text(f"\n{line}\n")
    assert imports_of_the_root(package) == ["bpframe.network:2 imports the package root"]


@pytest.mark.parametrize("line", ["import bpframe_reference.dense", "from bpframe_reference import Dense"])
def test_an_import_of_a_plugin_set_is_named(package: Path, line: str) -> None:
    (package / "network.py").write_text(f"def late():\n    {line}\n")
    assert len(foreign_imports(package, ["bpframe_reference"])) == 1
