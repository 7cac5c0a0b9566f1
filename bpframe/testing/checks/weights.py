"""Costs that ask for `weight` or `mask`: what does not count is left out, and weights count as often as they say."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bpframe.testing.checks.base import Check, Failure, Setting
from bpframe.testing.point import Point
from bpframe.testing.probe import CostProbe
from bpframe.validation.plain_arrays import Array

__all__ = ["weight_checks"]

#: What sums in another order may differ by, relative to the largest cost.
TOLERANCE = 1e-10


def weight_checks(setting: Setting) -> list[Check]:
    """Return the check of a cost that multiplies with weights itself."""
    probe = setting.probe
    if not isinstance(probe, CostProbe) or not probe.weight_words:
        return []
    return [Check("weight", partial(_weight, setting, probe))]


def _weight(setting: Setting, probe: CostProbe) -> None:
    """C(w + v) = C(w) + C(v), C(c w) = c C(w) and C(0) = 0, of the gradient too; w and v do not overlap."""
    point, rng = setting.point("weight"), setting.rng("weights")
    shape = (point.batch, *probe.weight_shape)
    part = rng.random(shape) < 0.5
    size = rng.random(shape) + 0.5 if "weight" in probe.weight_words else np.ones(shape)
    one, other, both = (_at(probe, point, weight) for weight in (part * size, ~part * size, size))
    nothing = _at(probe, point, np.zeros(shape))
    for what, none, whole in zip(_NAMES, nothing, both, strict=True):
        if whole.any() and np.array_equal(none, whole):
            word = "weight" if "weight" in probe.weight_words else "mask"
            raise Failure(f"{what} is the same whatever counts", diagnosis=f"{what} does not multiply with `{word}`")
    for what, first, second, whole in zip(_NAMES, one, other, both, strict=True):
        _same(f"{what} is not linear in the weights: C(w + v) is not C(w) + C(v)", first + second, whole)
    for what, found in zip(_NAMES, nothing, strict=True):
        _same(f"{what} is not 0 where no position counts", np.zeros_like(found), found)
    if "weight" in probe.weight_words:
        for what, once, thrice in zip(_NAMES, both, _at(probe, point, 3 * size), strict=True):
            problem = f"{what} is not linear in the weights: C(3 w) is not 3 C(w)"
            _same(problem, 3 * once, thrice, _MASKED if np.array_equal(once, thrice) else _SUM)


_NAMES = ("forward", "jacobian")

_SUM = "C_n is Σ weight · cost over the example's own positions: not divided by anything"
_MASKED = "only whether a weight is 0 counts here: multiply with `weight` in place of `mask`"


def _at(probe: CostProbe, point: Point, weight: Array) -> tuple[Array, Array]:
    """Return C and ∇_a C under other weights."""
    given = {"weight": weight, "mask": weight != 0}
    named = {word: given[word] for word in probe.weight_words}
    changed = replace(point, constants={**point.constants, **named})
    return probe.value(changed), probe.operators(changed)["a"].dense()


def _same(problem: str, expected: Array, received: Array, diagnosis: str = _SUM) -> None:
    allowed = TOLERANCE * float(np.max(np.abs(expected), initial=1e-3))
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(received - expected) <= allowed)
    if wrong.any():
        place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
        raise Failure(
            problem,
            diagnosis=diagnosis,
            rows=[("expected", f"{expected[place]:.8g}"), ("received", f"{received[place]:.8g}")],
        )
