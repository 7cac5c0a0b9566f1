"""Schedules: numbers that change while a network is trained."""

from __future__ import annotations

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Schedule"]

_SCHEDULE = Category(
    "schedule",
    {"value": Method({"step", "epoch"}, required=True)},
    suffix="Schedule",
    example="Step(start=0.1, every=10)",
    written="{kind: step, start: 0.1, every: 10}",
)


class Schedule(Component, category=_SCHEDULE):
    """A number as a function of how far training has come, such as a learning rate.

    `value(self, ...)` returns it, a finite number. It may ask for `step`, how many steps were taken before (0 at the
    first), and `epoch`, how many epochs are over (0 during the first).

    A field of an optimizer holds one where its type says so, `learning_rate: PositiveFloat | Schedule`; `update` then
    asks for `learning_rate` by name and is handed the present number.
    """
