"""Optimizers and initializers: no Jacobian, but a contract all the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.core.component import Initializer, Optimizer, contract_of
from bpframe.core.graph.randomness import stream
from bpframe.testing.checks.base import Check, Failure, Setting, require_shape
from bpframe.testing.checks.minimizers import minimizer_checks
from bpframe.training.updates import Updater
from bpframe.validation.plain_arrays import Array

__all__ = ["checks_without_jacobian"]


SIZE = 37
STEPS = 3


def checks_without_jacobian(setting: Setting) -> list[Check]:
    """Return the checks of an optimizer's update or minimize, or of an initializer's draw."""
    component = setting.component
    if isinstance(component, Optimizer) and "minimize" in contract_of(type(component)):
        return minimizer_checks(setting, component)
    if isinstance(component, Optimizer):
        return [
            Check("update", lambda: _update(setting, component)),
            Check("purity", lambda: _update_purity(setting, component)),
            Check("elementwise", lambda: _elementwise(setting, component)),
            Check("determinism", lambda: _repeatable(setting, component)),
        ]
    if isinstance(component, Initializer):
        return [
            Check("draw", lambda: _draw(setting, component)),
            Check("determinism", lambda: _draws(setting, component)),
        ]
    return []


def _run(setting: Setting, optimizer: Optimizer, dtype: Any = np.float64, size: int = SIZE) -> Array:
    rng = setting.rng("optimizer")
    theta = rng.standard_normal(SIZE)[:size].astype(dtype)
    gradients = rng.standard_normal((STEPS, SIZE))[:, :size].astype(dtype)
    gradient = np.empty_like(theta)
    updater = Updater(optimizer, theta, gradient)
    for each in gradients:
        gradient[:] = each
        updater.apply()
    return theta


def _update(setting: Setting, optimizer: Optimizer) -> None:
    for dtype in (np.float32, np.float64):
        theta = _run(setting, optimizer, dtype)
        if not np.isfinite(theta).all():
            raise Failure(f"a few steps from a usual point are not finite ({np.dtype(dtype).name})")


def _update_purity(setting: Setting, optimizer: Optimizer) -> None:
    rng = setting.rng("purity")
    signature = contract_of(type(optimizer)).methods["update"]
    theta, gradient = rng.standard_normal(SIZE), rng.standard_normal(SIZE)
    state = dict(Updater(optimizer, theta.copy(), gradient.copy()).state)
    words: dict[str, Any] = {
        "gradient": gradient, "parameters": theta, "state": state, "step": 0, "out": np.empty(SIZE),
    }  # fmt: skip
    handed = [gradient, theta, *(each for each in state.values() if isinstance(each, np.ndarray))]
    before = [each.tobytes() for each in handed]
    for each in handed:
        each.flags.writeable = False
    try:
        signature.call(optimizer.update, words)  # type: ignore[attr-defined]
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise Failure(
            "update writes into the gradient, the parameters or the state", rows=[("received", str(error))]
        ) from None
    if [each.tobytes() for each in handed] != before:
        raise Failure("update changed the gradient, the parameters or the state")


def _elementwise(setting: Setting, optimizer: Optimizer) -> None:
    """Where `elementwise` is declared, part of a vector moves as it does within the whole."""
    whole, part = _run(setting, optimizer), _run(setting, optimizer, size=5)
    same = np.allclose(whole[:5], part, rtol=1e-12, atol=0)
    if optimizer.elementwise and not same:
        raise Failure(
            "elementwise is declared, and an entry's change depends on other entries",
            rows=[("try", "leave elementwise out")],
        )


def _repeatable(setting: Setting, optimizer: Optimizer) -> None:
    if _run(setting, optimizer).tobytes() != _run(setting, optimizer).tobytes():
        raise Failure(
            "the same gradients give other parameters the second time", diagnosis="state kept outside `state`"
        )


def _drawn(setting: Setting, initializer: Initializer, seed: int) -> tuple[Array, tuple[int, ...]]:
    shape = setting.shapes[0] if setting.shapes else (4, 3)
    words: dict[str, Any] = {"shape": shape, "fan_in": shape[-1] if shape else 1, "rng": stream(seed, "initializer")}
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
