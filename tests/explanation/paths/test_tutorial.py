"""The tutorial's own numbers: eqs. (7)-(12) of the 2-2-2-1 network, and both paths of Olah's graph."""

from __future__ import annotations

import numpy as np
import pytest

from bpframe.explanation.paths import ScalarGraph, chain_rule, scalar_graph, shared_factors
from tests.explanation.paths.networks import TUTORIAL, olah, tutorial

# x = (1, 2), y = 3:  a^2 = (5, 1),  a^3 = (9, 3.5),  a^4 = 2,  ∂C/∂a^4 = -1


@pytest.fixture
def graph() -> ScalarGraph:
    return scalar_graph(tutorial().trace(np.array([[1.0, 2.0]])), {"dense_3": np.array([[3.0]])}, TUTORIAL)


@pytest.mark.parametrize(
    ("weight", "formula", "value"),
    [
        ("w^4_11", "∂C/∂a^4_1 ∂a^4_1/∂w^4_11", -1 * 9),  # (7)
        ("w^3_11", "∂C/∂a^4_1 ∂a^4_1/∂a^3_1 ∂a^3_1/∂w^3_11", -1 * 1 * 5),  # (8)
        ("w^3_21", "∂C/∂a^4_1 ∂a^4_1/∂a^3_2 ∂a^3_2/∂w^3_21", -1 * -2 * 5),  # (9)
        ("w^3_12", "∂C/∂a^4_1 ∂a^4_1/∂a^3_1 ∂a^3_1/∂w^3_12", -1 * 1 * 1),  # (10)
    ],
)
def test_one_path_leads_from_a_weight_of_the_last_layers(
    graph: ScalarGraph, weight: str, formula: str, value: float
) -> None:
    found = chain_rule(graph, weight)
    assert (found.unfactored, found.nested, found.count, found.total) == (formula, formula, 1, value)


def test_equation_12_stands_unfactored_beside_factored(graph: ScalarGraph) -> None:
    found = chain_rule(graph, "w^2_11")
    assert found.symbol == "∂C/∂w^2_11"
    assert found.unfactored == (
        "∂C/∂a^4_1 ∂a^4_1/∂a^3_1 ∂a^3_1/∂a^2_1 ∂a^2_1/∂w^2_11 + ∂C/∂a^4_1 ∂a^4_1/∂a^3_2 ∂a^3_2/∂a^2_1 ∂a^2_1/∂w^2_11"
    )
    assert found.nested == (
        "(∂C/∂a^4_1 ∂a^4_1/∂a^3_1 ∂a^3_1/∂a^2_1 + ∂C/∂a^4_1 ∂a^4_1/∂a^3_2 ∂a^3_2/∂a^2_1) ∂a^2_1/∂w^2_11"
    )
    assert (found.unfactored_multiplications, found.nested_multiplications) == (6, 5)


def test_equation_12_in_numbers(graph: ScalarGraph) -> None:
    first, second = chain_rule(graph, "w^2_11").paths
    assert first.entries == ("w^2_11", "a^2_1", "a^3_1", "a^4_1", "C")
    assert [(factor.symbol, factor.number) for factor in second.factors] == [
        ("∂C/∂a^4_1", -1.0),
        ("∂a^4_1/∂a^3_2", -2.0),
        ("∂a^3_2/∂a^2_1", 0.5),
        ("∂a^2_1/∂w^2_11", 1.0),
    ]
    assert (first.product, second.product, chain_rule(graph, "w^2_11").total) == (-2.0, 1.0, -1.0)


def test_the_brackets_are_the_errors_of_16_to_18(graph: ScalarGraph) -> None:
    lines = chain_rule(graph, "w^2_11").errors
    assert lines is not None
    found = {line.symbol: (line.terms, line.number) for line in lines}
    assert found["∂C/∂a^4_1"] == ((("", "∂C/∂a^4_1"),), -1.0)  # (16)
    assert found["∂C/∂a^3_1"] == ((("∂C/∂a^4_1", "∂a^4_1/∂a^3_1"),), -1.0)  # (17)
    assert found["∂C/∂a^2_1"] == ((("∂C/∂a^3_1", "∂a^3_1/∂a^2_1"), ("∂C/∂a^3_2", "∂a^3_2/∂a^2_1")), -1.0)  # (18)


def test_the_weight_has_its_name_without_letters_too(graph: ScalarGraph) -> None:
    assert chain_rule(graph, "dense_1.w[0,0]") == chain_rule(graph, "w^2_11")


def test_what_7_to_12_share_is_counted(graph: ScalarGraph) -> None:
    shared = {each.symbol: (each.weights, each.paths) for each in shared_factors(graph) if each.kind == "edge"}
    assert shared["∂C/∂a^4_1"] == (10, 14)  # all weights; four of layer 2 by two paths, four of 3, two of 4
    assert shared["∂a^4_1/∂a^3_1"] == (6, 6)  # (8), (10) and (12): two weights of layer 3, four of layer 2
    assert not {"∂a^4_1/∂w^4_11", "∂a^2_1/∂w^2_11"} & shared.keys()  # each in one derivative alone


@pytest.mark.parametrize(("by", "paths", "value"), [("a[0]", [2.0], 2.0), ("b[0]", [2.0, 3.0], 5.0)])
def test_olahs_graph_has_one_path_from_a_and_two_from_b(by: str, paths: list[float], value: float) -> None:
    graph = scalar_graph(olah().trace({"a": np.array([[2.0]]), "b": np.array([[1.0]])}))
    found = chain_rule(graph, by, "e[0]")
    assert ([path.product for path in found.paths], found.total) == (paths, value)


def test_olahs_paths_are_those_of_the_article() -> None:
    letters = {name: name for name in "abcde"}
    graph = scalar_graph(olah().trace({"a": np.array([[2.0]]), "b": np.array([[1.0]])}), None, letters)
    assert chain_rule(graph, "b_1", "e_1").nested == "∂e_1/∂c_1 ∂c_1/∂b_1 + ∂e_1/∂d_1 ∂d_1/∂b_1"
