"""Groups of parameters whose optimizer has fields of its own: which parameters, which optimizer, which vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from bpframe.categories import Optimizer
from bpframe.categories.holding import averages_of, full_kind, held_by
from bpframe.core.graph.parameters import ParameterVector, slices_of
from bpframe.core.graph.randomness import stream
from bpframe.errors import SpecError
from bpframe.training.held_rule import Making, Stepping
from bpframe.training.inner_groups import InnerGroups
from bpframe.training.optimizer_state import OptimizerState
from bpframe.training.rule import Rule
from bpframe.training.updates import Updater
from bpframe.validation.patterns import matching
from bpframe.validation.plain_arrays import Array

__all__ = ["Updates", "grouped"]


def grouped(patterns: Mapping[str, object], paths: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Return the paths of each pattern's group, in order, and under "" those of no pattern. The first match wins.

    Errors: SpecError (a pattern matches no parameter, or none that an earlier one has left).
    """
    left, found = list(paths), dict[str, tuple[str, ...]]()
    for pattern in patterns:
        where = "groups"
        every = matching(pattern, paths, where)
        found[pattern] = tuple(path for path in every if path in left)
        if not found[pattern]:
            raise SpecError(
                f"{where}: '{pattern}' has no parameter of its own: the first pattern that matches counts",
                received=f"{', '.join(every)}, in groups before it",
                hint="put the narrower pattern first",
            )
        left = [path for path in left if path not in found[pattern]]
    return found | ({"": tuple(left)} if left or not patterns else {})


class Updates:
    """What moves all parameters: an optimizer, or a copy of it with other fields for each group that has some.

    `groups` are the optimizers of patterns. A group whose parameters lie apart in θ has vectors of its own, filled
    before each step and taken back after it.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        groups: Mapping[str, Optimizer],
        parameters: ParameterVector,
        gradient: ParameterVector,
        seed: int,
    ) -> None:
        self._kind = full_kind(optimizer)
        self._averages = averages_of(optimizer)
        found = grouped(groups, parameters.shapes)
        if held_by(optimizer):
            # Who holds a rule sees all that is trained; the groups are those of the rule inside.
            rng = stream(seed, *_purpose(""))
            inside = partial(_inside, found, groups, parameters.shapes, rng) if groups else None
            every = tuple(parameters.shapes)
            self._groups = {"": _Group(optimizer, every, parameters, gradient, rng, inside)}
        elif self._averages and groups:
            raise SpecError(
                f"{optimizer.kind} averages all parameters, and has no groups itself",
                hint="let it hold the rule whose fields differ between groups",
            )
        else:
            self._groups = {
                pattern: _Group(
                    groups.get(pattern, optimizer), paths, parameters, gradient, stream(seed, *_purpose(pattern))
                )
                for pattern, paths in found.items()
            }
        self._updaters = [each.updater for each in self._groups.values()]
        alone = next(iter(self._groups.values())) if len(self._groups) == 1 else None
        #: Changes θ by one step. Errors: ContractError, as of an `Updater`.
        self.apply = self._apply_all if alone is None or alone.runs else alone.updater.apply

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return self._updaters[0].step

    @property
    def epoch(self) -> int:
        """Which epoch the next step belongs to, from 0."""
        return self._updaters[0].epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        for each in self._updaters:
            each.epoch = epoch

    @property
    def moved(self) -> bool:
        """Whether a step that failed has moved a part of θ, or of the state."""
        return any(each.moved for each in self._updaters) or len({each.step for each in self._updaters}) > 1

    def arrays(self) -> dict[str, Array]:
        """Return the present arrays of the state by name, a group's after its pattern. They are the optimizer's own."""
        return {
            f"{prefix}{name}": array for prefix, updater in self._by_prefix() for name, array in updater.state.items()
        }

    def kept(self, before: Mapping[str, Array]) -> dict[str, Array]:
        """Return the present arrays of the state by name, as no later step changes them.

        Those that were kept before may be written into from now on.
        """
        return {
            f"{prefix}{name}": array
            for prefix, updater in self._by_prefix()
            for name, array in updater.kept(
                {name: before[f"{prefix}{name}"] for name in updater.state if f"{prefix}{name}" in before}
            ).items()
        }

    def state(self) -> OptimizerState:
        """Return the present state, as a copy."""
        return OptimizerState(self._kind, self.arrays(), self.step, self.epoch, self._averages)

    @property
    def averages(self) -> Array | None:
        """The averaged parameters that the state holds, all in a vector like θ; None where it holds none."""
        return self._updaters[0].state[self._averages] if self._averages else None

    def tell(self, epoch_ends: bool, examples: float) -> None:
        """Tell the rules of the batch of the next step: whether its epoch ends with it, how much its examples count."""
        for each in self._updaters:
            each.epoch_ends, each.examples = epoch_ends, examples

    def follow(self, history: Callable[[int], Any]) -> None:
        """Let schedules ask for the history of so many epochs that are over."""
        for each in self._updaters:
            each.history = history

    def fits(self, state: OptimizerState) -> bool:
        """Whether a state is one of this kind of optimizer, with these arrays: no fractions for counts."""
        mine = self.arrays()
        return (
            state.optimizer == self._kind
            and mine.keys() == state.keys()
            and all(
                array.shape == state[name].shape and np.can_cast(state[name].dtype, array.dtype, "same_kind")
                for name, array in mine.items()
            )
        )

    def go_on_from(self, arrays: Mapping[str, Array], step: int, epoch: int) -> None:
        """Take copies of a state that fits."""
        for prefix, updater in self._by_prefix():
            updater.go_on_from({name: arrays[f"{prefix}{name}"] for name in updater.state})
            updater.step, updater.epoch, updater.moved = step, epoch, False

    def _by_prefix(self) -> Iterator[tuple[str, Updater]]:
        """Yield each group's updater with what the names of its state begin with."""
        for pattern, group in self._groups.items():
            yield f"{pattern}/" if pattern else "", group.updater

    def _apply_all(self) -> None:
        for each in self._groups.values():
            each.apply()


