"""Plans of chains are optimal, exact, and cost what carrying them out costs."""

from __future__ import annotations

import pickle
import random
import re
import time
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bpframe.core.operators import Diagonal, IdentityMap, Matrix
from bpframe.derivatives.ordering import ChainPlan, ChainStep, Factor, plan_chain
from bpframe.errors import DerivativeError

from .counting import Counted, counted, plain

Chain = list[tuple[int, int, int]]

README = [(3, 3, 29), (1, 3, 14), (2, 1, 7)]


def random_chain(rng: random.Random, count: int, largest: int = 12, most_edges: int = 60) -> Chain:
    sizes = [rng.randint(1, largest) for _ in range(count + 1)]
    return [(m, n, rng.randint(1, most_edges)) for n, m in pairwise(sizes)]


def cheapest_of_all(chain: Sequence[Factor | tuple[int, int, int]], batch: int = 1) -> int:
    """Walk through everything that can be done next, one elementary step at a time, with no splitting of intervals.

    A state is what is held: a row of parts, each a function that is not yet accumulated or the Jacobian of a run of
    factors. A step accumulates one function, multiplies two Jacobians that are neighbours, or sends a Jacobian through
    one function beside it. It is done once where all that it touches is shared, else once per example.
    """
    factors = [Factor(*factor) for factor in chain]

    @cache
    def cheapest(parts: tuple[tuple[int, int, bool], ...]) -> int:
        if len(parts) == 1 and parts[0][2]:
            return 0
        ways = []
        for at, (first, last, held) in enumerate(parts):
            if not held:
                factor = factors[first]
                times = 1 if factor.shared else batch
                rest = cheapest((*parts[:at], (first, last, True), *parts[at + 1 :]))
                ways.append(factor.edges * min(factor.outputs, factor.inputs) * times + rest)
                if factor.known is not None:
                    ways.append(factor.known + rest)
        for at, ((first, middle, left), (_, last, right)) in enumerate(pairwise(parts)):
            rows, columns = factors[last].outputs, factors[first].inputs
            times = 1 if all(factor.shared for factor in factors[first : last + 1]) else batch
            if left and right:
                cost = rows * factors[middle].outputs * columns
            elif left:
                cost = columns * factors[last].edges
            elif right:
                cost = rows * factors[first].edges
            else:
                continue
            ways.append(cost * times + cheapest((*parts[:at], (first, last, True), *parts[at + 2 :])))
        return min(ways)

    return cheapest(tuple((number, number, False) for number in range(len(factors))))


def cheapest_products(chain: Chain) -> int:
    """Accumulate every factor, then try every order of dense products, recursively."""

    @cache
    def products(first: int, last: int) -> int:
        return min(
            (
                products(first, k) + products(k + 1, last) + chain[last][0] * chain[k][0] * chain[first][1]
                for k in range(first, last)
            ),
            default=0,
        )

    return sum(edges * min(m, n) for m, n, edges in chain) + products(0, len(chain) - 1)


def test_the_published_example() -> None:
    plan = plan_chain(README)
    assert (plan.cost, plan.tangent, plan.adjoint, plan.preaccumulation) == (56, 150, 100, 123)
    assert plan.bracketing == "J3 (J2 F1)"
    assert [(step.action, step.cost) for step in plan.steps] == [
        ("accumulate, adjoint", 14),
        ("adjoint product", 29),
        ("accumulate, tangent", 7),
        ("dense product", 6),
    ]


def test_plans_are_optimal_among_all_mixtures() -> None:
    rng = random.Random(0)
    beaten = 0
    for case in range(1000):
        # Few edges make sending vectors through cheap, many make dense products cheap.
        chain = random_chain(rng, 1 + case % 7, most_edges=rng.choice([10, 60, 400]))
        plan = plan_chain(chain)
        assert plan.cost == cheapest_of_all(chain), chain
        assert plan.preaccumulation == cheapest_products(chain), chain
        total = sum(edges for _, _, edges in chain)
        assert (plan.tangent, plan.adjoint) == (chain[0][1] * total, chain[-1][0] * total)
        beaten += plan.cost < min(plan.tangent, plan.adjoint, plan.preaccumulation)
    assert beaten > 200  # mixtures are worth their search: the chains are not all of one mode


