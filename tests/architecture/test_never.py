"""What no room may know: the heart stands by itself, and what is kept apart stays apart."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.architecture.source import (
    BPFRAME,
    closure,
    forbidden_arrows,
    foreign_at_import,
    imports_of,
    lines_of,
    modules_of,
    room_of,
    rooms_of,
)

#: The most lines that the heart may have, all files of core/ together. Version 2 of the contract (blocks, weights,
#: several outputs, frozen parameters, open categories) is declared and connected there; it goes down from here, not up.
MOST_LINES = 6500

#: Rooms whose files the heart may import: values told wrong, and views of operators that no pass needs.
OF_THE_HEART = ("core", "validation", "forms")

#: What comes with the heart when it is imported, beside its own folders.
WITH_THE_HEART = {"bpframe.errors", "bpframe.machine", "bpframe.machine.workers", "bpframe.machine.lanes"}

#: What others installed and the heart uses, when it is imported and later.
AT_IMPORT = {"numpy", "pydantic", "pydantic_core"}
LATER = {"scipy"}

#: Rooms, and what they never import.
NEVER = {
    ("replay", "derivatives", "training"): ("testing", "documents", "plugins"),
    ("derivatives",): ("replay", "training"),
    ("runs", "interfaces", "explanation", "curve_fitting"): ("runs", "interfaces", "explanation", "curve_fitting"),
}


def strangers(package: Path) -> list[str]:
    """Return what is imported with `core`, sooner or later, and is neither its own nor allowed."""
    modules = modules_of(package)
    found = sorted(closure(package, "bpframe.core") - WITH_THE_HEART)
    problems = [f"core brings {name}" for name in found if room_of(name).split(".")[0] not in OF_THE_HEART]
    for name in found:
        at_import = foreign_at_import(modules[name], "bpframe").keys()
        ever = {module.split(".")[0] for module, _, _ in imports_of(name, modules[name])}
        known = {*sys.stdlib_module_names, "", "bpframe", *AT_IMPORT}
        problems += [f"{name} imports {other}" for other in sorted(ever - known - LATER)]
        problems += [f"{name} imports {other} before it is used" for other in sorted(at_import & LATER)]
    return problems


def test_the_heart_stands_by_itself() -> None:
    assert strangers(BPFRAME) == []


def test_the_heart_is_small_enough_to_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    modules = modules_of(BPFRAME)
    own = lines_of(path for name, path in modules.items() if room_of(name).split(".")[0] == "core")
    everything = lines_of(modules[name] for name in closure(BPFRAME, "bpframe.core"))
    with capsys.disabled():
        print(f"\ncore/: {own} lines; with all that it imports of bpframe: {everything}")
    assert own <= MOST_LINES


@pytest.mark.parametrize("rooms", NEVER, ids=", ".join)
def test_what_is_kept_apart_stays_apart(rooms: tuple[str, ...]) -> None:
    assert forbidden_arrows(BPFRAME, rooms, NEVER[rooms]) == []


def test_the_rules_name_rooms_that_exist() -> None:
    exist = {path.name for path in rooms_of(BPFRAME)}
    coming = {"interfaces", "explanation"}  # the rule is there before them
    named = {room for rooms, never in NEVER.items() for room in (*rooms, *never)}
    assert named - exist <= coming


# Each rule is seen to fail -------------------------------------------------------------------------------------------


def test_a_package_without_fault_passes(package: Path) -> None:
    assert strangers(package) == []
    assert forbidden_arrows(package, ("training",), ("testing", "documents", "plugins")) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("def late():\n    from bpframe.training import trainer", "core brings bpframe.training.trainer"),
        ("from bpframe.machine.doctor import doctor", "core brings bpframe.machine.doctor"),
        ("import yaml", "bpframe.core.operators.matrix imports yaml"),
        ("def late():\n    import pluggy", "bpframe.core.operators.matrix imports pluggy"),
        ("from scipy import sparse", "bpframe.core.operators.matrix imports scipy before it is used"),
    ],
)
def test_a_stranger_in_the_heart_is_named(package: Path, line: str, problem: str) -> None:
    (package / "core/operators/matrix.py").write_text(f"{line}\n")
    assert problem in strangers(package)


@pytest.mark.parametrize(
    "line",
    ["def late():\n    from scipy import sparse", "if TYPE_CHECKING:\n    from scipy.sparse import csr_array"],
)
def test_scipy_is_no_stranger_where_it_is_used_late(package: Path, line: str) -> None:
    (package / "core/operators/matrix.py").write_text(f"{line}\n")
    assert strangers(package) == []


def test_what_a_neighbour_brings_counts(package: Path) -> None:
    (package / "machine/__init__.py").write_text("from bpframe.machine.doctor import doctor\n")
    assert strangers(package) == ["core brings bpframe.machine.doctor"]


def test_a_forbidden_arrow_is_named(package: Path) -> None:
    (package / "testing").mkdir()
    (package / "testing/__init__.py").write_text("")
    (package / "training/trainer.py").write_text("def late():\n    from bpframe.testing import check_component\n")
    assert forbidden_arrows(package, ("training",), ("testing",)) == [
        "bpframe.training.trainer:2 imports bpframe.testing"
    ]
