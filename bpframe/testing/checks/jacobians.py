"""Every entry of every declared Jacobian, its transpose, and its structure."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bpframe.numerical import differentiate
from bpframe.operators import Operator
from bpframe.testing.checks.base import Check, Failure, Setting
from bpframe.testing.diagnosis import diagnose
from bpframe.testing.measuring import Block, block, function_of
from bpframe.testing.probe import Point, Probe

__all__ = ["jacobian_checks"]

Array = np.ndarray[Any, Any]

#: Points are normal numbers of these scales: near zero, usual, and where functions saturate.
SCALES = (0.3, 1.0, 4.0)
SEEDS = 2

#: How often a point that lies on a kink is drawn again.
RETRIES = 6

#: Feature axes are this many times longer for the checks along random directions.
LARGER = 8


def jacobian_checks(setting: Setting) -> list[Check]:
    """Return, for every input and parameter, the check of its entries, of its transpose and along directions."""
    if setting.probe is None:
        return []
    checks: list[Check] = []
    for key in setting.probe.shapes:
        checks += [
            Check(f"jacobian[{key}]", partial(_entries, setting, key)),
            Check(f"adjoint[{key}]", partial(_adjoint, setting, key)),
            Check(f"directions[{key}]", partial(_directions, setting, key)),
        ]
    return checks


def _entries(setting: Setting, key: str) -> None:
    """Compare every entry at generic points of several scales and seeds."""
    probe = setting.need_probe()
    dodged = 0
    for training in setting.modes():
        for scale in SCALES:
            for number in range(SEEDS):
                found, retries = _smooth_block(setting, key, scale, number, training)
                dodged += retries
                if not found.agrees:
                    raise _entry_failure(setting, probe, found)
    if dodged:
        setting.notes.append(f"jacobian[{key}]: {dodged} points lay on kinks of forward and were drawn again")


def _smooth_block(setting: Setting, key: str, scale: float, number: int, training: bool) -> tuple[Block, int]:
    """Return a block measured where forward is smooth, and how many points were drawn again for that."""
    probe = setting.need_probe()
    found: Block | None = None
    for retry in range(RETRIES):
        rng = setting.rng(f"jacobian {number} {scale} {training} {retry}")
        found = block(probe, probe.sample(rng, 3, scale, training), key)
        if found.agrees or not _on_kink(found):
            return found, retry
    if found is None:
        raise Failure("no point could be drawn")
    return found, RETRIES


def _on_kink(found: Block) -> bool:
    """Whether the differences do not settle where the declared Jacobian disagrees: a kink or a jump within reach."""
    if found.measured.method == "complex step":
        return False
    scale = float(np.max(np.abs(found.measured.value), initial=0.0)) or 1.0
    wrong = found.error > 1
    unsettled = found.measured.error > 1e-5 * scale
    return bool(np.any(unsettled)) and bool(np.any(unsettled & wrong) or not np.any(wrong & ~unsettled))


def _entry_failure(setting: Setting, probe: Probe, found: Block) -> Failure:
    declared, measured = found.declared, found.measured.value
    error = np.where(np.isfinite(found.error), found.error, np.inf)
    column, example, *output = (int(i) for i in np.unravel_index(int(np.argmax(error)), error.shape))
    shape = probe.shapes[found.key]
    entry: list[int] = [
        int(i) for i in np.unravel_index(column, (len(declared) // int(np.prod(shape, dtype=int)), *shape))
    ]
    place = entry[1:]
    at = point_entry(found.point, found.key, example, place, found.key in probe.parameters)
    wrong = int(np.count_nonzero(~(found.error <= 1)))
    worst = (
        f"∂{_indexed('y', [example, *output])}/∂{_indexed(found.key, place)} at {found.key} = {at:.6g}: "
        f"declared {declared[(column, example, *output)]:.6g}, measured {measured[(column, example, *output)]:.6g}"
    )
    kind = setting.component.kind
    return Failure(
        f"{wrong} of {declared.size} entries disagree with forward ({found.measured.method})",
        diagnosis=diagnose(probe, found),
        rows=[
            ("worst", worst),
            ("structure", found.operator.structure),
            ("rerun", f"bpframe check {kind} --seed {setting.seed} --only 'jacobian[{found.key}]'"),
        ],
    )


def _indexed(name: str, place: list[int]) -> str:
    return f"{name}[{', '.join(map(str, place))}]" if place else name


def point_entry(point: Point, key: str, example: int, place: list[int], parameter: bool) -> float:
    """Return the number at which an entry was looked at."""
    array = point.arrays[key]
    index = tuple(place) if parameter else (example, *place)
    return float(array[index])


def _adjoint(setting: Setting, key: str) -> None:
    """⟨u, J v⟩ = ⟨Jᵀ u, v⟩, with stacks, and every other product equal to what these two make of it."""
    probe = setting.need_probe()
    rng = setting.rng(f"adjoint {key}")
    for training in setting.modes():
        point = setting.point(f"adjoint {key}", batch=5, training=training)
        operator = probe.operators(point)[key]
        for stack in ((), (2,)):
            v = rng.standard_normal((*stack, 5, *probe.shapes[key]))
            u = rng.standard_normal((*stack, 5, *probe.output_shape))
            pushed, pulled = operator.jvp(v), operator.vjp(u)
            _same_shape(f"jvp of {v.shape}", pushed, u.shape)
            _same_shape(f"vjp of {u.shape}", pulled, v.shape)
            left, right = float(np.sum(u * pushed)), float(np.sum(pulled * v))
            scale = float(np.sqrt(np.sum(u * u) * np.sum(pushed * pushed)) + np.sqrt(np.sum(pulled**2) * np.sum(v * v)))
            if not abs(left - right) <= 1e-11 * scale + np.finfo(float).tiny:
                raise Failure(
                    "vjp is not the transpose of jvp",
                    diagnosis="one of the operator's products is wrong; the entries check says whether it is jvp",
                    rows=[("⟨u, J v⟩", f"{left:.12g}"), ("⟨Jᵀ u, v⟩", f"{right:.12g}")],
                )
            _close("sum_vjp is not vjp added over the examples", operator.sum_vjp(u), np.sum(pulled, axis=len(stack)))
            shared = rng.standard_normal((*stack, *probe.shapes[key]))
            spread = np.broadcast_to(np.expand_dims(shared, len(stack)), v.shape)
            _close("shared_jvp is not jvp of equal tangents", operator.shared_jvp(shared, 5), operator.jvp(spread))
            _with_buffers(operator, u, v, pushed, pulled)


def _with_buffers(operator: Operator, u: Array, v: Array, pushed: Array, pulled: Array) -> None:
    """Products with `out` return the same numbers and leave their argument alone."""
    for name, function, argument, expected in (("jvp", operator.jvp, v, pushed), ("vjp", operator.vjp, u, pulled)):
        before = argument.copy()
        result = function(argument, np.full(expected.shape, np.nan))
        _close(f"{name} with a buffer gives other numbers", result, expected)
        if not np.array_equal(argument, before):
            raise Failure(f"{name} writes into its argument")


def _same_shape(what: str, array: Any, shape: tuple[int, ...]) -> None:
    if np.shape(array) != shape:
        raise Failure(f"{what} has another shape", rows=[("expected", str(shape)), ("received", str(np.shape(array)))])


def _close(message: str, got: Array, expected: Array) -> None:
    scale = float(np.max(np.abs(expected), initial=0.0))
    if np.shape(got) != np.shape(expected) or not np.allclose(got, expected, rtol=1e-10, atol=1e-12 * scale):
        raise Failure(message, rows=[("expected", _brief(expected)), ("received", _brief(got))])


def _brief(array: Any) -> str:
    return f"{np.shape(array)}: {np.array2string(np.ravel(array)[:6], precision=6)}"


def _directions(setting: Setting, key: str) -> None:
    """Along random directions at a larger size, where every entry would take too long."""
    larger = tuple((*shape[:-1], shape[-1] * LARGER) if shape else shape for shape in setting.shapes)
    try:
        big = Setting.of(setting.component, larger, setting.seed)
        probe = big.need_probe()
        if key not in probe.shapes:
            raise KeyError(key)
        probe.value(big.point("larger"))
    except Exception:  # a component whose fields fix its sizes: more examples instead
        big = setting
        probe = setting.need_probe()
    rng = setting.rng(f"directions {key}")
    for training in setting.modes():
        for retry in range(RETRIES):
            point = probe.sample(rng, 17, 1.0, training)
            direction: Array = np.asarray(rng.standard_normal(point.arrays[key].shape))
            measured = differentiate(function_of(probe, point, key), point.arrays[key], direction)
            operator = probe.operators(point)[key]
            declared = operator.shared_jvp(direction, 17) if key in probe.parameters else operator.jvp(direction)
            scale = float(np.max(np.abs(measured.value), initial=0.0))
            relative = 1e-8 if measured.method == "complex step" else 1e-5
            allowed = relative * np.maximum(np.abs(measured.value), 1e-3 * scale) + 8 * measured.error
            wrong = ~(np.abs(declared - measured.value) <= allowed + np.finfo(float).tiny)
            if not wrong.any():
                break
            unsettled = measured.error > 1e-5 * (scale or 1.0)
            if retry + 1 < RETRIES and measured.method != "complex step" and np.any(unsettled):
                continue  # a kink within reach: draw again
            place = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
            raise Failure(
                f"{int(wrong.sum())} of {wrong.size} entries of J v are wrong along a random direction, "
                f"with inputs {', '.join(map(str, big.shapes))}",
                rows=[("worst", f"[{', '.join(map(str, place))}]: declared {declared[place]:.6g}, "
                                f"measured {measured.value[place]:.6g}")],
            )  # fmt: skip