def test_plans_for_a_batch_are_optimal_with_what_is_shared_done_once() -> None:
    rng = random.Random(7)
    worth = 0
    for case in range(500):
        chain = [
            Factor(m, n, edges, rng.choice([None, 0, rng.randint(0, 500)]), rng.random() < 0.6)
            for m, n, edges in random_chain(rng, 1 + case % 6, most_edges=rng.choice([10, 60, 400]))
        ]
        batch = rng.randint(1, 40)
        plan = plan_chain(chain, batch=batch)
        assert plan.cost == sum(step.cost for step in plan.steps) == cheapest_of_all(chain, batch), (chain, batch)
        apart = plan_chain([factor._replace(shared=False) for factor in chain], batch=batch)
        assert plan.cost <= apart.cost
        worth += plan.cost < plan_chain([factor._replace(shared=False) for factor in chain]).cost * batch
    assert worth > 100


def test_sharing_in_the_usual_ways() -> None:
    # W2 diag(σ') W1 for five examples: only the diagonal differs from one to the next.
    chain = [Factor(4, 3, 12, 0, True), Factor(4, 4, 4, 0), Factor(2, 4, 8, 0, True)]
    plan = plan_chain(chain, batch=5)
    assert plan.tangent == 3 * (12 + 5 * 4 + 5 * 8)  # unit vectors go through W1 once for all
    assert plan.adjoint == 2 * (8 + 5 * 4 + 5 * 12)
    assert plan.cost == 5 * 2 * 4 + 5 * 2 * 4 * 3
    assert plan.batch == 5
    assert "5 examples" in str(plan)
    linear = plan_chain([factor._replace(shared=True) for factor in chain], batch=5)
    assert linear.cost == 2 * 4 + 2 * 4 * 3


@pytest.mark.parametrize("batch", [0, -2, 1.5])
def test_a_batch_is_a_positive_integer(batch: Any) -> None:
    with pytest.raises(DerivativeError, match="batch"):
        plan_chain(README, batch=batch)


def test_all_kinds_of_step_occur() -> None:
    rng = random.Random(1)
    plans = [plan_chain(random_chain(rng, 6)) for _ in range(50)]
    assert len({step.action for plan in plans for step in plan.steps}) == 5
    assert all(plan.cost == sum(step.cost for step in plan.steps) for plan in plans)


def test_the_transposed_chain_costs_the_same_with_tangent_and_adjoint_exchanged() -> None:
    rng = random.Random(2)
    for _ in range(100):
        chain = random_chain(rng, rng.randint(1, 30))
        plan, transposed = plan_chain(chain), plan_chain([(n, m, edges) for m, n, edges in reversed(chain)])
        assert transposed.cost == plan.cost
        assert (transposed.tangent, transposed.adjoint) == (plan.adjoint, plan.tangent)
        assert transposed.preaccumulation == plan.preaccumulation


def test_one_function_is_accumulated_from_its_smaller_side() -> None:
    assert [step.action for step in plan_chain([(2, 5, 7)]).steps] == ["accumulate, adjoint"]
    assert plan_chain([(5, 2, 7)]).cost == plan_chain([(2, 5, 7)]).cost == 14


def test_known_matrices_give_the_matrix_chain_problem() -> None:
    # Cormen, Leiserson, Rivest and Stein, Introduction to Algorithms (3rd ed., 2009), section 15.2.
    sizes = [30, 35, 15, 5, 10, 20, 25]
    rows = list(pairwise(sizes))  # the book's A_1 A_2 … A_6: the factor that is applied first is the last
    plan = plan_chain([Factor(m, n, m * n, known=0) for m, n in reversed(rows)])
    assert plan.cost == plan.preaccumulation == 15125


class Function:
    """A linear function as a computational graph with weighted edges, the last vertices of which are its outputs."""

    def __init__(self, rng: random.Random, outputs: int, inputs: int) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.size = inputs + rng.randint(0, 3) + outputs
        self.edges = [
            (source, target, Counted(rng.randint(-3, 3)))
            for target in range(inputs, self.size)
            for source in rng.sample(range(target), rng.randint(1, target))
        ]

    @property
    def factor(self) -> tuple[int, int, int]:
        return self.outputs, self.inputs, len(self.edges)

    def push(self, columns: Any) -> Any:
        values = counted(np.zeros((self.size, columns.shape[1]), int))
        values[: self.inputs] = columns
        for source, target, weight in self.edges:
            values[target] = values[target] + values[source] * weight
        return values[self.size - self.outputs :]

    def pull(self, rows: Any) -> Any:
        values = counted(np.zeros((rows.shape[0], self.size), int))
        values[:, self.size - self.outputs :] = rows
        for source, target, weight in reversed(self.edges):
            values[:, source] = values[:, source] + values[:, target] * weight
        return values[:, : self.inputs]


