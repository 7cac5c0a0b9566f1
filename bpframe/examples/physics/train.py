"""A network solves a differential equation: its own derivative stands in the cost.

    du/dx + u/5 = e^{−x/5} cos x,    u(0) = 0,    0 <= x <= 6,    whose solution is u = e^{−x/5} sin x

Nobody shows the network a solution. The spec's graph computes u = x n(x), and du/dx from the same parameters by the
chain rule, node for node; its output is the left side of the equation, its target the right one. Levenberg and
Marquardt's method makes the difference small at 80 places. That back-propagation goes through a derivative needs
nothing new: du/dx is one more value of the graph.

Source: I. E. Lagaris, A. Likas and D. I. Fotiadis, Artificial Neural Networks for Solving Ordinary and Partial
Differential Equations, 1998, problem 2.
"""

from pathlib import Path

import numpy as np

import bpframe as bp
from bpframe.documents import read_spec

HERE = Path(__file__).parent
END = 6.0


def run(spec, progress=None):
    """Solve the equation; return errors between the places of the cost, and a function that draws the solution."""
    network = bp.Network.from_spec(spec.network)
    x = np.linspace(0, END, 80)[:, None]
    network.train(spec.training, (x, np.exp(-x / 5) * np.cos(x), None), None, progress)

    between = np.linspace(0, END, 501)[:, None]
    values = network.trace(between)
    solution = np.exp(-between / 5) * np.sin(between)
    step = 1e-5
    slope = (network.trace(between + step)["u"] - network.trace(between - step)["u"]) / (2 * step)
    reached = {
        "largest error of u": float(np.abs(values["u"] - solution).max()),
        "largest residual": float(np.abs(values["residual"] - np.exp(-between / 5) * np.cos(between)).max()),
        "du/dx beside differences of u": float(np.abs(values["du"] - slope).max()),
    }

    def draw():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 2.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(between, solution, color="C7", linewidth=4, alpha=0.5, label="solution")
        left.plot(between, values["u"], color="C0", label="network")
        left.plot(between, values["du"], color="C1", label="its derivative")
        left.set(xlabel="x")
        left.legend()
        right.semilogy(between[1:], np.abs(values["u"] - solution)[1:])
        right.set(xlabel="x", title="error of u")
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.3g}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("physics.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that physics.svg is not drawn: pip install "bpframe[plot]"')
