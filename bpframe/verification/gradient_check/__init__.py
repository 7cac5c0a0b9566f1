"""Is the gradient that back-propagation computes the derivative of the cost?

Back-propagation's gradient beside derivatives by number, which use `forward` alone:

    m = Im C(θ + i h d) / h,  h = 1e-30 |θ|        where every component computes an analytic function
    extrapolated central differences               elsewhere, of the steps whose error is smallest

In go an engine and examples; out comes a `GradientCheck`, with the places that are wrong. Start with `both_ways.py`.

Sources: W. Squire and G. Trapp, *Using complex variables to estimate derivatives of real functions*, SIAM Review 40
(1998), 110–112; L. F. Richardson, Phil. Trans. A 226 (1927), 299–361.
"""

from bpframe.verification.gradient_check.both_ways import BothWays
from bpframe.verification.gradient_check.findings import CheckedEntry, CheckedPath, Fault, GradientCheck

__all__ = ["BothWays", "CheckedEntry", "CheckedPath", "Fault", "GradientCheck"]
