"""A regression says how sure it is: intervals that hold nine of ten new measurements.

The data are 2,000 measurements whose noise depends on where they are made:

    measured = sin(3 first) + second² + (0.05 + 0.2 (1 + tanh(3 first))) ε,    ε ~ N(0, 1),    first, second ~ U(−1, 1)

The network gives a mean μ and a log-variance s for every place, and its cost is the negative log-likelihood of the
measurement under that normal distribution. An interval is μ ± 1.645 e^{s/2}. Coverage is the share of held-back
measurements in their intervals; a constant interval, of the deviation of all training errors, has the right share on
average, and the wrong one nearly everywhere.

Source: D. A. Nix and A. S. Weigend, Estimating the Mean and Variance of the Target Probability Distribution, 1994.
"""

from pathlib import Path

import numpy as np

from bpframe.documents import read_spec
from bpframe.runs import run_experiment

HERE = Path(__file__).parent
NINE_OF_TEN = 1.6449  # how many deviations around the mean hold 90 % of a normal distribution


def run(spec, progress=None):
    """Train; return how many new measurements lie in their intervals, and a function that draws these."""
    experiment = run_experiment(spec, HERE, progress)
    network, data = experiment.network, experiment.dataset

    def interval(x):
        mean, log_variance = network.predict(x).T
        return mean, NINE_OF_TEN * np.exp(log_variance / 2)

    mean, half = interval(data.x_test)
    error = np.abs(mean - data.y_test[:, 0])
    fitted, _ = interval(data.x)
    constant = NINE_OF_TEN * np.std(fitted - data.y[:, 0])
    quiet = data.x_test[:, 0] < 0
    reached = {
        "coverage of 90 % intervals": float((error < half).mean()),
        "where there is little noise": float((error < half)[quiet].mean()),
        "of constant intervals there": float((error < constant)[quiet].mean()),
        "mean width": float(2 * half.mean()),
        "width of constant intervals": float(2 * constant),
    }

    def draw():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 2.8), layout="constrained")
        ax = figure.subplots()
        grid = np.stack([np.linspace(-1, 1, 200), np.zeros(200)], axis=1)
        mean, half = interval(grid)
        near = np.abs(data.x_test[:, 1]) < 0.35
        ax.plot(data.x_test[near, 0], data.y_test[near, 0] - data.x_test[near, 1] ** 2, ".", color="C7", markersize=3)
        ax.plot(grid[:, 0], mean, color="C0", label="mean at second = 0")
        ax.fill_between(grid[:, 0], mean - half, mean + half, color="C0", alpha=0.2, label="nine of ten")
        ax.set(xlabel="first", ylabel="measured − second²")
        ax.legend(loc="upper left")
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4g}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("uncertainty.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that uncertainty.svg is not drawn: pip install "bpframe[plot]"')
