"""The network as one formula: against SymPy's own algebra, the gradient, and lengths counted on the formula itself."""

from __future__ import annotations

import builtins
import itertools
import math
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from bpframe_activations import Relu, Tanh
from bpframe_classification import CrossEntropy
from bpframe_merges import Residual
from bpframe_reference import Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import L2
from hypothesis import HealthCheck, settings
from hypothesis import example as also
from hypothesis import given as drawn
from hypothesis import strategies as st

import bpframe as bp
from bpframe.core.component import Layer
from bpframe.errors import DerivativeError, MemoryLimitError, MissingExtra
from bpframe.explanation.paths import scalar_graph
from bpframe.explanation.paths.expansion import Expansion, Formulas, expansion, formulas
from bpframe.explanation.paths.expansion.collecting import collected_terms
from bpframe.explanation.paths.expansion.differentiating import direct_multiplications
from bpframe.explanation.paths.expansion.expression import Expression, call, negative, number, operate, power, symbol
from bpframe.explanation.paths.expansion.sympy_form import SympyForm
from bpframe.explanation.paths.expansion.writing import written, written_in_latex
from bpframe.extend import Array, Diagonal
from tests.explanation.paths.networks import TUTORIAL, example, given, mlp, tutorial
from tests.theory.graphs import KNOWN, Recipe, recipes


def expanded(network: bp.Network, of: str = "C", letters: dict[str, str] | None = None, **words: Any) -> Expansion:
    trace, targets = example(network)
    graph = scalar_graph(trace, targets or None, letters or {})
    return expansion(graph, formulas(trace, graph, targets or None), of, **words)


def fed(network: bp.Network) -> Formulas:
    trace, targets = example(network)
    return formulas(trace, scalar_graph(trace, targets), targets)


# The tutorial's network ----------------------------------------------------------------------------------------------


def test_the_formula_of_the_output_is_equation_2_written_out() -> None:
    found = expanded(tutorial(), "a^4_1", TUTORIAL)
    assert found.formula is not None
    assert found.formula.text == (
        "w^4_11·(w^3_11·(a^1_1·w^2_11 + a^1_2·w^2_12) + w^3_12·(a^1_1·w^2_21 + a^1_2·w^2_22))"
        " + w^4_12·(w^3_21·(a^1_1·w^2_11 + a^1_2·w^2_12) + w^3_22·(a^1_1·w^2_21 + a^1_2·w^2_22))"
    )
    assert (found.terms, found.collected, found.operations, found.multiplications) == (8, 8, 21, 14)


def test_the_cost_is_what_sympy_makes_of_equations_2_and_4() -> None:
    w2, w3, w4 = (
        sympy.Matrix(rows, columns, lambda j, k, layer=layer: sympy.Symbol(f"w^{layer}_{j + 1}{k + 1}", real=True))
        for layer, rows, columns in ((2, 2, 2), (3, 2, 2), (4, 1, 2))
    )
    a = sympy.Matrix(2, 1, lambda j, _: sympy.Symbol(f"a^1_{j + 1}", real=True))
    y = sympy.Symbol("y_1", real=True)
    cost = ((w4 * (w3 * (w2 * a)))[0] - y) ** 2 / 2

    trace, targets = example(tutorial())
    graph = scalar_graph(trace, targets, TUTORIAL)
    formula = formulas(trace, graph, targets).entries["C"]
    assert sympy.expand(SympyForm(formula).expression - cost) == 0
    assert formula.terms == (8 + 1) ** 2
    assert collected_terms(formula) == len(sympy.expand(cost).args) == 43
    found = expansion(graph, formulas(trace, graph, targets))
    assert found.expanded is not None
    assert found.expanded.text.startswith("y_1²/2 + a^1_1²·w^2_11²·w^3_11²·w^4_11²/2 + ")
    for name in ("w^2_11", "w^3_21", "w^4_12"):
        own = SympyForm(formula).derivative(name)
        assert sympy.expand(own - sympy.diff(cost, sympy.Symbol(name, real=True))) == 0


def test_the_derivative_of_the_output_is_both_paths_of_12() -> None:
    found = expanded(tutorial(), "a^4_1", TUTORIAL, first="w^2_11")
    derivative, *_ = found.derivatives
    assert derivative.symbol == "∂a^4_1/∂w^2_11"
    assert derivative.formula.text == "a^1_1·(w^3_11·w^4_11 + w^3_21·w^4_12)"
    assert derivative.formula.latex == r"a^{1}_{1} \left(w^{3}_{11} w^{4}_{11} + w^{3}_{21} w^{4}_{12}\right)"


