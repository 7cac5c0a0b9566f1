"""What a normalisation couples, what dropout leaves out, how penalties shrink, and where constraints move to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import matplotlib
import numpy as np
from bpframe_regularisation import (
    L1,
    L2,
    BatchNorm,
    Dropout,
    ElasticNet,
    GaussianNoise,
    GroupNorm,
    LayerNorm,
    MaxMagnitude,
    MaxNorm,
    NonNegative,
    RmsNorm,
    UnitNorm,
)
from drawing import DERIVATIVE, INK, VALUE, Plot, cells, digits, drawn, lines, plain
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.sparse.csgraph import connected_components

import bpframe as bp
from bpframe.extend import Array, call_method

__all__ = ["PICTURES", "coupled"]


EXAMPLES, PLACES, CHANNELS = 2, 3, 4
COLOURS = ["#3f51b5", "#d84315", "#7cb342", "#fdd835", "#8e24aa", "#26a69a", "#8d6e63", "#ec407a"]
DRAWS = 1000


def coupled(layer: Any) -> Array:
    """Return the number of the group of each (example, place, channel): entries that the layer's Jacobian couples."""
    shape = (PLACES, CHANNELS)
    net = bp.Network([layer], input_shape=shape, seed=0)
    x = np.random.default_rng(0).normal(size=(EXAMPLES, *shape))
    operator = net.trace(x, training=True).jacobian(net.graph.nodes[0].name)["x"].bind(shape, shape)
    joint = np.abs(operator.joint_dense(batch=EXAMPLES)) > 1e-12
    return np.asarray(connected_components(joint)[1]).reshape(EXAMPLES, *shape)


def _normalised(layer: Any, what: str) -> Plot:
    groups = coupled(layer)
    sizes = np.bincount(groups.ravel())

    def draw(figure: Figure) -> str:
        for n, axes in enumerate(figure.subplots(1, EXAMPLES)):
            for (place, channel), group in np.ndenumerate(groups[n]):
                colour = matplotlib.colors.to_rgba(COLOURS[group], 0.75)
                axes.add_patch(matplotlib.patches.Rectangle((channel, place), 0.92, 0.92, facecolor=colour))
                axes.text(channel + 0.46, place + 0.46, str(group + 1), ha="center", va="center", fontsize=8)
            axes.set(title=f"example {n}", xlabel="channel", ylabel="place", aspect="equal")
            axes.set(xlim=(0, CHANNELS), ylim=(PLACES, 0))
            axes.set_xticks(np.arange(CHANNELS) + 0.46, range(CHANNELS))
            axes.set_yticks(np.arange(PLACES) + 0.46, range(PLACES))
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
            axes.set_label("groups " + "; ".join(", ".join(map(str, row + 1)) for row in groups[n]))
        return (
            f"{EXAMPLES} examples of {PLACES} places and {CHANNELS} channels: numbers of one colour share {what}, "
            f"{len(sizes)} groups of {sizes[0]}. With these alone their derivatives are coupled."
        )

    return drawn(draw, (4.6, 2.1))


def _dropped() -> Plot:
    x = np.array([[3.0, 1, 2, 4], [2, 5, 1, 3]])

    def run(seed: int, copies: int = 1) -> Array:
        net = bp.Network([Dropout(rate=0.5)], input_shape=x.shape, seed=seed)
        return np.asarray(net.trace(np.tile(x, (copies, 1, 1)), training=True)["dropout_1"])

    def draw(figure: Figure) -> str:
        mean = run(2, DRAWS).mean(axis=0)
        shown = {"x": x, "one pass": run(0)[0], "another": run(1)[0], f"mean of {DRAWS:,}": mean}
        for axes, (title, values) in zip(figure.subplots(1, 4), shown.items(), strict=True):
            cells(axes, values, title, 1)
        off = np.abs(mean / x - 1).max()
        return (
            "Rate 0.5: what is empty was left out, the others count double, so that on average nothing changes: "
            f"the means of {DRAWS:,} passes are within {off * 100:.0f} % of x. Errors go back through those that "
            "stayed, doubled too."
        )

    return drawn(draw, (5.4, 1.15))


def _noisy() -> Plot:
    def draw(figure: Figure) -> str:
        net = bp.Network([GaussianNoise(scale=0.3)], input_shape=(1,), seed=0)
        x = np.linspace(-2, 2, 81)[:, None]
        y = np.asarray(net.trace(x, training=True)[net.graph.nodes[0].name])
        axes = figure.subplots()
        axes.plot(x[:, 0], y[:, 0], ".", color=VALUE, label="y in training")
        axes.plot(x[:, 0], np.asarray(net.predict(x))[:, 0], "--", color=DERIVATIVE, label="y otherwise")
        plain(axes, "x")
        axes.legend()
        return (
            f"In training every number is off by about {digits((y - x).std())} (scale 0.3), another time by another "
            "amount; otherwise y = x. Errors go back as they came."
        )

    return drawn(draw, (4.6, 2.4))


