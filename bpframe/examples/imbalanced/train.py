"""Class weights let a network find what is rare, at the price of some false alarms.

The data are 2,400 points, 131 of them rare: common ones are N(0, I), rare ones N((1.3, 1.3), I/4), in the midst of
common ones. The cost counts each example alike, so that to call everything common is nearly the best answer. With
weights in proportion to how seldom a class is, both classes count the same. What is measured is recall, the share of
a class that is found, on held-back points, and its mean over both classes, the balanced accuracy, for the network of
the spec and for the same one without weights.

Source: G. King and L. Zeng, Logistic Regression in Rare Events Data, 2001.
"""

from pathlib import Path

import numpy as np
from bpframe_classification import CrossEntropy

from bpframe.documents import read_spec
from bpframe.runs import run_experiment

HERE = Path(__file__).parent


def without_weights(spec):
    """Return the same spec with a cost that counts all examples alike."""
    network = spec.network
    cost = {output: CrossEntropy() for output in network.cost}
    return spec.model_copy(update={"network": network.model_copy(update={"cost": cost})})


def recalls(experiment):
    """Return which share of common and of rare held-back points is found."""
    data = experiment.dataset
    answers = experiment.network.predict(data.x_test).argmax(axis=1)
    return [float((answers[data.y_test == k] == k).mean()) for k in range(2)]


def run(spec, progress=None):
    """Train with class weights and without; return recalls, and a function that draws where each says rare."""
    trained = [run_experiment(each, HERE, progress) for each in (spec, without_weights(spec))]
    (common, rare), (common_plain, rare_plain) = (recalls(each) for each in trained)
    reached = {
        "recall of rare": rare,
        "without weights": rare_plain,
        "recall of common": common,
        "of common without weights": common_plain,
        "balanced accuracy": (common + rare) / 2,
        "balanced without weights": (common_plain + rare_plain) / 2,
    }

    def draw():
        from matplotlib.figure import Figure

        data = trained[0].dataset
        side = np.linspace(-3.5, 3.5, 120)
        grid = np.stack(np.meshgrid(side, side), axis=-1)
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for ax, each, title in zip(axes, trained, ("with class weights", "without"), strict=True):
            scores = each.network.predict(grid.reshape(-1, 2)).reshape(120, 120, 2)
            ax.contourf(side, side, scores[..., 1] - scores[..., 0], levels=[0, 1e9], colors=["C1"], alpha=0.25)
            for k, (name, color) in enumerate([("common", "C7"), ("rare", "C3")]):
                x = data.x_test[data.y_test == k]
                ax.plot(x[:, 0], x[:, 1], ".", color=color, markersize=2 + 2 * k, label=name, rasterized=True)
            ax.set(title=title, xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
        axes[0].legend(loc="lower left")
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4g}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("imbalanced.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that imbalanced.svg is not drawn: pip install "bpframe[plot]"')