def carry_out(step: ChainStep, functions: list[Function], held: dict[tuple[int, int], Any]) -> Any:
    part = functions[step.first - 1 : step.last]
    match step.action:
        case "accumulate, tangent":
            return part[0].push(counted(np.eye(step.columns, dtype=int)))
        case "accumulate, adjoint":
            return part[0].pull(counted(np.eye(step.rows, dtype=int)))
        case "dense product":
            return held[step.later] @ held[step.earlier]  # type: ignore[index]
    assert step.split is not None
    product = held[step.earlier or step.later]  # type: ignore[index]
    if step.action == "tangent product":
        for function in functions[step.split : step.last]:
            product = function.push(product)
    else:
        for function in reversed(functions[step.first - 1 : step.split]):
            product = function.pull(product)
    return product


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_carried_out_multiplies_as_often_as_planned_and_gives_the_product(seed: int) -> None:
    rng = random.Random(seed)
    sizes = [rng.randint(1, 5) for _ in range(rng.randint(2, 7))]
    functions = [Function(rng, m, n) for n, m in pairwise(sizes)]
    plan = plan_chain([function.factor for function in functions])
    held: dict[tuple[int, int], Any] = {}
    Counted.products = 0
    for step in plan.steps:
        before = Counted.products
        held[step.first, step.last] = carry_out(step, functions, held)
        assert held[step.first, step.last].shape == (step.rows, step.columns)
        assert Counted.products - before == step.cost
    assert Counted.products == plan.cost

    product = counted(np.eye(sizes[0], dtype=int))
    for function in functions:
        product = function.push(product)
    np.testing.assert_array_equal(plain(held[1, len(functions)]), plain(product))
    assert plan.cost <= min(plan.tangent, plan.adjoint, plan.preaccumulation)


def test_structure_is_worth_what_the_operators_save() -> None:
    # W2 diag(σ') W1 with the identity of a residual connection before it.
    operators = [IdentityMap(), Matrix(np.ones((40, 30))), Diagonal(np.ones((1, 40))), Matrix(np.ones((5, 40)))]
    for operator, inputs, outputs in zip(operators, (30, 30, 40, 40), (30, 40, 40, 5), strict=True):
        operator.bind((inputs,), (outputs,))
    chain = [Factor(each.out_shape[0], each.in_shape[0], each.cost, known=0) for each in operators]
    plan = plan_chain(chain)
    assert [factor.edges for factor in plan.factors] == [0, 1200, 40, 200]
    assert plan.cost == 5 * 40 + 5 * 40 * 30  # the diagonal scales five rows, then come two products
    dense = plan_chain([(m, n, m * n) for m, n, *_ in chain])
    assert dense.cost > plan.cost + 40 * 40 * 5


def test_a_matrix_of_low_rank_is_two_factors() -> None:
    wide = Factor(100, 100, 100 * 100, known=0)
    plan = plan_chain([wide, Factor(2, 100, 200, known=0), Factor(100, 2, 200, known=0), wide])
    assert plan.cost == 3 * 2 * 100 * 100
    assert plan_chain([wide, wide, wide]).cost == 2 * 100**3


def test_costs_without_structure_do_not_change_by_stating_what_accumulation_costs_anyway() -> None:
    rng = random.Random(3)
    for _ in range(50):
        chain = random_chain(rng, 8)
        stated = plan_chain([Factor(m, n, edges, known=edges * min(m, n)) for m, n, edges in chain])
        assert stated.cost == plan_chain(chain).cost
        dearer = plan_chain([Factor(m, n, edges, known=edges * min(m, n) + 1) for m, n, edges in chain])
        assert dearer.steps == plan_chain(chain).steps


@pytest.mark.parametrize("magnitude", [10**5, 10**6, 10**9, 10**40, 10**400])
def test_costs_of_any_magnitude_are_exact(magnitude: int) -> None:
    rng = random.Random(magnitude % 97)
    for _ in range(20):
        chain = random_chain(rng, 6, most_edges=400)
        plan = plan_chain(chain)
        large = plan_chain([(m * magnitude, n * magnitude, edges * magnitude**2) for m, n, edges in chain])
        assert large.cost == plan.cost * magnitude**3
        assert large.steps == plan_chain(large.factors).steps
        near = [(m * magnitude + 1, n * magnitude + 1, edges * magnitude**2 - 1) for m, n, edges in chain]
        assert plan_chain(near).cost == cheapest_of_all(near)


