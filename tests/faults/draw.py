"""Draw single-place faults, plant each in a copy of the tree, run the tests, and print those that nobody notices.

    python tests/faults/draw.py --count 100 --seed 1 bpframe/core/operators bpframe/derivatives

A copy is made in a temporary folder; the working tree is only read. The first run also writes down which tests run
which lines (`--map`); later ones look again at test files that are newer. Remove the map after a change of sources. A
fault then meets the tests that run its line, quick ones first. A survivor is printed as a diff: a person judges whether
it changes what bpframe does, and writes the test that is missing, or whether it does not.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported: what is forked has one thread
os.environ["MPLBACKEND"] = "agg"

from chance import draw
from covering import Selected, copied, run_apart
from fault import Fault
from reach import reach_of

ROOT = Path(__file__).parents[2]
DEFAULT_MAP = Path(tempfile.gettempdir()) / f"bpframe-covering-{os.getuid()}.json"


@dataclass(frozen=True)
class Outcome:
    """What became of a fault: the first test that failed, or "" where it survived."""

    fault: Fault
    noticed_by: str
    tests: int
    seconds: float


_tree: Path  # of this worker


def _begin(folder: str) -> None:
    global _tree
    _tree = copied(ROOT, Path(tempfile.mkdtemp(dir=folder)) / "tree")


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
    parser.add_argument("--seconds", type=float, default=200, help="how long the tests of one fault may take")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--map", type=Path, default=DEFAULT_MAP)
    given = parser.parse_args(arguments)

    imported()
    reach, held = reach_of(ROOT, given.map), sources(given.paths, given.without)
    work = []
    for fault in draw(held, given.count, given.seed):
        names = reach.chosen(fault, given.seconds)
        work.append((fault, names, reach.seconds(names)))
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
