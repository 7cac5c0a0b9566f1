"""The ways in which mutation makes a Jacobian false: on its numbers, on where it is taken, on its products."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpframe.core.backprop.local_jacobian import local_jacobian
from bpframe.core.operators import BatchMatrix, Operator
from bpframe.core.operators.base import Shape
from bpframe.testing.mutation.altered import PRODUCTS, Altered, Joint, Product
from bpframe.testing.point import Point
from bpframe.testing.probe import LayerProbe, Probe
from bpframe.validation.plain_arrays import Array

__all__ = ["MUTATIONS", "Mutation", "Scene"]


@dataclass(frozen=True)
class Scene:
    """Where a mutation takes place: the key's declared Jacobian at a point.

    `small` are the shapes of the usual checks, `earlier` what a mutant keeps from call to call, and `declared` gives
    the unmutated operators at any point.
    """

    probe: Probe
    point: Point
    key: str
    operators: Mapping[str, Operator]
    declared: Callable[[Point], Mapping[str, Operator]]
    small: Mapping[str, Shape]
    earlier: dict[object, Array]
    place: int

    @property
    def coupled(self) -> bool:
        """Whether examples depend on one another here."""
        return self.operators[self.key].couples_batch

    def written(self, operator: Operator) -> Array:
        """Write an operator out as (N, outputs, inputs); a coupled one as (1, N·outputs, N·inputs)."""
        batch = self.point.batch
        x = self.point.arrays[self.key]
        like = np.empty(0, x.dtype if x.dtype.kind == "f" else np.float64)
        inputs, outputs = math.prod(self.probe.shapes[self.key]), math.prod(self.probe.output_shape)
        if operator.couples_batch:
            return np.array(operator.joint_dense(batch, like)).reshape(1, batch * outputs, batch * inputs)
        basis = np.eye(inputs, dtype=like.dtype).reshape(inputs, *self.probe.shapes[self.key])
        pushed = np.asarray(operator.shared_jvp(basis, batch)).reshape(inputs, batch, outputs)
        return np.moveaxis(pushed, 0, -1).copy()

    def jacobian(self) -> Array:
        """Return the declared Jacobian here, written out, to be changed."""
        return self.written(self.operators[self.key])

    def elsewhere(self, array: Array) -> Array:
        """Return the declared Jacobian, written out, with another array in the place of the key's."""
        return self.written(self.declared(self.point.with_array(self.key, array))[self.key])

    def values(self) -> Array:
        """Return the key's own numbers, one for each column of the Jacobian: (N or 1, inputs)."""
        x = self.point.arrays[self.key].real
        return (
            x.reshape(1, -1) if self.coupled or self.key in self.probe.parameters else x.reshape(self.point.batch, -1)
        )

    def operator(self, j: Array) -> Operator:
        """Make an operator of a Jacobian that is written out."""
        in_shape, out_shape = self.probe.shapes[self.key], self.probe.output_shape
        if self.coupled:
            return Joint(j[0], self.point.batch).bind(in_shape, out_shape)
        return BatchMatrix(j.reshape(self.point.batch, *out_shape, *in_shape)).bind(in_shape, out_shape)

    def entry(self, j: Array) -> tuple[int, int]:
        """Choose an entry, the same for every point, among those that are not small."""
        size = np.abs(j).max(axis=0)
        places = np.argwhere(size >= 1e-2 * size.max()) if size.max() else np.argwhere(size >= 0)
        row, column = places[self.place % len(places)]
        return int(row), int(column)


@dataclass(frozen=True)
class Mutation:
    """One way: its name, and the operator that it puts in the place of the declared one; None where it cannot."""

    name: str
    apply: Callable[[Scene], Operator | None]


def _square(j: Array) -> bool:
    return bool(j.shape[1] == j.shape[2])


