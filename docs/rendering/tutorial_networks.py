"""The tutorial's two networks as drawings: their numbers, the paths of a weight, the errors on their way back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from line_art import BLUE, GREY, INK, ORANGE, Drawing, Point, number

from bpframe.extend import Array

#: The network of steps 1 to 3: weights by layer, the input, and the wanted output.
LINEAR = {2: np.array([[1.0, -1.0], [2.0, 1.0]]), 3: np.array([[2.0, 1.0], [-1.0, 1.0]]), 4: np.array([[3.0, -1.0]])}
INPUT, WANTED = np.array([1.0, 2.0]), -1.0

#: The network with sigmoids: weights and biases by layer, the example.
WEIGHTS = {2: np.array([[1.0, -1.0], [-2.0, 2.0]]), 3: np.array([[2.0, -1.0]])}
BIASES = {2: np.array([1.0, -1.0]), 3: np.array([0.0])}
EXAMPLE, TARGET = np.array([0.0, 1.0]), 1.0

LEFT, APART = 60, 170
Place = dict[tuple[int, int], Point]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def places(sizes: Sequence[int]) -> Place:
    """Return where the neurons lie, by layer and number, counted from 1."""
    middle = 130
    return {
        (layer, j): (LEFT + APART * (layer - 1), middle + (j - (n + 1) / 2) * 140)
        for layer, n in enumerate(sizes, start=1)
        for j in range(1, n + 1)
    }


def label_place(tail: Point, head: Point) -> Point:
    """Return where the label of an edge stands: near its tail, above it, below it where the edge falls away."""
    x, y = tail[0] + 0.36 * (head[0] - tail[0]), tail[1] + 0.36 * (head[1] - tail[1])
    if tail[1] == head[1]:
        return x, y - 9 if tail[1] < 130 else y + 22
    return (x + 8, y - 8) if tail[1] < head[1] else (x + 8, y + 20)


def name_place(tail: Point, head: Point) -> Point:
    """Return where the symbol of an edge stands: near its head, on the other side than its label."""
    x, y = tail[0] + 0.6 * (head[0] - tail[0]), tail[1] + 0.6 * (head[1] - tail[1])
    if tail[1] == head[1]:
        return x, y + 24 if tail[1] < 130 else y - 10
    return (x - 14, y + 20) if tail[1] < head[1] else (x - 16, y - 8)


def linear_network() -> tuple[dict[int, Array], dict[int, Array]]:
    """Return the activations and the errors of the 2-2-2-1 network: eqs. (2), (16) and (20)."""
    a = {1: INPUT}
    for layer, w in LINEAR.items():
        a[layer] = w @ a[layer - 1]
    delta = {4: a[4] - WANTED}
    for layer in (3, 2):
        delta[layer] = LINEAR[layer + 1].T @ delta[layer + 1]
    return a, delta


def sigmoid_network() -> tuple[dict[int, Array], dict[int, Array]]:
    """Return the activations and the errors of the 2-2-1 network: BP1 and BP2."""
    a = {1: EXAMPLE}
    for layer, w in WEIGHTS.items():
        a[layer] = sigmoid(w @ a[layer - 1] + BIASES[layer])
    delta = {3: (a[3] - TARGET) * a[3] * (1 - a[3])}
    delta[2] = WEIGHTS[3].T @ delta[3] * a[2] * (1 - a[2])
    return a, delta


# Networks ------------------------------------------------------------------------------------------------------------


def edges(drawing: Drawing, weights: dict[int, Array], at: Place, colour: str = INK, labels: bool = True) -> None:
    for layer, w in weights.items():
        for j, k in np.ndindex(w.shape):
            tail, head = at[layer - 1, k + 1], at[layer, j + 1]
            drawing.arrow(tail, head, colour)
            if labels:
                drawing.text(*label_place(tail, head), number(w[j, k]), colour=colour)


def neurons(drawing: Drawing, a: dict[int, Array], at: Place) -> None:
    """Draw each neuron with its activation in it, and its symbol above or below."""
    for (layer, j), (x, y) in at.items():
        value = number(a[layer][j - 1])
        drawing.circle((x, y))
        drawing.text(x, y + 6, value, 18 if len(value) < 4 else 14)
        drawing.symbol(x, y - 33 if y < 131 else y + 44, f"a {layer} {j}")


def network_numbers() -> Drawing:
    drawing = Drawing(640, 262, "The network 2-2-2-1 with an activation in every neuron and a weight on every edge")
    a, _ = linear_network()
    at = places((2, 2, 2, 1))
    edges(drawing, LINEAR, at)
    neurons(drawing, a, at)
    return drawing


def path_figure(paths: Sequence[Sequence[int]], layer: int, k: int) -> Drawing:
    """Draw the paths of a weight of `layer`, from neuron k: each the numbers of the neurons from that layer on."""
    a, delta = linear_network()
    at = places((2, 2, 2, 1)) | {(5, 1): (LEFT + 4 * APART - 20, 130)}
    j = paths[0][0]
    drawing = Drawing(800, 262 + 26 * len(paths), f"Paths from the weight {layer},{j}{k} to the cost")
    edges(drawing, LINEAR, at, GREY, labels=False)
    drawing.arrow(at[4, 1], at[5, 1], GREY)
    marked: dict[tuple[Point, Point], list[tuple[str, str]]] = {}
    for colour, path in zip((BLUE, ORANGE), paths, strict=False):
        stops = [(layer - 1, k), *((layer + i, j) for i, j in enumerate(path)), (5, 1)]
        factors = [
            a[layer - 1][k - 1],
            *(LINEAR[to[0]][to[1] - 1, here[1] - 1] for here, to in pairwise(stops[1:-1])),
            delta[4][0],
        ]
        for here, to, factor in zip(stops[:-1], stops[1:], factors, strict=True):
            marked.setdefault((at[here], at[to]), []).append((colour, number(factor)))
        product = math.prod(factors)
        row = 262 + 26 * (0 if colour == BLUE else 1)
        said = " · ".join(number(f) if f >= 0 else f"({number(f)})" for f in reversed(factors))
        drawing.text(400, row, f"{said} = {number(product)}", 18, colour)
    for (tail, head), uses in marked.items():
        for index, (colour, _) in enumerate(uses):
            shift = 0.0 if len(uses) == 1 else (-2.2, 2.2)[index]
            drawing.arrow(tail, head, colour, 3, shift=shift)
        x, y = label_place(tail, head)
        colour = uses[0][0] if len(uses) == 1 else INK
        if tail == at[layer - 1, k]:
            aside = 0 if tail[1] == head[1] else 36
            drawing.symbol(x + aside, y, f"a {layer - 1} {k}", 16, colour, f" = {uses[0][1]}")
            drawing.symbol(*name_place(tail, head), f"w {layer} {j}{k}", 16, GREY)
        else:
            drawing.text(x, y, uses[0][1], 18, colour)
    for (column, row), (x, y) in at.items():
        drawing.circle((x, y))
        drawing.symbol(x, y + 5, f"a {column} {row}" if column < 5 else "C")
    return drawing


def errors() -> Drawing:
    drawing = Drawing(640, 290, "The network 2-2-2-1 with an error below every neuron; arrows lead backward")
    a, delta = linear_network()
    at = places((2, 2, 2, 1))
    backward(drawing, LINEAR, a, delta, at)
    return drawing


def backward(
    drawing: Drawing, weights: dict[int, Array], a: dict[int, Array], delta: dict[int, Array], at: Place
) -> None:
    """Draw a network with its errors, and arrows backward where an error is handed on."""
    for layer, w in weights.items():
        for j, k in np.ndindex(w.shape):
            tail, head = at[layer - 1, k + 1], at[layer, j + 1]
            if layer == 2:
                drawing.arrow(tail, head, GREY)
                continue
            drawing.arrow(head, tail, ORANGE, 1.8)
            drawing.text(*label_place(tail, head), number(w[j, k]))
    for (layer, j), (x, y) in at.items():
        value = number(a[layer][j - 1])
        drawing.circle((x, y))
        drawing.text(x, y + 6, value, 18 if len(value) < 4 else 14, GREY)
        if layer > 1:
            error = f" = {number(delta[layer][j - 1])}"
            drawing.symbol(x, y - 35 if y < 130 else y + 46, f"δ {layer} {j}", 17, ORANGE, error)


def network_2_2_1() -> Drawing:
    drawing = Drawing(470, 270, "The network 2-2-1: weights on its edges, biases in its neurons")
    at = places((2, 2, 1))
    edges(drawing, WEIGHTS, at)
    for (layer, j), (x, y) in at.items():
        drawing.circle((x, y))
        drawing.symbol(x, y - 35 if y < 131 else y + 46, f"a {layer} {j}")
        if layer == 1:
            drawing.text(x, y + 6, number(EXAMPLE[j - 1]), 18)
        else:
            drawing.symbol(x, y + 5, "b", 13, INK, f" = {number(BIASES[layer][j - 1])}")
    return drawing


def errors_2_2_1() -> Drawing:
    drawing = Drawing(500, 270, "The network 2-2-1 with an error at every neuron; arrows lead backward")
    a, delta = sigmoid_network()
    backward(drawing, WEIGHTS, a, delta, places((2, 2, 1)))
    return drawing
