"""Mutation: a component's declared Jacobian is made false in many ways, and the kit has to notice each of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from bpframe.core.component import Component, contract_of
from bpframe.core.graph.graph import Shape
from bpframe.core.graph.randomness import stream
from bpframe.core.operators import Operator
from bpframe.testing.block_probe import BlockProbe
from bpframe.testing.checks import CHECKS, Check, Failure, Setting, Skipped, is_draft
from bpframe.testing.checks.base import without_warnings
from bpframe.testing.mutation.mutations import MUTATIONS, Mutation, Scene
from bpframe.testing.point import Point
from bpframe.testing.probe import Probe
from bpframe.testing.probing import AnyProbe, probe_of
from bpframe.testing.shapes import larger_shapes
from bpframe.validation.plain_arrays import Array

__all__ = ["Mutant", "MutationReport", "mutate_component"]

#: Checks that look at the declared Jacobian, the quickest to notice a mistake first.
LOOKING = (
    "jacobian", "adjoint", "directions", "dtype", "precision", "batches", "determinism", "layout",
    "second_derivative", "second_order", "hessian", "extremes",
)  # fmt: skip


class Mutant(BaseModel):
    """One false Jacobian: how it was made, of which key, and what became of it.

    `equivalent` mutants change no number of this component, as the transpose of a symmetric Jacobian; `inapplicable`
    ones cannot be made of it, as the transpose of one that is not square. `check` and `message` say what caught it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    key: str
    status: Literal["caught", "survived", "equivalent", "inapplicable"]
    check: str = ""
    message: str = ""


class MutationReport(BaseModel):
    """What the kit noticed of the mutants of one component instance.

    `problem` says why there are none: the component fails the checks itself, or has no Jacobian.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    component: str
    shapes: tuple[tuple[int, ...], ...] = ()
    seed: int = 0
    ways: int = 0
    mutants: tuple[Mutant, ...] = ()
    problem: str = ""
    has_jacobian: bool = True

    def of(self, status: str) -> tuple[Mutant, ...]:
        """Return the mutants of one status."""
        return tuple(each for each in self.mutants if each.status == status)

    @property
    def caught(self) -> tuple[Mutant, ...]:
        """The mutants that a check refused."""
        return self.of("caught")

    @property
    def survived(self) -> tuple[Mutant, ...]:
        """The mutants that are false and that no check noticed."""
        return self.of("survived")

    @property
    def ok(self) -> bool:
        """Whether every mutant that is false was caught; trivially so without a Jacobian."""
        return not self.has_jacobian or (not self.problem and not self.survived and bool(self.caught))

    def text(self) -> str:
        """Lay the report out for people: one line, and one for every survivor."""
        title = f"{self.component} at {', '.join(map(str, self.shapes)) or 'no shape'}"
        if self.problem:
            return f"{title}: not mutated: {self.problem}"
        different = len(self.caught) + len(self.survived)
        lines = [
            f"{title}: {len(self.caught)} of {different} false Jacobians caught, made in {self.ways} ways; "
            f"{len(self.of('equivalent'))} mutants change nothing here, {len(self.of('inapplicable'))} cannot be made"
        ]
        lines += [f"  survived: jacobian[{each.key}], {each.name}" for each in self.survived]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


def mutate_component(component: Component, shapes: Sequence[Shape] = (), seed: int = 0) -> MutationReport:
    """Make a component's declared Jacobian false in every way of `MUTATIONS`, and count what the checks notice.

    The class is left alone: the checks run on a probe whose operators are replaced, one key at a time. A mutant that no
    check notices is compared with the original by value: it is `equivalent` where no product of it differs anywhere.
    """
    given = tuple(tuple(shape) for shape in shapes)
    told: dict[str, Any] = {"component": component.kind, "shapes": given, "seed": seed, "ways": len(MUTATIONS)}
    contract_of(type(component))
    setting = Setting(component, given, seed)
    if setting.probe is None:
        return MutationReport(**told, problem="it has no Jacobian", has_jacobian=False)
    if isinstance(setting.probe, BlockProbe):
        inside = ", ".join(dict.fromkeys(node.component.kind for node in setting.probe.graph.nodes))
        problem = f"a block declares no Jacobian, its nodes do: {inside}"
        return MutationReport(**told, problem=problem, has_jacobian=False)
    if is_draft(setting):
        return MutationReport(**told, problem="it is a draft and declares no Jacobian")
    memory: dict[Hashable, Any] = {}
    with without_warnings():
        for check in _checks(Setting(component, given, seed, partial(_probe, memory, None), diagnosed=False)):
            noticed = _noticed(check)
            if noticed is not None:
                return MutationReport(**told, problem=f"it fails {check.name} as it is: {noticed}")
        small = setting.probe.shapes
        mutants = [
            _judged(component, given, seed, memory, mutation, key, small) for key in small for mutation in MUTATIONS
        ]
    return MutationReport(**told, mutants=tuple(mutants))


def _judged(
    component: Component, shapes: tuple[Shape, ...], seed: int, memory: dict[Hashable, Any], mutation: Mutation,
    key: str, small: Mapping[str, Shape],
) -> Mutant:  # fmt: skip
    change = _Change(mutation, key, small, seed)
    for check in _checks(Setting(component, shapes, seed, partial(_probe, memory, change), diagnosed=False), key):
        try:
            noticed = _noticed(check)
        except _Inapplicable:
            return Mutant(name=mutation.name, key=key, status="inapplicable")
        if noticed is not None:
            return Mutant(name=mutation.name, key=key, status="caught", check=check.name, message=noticed)
    fresh = _Change(mutation, key, small, seed)
    status: Literal["survived", "equivalent"] = (
        "equivalent" if _is_equivalent(component, shapes, seed, fresh, key) else "survived"
    )
    return Mutant(name=mutation.name, key=key, status=status)


def _checks(setting: Setting, key: str | None = None) -> list[Check]:
    """Return the checks that look at the declared Jacobian; those of other keys are left out."""
    found = [check for family in CHECKS for check in family(setting) if check.family in LOOKING]
    mine = [check for check in found if key is None or "[" not in check.name or check.name.endswith(f"[{key}]")
            or f"[{key}]]" in check.name]  # fmt: skip
    return sorted(mine, key=lambda check: LOOKING.index(check.family))


def _noticed(check: Check) -> str | None:
    """Run a check; return what it found wrong, or None."""
    try:
        check.run()
    except Skipped:
        return None
    except Failure as failure:
        return failure.message
    except _Inapplicable:
        raise
    except Exception as error:  # a mutant may also make the component's own code fail
        if isinstance(error.__cause__, _Inapplicable):
            raise error.__cause__ from None
        return f"{type(error).__name__}: {error}"
    return None


class _Inapplicable(Exception):
    """A mutation that cannot be made of a Jacobian."""


class _Change:
    """A mutation of one key, with what it keeps from call to call."""

    def __init__(self, mutation: Mutation, key: str, small: Mapping[str, Shape], seed: int) -> None:
        self.mutation = mutation
        self.key = key
        self.small = small
        self.earlier: dict[object, Array] = {}
        self.place = int(stream(seed, "mutation", mutation.name, key).integers(1 << 30))

    def __call__(self, probe: Probe, point: Point, operators: Mapping[str, Operator]) -> Mapping[str, Operator]:
        scene = Scene(probe, point, self.key, operators, probe.declared, self.small, self.earlier, self.place)
        mutated = self.mutation.apply(scene)
        if mutated is None:
            raise _Inapplicable(self.mutation.name)
        return {**operators, self.key: mutated}


def _probe(
    memory: dict[Hashable, Any], change: _Change | None, component: Component, shapes: Sequence[Shape]
) -> AnyProbe | None:
    """Return a probe whose operators a mutation replaces; what it measures of forward is kept for all mutants."""
    probe = probe_of(component, shapes)
    if probe is not None:
        probe.change, probe.memory = change, memory
    return probe


def _is_equivalent(component: Component, shapes: tuple[Shape, ...], seed: int, change: _Change, key: str) -> bool:
    """Whether no product of the mutant differs from the original's, at points of its own."""
    for probe, point, rng in _points(component, shapes, seed, change):
        original, mutated = probe.declared(point)[key], probe.operators(point)[key]
        state = rng.bit_generator.state
        expected = list(_products(original, probe, point, key, rng))
        rng.bit_generator.state = state
        # One scale for all: sums over the batch may vanish but for rounding, as in a batch normalisation.
        scale = float(np.max(np.abs(expected[0]), initial=0.0, where=np.isfinite(expected[0])))
        for one, other in zip(expected, _products(mutated, probe, point, key, rng), strict=True):
            nothing = {one.dtype.kind, other.dtype.kind} == {"c", "f"} and not (one.any() or other.any())
            if one.shape != other.shape or not (one.dtype == other.dtype or nothing):
                return False
            exact = 1e-4 if one.dtype == np.float32 else 1e-11
            if not np.allclose(one, other, rtol=exact, atol=exact * scale, equal_nan=True):
                return False
    return True


