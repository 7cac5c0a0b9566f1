"""Every equation of the tutorial, recomputed by plain loops that know nothing of the passes of a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.explanation.networks import A1, W2, W3, W4, Y, linear, sigmoids

Vector, Matrix = list[float], list[list[float]]


def times(matrix: Matrix, vector: Vector) -> Vector:
    return [sum(entry * each for entry, each in zip(row, vector, strict=True)) for row in matrix]


def turned(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)]


def outer(left: Vector, right: Vector) -> Matrix:
    return [[one * other for other in right] for one in left]


def sigma(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def flat(value: Any) -> list[float]:
    return [number for each in value for number in flat(each)] if isinstance(value, list) else [value]


def lines(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    forward, backward = data["forward"], data["backward"]
    yield from (*forward["weights"], *forward["lines"], *forward["costs"])
    yield from [] if forward["whole"] is None else [forward["whole"]]
    yield from (*backward["errors"], *backward["matrices"], *backward["gradients"], *data["neuron"]["lines"])
    yield from (*data["paths"]["lines"], *data["step"]["lines"])


def only(data: dict[str, Any], tag: str, left: str) -> dict[str, Any]:
    found = [line for line in lines(data) if line["tag"] == tag and line["left"] == left]
    assert found, f"no line ({tag}) {left}"
    return found[0]


def holds(data: dict[str, Any], tag: str, left: str, symbols: str, expected: Any) -> None:
    line = only(data, tag, left)
    assert line["symbols"] == symbols
    assert flat(line["result"]) == pytest.approx(flat(expected), rel=1e-12, abs=1e-15)


def tags(data: dict[str, Any]) -> set[str]:
    return {line["tag"] for line in lines(data)}


# The network 2-2-2-1 --------------------------------------------------------------------------------------------------


def test_the_tutorials_network_has_its_numbers_in_every_equation() -> None:
    data = linear().explain(A1, Y, learning_rate=0.001).to_dict()
    a2 = times(W2, A1)
    a3 = times(W3, a2)
    a4 = times(W4, a3)
    holds(data, "2", "a^4", "w^4 (w^3 (w^2 a^1))", a4)
    formula = data["expansion"]["formula"]
    assert formula["formula"]["text"].startswith("½·(w^4_11·(w^3_11·(a^1_1·w^2_11 + a^1_2·w^2_12) + ")
    holds(data, "3", "w^3", "[w^3_11, w^3_12; w^3_21, w^3_22]", W3)
    holds(data, "4", "C", "½ ‖y - a^4‖²", 0.5 * (Y[0] - a4[0]) ** 2)
    delta4 = [a4[0] - Y[0]]
    delta3 = times(turned(W4), delta4)
    delta2 = times(turned(W3), delta3)
    holds(data, "13", "δ^2_1", "∂C/∂a^2_1", delta2[0])
    holds(data, "14", "∂C/∂w^2_11", "δ^2_1 · ∂a^2_1/∂w^2_11", delta2[0] * A1[0])
    holds(data, "14", "∂C/∂w^2", "δ^2 (a^1)ᵀ", outer(delta2, A1))
    holds(data, "14", "∂C/∂w^3", "δ^3 (a^2)ᵀ", outer(delta3, a2))
    holds(data, "14", "∂C/∂w^4", "δ^4 (a^3)ᵀ", outer(delta4, a3))
    holds(data, "15", "∂a^3_1/∂a^2_1", "w^3_11", W3[0][0])
    holds(data, "16", "δ^4_1", "∂C/∂a^4_1", delta4[0])
    holds(data, "17", "δ^3_1", "δ^4_1 w^4_11", delta4[0] * W4[0][0])
    holds(data, "18", "δ^2_1", "δ^3_1 w^3_11 + δ^3_2 w^3_21", delta3[0] * W3[0][0] + delta3[1] * W3[1][0])
    holds(
        data, "19", "[δ^2_1; δ^2_2]",
        "[∂a^3_1/∂a^2_1, ∂a^3_2/∂a^2_1; ∂a^3_1/∂a^2_2, ∂a^3_2/∂a^2_2] [δ^3_1; δ^3_2]", delta2,
    )  # fmt: skip
    holds(data, "20", "δ^2", "(w^3)ᵀ δ^3", delta2)
    by_weight = {each["weight"]: each["number"] for each in formula["derivatives"]}
    assert by_weight["w^2_11"] == pytest.approx(delta2[0] * A1[0], rel=1e-12)
    assert by_weight["w^4_12"] == pytest.approx(delta4[0] * a3[1], rel=1e-12)
    c = delta4[0]
    holds(data, "6", "∂C/∂a^3_1", "∂C/∂a^4_1 · ∂a^4_1/∂a^3_1", c * W4[0][0])
    holds(data, "7", "∂C/∂w^4_11", "∂C/∂a^4_1 · ∂a^4_1/∂w^4_11", c * a3[0])
    holds(data, "8", "∂C/∂w^3_11", "∂C/∂a^4_1 · ∂a^4_1/∂a^3_1 · ∂a^3_1/∂w^3_11", c * W4[0][0] * a2[0])
    holds(data, "9", "∂C/∂w^3_21", "∂C/∂a^4_1 · ∂a^4_1/∂a^3_2 · ∂a^3_2/∂w^3_21", c * W4[0][1] * a2[0])
    holds(data, "10", "∂C/∂w^3_12", "∂C/∂a^4_1 · ∂a^4_1/∂a^3_1 · ∂a^3_1/∂w^3_12", c * W4[0][0] * a2[1])
    both = (c * W4[0][0] * W3[0][0] + c * W4[0][1] * W3[1][0]) * A1[0]
    holds(data, "11", "∂C/∂w^2_11", "∂C/∂a^4_1 · ... · ∂a^2_1/∂w^2_11", both)
    first, second = (
        "∂C/∂a^4_1 · " + each for each in ("∂a^4_1/∂a^3_1 · ∂a^3_1/∂a^2_1", "∂a^4_1/∂a^3_2 · ∂a^3_2/∂a^2_1")
    )
    holds(data, "12", "∂C/∂w^2_11", f"({first} + {second}) · ∂a^2_1/∂w^2_11", both)
    for letter, weight, gradient in (
        ("w^2", W2, outer(delta2, A1)),
        ("w^3", W3, outer(delta3, a2)),
        ("w^4", W4, outer(delta4, a3)),
    ):
        after = [
            [one - 0.001 * other for one, other in zip(*rows, strict=True)]
            for rows in zip(weight, gradient, strict=True)
        ]
        holds(data, "1", letter, f"{letter} - η · ∂C/∂{letter}", after)
    assert "eq. (13)" in data["backward"]["meaning"]
    assert {"BP1", "BP2", "BP3", "BP4"}.isdisjoint(tags(data))


def test_the_second_neuron_of_a_layer_has_its_own_paths() -> None:
    data = linear().explain(A1, Y, neuron="2:2", expand=False).to_dict()
    delta3 = [6.0, -2.0]
    expected = delta3[0] * W3[0][1] + delta3[1] * W3[1][1]
    holds(data, "18", "δ^2_2", "δ^3_1 w^3_12 + δ^3_2 w^3_22", expected)
    assert data["neuron"] == data["neuron"] | {"node": "a2", "layer": 2, "number": 2}


# Sigmoids and biases --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sizes", "seed"), [((2, 2, 1), 0), ((3, 4, 2), 1), ((5, 4, 2), 2)])
def test_a_network_with_sigmoids_and_biases_has_its_numbers_in_bp1_to_bp4(sizes: tuple[int, ...], seed: int) -> None:
    network = sigmoids(*sizes, seed=seed)
    last = len(sizes) + 1
    w = {n: network.parameters[f"dense_{n - 1}.w"].tolist() for n in range(2, last + 1)}
    b = {n: network.parameters[f"dense_{n - 1}.b"].tolist() for n in range(2, last + 1)}
    y = [0.25 * i for i in range(sizes[-1])]
    data = network.explain(A1, y, learning_rate=0.5, expand=False).to_dict()

    a, z = {1: A1}, {}
    for n in range(2, last + 1):
        z[n] = [each + bias for each, bias in zip(times(w[n], a[n - 1]), b[n], strict=True)]
        a[n] = [sigma(each) for each in z[n]]
        holds(data, "", f"z^{n}", f"w^{n} a^{n - 1} + b^{n}", z[n])
        holds(data, "", f"a^{n}", f"σ(z^{n})", a[n])
    holds(
        data, "4", "C", f"½ ‖y - a^{last}‖²", 0.5 * sum((one - two) ** 2 for one, two in zip(y, a[last], strict=True))
    )

    slope = {n: [each * (1 - each) for each in a[n]] for n in z}
    start = [one - two for one, two in zip(a[last], y, strict=True)]
    delta = {last: [one * two for one, two in zip(start, slope[last], strict=True)]}
    holds(data, "BP1", f"δ^{last}", f"∇_a C ⊙ σ'(z^{last})", delta[last])
    holds(data, "BP1-2", f"δ^{last}_1", f"∂C/∂a^{last}_1 · ∂a^{last}_1/∂z^{last}_1", start[0] * slope[last][0])
    for n in range(last - 1, 1, -1):
        back = times(turned(w[n + 1]), delta[n + 1])
        delta[n] = [one * two for one, two in zip(back, slope[n], strict=True)]
        holds(data, "BP2", f"δ^{n}", f"((w^{n + 1})ᵀ δ^{n + 1}) ⊙ σ'(z^{n})", delta[n])
        holds(data, "20", f"∂C/∂a^{n}", f"(w^{n + 1})ᵀ δ^{n + 1}", back)
        path = f"(Σ_q w^{n + 1}_q1 δ^{n + 1}_q) · ∂a^{n}_1/∂z^{n}_1"
        expected = sum(w[n + 1][q][0] * delta[n + 1][q] for q in range(len(delta[n + 1]))) * slope[n][0]
        holds(data, "BP2-2", f"δ^{n}_1", path, expected)
    for n in range(2, last + 1):
        holds(data, "BP3", f"∂C/∂b^{n}", f"δ^{n}", delta[n])
        holds(data, "BP4", f"∂C/∂w^{n}", f"δ^{n} (a^{n - 1})ᵀ", outer(delta[n], a[n - 1]))
        after = [one - 0.5 * two for one, two in zip(b[n], delta[n], strict=True)]
        holds(data, "1", f"b^{n}", f"b^{n} - η · ∂C/∂b^{n}", after)
    holds(data, "BP4", "∂C/∂w^2_11", "a^1_1 δ^2_1", A1[0] * delta[2][0])
    holds(data, "BP3", "∂C/∂b^2_1", "δ^2_1", delta[2][0])
    holds(data, "15", "∂z^3_1/∂a^2_1", "w^3_11", w[3][0][0])
    assert {"3", "19"} <= tags(data)
    chain = f"∂C/∂a^{last}_1 · ∂a^{last}_1/∂z^{last}_1 · ∂z^{last}_1/∂w^{last}_11"
    holds(data, "6", f"∂C/∂w^{last}_11", chain, start[0] * slope[last][0] * a[last - 1][0])
    rule = next(each for each in data["paths"]["rules"] if each["weight"] == "w^2_11")
    assert rule["count"] == math.prod(sizes[1:])
    assert rule["total"] == pytest.approx(A1[0] * delta[2][0], rel=1e-12)

    step = data["step"]
    gradients: Iterable[float] = [
        *(g for n in delta for row in outer(delta[n], a[n - 1]) for g in row), *(g for n in delta for g in delta[n]),
    ]  # fmt: skip
    assert step["predicted"] == pytest.approx(-0.5 * sum(g * g for g in gradients), rel=1e-12)
    assert step["change"] == step["cost_after"] - step["cost_before"]


def test_measured_derivatives_stand_beside_every_entry_of_small_networks() -> None:
    data = sigmoids(3, 2).explain(A1, [0.0, 1.0], expand=False).to_dict()["gradient"]
    assert data["checked"] == data["size"] == 3 * 2 + 3 + 2 * 3 + 2 + 2
    for part in data["parts"]:
        for check in part["checks"]:
            assert check["complex_step"] == pytest.approx(check["back_propagation"], rel=1e-12)
            assert check["difference"] == pytest.approx(check["back_propagation"], rel=1e-6)
