"""Draw the figures of the tutorial: python docs/rendering/tutorial_figures.py

They are kept in docs/assets/tutorial, so that the pages show them wherever they are read; a test draws them again.
Every number in them is computed, from the weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from line_art import BLUE, GREY, INK, ORANGE, Axes, Drawing, Point, number
from tutorial_networks import (
    BIASES,
    WEIGHTS,
    errors,
    errors_2_2_1,
    network_2_2_1,
    network_numbers,
    path_figure,
    sigmoid,
)

ASSETS = Path(__file__).parents[1] / "assets" / "tutorial"

# Olah's graph --------------------------------------------------------------------------------------------------------


def olah(start: str) -> Drawing:
    """Draw the graph c = a + b, d = b + 1, e = c × d with all paths from `start` to e."""
    a, b = 2, 1
    c, d = a + b, b + 1
    at: dict[str, Point] = {"a": (110, 240), "b": (390, 240), "c": (170, 140), "d": (390, 140), "e": (280, 40)}
    # Of each edge: the derivative, where it stands, and the two ends of the arrow.
    arrows: dict[tuple[str, str], tuple[int, Point, Point, Point]] = {
        ("a", "c"): (1, (118, 197), (118, 221), (155, 160)),
        ("b", "c"): (1, (290, 180), (360, 221), (205, 160)),
        ("b", "d"): (1, (406, 197), (390, 221), (390, 160)),
        ("c", "e"): (d, (204, 94), (185, 121), (255, 60)),
        ("d", "e"): (c, (356, 94), (375, 121), (305, 60)),
    }
    paths = {"a": ["ace"], "b": ["bce", "bde"]}[start]
    drawing = Drawing(520, 280 + 26 * len(paths), f"The paths from {start} to e, with the derivative on every edge")
    used: dict[tuple[str, str], str] = {}
    for row, (colour, path) in enumerate(zip((BLUE, ORANGE), paths, strict=False)):
        factors = [arrows[pair][0] for pair in pairwise(path)]
        used |= dict.fromkeys(pairwise(path), colour)
        said = f"{' → '.join(path)}:  {' · '.join(map(str, reversed(factors)))} = {math.prod(factors)}"
        drawing.text(260, 292 + 26 * row, said, 18, colour)
    for pair, (slope, where, tail, head) in arrows.items():
        colour = used.get(pair, GREY)
        drawing.arrow(tail, head, colour, 3 if pair in used else 1.3, gap=0)
        drawing.text(*where, str(slope), 18, colour)
    for name, said in {
        "a": f"a = {a}",
        "b": f"b = {b}",
        "c": f"c = a + b = {c}",
        "d": f"d = b + 1 = {d}",
        "e": f"e = c × d = {c * d}",
    }.items():
        drawing.box(at[name], 70 if name in "ab" else 130)
        drawing.text(at[name][0], at[name][1] + 6, said, 17)
    return drawing


# Neuron and curves ---------------------------------------------------------------------------------------------------


def neuron() -> Drawing:
    drawing = Drawing(640, 250, "A neuron: z = w1 x1 + w2 x2 + b, and a is the sigmoid of z")
    first, second, bias, body, radius = (60, 40), (60, 160), (300, 232), (300, 100), 68
    x, w, b = (1, 2), (2, -1), 1
    z = w[0] * x[0] + w[1] * x[1] + b

    def rim(place: Point) -> Point:
        """Return where an arrow of gap 28 has to be aimed at, so that it ends at the neuron's rim."""
        share = (radius + 3 - 28) / math.dist(place, body)
        return body[0] + share * (place[0] - body[0]), body[1] + share * (place[1] - body[1])

    for place, index in ((first, 0), (second, 1)):
        drawing.arrow(place, rim(place), gap=28)
        drawing.circle(place)
        drawing.symbol(place[0], place[1] + 5, f"x - {index + 1}", 15, after=f" = {x[index]}")
    drawing.symbol(158, 52, "w - 1", 16, INK, f" = {number(w[0])}")
    drawing.symbol(158, 164, "w - 2", 16, INK, f" = {number(w[1])}")
    drawing.arrow(bias, rim(bias), gap=28)
    drawing.symbol(300, 226, "b", 17, INK, f" = {b}")
    drawing.circle(body, radius)
    drawing.line([(300, 100 - radius), (300, 100 + radius)], "#9a9a9a")
    drawing.symbol(267, 106, "z", 17, INK, f" = {z}")
    drawing.symbol(333, 106, "σ", 17, INK, "(z)")
    drawing.arrow((300 + radius - 28, 100), (500, 100), gap=32)
    drawing.symbol(535, 106, "a", 17, INK, f" = {number(float(sigmoid(z)))}")
    return drawing


