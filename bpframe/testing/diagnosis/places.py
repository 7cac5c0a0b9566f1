"""Mistakes of place: right numbers where they do not belong."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from bpframe.testing.diagnosis.case import Array, Case

__all__ = ["axes", "diagonal", "examples", "identity", "misplaced", "structure", "transposed"]


def transposed(case: Case) -> str | None:
    """Declared = measuredᵀ, example by example."""
    if case.square is None:
        return None
    declared, measured = case.square
    if _told(case, declared.swapaxes(1, 2), measured):
        return "transposed: the declared Jacobian is the transpose of the measured one"
    if _told(case, -declared.swapaxes(1, 2), measured):
        return "transposed, and of the wrong sign"
    return None


def _told(case: Case, candidate: Array, measured: Array) -> bool:
    """Like `Case.explains`, for matrices."""
    return case.explains(np.moveaxis(candidate, -1, 0).reshape(case.m.shape))


def axes(case: Case) -> str | None:
    """Two axes of the key or of the output exchanged, one reversed, or shifted by one."""
    if case.block.coupled or not case.d.size:
        return None
    declared, key = case.by_axes(), case.probe.shapes[case.key]
    for name, first, shape in ((f"'{case.key}'", 0, key), ("the output", len(key) + 1, case.probe.output_shape)):
        for i, j in combinations(range(len(shape)), 2):
            if shape[i] == shape[j] and _moved(case, declared.swapaxes(first + i, first + j)):
                return f"axes {i} and {j} of {name} are exchanged"
        for i, length in enumerate(shape):
            if length > 1 and _moved(case, np.flip(declared, first + i)):
                return f"reversed along axis {i} of {name}, as a convolution against a correlation"
            for step in (1, -1):
                if length > 2 and _moved(case, np.roll(declared, step, first + i)):
                    return f"shifted by one along axis {i} of {name}"
    return None


def _moved(case: Case, candidate: Array) -> bool:
    return case.explains(candidate.reshape(case.m.shape))


def examples(case: Case) -> str | None:
    """One example's Jacobian declared for all, or the examples in another order."""
    if case.block.coupled or case.d.shape[1] < 2:
        return None
    first = np.broadcast_to(case.m[:, :1], case.m.shape)
    if not case.same(first, case.m):
        if case.same(case.d, first):
            return "the first example's Jacobian is declared for all examples"
        if case.same(case.d, np.broadcast_to(case.m[:, -1:], case.m.shape)):
            return "the last example's Jacobian is declared for all examples"
        if case.same(case.d, np.broadcast_to(case.m.mean(axis=1, keepdims=True), case.m.shape)):
            return "the mean of the examples' Jacobians is declared for all examples"
        if case.explains(case.d[:, ::-1]) or any(case.explains(np.roll(case.d, step, 1)) for step in (1, -1)):
            return "the examples are in another order"
    return None


def identity(case: Case) -> str | None:
    """Measured = declared ± 1."""
    if case.square is None:
        return None
    declared, measured = case.square
    one = np.eye(declared.shape[1])
    if _told(case, declared + one, measured):
        return "the identity is missing: measured = declared + 1 (a path around the function)"
    if _told(case, declared - one, measured):
        return "an identity too many: measured = declared − 1"
    if _told(case, one - declared, measured):
        return "measured = 1 − declared: the complement is declared"
    return None


def structure(case: Case) -> str | None:
    """Entries that are left out, or that should be zero, while all others are right."""
    held = np.abs(case.d) > 0
    outside = ~held & (np.abs(case.m) > case.small) & case.settled
    one_place = outside.any(axis=1).sum() == 1  # said by its name elsewhere
    if outside.any() and not one_place and case.same(np.where(held, case.m, 0), case.d):
        name = case.block.operator.structure
        return (
            f"off-structure entries: a '{name}' leaves out {int(outside.sum())} entries that are not zero; "
            "what it holds is right"
        )
    inside = (np.abs(case.m) > case.small) | ~case.settled
    extra = int((held & ~inside).sum())
    if extra and case.explains(np.where(inside, case.d, 0)):
        return f"{extra} entries too many: they should be zero; the others are right"
    return None


def diagonal(case: Case) -> str | None:
    """The diagonal or the rest is right, the other is not."""
    if case.square is None or case.square[0].shape[1] < 2:
        return None
    declared, measured = case.square
    on = np.broadcast_to(np.eye(declared.shape[1], dtype=bool), declared.shape)
    right_off = _told(case, np.where(on, measured, declared), measured)
    right_on = _told(case, np.where(on, declared, measured), measured)
    if right_off and (np.abs(measured[~on]) > case.small).any():
        return "only the diagonal is wrong: a term of its own is missing there, or too many"
    if right_on and (np.abs(measured[on]) > case.small).any():
        if _told(case, np.where(on, declared, -declared), measured):
            return "only the entries off the diagonal are wrong: they have the wrong sign"
        return "only the entries off the diagonal are wrong"
    return None


def misplaced(case: Case) -> str | None:
    """The same numbers in another order."""
    if not case.settled.all() or np.ptp(case.m) <= case.small:
        return None
    if case.same(np.sort(case.d, axis=None), np.sort(case.m, axis=None)):
        return "right values in wrong places: an index, an arg-max or an axis is wrong"
    return None
