"""Faults are drawn where they count, planted in a copy alone, and met by the tests that may notice them."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # as for the script beside this file

from chance import draw
from changes import faults_in
from covering import Selected, run_apart
from fault import Fault
from reach import Reach

HERE = Path(__file__).parent

SOURCE = '''"""A docstring with 1 and True."""

from __future__ import annotations

LIMIT: int = 3


class Sums:
    """Sums, 2 of them."""

    def signed(self, left: int, right: int = 0) -> int:
        # σ ≠ 0
        total = left - right
        if total >= LIMIT and not right:
            raise ValueError(f"more than {LIMIT + 1}", 17)
        return max(total, left)

    def counted(self, values: list[int], *, axis: int | None = None) -> list[int]:
        found = list(values[1:])
        found = [value for value in found if value]
        found.append(len(found))
        return sorted(found, key=abs)
'''.encode()


def texts(source: bytes) -> set[tuple[int, str, str]]:
    return {
        (each.line, each.kind, " ".join(each.applied(source).decode().splitlines()[each.line - 1].split()))
        for each in faults_in("sums.py", source)
    }


def test_the_slips_of_the_hand_are_among_the_faults() -> None:
    assert texts(SOURCE) >= {
        (5, "off by one", "LIMIT: int = 4"),
        (11, "off by one", "def signed(self, left: int, right: int = 1) -> int:"),
        (13, "another operation", "total = left + right"),
        (13, "operand left out", "total = left"),
        (13, "operands exchanged", "total = right - left"),
        (13, "its twin", "total = right - right"),
        (14, "another comparison", "if total > LIMIT and not right:"),
        (14, "another operation", "if total >= LIMIT or not right:"),
        (14, "sign left out", "if total >= LIMIT and (right):"),
        (14, "condition always False", "if False:"),
        (16, "its twin", "return min(total, left)"),
        (16, "its twin", "return max(total, right)"),
        (19, "call left out", "found = (values[1:])"),
        (19, "bound left out", "found = list(values[:])"),
        (20, "all let through", "found = [value for value in found if True]"),
        (20, "assignment left out", "pass"),
        (21, "statement left out", "pass"),
        (22, "keyword left out", "return sorted(found)"),
    }


def test_texts_for_people_and_types_are_left_alone() -> None:
    lines = SOURCE.decode().splitlines()
    messages = [number for number, line in enumerate(lines, 1) if '"""' in line or "raise" in line or "#" in line]
    assert not {line for line, _, _ in texts(SOURCE)} & {*messages, 3, 18}


def test_faults_of_real_files_are_programs_of_one_changed_place() -> None:
    core = HERE.parents[1] / "bpframe"
    sources = {str(file.relative_to(core)): file.read_bytes() for file in (core / "core/operators").rglob("*.py")}
    drawn = draw(sources, 60, seed=4)
    assert len({(fault.path, fault.line) for fault in drawn}) == 60
    for fault in drawn:
        source = sources[fault.path]
        changed = fault.applied(source)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
        assert changed.startswith(source[: fault.start])
        assert changed.endswith(source[fault.end :])


def test_draws_repeat_with_their_seed() -> None:
    sources = {"sums.py": SOURCE, "more.py": SOURCE.replace(b"Sums", b"More")}
    assert draw(sources, 8, seed=1) == draw(sources, 8, seed=1) != draw(sources, 8, seed=2)
    assert len(draw(sources, 10**6, seed=1)) == 2 * len({line for line, _, _ in texts(SOURCE)})


TEST = """
from time import sleep
from sums import Sums

def test_quick():
    assert True

def test_signs():
    assert Sums().signed(2, 1) == {expected}

def test_slow():
    sleep({seconds})
"""


