"""Many programs: python tests/soundness/soak.py --programs 10000 --seed 0

Prints each program that fails, made smaller, and a summary of what was found.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.soundness.generating import program_of
from tests.soundness.program import Program
from tests.soundness.running import Finding, findings
from tests.soundness.shrinking import shrunk


def examined(seed: int) -> list[Finding]:
    """Return what is wrong with a seed's program; a program that cannot be built is wrong too."""
    return found_in(program_of(seed))


def found_in(program: Program) -> list[Finding]:
    try:
        return findings(program)
    except Exception as error:
        return [Finding("the program cannot be run", "the start", f"{error}\n{traceback.format_exc(limit=-2)}")]


def smaller(program: Program, kind: str) -> Program:
    """Return a smaller program with a finding of the same kind."""
    return shrunk(program, lambda each: any(finding.kind == kind for finding in found_in(each)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first program; the others follow")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--most", type=int, default=20, help="how many failing programs are printed")
    asked = parser.parse_args()
    started, kinds, failing = time.perf_counter(), Counter[str](), 0
    seeds = range(asked.seed, asked.seed + asked.programs)
    with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
        for seed, found in zip(seeds, pool.imap(examined, seeds, chunksize=20), strict=True):
            if not found:
                continue
            failing += 1
            kinds.update({each.kind for each in found})
            if failing <= asked.most:
                least = smaller(program_of(seed), found[0].kind)
                print(f"# seed {seed}\n" + "".join(f"# {line}\n" for each in found for line in str(each).splitlines()))
                print(least.script, flush=True)
    print(f"{asked.programs} programs from seed {asked.seed} in {time.perf_counter() - started:.0f} s: {failing} fail")
    for kind, count in kinds.most_common():
        print(f"{count:6d}  {kind}")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
