"""A draft is refused, with what its Jacobian looks like."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bpframe.core.component import contract_of
from bpframe.testing.checks.base import Check, Failure, Setting
from bpframe.testing.probe import CostProbe
from bpframe.testing.structure import suggested_for_input, suggested_for_parameter

__all__ = ["draft_checks", "is_draft"]


def is_draft(setting: Setting) -> bool:
    """Whether the component leaves its Jacobian to be measured, so that there is nothing to compare."""
    return contract_of(type(setting.component)).is_draft


def draft_checks(setting: Setting) -> list[Check]:
    """Return the check that a draft always fails."""
    return [Check("draft", lambda: _refuse(setting))] if is_draft(setting) else []


def _refuse(setting: Setting) -> None:
    raise Failure("draft: declare jacobian", rows=list(_looks(setting)))


def _looks(setting: Setting) -> Iterator[tuple[str, str]]:
    probe = setting.need_probe()
    if isinstance(probe, CostProbe):
        yield "measured", _gradient(setting, probe)
        return
    told: dict[str, str] = {}
    for training in setting.modes():
        point = setting.point("draft", batch=4, training=training)
        for key, operator in probe.operators(point).items():
            if operator.couples_batch:
                found = "couples the batch: an Operator of its own, with couples_batch = True"
            else:
                suggested = suggested_for_parameter if key in probe.parameters else suggested_for_input
                found = suggested(operator.dense(), probe.shapes[key], probe.output_shape)
            if told.setdefault(key, found) != found or not training:
                yield f"measured jacobian[{key}]" + (" in training" if training else ""), found


def _gradient(setting: Setting, probe: CostProbe) -> str:
    point = setting.point("draft", batch=4)
    a, y = point.arrays["a"], point.constants["y"]
    gradient = probe.operators(point)["a"].dense()
    shape = f"(N, {', '.join(map(str, a.shape[1:]))})" if a.ndim > 1 else "(N,)"
    if y.shape == a.shape and y.dtype.kind == "f":
        ratio = gradient.reshape(a.shape) / (a - y)
        factor = float(np.mean(ratio))
        if np.allclose(ratio, factor, rtol=1e-6):
            text = "a − y" if np.isclose(factor, 1) else f"{factor:.6g} (a − y)"
            return f"{text}: return ∇_a C, {shape}"
    return f"return ∇_a C, {shape}"
