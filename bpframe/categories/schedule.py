"""Schedules: numbers that change while a network is trained."""

from __future__ import annotations

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Schedule"]

_SCHEDULE = Category(
    "schedule",
    {"value": Method({"step", "epoch", "history"}, required=True, takes_fields=True)},
    suffix="Schedule",
    example="Step(start=0.1, every=10)",
    written="{kind: step, start: 0.1, every: 10}",
)


class Schedule(Component, category=_SCHEDULE):
    """A number as a function of how far training has come, such as a learning rate.

    `value(self, ...)` returns it, a finite number. It may ask for `step`, how many steps were taken before (0 at the
    first), for `epoch`, how many epochs are over (0 during the first), and for `history`, the `History` of these
    epochs: what follows from it alone goes on after an interruption as if there had been none. In a loop of single
    steps there is none, which is an error. Fields it may ask for by their names: of a field that holds a schedule it is
    handed the present number. Who asks by hand gives it, too: `value(step=0, epoch=0, schedule=0.1)`.

    A field of an optimizer holds one where its type says so, `learning_rate: PositiveFloat | Schedule`; `update` then
    asks for `learning_rate` by name and is handed the present number.
    """
