"""What callbacks leave of a training: its best parameters, its files, its curves, and its end after some time."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
from bpframe_activations import Tanh
from bpframe_optimizers import Adam
from bpframe_reference import CsvLog, Dense, JsonLinesLog, KeepBest, QuadraticCost, TimeLimit
from drawing import DERIVATIVE, INK, VALUE, Plot, digits, drawn, lines, plain
from matplotlib.figure import Figure
from training_pictures import noisy_sine

import bpframe as bp
from bpframe.extend import Array, StopTraining

__all__ = ["best_kept", "csv_rows", "curves_of_two", "json_lines", "time_over"]

EPOCHS = 120


def _fit(*callbacks: Any, net: Any = None, epochs: int = EPOCHS) -> Any:
    """Train forty units on fourteen noisy points, and return the network."""
    (x, y), held_back = noisy_sine()
    if net is None:
        net = bp.Network([Dense(units=40), Tanh(), Dense(units=1)], cost=QuadraticCost(), input_shape=(1,), seed=1)
    net.fit(
        x, y, optimizer=Adam(learning_rate=0.03), epochs=epochs, batch_size=len(x), validation_data=held_back,
        callbacks=list(callbacks),
    )  # fmt: skip
    return net


def best_kept() -> Plot:
    """Draw the function that a network has learned, with the parameters of its last epoch and of its best."""
    (x, y), held_back = noisy_sine()
    grid = np.linspace(-1, 1, 81)[:, None]

    def draw(figure: Figure) -> str:
        last, best = _fit(), _fit(KeepBest())
        epoch = int(best.history.column("best_epoch")[0])
        axes = figure.subplots()
        curves: dict[str, Array] = {
            f"epoch {EPOCHS}": last.predict(grid)[:, 0],
            f"epoch {epoch}": best.predict(grid)[:, 0],
        }
        lines(axes, grid[:, 0], curves, "x", "", legend=False)
        axes.plot(x, y, "o", color=INK, markersize=4, label="training")
        axes.plot(*held_back, ".", color=INK, alpha=0.35, label="held back")
        axes.legend()
        at_last, at_best = (digits(each.cost(*held_back)) for each in (last, best))
        return (
            f"On held-back data the network of the last epoch costs {at_last}; that of epoch {epoch} was put back, and "
            f"costs {at_best}."
        )

    return drawn(draw)


def _written(callback: Callable[[str], Any], name: str, without: str, said: str) -> Plot:
    """Draw the lines that a callback has written of three epochs; `without` is what differs from run to run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        _fit(callback(str(path)), epochs=3)
        written = re.sub(without, "", path.read_text(), flags=re.MULTILINE)
    shown = [line if len(line) < 66 else f"{line[:64]} ..." for line in written.splitlines()]

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        for row, line in enumerate(shown):
            axes.text(0, -row, line, family="monospace", fontsize=8, color=INK)
        axes.set(xlim=(0, 10), ylim=(0.8 - len(shown), 0.8))
        axes.axis("off")
        axes.set_label("; ".join(shown))
        return said

    return drawn(draw, (4.6, 0.3 + 0.22 * len(shown)))


def csv_rows() -> Plot:
    """Draw the file of a training of three epochs."""
    said = "A training of 3 epochs: a header, then 3 rows with all digits, so that reading them gives the same numbers."
    return _written(lambda path: CsvLog(path=path), "log.csv", r",[^,\n]*$", said)


def json_lines() -> Plot:
    """Draw the lines of a training of three epochs."""
    said = "A training of 3 epochs: each of the 3 lines is the record of one; what it has not is left out."
    return _written(lambda path: JsonLinesLog(path=path), "log.jsonl", r'"seconds":[^,}]*,', said)


def curves_of_two() -> Plot:
    """Draw the curves of two trainings, one after the other, as TensorBoard gets them."""

    def draw(figure: Figure) -> str:
        net = _fit(epochs=40)
        first = len(net.history)
        _fit(net=net, epochs=20)
        axes, along = figure.subplots(), np.arange(1, len(net.history) + 1)
        lines(axes, along, {name: net.history.column(name) for name in ("cost", "validation_cost")}, "step")
        axes.set_yscale("log")
        axes.axvline(first + 0.5, color=INK, linestyle=":")
        return (
            f"The second fit of the network goes on with step {first + 1}: the curves of {len(net.history)} epochs are "
            "whole, whatever was in the folder from there on."
        )

    return drawn(draw)


def time_over() -> Plot:
    """Draw a training of two processes over the time of day, and the seconds that are counted."""
    clock, limit = SimpleNamespace(now=0.0), TimeLimit(seconds=100)
    state, at, counted = limit.initial_state(), [0.0], [0.0]
    with mock.patch("bpframe_reference.time_limit.time", SimpleNamespace(perf_counter=lambda: clock.now)):
        for begins, steps in ((0.0, 5), (150.0, 99)):
            clock.now = begins
            limit.before_training(state)
            at.append(begins)
            counted.append(state["passed"])
            for _ in range(steps):
                clock.now += 12
                try:
                    limit.after_batch(state)
                except StopTraining:
                    break
                finally:
                    at.append(clock.now)
                    counted.append(state["passed"])
            else:
                continue
            break

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        axes.plot(at, counted, "-", color=VALUE, marker=".", linewidth=1.6)
        axes.axhline(100, color=DERIVATIVE, linestyle="--")
        axes.axvspan(60, 150, color=INK, alpha=0.08)
        plain(axes, "seconds by the clock", "seconds counted")
        return (
            "Steps of 12 seconds; between 60 and 150 no process trains (grey), and nothing is counted. After "
            f"{digits(at[-1], 3)} seconds by the clock {digits(counted[-1], 3)} are counted, and the training ends "
            "with its step."
        )

    return drawn(draw)
