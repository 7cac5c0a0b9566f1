"""Imports run one way: no circle, nothing from the package root, and plugin sets by one door."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.source import (
    BPFRAME,
    PLUGIN_SETS,
    cycle,
    foreign_imports,
    imports_of,
    imports_of_the_root,
    internal_imports,
    modules_of,
)


def other_doors(plugin_set: Path) -> list[str]:
    """Return where a plugin set imports from bpframe what is not `bpframe.extend`."""
    return [
        f"{name}:{line} imports {module}"
        for name, path in modules_of(plugin_set).items()
        for module, _, line in imports_of(name, path)
        if module.split(".")[0] == "bpframe" and module != "bpframe.extend"
    ]


def test_no_modules_import_one_another() -> None:
    assert cycle(internal_imports(BPFRAME)) is None


def test_bpframe_never_imports_a_plugin_set() -> None:
    assert PLUGIN_SETS
    assert foreign_imports(BPFRAME, [path.name for path in PLUGIN_SETS]) == []


@pytest.mark.parametrize("package", [BPFRAME, *PLUGIN_SETS], ids=lambda path: path.name)
def test_no_module_of_ours_imports_the_package_root(package: Path) -> None:
    assert imports_of_the_root(package) == []


@pytest.mark.parametrize("package", PLUGIN_SETS, ids=lambda path: path.name)
def test_a_shipped_plugin_set_has_no_way_in_but_extend(package: Path) -> None:
    assert other_doors(package) == []


# Each rule is seen to fail -------------------------------------------------------------------------------------------


def test_a_package_without_fault_passes(package: Path) -> None:
    assert cycle(internal_imports(package)) is None
    assert imports_of_the_root(package) == []
    assert foreign_imports(package, ["bpframe_reference"]) == []


def test_a_late_import_can_close_a_circle(package: Path) -> None:
    (package / "errors.py").write_text("def late():\n    from bpframe.core.operators.matrix import Matrix\n")
    found = cycle(internal_imports(package))
    assert found is not None
    assert set(found) == {"bpframe.errors", "bpframe.core.operators.matrix"}


@pytest.mark.parametrize("line", ["import bpframe", "from bpframe import Network", "from . import Network"])
def test_an_import_of_the_root_is_named(package: Path, line: str) -> None:
    (package / "network.py").write_text(f"\n{line}\n")
    assert imports_of_the_root(package) == ["bpframe.network:2 imports the package root"]


@pytest.mark.parametrize(
    "line",
    ["import bpframe_reference.dense", "from bpframe_reference import Dense", "import_module('bpframe_reference')"],
)
def test_an_import_of_a_plugin_set_is_named(package: Path, line: str) -> None:
    (package / "network.py").write_text(f"def late():\n    {line}\n")
    assert len(foreign_imports(package, ["bpframe_reference"])) == 1


@pytest.mark.parametrize(
    "line", ["from bpframe.core.operators import Matrix", "import bpframe.errors", "import bpframe"]
)
def test_another_door_for_a_plugin_set_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "my_set").mkdir()
    (tmp_path / "my_set/__init__.py").write_text(f"from bpframe.extend import Layer\n{line}\n")
    assert len(other_doors(tmp_path / "my_set")) == 1
