"""Factors that are no constant: an input, the output, a parameter, one number per example; and a missing coupling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpframe.testing.diagnosis.case import Array, Case

__all__ = ["known_factor", "missing_rank_one", "per_example", "per_output"]


def known_factor(case: Case) -> str | None:
    """Measured/declared is an array that the component has at hand: x, y, another input, a parameter, or 1/it."""
    for name, factor in _factors(case):
        if np.ptp(factor) <= 1e-9 * float(np.max(np.abs(factor), initial=0.0)):
            continue  # a constant: said elsewhere
        if case.explains(case.d * factor):
            return f"a factor is missing: measured = declared × {name}"
        usable = np.abs(factor) > 0
        if usable.all() and case.explains(case.d / factor):
            return f"a factor too many: measured = declared / {name}"
    return None


def _factors(case: Case) -> Iterator[tuple[str, Array]]:
    """Yield arrays that broadcast against (K, N, *output): by the output's entries, and by the key's."""
    point, probe = case.block.point, case.probe
    value = probe.value(point)
    named = {**point.arrays, "y": value}
    for name, array in named.items():
        if not np.isfinite(array).all() or not array.size:
            continue
        for text, each in ((name, array), (f"{name}²", array**2), (f"(1 − {name})", 1 - array)):
            if name in probe.parameters:
                if _fits(array.shape, probe.output_shape):
                    yield text, np.broadcast_to(each, probe.output_shape)[None, None]
            elif array.shape[1:] == probe.output_shape:
                yield text, each[None]
            if not case.block.coupled and name not in probe.parameters and array.shape[1:] == probe.shapes[case.key]:
                rows = np.moveaxis(each.reshape(point.batch, -1), 0, -1)
                yield text, rows.reshape(*rows.shape, *(1,) * len(probe.output_shape))


def _fits(shape: tuple[int, ...], output: tuple[int, ...]) -> bool:
    return 0 < len(shape) <= len(output) and output[len(output) - len(shape) :] == shape


def per_example(case: Case) -> str | None:
    """Measured/declared is one number for each example."""
    ratios = _ratios(case, axis=1)
    if ratios is None:
        return None
    written = ", ".join(f"{each:.4g}" for each in ratios[:4])
    return f"one factor per example is missing, such as a norm or a scale: measured/declared = {written}"


def per_output(case: Case) -> str | None:
    """Measured/declared is one number for each entry of the output's last axis, the same in all examples."""
    if not case.probe.output_shape:
        return None
    ratios = _ratios(case, axis=case.d.ndim - 1)
    if ratios is None:
        return None
    written = ", ".join(f"{each:.4g}" for each in ratios[:4])
    return f"one factor per entry of the output's last axis is missing: measured/declared = {written}"


def _ratios(case: Case, axis: int) -> Array | None:
    """Return measured/declared along one axis, where each slice is a multiple of the declared one; else None."""
    declared, measured = (np.moveaxis(each, axis, 0).reshape(each.shape[axis], -1) for each in (case.d, case.m))
    # Ratios fit anything where every slice holds one number alone.
    present = np.abs(declared) > 1e-3 * np.max(np.abs(declared), initial=0.0, axis=1, keepdims=True)
    if len(declared) < 2 or (present.sum(axis=1) < 2).any():
        return None
    ratios = np.array([np.median(m[p] / d[p]) for d, m, p in zip(declared, measured, present, strict=True)])
    if not np.isfinite(ratios).all() or not ratios.all() or np.ptp(ratios) <= 1e-9 * np.max(np.abs(ratios)):
        return None
    if np.count_nonzero(np.isclose(ratios, 1, rtol=1e-5)) * 2 >= len(ratios):
        return None  # most of it is right: then the others are a mistake of their own
    shape = [1] * case.d.ndim
    shape[axis] = len(ratios)
    return ratios if case.explains(case.d * ratios.reshape(shape)) else None


def missing_rank_one(case: Case) -> str | None:
    """Measured − declared has rank one in each example: a number that all entries share was held constant."""
    if case.matrices is None or min(case.matrices[0].shape[1:]) < 3 or not case.settled.all():
        return None
    declared, measured = case.matrices
    difference = measured - declared
    if not np.isfinite(difference).all():
        return None
    values = np.linalg.svd(difference, compute_uv=False)
    if (values[:, 0] > 1e3 * case.small).all() and (values[:, 1] <= 1e-6 * values[:, 0] + 10 * case.small).all():
        spread = (np.abs(difference) > 1e-3 * np.abs(difference).max(axis=(1, 2), keepdims=True)).sum(axis=(1, 2))
        if (spread > max(difference.shape[1:])).all():  # more than one row, one column
            return (
                "a term of rank one is missing: a number that all entries share (a mean, a sum, a norm) was taken "
                "for a constant, or its derivative is wrong"
            )
    return None
