"""Mistakes that touch a part of the numbers: a branch, single examples, rows, columns or entries."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpframe.testing.diagnosis.case import Array, Case
from bpframe.testing.probe import CostProbe
from bpframe.validation.plain_arrays import place_of

__all__ = ["branch", "several", "single", "some_examples"]


def branch(case: Case) -> str | None:
    """The wrong entries are those of inputs on one side of a border."""
    if not case.is_input or case.wrong_places is None:
        return None
    wrong = np.any(case.wrong_places, axis=2).T  # (N, K)
    for name, x in _conditions(case):
        values = x.reshape(len(wrong), -1)
        said = _border(name, values[~wrong], values[wrong])
        if said:
            return f"a wrong branch: only entries with {said} are wrong{_detail(case)}"
    return None


def _conditions(case: Case) -> Iterator[tuple[str, Array]]:
    """Yield what a branch may depend on: in a cost, how far the output is from the target; the key itself."""
    point = case.block.point
    if isinstance(case.probe, CostProbe):
        a, y = point.arrays["a"], point.constants["y"]
        if a.shape == y.shape and y.dtype.kind == "f":
            yield "a − y", a - y
    yield case.key, point.arrays[case.key]


def _border(name: str, good: Array, bad: Array) -> str | None:
    """Return the condition that holds for all bad values and no good one: below or above a number, or in size."""
    # With a few numbers on each side, an order can be chance.
    if min(good.size, bad.size) < 2 or good.size + bad.size < 8:
        return None
    for text, g, b in ((name, good, bad), (f"|{name}|", np.abs(good), np.abs(bad))):
        if b.max() < g.min():
            return f"{text} < {_between(b.max(), g.min())}"
        if b.min() > g.max():
            return f"{text} > {_between(g.max(), b.min())}"
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
    wrong = case.wrong_places
    if wrong is None or not wrong.any():
        return None
    places = np.asarray(wrong.any(axis=1))
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


def several(case: Case) -> str | None:
    """Some rows or columns are wrong, in every example and all by one factor, and the others right."""
    if case.block.coupled or not case.d.size:
        return None
    key, output = case.probe.shapes[case.key], case.probe.output_shape
    wrong: Array = case.wrong.reshape(*key, case.d.shape[1], *output)
    examples = len(key)
    for name, first, shape in (("y", examples + 1, output), (case.key, 0, key)):
        for axis, length in enumerate(shape):
            place = first + axis
            others = tuple(i for i in range(wrong.ndim) if i not in (place, examples))
            marked: Array = np.asarray(wrong.any(axis=others))
            marked = marked if place > examples else marked.T  # (N, length)
            which = np.flatnonzero(marked.any(axis=0))
            if not 1 < len(which) < length or not marked[:, which].all():
                continue
            form = [1] * wrong.ndim
            form[place] = length
            part = np.isin(np.arange(length), which).reshape(form)
            said = _by_one_factor(case, np.broadcast_to(part, wrong.shape).reshape(case.d.shape))
            if said:
                return f"only {name}[{', '.join([*':' * axis, _slice(which)])}] is wrong: {said}"
    return None


def _by_one_factor(case: Case, part: Array) -> str | None:
    """Say by which factor a part is wrong, where it is one number and all else is right, and not by being zero."""
    d, m = case.d[part], case.m[part]
    present = np.abs(d) > 1e-3 * np.max(np.abs(d), initial=0.0)
    if not d.any() or not (np.abs(case.m[~part]) > case.small).any():
        return None
    ratio = float(np.median(m[present] / d[present]))
    if not np.isfinite(ratio) or not case.explains(np.where(part, case.d * ratio, case.d)):
        return None
    return "there it has the wrong sign" if np.isclose(ratio, -1) else f"there measured/declared = {ratio:.6g}"


def _slice(which: Array) -> str:
    """Write indices as a slice where they are one."""
    steps = np.unique(np.diff(which))
    if len(steps) > 1:
        return str(which.tolist())
    return f"{which[0]}:{which[-1] + 1}" + (f":{steps[0]}" if steps[0] > 1 else "")


def some_examples(case: Case) -> str | None:
    """Only some examples are wrong."""
    if case.wrong_places is None:
        return None
    wrong: Array = np.asarray(case.wrong_places.any(axis=(0, 2)))
    if not 0 < wrong.sum() < len(wrong):
        return None
    which = ", ".join(str(int(i)) for i in np.flatnonzero(wrong))
    return f"only examples {which} of {len(wrong)} are wrong: a branch, or an order that depends on the values"


def _zeroed(case: Case, wrong: Array) -> str:
    return ": zero is declared there" if not case.d.reshape(wrong.shape)[wrong].any() else ""


def _at(flat: int, shape: tuple[int, ...]) -> str:
    return place_of(np.unravel_index(flat, shape)) if shape else ""
