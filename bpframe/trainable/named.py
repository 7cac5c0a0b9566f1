"""Metrics and optimizers that a user named: what the names stand for in the installed plugin sets."""

from __future__ import annotations

from functools import cache
from typing import Any

from bpframe.categories import Metric, Optimizer
from bpframe.core.component import Component
from bpframe.errors import BpframeError, SpecError
from bpframe.plugins import default_registry
from bpframe.training.spec import TrainingSpec

__all__ = ["with_metrics", "with_optimizer"]


def with_metrics(spec: TrainingSpec) -> TrainingSpec:
    """Return the specification with a metric in the place of each name.

    Errors: SpecError (no metric has this name, or several, or it has fields that need a value).
    """
    if spec.measured == spec.metrics:
        return spec
    if isinstance(spec.metrics, dict):
        found: Any = {output: _all_named(each, f"metrics['{output}']") for output, each in spec.metrics.items()}
    else:
        found = _all_named(spec.metrics, "metrics")
    return spec.model_copy(update={"metrics": found})


def with_optimizer(optimizer: Optimizer | str) -> Optimizer:
    """Return the optimizer of a name, with its fields as they are by default; of the same name the same one.

    Errors: SpecError (as of `with_metrics`).
    """
    if not isinstance(optimizer, str):
        return optimizer
    return _made(optimizer, "optimizer", "optimizer = ", "optimizer={}(...)")  # type: ignore[return-value]


def _all_named(metrics: tuple[Metric | str, ...], where: str) -> tuple[Metric, ...]:
    example = "metrics=[{}(...)]"
    return tuple(
        _made(each, "metric", f"{where}[{index}] = ", example) if isinstance(each, str) else each  # type: ignore[misc]
        for index, each in enumerate(metrics)
    )


def _made(name: str, category: str, where: str, example: str) -> Component:
    try:
        cls = default_registry().find(name, category)
    except BpframeError as error:
        raise _refused(error, f"{where}{error.problem}", error.hint) from None
    try:
        return _by_default(cls)
    except BpframeError as error:
        problem = f"{where}'{name}' needs more than its name: {error.problem}"
        raise _refused(error, problem, error.hint or example.format(cls.__name__)) from None


@cache  # steps of one optimizer keep what was prepared for it
def _by_default(cls: type[Component]) -> Component:
    return cls()


def _refused(error: BpframeError, problem: str, hint: str | None) -> SpecError:
    return SpecError(problem, expected=error.expected, received=error.received, hint=hint, rows=error.rows)
