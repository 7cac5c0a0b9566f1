"""The search for the cheapest bracketing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import prod
from typing import TypeAlias

import numpy as np

from bpframe.derivatives.ordering.chain_plan import Action, ChainPlan, ChainStep
from bpframe.derivatives.ordering.factor import Factor, checked_chain
from bpframe.derivatives.points.given_integers import checked_integer
from bpframe.validation.plain_arrays import Array

__all__ = ["plan_chain"]


#: By the (first, last) factor of a part, from 0: what to do and where to split it.
_Choice: TypeAlias = dict[tuple[int, int], tuple[Action, int]]


def plan_chain(factors: Iterable[Factor | Sequence[int]], batch: int = 1) -> ChainPlan:
    """Plan the cheapest way to the Jacobian of a chain of functions, with the function that is applied first first.

        C_{j,i} = min over i ≤ k < j of   C_{j,k+1} + C_{k,i} + s_{j,i} m_j m_k n_i            dense product
                                          C_{k,i} + n_i (s_{k+1,i} |E_{k+1}| + … + s_{j,i} |E_j|)    tangent product
                                          C_{j,k+1} + m_j (s_{j,i} |E_i| + … + s_{j,k} |E_k|)        adjoint product
        C_{i,i} = s_{i,i} |E_i| min(m_i, n_i)     or what `known` says, where that is less
        s_{j,i} = 1 where all of the factors i to j are shared by the examples, `batch` otherwise

    Each factor is (outputs m, inputs n, edges |E|) or a `Factor`. The plan is the best of all mixtures, in exact
    integers; it takes O(p³) operations for p factors. With a `batch` of several examples all costs are those of the
    whole batch.

    Errors: DerivativeError where there is no factor, or one is not of positive integers or does not take what the one
    before it gives; it names the factor.

    Source: Naumann, Optimization of Generalized Jacobian Chain Products without Memory Constraints (2020); for dense
    products alone, Godbole, On Efficient Computation of Matrix Chain Products (1973).
    """
    chain = checked_chain(factors)
    sharing = _Sharing(chain, checked_integer(batch, "batch"))
    sizes = [chain[0].inputs, *(factor.outputs for factor in chain)]
    alone = [_accumulation(factor, sharing.times(at, at)) for at, factor in enumerate(chain)]
    costs = [cost for _, cost in alone]
    best, choice = _search(costs, sizes, sharing, mixed=True)
    last = len(chain) - 1
    return ChainPlan(
        factors=chain,
        steps=_steps(alone, sizes, sharing, choice),
        cost=best,
        tangent=sizes[0] * sharing.pushed(0, -1, last),
        adjoint=sizes[-1] * sharing.pulled(last, last + 1, 0),
        preaccumulation=_search(costs, sizes, sharing, mixed=False)[0],
        batch=sharing.batch,
    )


def _accumulation(factor: Factor, times: int) -> tuple[Action, int]:
    """The cheapest way to one factor's Jacobian, C_{i,i}."""
    ways: list[tuple[Action, int]] = [] if factor.known is None else [("known", factor.known)]
    ways.append(("accumulate, tangent", factor.inputs * factor.edges * times))
    ways.append(("accumulate, adjoint", factor.outputs * factor.edges * times))
    return min(ways, key=lambda way: way[1])