def _shrunk(penalty: Any, say: Callable[[Array, Array], str]) -> Plot:
    """Draw R and its slope, and where it moves the minimum of ½ (p − t)²."""

    def draw(figure: Figure) -> str:
        left, right = figure.subplots(1, 2)
        p = np.linspace(-2.2, 2.2, 881)
        r = np.array([float(penalty.forward(np.array([each]))) for each in p])
        slopes = np.array([penalty.gradient(np.array([each]))[0] for each in p])
        lines(left, p, {"R": r, "∂R/∂p": slopes}, "p")
        t = np.linspace(-2, 2, 81)
        best = p[np.argmin((p - t[:, None]) ** 2 / 2 + r, axis=1)]
        lines(right, t, {"with R": best, "without": t}, "t, where C alone is least", title="the least C + R")
        return say(t, best)

    return drawn(draw, (5.4, 2.5))


def _l2(t: Array, best: Array) -> str:
    return (
        f"C = ½ (p − t)² with l2 at rate 1 is least at {digits(best[-1] / t[-1])} t: all parameters shrink by the "
        "same share, and none becomes 0."
    )


def _l1(t: Array, best: Array) -> str:
    zero = t[np.abs(best) < 1e-9]
    return (
        f"C = ½ (p − t)² with l1 at rate {digits(t[-1] - best[-1])} is least {digits(t[-1] - best[-1])} nearer to 0 "
        f"than t, and exactly at 0 for t from {digits(zero[0])} to {digits(zero[-1])}: small parameters vanish."
    )


def _both(t: Array, best: Array) -> str:
    zero = t[np.abs(best) < 1e-9]
    return (
        f"Both at once: parameters up to {digits(zero[-1])} become 0, and the others shrink as well, from t = 2 to "
        f"{digits(best[-1])}."
    )


def _moved(constraint: Any, say: Callable[[Array, Array], str]) -> Plot:
    """Draw where weights of a unit with two inputs are moved to."""

    def draw(figure: Figure) -> str:
        axes = figure.subplots()
        grid = np.linspace(-2, 2, 9)
        before = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
        before = before[np.any(before, axis=1)]
        after = np.asarray(call_method(constraint, "project", p=before.copy()))
        moved = np.any(np.abs(after - before) > 1e-9, axis=1)
        _arrows(axes, before[moved], after[moved])
        axes.plot(*before[~moved].T, ".", color=VALUE, label="allowed")
        plain(axes, "w[0]", "w[1]")
        axes.set(aspect="equal", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return say(before, after)

    return drawn(draw, (4.0, 2.7))


def _arrows(axes: Axes, before: Array, after: Array) -> None:
    axes.plot(*before.T, ".", color=DERIVATIVE, markersize=3, label="moved")
    axes.quiver(
        *before.T, *(after - before).T, angles="xy", scale_units="xy", scale=1, color=INK, alpha=0.5, width=0.004
    )


def _largest(before: Array, after: Array) -> tuple[str, str]:
    norms = (np.linalg.norm(each, axis=1).max() for each in (before, after))
    longest, limit = (digits(each) for each in norms)
    return longest, limit


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "batch_norm": partial(_normalised, BatchNorm(), "a mean and a variance, over the whole batch"),
    "dropout": _dropped,
    "elastic_net": partial(_shrunk, ElasticNet(l1=0.5, l2=1.0), _both),
    "gaussian_noise": _noisy,
    "group_norm": partial(_normalised, GroupNorm(groups=2), "a mean and a variance"),
    "l1": partial(_shrunk, L1(rate=0.5), _l1),
    "l2": partial(_shrunk, L2(rate=1.0), _l2),
    "layer_norm": partial(_normalised, LayerNorm(), "a mean and a variance"),
    "max_magnitude": partial(
        _moved,
        MaxMagnitude(limit=1.0),
        lambda before, after: f"Each weight is cut by itself: none is larger than {digits(np.abs(after).max())}.",
    ),
    "max_norm": partial(
        _moved,
        MaxNorm(limit=1.5),
        lambda before, after: (
            f"The weights of a unit are a vector: {_largest(before, after)[0]} long becomes "
            f"{_largest(before, after)[1]}, in the same direction, and what is shorter stays."
        ),
    ),
    "non_negative": partial(
        _moved,
        NonNegative(),
        lambda before, after: f"What is below 0 becomes 0; the least weight is then {digits(after.min())}.",
    ),
    "rms_norm": partial(_normalised, RmsNorm(), "a mean square"),
    "unit_norm": partial(
        _moved,
        UnitNorm(),
        lambda before, after: (
            f"All weights of a unit go to the circle of length {_largest(before, after)[1]}: only their "
            "direction is left to be learned."
        ),
    ),
}
