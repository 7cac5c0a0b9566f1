"""What an example reaches, as medians of 5 seeds: python tests/examples/five_seeds.py NAME"""

from __future__ import annotations

import statistics
import sys

from bpframe.documents import read_spec
from bpframe.examples import example_named
from bpframe.runs import overridden

SEEDS = range(5)


def medians(name: str) -> dict[str, float]:
    """Return the median of every number that the example reports."""
    example = example_named(name)
    reached = [example.run(overridden(read_spec(example.spec), seed=seed), False)[0] for seed in SEEDS]
    return {what: statistics.median(each[what] for each in reached) for what in reached[0]}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, *(f"{what}: {number:.4g}" for what, number in medians(name).items()), sep="\n  ")
