"""The solutions of the exercises give the numbers that bpframe, or a calculation of another kind, finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Multiply, QuadraticCost, Shift, Sigmoid

import bpframe as bp
from bpframe.extend import Activation, Diagonal

from .latex_arithmetic import disagreements
from .tutorial_tables import by_hand, linear, olah

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"
LANGUAGES = ("md", "zh.md")

X, W2, W3, W4 = np.array([[1.0, 2.0]]), np.array([[1, -1], [2, 1]]), np.array([[2, 1], [-1, 1]]), np.array([[3, -1]])


def solutions(ending: str) -> dict[int, str]:
    """Return what is written below each exercise, by number."""
    text = (TUTORIAL / f"exercises.{ending}").read_text(encoding="utf-8")
    parts = re.split(r"^### .*\{#exercise-(\d+)\}$", text, flags=re.MULTILINE)[1:]
    return dict(zip(map(int, parts[::2]), parts[1::2], strict=True))


def numbers_in(text: str) -> set[float]:
    return {float(each) for each in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", text.replace("−", "-"))}


def network(weights: Iterable[np.ndarray]) -> bp.Network:
    net = bp.Network(
        [bp.node(Dense(units=len(w), bias=False), name=f"a{layer}") for layer, w in enumerate(weights, start=2)],
        input_shape=(2,),
        cost=QuadraticCost(),
    )
    for layer, w in enumerate(weights, start=2):
        net.parameters[f"a{layer}.w"] = w
    return net


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def a_neuron() -> list[float]:
    z = np.dot([1, -3], [2, 1]) + 1
    return [z, sigmoid(z), np.imag(sigmoid(z + 1e-30j)) / 1e-30]


def parameters_of_a_network() -> list[float]:
    net = bp.Network([Dense(units=5), Sigmoid(), Dense(units=2), Sigmoid()], input_shape=(3,))
    return [net.parameters.vector.size]


def best_and_largest_rate() -> list[float]:
    rates = np.arange(1, 100) / 100
    distance = abs(1 - rates * -8 - 3)
    return [rates[distance.argmin()], rates[distance < 2 - 1e-12].max() + 0.01]


def product_of_three() -> list[float]:
    return [*np.ravel(W4 @ W3 @ W2), network([W2, W3, W4]).predict(X).item()]


def central_difference() -> list[float]:
    above, below = (0.5 * (1 - (w + 2)) ** 2 for w in (1.1, 0.9))
    return [above, below, (above - below) / 0.2]


def the_missing_weight() -> list[float]:
    return [network([W2, W3, W4]).gradient(X, np.array([[-1.0]]))["a3.w"][1, 1]]


def olah_elsewhere() -> list[float]:
    net = bp.Network(
        inputs={"a": (1,), "b": (1,)},
        nodes={"c": bp.node(Add(), "a", "b"), "d": bp.node(Shift(by=1.0), "b"), "e": bp.node(Multiply(), "c", "d")},
        output="e",
    )
    point = {"a": np.array([[1.0]]), "b": np.array([[3.0]])}
    return [net.predict(point).item(), *(each.item() for each in net.vjp(point, np.ones((1, 1))).values())]


def used_twice() -> list[float]:
    net = bp.Network(inputs={"x": (1,)}, nodes={"f": bp.node(Multiply(), "x", "x")}, output="f")
    return [net.vjp(np.array([[3.0]]), np.ones((1, 1))).item()]


def all_paths() -> list[float]:
    ways = [1]
    for width in (10, 10):
        ways = [sum(ways)] * width
    return [network([W2, W3, W4]).gradient(X, np.array([[-1.0]]))["a2.w"][0, 1], sum(ways)]


def another_wish() -> list[float]:
    net = network([W2, W3, W4])
    found = {}
    for y in (3.0, 1.0):
        gradient = net.gradient(X, np.array([[y]]))
        # Row j of ∂C/∂w is δ_j times the activations before it.
        found[y] = [gradient["a4.w"][0, 0] / 2, *(gradient["a3.w"][:, 1] / 4), *gradient["a2.w"][:, 0]]
    assert not any(found[1.0])
    return found[3.0]


def without_transposing() -> list[float]:
    return list(W3 @ np.array([6, -2]))


def counted() -> list[float]:
    by_path = sum(1 for _ in range(5)) + sum(2 for _ in range(25)) + sum(3 for _ in range(25) for _ in range(5))
    return [by_path, 5 + 25 + 5 + 25 + 25]


def one_step() -> list[float]:
    net = network([W2, W3, W4])
    gradient = net.gradient(X, np.array([[-1.0]])).vector.copy()
    net.parameters.vector[:] -= 0.0001 * gradient
    assert round(net.cost(X, np.array([[-1.0]])), 4) == 1.8187
    return [2 - 0.0001 * gradient @ gradient]


def another_example() -> list[float]:
    net = bp.Network([Dense(units=2), Sigmoid(), Dense(units=1), Sigmoid()], input_shape=(2,), cost=QuadraticCost())
    net.parameters.vector[:] = 0
    for path, value in {
        "dense_1.w": [[1, -1], [-2, 2]], "dense_1.b": [1, -1], "dense_2.w": [[2, -1]], "dense_2.b": [0]
    }.items():  # fmt: skip
        net.parameters[path] = value
    x = np.array([[1.0, 1.0]])
    trace, gradient = net.trace(x), net.gradient(x, np.array([[0.0]]))
    values = [trace[name][0] for name in ("dense_1", "sigmoid_1", "dense_2", "sigmoid_2")]
    return [*np.concatenate(values), *gradient["dense_2.b"], *gradient["dense_1.b"]]


def two_costs() -> list[float]:
    z = -4 + 1e-30j
    quadratic = np.imag(0.5 * (1 - sigmoid(z)) ** 2) / 1e-30
    entropy = np.imag(-np.log(sigmoid(z))) / 1e-30
    return [round(quadratic, 3), entropy]


def through_relu() -> list[float]:
    class Relu(Activation):
        def forward(self, z):
            return np.maximum(0, z)

        def jacobian(self, z):
            return Diagonal((z > 0).astype(float))

    net = bp.Network([Relu()], input_shape=(2,))
    return list(net.vjp(np.array([[-1.0, 2.0]]), np.array([[6.0, -3.0]]))[0])


def an_unheard_of_layer() -> list[float]:
    def layer(u: complex, v: complex) -> np.ndarray:
        return np.array([u * v, u + v])

    rows = [np.imag(layer(2 + 1e-30j, 3)), np.imag(layer(2, 3 + 1e-30j))]
    return list(np.array(rows) / 1e-30 @ np.array([1, 10]))


ANSWERS: dict[int, Callable[[], list[float]]] = {
    1: a_neuron,
    2: parameters_of_a_network,
    4: best_and_largest_rate,
    5: product_of_three,
    6: central_difference,
    7: the_missing_weight,
    8: olah_elsewhere,
    9: used_twice,
    10: all_paths,
    11: another_wish,
    12: without_transposing,
    13: counted,
    14: one_step,
    15: another_example,
    16: two_costs,
    17: through_relu,
    18: an_unheard_of_layer,
}


@pytest.mark.parametrize("ending", LANGUAGES)
def test_every_exercise_has_a_folded_solution(ending: str) -> None:
    found = solutions(ending)
    assert list(found) == list(range(1, 19))
    assert all(text.count("\n??? success ") == 1 for text in found.values())
    assert set(found) - set(ANSWERS) == {3}  # a proof


@pytest.mark.parametrize("ending", LANGUAGES)
@pytest.mark.parametrize("exercise", ANSWERS)
def test_a_solution_gives_the_right_numbers(exercise: int, ending: str) -> None:
    solution = solutions(ending)[exercise].partition("??? success ")[2]
    for answer in ANSWERS[exercise]():
        assert round(float(answer), 4) + 0.0 in numbers_in(solution), answer


@pytest.mark.parametrize("ending", LANGUAGES)
def test_the_calculations_of_the_solutions_are_right(ending: str) -> None:
    tables = {number: linear() for number in (5, 7, 10, 12)} | {8: olah(1, 3), 11: linear(3), 15: by_hand((1, 1), 0)}
    checked = 0
    for number, text in solutions(ending).items():
        found, wrong = disagreements(text.partition("??? success ")[2], tables.get(number, {}))
        checked += found
        assert wrong == [], number
    assert checked >= 40


def test_the_sigmoid_is_symmetric() -> None:
    z = np.linspace(-5, 5, 11)
    np.testing.assert_allclose(sigmoid(-z), 1 - sigmoid(z), rtol=1e-12)
    slopes = sigmoid(z) * (1 - sigmoid(z))
    assert slopes.max() == 0.25 == slopes[5]
