"""Forward: shapes, dtypes, batches, memory layout, and that it leaves alone what it was handed."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.testing.checks.base import Check, Failure, Setting, Skipped, named, require_shape, shown, untouched
from bpframe.testing.point import Point
from bpframe.testing.probe import Probe
from bpframe.testing.report import in_words
from bpframe.validation.plain_arrays import Array

__all__ = ["value_checks"]


BATCHES = (0, 1, 5)

#: How many points are looked at in both dtypes; one of them has to agree.
PRECISION_DRAWS = 3


def value_checks(setting: Setting) -> list[Check]:
    """Return the checks of forward, and of what jacobian does to its arguments."""
    if setting.probe is None:
        return []
    return named(setting, _shape, _dtype, _precision, _batches, _layout, _purity, _determinism, _independence)


def _shape(setting: Setting) -> None:
    probe = setting.need_probe()
    for training in setting.modes():
        value = probe.value(setting.point("shape", training=training))
        require_shape("forward returned another shape than declared", value, (3, *probe.output_shape))


def _dtype(setting: Setting) -> None:
    probe = setting.need_probe()
    for dtype in (np.float32, np.float64):
        for training in setting.modes():
            point = setting.point("dtype", training=training).in_dtype(dtype)
            value = probe.value(point)
            if value.dtype != dtype:
                raise _wrong_dtype("forward", value.dtype, dtype)
            cotangent = np.ones_like(value)
            for key, operator in probe.operators(point).items():
                for name, result in (
                    ("vjp", operator.vjp(cotangent)),
                    ("jvp", operator.jvp(np.ones((3, *probe.shapes[key]), dtype))),
                ):
                    if result.dtype != dtype:
                        raise _wrong_dtype(f"jacobian[{key}].{name}", result.dtype, dtype)


def _precision(setting: Setting) -> None:
    """Values and Jacobians in float32 are those in float64, within what float32 can hold."""
    probe = setting.need_probe()
    for training in setting.modes():
        found: list[Failure] = []
        for draw in range(PRECISION_DRAWS):
            # The same numbers in both: those that float32 can hold.
            low = setting.point(f"precision {draw}", training=training).in_dtype(np.float32)
            found += _apart(probe, low, low.in_dtype(np.float64), setting.rng(f"precision, vectors {draw}"))
        # One draw may lie next to a kink or where digits cancel.
        if len(found) == PRECISION_DRAWS:
            if probe.has_random and found[0].message.startswith("forward"):
                raise Skipped("the random numbers are others in float32 than in float64")
            raise found[0]


def _apart(probe: Probe, low: Point, high: Point, rng: np.random.Generator) -> list[Failure]:
    """Return a failure where values or Jacobians at a float32 point differ from those at the same float64 point."""
    values = [("forward", probe.value(low), probe.value(high))]
    u = rng.standard_normal((low.batch, *probe.output_shape))
    operators = probe.operators(low)
    for key, operator in probe.operators(high).items():
        v = rng.standard_normal((low.batch, *probe.shapes[key]))
        values += [
            (f"jacobian[{key}].jvp", operators[key].jvp(v.astype(np.float32)), operator.jvp(v)),
            (f"jacobian[{key}].vjp", operators[key].vjp(u.astype(np.float32)), operator.vjp(u)),
        ]
    for what, received, expected in values:
        scale = float(np.max(np.abs(expected), initial=0.0))
        # What vanishes but for rounding, such as the slope of a softmax of one entry, has no digits to compare.
        if scale > 1e-12 and not np.allclose(received, expected, rtol=1e-3, atol=1e-3 * scale, equal_nan=True):
            worst = np.unravel_index(int(np.argmax(np.abs(received - expected))), expected.shape)
            return [
                Failure(
                    f"{what} in float32 is not what it is in float64",
                    diagnosis="a branch on the dtype, or a form that cancels: it loses more digits than float32 has",
                    rows=[("float64", f"{expected[worst]:.8g}"), ("float32", f"{received[worst]:.8g}")],
                )
            ]
    return []


def _wrong_dtype(what: str, received: Any, expected: Any) -> Failure:
    return Failure(
        f"{what} computed in another dtype than it was given",
        rows=[
            ("expected", np.dtype(expected).name),
            ("received", str(received)),
            ("try", "np.zeros_like(x), and Python numbers, keep the dtype; np.zeros(3) and np.arange(3) do not"),
        ],
    )


def _batches(setting: Setting) -> None:
    probe = setting.need_probe()
    for batch in BATCHES:
        for training in setting.modes():
            if batch < 2 and probe.couples_batch and training:
                continue  # statistics of no example, or of one, are no statistics
            try:
                point = setting.point("batches", batch=batch, training=training)
                value = probe.value(point)
                cotangent = np.ones_like(value)
                for key, operator in probe.operators(point).items():
                    message = f"jacobian[{key}].sum_vjp has another shape for a batch of {batch}"
                    require_shape(message, operator.sum_vjp(cotangent), probe.shapes[key])
            except Failure:
                raise
            except Exception as error:
                raise Failure(in_words(error), rows=[("batch", f"of {batch}")]) from error
            require_shape(f"a batch of {batch} gives another shape", value, (batch, *probe.output_shape))


def _layout(setting: Setting) -> None:
    """Arrays that are views with gaps, or in Fortran's order, give the same numbers."""
    probe = setting.need_probe()

    def strided(each: Array) -> Array:
        wide = np.zeros((*each.shape, 2), each.dtype)
        wide[..., 0] = each
        return wide[..., 0]

    def fortran(each: Array) -> Array:
        return np.array(each, order="F")

    for training in setting.modes():
        point = setting.point("layout", training=training)
        expected = probe.value(point)
        for name, change in (("strided", strided), ("Fortran-ordered", fortran)):
            changed = point.mapped(change)
            for what, got, want in [
                ("forward", probe.value(changed), expected),
                *(
                    (f"jacobian[{key}]", operator.vjp(expected), probe.operators(point)[key].vjp(expected))
                    for key, operator in probe.operators(changed).items()
                ),
            ]:
                if not np.allclose(got, want, rtol=1e-10, atol=1e-12, equal_nan=True):
                    raise Failure(f"{what} gives other numbers for {name} arrays")


