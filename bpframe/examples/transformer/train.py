"""A transformer reads Alice's Adventures in Wonderland character by character.

At every position it says which character comes next, from those before: attention looks back, and nothing looks
ahead. It is measured in bits for a character on the last tenth of the text. Its rivals count: how often characters
occur, and how often each follows another (the bigram entropy), both counted in the text that the network learned
from, with one added to every count.

Source: A. Vaswani and others, Attention Is All You Need, 2017; C. E. Shannon, Prediction and Entropy of Printed
English, 1951.
"""

from pathlib import Path

import numpy as np

from bpframe.documents import read_spec
from bpframe.runs import run_experiment

HERE = Path(__file__).parent


def counted_bits(data, size):
    """Return bits for a held-back character of two models that count: of no character before, and of one."""
    pairs = np.ones((size, size))
    np.add.at(pairs, (data.x.ravel(), data.y.ravel()), 1)
    one = np.log2(pairs / pairs.sum(axis=1, keepdims=True))
    none = np.log2(pairs.sum(axis=0) / pairs.sum())
    return -none[data.y_test].mean(), -one[data.x_test, data.y_test].mean()


def written(network, vocabulary, begin, count, rng):
    """Return a text that begins with `begin` and goes on as the network says, drawn at its probabilities."""
    numbers = vocabulary.numbers_of(begin, "the beginning").tolist()
    length = len(numbers)
    for _ in range(count):
        logits = network.predict(np.array([numbers[-length:]]))[0, -1].astype(float)
        shares = np.exp(logits - logits.max())
        numbers.append(int(rng.choice(len(shares), p=shares / shares.sum())))
    return vocabulary.text(numbers)


def run(spec, progress=None):
    """Train; return bits for a character on held-back text, and a function that draws the training."""
    experiment = run_experiment(spec, HERE, progress)
    network, data = experiment.network, experiment.dataset
    vocabulary = data.preparation.vocabulary
    of_none, of_one = counted_bits(data, len(vocabulary))
    bits = experiment.evaluate().cost / np.log(2)
    reached = {"bits for a character": float(bits), "bigrams": float(of_one), "single characters": float(of_none)}

    def draw():
        from matplotlib.figure import Figure

        begin = vocabulary.text(data.x_test[0])
        text = written(network, vocabulary, begin, 240, np.random.default_rng(0))
        epochs = experiment.history.epochs
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        for name in ("cost", "validation_cost"):
            left.plot([getattr(each, name) / np.log(2) for each in epochs], label=name.replace("_", " "))
        left.axhline(of_one, color="C7", linestyle="--", label="bigrams, test part")
        left.set(xlabel="epoch", ylabel="bits for a character")
        left.legend()
        right.text(0, 1, text, va="top", family="monospace", fontsize=6)
        right.set_axis_off()
        return figure

    return reached, draw


if __name__ == "__main__":
    reached, draw = run(read_spec(HERE / "spec.yaml"))
    print(*(f"{name}: {number:.4g}" for name, number in reached.items()), sep="\n")
    try:
        draw().savefig("transformer.svg")
    except ModuleNotFoundError as error:
        print(f'{error}, so that transformer.svg is not drawn: pip install "bpframe[plot]"')
