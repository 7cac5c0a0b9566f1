"""Olah's graph: two paths from b, one from a."""

from __future__ import annotations

from bpframe.explanation.formula.text import on_one_line
from tests.explanation.networks import olah


def test_olahs_graph_is_explained_with_2_and_5() -> None:
    found = olah().explain({"a": 2.0, "b": 1.0}, expand=False)
    assert found.differentiated == "e"
    assert found.value == 6.0
    errors = {node.name: float(node.error[0]) for node in found.nodes if node.error is not None}
    assert errors == {"a": 2.0, "b": 5.0, "c": 2.0, "d": 3.0, "e": 1.0}
    lines = {line.node: line for line in found.backward.errors}
    assert lines["b"].says.startswith("added over the paths")
    symbols = {line.node: line for line in found.paths.lines}
    assert on_one_line(symbols["b[0]"].symbols) == "∂e/∂c · ∂c/∂b + ∂e/∂d · ∂d/∂b"
    assert [rule.total for rule in found.paths.rules] == [2.0, 5.0]
    assert [each.gradient.tolist() for each in found.gradient.parts] == [[2.0], [5.0]]
