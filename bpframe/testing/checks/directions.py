"""Declared Jacobians along random directions at sizes where every entry would take too long."""

from __future__ import annotations

import numpy as np

from bpframe.measured.by_number import Measured
from bpframe.testing.checks.base import Failure, Setting
from bpframe.testing.measuring import SECOND_OPINION, along
from bpframe.testing.point import Point
from bpframe.testing.probe import Probe
from bpframe.testing.shapes import larger_shapes
from bpframe.validation.plain_arrays import Array, place_of

__all__ = ["check_directions", "compared_along"]


#: There are this many examples.
EXAMPLES = 17


def check_directions(setting: Setting, key: str) -> None:
    """Compare J v along a random v, at a larger size where the component has one, else with more examples."""
    larger = _larger(setting, key)
    rng = setting.rng(f"directions {key}")
    for training in setting.modes():
        point = larger.need_probe().sample(rng, EXAMPLES, 1.0, training)
        direction: Array = np.asarray(rng.standard_normal(point.arrays[key].shape))
        declared, measured, wrong = compared_along(larger.need_probe(), point, key, direction)
        if wrong.any():
            place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            worst = f"{place_of(place)}: declared {declared[place]:.6g}, measured {measured.value[place]:.6g}"
            raise Failure(
                f"{int(wrong.sum())} of {wrong.size} entries of J v are wrong along a random direction, "
                f"with {EXAMPLES} examples of {', '.join(map(str, larger.shapes))}",
                diagnosis=_diagnosed(setting, key, training) if setting.diagnosed else None,
                rows=[("worst", worst)],
            )


def _larger(setting: Setting, key: str) -> Setting:
    try:
        larger = setting.at(larger_shapes(setting.shapes))
        probe = larger.need_probe()
        probe.value(larger.point("larger"))
    except Exception:  # the component's fields fix its sizes: more examples will do
        return setting
    return larger if key in probe.shapes else setting


def compared_along(probe: Probe, point: Point, key: str, direction: Array) -> tuple[Array, Measured, Array]:
    """Return J v declared and measured, and which entries are certainly wrong."""
    operator = probe.operators(point)[key]
    declared = operator.shared_jvp(direction, point.batch) if key in probe.parameters else operator.jvp(direction)
    measured = along(probe, point, key, direction)
    wrong = _wrong(declared, measured)
    if wrong.any() and measured.method != "complex step":
        wrong &= _wrong(declared, along(probe, point, key, direction, SECOND_OPINION))
    return np.asarray(declared), measured, wrong


def _wrong(declared: Array, measured: Measured) -> Array:
    settled = measured.settled
    axes = tuple(range(1, measured.value.ndim))
    scale = np.max(np.abs(measured.value), axis=axes, keepdims=True, initial=0.0, where=settled)
    relative = 1e-8 if measured.method == "complex step" else 1e-5
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = relative * np.maximum(np.abs(measured.value), 1e-3 * scale) + 8 * measured.error
        within = np.abs(declared - measured.value) <= allowed + np.finfo(float).tiny
    return np.asarray(~within & measured.settled_for(declared))


def _diagnosed(setting: Setting, key: str, training: bool) -> str | None:
    """Say what the failure depends on: nothing where it is wrong at the small sizes of the entries check, too."""
    probe = setting.need_probe()
    failing = []
    for batch in (3, EXAMPLES):
        rng = setting.rng(f"directions {key}, {batch} examples")
        point = probe.sample(rng, batch, 1.0, training)
        direction: Array = np.asarray(rng.standard_normal(point.arrays[key].shape))
        failing.append(bool(compared_along(probe, point, key, direction)[2].any()))
    if failing == [False, True]:
        return f"right with 3 examples and wrong with {EXAMPLES}: a batch size is written into the Jacobian"
    if failing == [False, False]:
        return "right at small sizes and wrong at larger ones: a size is written into the Jacobian"
    return None
