"""How is the mean cost curved, without its whole matrix?

Diagonals, diagonal blocks and Kronecker factors of the Gauss–Newton matrix and the Fisher matrix, and the diagonal of
the Hessian. In goes a linearisation; out come arrays by parameter. Start with `diagonal.py`; `columns.py` is what they
are added up from.
"""

from bpframe.derivatives.curvature.factors import KroneckerFactors

__all__ = ["KroneckerFactors"]
