"""The columns of a cost that has a term at every place: those of all places are pulled back at once."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from bpframe.core.backprop.rows import slices
from bpframe.core.operators import Composed, Diagonal, IdentityMap, KroneckerForm, Matrix, Operator, Sum
from bpframe.derivatives.curvature.mixing import CACHED_BYTES, Mixed, at_place
from bpframe.derivatives.points.linearisation import Linearisation, by_slot, refuse_coupling
from bpframe.derivatives.points.memory import PORTION_BYTES
from bpframe.structures import BatchMatMul, DiagonalBlocks, RankOne
from bpframe.structures.scan import both_sides
from bpframe.validation.plain_arrays import Array

__all__ = ["FormsAtPlaces", "PlaceForm"]


class PlaceForm(NamedTuple):
    """What a parameter pulls back: outer products whose left sides are columns, each zero but at its own place.

    Where places were mixed on the way, or are added up in the parameter, `moments` (m, m) is Σ e eᵀ of all of them, and
    the left sides are zeros.
    """

    outer: KroneckerForm
    moments: Array | None = None


class _Pulled(NamedTuple):
    """Columns (K, N, *places, *rest), K for each place; or the operator that mixed them, and what came after it.

    Neither where nothing is known.
    """

    columns: Array | None = None
    mixed: Mixed | None = None
    after: tuple[Operator, ...] = ()


class FormsAtPlaces:
    """What parameters pull back of a cost's root where it leaves places apart, one array for the columns of all places.

    A cost that is a sum over places, all axes of its output but the last, has a root S whose K·places columns are each
    zero but at one place. Places stay apart in layers that work on each alone. Where an operator mixes them, in a
    recurrence or in attention, its `pulled_moments` tells Σ e eᵀ of what it pulls back: all that Kronecker factors ask
    for. A vector of parameters that all places share and that is no side of outer products, a gain, has few enough
    columns of its own to push them forward. What is reached by several ways after that, and what no operator tells, is
    left to one column after another.

    Attributes: `open`, the paths that are left; complete when `in_turn` has ended.
    """

    def __init__(self, point: Linearisation) -> None:
        self.open: set[str] = set()
        self._point = point
        self._mixed: dict[Hashable, Mixed] = {}
        self._waiting: dict[str, tuple[Operator, _Pulled]] = {}

    def columns(self) -> Iterator[Array]:
        """Yield the columns of all places, a few at a time, (some, N, *places, features); none of other costs."""
        if len(self._point.roots) != 1:
            return
        (root,) = self._point.roots.values()
        places = self._places = root.out_shape[:-1]
        if math.prod(places) < 2 or not _keeps(root, places):
            return
        trace, features, batch = self._point.trace, root.in_shape[len(places) :], self._point.batch
        count, largest = math.prod(features), max(map(math.prod, trace.plan.graph.shapes.values()))
        step = max(1, CACHED_BYTES // max(1, batch * largest * trace.dtype.itemsize))
        for part in slices(count, step):
            some = part.stop - part.start
            basis = np.eye(some, count, part.start, trace.dtype).reshape(some, 1, *(1,) * len(places), *features)
            pushed = root.jvp(np.broadcast_to(basis, (some, batch, *root.in_shape)))
            yield pushed.astype(trace.dtype, copy=False)

    def in_turn(self) -> Iterator[tuple[int, str, PlaceForm]]:
        """Yield the number of a portion of columns, a parameter's path, and what it pulls back of them."""
        for number, columns in enumerate(self.columns()):
            for path, operator, pulled in self._back(columns):
                if path in self.open or (path in self._waiting and pulled.columns is None):
                    continue
                form = None if pulled.columns is None else self._form(operator, pulled.columns)
                if pulled.mixed is not None:
                    self._waiting[path] = operator, pulled
                elif form is None and pulled.columns is not None and self._is_short(operator):
                    here = self._mixed.setdefault(path, self._at(_nothing(operator.out_shape)))
                    here.reached.append(pulled.columns)
                    self._waiting[path] = operator, _Pulled(None, here)
                elif form is None:
                    self.open.add(path)
                else:
                    yield number, path, form
        told: dict[Hashable, Sequence[tuple[int | None, Array]]] = {}
        for path, (operator, pulled) in self._waiting.items():
            found = self._moments(pulled, told)
            zeros = np.zeros((self._point.batch, *operator.out_shape), self._point.trace.dtype)
            form = self._form(operator, zeros) if found else None
            if form is None and pulled.mixed is not None and self._is_short(operator):
                total = pulled.mixed.vectors(pulled.after, operator)
                vectors = np.zeros((self._point.batch, *operator.in_shape), self._point.trace.dtype)
                yield 0, path, PlaceForm(KroneckerForm.of_vectors(vectors, operator.in_shape), total)
            elif form is None:
                self.open.add(path)
            else:
                total = np.add.reduce([each.sum(axis=0) for _, each in found])
                yield 0, path, form._replace(moments=total)

    def _back(self, columns: Array) -> Iterator[tuple[str, Operator, _Pulled]]:
        """Go back through the network: every parameter's path, its last factor, and what reaches that."""
        plan = self._point.trace.plan
        reached: list[Any] = by_slot(plan, {})
        ((output, _),) = self._point.roots.items()
        reached[plan.value_slots[output]] = _Pulled(columns)
        for each in plan.to_parameters:
            node, pulled = each.step.node, reached[each.step.slot]
            if pulled is None:
                continue
            jacobian = self._point.trace.jacobian(node.name)
            refuse_coupling(node, jacobian)
            known: dict[Hashable, _Pulled] = {}
            for name, _ in each.parameters:
                *before, last = _factors(jacobian[name])
                yield node.parameter_path(name), last, self._through(before, pulled, node.name, known)
            self.open.update(node.parameter_path(name) for name, _ in each.shared)
            reached[each.step.slot] = None
            for key, slot in each.edges:
                part = self._through(_factors(jacobian[key]), pulled, node.name, known)
                reached[slot] = part if reached[slot] is None else _added(reached[slot], part)

    def _through(
        self, factors: Sequence[Operator], pulled: _Pulled, node: str, known: dict[Hashable, _Pulled]
    ) -> _Pulled:
        """Pull back through a chain; what several chains of a node begin with is gone through once."""
        path: Hashable = (node,)
        for factor in factors:
            path = (path, factor._original())
            if path not in known:
                known[path] = self._once(factor, pulled, path)
            pulled = known[path]
        return pulled

    def _once(self, factor: Operator, pulled: _Pulled, path: Hashable) -> _Pulled:
        columns, mixed, after = pulled
        if mixed is not None:
            return _Pulled(None, mixed, (*after, factor))
        if columns is None:
            return pulled
        if _keeps(factor, self._places):
            return _Pulled(factor.vjp(columns))
        if len(self._places) > 1 or type(factor).pulled_moments is Operator.pulled_moments:
            return _Pulled()
        self._mixed.setdefault(path, self._at(factor)).reached.append(columns)
        return _Pulled(None, self._mixed[path])

    def _form(self, last: Operator, u: Array) -> PlaceForm | None:
        """Return the outer products of a parameter whose operator makes them of what it is handed, as it is."""
        u = np.ascontiguousarray(u)
        form = last.kronecker_form(u)
        if not isinstance(form, KroneckerForm) or not form.places:
            return None
        # The left sides are what was pulled back, place by place, where they are the same memory.
        places = math.prod(self._places) if u.ndim > len(last.out_shape) + 1 else last.out_shape[0]
        wanted = (*u.shape[: u.ndim - len(last.out_shape)], places)
        same = form.left.shape[:-1] == wanted and form.left.size == u.size and form.left.flags.c_contiguous
        return PlaceForm(form) if same and np.shares_memory(form.left, u) else None

    def _at(self, operator: Operator) -> Mixed:
        return Mixed(operator, len(self._places))

    def _is_short(self, last: Operator) -> bool:
        """Whether a parameter is a vector, taken whole, of fewer numbers than columns, which can all be held."""
        (root,) = self._point.roots.values()
        columns, size = math.prod(root.in_shape), math.prod(last.in_shape)
        whole = type(last).kronecker_form is Operator.kronecker_form and len(last.in_shape) == 1
        held = self._point.batch * columns * size * self._point.trace.dtype.itemsize
        return whole and size <= columns and held <= PORTION_BYTES

    def _moments(
        self, pulled: _Pulled, told: dict[Hashable, Sequence[tuple[int | None, Array]]]
    ) -> Sequence[tuple[int | None, Array]]:
        """Return Σ e eᵀ by place after a mixing operator and what follows it; nothing where that is not known."""
        mixed = pulled.mixed
        if mixed is None:
            return ()
        key: Hashable = id(mixed)
        if key not in told:
            told[key] = mixed.moments()
        found = told[key]
        for factor in pulled.after:
            key = (key, factor._original())
            if key not in told:
                here = [at_place(factor, place) for place, _ in found]
                told[key] = [
                    (place, both_sides(operator, each))
                    for operator, (place, each) in zip(here, found, strict=True)
                    if operator is not None
                ]
                if None in here:
                    told[key] = ()
            found = told[key]
        return found


