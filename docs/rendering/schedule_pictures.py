"""The learning rate of a schedule, epoch by epoch, beside another's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from drawing import DERIVATIVE, INK, VALUE, Plot, drawn, plain
from matplotlib.figure import Figure

from bpframe.categories.present import present_value
from bpframe.extend import Array, Schedule
from bpframe.testing.checks.asked import made_up_history

__all__ = ["rates"]

EPOCHS = 30


def rates(schedule: Schedule, say: Callable[[Array], str], beside: Schedule | None = None, watched: str = "") -> Plot:
    """Draw a schedule's rate in every epoch; `say` gets them. What it watches is drawn above."""

    def draw(figure: Figure) -> str:
        epochs, values = np.arange(1, EPOCHS + 1), _values(schedule)
        axes = figure.subplots(2 if watched else 1, 1, sharex=True, squeeze=False)[:, 0]
        if watched:
            costs = made_up_history(EPOCHS).column(watched)
            axes[0].semilogy(epochs, costs, ".-", color=INK, linewidth=1, label=watched)
            plain(axes[0], up=watched)
        if beside:
            axes[-1].step(epochs, _values(beside), "--", where="mid", color=DERIVATIVE, linewidth=1, label=beside.kind)
        axes[-1].step(epochs, values, where="mid", color=VALUE, linewidth=1.8, label=schedule.kind)
        plain(axes[-1], "epoch", "learning rate")
        axes[-1].set_ylim(0, None)
        axes[-1].legend()
        return say(values)

    return drawn(draw, (4.6, 3.4 if watched else 2.4))


def _values(schedule: Schedule) -> Array:
    found = [present_value(schedule, n, n, history=partial(made_up_history, n)) for n in range(EPOCHS)]
    return np.array(found)
