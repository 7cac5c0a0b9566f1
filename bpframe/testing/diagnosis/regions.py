"""Mistakes that touch a part of the numbers: a branch, single examples, rows, columns or entries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bpframe.testing.diagnosis.case import Array, Case

__all__ = ["REGIONS", "some_examples"]


def branch(case: Case) -> str | None:
    """The wrong entries are those of inputs on one side of a border."""
    if not case.is_input or case.block.coupled or not case.d.size:
        return None
    x = case.block.point.arrays[case.key]
    columns, batch = case.d.shape[:2]
    wrong = np.any(case.wrong.reshape(columns, batch, -1), axis=2).T  # (N, K)
    values = x.reshape(batch, -1)
    good, bad = values[~wrong], values[wrong]
    # With a few numbers on each side, an order can be chance.
    if min(good.size, bad.size) < 2 or good.size + bad.size < 8:
        return None
    detail = _detail(case)
    if bad.max() < good.min():
        return f"a wrong branch: only entries with {case.key} < {_between(bad.max(), good.min())} are wrong{detail}"
    if bad.min() > good.max():
        return f"a wrong branch: only entries with {case.key} > {_between(good.max(), bad.min())} are wrong{detail}"
    good, bad = np.abs(good), np.abs(bad)
    if bad.min() > good.max():
        return f"a wrong branch: only entries with |{case.key}| > {_between(good.max(), bad.min())} are wrong{detail}"
    if bad.max() < good.min():
        return f"a wrong branch: only entries with |{case.key}| < {_between(bad.max(), good.min())} are wrong{detail}"
    return None


def _between(low: float, high: float) -> str:
    """Write the simplest border between two numbers: zero, else a number of few digits."""
    if low <= 0 <= high:
        return "0"
    for digits in range(1, 6):
        middle = float(f"{(low + high) / 2:.{digits}g}")
        if low <= middle <= high:
            return f"{middle:g}"
    return f"{(low + high) / 2:.6g}"


def _detail(case: Case) -> str:
    """Say what is declared there, where it is plain."""
    d, m = case.d[case.wrong], case.m[case.wrong]
    if not d.any():
        return ": zero is declared there"
    if case.same(-d, m):
        return ": there it has the wrong sign"
    present = np.abs(d) > 1e-3 * np.max(np.abs(d))
    ratio = float(np.median(m[present] / d[present]))
    if np.isfinite(ratio) and case.same(d * ratio, m):
        return f": there measured/declared = {ratio:.6g}"
    return ""


def single(case: Case) -> str | None:
    """Only one row, one column or one entry is wrong."""
    if case.block.coupled or not case.d.size:
        return None
    columns, batch = case.d.shape[:2]
    wrong: Array = case.wrong.reshape(columns, batch, -1)  # (K, N, R)
    places = np.asarray(wrong.any(axis=1))
    if not wrong.any():
        return None
    if places.sum() == 1 and places.size > 3 and wrong.any(axis=(0, 2)).all():
        column, row = (int(i[0]) for i in np.nonzero(places))
        return (
            f"a single entry is wrong, in every example: ∂y{_at(row, case.probe.output_shape)}/"
            f"∂{case.key}{_at(column, case.probe.shapes[case.key])}"
        )
    of_columns, of_rows = np.asarray(places.any(axis=1)), np.asarray(places.any(axis=0))
    if of_columns.sum() == 1 and len(of_columns) > 2 and of_rows.sum() > 1:
        place = _at(int(np.flatnonzero(of_columns)[0]), case.probe.shapes[case.key])
        return f"only the column of {case.key}{place} is wrong{_zeroed(case, wrong)}"
    if of_rows.sum() == 1 and len(of_rows) > 2 and of_columns.sum() > 1:
        place = _at(int(np.flatnonzero(of_rows)[0]), case.probe.output_shape)
        return f"only the row of y{place} is wrong{_zeroed(case, wrong)}"
    return None


def some_examples(case: Case) -> str | None:
    """Only some examples are wrong."""
    if case.block.coupled or not case.d.size:
        return None
    columns, batch = case.d.shape[:2]
    wrong = case.wrong.reshape(columns, batch, -1).any(axis=(0, 2))
    if not 0 < wrong.sum() < batch:
        return None
    which = ", ".join(str(int(i)) for i in np.flatnonzero(wrong))
    return f"only examples {which} of {batch} are wrong: a branch, or an order that depends on the values"


def _zeroed(case: Case, wrong: Array) -> str:
    return ": zero is declared there" if not case.d.reshape(wrong.shape)[wrong].any() else ""


def _at(flat: int, shape: tuple[int, ...]) -> str:
    return f"[{', '.join(str(int(i)) for i in np.unravel_index(flat, shape))}]" if shape else ""


REGIONS: tuple[Callable[[Case], str | None], ...] = (branch, single)