def sigmoid_plot() -> Drawing:
    drawing = Drawing(560, 300, "The sigmoid and its derivative, from −6 to 6")
    axes = Axes(drawing, (50, 20), (490, 235), (-6, -4, -2, 0, 2, 4, 6), (0, 0.25, 0.5, 0.75, 1))
    z = np.linspace(-6, 6, 121)
    axes.curve(zip(z, sigmoid(z), strict=True), BLUE)
    axes.curve(zip(z, sigmoid(z) * (1 - sigmoid(z)), strict=True), ORANGE, dashes="7 4")
    drawing.symbol(*axes.at((2.2, 0.78)), "σ", 18, BLUE, "(z)")
    drawing.symbol(*axes.at((2.2, 0.19)), "σ′", 18, ORANGE, "(z)")
    drawing.symbol(*axes.at((6, -0.13)), "z", 16)
    return drawing


def downhill() -> Drawing:
    drawing = Drawing(
        560, 320, "The cost as a function of one weight, and steps of gradient descent with two learning rates"
    )
    axes = Axes(drawing, (50, 20), (490, 255), (0, 1, 2, 3, 4, 5, 6), (0, 4, 8, 12, 16))

    def cost(w: float) -> float:
        return 0.5 * (6 - 2 * w) ** 2

    axes.curve([(float(w), cost(float(w))) for w in np.linspace(0.18, 5.84, 100)], INK, 1.5)
    for rate, colour, count in ((0.6, ORANGE, 1), (0.1, BLUE, 4)):
        w = [1.0]
        for _ in range(count):
            w.append(w[-1] + rate * 2 * (6 - 2 * w[-1]))
        stops = [axes.at((each, cost(each))) for each in w]
        for tail, head in pairwise(stops):
            drawing.arrow(tail, head, colour, 1.6, gap=5)
        for stop in stops:
            drawing.dot(stop, colour)
    drawing.text(*axes.at((2.25, 6.1)), "η = 0.1", 17, BLUE)
    drawing.text(*axes.at((3.6, 13.6)), "η = 0.6", 17, ORANGE)
    drawing.symbol(*axes.at((6, -2)), "w", 16)
    drawing.symbol(*axes.at((0.55, 15)), "C", 16)
    return drawing


def learning_curve(steps: str) -> Drawing:
    drawing = Drawing(560, 310, "The mean cost of exclusive or, over 1500 steps of gradient descent")
    axes = Axes(drawing, (60, 20), (480, 235), (0, 250, 500, 750, 1000, 1250, 1500), (0, 0.05, 0.1, 0.15, 0.2))
    axes.curve(list(enumerate(exclusive_or_costs(1500)))[::5], BLUE)
    drawing.text(*axes.at((750, -0.035)), steps, 15)
    drawing.symbol(*axes.at((60, 0.187)), "C", 18, BLUE)
    return drawing


def exclusive_or_costs(steps: int) -> list[float]:
    """Return the mean cost before each step of gradient descent on exclusive or, with η = 2."""
    x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([[0], [1], [1], [0.0]])
    w, b = dict(WEIGHTS), dict(BIASES)
    costs = []
    for _ in range(steps + 1):
        hidden = sigmoid(x @ w[2].T + b[2])
        output = sigmoid(hidden @ w[3].T + b[3])
        costs.append(float(np.mean(0.5 * (y - output) ** 2)))
        delta = {3: (output - y) * output * (1 - output)}
        delta[2] = delta[3] @ w[3] * hidden * (1 - hidden)
        w = {layer: w[layer] - 2 * delta[layer].T @ before / 4 for layer, before in ((2, x), (3, hidden))}
        b = {layer: b[layer] - 2 * delta[layer].mean(axis=0) for layer in b}
    return costs


FIGURES: dict[str, Callable[[], Drawing]] = {
    "neuron": neuron,
    "sigmoid": sigmoid_plot,
    "downhill": downhill,
    "network-numbers": network_numbers,
    "path-7": partial(path_figure, [(1,)], 4, 1),
    "path-8": partial(path_figure, [(1, 1)], 3, 1),
    "path-9": partial(path_figure, [(2, 1)], 3, 1),
    "path-10": partial(path_figure, [(1, 1)], 3, 2),
    "path-12": partial(path_figure, [(1, 1, 1), (1, 2, 1)], 2, 1),
    "olah-a": partial(olah, "a"),
    "olah-b": partial(olah, "b"),
    "errors": errors,
    "network-2-2-1": network_2_2_1,
    "errors-2-2-1": errors_2_2_1,
    "learning-curve": partial(learning_curve, "steps of gradient descent"),
    "learning-curve-zh": partial(learning_curve, "梯度下降的步数"),
}


def main() -> None:
    for name, draw in FIGURES.items():
        (ASSETS / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
