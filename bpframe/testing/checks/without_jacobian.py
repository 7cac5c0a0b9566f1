"""Optimizers and initializers: no Jacobian, but a contract all the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.core.component import Initializer, contract_of
from bpframe.core.graph.randomness import stream
from bpframe.testing.checks.base import Check, Failure, Setting, require_shape
from bpframe.testing.checks.minimizers import minimizer_checks
from bpframe.testing.checks.rules import rule_checks
from bpframe.validation.plain_arrays import Array

__all__ = ["checks_without_jacobian"]


def checks_without_jacobian(setting: Setting) -> list[Check]:
    """Return the checks of an optimizer's update or minimize, or of an initializer's draw."""
    component = setting.component
    if isinstance(component, Optimizer) and "minimize" in contract_of(type(component)):
        return minimizer_checks(setting, component)
    if isinstance(component, Optimizer):
        return rule_checks(setting)
    if isinstance(component, Initializer):
        return [
            Check("draw", lambda: _draw(setting, component)),
            Check("determinism", lambda: _draws(setting, component)),
        ]
    return []


def _drawn(setting: Setting, initializer: Initializer, seed: int) -> tuple[Array, tuple[int, ...]]:
    shape = setting.shapes[0] if setting.shapes else (4, 3)
    sizes = shape or (1,)
    words: dict[str, Any] = {
        "shape": shape,
        "fan_in": sizes[-1],
        "fan_out": sizes[0],
        "rng": stream(seed, "initializer"),
    }
    signature = contract_of(type(initializer)).methods["draw"]
    return signature.call(initializer.draw, words), shape  # type: ignore[attr-defined]


def _draw(setting: Setting, initializer: Initializer) -> None:
    values, shape = _drawn(setting, initializer, setting.seed)
    require_shape("draw returned another shape", values, shape)
    if np.asarray(values).dtype != np.float64 or not np.isfinite(values).all():
        raise Failure("draw must return finite float64 numbers", rows=[("received", str(np.asarray(values).dtype))])


def _draws(setting: Setting, initializer: Initializer) -> None:
    first, again = (_drawn(setting, initializer, setting.seed)[0] for _ in range(2))
    if first.tobytes() != again.tobytes():
        raise Failure("the same seed gives other numbers", diagnosis="randomness that does not come from `rng`")