def _factor_of_a_field(j: Array, scene: Scene) -> Array | None:
    component = scene.probe.component
    for name in type(component).model_fields:
        value = getattr(component, name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value not in (0, 1):
            return j * value
    return None


def _at(where: Callable[[int, int], Any], number: float) -> Callable[[Array, Scene], Array]:
    """Multiply the entry, row or column that `where` makes of a row and a column."""

    def changed(j: Array, scene: Scene) -> Array:
        j[where(*scene.entry(j))] *= number
        return j

    return changed


def _entry_added(j: Array, scene: Scene) -> Array | None:
    zeros = np.argwhere(~np.abs(j).any(axis=0))
    if not len(zeros) or not np.abs(j).max():
        return None
    row, column = zeros[scene.place % len(zeros)]
    j[:, row, column] = 1e-3 * np.abs(j).max()
    return j


def _diagonal_only(j: Array, scene: Scene) -> Array | None:
    return j * np.eye(j.shape[1], dtype=j.real.dtype) if _square(j) and j.shape[1] > 1 else None


def _identity(sign: int) -> Callable[[Array, Scene], Array | None]:
    return lambda j, scene: j + sign * np.eye(j.shape[1], dtype=j.real.dtype) if _square(j) else None


def _last_example(j: Array, scene: Scene) -> Array | None:
    if len(j) < 2:
        return None if scene.coupled else j
    j[-1] *= 1.5
    return j


def _where(condition: Callable[[Array], Array], number: float) -> Callable[[Array, Scene], Array]:
    """Multiply the columns of those inputs that meet a condition."""
    return lambda j, scene: np.where(condition(scene.values())[:, None, :], number * j, j).astype(j.dtype)


def _if(condition: Callable[[Scene], bool], number: float) -> Callable[[Array, Scene], Array]:
    """Multiply everything, under a condition on the scene."""
    return lambda j, scene: number * j if condition(scene) else j


def _stale(j: Array, scene: Scene) -> Array:
    name = (scene.key, j.shape, j.dtype.str)
    before = scene.earlier.get(name, j)
    scene.earlier[name] = j
    return before


def _frozen(j: Array, scene: Scene) -> Array:
    return scene.earlier.setdefault((scene.key, j.shape, j.dtype.str), j)


def _at_zero(j: Array, scene: Scene) -> Array | None:
    domain = scene.probe.domains.get(scene.key)
    return scene.elsewhere(np.zeros_like(scene.point.arrays[scene.key])) if domain is None or 0.0 in domain else None


def _at_output(j: Array, scene: Scene) -> Array | None:
    if scene.key in scene.probe.parameters or scene.probe.shapes[scene.key] != scene.probe.output_shape:
        return None
    return scene.elsewhere(scene.probe.value(scene.point))


def _exchanged(j: Array, scene: Scene) -> Array | None:
    """Hand jacobian x in the place of y, and y in the place of x."""
    probe = scene.probe
    if not isinstance(probe, LayerProbe) or probe.inputs != (scene.key,):
        return None
    if probe.shapes[scene.key] != probe.output_shape:
        return None
    trace = probe.trace(scene.point)
    step = probe.plan.steps[0]
    slots = trace.workspace.handed_to(step).copy()
    x, y = step.input_slots[0], step.slot
    slots[x], slots[y] = slots[y], slots[x]
    return scene.written(local_jacobian(trace.workspace, step, slots)[scene.key])


def _another_key(j: Array, scene: Scene) -> Array | None:
    probe = scene.probe
    for other, operator in scene.operators.items():
        alike = (other in probe.parameters) == (scene.key in probe.parameters)
        if other != scene.key and alike and probe.shapes[other] == probe.shapes[scene.key]:
            return scene.written(operator)
    return None


_ON_NUMBERS: dict[str, Callable[[Array, Scene], Array | None]] = {
    "sign": lambda j, scene: -j,
    "zero": lambda j, scene: 0 * j,
    "factor 2": lambda j, scene: 2 * j,
    "factor 1/2": lambda j, scene: j / 2,
    "factor 1 + 1e-5": lambda j, scene: j * (1 + 1e-5),
    "factor of a field": _factor_of_a_field,
    "missing batch mean": lambda j, scene: j * max(scene.point.batch, 1),
    "double batch mean": lambda j, scene: j / max(scene.point.batch, 1),
    "transposed": lambda j, scene: j.swapaxes(1, 2) if _square(j) else None,
    "reciprocal": lambda j, scene: np.divide(1, j, out=np.zeros_like(j), where=j != 0),
    "square": lambda j, scene: j * j,
    "square root": lambda j, scene: np.sign(j) * np.sqrt(np.abs(j)),
    "absolute value": lambda j, scene: np.abs(j).astype(j.dtype),
    "one entry off by 1e-4": _at(lambda row, column: np.s_[:, row, column], 1 + 1e-4),
    "one entry off by 1e-4 in one example": _at(lambda row, column: (0, row, column), 1 + 1e-4),
    "one entry zero": _at(lambda row, column: np.s_[:, row, column], 0),
    "one column zero": _at(lambda row, column: np.s_[:, :, column], 0),
    "one row zero": _at(lambda row, column: np.s_[:, row], 0),
    "one entry NaN": _at(lambda row, column: np.s_[:, row, column], np.nan),
    "an entry outside the structure": _entry_added,
    "only the diagonal": _diagonal_only,
    "identity too many": _identity(1),
    "identity too few": _identity(-1),
    "features shifted": lambda j, scene: np.roll(j, 1, axis=2),
    "features reversed": lambda j, scene: j[:, :, ::-1],
    "outputs shifted": lambda j, scene: np.roll(j, 1, axis=1),
    "last example wrong": _last_example,
    "first example for all": lambda j, scene: np.broadcast_to(j[:1], j.shape).copy(),
    "examples shifted": lambda j, scene: np.roll(j, 1, axis=0),
    "sign wrong for negative inputs": _where(lambda x: x < 0, -1),
    "zero above a threshold": _where(lambda x: x > 2, 0),
    "double near zero": _where(lambda x: np.abs(x) < 0.1, 2),
    "wrong for one example": _if(lambda scene: scene.point.batch == 1, np.nan),
    "wrong for many examples": _if(lambda scene: scene.point.batch > 8, 1.01),
    "wrong at larger sizes": _if(lambda scene: dict(scene.probe.shapes) != dict(scene.small), 1.01),
    "wrong in training": _if(lambda scene: scene.point.training, 1.01),
    "wrong outside training": _if(lambda scene: scene.probe.has_training and not scene.point.training, 1.01),
    "wrong in float32": _if(lambda scene: scene.point.arrays[scene.key].dtype == np.float32, 1.01),
    "float64 always": lambda j, scene: j.astype(np.float64) if j.dtype.kind == "f" else j,
    "of the call before": _stale,
    "of the first call": _frozen,
    "taken at zero": _at_zero,
    "taken at y": _at_output,
    "x for y and y for x": _exchanged,
    "of another key": _another_key,
}


def _on_numbers(change: Callable[[Array, Scene], Array | None]) -> Callable[[Scene], Operator | None]:
    def apply(scene: Scene) -> Operator | None:
        j = scene.jacobian()
        if not j.size:
            return scene.operators[scene.key]
        changed = change(j, scene)
        return None if changed is None else scene.operator(changed)

    return apply


def _on_products(products: Mapping[str, Product]) -> Callable[[Scene], Operator | None]:
    def apply(scene: Scene) -> Operator:
        operator = scene.operators[scene.key]
        return Altered(operator, **products).bind(operator.in_shape, operator.out_shape)

    return apply


MUTATIONS: tuple[Mutation, ...] = (
    *(Mutation(name, _on_numbers(change)) for name, change in _ON_NUMBERS.items()),
    *(Mutation(name, _on_products(products)) for name, products in PRODUCTS.items()),
)