@pytest.mark.parametrize(
    ("order", "expected", "seconds", "status", "noticed"),
    [
        (["signs", "quick"], 2, 0, 0, ""),
        (["quick", "signs"], 3, 0, 1, "test_sums.py::test_signs"),
        (["quick"], 3, 0, 0, ""),  # what is not chosen does not run
        (["slow"], 2, 60, None, ""),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_chosen_tests_meet_a_fault_in_a_process_apart(tmp_path, order, expected, seconds, status, noticed) -> None:
    (tmp_path / "sums.py").write_bytes(SOURCE)
    (tmp_path / "test_sums.py").write_text(TEST.format(expected=expected, seconds=seconds))
    (tmp_path / "first").write_text("")
    names = [f"test_sums.py::test_{name}" for name in order]
    arguments = ["-x", "--rootdir", str(tmp_path), "-c", "/dev/null", "test_sums.py"]
    limit = 2 if seconds else 60
    assert run_apart(tmp_path, arguments, partial(Selected, names, tmp_path / "first"), limit) == status
    assert (tmp_path / "first").read_text() == noticed


def test_a_fault_is_a_diff_for_a_person() -> None:
    start = SOURCE.index(b"left - right")
    fault = Fault("sums.py", 13, range(13, 14), "operand left out", start, start + len(b"left - right"), "left")
    assert fault.diff(SOURCE).splitlines() == [
        "--- sums.py",
        "+++ operand left out",
        "@@ -11,5 +11,5 @@",
        "     def signed(self, left: int, right: int = 0) -> int:",
        "         # σ ≠ 0",
        "-        total = left - right",
        "+        total = left",
        "         if total >= LIMIT and not right:",
        '             raise ValueError(f"more than {LIMIT + 1}", 17)',
    ]


def known(**names: list[int]) -> Reach:
    """Four tests, of which `c` is slow and `d` starts a process; `names` are the lines that each runs."""
    every = ["a.py::a", "a.py::b", "b.py::c", "b.py::d"]
    tests = {
        name: {"seconds": seconds, "passed": True, "processes": name.endswith("d")}
        for name, seconds in zip(every, (2.0, 1.0, 9.0, 3.0), strict=True)
    }
    lines: dict[str, list[int]] = {}
    for name, held in names.items():
        for line in held:
            lines.setdefault(str(line), []).append("abcd".index(name))
    return Reach(tests, every, {"sums.py": lines})


def test_a_fault_meets_the_tests_that_run_its_lines_and_quick_ones_first() -> None:
    def at(*lines: int) -> Fault:
        return Fault(
            "sums.py", min(lines, default=1), range(min(lines), max(lines) + 1) if lines else range(0), "", 0, 0, ""
        )

    reach = known(a=[1, 2], b=[2, 3], c=[2], d=[5])
    assert reach.chosen(at(1), 100) == ["a.py::a"]
    assert reach.chosen(at(2), 100) == ["a.py::b", "a.py::a", "b.py::c"]
    assert reach.chosen(at(2), 4) == ["a.py::b", "a.py::a"]
    assert reach.chosen(at(2), 0) == ["a.py::b"]
    assert reach.chosen(at(3, 4, 5), 100) == ["a.py::b", "b.py::d"]
    assert reach.chosen(at(4), 100) == ["b.py::d"]  # nobody here: then in a process
    assert reach.chosen(at(), 100) == ["a.py::b", "a.py::a", "b.py::d", "b.py::c"]
    assert reach.seconds(["a.py::a", "b.py::c"]) == 11.0
    reach.tests["a.py::b"]["passed"] = False
    assert reach.chosen(at(2), 100) == ["a.py::a", "b.py::c"]


def test_what_is_known_of_a_file_of_tests_is_replaced_when_it_is_run_again() -> None:
    before, found = known(a=[1, 2], c=[2]), known(b=[7], d=[2])
    found.tests.pop("a.py::a")
    again = before.renewed(["a.py"], found)
    assert list(again.tests) == ["b.py::c", "b.py::d", "a.py::b"]
    runs = {line: [again.names[place] for place in places] for line, places in again.lines["sums.py"].items()}
    assert runs == {"1": [], "2": ["b.py::c", "b.py::d"], "7": ["a.py::b"]}


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("git") is None, reason="asks git whether the working tree is as before")
def test_nearly_all_faults_are_noticed(tmp_path: Path) -> None:
    pytest.importorskip("coverage")
    root = HERE.parents[1]
    before = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True).stdout
    command = [sys.executable, HERE / "draw.py", "--count", "100", "--seed", "10", "--map", tmp_path / "map.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    print(done.stdout)  # the survivors, to be judged
    assert done.returncode == 0, done.stderr
    noticed = int(done.stdout.splitlines()[-1].split()[0])
    # One or two in ten change nothing but speed or memory, and some texts; the printed survivors are for a person.
    assert noticed >= 75
    assert subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True).stdout == before
