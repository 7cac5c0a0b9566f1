"""Penalties: one number of an array, its gradient and its Hessian, each against numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpframe.core.backprop.penalties import Term
from bpframe.core.component import Penalty, contract_of
from bpframe.derivatives.second_order.penalty_hessian import hessian_of
from bpframe.errors import OperatorError
from bpframe.measured.by_number import Measured, measured_along
from bpframe.testing.checks.base import Check, Failure, Setting, named, shown, untouched
from bpframe.testing.measuring import tolerances
from bpframe.validation.plain_arrays import Array

__all__ = ["penalty_checks"]

#: Arrays are drawn at these scales.
SCALES = (1.0, 0.1, 20.0)


def penalty_checks(setting: Setting) -> list[Check]:
    """Return the checks of a penalty's methods."""
    if not isinstance(setting.component, Penalty):
        return []
    checks = [_penalty, _gradient, _penalty_purity]
    if "hessian" in contract_of(type(setting.component)):
        checks.append(_hessian)
    if setting.component.quadratic:
        checks.append(_quadratic)
    return named(setting, *checks)


def _points(setting: Setting, purpose: str) -> list[Array]:
    rng, shape = setting.rng(purpose), setting.shapes[0] if setting.shapes else (4, 3)
    return [np.asarray(scale * rng.standard_normal(shape)) for scale in SCALES]


def _term(setting: Setting) -> Term:
    component: Any = setting.component
    return Term.of("p", component)


def _called(term: Term, p: Array) -> Array:
    """Return the gradient, an array like p."""
    found = term.gradient(p)
    if np.shape(found) != p.shape or getattr(found, "dtype", None) != p.dtype:
        received = f"shape {np.shape(found)}, {getattr(found, 'dtype', type(found).__name__)}"
        raise Failure("gradient returned no array like p", rows=[("expected", f"{p.shape}, {p.dtype}"),
                                                                 ("received", received)])  # fmt: skip
    return np.asarray(found)


def _penalty(setting: Setting) -> None:
    """Forward returns a finite number, gradient an array like p, in both dtypes and for any shape."""
    term = _term(setting)
    for dtype in (np.float64, np.float32):
        for p in [*_points(setting, "penalty"), np.zeros(()), np.zeros(5), np.ones((2, 1, 3))]:
            at = p.astype(dtype)
            if not np.isfinite(term.cost(at)):
                raise Failure("forward is not finite at usual values", rows=[("received", str(term.cost(at)))])
            if not np.isfinite(_called(term, at)).all():
                raise Failure("gradient is not finite at usual values")


def _gradient(setting: Setting) -> None:
    """The gradient is the derivative of forward, entry by entry."""
    term = _term(setting)
    for p in _points(setting, "gradient"):
        units = np.eye(p.size).reshape(-1, *p.shape)
        measured = measured_along(lambda at: np.asarray(term.cost(at)), p, units)
        _compare("gradient", "forward", _called(term, p).reshape(-1), measured)


def _hessian(setting: Setting) -> None:
    """The Hessian is the derivative of gradient, and symmetric."""
    term = _term(setting)
    for p in _points(setting, "hessian"):
        units = np.eye(p.size).reshape(-1, *p.shape)
        declared = hessian_of(term, p).dense(p).reshape(p.size, p.size)
        measured = measured_along(lambda at: np.asarray(term.gradient(at)), p, units)
        _compare("hessian", "gradient", declared.T.reshape(p.size, *p.shape), measured)
        if not np.allclose(declared, declared.T, rtol=1e-10, atol=1e-12 * np.abs(declared).max(initial=0.0)):
            raise Failure("hessian is not symmetric", rows=[("received", shown(declared - declared.T))])


def _quadratic(setting: Setting) -> None:
    """Forward is ½ pᵀ H p with one H, which has a root."""
    term, first = _term(setting), None
    for p in _points(setting, "quadratic"):
        operator = hessian_of(term, p)
        matrix = operator.dense(p).reshape(p.size, p.size)
        first = matrix if first is None else first
        half = 0.5 * p.reshape(-1) @ matrix @ p.reshape(-1)
        if not np.allclose(matrix, first, rtol=1e-12) or not math.isclose(term.cost(p), half, rel_tol=1e-10):
            raise Failure(
                "quadratic is declared, and forward is not ½ pᵀ H p with one H for all p",
                rows=[("expected", f"{half:.6g}"), ("received", f"{term.cost(p):.6g}"), ("try", "leave it out")],
            )
        try:
            operator.root()
        except OperatorError as error:
            raise Failure(
                f"quadratic is declared, and the Hessian has no root S with S Sᵀ = H: {error.problem}"
            ) from None


def _penalty_purity(setting: Setting) -> None:
    """The array is left as it is, and the same array has the same penalty."""
    term, (p, *_) = _term(setting), _points(setting, "penalty purity")
    problem = "it writes into the parameter that it is handed"
    with untouched([("p", p)], lambda received: Failure(problem, rows=[("received", received)])):
        found = [(np.float64(term.cost(p)).tobytes(), _called(term, p).tobytes()) for _ in range(2)]
    if found[0] != found[1]:
        raise Failure("the same parameter has another penalty the second time")


def _compare(what: str, of: str, declared: Array, measured: Measured) -> None:
    relative, share = tolerances(measured.method)
    known = measured.settled_for(declared)
    scale = np.max(np.abs(measured.value), initial=0.0, where=known)
    allowed = relative * np.maximum(np.abs(measured.value), share * scale) + measured.error
    with np.errstate(invalid="ignore"):
        wrong = known & ~(np.abs(declared - measured.value) <= np.maximum(allowed, np.finfo(np.float64).tiny))
    if wrong.any():
        place = tuple(int(each) for each in np.argwhere(wrong)[0])
        raise Failure(
            f"{what} is not the derivative of {of}: {np.count_nonzero(wrong)} of {wrong.size} entries differ",
            rows=[
                ("declared", f"{declared[place]:.6g} at {list(place)}"),
                ("measured", f"{measured.value[place]:.6g}, by {measured.method}"),
            ],
        )