# Any network ---------------------------------------------------------------------------------------------------------


def check(network: bp.Network) -> None:
    trace, targets = example(network)
    graph = scalar_graph(trace, targets)
    found = formulas(trace, graph, targets)
    y = targets if len(targets) > 1 else next(iter(targets.values()))
    expected = network.gradient(given(trace), y).vector
    scale = max(1.0, np.abs(expected).max(initial=0))
    formula = found.entries["C"]
    if formula.operations <= 100:
        result = expansion(graph, found)
        numbers = [each.number for each in result.derivatives]
        np.testing.assert_allclose(numbers, expected[: len(numbers)], rtol=1e-10, atol=1e-10 * scale)
        assert [each.back_propagated for each in result.derivatives] == pytest.approx(numbers, rel=1e-9, abs=1e-9)
    assert evaluated(formula, found.numbers) == pytest.approx(network.cost(given(trace), y), rel=1e-10)


def evaluated(formula: Expression, numbers: Any) -> float:
    """Work a formula out by plain recursion."""
    parts = [evaluated(part, numbers) for part in formula.parts]
    match formula.operation:
        case "number":
            return formula.value
        case "symbol":
            return float(numbers[formula.name])
        case "call":
            return float({"erf": math.erf}.get(formula.name, getattr(np, formula.name, None))(*parts))  # type: ignore[misc]
        case "negative":
            return -parts[0]
        case "power":
            return float(parts[0] ** formula.value)
        case "+":
            return parts[0] + parts[1]
        case "-":
            return parts[0] - parts[1]
        case "*":
            return parts[0] * parts[1]
    return parts[0] / parts[1]


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@drawn(recipe=recipes(most_items=4))
def test_the_formulas_derivatives_are_the_gradient(recipe: Recipe) -> None:
    check(recipe.network())


@pytest.mark.parametrize("name", ["diamond", "shared parameters", "the same value twice", "nothing to train"])
def test_of_every_shape_of_graph(name: str) -> None:
    check(KNOWN[name].network())


@pytest.mark.parametrize("activation", [Sigmoid(), Tanh(), Relu()], ids=lambda each: each.kind)
def test_of_activations(activation: Layer) -> None:
    check(bp.Network([Dense(units=2), activation, Dense(units=1)], input_shape=(2,), cost=QuadraticCost(), seed=0))


def test_of_a_residual_block_with_a_penalty() -> None:
    layers = [Residual(body=[Dense(units=2), Tanh()]), Dense(units=1)]
    check(bp.Network(layers, input_shape=(2,), cost=QuadraticCost(), penalties={"*.w": L2(rate=0.1)}, seed=0))


def test_of_class_numbers_as_targets() -> None:
    network = bp.Network([Dense(units=3)], input_shape=(2,), cost=CrossEntropy(), seed=0)
    trace = network.trace(np.array([[1.0, -2.0]]))
    y = np.array([1])
    targets = network._samples(np.array([[1.0, -2.0]]), y)[1]
    graph = scalar_graph(trace, targets)
    found = expansion(graph, formulas(trace, graph, targets))
    expected = network.gradient(np.array([[1.0, -2.0]]), y).vector
    np.testing.assert_allclose([each.number for each in found.derivatives], expected, rtol=1e-12)


def test_of_a_cost_that_is_a_mean_over_positions() -> None:
    network = bp.Network([Dense(units=3)], input_shape=(4, 2), cost=CrossEntropy(), seed=0)
    x, y = np.linspace(-1, 1, 8).reshape(1, 4, 2), np.array([[0, 2, 1, 1]])
    trace, targets = network.trace(x), network._samples(x, y)[1]
    graph = scalar_graph(trace, targets)
    found = formulas(trace, graph, targets)
    assert evaluated(found.entries["C"], found.numbers) == pytest.approx(network.cost(x, y), rel=1e-12)


def shipped() -> list[Any]:
    sets = sorted(path.parent.name for path in (Path(__file__).parents[3] / "plugins").glob("*/__init__.py"))
    examples = [each for name in sets for each in import_module(name).bpframe_examples()]
    return [
        pytest.param(component, shapes, id=f"{component.kind}-{number}")
        for number, (component, shapes) in enumerate(examples)
        if isinstance(component, Layer)
    ]


