"""Olah's computational graph, (12, graph): c = a + b, d = b + 1, e = c d."""

from __future__ import annotations

import numpy as np
import pytest
from bpframe_reference import Add, Multiply, Shift

import bpframe as bp


@pytest.fixture
def graph():
    return bp.Network(
        inputs={"a": (1,), "b": (1,)},
        nodes={
            "c": bp.node(Add(), "a", "b"),
            "d": bp.node(Shift(by=1.0), "b"),
            "e": bp.node(Multiply(), "c", "d"),
        },
        output="e",
    )


@pytest.fixture
def at():
    return {"a": np.array([[2.0]]), "b": np.array([[1.0]])}


ONE = np.ones((1, 1))


def test_e_is_six(graph, at):
    assert graph.predict(at).tolist() == [[6.0]]


def test_reverse_mode_gives_two_and_five_in_one_pass(graph, at):
    found = graph.vjp(at, ONE)
    assert {name: array.tolist() for name, array in found.items()} == {"a": [[2.0]], "b": [[5.0]]}


@pytest.mark.parametrize(("name", "expected"), [("a", 2.0), ("b", 5.0)])
def test_forward_mode_gives_one_of_them_per_pass(graph, at, name, expected):
    assert graph.jvp(at, {name: ONE}).tolist() == [[expected]]


def test_forward_mode_adds_the_changes_of_both(graph, at):
    assert graph.jvp(at, {"a": 10 * ONE, "b": 100 * ONE}).tolist() == [[520.0]]


def test_one_path_leads_from_a_and_two_from_b(graph, at):
    trace = graph.trace(at)

    def local(node, key):
        return trace.jacobian(node)[key].dense(like=ONE)[0, 0, 0]

    along_c, along_d = local("e", "xs[0]"), local("e", "xs[1]")
    assert (along_c, along_d) == (2.0, 3.0)
    assert along_c * local("c", "xs[0]") == 2.0
    assert along_c * local("c", "xs[1]") + along_d * local("d", "x") == 5.0


def test_the_rule_has_nothing_to_do_with_the_signs_in_the_nodes(graph):
    # In e = (a + b)(b + 1): ∂e/∂a = b + 1 and ∂e/∂b = a + 2b + 1, at many points at once.
    a, b = np.random.default_rng(0).standard_normal((2, 50, 1))
    found = graph.vjp({"a": a, "b": b}, np.ones((50, 1)))
    np.testing.assert_allclose(found["a"], b + 1, rtol=1e-15)
    np.testing.assert_allclose(found["b"], a + 2 * b + 1, rtol=1e-12)
