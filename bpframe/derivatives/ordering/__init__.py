"""In which order is a product of Jacobians cheapest?

The cheapest way to multiply out a chain of Jacobians, planned from sizes alone. The Jacobian of f = f_p ∘ … ∘ f_1 is a
product that may be bracketed in any way, and each part of it may be had by multiplying matrices or by sending vectors
through the functions:

    J = J_p ⋯ J_2 J_1,    J_k = ∂f_k/∂v of shape (m_k, n_k),    m_k = n_{k+1}

In go factors, which are sizes and costs; out comes a plan in steps. Start with `factor.py`, then `bracketing.py`;
graphs with branches are in `elimination.py`.
"""

from __future__ import annotations

from bpframe.derivatives.ordering.bracketing import plan_chain
from bpframe.derivatives.ordering.chain_plan import Action, ChainPlan, ChainStep
from bpframe.derivatives.ordering.factor import Factor

__all__ = ["Action", "ChainPlan", "ChainStep", "Factor", "plan_chain"]
