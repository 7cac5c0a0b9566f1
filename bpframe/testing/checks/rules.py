"""Optimizers that are rules: an update that is applied step by step, with what it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bpframe.categories import Schedule
from bpframe.categories.holding import held_by, in_blocks
from bpframe.categories.present import present_fields, present_value
from bpframe.core.component import contract_of
from bpframe.core.graph.randomness import stream
from bpframe.errors import ContractError, SpecError
from bpframe.testing.checks.asked import made_up_history
from bpframe.testing.checks.base import Check, Failure, Setting, named, untouched
from bpframe.training.held_rule import HeldRule, Now
from bpframe.training.parts import parameter_parts
from bpframe.training.rule import Rule
from bpframe.training.updates import Updater
from bpframe.validation.plain_arrays import Array

__all__ = ["rule_checks"]

#: A vector that holds a matrix and a bias, and how many steps are taken on it.
SHAPES = {"dense_1.w": (6, 5), "dense_1.b": (7,)}
SIZE, STEPS = 37, 7

#: After how many of them a training is stopped and gone on with, and at which entry the vector is cut.
STOP, CUT = 3, 5

#: Counts of steps at which a rule that asks for `step` may change what it does.
COUNTS = (0, 1, 2, 5, 10, 100, 1000, 10**4, 10**6)


class Swinging(Schedule):
    """A number that is another one in every step and epoch."""

    start: float

    def value(self, step: int, epoch: int) -> float:
        """Return the number of a step."""
        return self.start * (1 - 0.25 * (step % 3)) / (1 + epoch)


def rule_checks(setting: Setting) -> list[Check]:
    """Return the checks of an optimizer's update."""
    found = [_update, _purity, _elementwise, _determinism, _memory, _resuming, _schedules]
    return named(setting, *found)


class _Run:
    """An optimizer on a vector: steps of gradients that differ, and where it is."""

    def __init__(
        self,
        setting: Setting,
        optimizer: Any,
        dtype: Any = np.float64,
        rows: slice = slice(0, SIZE),
        draw: str = "first",
    ) -> None:
        theta = setting.rng("optimizer").standard_normal(SIZE)[rows].astype(dtype)
        self._gradients = setting.rng(f"{draw} gradients").standard_normal((STEPS, SIZE))[:, rows].astype(dtype)
        shapes = SHAPES if rows == slice(0, SIZE) else {"dense_1.w": theta.shape}
        rng = stream(setting.seed, "initialise", "optimizer")
        self.updater = Updater(optimizer, theta, np.zeros_like(theta), shapes, rng)
        self.updater.history = made_up_history

    def take(self, steps: int, told: int | None = None) -> _Run:
        """Take so many steps more, of which every other one begins an epoch; `told` stands for the step's number."""
        updater = self.updater
        for _ in range(steps):
            updater.gradient[:] = self._gradients[updater.step]
            updater.epoch = updater.step // 2
            updater.step = updater.step if told is None else told
            updater.apply()
        return self

    def go_on_from(self, other: _Run, rows: slice = slice(0, SIZE)) -> _Run:
        """Stand where another run stands, with its state's vectors cut as this one's."""
        there = other.updater
        whole = there.theta.shape
        self.updater.theta[:] = there.theta[rows]
        self.updater.go_on_from(
            {name: each[rows] if each.shape == whole else each for name, each in there.state.items()}
        )
        self.updater.step, self.updater.epoch = there.step, there.epoch
        return self

    @property
    def theta(self) -> Array:
        """The present parameters."""
        return self.updater.theta

    @property
    def content(self) -> tuple[bytes, ...]:
        """The bytes of the parameters and of the state."""
        return self.theta.tobytes(), *(each.tobytes() for each in self.updater.state.values())


def _update(setting: Setting) -> None:
    """Steps in float32 and in float64 give finite numbers."""
    for dtype in (np.float32, np.float64):
        if not np.isfinite(_Run(setting, setting.component, dtype).take(STEPS).theta).all():
            raise Failure(f"{STEPS} steps from a usual point are not finite ({np.dtype(dtype).name})")