def _purity(setting: Setting) -> None:
    """Read-only arrays are handed in, and compared afterwards byte by byte."""
    probe = setting.need_probe()
    for training in setting.modes():
        point = setting.point("purity", training=training)
        with untouched([*point.arrays.items(), *point.constants.items(), *point.state.items()], _impure):
            probe.operators(point)


def _impure(what: str) -> Failure:
    return Failure(
        "it writes into an array that it was handed",
        diagnosis="an operation in place (+=, out=, x[...] = ) on an input, a parameter or the state",
        rows=[("received", what), ("try", "compute into a new array, or ask for `out`")],
    )


def _determinism(setting: Setting) -> None:
    probe = setting.need_probe()
    for training in setting.modes():
        point = setting.point("determinism", training=training)
        first, again = probe.value(point), probe.value(point)
        if first.tobytes() != again.tobytes():
            raise Failure(
                "forward gives other numbers the second time",
                diagnosis="randomness that does not come from `rng`, or something kept from the call before",
            )
        one, two = (
            {key: operator.vjp(first).tobytes() for key, operator in probe.operators(point).items()} for _ in range(2)
        )
        for key in one:
            if one[key] != two[key]:
                raise Failure(f"jacobian[{key}] gives other numbers the second time")


def _independence(setting: Setting) -> None:
    """Changing one example leaves the others' outputs as they are, unless coupling is declared."""
    probe = setting.need_probe()
    coupled_somewhere = False
    for training in setting.modes():
        point = setting.point("independence", batch=4, training=training)
        other = setting.point("independence, another", batch=4, training=training)
        expected = probe.value(point)
        for key in probe.inputs:
            array = point.arrays[key].copy()
            array[1] = other.arrays[key][1]
            changed = probe.value(point.with_array(key, array))
            others = [0, 2, 3]
            same = np.array_equal(changed[others], expected[others], equal_nan=True)
            if not same and not np.allclose(changed[others], expected[others], rtol=1e-9, atol=1e-12):
                coupled_somewhere = True
                if not (probe.couples_batch and training):
                    raise Failure(
                        f"an example's output depends on another example's '{key}'"
                        + (" outside training" if probe.couples_batch else ""),
                        diagnosis="a mean, a norm or a maximum over axis 0, or a reshape that mixes examples",
                        rows=[("try", "couples_batch: ClassVar[bool] = True, if it is meant")],
                    )
        _alone(setting, point, expected)
    if probe.couples_batch and not coupled_somewhere:
        raise Failure(
            "couples_batch is declared, and no example depends on another",
            rows=[("try", "leave couples_batch out: per-example quantities then work")],
        )


def _alone(setting: Setting, point: Point, expected: Array) -> None:
    """An example gives the same alone as among others: nothing depends on how many there are."""
    probe = setting.need_probe()
    if point.training and (probe.couples_batch or getattr(probe, "has_random", False)):
        return  # it depends on the others, or draws other numbers for another batch
    alone = probe.value(probe.rows(point, [0]))
    if not np.allclose(alone[0], expected[0], rtol=1e-9, atol=1e-12, equal_nan=True):
        raise Failure(
            f"an example gives something else alone than in a batch of {len(expected)}",
            diagnosis="a mean over the batch, or its size, in forward: the core takes the mean over the examples",
            rows=[("in the batch", shown(expected[0])), ("alone", shown(alone[0]))],
        )
