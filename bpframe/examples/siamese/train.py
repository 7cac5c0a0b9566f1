"""A siamese network learns whether two images show the same digit.

Both images go through the same layers, with one set of parameters, and the squared differences of what comes out
decide. Half of the pairs that it is trained on show one digit twice. Where it can compare, it can also name: given one
image of every digit, a new image is the digit whose image it finds most alike. The rival compares pixels.

Source: J. Bromley, I. Guyon, Y. LeCun, E. Säckinger and R. Shah, Signature Verification using a "Siamese" Time Delay
Neural Network, 1993.
"""

from pathlib import Path

import numpy as np

import bpframe as bp
from bpframe.data import DigitsData
from bpframe.documents import read_spec

HERE = Path(__file__).parent
PAIRS = 6000


def pairs(x, digits, count, rng):
    """Return pairs of images, half of them of one digit, and whether they are: (count, 64) twice, and (count, 1)."""
    first = rng.integers(len(x), size=count)
    same = np.arange(count) % 2 == 0
    second = [rng.choice(np.flatnonzero((digits == digits[a]) == s)) for a, s in zip(first, same, strict=True)]
    return {"a": x[first], "b": x[second]}, same[:, None].astype(x.dtype)


def run(spec, progress=None):
    """Train on pairs; return the share of right answers on new images, and a function that draws pairs."""
    data = DigitsData().load(dtype=spec.network.dtype)
    digits, digits_test = data.y.argmax(axis=1), data.y_test.argmax(axis=1)
    rng = np.random.default_rng(0)  # the same pairs for every network
    x, y = pairs(data.x, digits, PAIRS, rng)
    new, same = pairs(data.x_test, digits_test, 1000, rng)
    network = bp.Network.from_spec(spec.network)
    network.train(spec.training, (x, y, None), None, progress)

    shown = data.x[[np.flatnonzero(digits == k)[0] for k in range(10)]]  # one image of every digit
    asked = {"a": np.repeat(data.x_test, 10, axis=0), "b": np.tile(shown, (len(data.x_test), 1))}
    alike = network.predict(asked).reshape(-1, 10)
    pixels = -np.square(data.x_test[:, None] - shown).sum(axis=2)
    reached = {
        "pairs of new images": float(((network.predict(new) > 0) == same).mean()),
        "digits named after one image of each": float((alike.argmax(axis=1) == digits_test).mean()),
        "the same by pixels": float((pixels.argmax(axis=1) == digits_test).mean()),
    }

    def draw():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 2.6), layout="constrained")
        axes = figure.subplots(2, 10)
        sure = (1 + np.tanh(network.predict(new)[:, 0] / 2)) / 2  # the sigmoid
        for k in range(10):
            for row, side in enumerate("ab"):
                axes[row, k].imshow(new[side][k].reshape(8, 8), cmap="gray_r")
                axes[row, k].set(xticks=[], yticks=[])
            axes[0, k].set_title(f"{sure[k]:.2f}", color="black" if (sure[k] > 0.5) == same[k, 0] else "C3")
        figure.suptitle("How sure it is that both are the same digit")
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4g}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("siamese.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that siamese.svg is not drawn: pip install "bpframe[plot]"')
