"""The benchmark suite: steps of networks beside peers, what ships, growth, overhead of a node, an epoch, memory.

    python tests/benchmarks/suite.py [--quick] [--only NAME] [--json FILE] [--keep FILE] [--compare FILE]
                                     [--markdown FILE] [--plot FILE]

Peers that are not installed are left out and named (the extra `bench` has them). The process starts itself again with
the BLAS kernel that fits the processor; BPFRAME_BLAS=keep leaves it as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import comparing, components, page, plots
from tests.benchmarks.allocations import steady_state
from tests.benchmarks.cases import NETWORKS, chain
from tests.benchmarks.epoch import EXAMPLES, QUICK_EXAMPLES, epoch, line
from tests.benchmarks.growth import SWEEPS, grown
from tests.benchmarks.machine import description, start_with_better_kernel
from tests.benchmarks.measuring import measure
from tests.benchmarks.overhead import overhead
from tests.benchmarks.targets import judged
from tests.benchmarks.timing import markdown

#: Rounds, and the seconds of one turn; when quick, only the suite itself is tried.
ROUNDS, TURN = 31, 0.01
QUICK_ROUNDS, QUICK_TURN = 5, 0.003

#: The batches at which the reference network's memory is looked at.
MEMORY_BATCHES = (10, 1000)

PARTS = ("steps", "components", "growth", "overhead", "epoch", "memory")


def measure_all(
    results: dict[str, Any], only: Collection[str] = (), quick: bool = False, rounds: int | None = None
) -> None:
    """Fill in the results of the parts, networks or sweeps that were asked for, of all by default; print them too."""
    rounds = rounds or (QUICK_ROUNDS if quick else ROUNDS)
    turn = QUICK_TURN if quick else TURN

    def chosen(part: str, names: Mapping[str, Any]) -> list[str]:
        return [name for name in names if not only or part in only or name in only]

    results |= {"format": 1, "machine": description(), "rounds": rounds, "quick": quick}
    if (load := results["machine"]["load"] or 0.0) > page.BUSY:
        print(f"others are at work here (load {load}): what is measured now tells little", flush=True)
    if networks := chosen("steps", NETWORKS):
        results["steps"] = []
        for name in networks:
            case = NETWORKS[name]()
            print(f"{name}: {case.name}, batch {case.batch} ...", flush=True)
            results["steps"].append(measure(case, rounds, turn))
        show("median µs of a training step", page.times(results["steps"]))
        show("bpframe's time beside each", page.ratios(results["steps"]))
        print(page.spread(results["steps"]), *(f"- {each}" for each in page.reasons(results["steps"])), sep="\n")
    if pairs := chosen("components", components.PAIRS):
        results["components"] = {"machine": results["machine"], "rows": []}
        for name in pairs:
            print(f"{name}: {components.PAIRS[name].name} ...", flush=True)
            results["components"]["rows"].append(components.measure(components.PAIRS[name], rounds, turn))
        show("median µs of a training step", [components.row(each) for each in results["components"]["rows"]])
        print(*(f"- {each}" for each in page.missed(results["components"]["rows"])), sep="\n")
    if sweeps := chosen("growth", SWEEPS):
        results["growth"] = []
        for name in sweeps:
            print(f"growth: {name} ...", flush=True)
            results["growth"].append(grown(name, rounds, turn, quick))
            show(SWEEPS[name].what, page.times(results["growth"][-1]["points"]))
        show("exponents over the last decade", page.exponents(results["growth"]))
    if chosen("overhead", {"overhead": None}):
        results["overhead"] = overhead(rounds, turn)
        print(f"\n{page.overhead_line(results['overhead'])}", flush=True)
    if chosen("epoch", {"epoch": None}):
        results["epoch"] = epoch(rounds, QUICK_EXAMPLES if quick else EXAMPLES)
        print(f"\n{line(results['epoch'])}", flush=True)
    if chosen("memory", {"memory": None}):
        results["memory"] = [steady_state(chain(784, 30, 10, batch=batch)) for batch in MEMORY_BATCHES]
        show("allocations per step", page.allocations(results["memory"]))
        for each in results["memory"]:
            show(f"of which, batch {each['batch']}", each["lines"] or [{"place": "none"}])
    if aims := judged(results):
        show("what is aimed at", aims)


def show(title: str, rows: Any) -> None:
    print(f"\n{title}\n\n{markdown(rows)}\n", flush=True)


def compared(before: Mapping[str, Any], now: Mapping[str, Any], threshold: float) -> bool:
    """Print the changes since another run; return whether something became slower.

    Errors: SystemExit where the runs have nothing in common.
    """
    found = comparing.changes(before, now)
    if not found:
        raise SystemExit("the two runs have no measurement in common")
    for difference in comparing.differences(before, now):
        print(f"another machine: {difference}")
    show(f"ratios since {before['machine']['date']}; judged beyond {threshold:.0%} and the noise",
         comparing.table(found, threshold))  # fmt: skip
    slower = [each.what for each in found if each.verdict(threshold) == "slower"]
    print(f"slower: {'; '.join(slower)}" if slower else "nothing became slower")
    return bool(slower)


def _measured(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts, without what is said of the run: that stays that of the results which they join."""
    return {part: results[part] for part in PARTS if part in results}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = (*PARTS, *NETWORKS, *components.PAIRS, *SWEEPS)
    parser.add_argument("--quick", action="store_true", help="a few short rounds: to see that all of it works")
    parser.add_argument("--rounds", type=int, help=f"how often each candidate has its turn; {ROUNDS} by default")
    parser.add_argument("--only", action="append", default=[], choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--read", type=Path, metavar="FILE", help="show these results and measure nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results, for --compare and --read")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="write these results' parts that were not measured, too"
    )
    parser.add_argument("--compare", type=Path, metavar="FILE", help="exit with 1 where something became slower")
    parser.add_argument("--threshold", type=float, default=10.0, metavar="PERCENT", help="of --compare; 10 by default")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw FILE-steps and FILE-growth (extra plot)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write a page, with links to the plots")
    asked = parser.parse_args(arguments)
    # Before the hour of measuring, not after it.
    before = None if asked.compare is None else json.loads(asked.compare.read_text(encoding="utf-8"))
    if asked.read:
        results = json.loads(asked.read.read_text(encoding="utf-8"))
    else:
        start_with_better_kernel()
        results = {}
        try:
            measure_all(results, asked.only, asked.quick, asked.rounds)
        finally:  # also of a run that was stopped after half an hour
            if asked.keep:
                results = json.loads(asked.keep.read_text(encoding="utf-8")) | _measured(results)
            if asked.json:
                asked.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    drawings = plots.draw(results, asked.plot) if asked.plot else []
    if asked.markdown:
        asked.markdown.write_text(page.page(results, drawings, asked.markdown), encoding="utf-8")
    slower = before is not None and compared(before, results, asked.threshold / 100)
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
