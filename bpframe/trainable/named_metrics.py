"""Metrics that a user named: the components that the names stand for in the installed plugin sets."""

from __future__ import annotations

from bpframe.categories import Metric
from bpframe.errors import BpframeError, SpecError
from bpframe.plugins import default_registry
from bpframe.training.spec import TrainingSpec

__all__ = ["with_metrics"]


def with_metrics(spec: TrainingSpec) -> TrainingSpec:
    """Return the specification with a metric in the place of each name.

    Errors: SpecError (no metric has this name, or several, or it has fields that need a value).
    """
    if len(spec.measured) == len(spec.metrics):
        return spec
    metrics = tuple(_named(each, index) if isinstance(each, str) else each for index, each in enumerate(spec.metrics))
    return spec.model_copy(update={"metrics": metrics})


def _named(name: str, index: int) -> Metric:
    where = f"metrics[{index}] = "
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