def _search(alone: list[int], sizes: list[int], sharing: _Sharing, mixed: bool) -> tuple[int, _Choice]:
    """Return C_{p,1} and the best choice for every part; indices from 0; without `mixed`, of dense products alone.

    The tangent products of all splits share what is pushed from i to j, so that their best split is a running minimum,
    and so are the adjoint ones. Only dense products need a search, along two contiguous rows; s_{j,i} is the same for
    all splits, because not all of i to j are shared where one side is not.
    """
    count = len(alone)
    near = _Nearness(alone, sizes, sharing.batch)
    costs: dict[tuple[int, int], int] = {}
    earlier = np.zeros((count, count))  # earlier[i, k] = C_{k,i}, in floating point
    later = np.zeros((count, count))  # later[j, k] = C_{j,k}: the same, transposed
    inner = np.array([size / near.scale for size in sizes])
    pushed: list[tuple[int, int]] = []  # by i: the least C_{k,i} less what is pushed from i to k, with its k
    choice: _Choice = {}
    best = 0
    for j in range(count):
        pulled: tuple[int, int] | None = None  # the least C_{j,k+1} less what is pulled from j to k + 1, with −k
        best = alone[j]
        costs[j, j] = best
        earlier[j, j] = later[j, j] = best / near.unit
        for i in range(j - 1, -1, -1):
            outer = sizes[i] * sizes[j + 1] * sharing.times(i, j)
            products = earlier[i, i:j] + later[j, i + 1 : j + 1]
            products += outer * near.scale / near.unit * inner[i + 1 : j + 1]
            cost, split = min(
                (costs[i, k] + costs[k + 1, j] + outer * sizes[k + 1], k) for k in near.least(products, i)
            )
            action: Action = "dense product"
            if mixed:
                # Of equal splits the one that sends vectors through most factors: fewest steps. Of equal ways the
                # adjoint one, whose rows lie in memory as those of the result.
                candidate = (best - sizes[j + 1] * sharing.pulled(j, j + 1, i + 1), -i)  # `best` is C_{j,i+1}
                pulled = candidate if pulled is None else min(pulled, candidate)
                adjoint = pulled[0] + sizes[j + 1] * sharing.pulled(j, j + 1, i)
                tangent = pushed[i][0] + sizes[i] * sharing.pushed(i, i - 1, j)
                if adjoint <= cost:
                    cost, split, action = adjoint, -pulled[1], "adjoint product"
                if tangent < cost or (tangent == cost and action == "dense product"):
                    cost, split, action = tangent, pushed[i][1], "tangent product"
            best = cost
            costs[i, j] = best
            earlier[i, j] = later[j, i] = best / near.unit
            choice[i, j] = action, split
        if mixed:
            pushed = [
                min(least, (costs[i, j] - sizes[i] * sharing.pushed(i, i - 1, j), j)) for i, least in enumerate(pushed)
            ]
            pushed.append((alone[j] - sizes[j] * sharing.pushed(j, j - 1, j), j))
    return best, choice


class _Sharing:
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


class _Nearness:
    """Which products may be the cheapest, judged in floating point; their exact costs then decide.

    Costs of any magnitude are compared at the speed of float64: below 2^53 they are exact, above it the cheapest is
    among those that rounding cannot tell apart. `unit` and `scale` keep the largest cost and size finite in float64.
    """

    def __init__(self, alone: list[int], sizes: list[int], batch: int) -> None:
        bound = sum(alone) + len(alone) * batch * prod(sorted(sizes)[-3:])  # no bracketing of dense products costs more
        self.unit = 2 ** max(0, bound.bit_length() - 1000)
        self.scale = 2 ** max(0, max(sizes).bit_length() - 500)
        self.exact = bound < 2**53

    def least(self, products: Array, start: int) -> list[int]:
        """Return the positions of the least products, counted from `start`."""
        where = int(products.argmin())
        if self.exact:
            return [start + where]
        within = products <= products[where] * (1 + 1e-14) + 1e-300  # a few roundings of 2^-53 each; underflow
        return [start + int(each) for each in np.flatnonzero(within)]


def _steps(
    alone: list[tuple[Action, int]], sizes: list[int], sharing: _Sharing, choice: _Choice
) -> tuple[ChainStep, ...]:
    found: list[ChainStep] = []
    pending = [(0, len(alone) - 1)]
    while pending:
        i, j = pending.pop()
        columns, rows = sizes[i], sizes[j + 1]
        if i == j:
            action, cost = alone[i]
            found.append(ChainStep(action, i + 1, i + 1, None, rows, columns, cost))
            continue
        action, k = choice[i, j]
        if action == "tangent product":
            cost = columns * sharing.pushed(i, k, j)
        elif action == "adjoint product":
            cost = rows * sharing.pulled(j, k + 1, i)
        else:
            cost = rows * sizes[k + 1] * columns * sharing.times(i, j)
        found.append(ChainStep(action, i + 1, j + 1, k + 1, rows, columns, cost))
        if action != "adjoint product":
            pending.append((i, k))
        if action != "tangent product":
            pending.append((k + 1, j))
    return tuple(reversed(found))
