"""What callbacks see of a training, how descent depends on its rate, and a scaling that outliers do not move."""

from __future__ import annotations

from typing import Any

import numpy as np
from bpframe_activations import Tanh
from bpframe_optimizers import Adam
from bpframe_reference import (
    Dense,
    ErrorNorms,
    GradientDescent,
    NguyenWidrow,
    QuadraticCost,
    Robust,
    Sigmoid,
    StopEarly,
)
from drawing import DERIVATIVE, INK, LINES, VALUE, Plot, digits, drawn, lines, plain
from matplotlib.figure import Figure
from valley_pictures import cost, path, valley

import bpframe as bp
from bpframe.extend import Array, Callback

__all__ = ["kept", "noisy_sine", "robust", "shared_out", "stopped", "three_rates", "watched"]

EPOCHS, PATIENCE = 120, 20
OUTLIERS = (9.0, 12.0)


def three_rates() -> Plot:
    """Draw gradient descent with a rate that is too small, one that fits, and one that is too large."""
    paths = {f"η = {rate}": path(GradientDescent(learning_rate=rate)) for rate in (0.02, 0.09, 0.102)}

    def say(found: Any) -> str:
        wide = list(found.values())[-1]
        return (
            "a small rate creeps along the valley, a large one bounces across; above 2/20 it diverges, here "
            f"{digits(cost(wide[-1]) / cost(wide[-2]), 3)} times the cost with every step."
        )

    return valley(paths, say)


def shared_out() -> Plot:
    """Draw the units of a layer with one input over it, as `nguyen_widrow` and as random numbers start them."""
    x, start = np.linspace(-1.5, 1.5, 121)[:, None], NguyenWidrow()
    layers = {
        "nguyen_widrow": Dense(units=8, weights=start, biases=start),
        "random": Dense(units=8),
    }

    def draw(figure: Figure) -> str:
        steepest = {}
        for axes, (name, layer) in zip(figure.subplots(1, 2, sharey=True), layers.items(), strict=True):
            net = bp.Network([layer, Tanh()], input_shape=(1,), seed=3)
            axes.plot(x[:, 0], net.predict(x), color=VALUE, linewidth=1, alpha=0.8)
            axes.axvspan(-1, 1, color=INK, alpha=0.08)
            plain(axes, "x", title=name)
            steepest[name] = -np.asarray(net.parameters["dense_1.b"]) / np.asarray(net.parameters["dense_1.w"])[:, 0]
        spread, wild = (np.sort(each) for each in steepest.values())
        return (
            f"Eight units tanh(w x + b): steepest at every {digits(np.diff(spread)[0])} from {digits(spread[0])} to "
            f"{digits(spread[-1])}, so that all of the inputs (grey) are seen by somebody; of random ones "
            f"{np.count_nonzero(np.abs(wild) > 1)} are steepest outside."
        )

    return drawn(draw, (5.2, 2.4))


