"""Derivatives of whole networks, one product per file, all from the components' local Jacobians.

`plan_chain` and `plan_elimination` find in which order Jacobians are best multiplied.
"""

from bpframe.derivatives.ordering import ChainPlan, Factor, plan_chain
from bpframe.derivatives.ordering.elimination import EliminationPlan, plan_elimination

__all__ = ["ChainPlan", "EliminationPlan", "Factor", "plan_chain", "plan_elimination"]