def _purity(setting: Setting) -> None:
    """Read-only arrays are handed in, at the first step and at a later one, and compared afterwards."""
    optimizer: Any = setting.component
    rng, run = setting.rng("purity"), _Run(setting, optimizer)
    signature = contract_of(type(setting.component)).methods["update"]
    for step in (0, STOP):
        theta, gradient = rng.standard_normal(SIZE), rng.standard_normal(SIZE)
        state = {name: each.copy() for name, each in run.updater.state.items()}
        words: dict[str, Any] = {
            "gradient": gradient, "parameters": theta, "state": state, "step": step,
            "epoch": step // 2, "epoch_ends": step % 2 == 1, "examples": 1.0, "out": np.empty(SIZE),
            "new_state": {name: np.empty_like(each) for name, each in state.items()},
            "groups": parameter_parts(SHAPES), **present_fields(optimizer, "update", step, lambda: made_up_history(0)),
        }  # fmt: skip
        for field, inner in held_by(optimizer).items():
            rule = Rule(inner, theta, SHAPES, rng)
            words[field] = HeldRule(optimizer, rule, field, words, np.empty(SIZE), Now(step, 0), state, {})
        with untouched([("gradient", gradient), ("parameters", theta), *state.items()], _impure):
            signature.call(optimizer.update, words)
        run.take(STOP - run.updater.step)


def _impure(received: str) -> Failure:
    return Failure("update writes into the gradient, the parameters or the state", rows=[("received", received)])


def _elementwise(setting: Setting) -> None:
    """Where `elementwise` is declared, the parts of a vector move as they do within the whole."""
    optimizer: Any = setting.component
    if not in_blocks(optimizer):
        return
    for rows in (slice(0, CUT), slice(CUT, SIZE)):
        whole = _Run(setting, optimizer)
        part = _Run(setting, optimizer, rows=rows).go_on_from(whole, rows)
        if not np.allclose(whole.take(STEPS).theta[rows], part.take(STEPS).theta, rtol=1e-12, atol=0):
            raise Failure(
                "elementwise is declared, and an entry's change depends on other entries",
                rows=[("try", "leave elementwise out")],
            )


def _determinism(setting: Setting) -> None:
    """The same gradients give the same bytes, also after others."""
    optimizer = setting.component
    first = _Run(setting, optimizer).take(STEPS).content
    _Run(setting, optimizer, draw="other").take(STEPS)
    if _Run(setting, optimizer).take(STEPS).content != first:
        raise Failure(
            "the same gradients give other parameters the second time", diagnosis="state kept outside `state`"
        )


def _memory(setting: Setting) -> None:
    """What a later step does depends on its own gradient, and on the state and the step that update asks for."""
    optimizer = setting.component
    signature = contract_of(type(optimizer)).methods["update"]
    before = _Run(setting, optimizer).take(STEPS - 1)

    def last(draw: str = "first", state: Mapping[str, Array] | None = None, told: int = STEPS - 1) -> tuple[bytes, ...]:
        """Return where the last step leads with another gradient, from another state, or told another step."""
        run = _Run(setting, optimizer, draw=draw).go_on_from(before)
        run.updater.state |= state or {}
        return run.take(1, told).content

    plain = last()
    if last(draw="other") == plain:
        raise Failure(
            f"step {STEPS} does the same whatever its gradient is",
            diagnosis="an earlier gradient is used again: one is kept outside `state`, or only the first one is taken",
        )
    # Scaled, because a positive state stays positive; what fails with it depends on it, too.
    other = {name: (each * 1.25 + (each == 0)).astype(each.dtype) for name, each in before.updater.state.items()}
    if signature.asks_for("state") and other and _outcome(last, state=other) == plain:
        raise Failure(
            f"step {STEPS} does the same whatever the state is",
            diagnosis="update asks for `state` and uses nothing of it: leave it out, or use it",
        )
    if signature.asks_for("step") and len({_outcome(last, told=step) for step in COUNTS}) == 1:
        raise Failure(
            "update asks for `step`, and does the same at every step",
            diagnosis="what depends on the step is computed without it: leave it out of the signature, or use it",
            rows=[("tried", ", ".join(map(str, COUNTS)))],
        )


