"""The search for the cheapest bracketing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import prod
from typing import Any, TypeAlias

import numpy as np

from bpframe.derivatives.bracketing.factor import Factor, checked_chain
from bpframe.derivatives.bracketing.plan import Action, ChainPlan, ChainStep

__all__ = ["plan_chain"]

Array = np.ndarray[Any, Any]

#: By the (first, last) factor of a part, from 0: what to do and where to split it.
_Choice: TypeAlias = dict[tuple[int, int], tuple[Action, int]]


def plan_chain(factors: Iterable[Factor | Sequence[int]]) -> ChainPlan:
    """Plan the cheapest way to the Jacobian of a chain of functions, with the function that is applied first first.

        C_{j,i} = min over i ≤ k < j of   C_{j,k+1} + C_{k,i} + m_j m_k n_i       dense product
                                          C_{k,i} + n_i (|E_{k+1}| + … + |E_j|)   tangent product
                                          C_{j,k+1} + m_j (|E_i| + … + |E_k|)     adjoint product
        C_{i,i} = |E_i| min(m_i, n_i)     or what `known` says, where that is less

    Each factor is (outputs m, inputs n, edges |E|) or a `Factor`. The plan is the best of all mixtures, in exact
    integers; it takes O(p³) operations for p factors.

    Errors: DerivativeError where there is no factor, or one is not of positive integers or does not take what the one
    before it gives; it names the factor.

    Source: Naumann, Optimization of Generalized Jacobian Chain Products without Memory Constraints (2020); for dense
    products alone, Godbole, On Efficient Computation of Matrix Chain Products (1973).
    """
    chain = checked_chain(factors)
    sizes = [chain[0].inputs, *(factor.outputs for factor in chain)]
    edges = [factor.edges for factor in chain]
    alone = [_accumulation(factor) for factor in chain]
    costs = [cost for _, cost in alone]
    best, choice = _search(costs, sizes, edges)
    return ChainPlan(
        factors=chain,
        steps=_steps(alone, sizes, edges, choice),
        cost=best,
        tangent=sizes[0] * sum(edges),
        adjoint=sizes[-1] * sum(edges),
        preaccumulation=_search(costs, sizes, None)[0],
    )


def _accumulation(factor: Factor) -> tuple[Action, int]:
    """The cheapest way to one factor's Jacobian, C_{i,i}."""
    ways: list[tuple[Action, int]] = [] if factor.known is None else [("known", factor.known)]
    ways.append(("accumulate, tangent", factor.inputs * factor.edges))
    ways.append(("accumulate, adjoint", factor.outputs * factor.edges))
    return min(ways, key=lambda way: way[1])


def _search(alone: list[int], sizes: list[int], edges: list[int] | None) -> tuple[int, _Choice]:
    """Return C_{p,1} and the best choice for every part; indices from 0; without `edges`, of dense products alone.

    The tangent products of all splits share the term n_i (|E_1| + … + |E_j|), so that their best split is a running
    minimum, and so are the adjoint ones. Only dense products need a search, along two contiguous rows.
    """
    count = len(alone)
    near = _Nearness(alone, sizes)
    costs: dict[tuple[int, int], int] = {}
    earlier = np.zeros((count, count))  # earlier[i, k] = C_{k,i}, in floating point
    later = np.zeros((count, count))  # later[j, k] = C_{j,k}: the same, transposed
    inner = np.array([size / near.scale for size in sizes])
    before = [0, *accumulate(edges or [])]
    pushed: list[tuple[int, int]] = []  # by i: the least C_{k,i} − n_i (|E_1| + … + |E_k|), with its k
    choice: _Choice = {}
    best = 0
    for j in range(count):
        pulled: tuple[int, int] | None = None  # the least C_{j,k+1} + m_j (|E_1| + … + |E_k|), with −k
        best = alone[j]
        costs[j, j] = best
        earlier[j, j] = later[j, j] = best / near.unit
        for i in range(j - 1, -1, -1):
            outer = sizes[i] * sizes[j + 1]
            products = earlier[i, i:j] + later[j, i + 1 : j + 1]
            products += outer * near.scale / near.unit * inner[i + 1 : j + 1]
            cost, split = min(
                (costs[i, k] + costs[k + 1, j] + outer * sizes[k + 1], k) for k in near.least(products, i)
            )
            action: Action = "dense product"
            if edges is not None:
                # Of equal splits the one that sends vectors through most factors: fewest steps.
                candidate = (best + sizes[j + 1] * before[i + 1], -i)  # `best` is C_{j,i+1}
                pulled = candidate if pulled is None else min(pulled, candidate)
                adjoint = pulled[0] - sizes[j + 1] * before[i]
                tangent = pushed[i][0] + sizes[i] * before[j + 1]
                if adjoint <= cost:
                    cost, split, action = adjoint, -pulled[1], "adjoint product"
                if tangent <= cost:
                    cost, split, action = tangent, pushed[i][1], "tangent product"
            best = cost
            costs[i, j] = best
            earlier[i, j] = later[j, i] = best / near.unit
            choice[i, j] = action, split
        if edges is not None:
            reached = before[j + 1]
            pushed = [min(least, (costs[i, j] - sizes[i] * reached, j)) for i, least in enumerate(pushed)]
            pushed.append((alone[j] - sizes[j] * reached, j))
    return best, choice


class _Nearness:
    """Which products may be the cheapest, judged in floating point; their exact costs then decide.

    Costs of any magnitude are compared at the speed of float64: below 2^53 they are exact, above it the cheapest is
    among those that rounding cannot tell apart. `unit` and `scale` keep the largest cost and size finite in float64.
    """

    def __init__(self, alone: list[int], sizes: list[int]) -> None:
        bound = sum(alone) + len(alone) * prod(sorted(sizes)[-3:])  # no bracketing of dense products costs more
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
    alone: list[tuple[Action, int]], sizes: list[int], edges: list[int], choice: _Choice
) -> tuple[ChainStep, ...]:
    before = [0, *accumulate(edges)]
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
            cost = columns * (before[j + 1] - before[k + 1])
        elif action == "adjoint product":
            cost = rows * (before[k + 1] - before[i])
        else:
            cost = rows * sizes[k + 1] * columns
        found.append(ChainStep(action, i + 1, j + 1, k + 1, rows, columns, cost))
        if action != "adjoint product":
            pending.append((i, k))
        if action != "tangent product":
            pending.append((k + 1, j))
    return tuple(reversed(found))