def noisy_sine() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return fourteen examples of a sine with noise, and forty that are held back."""
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, size=(54, 1))
    y = np.sin(3 * x) + 0.5 * rng.normal(size=x.shape)
    return (x[:14], y[:14]), (x[14:], y[14:])


def stopped() -> Plot:
    """Draw a training that learns its noise, and where it is ended."""
    (x, y), held_back = noisy_sine()

    def history(*callbacks: Any) -> Any:
        net = bp.Network([Dense(units=40), Tanh(), Dense(units=1)], cost=QuadraticCost(), input_shape=(1,), seed=1)
        return net.fit(
            x, y, optimizer=Adam(learning_rate=0.03), epochs=EPOCHS, batch_size=len(x), validation_data=held_back,
            callbacks=list(callbacks),
        )  # fmt: skip

    def draw(figure: Figure) -> str:
        costs, axes = history(), figure.subplots()
        end = len(history(StopEarly(patience=PATIENCE)))
        held = costs.column("validation_cost")
        along = np.arange(1, EPOCHS + 1)
        lines(axes, along, {"training": costs.column("cost"), "held back": held}, "epoch", "cost")
        axes.set_yscale("log")
        best = int(np.argmin(held[:end]))
        axes.axvline(best + 1, color=INK, linestyle=":", label="best")
        axes.axvline(end, color=INK, linewidth=1, label="stopped")
        axes.legend()
        return (
            f"The network begins to learn the noise. After epoch {best + 1} the cost of held-back data, "
            f"{digits(held[best])}, gets no better for {PATIENCE} epochs, and the training ends; going on to "
            f"{EPOCHS} it would be {digits(held[-1])}."
        )

    return drawn(draw)


class _Flow(Callback):
    """Keep how large the error of every layer is, from the first to the last."""

    found: list[list[float]]

    def after_epoch(self, network: Any) -> None:
        (x, y), _ = noisy_sine()
        self.found.append([layer.error for layer in network.error_flow(x, y).layers][::-1])


def watched() -> Plot:
    """Draw what `watch_errors` prints: the errors of four layers of sigmoids, epoch by epoch."""
    (x, y), _ = noisy_sine()

    def draw(figure: Figure) -> str:
        layers = [each for _ in range(3) for each in (Dense(units=8), Sigmoid())]
        net = bp.Network([*layers, Dense(units=1)], cost=QuadraticCost(), input_shape=(1,), seed=0)
        flow = _Flow(found=[])
        net.fit(x, y, optimizer=GradientDescent(learning_rate=0.3), epochs=20, batch_size=len(x), callbacks=[flow])
        errors = np.array(flow.found)
        axes = figure.subplots()
        for layer, (values, (colour, dashes)) in enumerate(zip(errors.T, LINES, strict=True)):
            axes.semilogy(np.arange(1, len(values) + 1), values, dashes, color=colour, label=f"layer {layer + 2}")
        plain(axes, "epoch", "size of the error")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return (
            "The error of each layer of three with sigmoids and one behind them: the first gets "
            f"{digits(errors[-1, 0] / errors[-1, -1])} of what arrives at the end. Callbacks see it after every "
            "epoch, and `watch_errors` says it in words."
        ).replace("`", "")

    return drawn(draw)


def kept() -> Plot:
    """Draw what `error_norms` keeps: the error of every node of a network while it learns."""
    (x, y), _ = noisy_sine()

    def draw(figure: Figure) -> str:
        layers = [Dense(units=8), Tanh(), Dense(units=8), Tanh(), Dense(units=1)]
        net = bp.Network(layers, cost=QuadraticCost(), input_shape=(1,), seed=0)
        history = net.fit(
            x, y, optimizer=Adam(learning_rate=0.01), epochs=60, batch_size=len(x), callbacks=[ErrorNorms(x=x, y=y)]
        )
        measured = [record for record in history.epochs if record.error_norms]
        along, axes = [record.epoch for record in measured], figure.subplots()
        norms = {name: [record.error_norms[name] for record in measured] for name in ("dense_1", "dense_2", "dense_3")}
        for (name, values), (colour, dashes) in zip(norms.items(), LINES, strict=False):
            axes.semilogy(along, values, dashes, color=colour, marker=".", label=name)
        plain(axes, "epoch", "size of δ")
        axes.legend()
        first, last = (values[-1] / values[0] for values in (norms["dense_1"], norms["dense_3"]))
        return (
            f"Measured {len(measured)} times in 60 epochs: as the cost falls, the error of the last layer falls to "
            f"{digits(last)} of what it was, and that of the first to {digits(first)}."
        )

    return drawn(draw)


def robust() -> Plot:
    """Draw numbers of which two are far out, scaled by the middle half and by the standard deviation."""
    x = np.concatenate([np.random.default_rng(0).normal(size=38), OUTLIERS])

    def draw(figure: Figure) -> str:
        middle, width = (float(each[0]) for each in Robust().fit(x[:, None]))
        shown = {"x": x, "robust": (x - middle) / width, "standard": (x - x.mean()) / x.std()}
        axes = figure.subplots()
        for row, (values, colour) in enumerate(zip(shown.values(), (INK, VALUE, DERIVATIVE), strict=True)):
            axes.plot(values, np.full(len(x), row), "o", color=colour, alpha=0.5, markersize=5)
        axes.set_yticks(range(3), list(shown))
        axes.invert_yaxis()
        plain(axes, "value")
        halves = {name: np.subtract(*np.quantile(values, (0.75, 0.25))) for name, values in shown.items()}
        return (
            f"Two of {len(x)} numbers are far out. By median and middle half the middle half is "
            f"{digits(halves['robust'])} wide; by mean and standard deviation the outliers press it into "
            f"{digits(halves['standard'])}."
        )

    return drawn(draw, (4.6, 2.0))
