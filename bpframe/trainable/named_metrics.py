"""Metrics that a user named: the components that the names stand for in the installed plugin sets."""

from __future__ import annotations

from typing import Any

from bpframe.categories import Metric
from bpframe.errors import BpframeError, SpecError
from bpframe.plugins import default_registry
from bpframe.training.spec import TrainingSpec

__all__ = ["with_metrics"]


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


def _all_named(metrics: tuple[Metric | str, ...], where: str) -> tuple[Metric, ...]:
    return tuple(
        _named(each, f"{where}[{index}] = ") if isinstance(each, str) else each for index, each in enumerate(metrics)
    )


def _named(name: str, where: str) -> Metric:
    try:
        cls = default_registry().find(name, "metric")
    except BpframeError as error:
        raise _refused(error, f"{where}{error.problem}", error.hint) from None
    try:
        return cls()  # type: ignore[return-value]
    except BpframeError as error:
        problem, hint = f"{where}'{name}' needs more than its name: {error.problem}", f"metrics=[{cls.__name__}(...)]"
        raise _refused(error, problem, error.hint or hint) from None


def _refused(error: BpframeError, problem: str, hint: str | None) -> SpecError:
    return SpecError(problem, expected=error.expected, received=error.received, hint=hint, rows=error.rows)
