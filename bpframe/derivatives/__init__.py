"""What can be known of how a network's values change?

Derivatives of whole networks, a folder for each question, all from the components' local Jacobians. In goes an engine
with checked arrays; out come products, matrices and factors. `plan_chain` and `plan_elimination` find in which order
Jacobians are best multiplied. Start with `first_order/node_errors.py`.
"""

from bpframe.derivatives.ordering import ChainPlan, Factor, plan_chain
from bpframe.derivatives.ordering.elimination import EliminationPlan, plan_elimination

__all__ = ["ChainPlan", "EliminationPlan", "Factor", "plan_chain", "plan_elimination"]
