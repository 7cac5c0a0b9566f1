"""The floors of the house: a room knows the rooms on floors below it, and no other.

A room is a folder of `bpframe/`, in `core/` a folder of it, or one of the files in the root.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.conftest import SMALL
from tests.architecture.source import BPFRAME, arrows, cycle, internal_imports, rooms_of, wrong_arrows

#: Top to ground. The root is "". A new room is entered here and in the picture in CONTRIBUTING.md.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("", "__main__"),
    ("cli",),
    ("curve_fitting", "runs"),
    ("network",),
    ("trainable",),
    ("differentiable",),
    ("explanation",),
    ("scaffold", "verification"),
    ("checkpoint", "testing"),
    ("documents", "extend", "reports"),
    ("data", "plugins", "shapes", "training"),
    ("categories", "derivatives", "replay"),
    ("measured",),
    ("core.backprop",),
    ("core.graph",),
    ("core.component",),
    ("structures",),
    ("core.operators",),
    ("forms",),
    ("examples", "machine", "validation"),
    ("_version", "core", "errors"),
)


def folder_circle(package: Path) -> list[str] | None:
    """Return folders, at any depth, that import from one another in a circle; an __init__ counts for its folder."""
    folders = {path.relative_to(package.parent).as_posix().replace("/", ".") for path in rooms_of(package)}
    found: dict[str, set[str]] = {}

    def folder(module: str) -> str:
        return module if module in folders else module.rpartition(".")[0]

    for name, targets in internal_imports(package).items():
        here = folder(name)
        # A folder and what lies in it are one room to each other: an __init__ gathers what its folders offer.
        inside = {each for each in map(folder, targets) if each.startswith(f"{here}.") or here.startswith(f"{each}.")}
        found.setdefault(here, set()).update(each for each in map(folder, targets) if each not in inside | {here})
    found.pop(package.name, None)  # errors, extend and network are rooms of their own
    return cycle({here: others - {package.name} for here, others in found.items()})


def test_every_room_imports_from_floors_below_it_alone() -> None:
    assert wrong_arrows(BPFRAME, FLOORS) == []


def test_every_room_on_a_floor_exists_once() -> None:
    entered = [room for row in FLOORS for room in row]
    assert sorted(entered) == sorted(arrows(BPFRAME))


def test_no_folders_import_from_one_another_in_a_circle() -> None:
    assert folder_circle(BPFRAME) is None


# Each rule is seen to fail -------------------------------------------------------------------------------------------


def test_a_package_without_fault_passes(package: Path) -> None:
    assert wrong_arrows(package, (*SMALL[:-1], (*SMALL[-1], "core"))) == []
    assert folder_circle(package) is None


def test_an_arrow_that_runs_up_is_named(package: Path) -> None:
    (package / "errors.py").write_text("if TYPE_CHECKING:\n    from bpframe.network import Network\n")
    assert "bpframe.errors:2 imports bpframe.network, which is not on a floor below" in wrong_arrows(package, SMALL)


def test_an_arrow_along_a_floor_is_named(package: Path) -> None:
    (package / "machine/workers.py").write_text("from bpframe.errors import Error\n")
    level = (*SMALL[:-2], ("machine", "errors", "core"))
    assert wrong_arrows(package, level) == [
        "bpframe.machine.workers:1 imports bpframe.errors, which is not on a floor below"
    ]


def test_a_relative_import_counts(package: Path) -> None:
    (package / "core/operators/matrix.py").write_text("from ... import network\n")
    assert any("core.operators.matrix:1 imports bpframe.network" in each for each in wrong_arrows(package, SMALL))


@pytest.mark.parametrize("name", ["helpers.py", "helpers/__init__.py", "core/helpers.py"])
def test_a_room_on_no_floor_is_named(package: Path, name: str) -> None:
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("")
    room = name.partition(".")[0].removesuffix("/__init__").replace("/", ".")
    assert f"{room} is on no floor" in wrong_arrows(package, SMALL)


def test_a_circle_of_folders_is_named(package: Path) -> None:
    for room, line in ("one", "from bpframe.training.two import b"), ("two", "from bpframe.training.one import a"):
        (package / "training" / room).mkdir()
        (package / "training" / room / "__init__.py").write_text("")
        (package / "training" / room / "first.py").write_text(line)
    assert cycle(internal_imports(package)) is None
    assert folder_circle(package) is not None
