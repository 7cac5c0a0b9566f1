"""What must hold of a component?

The checks of the conformance kit, by family: values, every entry of the Jacobian, products, second order, extremes,
description. In goes a setting, one component at points of its domain; out comes nothing, or a failure that says what
was expected. Start with `base.py`, then `entries.py`.
"""

from bpframe.testing.checks.asked import checks_of_the_asked
from bpframe.testing.checks.base import Check, Failure, Setting, Skipped
from bpframe.testing.checks.constraints import constraint_checks
from bpframe.testing.checks.description import description_checks
from bpframe.testing.checks.drafts import draft_checks, is_draft
from bpframe.testing.checks.entries import entry_checks
from bpframe.testing.checks.extremes import extreme_checks
from bpframe.testing.checks.inside_blocks import block_checks
from bpframe.testing.checks.penalties import penalty_checks
from bpframe.testing.checks.pure_passes import pure_checks
from bpframe.testing.checks.second_order import second_order_checks
from bpframe.testing.checks.values import value_checks
from bpframe.testing.checks.weights import weight_checks
from bpframe.testing.checks.without_jacobian import checks_without_jacobian

__all__ = ["CHECKS", "DRAFT_CHECKS", "Check", "Failure", "Setting", "Skipped", "is_draft"]

#: Each returns the checks that a setting's declarations call for.
CHECKS = (
    block_checks,
    value_checks,
    entry_checks,
    second_order_checks,
    weight_checks,
    extreme_checks,
    pure_checks,
    checks_without_jacobian,
    penalty_checks,
    constraint_checks,
    checks_of_the_asked,
    description_checks,
)

#: Where the Jacobian is measured and not declared, there is nothing to compare.
DRAFT_CHECKS = (value_checks, draft_checks, description_checks)
