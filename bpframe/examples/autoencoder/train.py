"""An autoencoder squeezes digits through eight numbers and draws them again.

The target of every image is the image itself. Between the two are 8 numbers only, so that the network has to find out
what digits have in common. Its rival is the best that a linear map can do with as many numbers: the mean image and
the 8 leading principal components, of the same training images.

Source: G. E. Hinton and R. R. Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313,
2006.
"""

from pathlib import Path

import numpy as np

from bpframe.documents import read_spec
from bpframe.runs import run_experiment

HERE = Path(__file__).parent
CODE = 8


def principal_components(x, x_test):
    """Return x_test rebuilt from its mean and CODE principal components, both of x."""
    mean = x.mean(axis=0)
    _, _, directions = np.linalg.svd(x - mean, full_matrices=False)
    return mean + (x_test - mean) @ directions[:CODE].T @ directions[:CODE]


def run(spec, progress=None):
    """Train; return errors on held-back digits, and a function that draws some of them."""
    experiment = run_experiment(spec, HERE, progress)
    data = experiment.dataset
    rebuilt = experiment.network.predict(data.x_test)
    linear = principal_components(data.x, data.x_test)
    reached = {
        "mean squared error": float(np.square(rebuilt - data.x_test).mean()),
        "of 8 principal components": float(np.square(linear - data.x_test).mean()),
        "of the mean image": float(np.square(data.x.mean(axis=0) - data.x_test).mean()),
    }

    def draw():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 2.6), layout="constrained")
        axes = figure.subplots(3, 10)
        for row, (name, images) in enumerate([("digit", data.x_test), ("network", rebuilt), ("linear", linear)]):
            for k in range(10):
                axes[row, k].imshow(images[k].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
                axes[row, k].set(xticks=[], yticks=[])
            axes[row, 0].set_ylabel(name)
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4f}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("autoencoder.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that autoencoder.svg is not drawn: pip install "bpframe[plot]"')
