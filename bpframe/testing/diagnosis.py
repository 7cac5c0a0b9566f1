"""Which mistake explains a wrong Jacobian: the ones that people make are tried on the numbers, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.testing.measuring import Block, block, tolerances
from bpframe.testing.probe import LayerProbe, Point, Probe
from bpframe.trace import local_jacobian

__all__ = ["diagnose"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class _Case:
    """A wrong block: declared d and measured m as (columns K, rows R), with K entries of the key, R of the output."""

    probe: Probe
    block: Block
    d: Array
    m: Array

    def same(self, one: Array, other: Array) -> bool:
        """Whether two arrays are equal within what the measurement can tell."""
        if one.shape != other.shape:
            return False
        relative, share = tolerances(self.block.measured.method)
        scale = float(np.max(np.abs(self.m), initial=0.0))
        allowed = 10 * relative * np.maximum(np.maximum(np.abs(one), np.abs(other)), 10 * share * scale)
        with np.errstate(invalid="ignore"):
            return bool(np.all(np.abs(one - other) <= allowed + 20 * self._error))

    @property
    def _error(self) -> float:
        return float(np.max(self.block.measured.error, initial=0.0))

    @property
    def small(self) -> float:
        """Below this, an entry counts as zero."""
        return 1e-6 * float(np.max(np.abs(self.m), initial=0.0)) + 20 * self._error

    @property
    def wrong(self) -> Array:
        """Which entries are wrong, (K, R)."""
        return ~(self.block.error <= 1).reshape(self.d.shape)

    @property
    def is_input(self) -> bool:
        """Whether the key is an input, with examples on axis 0."""
        return self.block.key not in self.probe.parameters


def diagnose(probe: Probe, found: Block) -> str:
    """Return the likely mistake behind a block that disagrees, in one sentence.

    Tried are: a Jacobian that is not finite, zero where it should not be or the other way round, the sign, a constant
    factor (a field, the batch size), the transpose, a reciprocal, a square, x and y mixed up, another key's block, a
    stale saved value, entries outside the structure, right values in wrong places, an identity too many or too few, and
    a branch.
    """
    columns = found.declared.shape[0]
    case = _Case(probe, found, found.declared.reshape(columns, -1), found.measured.value.reshape(columns, -1))
    with np.errstate(all="ignore"):
        for hypothesis in _HYPOTHESES:
            explained = hypothesis(case)
            if explained:
                return explained
    return _pattern(case)


def _not_finite(case: _Case) -> str | None:
    bad = ~np.isfinite(case.d)
    if not bad.any():
        return None
    if not np.isfinite(case.m).all():
        return "forward itself is not differentiable there: its differences are not finite"
    return f"{int(bad.sum())} declared entries are NaN or infinite: a division by zero or an overflow"


def _zero(case: _Case) -> str | None:
    if not case.d.any():
        return f"zero block: the declared Jacobian of '{case.block.key}' is zero, and forward depends on it"
    if float(np.max(np.abs(case.m), initial=0.0)) <= 20 * case._error:
        return f"forward does not depend on '{case.block.key}' at all, the declared Jacobian says that it does"
    return None


def _sign(case: _Case) -> str | None:
    return "sign: the declared Jacobian is the negative of the measured one" if case.same(-case.d, case.m) else None


def _factor(case: _Case) -> str | None:
    present = np.abs(case.d) > 1e-3 * np.max(np.abs(case.d))
    ratio = float(np.median(case.m[present] / case.d[present]))
    if not np.isfinite(ratio) or ratio == 0 or not case.same(case.d * ratio, case.m):
        return None
    again = _ratio_at_another_batch(case)
    batch = case.block.measured.value.shape[1]
    if again is not None and not np.isclose(again, ratio, rtol=1e-3):
        if np.isclose(ratio, batch, rtol=1e-3):
            return "double batch mean: the declared Jacobian is divided by the batch size, which the core does already"
        if np.isclose(ratio * batch, 1, rtol=1e-3):
            return "missing batch mean: forward divides by the batch size and the declared Jacobian does not"
        return f"a factor that depends on the batch size: measured/declared = {ratio:.6g} at {batch} examples"
    named = _named(case, ratio)
    return f"constant factor: measured/declared = {ratio:.6g} in every entry" + (f", {named}" if named else "")


def _ratio_at_another_batch(case: _Case) -> float | None:
    """Return the ratio with twice as many examples, or None where it cannot be had."""
    point = case.block.point

    def doubled(key: str, array: Array) -> Array:
        return array if key in case.probe.parameters else np.concatenate([array, array[::-1]])

    twice = Point(
        {key: doubled(key, array) for key, array in point.arrays.items()},
        {key: doubled(key, array) for key, array in point.constants.items()},
        point.state,
        point.training,
    )
    try:
        other = block(case.probe, twice, case.block.key)
    except Exception:  # the diagnosis goes on without this hint
        return None
    present = np.abs(other.declared) > 1e-3 * np.max(np.abs(other.declared), initial=0.0)
    if not present.any():
        return None
    return float(np.median(other.measured.value[present] / other.declared[present]))


def _named(case: _Case, ratio: float) -> str | None:
    """Say which field of the component makes this factor."""
    for name in type(case.probe.component).model_fields:
        value = getattr(case.probe.component, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value in (0, 1):
            continue
        for form, number in (
            (name, value),
            (f"1/{name}", 1 / value),
            (f"{name}²", value**2),
            (f"1/{name}²", value**-2),
        ):
            if np.isclose(ratio, number, rtol=1e-6):
                return f"which is {form}"
    return None


def _transposed(case: _Case) -> str | None:
    per_example = _per_example(case)
    if per_example is None:
        return None
    declared, measured = per_example
    if declared.shape[1] == declared.shape[2] and case.same(declared.swapaxes(1, 2), measured):
        return "transposed: the declared Jacobian is the transpose of the measured one"
    if case.same(-declared.swapaxes(1, 2), measured) and declared.shape[1] == declared.shape[2]:
        return "transposed, and of the wrong sign"
    return None


def _per_example(case: _Case) -> tuple[Array, Array] | None:
    """Return both blocks as (N, outputs, inputs), for an input whose examples are independent."""
    if not case.is_input or case.block.coupled:
        return None
    columns, batch = case.block.declared.shape[:2]
    shape = (columns, batch, -1) if case.d.size else (columns, batch, 0)
    return tuple(np.moveaxis(each.reshape(shape), 0, -1) for each in (case.d, case.m))  # type: ignore[return-value]


def _powers(case: _Case) -> str | None:
    present = np.abs(case.d) > case.small
    if present.any() and case.same(np.where(present, 1 / np.where(present, case.d, 1), 0), case.m):
        return "reciprocal: the declared entries are 1/measured"
    if case.same(case.d**2, case.m):
        return "a square is missing: measured = declared²"
    if case.same(np.sqrt(np.abs(case.d)) * np.sign(case.d), case.m):
        return "a square too many: declared = measured²"
    return None


def _mixed_up(case: _Case) -> str | None:
    """Call jacobian with x in the place of y and the other way round, and see whether that mends it."""
    probe = case.probe
    if not isinstance(probe, LayerProbe) or len(probe.inputs) != 1 or not case.is_input or case.block.coupled:
        return None
    signature = probe.node.contract.methods["jacobian"]
    key = probe.inputs[0]
    if probe.shapes[key] != probe.output_shape:
        return None
    hints = []
    if signature.asks_for(key) and signature.asks_for("y"):
        hints.append((True, True, f"input and output are mixed up: with {key} and y exchanged it would be right"))
    if signature.asks_for(key):
        hints.append((True, False, f"derivative at {key} instead of y: the formula is one in the output, ask for y"))
    if signature.asks_for("y"):
        hints.append((False, True, f"derivative at y instead of {key}: the formula is one in the input, ask for {key}"))
    for put_y_for_x, put_x_for_y, hint in hints:
        trace = probe.trace(case.block.point)
        step = probe.plan.steps[0]
        x, y = trace.slots[step.input_slots[0]], trace.slots[step.slot]
        if put_y_for_x:
            trace.slots[step.input_slots[0]] = y
        if put_x_for_y:
            trace.slots[step.slot] = x
        try:
            operator = local_jacobian(trace, step)[key]
            exchanged = block(probe, case.block.point, key, operator).declared.reshape(case.d.shape)
        except Exception:  # the exchanged arguments make no sense to it: then this is not the mistake
            continue
        if case.same(exchanged, case.m):
            return hint
    return None


def _elsewhere(case: _Case) -> str | None:
    """Another key's block, or the same key's at y or at the point before."""
    probe, key, point = case.probe, case.block.key, case.block.point
    for other in probe.shapes:
        if other != key and probe.shapes[other] == probe.shapes[key] and (other in probe.parameters) != case.is_input:
            found = block(probe, point, other)
            if case.same(case.d, found.measured.value.reshape(found.measured.value.shape[0], -1)):
                return f"swapped blocks: what is declared for '{key}' is the Jacobian of '{other}'"
    if case.is_input and probe.shapes[key] == probe.output_shape:
        moved = block(probe, point.with_array(key, probe.value(point)), key)
        if case.same(case.d, moved.measured.value.reshape(case.d.shape)):
            return f"derivative at y instead of {key}: the declared entries are right for an input of y"
    return None


def _stale(case: _Case) -> str | None:
    """Whether the declared Jacobian belongs to the point that was looked at before."""
    probe, key, point = case.probe, case.block.key, case.block.point
    rng = np.random.default_rng(7)
    earlier = Point(
        {name: array + 0.3 * rng.standard_normal(array.shape) for name, array in point.arrays.items()},
        point.constants, point.state, point.training,
    )  # fmt: skip
    before = block(probe, earlier, key)
    probe.operators(earlier)
    now = block(probe, point, key, probe.operators(point)[key])
    if case.same(now.declared.reshape(case.d.shape), before.measured.value.reshape(case.d.shape)):
        return "stale saved value: the declared Jacobian is that of the call before"
    return None


def _identity(case: _Case) -> str | None:
    per_example = _per_example(case)
    if per_example is None or per_example[0].shape[1] != per_example[0].shape[2]:
        return None
    declared, measured = per_example
    identity = np.eye(declared.shape[1])
    if case.same(declared + identity, measured):
        return "the identity is missing: measured = declared + 1 (a path around the function)"
    if case.same(declared - identity, measured):
        return "an identity too many: measured = declared − 1"
    return None


def _structure(case: _Case) -> str | None:
    held = np.abs(case.d) > 0
    outside = ~held & (np.abs(case.m) > case.small)
    if outside.any() and case.same(np.where(held, case.m, 0), case.d):
        return (
            f"off-structure entries: a '{case.block.operator.structure}' leaves out {int(outside.sum())} entries that "
            "are not zero; what it holds is right"
        )
    inside = np.abs(case.m) > case.small
    if case.same(np.where(inside, case.d, 0), case.m) and (held & ~inside).any():
        return f"{int((held & ~inside).sum())} entries too many: they should be zero; the others are right"
    return None


def _misplaced(case: _Case) -> str | None:
    one, other = np.sort(case.d, axis=None), np.sort(case.m, axis=None)
    if case.same(one, other):
        return "right values in wrong places: an index, an arg-max or an axis is wrong"
    return None


def _sorted_away(case: _Case) -> str | None:
    wrong_examples = np.any(case.wrong.reshape(case.block.declared.shape), axis=0).reshape(
        case.block.declared.shape[1], -1
    )
    examples = np.any(wrong_examples, axis=1)
    if case.is_input and 0 < examples.sum() < len(examples) and not case.block.coupled:
        which = ", ".join(str(int(i)) for i in np.flatnonzero(examples))
        return f"only examples {which} of {len(examples)} are wrong: a branch, or an order that depends on the values"
    return None


def _branch(case: _Case) -> str | None:
    """Whether the wrong entries are those of inputs on one side of a border."""
    if not case.is_input or case.block.coupled:
        return None
    x = case.block.point.arrays[case.block.key]
    batch = len(x)
    wrong = np.any(case.wrong.reshape(len(case.d), batch, -1), axis=2).T  # (N, K)
    values = x.reshape(batch, -1)
    if wrong.all() or not wrong.any():
        return None
    good, bad = values[~wrong], values[wrong]
    if good.size and bad.size:
        if bad.max() < good.min():
            return f"a wrong branch: only entries with {case.block.key} < {good.min():.3g} are wrong"
        if bad.min() > good.max():
            return f"a wrong branch: only entries with {case.block.key} > {good.max():.3g} are wrong"
    return None


def _pattern(case: _Case) -> str:
    present = case.wrong & (np.abs(case.d) > case.small)
    adjoint = "no known mistake explains the numbers"
    if not present.any():
        return adjoint
    ratios = case.m[present] / case.d[present]
    return f"{adjoint}: measured/declared lies between {np.min(ratios):.4g} and {np.max(ratios):.4g}"


_HYPOTHESES: tuple[Callable[[_Case], str | None], ...] = (
    _not_finite,
    _zero,
    _sign,
    _factor,
    _transposed,
    _powers,
    _mixed_up,
    _elsewhere,
    _stale,
    _identity,
    _structure,
    _misplaced,
    _branch,
    _sorted_away,
)


def hypotheses() -> Iterator[str]:
    """Yield the names of the mistakes that are tried."""
    for each in _HYPOTHESES:
        yield each.__name__.strip("_")
