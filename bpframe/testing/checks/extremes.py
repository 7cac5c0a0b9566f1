"""Extreme inputs: the Jacobian stays finite, or the component declares a domain."""

from __future__ import annotations

import numpy as np

from bpframe.testing.checks.base import Check, Failure, Setting, Skipped, named

__all__ = ["EXTREMES", "extreme_checks"]

EXTREMES = (0.0, 1e-300, -1e-300, 88.0, -88.0, 709.0, -709.0, 1000.0, -1000.0, 1e4, -1e4)


def extreme_checks(setting: Setting) -> list[Check]:
    """Return the check of extreme values, for what has inputs."""
    return named(setting, _extremes) if setting.probe is not None else []


def _extremes(setting: Setting) -> None:
    probe = setting.need_probe()
    looked_at = 0
    for dtype in (np.float64, np.float32):
        for value in EXTREMES:
            for training in setting.modes():
                point = setting.point("extremes", batch=2, training=training)
                for key in probe.inputs:
                    if float(dtype(value)) not in probe.domains[key]:
                        continue
                    filled = np.full(point.arrays[key].shape, value)
                    # One entry differs, so that functions of differences between entries see one.
                    filled.reshape(-1)[:1] = 0.5 if 0.5 in probe.domains[key] else value
                    at = point.with_array(key, filled).mapped(lambda each, d=dtype: each.astype(d))
                    looked_at += 1
                    output = probe.value(at)
                    if not np.isfinite(output).all():
                        raise _not_finite("forward's output", key, value, dtype)
                    for name, operator in probe.operators(at).items():
                        pulled = operator.vjp(np.ones_like(output))
                        if not np.isfinite(pulled).all():
                            raise _not_finite(f"jacobian[{name}]", key, value, dtype)
    if not looked_at:
        raise Skipped("no extreme value lies in the declared domain, or there is no input with a derivative")


def _not_finite(what: str, key: str, value: float, dtype: object) -> Failure:
    return Failure(
        f"{what} is not finite at {key} = {value:g} ({np.dtype(dtype).name})",  # type: ignore[call-overload]
        rows=[("try", "a form without overflow, or a declared domain: domain: ClassVar = (low, high)")],
    )