def _outcome(last: Callable[..., tuple[bytes, ...]], **changed: Any) -> object:
    try:
        return last(**changed)
    except ContractError as error:
        return str(error)


def _resuming(setting: Setting) -> None:
    """A training that is stopped, and gone on with by a copy of the optimizer from its state, ends the same."""
    optimizer: Any = setting.component
    for dtype in (np.float32, np.float64):
        whole, before = (_Run(setting, optimizer, dtype) for _ in range(2))
        before.take(STOP)
        after = _Run(setting, _with(optimizer, {}), dtype).go_on_from(before)
        if after.take(STEPS - STOP).content != whole.take(STEPS).content:
            raise Failure(
                f"a training that goes on from its state after {STOP} steps ends elsewhere ({np.dtype(dtype).name})",
                diagnosis="state kept outside `state`: a copy of the optimizer does not have it",
            )


def _schedules(setting: Setting) -> None:
    """A field that takes a schedule gives, step by step, what its numbers give, and each step has its own number."""
    optimizer: Any = setting.component
    for field in type(optimizer).model_fields:
        value = getattr(optimizer, field)
        number = (
            present_value(value, 0, 0, history=lambda: made_up_history(0)) if isinstance(value, Schedule) else value
        )
        if isinstance(number, bool) or not isinstance(number, int | float) or not number:
            continue
        schedule = Swinging(start=number)
        numbers = [present_value(schedule, step, step // 2) for step in range(STEPS)]
        try:
            scheduled, by_number = _with(optimizer, {field: schedule}), [_with(optimizer, {field: n}) for n in numbers]
        except SpecError:
            continue  # the field takes numbers alone, or not these
        for dtype in (np.float32, np.float64):
            _compare_schedule(setting, scheduled, by_number, field, dtype)


def _compare_schedule(setting: Setting, scheduled: Any, by_number: Sequence[Any], field: str, dtype: Any) -> None:
    hint = ("try", f"let update ask for it by name: def update(self, gradient, {field})")
    try:
        run = _Run(setting, scheduled, dtype).take(STEPS)
    except Exception as error:
        text = str(error).splitlines()[0]
        raise Failure(f"the field {field} takes a schedule, with which update fails: {text}", rows=[hint]) from error
    if run.content != _each(setting, by_number, dtype):
        raise Failure(
            f"a schedule of {field} gives other parameters than its numbers do ({np.dtype(dtype).name})",
            diagnosis=f"update does not use the present number of {field} in every step",
            rows=[hint],
        )
    first, other = by_number[0], by_number[1]
    starts = _each(setting, [first], dtype) != _each(setting, [other], dtype)
    if starts and _each(setting, [*by_number[:-1], other], dtype) == _each(setting, [*by_number[:-1], first], dtype):
        raise Failure(
            f"only the first numbers of a schedule of {field} count ({np.dtype(dtype).name})",
            diagnosis=f"update goes on with an earlier number of {field}, from its state or from elsewhere",
        )


def _each(setting: Setting, optimizers: Sequence[Any], dtype: Any) -> tuple[bytes, ...]:
    """Return where steps lead that are each taken by another optimizer."""
    run = _Run(setting, optimizers[0], dtype)
    for each in optimizers:
        run = _Run(setting, each, dtype).go_on_from(run).take(1)
    return run.content


def _with(optimizer: Any, fields: Mapping[str, Any]) -> Any:
    """Return a checked copy with other fields. Errors: SpecError."""
    return type(optimizer)(**{name: getattr(optimizer, name) for name in type(optimizer).model_fields} | {**fields})
