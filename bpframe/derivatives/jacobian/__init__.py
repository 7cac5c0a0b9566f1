"""What is the whole Jacobian of one value in another?

Full Jacobians of any value in any value or parameter, in the order that takes the fewest multiplications.

    ∂v_t/∂v_s = Σ over paths from s to t of the product of the local Jacobians along the path

The part of the network between the two is cut where every path passes: a chain of segments, planned by `plan_chain`, in
which a segment with branches is multiplied out by eliminating its inner values. In goes a trace with two names; out
come arrays, dense or sparse, or an operator. Start with `derivation.py`, then `chain.py`.
"""

from __future__ import annotations

from bpframe.derivatives.jacobian.dense import dense_jacobians
from bpframe.derivatives.jacobian.derivation import Derivation, Order, derivation_of
from bpframe.derivatives.jacobian.endpoints import sources, targets
from bpframe.derivatives.jacobian.explanation import Explanation, Route, Structure, explain
from bpframe.derivatives.jacobian.factored import Branched, factored_jacobian
from bpframe.derivatives.jacobian.sparse import sparse_jacobian

__all__ = [
    "Branched",
    "Derivation",
    "Explanation",
    "Order",
    "Route",
    "Structure",
    "dense_jacobians",
    "derivation_of",
    "explain",
    "factored_jacobian",
    "sources",
    "sparse_jacobian",
    "targets",
]
