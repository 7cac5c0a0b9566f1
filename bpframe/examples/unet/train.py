"""A U-shaped network takes noise out of images: down to few places and up again, with skips.

On the way down each place sees more of the image, on the way up detail comes back, from skips: what a size computed on
the way down stands beside what comes up from below. In training, noise of deviation 0.4 is added to pixels in [0, 1],
and the target is the image without it. The rivals are the same network without skips, which has to draw the image
from 16 numbers at each of 2 x 2 places, and the best linear map from noisy to clean training images.

Source: O. Ronneberger, P. Fischer and T. Brox, U-Net: Convolutional Networks for Biomedical Image Segmentation, 2015.
"""

from pathlib import Path

import numpy as np

from bpframe.documents import read_spec
from bpframe.runs import run_experiment

HERE = Path(__file__).parent
NOISE = 0.4


def without_skips(spec):
    """Return the same spec with nothing beside what comes up from below."""
    network = spec.network
    nodes = tuple(
        each.model_copy(update={"inputs": each.inputs[:1]}) if each.component.kind == "concatenate" else each
        for each in network.nodes
    )
    return spec.model_copy(update={"network": network.model_copy(update={"nodes": nodes})})


def linear_map(clean, noisy_test):
    """Return noisy images through the linear map of least expected error, C (C + s² I)⁻¹, C the pixels' covariance."""
    mean = clean.mean(axis=0)
    covariance = np.cov(clean.T)
    return mean + (noisy_test - mean) @ np.linalg.solve(covariance + NOISE**2 * np.eye(64), covariance)


def run(spec, progress=None):
    """Train with skips and without; return errors on held-back images with noise, and a function that draws some."""
    with_skips, without = (run_experiment(each, HERE, progress) for each in (spec, without_skips(spec)))
    data = with_skips.dataset
    noise = NOISE * np.random.default_rng(0).standard_normal(data.x_test.shape)
    noisy = (data.x_test + noise).astype(data.x_test.dtype)
    cleaned, plain = (each.network.predict(noisy) for each in (with_skips, without))
    linear = linear_map(data.x.reshape(-1, 64), noisy.reshape(-1, 64)).reshape(noisy.shape)

    def error(images):
        return float(np.square(images - data.x_test).mean())

    reached = {
        "mean squared error": error(cleaned),
        "without skips": error(plain),
        "of the best linear map": error(linear),
        "of the noisy images": error(noisy),
    }

    def draw():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 3.9), layout="constrained")
        axes = figure.subplots(5, 8)
        rows = [("noisy", noisy), ("network", cleaned), ("no skips", plain), ("linear", linear), ("clean", data.x_test)]
        for row, (name, images) in enumerate(rows):
            for k in range(8):
                axes[row, k].imshow(images[k, :, :, 0], cmap="gray_r", vmin=0, vmax=1)
                axes[row, k].set(xticks=[], yticks=[])
            axes[row, 0].set_ylabel(name)
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4g}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("unet.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that unet.svg is not drawn: pip install "bpframe[plot]"')
