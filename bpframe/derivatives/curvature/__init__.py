"""Curvature of the mean cost without its whole matrix: diagonals, diagonal blocks, Kronecker factors."""

from bpframe.derivatives.curvature.factors import KroneckerFactors

__all__ = ["KroneckerFactors"]