@pytest.mark.parametrize(("component", "shapes"), shipped())
def test_every_shipped_layer_takes_symbols(component: Layer, shapes: Any) -> None:
    inputs = {f"x{number}": shape for number, shape in enumerate(shapes)}
    network = bp.Network(nodes={"layer": bp.node(component, *inputs)}, inputs=inputs, output="layer", seed=0)
    rng = np.random.default_rng(1)
    integers = network.graph.integer_inputs
    x = {
        name: rng.integers(0, 2, (1, *shape)) if name in integers else rng.normal(size=(1, *shape))
        for name, shape in inputs.items()
    }
    trace = network.trace(x)
    graph = scalar_graph(trace)
    found = formulas(trace, graph)
    name = graph.name(graph.size - 1)
    formula, true = found.entries[name], float(np.asarray(trace.slots[trace.plan.steps[-1].slot]).reshape(-1)[-1])
    if formula.operations < 5000:
        assert evaluated(formula, found.numbers) == pytest.approx(true, rel=1e-12, abs=1e-12)


# Branches ------------------------------------------------------------------------------------------------------------


def test_a_comparison_is_a_condition_of_the_formula() -> None:
    network = bp.Network([Dense(units=2), Relu(), Dense(units=1)], input_shape=(1,), cost=QuadraticCost(), seed=0)
    network.parameters["dense_1.w"], network.parameters["dense_1.b"] = [[1.0], [-1.0]], [0.0, 0.0]
    trace = network.trace(np.array([[2.0]]))
    graph = scalar_graph(trace)
    found = expansion(graph, formulas(trace, graph), "dense_2[0]")
    assert found.formula is not None
    assert found.formula.text == "dense_2.w[0,0]·(x[0]·dense_1.w[0,0] + dense_1.b[0]) + dense_2.b[0]"
    assert found.conditions == ("dense_1[0] ≥ 0", "dense_1[1] < 0")
    assert found.condition_count > 2  # as np.clip has an upper end, too


def test_a_sigmoid_holds_as_far_as_its_exponent_is_a_number() -> None:
    found = expanded(bp.Network([Sigmoid()], input_shape=(1,), seed=0), "sigmoid_1[0]")
    assert found.formula is not None
    assert found.formula.text == "1/(exp(-x[0]) + 1)"
    assert (found.conditions, found.condition_count) == ((), 2)  # of its exponent, which stays between -708 and 709


# What does not take symbols ------------------------------------------------------------------------------------------


class InFloats(Layer):
    """A stranger that computes with numbers alone."""

    def forward(self, x: Array) -> Array:
        return np.array([[math.sin(each) for each in row] for row in x], x.dtype)

    def jacobian(self, x: Array) -> Diagonal:
        return Diagonal(np.cos(x))


class AsksForItsKind(Layer):
    """One that computes something else with objects."""

    def forward(self, x: Array) -> Array:
        return x * 2 if x.dtype.kind == "f" else x * 3

    def jacobian(self, x: Array) -> Diagonal:
        return Diagonal(np.full_like(x, 2))


class LeavesSomeOut(Layer):
    """One that writes into a part of its array alone."""

    def forward(self, x: Array) -> Array:
        found = np.empty_like(x)
        found[:, 0] = x[:, 0]
        return found

    def jacobian(self, x: Array) -> Diagonal:
        return Diagonal(np.ones_like(x))


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (InFloats(), "TypeError"),
        (AsksForItsKind(), "something else with symbols than with numbers"),
        (LeavesSomeOut(), "NoneType"),
    ],
)
def test_a_component_that_cannot_is_named_with_what_to_do(layer: Layer, said: str) -> None:
    network = bp.Network([Dense(units=2), layer], input_shape=(2,), cost=QuadraticCost(), seed=0)
    with pytest.raises(DerivativeError, match="does not take symbols") as caught:
        fed(network)
    assert type(layer).__name__.lower() in caught.value.problem.replace("_", "")
    assert said in str(caught.value.received)
    assert "np.matmul" in str(caught.value.hint)


def test_a_network_that_is_too_large_is_refused() -> None:
    with pytest.raises(MemoryLimitError, match="too large to be written"):
        fed(bp.Network([Dense(units=400)], input_shape=(600,), cost=QuadraticCost(), seed=0))


def test_without_sympy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    trace, targets = example(tutorial())
    graph = scalar_graph(trace, targets)
    found = formulas(trace, graph, targets)  # needs none
    monkeypatch.setitem(__import__("sys").modules, "sympy", None)
    with pytest.raises(MissingExtra, match=r"need SymPy[\s\S]*bpframe\[symbolic\]"):
        expansion(graph, found)


# Lengths -------------------------------------------------------------------------------------------------------------


