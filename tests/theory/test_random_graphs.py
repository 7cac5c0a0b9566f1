"""Multiply along a path, add over all paths: on any graph, every derivative is that of the complex step."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from .graphs import KNOWN, along, derivatives, recipes

quickly = settings(max_examples=100, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
thoroughly = settings(quickly, max_examples=3000)
known = pytest.mark.parametrize("recipe", KNOWN.values(), ids=KNOWN.keys())


class Case:
    """A recipe with its network, and an example batch."""

    def __init__(self, recipe):
        self.recipe = recipe
        self.network = recipe.network()
        self.parameters = {path: view.copy() for path, view in self.network.parameters.items()}
        self.rng = np.random.default_rng(recipe.seed)
        self.inputs = {name: self.normal((recipe.batch, *shape)) for name, shape in recipe.inputs.items()}
        self.shapes = {name: (recipe.batch, *self.network.graph.shapes[name]) for name in recipe.outputs}
        values = recipe.values(self.inputs, self.parameters)
        self.largest = max(np.abs(value).max() for value in values.values())
        self.outputs = {name: values[name] for name in recipe.outputs}

    def normal(self, shape):
        return self.rng.standard_normal(shape)

    def whole(self, value):
        """Return what a method gave by output's name, where one output comes as a plain array."""
        return value if isinstance(value, dict) else {self.recipe.outputs[0]: value}

    def cotangents(self, stack=()):
        return {name: self.normal((*stack, *shape)) for name, shape in self.shapes.items()}


def close(actual, expected, rtol=1e-10):
    assert list(actual) == list(expected)
    for name, value in expected.items():
        assert actual[name].shape == np.shape(value)
        np.testing.assert_allclose(actual[name], value, rtol=0, atol=rtol * max(np.abs(value).max(initial=0), 1e-3))


def check_values(recipe):
    case = Case(recipe)
    close(case.whole(case.network.predict(case.inputs)), case.outputs, 1e-12)


def check_gradient(recipe):
    case = Case(recipe)
    targets = {name: case.normal(case.shapes[name]) for name in recipe.costs}
    close({"": np.array(case.network.cost(case.inputs, targets))},
          {"": recipe.mean_cost(case.inputs, case.parameters, targets)})  # fmt: skip
    expected = derivatives(lambda moved: recipe.mean_cost(case.inputs, moved, targets), case.parameters)
    close(case.network.gradient(case.inputs, targets), expected)
    close(case.network.gradient(case.inputs, targets), expected)  # buffers that are used again hold no leftovers


def check_reverse_mode(recipe):
    case = Case(recipe)
    for stack in ((), (3,), (2, 2), (0,)):
        u = case.cotangents(stack)

        def pulled(inputs, parameters, u=u, stack=stack):
            found = recipe.outputs_of(inputs, parameters)
            axes = tuple(range(len(stack), len(stack) + 2 + (len(next(iter(recipe.inputs.values()))) - 1)))
            return functools.reduce(np.add, [(u[name] * found[name]).sum(axis=axes) for name in u])

        by_input = derivatives(lambda moved, f=pulled: f(moved, case.parameters), case.inputs)
        by_parameter = derivatives(lambda moved, f=pulled: f(case.inputs, moved), case.parameters)
        close(case.network.vjp(case.inputs, u), by_input)
        close(case.network.parameter_vjp(case.inputs, u), by_parameter)


def check_forward_mode(recipe):
    case = Case(recipe)
    every = {name: case.normal(array.shape) for name, array in case.inputs.items()}
    some = dict(list(every.items())[-1:])
    for tangents in (every, some):
        expected = along(lambda moved: recipe.outputs_of(moved, case.parameters), case.inputs, tangents)
        close(case.whole(case.network.jvp(case.inputs, tangents)), expected)
    every = {path: case.normal(array.shape) for path, array in case.parameters.items()}
    some = dict(list(every.items())[-1:])
    for tangents in (every, some) if every else ():
        expected = along(lambda moved: recipe.outputs_of(case.inputs, moved), case.parameters, tangents)
        close(case.whole(case.network.parameter_jvp(case.inputs, tangents)), expected)


def check_stacks_of_tangents(recipe):
    case = Case(recipe)
    network = case.network
    for arrays, push in ((case.inputs, network.jvp), (case.parameters, network.parameter_jvp)):
        if not arrays:
            continue
        stacked = {name: case.normal((2, *array.shape)) for name, array in arrays.items()}
        together = case.whole(push(case.inputs, stacked))
        for i in range(2):
            alone = case.whole(push(case.inputs, {name: array[i] for name, array in stacked.items()}))
            close({name: array[i] for name, array in together.items()}, alone, 1e-13)


def check_adjointness(recipe):
    case = Case(recipe)
    network, u = case.network, case.cotangents()
    pairs = [(case.inputs, network.jvp, network.vjp), (case.parameters, network.parameter_jvp, network.parameter_vjp)]
    for arrays, push, pull in pairs:
        if not arrays:
            continue
        v = {name: case.normal(array.shape) for name, array in arrays.items()}
        pushed, pulled = case.whole(push(case.inputs, v)), pull(case.inputs, u)
        left = [(u[name] * pushed[name]).sum() for name in u]
        right = [(pulled[name] * v[name]).sum() for name in v]
        scale = sum(map(abs, left)) + sum(map(abs, right)) + 1e-3
        assert abs(sum(left) - sum(right)) <= 1e-12 * scale


def assume_tame(recipe):
    # A saturated sigmoid's slope a(1 − a) has few digits left, and huge products hide small terms.
    with np.errstate(over="ignore", invalid="ignore"):
        assume(Case(recipe).largest < 8)


CHECKS = [
    check_values, check_gradient, check_reverse_mode, check_forward_mode, check_stacks_of_tangents, check_adjointness,
]  # fmt: skip
each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


@known
@each_check
def test_known_graphs(recipe, check):
    check(recipe)


@each_check
@quickly
@given(recipe=recipes())
def test_random_graphs(check, recipe):
    assume_tame(recipe)
    check(recipe)


@pytest.mark.soak
@each_check
@thoroughly
@given(recipe=recipes(most_items=16))
def test_many_larger_random_graphs(check, recipe):
    assume_tame(recipe)
    check(recipe)


def test_random_graphs_have_what_the_rule_is_about():
    """The strategy draws fan-out, shared parameters, several inputs and outputs, and outputs that are read inside."""
    seen = set()

    @settings(quickly, max_examples=200)
    @given(recipe=recipes())
    def look(recipe):
        read = [source for each in recipe.items for source in each.sources]
        seen.update(
            name
            for name, holds in {
                "fan-out": len(read) != len(set(read)),
                "the same value twice": any(len(set(each.sources)) < len(each.sources) for each in recipe.items),
                "shared parameters": any(each.share for each in recipe.items),
                "several inputs": len(recipe.inputs) > 1,
                "several outputs": len(recipe.outputs) > 1,
                "several costs": len(recipe.costs) > 1,
                "an output without cost": len(recipe.costs) < len(recipe.outputs),
                "an output that is read inside": any(name in read for name in recipe.outputs),
                "time": any(len(shape) == 2 for shape in recipe.inputs.values()),
                "three factors": any(each.kind == "multiply" and len(each.sources) == 3 for each in recipe.items),
            }.items()
            if holds
        )

    look()
    assert len(seen) == 10, seen
