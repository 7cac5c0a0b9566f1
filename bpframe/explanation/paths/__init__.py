"""Along which paths does a number act on another?

The numbers of one example as a graph: multiply along a path, add over all paths. For a weight every path to the cost
with the factors on its edges, eqs. (6)-(12); how many paths there are, and how many multiplications the ways to all
derivatives need. In goes a trace of one example; out come dataclasses that hold numbers and text alone. Start with
`scalar_graph.py`, then `chain_rule.py`.
"""

from bpframe.explanation.paths.building import scalar_graph
from bpframe.explanation.paths.chain_rule import ChainRule, Factor, PathProduct, chain_rule
from bpframe.explanation.paths.counts_plot import draw_counts
from bpframe.explanation.paths.factoring import ErrorLine
from bpframe.explanation.paths.growth import GrowthPoint, growth
from bpframe.explanation.paths.multiplications import Multiplications, multiplications
from bpframe.explanation.paths.scalar_graph import ScalarGraph, Scalars
from bpframe.explanation.paths.shared_factors import SharedFactor, shared_factors

__all__ = [
    "ChainRule",
    "ErrorLine",
    "Factor",
    "GrowthPoint",
    "Multiplications",
    "PathProduct",
    "ScalarGraph",
    "Scalars",
    "SharedFactor",
    "chain_rule",
    "draw_counts",
    "growth",
    "multiplications",
    "scalar_graph",
    "shared_factors",
]
