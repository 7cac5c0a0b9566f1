"""Constraints: the projection stays in its set, and no other point of the set that was tried lies nearer."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.categories import Constraint
from bpframe.categories.calling import call_method
from bpframe.errors import ContractError
from bpframe.testing.checks.base import Check, Failure, Setting, named, untouched
from bpframe.validation.plain_arrays import Array

__all__ = ["constraint_checks"]

#: Arrays are drawn at these scales, and points of the set are the projections of arrays at these.
SCALES = (1.0, 0.1, 20.0)
TRIALS = 40


def constraint_checks(setting: Setting) -> list[Check]:
    """Return the checks of a constraint's projection."""
    if not isinstance(setting.component, Constraint):
        return []
    return named(setting, _project, _nearest, _purity, _determinism)


def _points(setting: Setting, purpose: str) -> list[Array]:
    rng, shape = setting.rng(purpose), setting.shapes[0] if setting.shapes else (4, 3)
    return [np.asarray(scale * rng.standard_normal(shape)) for scale in SCALES]


def _projected(setting: Setting, p: Array) -> Array:
    component: Any = setting.component
    found = call_method(component, "project", p=p)
    if np.shape(found) != p.shape or getattr(found, "dtype", None) != p.dtype:
        received = f"shape {np.shape(found)}, {getattr(found, 'dtype', type(found).__name__)}"
        raise Failure(
            "project returned no array like p", rows=[("expected", f"{p.shape}, {p.dtype}"), ("received", received)]
        )
    return np.asarray(found)


def _project(setting: Setting) -> None:
    """Project returns a finite array like p, which it leaves where it is when it is asked again."""
    others = [np.zeros(()), np.zeros(5), np.zeros((2, 3)), np.ones((2, 1, 3)), np.zeros((0, 3)), np.full((3, 2), -1e4)]
    for dtype in (np.float64, np.float32):
        for p in [*_points(setting, "project"), *others]:
            try:
                inside = _projected(setting, p.astype(dtype))
            except ContractError:
                if p.ndim == len(setting.shapes[0] if setting.shapes else (4, 3)):
                    raise
                continue  # shapes that it does not take it refuses
            if not np.isfinite(inside).all():
                raise Failure("the projection of finite numbers is not finite", rows=[("shape", str(p.shape))])
            again = _projected(setting, inside)
            moved = float(np.abs(again - inside).max(initial=0.0))
            if moved > 100 * np.finfo(dtype).eps * np.abs(inside).max(initial=0.0):
                raise Failure(
                    "a projection that is projected again moves: it was not inside",
                    rows=[("shape", f"{p.shape}, {np.dtype(dtype)}"), ("moved by", f"{moved:.3g}")],
                )


def _nearest(setting: Setting) -> None:
    """No point of the set that was tried, far or close by, lies nearer to p than its projection."""
    rng = setting.rng("nearest")
    for p in _points(setting, "nearest"):
        found = _projected(setting, p)
        distance = float(np.linalg.norm(found - p))
        for trial in range(TRIALS):
            scale = 10.0 ** rng.uniform(-4, 1.5)
            around = (found, p, np.zeros_like(p))[trial % 3]
            other = _projected(setting, around + scale * rng.standard_normal(p.shape))
            nearer = float(np.linalg.norm(other - p))
            if nearer < distance * (1 - 1e-9) - 1e-12:
                raise Failure(
                    "a point of the set lies nearer to p than its projection",
                    rows=[("projection", f"at distance {distance:.6g}"), ("another", f"at distance {nearer:.6g}")],
                )


def _purity(setting: Setting) -> None:
    """The array is left as it is."""
    (p, *_) = _points(setting, "purity")
    problem = "project writes into the parameter that it is handed"
    with untouched([("p", p)], lambda received: Failure(problem, rows=[("received", received)])):
        _projected(setting, p)


def _determinism(setting: Setting) -> None:
    """The same array has the same projection."""
    (p, *_) = _points(setting, "determinism")
    if _projected(setting, p).tobytes() != _projected(setting, p).tobytes():
        raise Failure("the same parameter is projected to another place the second time")