def _nothing(shape: tuple[int, ...]) -> Operator:
    return IdentityMap().bind(shape, shape)


def _added(one: _Pulled, other: _Pulled) -> _Pulled:
    """Add what arrives on two ways: columns line up, moments lack what both have to do with each other."""
    if one.columns is None or other.columns is None:
        return _Pulled()
    return _Pulled(one.columns + other.columns)


def _factors(operator: Operator) -> tuple[Operator, ...]:
    return operator.factors if type(operator) is Composed else (operator,)


def _keeps(operator: Operator, places: tuple[int, ...]) -> bool:
    """Whether every place of the output, an entry of its first axes, surely depends on the same place of the input."""
    count, sides = len(places), (operator.in_shape, operator.out_shape)
    if any(shape[:count] != places for shape in sides):
        return False
    if type(operator) in (Composed, Sum):
        return all(_keeps(part, places) for part in operator._parts)
    mixed = _MIXED_AXES.get(type(operator), operator.mixed_axes)  # not of a subclass, which may multiply otherwise
    if type(operator) is BatchMatMul and operator.side == "right" and not operator.transpose:
        mixed = 1
    return mixed is not None and all(len(shape) - mixed >= count for shape in sides)


#: How many of the last axes an operator mixes.
_MIXED_AXES: dict[type[Operator], int] = {IdentityMap: 0, Diagonal: 0, Matrix: 1, RankOne: 1, DiagonalBlocks: 1}