def test_sizes_near_the_largest_int64_do_not_wrap_around() -> None:
    size = 2**31
    plan = plan_chain([(size, size, size**2)] * 8)
    assert plan.cost == plan.tangent == 8 * size**3
    assert plan_chain([(np.int64(size), np.int32(7), np.int64(size) * 7)]).adjoint == size * size * 7


@pytest.mark.parametrize("magnitude", [10**6, 10**20, 10**400])
def test_the_best_is_found_among_products_that_floating_point_cannot_tell_apart(magnitude: int) -> None:
    rng = random.Random(5)
    for _ in range(30):
        sizes = [magnitude + rng.randint(0, 9) for _ in range(8)]
        chain = [(m, n, 2 * m * n) for n, m in pairwise(sizes)]  # dearer to push through than to multiply with
        plan = plan_chain(chain)
        assert plan.preaccumulation == cheapest_products(chain)
        assert plan_chain([Factor(*factor, known=0) for factor in chain]).cost == plan.preaccumulation - sum(
            edges * min(m, n) for m, n, edges in chain
        )


@pytest.mark.parametrize("largest", [100, 10**12])
def test_500_factors_are_planned_in_seconds(largest: int) -> None:
    rng = random.Random(4)
    sizes = [rng.randint(1, largest) for _ in range(501)]
    chain = [(m, n, rng.randint(1, 4 * m * n)) for n, m in pairwise(sizes)]
    start = time.process_time()
    plan = plan_chain(chain)
    assert time.process_time() - start < 10
    assert plan.cost == sum(step.cost for step in plan.steps)
    assert plan.cost <= min(plan.tangent, plan.adjoint, plan.preaccumulation)


def test_a_deep_bracketing_is_printed_compared_and_pickled() -> None:
    plan = plan_chain([Factor(1 + k, k, 2 * k * (k + 1), known=0) for k in range(1, 601)])
    assert plan.bracketing.count("J") == 600
    assert len(str(plan).splitlines()) == 1 + len(plan.steps)
    again: ChainPlan = pickle.loads(pickle.dumps(plan))
    assert again == plan
    assert hash(again) == hash(plan)
    assert repr(again) == repr(plan)


def test_a_plan_is_printed_as_the_steps_that_it_takes() -> None:
    assert str(plan_chain(README)).splitlines() == [
        "J3 (J2 F1): 56 multiplications (tangent 150, adjoint 100, preaccumulation 123)",
        "  J2     1×3  accumulate, adjoint  F2        14",
        "  J2..1  1×3  adjoint product      J2 F1     29",
        "  J3     2×1  accumulate, tangent  F3         7",
        "  J3..1  2×3  dense product        J3 J2..1   6",
    ]
    assert plan_chain([(9, 1, 1), (9, 9, 1), (9, 9, 1)]).bracketing == "F3 F2 J1"
    assert plan_chain([(9, 9, 1), (9, 9, 1), (1, 9, 1)]).bracketing == "J3 F2 F1"


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        ([], "without factors"),
        (7, "list of factors"),
        (
            [(2, 3, 4), (5, 3, 4)],
            r"factor 2 .* does not take what factor 1 gives\n  expected  2 inputs\n  received  3 inp",
        ),
        ([(2, 3, 4), (0, 2, 4)], r"outputs of factor 2 .*too small"),
        ([(2, -3, 4)], r"inputs of factor 1 .*too small"),
        ([(2, 3, 0)], r"edges of factor 1 .*too small"),
        ([(2, 3, 4, -1)], r"known of factor 1 .*too small"),
        ([(2, 3, -1, 0)], r"edges of factor 1 .*too small"),
        ([(2, 3, 4), (2, 2.0, 4)], r"inputs of factor 2 .*not an integer"),
        ([(True, 3, 4)], r"outputs of factor 1 .*not an integer"),
        ([(2, 3, float("nan"))], r"edges of factor 1 .*not an integer"),
        ([(2, 3, 4), (2, 2)], r"factor 2 .*not stated by its sizes"),
        ([(2, 3, 4), None], r"factor 2 .*not stated by its sizes"),
        (["234"], r"factor 1 .*not stated by its sizes"),
    ],
)
def test_a_chain_that_cannot_be_planned_is_refused_by_factor(chain: Any, message: str) -> None:
    with pytest.raises(DerivativeError) as caught:
        plan_chain(chain)
    assert re.search(message, str(caught.value), re.DOTALL)
