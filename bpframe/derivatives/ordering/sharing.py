"""What is computed once for a batch, and what once for each of its examples."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from bpframe.derivatives.ordering.factor import Factor

__all__ = ["Sharing"]


class Sharing:
    """The runs of factors that a batch shares, and what sending one vector of every example through factors costs.

        s_{j,i} = 1 where all factors from i to j are shared, else the batch

    Indices are from 0.
    """

    def __init__(self, chain: Sequence[Factor], batch: int) -> None:
        self.batch = batch
        self._edges = [0, *accumulate(factor.edges for factor in chain)]
        self._upto: list[int] = []  # by i: the first factor from i on that is not shared
        for at in reversed(range(len(chain))):
            self._upto.append(at if not chain[at].shared else self._upto[-1] if self._upto else len(chain))
        self._upto.reverse()
        self._down: list[int] = []  # by j: one more than the last factor up to j that is not shared
        for at, factor in enumerate(chain):
            self._down.append(at + 1 if not factor.shared else self._down[-1] if self._down else 0)

    def times(self, i: int, j: int) -> int:
        """Return s_{j,i}."""
        return 1 if j < self._upto[i] else self.batch

    def pushed(self, i: int, k: int, j: int) -> int:
        """Return the cost of pushing one column of J_{k,i}, or of the identity where k = i − 1, through k + 1 … j."""
        edges, upto = self._edges, self._upto[i]
        shared = max(min(j + 1, upto), k + 1)
        return edges[shared] - edges[k + 1] + self.batch * (edges[j + 1] - edges[shared])

    def pulled(self, j: int, k: int, i: int) -> int:
        """Return the cost of pulling one row of J_{j,k}, or of the identity where k = j + 1, back through k − 1 … i."""
        edges, down = self._edges, self._down[j]
        shared = min(max(i, down), k)
        return edges[k] - edges[shared] + self.batch * (edges[shared] - edges[i])