def test_the_length_is_known_of_what_nobody_could_write() -> None:
    network = bp.Network(
        [Dense(units=10, bias=False) for _ in range(31)] + [Dense(units=1, bias=False)], input_shape=(10,), seed=0
    )
    found = expanded(network, "dense_32[0]")
    assert found.terms == 10**32  # a term for each path from an input, through ten neurons in each of 31 layers
    assert found.formula is None
    assert found.collected is None
    assert found.derivatives == ()


@pytest.mark.parametrize(("width", "depth"), [*itertools.product((1, 2, 3), (1, 2, 3))])
def test_a_linear_network_has_a_term_for_each_path_from_an_input(width: int, depth: int) -> None:
    layers = [Dense(units=width, bias=False) for _ in range(depth)] + [Dense(units=1, bias=False)]
    network = bp.Network(layers, input_shape=(width,), seed=0)
    found = expanded(network, f"dense_{depth + 1}[0]")
    assert found.terms == found.collected == width ** (depth + 1)


def test_like_terms_are_collected_where_weights_are_shared() -> None:
    nodes = {
        "one": bp.node(Dense(units=1, bias=False), "x"),
        "two": bp.node(Dense(units=1, bias=False), "x", share="one"),
        "sum": bp.node(import_module("bpframe_reference").Add(), "one", "two"),
    }
    found = expanded(bp.Network(nodes=nodes, inputs={"x": (2,)}, output="sum", seed=0), "sum[0]")
    assert (found.terms, found.collected) == (4, 2)


def joined(sign: str, left: Expression, right: Expression) -> Expression:
    """Return an operation on two formulas; a quotient of a number is none, so that nothing is divided by 0."""
    return operate("+" if sign == "/" and right.operation == "number" else sign, left, right)  # type: ignore[arg-type]


def raised_symbols(pair: tuple[Expression, float]) -> Expression:
    base, exponent = pair
    return base if base.operation == "number" else power(base, exponent)


def raisings(formula: Expression) -> int:
    """Return how many powers stand within one another: of many, no float holds the result."""
    return (formula.operation == "power") + max(map(raisings, formula.parts), default=0)


expressions = st.recursive(
    st.sampled_from("abc").map(symbol) | st.sampled_from([1.0, 2.0, -1.0, 0.5]).map(number),
    lambda inner: (
        st.tuples(st.sampled_from("+-*/"), inner, inner).map(lambda each: joined(*each))
        | inner.map(negative)
        | inner.map(lambda each: call("sin", each))
        | st.tuples(inner, st.sampled_from([2.0, 3.0])).map(raised_symbols)
    ),
    max_leaves=8,
).filter(lambda each: raisings(each) <= 3)


def tree_length(formula: Expression) -> tuple[int, int]:
    """Return operations and multiplications by walking along the tree."""
    parts = [tree_length(part) for part in formula.parts]
    own = formula.operation not in ("number", "symbol")
    multiplies = {"*": 1, "/": 1, "power": int(formula.value) - 1}.get(formula.operation, 0)
    return own + sum(part[0] for part in parts), multiplies + sum(part[1] for part in parts)


@settings(max_examples=40)
@drawn(formula=expressions)
def test_lengths_are_those_of_the_tree(formula: Expression) -> None:
    assert (formula.operations, formula.multiplications) == tree_length(formula)


@settings(max_examples=25)
@drawn(formula=expressions)
def test_collected_terms_are_those_of_sympy(formula: Expression) -> None:
    if formula.terms is None or formula.terms > 500:
        assert formula.terms is not None or collected_terms(formula) is None
        return
    result = sympy.expand(SympyForm(formula).expression)
    assert collected_terms(formula) == (0 if result == 0 else len(sympy.Add.make_args(result)))


class Tree:
    """A formula with a number that counts multiplications; 1, −1 and 0 multiply nothing."""

    done = 0

    def __init__(self, value: float, unit: bool = False) -> None:
        self.value, self.unit = value, unit

    def times(self, other: Tree) -> Tree:
        if self.unit or other.unit:
            return Tree(self.value * other.value, self.unit and other.unit)
        Tree.done += 1
        return Tree(self.value * other.value)

    def over(self, other: Tree) -> Tree:
        Tree.done += 1
        return Tree(self.value / other.value)


POINT = {"a": 0.7, "b": -1.3, "c": 0.4}


