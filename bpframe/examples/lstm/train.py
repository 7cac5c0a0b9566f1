"""An LSTM predicts the next step of a series from the 32 before it.

The series is two waves, one of which swells and fades, and noise of deviation 0.01. The rival says that the next step
will be like the last. Both are measured on the last fifth of the series, of which no step was seen in training. Fed
with its own predictions, the network goes on alone.

Source: S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, 1997.
"""

from pathlib import Path

import numpy as np

from bpframe.documents import read_spec
from bpframe.runs import run_experiment

HERE = Path(__file__).parent
AHEAD = 80


def root_mean_square(error):
    return float(np.sqrt(np.square(error).mean()))


def run(spec, progress=None):
    """Train; return errors on the held-back steps, and a function that draws the series going on."""
    experiment = run_experiment(spec, HERE, progress)
    network, data = experiment.network, experiment.dataset
    network_error = root_mean_square(network.predict(data.x_test) - data.y_test)
    last_value = root_mean_square(data.x_test[:, -1] - data.y_test)
    reached = {
        "error of the network": network_error,
        "error of the last value": last_value,
        "times better": last_value / network_error,
    }

    def draw():
        from matplotlib.figure import Figure

        window = data.x_test[:1].copy()
        alone = []
        for _ in range(AHEAD):
            alone.append(network.predict(window)[0, 0])
            window = np.concatenate([window[:, 1:], [[[alone[-1]]]]], axis=1).astype(window.dtype)
        figure = Figure(figsize=(7, 2.6), layout="constrained")
        ax = figure.subplots()
        length = data.x_test.shape[1]
        ax.plot(np.arange(length), data.x_test[0, :, 0], color="C7", label="what it is given")
        steps = np.arange(length, length + AHEAD)
        ax.plot(steps, data.y_test[:AHEAD, 0], color="C0", label="what comes")
        ax.plot(steps, alone, "--", color="C1", label="fed with its own predictions")
        ax.set(xlabel="step")
        ax.legend(loc="lower left")
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4g}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("lstm.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that lstm.svg is not drawn: pip install "bpframe[plot]"')
