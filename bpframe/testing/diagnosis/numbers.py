"""Mistakes that act on all numbers alike: zero, a sign, a factor, a power."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bpframe.testing.diagnosis.case import Array, Case
from bpframe.testing.measuring import block

__all__ = ["absolute", "explained", "factor", "not_finite", "powers", "sign", "zero"]

#: Factors that people lose, by name.
CONSTANTS = {
    "2, as of a derivative of a square": 2.0,
    "1/2, as of ½‖·‖²": 0.5,
    "π/180, degrees against radians": math.pi / 180,
    "180/π, radians against degrees": 180 / math.pi,
    "ln 10, log10 against the natural logarithm": math.log(10),
    "1/ln 10, log10 against the natural logarithm": 1 / math.log(10),
    "ln 2, log2 against the natural logarithm": math.log(2),
    "1/ln 2, log2 against the natural logarithm": 1 / math.log(2),
    "√2": math.sqrt(2),
    "1/√2": 1 / math.sqrt(2),
    "√(2π)": math.sqrt(2 * math.pi),
    "1/√(2π)": 1 / math.sqrt(2 * math.pi),
    "π": math.pi,
    "1/π": 1 / math.pi,
}


def not_finite(case: Case) -> str | None:
    """NaN or infinity among the declared entries."""
    bad = ~np.isfinite(case.d)
    if not bad.any():
        return None
    return f"{int(bad.sum())} declared entries are NaN or infinite: a division by zero or an overflow"


def zero(case: Case) -> str | None:
    """One side is zero, the other is not."""
    if not case.d.any():
        return f"zero block: the declared Jacobian of '{case.key}' is zero, and forward depends on it"
    if case.scale <= 20 * case.error:
        return f"forward does not depend on '{case.key}' at all, the declared Jacobian says that it does"
    return None


def sign(case: Case) -> str | None:
    """Declared = −measured."""
    if case.explains(-case.d):
        return "sign: the declared Jacobian is the negative of the measured one"
    return None


def absolute(case: Case) -> str | None:
    """Declared = |measured|."""
    if case.same(case.d, np.abs(case.m)):
        return "absolute value: the declared entries are right but for their sign, and none is negative"
    return None


def factor(case: Case) -> str | None:
    """Declared · constant = measured; which constant it is."""
    ratio = _ratio(case.d, case.m)
    if ratio is None or not case.explains(case.d * ratio):
        return None
    batch = case.block.point.batch
    again = _ratio_at_another_batch(case)
    if again is not None and not np.isclose(again, ratio, rtol=1e-3):
        if np.isclose(ratio, batch, rtol=1e-3):
            return "double batch mean: the declared Jacobian is divided by the batch size, which the core does already"
        if np.isclose(ratio * batch, 1, rtol=1e-3):
            return "missing batch mean: forward divides by the batch size and the declared Jacobian does not"
        return f"a factor that depends on the batch size: measured/declared = {ratio:.6g} at {batch} examples"
    return _constant_factor(ratio, _named(case, ratio))


def _ratio(declared: Array, measured: Array) -> float | None:
    present = (np.abs(declared) > 1e-3 * np.max(np.abs(declared), initial=0.0)) & np.isfinite(measured)
    if not present.any():
        return None
    ratio = float(np.median(measured[present] / declared[present]))
    return ratio if np.isfinite(ratio) and ratio != 0 else None


def _ratio_at_another_batch(case: Case) -> float | None:
    """Return the ratio with twice as many examples, or None where it cannot be had."""
    point = case.block.point

    def doubled(key: str, array: Array) -> Array:
        return array if key in case.probe.parameters else np.concatenate([array, array[::-1]])

    twice = replace(
        point,
        arrays={key: doubled(key, array) for key, array in point.arrays.items()},
        constants={key: doubled(key, array) for key, array in point.constants.items()},
        batch=2 * point.batch,
    )
    try:
        other = block(case.probe, twice, case.key)
    except Exception:  # the diagnosis goes on without this hint
        return None
    return _ratio(other.declared, other.measured.value)


def _named(case: Case, ratio: float) -> str | None:
    """Say which field, size or constant makes this factor."""
    component = case.probe.component
    for name in type(component).model_fields:
        value = getattr(component, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value in (0, 1, -1):
            continue
        forms = {name: value, f"1/{name}": 1 / value, f"{name}²": value**2, f"1/{name}²": value**-2}
        if not 0 < value < 1 and value > 0:
            forms |= {f"√{name}": math.sqrt(value), f"1/√{name}": 1 / math.sqrt(value)}
        if 0 < value < 1:
            forms |= {f"1 − {name}": 1 - value, f"1/(1 − {name})": 1 / (1 - value)}
        for form, number in forms.items():
            if np.isclose(ratio, number, rtol=1e-6):
                return form
    for shape in (case.probe.shapes[case.key], case.probe.output_shape):
        if shape and shape[-1] > 2:
            for form, number in ((f"{shape[-1]}", shape[-1]), (f"1/{shape[-1]}", 1 / shape[-1])):
                if np.isclose(ratio, number, rtol=1e-6):
                    return f"{form}, the size of the last axis: a mean against a sum"
    return _constant(ratio, 1e-6)


def _constant(ratio: float, relative: float) -> str | None:
    return next((form for form, number in CONSTANTS.items() if np.isclose(abs(ratio), number, rtol=relative)), None)


def _constant_factor(ratio: float, named: str | None) -> str:
    return f"constant factor: measured/declared = {ratio:.6g} in every entry" + (f", which is {named}" if named else "")


def powers(case: Case) -> str | None:
    """A reciprocal or a square, entry by entry."""
    present = np.abs(case.d) > case.small
    if present.any() and case.explains(np.where(present, 1 / np.where(present, case.d, 1), 0)):
        return "reciprocal: the declared entries are 1/measured"
    if case.explains(case.d**2):
        return "a square is missing: measured = declared²"
    if case.explains(np.sqrt(np.abs(case.d)) * np.sign(case.d)) or case.same(case.d, case.m**2):
        return "a square too many: declared = measured²"
    return None


def explained(declared: Array, measured: Array, what: str, transpose: tuple[int, ...] | None = None) -> str | None:
    """Return the mistake behind any declared array, such as a Hessian: its sign, a factor, zeros, the transpose.

    `transpose` is the order of axes that transposes it.
    """
    scale = float(np.max(np.abs(measured), initial=0.0))

    def same(candidate: Array) -> bool:
        return candidate.shape == measured.shape and bool(np.all(np.abs(candidate - measured) <= 1e-5 * scale))

    if not np.isfinite(declared).all():
        return f"{what} is not finite: a division by zero or an overflow"
    if not declared.any():
        return f"{what} is declared to be zero, and the Jacobian depends on its inputs"
    if not scale:
        return f"{what} is declared, and the Jacobian does not depend on its inputs"
    if same(-declared):
        return f"sign: {what} is the negative of the measured one"
    ratio = _ratio(declared, measured)
    if ratio is not None and same(declared * ratio):
        return _constant_factor(ratio, _constant(ratio, 1e-5))
    held, present = np.abs(declared) > 0, np.abs(measured) > 1e-6 * scale
    extra, missing = int((held & ~present).sum()), int((present & ~held).sum())
    if extra and same(np.where(present, declared, 0)):
        return f"{extra} entries too many: they should be zero; the others are right"
    if missing and same(np.where(held, declared, measured)):
        return f"{missing} entries are declared to be zero and are not; the others are right"
    if transpose is not None and same(declared.transpose(transpose)):
        return f"transposed: {what} is the transpose of the measured one"
    return None
