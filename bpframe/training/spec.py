"""How a network is trained, as plain validated data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from bpframe.categories import Callback, Constraint, Metric, Optimizer
from bpframe.categories.holding import averages_of, innermost
from bpframe.core.component import Component, contract_of
from bpframe.core.component.base import Resolver
from bpframe.training.intervals import INTERVAL, interval_in
from bpframe.validation.mistakes import inside, refusal
from bpframe.validation.model import Validated

__all__ = ["TrainingSpec"]

#: Examples per step of a rule where the spec does not say.
BATCH_SIZE = 10


def _of_name(value: Any, info: ValidationInfo) -> Any:
    """In a file a name alone is the component of that kind."""
    return {"kind": value} if isinstance(value, str) and isinstance(info.context, Resolver) else value


def _by_name(value: Any, info: ValidationInfo) -> Any:
    """One may stand without a list around it; in a file a name alone is the component of that kind."""
    several = [value] if isinstance(value, str | Mapping | Component) else value
    if not isinstance(info.context, Resolver) or not isinstance(several, list | tuple):
        return several
    return [_of_name(each, info) for each in several]


def _by_output(value: Any, info: ValidationInfo) -> Any:
    """As `_by_name`, of all outputs or of each; a mapping with a kind is a component, not one of outputs."""
    if isinstance(value, Mapping) and "kind" not in value:
        return {output: _by_name(each, info) for output, each in value.items()}
    return _by_name(value, info)


class TrainingSpec(Validated):
    """The optimizer, how long to train, in which portions, and what to measure."""

    _place: ClassVar[str] = "training"

    optimizer: Annotated[Optimizer, BeforeValidator(_of_name)] = Field(
        description="How a gradient becomes a change of the parameters, or the method."
    )
    epochs: PositiveInt = Field(
        30, description="How often every training example is seen; iterations at most, of an optimizer that minimises."
    )
    batch_size: PositiveInt | None = Field(
        None,
        description="Examples per step; the last batch of an epoch may be smaller. Left out: 10, or all of them for an "
        "optimizer that minimises.",
    )
    validation_split: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="The share of the examples that is measured after every epoch instead of trained on, in (0, 1); in "
        "a spec with data it is `validation_fraction` of these.",
    )
    shuffle: bool = Field(True, description="Whether the examples are put in a new order for every epoch.")
    seed: NonNegativeInt | None = Field(None, description="Seed of shuffling and dropout; the network's if left out.")
    groups: dict[str, dict[str, Any]] | None = Field(
        None,
        description="Fields of the optimizer, of the innermost one where it holds another, that are others for some "
        "parameters, by patterns of their paths, such as '*.b': {learning_rate: 0.01}; the first pattern that matches "
        "counts.",
    )
    constraints: dict[str, Constraint] | None = Field(
        None,
        description="Where parameters have to stay after every step, by patterns of their paths, such as "
        "'*.w': {kind: max_norm, limit: 2.0}; the first pattern that matches counts.",
    )
    metrics: Annotated[tuple[Metric | str, ...] | dict[str, tuple[Metric | str, ...]], BeforeValidator(_by_output)] = (
        Field(
            (),
            description="What to measure after every epoch: metrics, or their names; of a network with several costs "
            "by output, such as {digit: [accuracy], angle: [mae]}.",
        )
    )
    callbacks: Annotated[tuple[Callback, ...], BeforeValidator(_by_name)] = Field(
        (), description="What to do after every epoch: look, write down, end the training."
    )

    checkpoint_every: str | None = Field(
        None,
        description="How often a run's folder gets a checkpoint: '100 steps', '1 epoch', '10 minutes'. Left out: every "
        "minute, or less often where that would take more than a few hundredths of the time.",
    )
    keep_last: PositiveInt = Field(3, description="How many of the last checkpoints a run's folder keeps.")
    keep_best: str | None = Field(
        None,
        description="The column of the history, such as validation_cost, of whose best epoch a run's folder keeps a "
        "checkpoint too, whatever came after it.",
    )

    @field_validator("checkpoint_every")
    @classmethod
    def _is_interval(cls, value: str | None) -> str | None:
        if value is not None and interval_in(value) is None:
            raise refusal(f"cannot be {value!r}", value=value, expected=f"a text such as {INTERVAL}")
        return value

    @field_validator("optimizer")
    @classmethod
    def _holds_rules(cls, value: Optimizer) -> Optimizer:
        for each in innermost(value):
            if each is not value and _minimizes(each):
                raise refusal(
                    f"cannot hold {each.kind}, which drives itself",
                    value=value,
                    expected=f"a rule inside of {value.kind}: an optimizer with update, such as gradient descent",
                )
        return value

    @field_validator("batch_size")
    @classmethod
    def _needs_batches(cls, value: int | None, info: ValidationInfo) -> int | None:
        optimizer = info.data.get("optimizer")
        if value is not None and optimizer is not None and _minimizes(optimizer) and not optimizer.batches:
            raise refusal(
                f"cannot be {value}: {optimizer.kind} takes all examples at once",
                value=value,
                expected="no batch_size",
                hint="leave batch_size out; memory does not need it, since the examples are gone through in portions",
            )
        return value

    @field_validator("groups")
    @classmethod
    def _has_their_fields(cls, value: dict[str, dict[str, Any]] | None, info: ValidationInfo) -> Any:
        optimizer = info.data.get("optimizer")
        if not value or optimizer is None:
            return None
        if _minimizes(optimizer):
            raise refusal(
                f"cannot be given: {optimizer.kind} drives itself, and moves all parameters together",
                value=value,
                expected="no groups",
                hint="frozen= of the network keeps parameters as they are",
            )
        if len(inside := innermost(optimizer)) > 1:
            raise refusal(
                f"cannot be given: {optimizer.kind} holds {' and '.join(each.kind for each in inside)}",
                value=value,
                expected="no groups, or an optimizer with one rule inside, whose fields they change",
            )
        return {pattern: _changed(inside[0], pattern, fields, info.context) for pattern, fields in value.items()}

    @field_validator("constraints")
    @classmethod
    def _has_steps(cls, value: dict[str, Constraint] | None, info: ValidationInfo) -> dict[str, Constraint] | None:
        optimizer = info.data.get("optimizer")
        if value and optimizer is not None and _minimizes(optimizer):
            raise refusal(
                f"cannot be given: {optimizer.kind} drives itself, and knows no set to stay in",
                value=", ".join(value),
                expected="no constraints",
                hint="an optimizer with update, such as gradient descent or adam; or penalties of the network",
            )
        if value and optimizer is not None and averages_of(optimizer):
            raise refusal(
                f"cannot be given: {optimizer.kind} averages parameters before they are moved into a set",
                value=", ".join(value),
                expected="no constraints, or an optimizer that keeps no averages",
                hint="the rule inside without its averages; or penalties of the network, which work with both",
            )
        return value or None

    @property
    def measured(self) -> tuple[Metric, ...] | dict[str, tuple[Metric, ...]]:
        """The metrics, of the only cost's output or by output, once names stand for components."""
        if isinstance(self.metrics, dict):
            return {output: _components(each) for output, each in self.metrics.items()}
        return _components(self.metrics)

    @property
    def minimizes(self) -> bool:
        """Whether the optimizer drives itself, through `minimize`."""
        return _minimizes(self.optimizer)

    @property
    def optimizers(self) -> Mapping[str, Optimizer]:
        """The innermost optimizers of groups with fields of their own, by pattern."""
        (inside,) = innermost(self.optimizer) if self.groups else (self.optimizer,)
        return {pattern: _with(inside, fields) for pattern, fields in (self.groups or {}).items()}

    def examples_per_step(self, count: int) -> int:
        """Return how many of `count` examples a step takes."""
        if self.batch_size is not None:
            return self.batch_size
        return count if self.minimizes else BATCH_SIZE


def _components(metrics: tuple[Metric | str, ...]) -> tuple[Metric, ...]:
    return tuple(each for each in metrics if isinstance(each, Metric))


def _with(optimizer: Optimizer, fields: Mapping[str, Any], context: Any = None) -> Optimizer:
    """Return a checked copy of an optimizer with some other fields."""
    every = {name: getattr(optimizer, name) for name in type(optimizer).model_fields}
    return type(optimizer).model_validate(every | dict(fields), context=context)


def _changed(optimizer: Optimizer, pattern: str, fields: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Return fields of a group as an optimizer with them has them."""
    try:
        group = _with(optimizer, fields, context)
    except ValidationError as error:
        raise inside(error, pattern) from None
    return {name: getattr(group, name) for name in fields}


def _minimizes(optimizer: Optimizer) -> bool:
    return "minimize" in contract_of(type(optimizer))