def value(formula: Expression) -> Tree:
    """Evaluate a formula as it is written, each part each time."""
    match formula.operation:
        case "number":
            return Tree(formula.value)
        case "symbol":
            return Tree(POINT[formula.name])
        case "*":
            return plain(value(formula.parts[0])).times(plain(value(formula.parts[1])))
        case "/":
            return value(formula.parts[0]).over(value(formula.parts[1]))
        case "power":
            return raised(formula.parts[0], int(formula.value))
        case "negative":
            return Tree(-value(formula.parts[0]).value)
        case "call":
            return Tree(math.sin(value(formula.parts[0]).value))
    first, second = (value(part).value for part in formula.parts)
    return Tree(first + second if formula.operation == "+" else first - second)


def plain(tree: Tree) -> Tree:
    return Tree(tree.value)


def raised(base: Expression, exponent: int) -> Tree:
    factor = plain(value(base))
    found = factor
    for _ in range(exponent - 1):
        found = found.times(factor)
    return found


def depends(formula: Expression, by: str) -> bool:
    return formula.name == by if formula.operation == "symbol" else any(depends(part, by) for part in formula.parts)


def derived(formula: Expression, by: str) -> Tree | None:
    """Evaluate a derivative by the rules, written out; None where it is 0 for certain."""
    if not depends(formula, by):
        return None
    if formula.operation == "symbol":
        return Tree(1.0, unit=True)
    parts = [derived(part, by) for part in formula.parts]
    first, second = parts[0], parts[-1]
    match formula.operation:
        case "negative":
            assert first is not None
            return Tree(-first.value, first.unit)
        case "+" | "-":
            sign = -1 if formula.operation == "-" else 1
            if first is None or second is None:
                only = first or second
                assert only is not None
                return Tree(only.value if first else sign * only.value, only.unit)
            return Tree(first.value + sign * second.value)
        case "*":
            terms = []
            for derivative, other in ((first, formula.parts[1]), (second, formula.parts[0])):
                if derivative is not None:
                    terms.append(derivative.times(plain(value(other))).value)
            return Tree(sum(terms))
        case "/":
            above, below = formula.parts
            total = 0.0
            if first is not None:
                total += first.over(value(below)).value
            if second is not None:
                one = above.operation == "number" and abs(above.value) == 1
                product = Tree(above.value, unit=one) if one else plain(value(above))
                total -= product.times(second).over(plain(value(below)).times(plain(value(below)))).value
            return Tree(total)
        case "power":
            exponent = int(formula.value)
            assert first is not None
            outer = Tree(float(exponent)).times(plain(raised(formula.parts[0], exponent - 1)))
            return outer.times(first)
    assert first is not None
    return Tree(math.cos(value(formula.parts[0]).value)).times(first)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@drawn(formula=expressions)
@also(formula=operate("/", number(1.0), operate("+", symbol("a"), operate("*", symbol("b"), symbol("c")))))
def test_multiplications_of_direct_derivatives_are_those_of_doing_it(formula: Expression) -> None:
    Tree.done = 0
    try:
        found = {name: derived(formula, name) for name in POINT}
    except ZeroDivisionError:
        return
    assert direct_multiplications(formula, list(POINT)) == Tree.done
    form = SympyForm(formula)
    for name, tree in found.items():
        (expected,) = form.at([form.derivative(name)], POINT)
        assert (0.0 if tree is None else tree.value) == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_direct_expansion_needs_more_than_the_paths_do() -> None:
    from bpframe.explanation.paths import multiplications

    trace, targets = example(mlp(3, 3))
    graph = scalar_graph(trace, targets)
    found, counts = formulas(trace, graph, targets), multiplications(graph)
    direct = direct_multiplications(found.entries["C"], found.weights)
    assert direct is not None
    assert direct > counts.path_by_path > counts.reverse


# Writing -------------------------------------------------------------------------------------------------------------


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@drawn(formula=expressions)
def test_what_is_written_is_read_as_the_same_formula(formula: Expression) -> None:
    text = written(formula).replace("·", "*").replace("½", "0.5")
    text = text.replace("²", "**2").replace("³", "**3")
    try:
        expected = value(formula).value
    except ZeroDivisionError:
        return
    assert eval(text, {"sin": math.sin, "__builtins__": builtins}, dict(POINT)) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@drawn(formula=expressions)
def test_latex_has_every_brace_and_bracket_closed(formula: Expression) -> None:
    for text in (written_in_latex(formula), SympyForm(formula).latex(SympyForm(formula).expression)):
        assert text.count("{") == text.count("}")
        assert text.count(r"\left(") == text.count(r"\right)")


def test_names_may_hold_signs() -> None:
    formula = operate("*", symbol("layer-1*.w[0,0]"), symbol("layer-1*.w[0,1]"))
    form = SympyForm(formula)
    assert form.text(form.derivative("layer-1*.w[0,0]")) == "layer-1*.w[0,1]"
