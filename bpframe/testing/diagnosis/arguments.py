"""Mistakes of the argument: the right formula at the wrong place, or another key's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bpframe.core.backprop.local_jacobian import local_jacobian
from bpframe.testing.diagnosis.case import Case
from bpframe.testing.measuring import block, written_out
from bpframe.testing.point import Point
from bpframe.testing.probe import LayerProbe

__all__ = ["another_key", "at_output", "mixed_up", "right_at_zero", "stale"]


def mixed_up(case: Case) -> str | None:
    """Call jacobian with x in the place of y and the other way round, and see whether that mends it."""
    probe = case.probe
    if not isinstance(probe, LayerProbe) or len(probe.inputs) != 1 or not case.is_input or case.block.coupled:
        return None
    signature = probe.node.contract.methods["jacobian"]
    key = probe.inputs[0]
    if probe.shapes[key] != probe.output_shape:
        return None
    # A jacobian that keeps something from call to call is another mistake.
    if not case.same(written_out(probe, case.block.point, key, probe.operators(case.block.point)[key]), case.d):
        return None
    hints = []
    if signature.asks_for(key):
        hints.append((True, False, f"derivative at {key} instead of y: the formula is one in the output, ask for y"))
    if signature.asks_for("y"):
        hints.append((False, True, f"derivative at y instead of {key}: the formula is one in the input, ask for {key}"))
    if signature.asks_for(key) and signature.asks_for("y"):
        hints.append((True, True, f"input and output are mixed up: with {key} and y exchanged it would be right"))
    for put_y_for_x, put_x_for_y, hint in hints:
        trace = probe.trace(case.block.point)
        step = probe.plan.steps[0]
        slots = trace.workspace.handed_to(step).copy()
        x, y = slots[step.input_slots[0]], slots[step.slot]
        if put_y_for_x:
            slots[step.input_slots[0]] = y
        if put_x_for_y:
            slots[step.slot] = x
        try:
            operator = local_jacobian(trace.workspace, step, slots)[key]
        except Exception:  # the exchanged arguments make no sense to it: then this is not the mistake
            continue
        if case.explained_by(operator):
            return hint
    return None


def another_key(case: Case) -> str | None:
    """What is declared is the Jacobian of another key of the same shape."""
    probe = case.probe
    for other in probe.shapes:
        alike = probe.shapes[other] == probe.shapes[case.key] and (other in probe.parameters) != case.is_input
        if other != case.key and alike:
            found = block(probe, case.block.point, other)
            if case.same(case.d, found.measured.value):
                return f"swapped blocks: what is declared for '{case.key}' is the Jacobian of '{other}'"
    return None


def at_output(case: Case) -> str | None:
    """The declared entries belong to an input of y."""
    probe, key, point = case.probe, case.key, case.block.point
    if not case.is_input or probe.shapes[key] != probe.output_shape:
        return None
    moved = block(probe, point.with_array(key, probe.value(point)), key)
    if case.same(case.d, moved.measured.value) and not case.same(moved.measured.value, case.m):
        return f"derivative at y instead of {key}: the declared entries are right for an input of y"
    return None


def stale(case: Case) -> str | None:
    """The declared Jacobian belongs to the point that was looked at before, or never changes."""
    probe, key, point = case.probe, case.key, case.block.point
    earlier = _moved(case, 7)
    before = block(probe, earlier, key)
    if case.same(before.measured.value, case.m):
        return None  # it does not depend on where it is taken
    probe.operators(earlier)
    now = written_out(probe, point, key, probe.operators(point)[key])
    if case.same(now, before.measured.value):
        return "stale saved value: the declared Jacobian is that of the call before"
    if case.same(now, case.d) and case.same(before.declared, case.d):
        nowhere = point.with_array(key, np.zeros_like(point.arrays[key]))
        try:
            origin = block(probe, nowhere, key)
            if origin.measured.settled.all() and case.same(case.d, origin.measured.value):
                return f"right only at {key} = 0: the declared Jacobian does not change with {key}, forward's does"
        except Exception:  # forward has no value there: then it says nothing
            return _FROZEN
        return _FROZEN
    return None


_FROZEN = (
    "frozen: the declared Jacobian is the same at other points, forward's is not; a value kept from the first call?"
)


def right_at_zero(case: Case) -> str | None:
    """Where a parameter is zero, the declared Jacobian is right: what is wrong is in a term with it."""
    probe, key, point = case.probe, case.key, case.block.point
    for name in probe.parameters:
        if name == key:
            continue
        try:
            # A jacobian that keeps something from call to call is another mistake.
            if not case.same(written_out(probe, point, key, probe.operators(point)[key]), case.d):
                return None
            there = block(probe, point.with_array(name, np.zeros_like(point.arrays[name])), key)
        except Exception:  # it has no value there: then this says nothing
            continue
        measured = there.measured
        if there.agrees and measured.settled.all() and np.max(np.abs(measured.value), initial=0.0) > case.small:
            return f"right where {name} = 0: the mistake is in a term with {name}"
    return None


def _moved(case: Case, seed: int) -> Point:
    rng = np.random.default_rng(seed)
    drawn = case.probe.sample(rng, case.block.point.batch, 1.0, case.block.point.training)
    return replace(drawn, constants=case.block.point.constants, state=case.block.point.state)
