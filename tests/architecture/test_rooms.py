"""Every file has a room, every room says its question, and every file can be held in mind."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.source import BPFRAME, PLUGIN_SETS, modules_of, rooms_of, tree_of

IN_THE_ROOT = {"__init__.py", "__main__.py", "_version.py", "errors.py", "extend.py", "network.py", "py.typed"}

MOST_LINES = 300

#: How a longer file says why it is one: a paragraph of its docstring begins with these words.
REASON = "Longer than 300 lines:"


def loose_files(package: Path) -> set[str]:
    """Return the files in the root of a package that have no business there."""
    return {path.name for path in package.iterdir() if path.is_file()} - IN_THE_ROOT


def docstring(path: Path) -> str:
    return ast.get_docstring(tree_of(path)) or ""


def silent_rooms(package: Path) -> list[str]:
    """Return the rooms that do not say their question in a line of its own, and below it their answer."""
    problems = []
    for room in rooms_of(package):
        question, _, answer = docstring(room / "__init__.py").partition("\n\n")
        if "\n" in question or not question.endswith("?") or not answer.strip():
            problems.append(room.relative_to(package).as_posix())
    return problems


def missing_files(package: Path) -> list[str]:
    """Return the files and folders that rooms name in their docstrings and do not hold."""
    return [
        f"{room.relative_to(package).as_posix()} names {name}"
        for room in rooms_of(package)
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", docstring(room / "__init__.py"))
        if not (room / name).exists() and not (package / name).exists()
    ]


def long_files(package: Path) -> list[str]:
    """Return the files that are too long, and do not say why."""
    return [
        f"{name} has {count} lines"
        for name, path in modules_of(package).items()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
        and not re.search(rf"(?m)^{REASON} \w", docstring(path))
    ]


def test_every_file_has_a_room() -> None:
    assert loose_files(BPFRAME) == set()


def test_every_room_says_its_question_and_its_answer() -> None:
    assert silent_rooms(BPFRAME) == []


def test_no_two_rooms_ask_the_same() -> None:
    questions = [docstring(room / "__init__.py").partition("\n")[0] for room in rooms_of(BPFRAME)]
    assert len(set(questions)) == len(questions)


def test_the_files_that_rooms_name_are_there() -> None:
    assert missing_files(BPFRAME) == []


@pytest.mark.parametrize("package", [BPFRAME, *PLUGIN_SETS], ids=lambda path: path.name)
def test_a_long_file_says_why(package: Path) -> None:
    assert long_files(package) == []


# Each rule is seen to fail -------------------------------------------------------------------------------------------


def test_a_package_without_fault_passes(package: Path) -> None:
    assert (loose_files(package), silent_rooms(package), missing_files(package), long_files(package)) == (
        set(),
        [],
        [],
        [],
    )


@pytest.mark.parametrize("name", ["helpers.py", "notes.txt"])
def test_a_loose_file_is_named(package: Path, name: str) -> None:
    (package / name).write_text("")
    assert loose_files(package) == {name}


@pytest.mark.parametrize(
    "text",
    ["", '"""How parameters move."""\n', '"""How do parameters move?"""\n', '"""How\ndo they move?\n\nSo.\n"""\n'],
)
def test_a_room_without_question_or_answer_is_named(package: Path, text: str) -> None:
    (package / "training/__init__.py").write_text(text)
    assert silent_rooms(package) == ["training"]


def test_a_file_that_moved_away_is_named(package: Path) -> None:
    (package / "machine/workers.py").rename(package / "machine/threads.py")
    assert missing_files(package) == ["machine names workers.py"]


@pytest.mark.parametrize(("reason", "named"), [("", 1), (f"\n\n{REASON} one table.\n", 0), (f"\n\n{REASON}\n", 1)])
def test_a_long_file_without_a_reason_is_named(package: Path, reason: str, named: int) -> None:
    (package / "network.py").write_text(f'"""What a user holds.{reason}"""\n' + "x = 1\n" * 300)
    assert len(long_files(package)) == named
