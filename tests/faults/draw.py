"""Draw single-place faults, plant each in a copy of the tree, run the tests, and print those that nobody notices.

    python tests/faults/draw.py --count 100 --seed 1 bpframe/operators bpframe/derivatives

A copy is made in a temporary folder; the working tree is only read. The first run also writes down which tests run
which lines (`--map`; it is made anew where the file is missing: remove it after a change of sources or tests). A fault
then meets the tests that run its line, quick ones first, and those that start processes. A survivor is printed as a
diff: a person judges whether it changes what bpframe does, and writes the test that is missing, or whether it does not.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported: what is forked has one thread
os.environ["MPLBACKEND"] = "agg"

from changes import Fault, draw
from covering import Covering, Selected, run_apart

ROOT = Path(__file__).parents[2]
LEFT_OUT = (".git", ".*_cache", ".hypothesis", "site", "dist", "build")
DEFAULT_MAP = Path(tempfile.gettempdir()) / f"bpframe-covering-{os.getuid()}.json"


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: the first test that failed, or "" where it survived."""

    fault: Fault
    noticed_by: str
    tests: int
    seconds: float


def copied(to: Path) -> Path:
    """Copy the tree, without its history and what was made from it."""
    return Path(shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True))


@dataclass(frozen=True)
class Map:
    """Every test that passes without a fault, and who runs which line: tests, files while read, folders' fixtures."""

    tests: dict[str, dict[str, Any]]
    lines: dict[str, dict[str, list[str]]]

    def chosen(self, fault: Fault) -> list[str]:
        """Order the tests that may notice a fault: quick ones that run its lines, slow ones, those that start processes."""
        lines = self.lines.get(fault.path, {})
        runs = {name for line, names in lines.items() if not fault.lines or int(line) in fault.lines for name in names}

        def may_notice(name: str) -> bool:
            file = name.split("::")[0]
            return bool({name, file, str(Path(file).parent)} & runs) or bool(self.tests[name]["processes"])

        def order(name: str) -> tuple[bool, float]:
            return name not in runs, self.tests[name]["seconds"]

        return sorted(filter(may_notice, self.tests), key=order)

    def seconds(self, names: Iterable[str]) -> float:
        """Return how long tests take without a fault."""
        return sum(self.tests[name]["seconds"] for name in names)


def mapped(path: Path) -> Map:
    """Read which tests run which lines, or run all tests to find out."""
    if not path.exists():
        print(f"running all tests once to see which lines they run, into {path}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            tree = copied(Path(folder) / "tree")
            status = run_apart(tree, ["--hypothesis-seed=0", "tests"], partial(Covering, tree, path), limit=3600)
            if status not in (0, 1):
                path.unlink(missing_ok=True)
                sys.exit(f"the tests did not run (exit status {status}):\n{(tree / 'pytest.log').read_text()[-2000:]}")
    found = json.loads(path.read_text())
    failing = [name for name, test in found["tests"].items() if not test["passed"]]
    if failing:
        print("left out, since they fail without a fault:", *failing, sep="\n  ")
    return Map({name: test for name, test in found["tests"].items() if test["passed"]}, found["lines"])


_tree: Path  # of this worker


def _begin(folder: str) -> None:
    global _tree
    _tree = copied(Path(tempfile.mkdtemp(dir=folder)) / "tree")


def met(fault: Fault, names: list[str], expected: float) -> Outcome:
    """Plant a fault in this worker's copy, run the tests until one fails, and mend the copy."""
    began = time.monotonic()
    file, first = _tree / fault.path, _tree / "first"
    source = file.read_bytes()
    shutil.rmtree(_tree / ".hypothesis", ignore_errors=True)  # what one fault taught is not for the next
    first.write_text("")
    try:
        _write(file, fault.applied(source))
        files = sorted({name.split("::")[0] for name in names})
        status: int | None = 0
        if names:
            arguments = ["-x", "--hypothesis-seed=0", *files]
            status = run_apart(_tree, arguments, partial(Selected, names, first), limit=60 + 3 * expected)
    finally:
        _write(file, source)
    noticed = first.read_text()
    if not noticed and status != 0:
        noticed = "no end in time" if status is None else f"pytest ended with {status}"
    return Outcome(fault, noticed, len(names), time.monotonic() - began)


def _write(file: Path, source: bytes) -> None:
    file.write_bytes(source)
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()  # its stamp may be that of the same second


def _met(work: tuple[Fault, list[str], float]) -> Outcome:
    return met(*work)


def imported() -> None:
    """Import once, before processes are forked, what all tests import and no fault touches."""
    import hypothesis
    import numpy.testing
    import pydantic
    import scipy.linalg
    import scipy.sparse.linalg
    import yaml

    assert all((hypothesis, numpy.testing, pydantic, scipy.linalg, scipy.sparse.linalg, yaml))


def sources(paths: list[str], without: list[str]) -> dict[str, bytes]:
    """Read the files below the paths."""
    files = [
        file for path in paths for file in ([ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("*.py"))
    ]
    named = {str(file.relative_to(ROOT)): file.read_bytes() for file in files}
    return {name: source for name, source in named.items() if not any(map(name.startswith, without))}


def main(arguments: list[str] | None = None) -> float:
    """Return the share of faults that were noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=["bpframe"], help="files or folders that get faults")
    parser.add_argument("--without", action="append", default=[], help="the beginning of paths that are left out")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--map", type=Path, default=DEFAULT_MAP)
    given = parser.parse_args(arguments)

    imported()
    tests, held = mapped(given.map), sources(given.paths, given.without)
    work = []
    for fault in draw(held, given.count, given.seed):
        names = tests.chosen(fault)
        work.append((fault, names, tests.seconds(names)))
    noticed = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        multiprocessing.get_context("fork").Pool(given.jobs, _begin, (folder,)) as pool,
    ):
        for done, each in enumerate(pool.imap_unordered(_met, work), 1):
            noticed += bool(each.noticed_by)
            fault, seconds = each.fault, f"{each.seconds:.0f} s"
            print(f"{done:4} {fault.path}:{fault.line} {fault.kind}, {seconds}:", end=" ")
            print(each.noticed_by or f"SURVIVED {each.tests} tests\n{fault.diff(held[fault.path])}\n", flush=True)
    share = noticed / max(len(work), 1)
    print(
        f"{noticed} of {len(work)} faults noticed ({share:.0%}); judge each survivor: some change nothing that counts"
    )
    return share


if __name__ == "__main__":
    main()