def _points(
    component: Component, shapes: tuple[Shape, ...], seed: int, change: _Change
) -> Iterator[tuple[Probe, Point, np.random.Generator]]:
    rng = stream(seed, "mutation", "points")
    for sizes in dict.fromkeys((shapes, larger_shapes(shapes))):
        try:
            setting = Setting(component, sizes, seed, partial(_probe, {}, change))
            probe = setting.need_probe()
            probe.value(setting.point("equivalent"))
        except Exception:  # its fields fix its sizes
            continue
        for training in setting.modes():
            for batch, scale in ((3, 0.3), (1, 1.0), (9, 4.0)):
                if batch == 1 and probe.couples_batch and training:
                    continue
                point = probe.sample(rng, batch, scale, training)
                yield probe, point, rng
                if scale == 0.3:
                    yield probe, point.in_dtype(np.float32), rng


def _products(operator: Operator, probe: Probe, point: Point, key: str, rng: np.random.Generator) -> Iterator[Array]:
    """Yield every product along the same random vectors, and the vectors as the products left them."""
    dtype = point.arrays[key].dtype
    for stack in ((), (2, 2)):
        for turn in (1, 1j) if dtype == np.float64 else (1,):
            v = turn * rng.standard_normal((*stack, point.batch, *probe.shapes[key])).astype(dtype)
            u = turn * rng.standard_normal((*stack, point.batch, *probe.output_shape)).astype(dtype)
            for product, vector in ((operator.jvp, v), (operator.vjp, u), (operator.sum_vjp, u)):
                try:
                    yield np.array(product(vector))
                except Exception:  # products in real arithmetic only
                    yield np.zeros(0)
                yield vector.copy()
            shared = rng.standard_normal((*stack, *probe.shapes[key])).astype(dtype)
            yield np.array(operator.shared_jvp(shared, point.batch))
            yield np.array(operator.jvp(v, np.full((*stack, point.batch, *probe.output_shape), np.nan, v.dtype)))
