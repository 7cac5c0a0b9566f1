"""Which tests a fault may fail: those that run its line. All tests are run once to find out."""

from __future__ import annotations

import json
import sys
import tempfile
from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from covering import Covering, copied, run_apart
from fault import Fault

__all__ = ["Reach", "reach_of"]


@dataclass(frozen=True)
class Reach:
    """Every test, by name, and for each line of a source file who runs it, as places in `names`.

    A name stands for a test, for a file while it is read, or for the fixtures of a folder.
    """

    tests: dict[str, dict[str, Any]]
    names: list[str]
    lines: dict[str, dict[str, list[int]]]

    def chosen(self, fault: Fault, most: float) -> list[str]:
        """Order the tests that run a fault's lines, quick ones first, for `most` seconds in all.

        Where none does, those that start a process may; outside functions, all tests may, after those that run some of
        the file. Tests that fail without a fault are left out.
        """
        held = self.lines.get(fault.path, {})
        ran = [each for line, each in held.items() if not fault.lines or int(line) in fault.lines]
        runs = {self.names[each] for names in ran for each in names}

        def may_notice(name: str) -> bool:
            file = name.split("::")[0]
            return not runs.isdisjoint((name, file, str(Path(file).parent)))

        passing = [name for name, test in self.tests.items() if test["passed"]]
        chosen = [name for name in passing if may_notice(name)]
        chosen = chosen or [name for name in passing if self.tests[name]["processes"]]
        chosen.sort(key=lambda name: self.tests[name]["seconds"])
        if not fault.lines:
            others = set(passing).difference(chosen)
            chosen += sorted(others, key=lambda name: self.tests[name]["seconds"])
        total = list(accumulate(self.tests[name]["seconds"] for name in chosen))
        return chosen[: max(1, bisect(total, most))]

    def seconds(self, names: Iterable[str]) -> float:
        """Return how long tests take without a fault."""
        return sum(self.tests[name]["seconds"] for name in names)

    def renewed(self, files: Iterable[str], found: Reach) -> Reach:
        """Return what is known when the tests of some files were run again."""
        gone = {place for place, name in enumerate(self.names) if name.split("::")[0] in files}
        lines = {
            file: {line: [place for place in places if place not in gone] for line, places in held.items()}
            for file, held in self.lines.items()
        }
        for file, held in found.lines.items():
            for line, places in held.items():
                lines.setdefault(file, {}).setdefault(line, []).extend(place + len(self.names) for place in places)
        kept = {name: test for name, test in self.tests.items() if name.split("::")[0] not in files}
        return Reach(kept | found.tests, self.names + found.names, lines)


def reach_of(root: Path, path: Path) -> Reach:
    """Read who runs what from a file, after running those test files that are newer, or all where there is no file."""
    if path.exists():
        reach, last = Reach(**json.loads(path.read_text())), path.stat().st_mtime
        files = [str(file.relative_to(root)) for file in (root / "tests").rglob("test_*.py")]
        files = [file for file in files if (root / file).stat().st_mtime > last]
        if files:
            reach = reach.renewed(files, _run(root, files))
    else:
        reach = _run(root, ["tests"])
    path.write_text(json.dumps(vars(reach)))
    failing = [name for name, test in reach.tests.items() if not test["passed"]]
    if failing:
        print("left out, since they fail without a fault:", *failing, sep="\n  ")
    return reach


def _run(root: Path, files: list[str]) -> Reach:
    print("running once, to see which lines they run:", *files, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        tree, to = copied(root, Path(folder) / "tree"), Path(folder) / "reach.json"
        status = run_apart(tree, ["--hypothesis-seed=0", *files], partial(Covering, tree, to), limit=3600)
        if status not in (0, 1):
            sys.exit(f"the tests did not run (exit status {status}):\n{(tree / 'pytest.log').read_text()[-2000:]}")
        return Reach(**json.loads(to.read_text()))
