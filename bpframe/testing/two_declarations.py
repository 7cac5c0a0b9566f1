"""Two declarations of one function, the second mostly faster: proved equal by value, and timed."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from bpframe.core.backprop.local_jacobian import local_jacobian
from bpframe.core.component import Component
from bpframe.core.graph.graph import Shape
from bpframe.core.graph.randomness import stream
from bpframe.core.operators import BatchMatrix, Operator
from bpframe.errors import ContractError
from bpframe.testing.checks.base import Failure
from bpframe.testing.kit import fields_of, outcome_of
from bpframe.testing.measuring import written_out
from bpframe.testing.point import Point
from bpframe.testing.probe import CostProbe, Probe
from bpframe.testing.probing import AnyProbe, probe_of
from bpframe.testing.report import Report
from bpframe.validation.plain_arrays import Array, place_of

__all__ = ["Comparison", "compare_jacobians"]


SCALES = (0.3, 1.0, 4.0)
RELATIVE = 1e-9

#: How large an input is, in entries, and how many examples there are, where the two are timed.
ENTRIES = 256
EXAMPLES = 32
ROUNDS = 7


class Comparison(Report):
    """A report on whether two components declare equal Jacobians, with the time that each takes to send an error back.

    Times are in seconds, for both calls of `jacobian` and its transpose, at inputs of `timed_at` in batches of 32.
    """

    seconds_old: float
    seconds_new: float
    timed_at: tuple[tuple[int, ...], ...]

    @property
    def ratio(self) -> float:
        """How many times as fast the new one is."""
        return self.seconds_old / self.seconds_new


def compare_jacobians(old: Component, new: Component, shapes: Sequence[Shape], *, seed: int = 0) -> Comparison:
    """Prove that two components compute and declare the same, and time both.

    Every entry of every declared Jacobian is compared, J_old = J_new, and the transposes along random directions, at
    random points of three scales. Inputs are matched by their order, parameters and states by their names.

    Parameters
    ----------
    old, new : the component whose Jacobian is trusted, and the one that replaces it.
    shapes : the feature shape of every input; for costs, of a.
    seed : where the points come from.

    Raises
    ------
    ContractError
        One of them has no Jacobian, or their inputs, parameters or outputs differ in number, name or shape.

    """
    given = tuple(tuple(shape) for shape in shapes)
    one, other = _probe(old, given), _probe(new, given)
    keys = _matched(one, other)
    outcomes = [outcome_of("forward", lambda: _forward(one, other, keys, seed))]
    outcomes += [outcome_of(f"equal[{keys[key]}]", partial(_jacobian, one, other, keys, key, seed)) for key in keys]
    larger = _larger(old, new, given)
    seconds = [_seconds(_probe(each, larger)) for each in (old, new)]
    structures = [", ".join(_structures(probe)) for probe in (one, other)]
    faster = seconds[0] / seconds[1]
    return Comparison(
        component=new.kind,
        fields=fields_of(new),
        shapes=given,
        seed=seed,
        called_for=tuple(each.check for each in outcomes),
        outcomes=tuple(outcomes),
        notes=(
            f"old Jacobian: {structures[0]}; new: {structures[1]}",
            f"an error goes back through the new one in {seconds[1]:.2g} s, through the old one in {seconds[0]:.2g} s "
            f"({faster:.3g} times as fast, {EXAMPLES} examples at {', '.join(map(str, larger))})",
        ),
        seconds_old=seconds[0],
        seconds_new=seconds[1],
        timed_at=larger,
    )


def _probe(component: Component, shapes: tuple[Shape, ...]) -> AnyProbe:
    probe = probe_of(component, shapes)
    if probe is None:
        raise ContractError(f"{type(component).__name__} has no Jacobian to compare")
    return probe


def _matched(one: Probe, other: Probe) -> dict[str, str]:
    """Return the new key of every old one."""
    if len(one.inputs) != len(other.inputs) or one.parameters != other.parameters:
        raise ContractError(
            "the two components differ in their inputs or parameters", expected=_keys(one), received=_keys(other)
        )
    keys = {key: key for key in one.shapes if key in one.parameters} | dict(zip(one.inputs, other.inputs, strict=True))
    if {keys[key]: shape for key, shape in one.shapes.items()} != dict(other.shapes) or (
        one.output_shape != other.output_shape
    ):
        raise ContractError("the two components differ in shapes", expected=_keys(one), received=_keys(other))
    return {key: keys[key] for key in one.shapes}


def _keys(probe: Probe) -> str:
    return ", ".join(f"{key} {shape}" for key, shape in probe.shapes.items()) + f" -> {probe.output_shape}"


def _points(one: Probe, other: Probe, keys: Mapping[str, str], seed: int) -> list[tuple[Point, Point]]:
    """Return pairs of points that hold the same numbers, each with the keys of its component."""
    pairs = []
    for training in (False, True) if one.has_training or other.has_training else (False,):
        for scale in SCALES:
            point = one.sample(stream(seed, f"comparison {scale}"), 3, scale, training)
            arrays = {keys[key]: array for key, array in point.arrays.items()}
            drawn = other.sample(stream(seed, f"comparison {scale}"), 3, scale, training)
            # Integer inputs have no derivative and no key of it: they are matched by their order.
            constants = dict(zip(drawn.constants, point.constants.values(), strict=True))
            pairs.append((point, replace(point, arrays=arrays, constants=constants)))
    return pairs


def _forward(one: Probe, other: Probe, keys: Mapping[str, str], seed: int) -> None:
    for old_point, new_point in _points(one, other, keys, seed):
        _equal("y", one.value(old_point), other.value(new_point))


def _jacobian(one: Probe, other: Probe, keys: Mapping[str, str], key: str, seed: int) -> None:
    for old_point, new_point in _points(one, other, keys, seed):
        old, new = one.operators(old_point)[key], other.operators(new_point)[keys[key]]
        structures = ("structures", f"old {old.structure}, new {new.structure}")
        u = stream(seed, "comparison, cotangent").standard_normal((3, *one.output_shape))
        written = written_out(one, old_point, key, old), written_out(other, new_point, keys[key], new)
        _equal("J", *written, structures)
        _equal("Jᵀ u", old.vjp(u), new.vjp(u), structures)
        _equal("the sum of Jᵀ u", old.sum_vjp(u), new.sum_vjp(u), structures)


def _equal(what: str, old: Array, new: Array, *rows: tuple[str, str]) -> None:
    """Fail with the worst difference, and with these rows."""
    if np.shape(old) != np.shape(new):
        shapes = f"{what} has shape {np.shape(old)} in the old one and {np.shape(new)} in the new one"
        raise Failure("old and new disagree", rows=[("worst", shapes), *rows])
    scale = float(np.max(np.abs(old), initial=0.0))
    wrong = np.abs(old - new) / (RELATIVE * (np.abs(old) + 1e-3 * scale) + np.finfo(float).tiny)
    wrong = np.where(np.isfinite(wrong), wrong, np.inf)
    if not np.all(wrong <= 1):
        place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        worst = f"{what}{place_of(place)}: old {old[place]:.9g}, new {new[place]:.9g}"
        entries = f"{int(np.count_nonzero(wrong > 1))} of {wrong.size} differ"
        raise Failure("old and new disagree", rows=[("worst", worst), ("entries", entries), *rows])


def _structures(probe: Probe) -> list[str]:
    operators = probe.operators(probe.sample(stream(0, "structure"), 3))
    return [f"{key} {operator.structure}" for key, operator in operators.items()]


def _larger(old: Component, new: Component, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Return longer shapes that both take, or the given ones: at small sizes the calls themselves cost the most."""
    grown = tuple(
        (*shape[:-1], shape[-1] * max(1, ENTRIES // max(math.prod(shape), 1))) if shape else shape for shape in shapes
    )
    try:
        for each in (old, new):
            probe = _probe(each, grown)
            probe.operators(probe.sample(stream(0, "larger"), 2))
    except Exception:  # sizes that its fields fix
        return shapes
    return grown


def _seconds(probe: AnyProbe) -> float:
    """Return the median time of one call of jacobian with the transposes of all its operators."""
    point = probe.sample(stream(0, "timing"), EXAMPLES)
    u = np.ones_like(probe.value(point))
    jacobian = _call(probe, point)
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        operators = jacobian()
        for key, operator in operators.items():
            operator.sum_vjp(u) if key in probe.parameters else operator.vjp(u)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _call(probe: AnyProbe, point: Point) -> Callable[[], Mapping[str, Operator]]:
    """Return what calls jacobian alone, after forward has run."""
    if isinstance(probe, CostProbe):
        words, shape = probe.words(point), probe.shapes["a"]
        return lambda: {"a": BatchMatrix(probe.ask("jacobian", words)).bind(shape, ())}
    trace = probe.trace(point)
    trace.workspace.checked = True  # as in a training, where the first pass alone looks at what jacobian returns
    return lambda: local_jacobian(trace.workspace, probe.plan.steps[0])
