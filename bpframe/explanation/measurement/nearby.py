"""The cost at many points near one example, each an example of a batch: what they share is computed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from bpframe.core.backprop.forward import costs
from bpframe.core.backprop.penalties import Penalties
from bpframe.core.backprop.results import called, check_value
from bpframe.core.backprop.steps import Step
from bpframe.core.backprop.workspace import Workspace, read_only
from bpframe.core.graph.randomness import stream
from bpframe.measured.complex_warning import complex_warning_raises
from bpframe.validation.plain_arrays import Array
from bpframe.verification.gradient_check.mean_cost import MeanCost, in_dtype

__all__ = ["Nearby", "Point"]

#: Where a point differs from the example's own: by parameter's path or input's name a place in it, and what is there.
Point: TypeAlias = Mapping[str, tuple[Any, Any]]

#: A value at some of the points, by their numbers, in order.
_Rows: TypeAlias = tuple[Array, Array]

#: How many bytes a value may have at all points of a batch.
MOST_BYTES = 1 << 25


class Nearby:
    """C(θ, x) at many points at once, real or complex.

    A node sees all points that reach it as one batch; those that do not reach it share its value at the example. A node
    is computed for each point by itself where its parameter differs, and where it couples its batch, or draws random
    numbers, which are the same at all points. `arrays` has the parameters and the inputs that hold no integers, of the
    example itself; `calls` counts how often a component was called.

    `cost` is C at the example itself, which may not be finite.
    """

    def __init__(self, function: MeanCost, seed: int, coupled: frozenset[str]) -> None:
        inputs = function.inputs
        self.arrays = {name: array[0, ...] if name in inputs else array for name, array in function.arrays.items()}
        self.calls = 0
        self._targets = function.targets
        self._seed = seed
        self._coupled = coupled
        self._trace = function.trace()
        self._passes: dict[str, _Pass] = {}
        with np.errstate(all="ignore"):
            self.cost = float(self.values([{}])[0][0].real)

    def values(self, points: Sequence[Point], kind: type = float) -> tuple[Array, dict[int, Exception]]:
        """Return C at every point, eq. (5), (K,), of `kind` float or complex.

        Where a component fails at a point, it is NaN there, and the error is returned by the point's number.
        """
        dtype = np.dtype(np.complex128 if kind is complex else np.float64)
        if dtype.kind not in self._passes:
            self._passes[dtype.kind] = _Pass(self, dtype)
        one = self._passes[dtype.kind]
        found = np.full(len(points), np.nan, dtype)
        errors: dict[int, Exception] = {}
        for start in range(0, len(points), one.most):
            with complex_warning_raises(), np.errstate(all="ignore"):
                values, failed = one.values(points[start : start + one.most])
            found[start : start + one.most] = values
            errors |= {start + row: error for row, error in failed.items()}
        return found, errors


class _Pass:
    """Forward passes in one dtype."""

    def __init__(self, nearby: Nearby, dtype: np.dtype[Any]) -> None:
        trace = nearby._trace
        self.nearby, self.trace, self.dtype = nearby, trace, dtype
        self.plan = trace.plan
        self.parameters = trace.parameters.like(trace.parameters.vector.astype(dtype))
        frozen = trace.workspace.frozen.like(trace.workspace.frozen.vector.astype(dtype))
        state = {name: in_dtype(trace.slots[slot], dtype) for name, slot in self.plan.state_slots.items()}
        self.workspace = Workspace(self.plan, 1, self.parameters, frozen, state, self._generator)
        self.targets = in_dtype(nearby._targets, dtype)
        here = trace.parameters.like(trace.parameters.vector.astype(np.float64)).views
        terms = Penalties(self.plan.graph.penalties).terms
        self.penalties = [(term, term.cost(read_only(here[term.path]))) for term in terms]
        sizes = [int(np.prod(shape)) for shape in self.plan.graph.shapes.values()]
        self.most = max(1, MOST_BYTES // (dtype.itemsize * max(1, *sizes)))
        self.last = {slot: step for step in self.plan.steps for slot in step.input_slots}
        self.kept = {each.value_slot for each in self.plan.costs}

    def values(self, points: Sequence[Point]) -> tuple[Array, dict[int, Exception]]:
        """Return C at some points, as many as memory is there for."""
        users = _users(points)
        moved: dict[int, _Rows] = {}
        errors: dict[int, Exception] = {}
        for name, slot in self.plan.input_slots.items():
            if name in users:
                moved[slot] = (
                    users[name],
                    np.concatenate([_with(self._base(slot), points[row], name) for row in users[name]]),
                )
        for step in self.plan.steps:
            own = {path: users[path] for path in map(step.node.parameter_path, step.node.parameters) if path in users}
            read = [moved[slot][0] for slot in dict.fromkeys(step.input_slots) if slot in moved]
            if own or read:
                rows = _together([*own.values(), *read])
                if errors:
                    rows = rows[~np.isin(rows, [*errors])]
                given = [self._at(moved, slot, rows) for slot in step.input_slots]
                moved[step.slot] = self._stepped(step, rows, own, given, points, errors)
            for slot in step.input_slots:
                if self.last[slot] is step and slot not in self.kept:
                    moved.pop(slot, None)
        found = self._costed(moved, len(points), errors)
        for row, point in enumerate(points):
            try:
                found[row] += self._penalty(point)
            except Exception as error:
                errors.setdefault(row, error)
        found[[*errors]] = np.nan
        return found, errors

    def _stepped(
        self, step: Step, rows: Array, own: Mapping[str, Array], given: list[Array], points: Sequence[Point],
        errors: dict[int, Exception],
    ) -> _Rows:  # fmt: skip
        """Return a node's value at the points of these numbers; what fails at one of them is kept, and left out.

        `own` are the points at which a parameter of the node differs.
        """
        alone = np.isin(rows, np.concatenate([*own.values()])) if own else np.zeros(len(rows), bool)
        if step.generator_slot is not None or step.node.name in self.nearby._coupled:
            alone[:] = True
        value = np.empty((len(rows), *step.output_shape), self.dtype)
        if not alone.all():
            together = slice(None) if not own else ~alone
            try:
                value[together] = self._called(step, [each[together] for each in given])
            except Exception:  # whatever it does with some of the points, it need not do with the others
                alone[:] = True
        fine = np.ones(len(rows), bool)
        for place in np.flatnonzero(alone):
            try:
                with self._at_point(points[rows[place]], own):
                    value[place] = self._called(step, [each[place : place + 1] for each in given])[0]
            except Exception as error:
                errors[int(rows[place])] = error
                fine[place] = False
        return (rows, value) if fine.all() else (rows[fine], value[fine])

    def _called(self, step: Step, given: Sequence[Array]) -> Array:
        workspace, slots = self.workspace, self.workspace.slots
        workspace.batch = count = len(given[0]) if given else 1
        self.nearby.calls += 1
        for slot, array in zip(step.input_slots, given, strict=True):
            slots[slot] = read_only(array)
        self._prepare(step)
        if step.generator_slot is not None:
            slots[step.generator_slot] = self._generator(step.node.name)
        value = called(step, "forward", step.forward, workspace.handed_to(step))
        if step.new_state_slot is not None:
            value = value[0]
        check_value(step.node, value, count, self.dtype)
        for slot in (*step.input_slots, *step.buffers):
            slots[slot] = None  # whose memory nobody needs until the next pass
        return value  # type: ignore[no-any-return]

    def _prepare(self, step: Any) -> None:
        for slot in step.buffers:
            self.workspace.slots[slot] = self.workspace.empty(step.output_shape)
        if step.saved_slot is not None:
            self.workspace.slots[step.saved_slot] = {}

    def _costed(self, moved: Mapping[int, _Rows], count: int, errors: dict[int, Exception]) -> Array:
        """Return the costs of all points without penalties."""
        rows = np.arange(count)
        try:
            return self._costs(moved, rows)
        except Exception:  # whatever a cost does with some of the points, it need not do with the others
            found = np.full(count, np.nan, self.dtype)
            for row in rows:
                try:
                    found[row] = self._costs(moved, rows[row : row + 1])[0]
                except Exception as error:
                    errors.setdefault(int(row), error)
            return found

    def _costs(self, moved: Mapping[int, _Rows], rows: Array) -> Array:
        self.workspace.batch = len(rows)
        for each in self.plan.costs:
            self._prepare(each)
            self.workspace.slots[each.value_slot] = read_only(self._at(moved, each.value_slot, rows))
        return costs(self.workspace, {name: np.repeat(array, len(rows), 0) for name, array in self.targets.items()})

    def _penalty(self, point: Point) -> Any:
        """Return R at a point: of parameters that are the example's own no penalty need take complex numbers."""
        views = self.parameters.views
        with self._at_point(point, {term.path for term, _ in self.penalties} & point.keys()):
            return sum(term.cost(read_only(views[term.path])) if term.path in point else here
                       for term, here in self.penalties)  # fmt: skip

    def _at(self, moved: Mapping[int, _Rows], slot: int, rows: Array) -> Array:
        """Return a value at the points of these numbers."""
        found, values = moved.get(slot, (np.empty(0, int), None))
        if values is not None and np.array_equal(found, rows):
            return values
        array = np.repeat(self._base(slot), len(rows), axis=0)
        if values is not None:
            shared = np.isin(rows, found)
            array[shared] = values[np.isin(found, rows)]
        return array

    def _base(self, slot: int) -> Array:
        """Return a value at the example itself; integers stay integers."""
        array = np.asarray(self.trace.slots[slot])
        return array if array.dtype.kind in "iub" else array.astype(self.dtype)

    @contextmanager
    def _at_point(self, point: Point, paths: Iterable[str]) -> Iterator[None]:
        """Have some of the parameters as a point has them inside the block."""
        kept = []
        try:
            for path in paths:
                if path in point:
                    view, (place, number) = self.parameters.views[path], point[path]
                    kept.append((view, place, np.copy(view[place])))
                    view[place] = number
            yield
        finally:
            for view, place, number in reversed(kept):
                view[place] = number

    def _generator(self, name: str) -> np.random.Generator:
        return stream(self.nearby._seed, "evaluation", name)


def _users(points: Sequence[Point]) -> dict[str, Array]:
    """Return the numbers of the points that differ in each array, in order."""
    found: dict[str, list[int]] = {}
    for row, point in enumerate(points):
        for name in point:
            found.setdefault(name, []).append(row)
    return {name: np.array(rows) for name, rows in found.items()}


def _with(array: Array, point: Point, name: str) -> Array:
    """Return one example's input with what a point has there."""
    found = array.copy()
    place, number = point[name]
    found[0, ...][place] = number
    return found


def _together(rows: list[Array]) -> Array:
    """Return all numbers of points that occur, in order."""
    if all(each is rows[0] or np.array_equal(each, rows[0]) for each in rows[1:]):
        return rows[0]
    return np.unique(np.concatenate(rows))