class _Group:
    """An updater over some of the parameters."""

    def __init__(
        self,
        optimizer: Optimizer,
        paths: tuple[str, ...],
        parameters: ParameterVector,
        gradient: ParameterVector,
        rng: np.random.Generator,
        held: Making | None = None,
    ) -> None:
        places, rows = slices_of(parameters.shapes), list[slice]()
        for each in map(places.__getitem__, paths):
            if rows and rows[-1].stop == each.start:
                rows[-1] = slice(rows[-1].start, each.stop)
            else:
                rows.append(each)
        shapes = {path: parameters.shapes[path] for path in paths}
        theta, slope = ([vector[each] for each in rows] for vector in (parameters.vector, gradient.vector))
        #: Of parameters that lie apart: what they and their gradient are in θ, each beside its place here.
        self.runs: list[tuple[Array, Array]] = []
        self._theta, self._slope = theta, slope
        if len(rows) == 1:
            self.updater = Updater(optimizer, theta[0], slope[0], shapes, rng, held)
            return
        ours = np.concatenate([parameters.vector[:0], *theta])
        ends = np.cumsum([each.size for each in theta])
        self.runs = [(each, ours[end - each.size : end]) for each, end in zip(theta, ends, strict=True)]
        self.updater = Updater(optimizer, ours, np.empty_like(ours), shapes, rng, held)

    def apply(self) -> None:
        """Take the group's step."""
        updater, runs = self.updater, self.runs
        if runs:
            np.concatenate(self._theta, out=updater.theta)
            np.concatenate(self._slope, out=updater.gradient)
        updater.apply()
        for there, here in runs:
            there[...] = here


def _purpose(pattern: str) -> tuple[str, ...]:
    return ("initialise", "optimizer", pattern) if pattern else ("initialise", "optimizer")


def _inside(
    found: Mapping[str, tuple[str, ...]],
    groups: Mapping[str, Optimizer],
    shapes: Mapping[str, tuple[int, ...]],
    rng: np.random.Generator,
    optimizer: Optimizer,
    theta: Array,
) -> Stepping:
    """Return the rule of an optimizer that is held: one for each group, where it holds none itself."""
    if held_by(optimizer):
        return Rule(optimizer, theta, shapes, rng, partial(_inside, found, groups, shapes, rng))
    each = {pattern: (groups.get(pattern, optimizer), paths) for pattern, paths in found.items()}
    return InnerGroups(each, theta, shapes, rng)
