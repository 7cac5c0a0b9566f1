"""A convolution network reads handwritten digits.

The same 16 small filters go over every place of an image, 32 more over what they found, and the largest of every four
places is kept: the network looks for strokes, wherever they are. Of 360 digits that it never saw it misreads two,
where the dense layers of `bpframe demo` misread six.

Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-Based Learning Applied to Document Recognition,
Proceedings of the IEEE 86, 1998.
"""

from pathlib import Path

import numpy as np

from bpframe.documents import read_spec
from bpframe.runs import run_experiment

HERE = Path(__file__).parent


def run(spec, progress=None):
    """Train; return the accuracy on held-back digits, and a function that draws what it saw and misread."""
    experiment = run_experiment(spec, HERE, progress)
    net, data = experiment.network, experiment.dataset
    read = net.predict(data.x_test).argmax(axis=1)
    right = np.asarray(data.y_test)
    misread = np.flatnonzero(read != right)
    reached = {"accuracy on held-back digits": float(np.mean(read == right)), "misread": float(len(misread))}

    def draw():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4.2), layout="constrained")
        filters, features, wrong = figure.subfigures(3, 1, height_ratios=(1, 1, 1.2))
        shown = np.concatenate([misread, np.flatnonzero(read == right)])[:8]
        kernels = net.parameters["conv2d_1.w"][..., 0]
        after = net.trace(data.x_test[shown[:1]])["relu_1"][0]
        largest = np.abs(kernels).max()
        _row(filters, "16 filters", kernels, "coolwarm", largest, -largest)
        _row(features, "what they find in the first digit below", np.moveaxis(after, -1, 0), "gray_r", after.max())
        titles = [f"{right[n]}" if read[n] == right[n] else f"{right[n]}, read {read[n]}" for n in shown]
        _row(wrong, "digits: what is misread comes first", data.x_test[shown][..., 0], "gray_r", 1.0, titles=titles)
        return figure

    return reached, draw


def _row(figure, title, images, colours, high, low=0.0, titles=()):
    """Draw images side by side."""
    figure.suptitle(title, fontsize=9)
    for k, axes in enumerate(figure.subplots(1, len(images))):
        axes.imshow(images[k], cmap=colours, vmin=low, vmax=high)
        axes.set(xticks=[], yticks=[])
        if titles:
            axes.set_title(titles[k], fontsize=7)


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4f}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("lenet.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that lenet.svg is not drawn: pip install "bpframe[plot]"')
