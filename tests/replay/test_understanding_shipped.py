"""All that is shipped is understood, and so is every probe of the tests that is pure; the others are named with why."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

from bpframe.core.component import Component
from bpframe.replay.understanding import understand

SHIPPED = (
    "bpframe_merges",
    "bpframe_activations",
    "bpframe_classification",
    "bpframe_reference",
    "bpframe_regularisation",
    "bpframe_sequence",
    "bpframe_convolution",
    "bpframe_minimizers.weighted_quadratic",
    "bpframe_optimizers",
    "bpframe.testing.small_fit",
    "docs.examples.softsign_plugin.softsign_plugin",
)

MODULES = (
    *SHIPPED,
    *(f"tests.components.{name}" for name in (
        "activations", "attention", "centred", "costs", "cross_entropy",
        "gated", "initializer", "optimizers", "recurrent",
        "textbook",
    )),
    *(f"tests.derivatives.{name}" for name in ("test_least_squares", "test_curvature_hessian", "test_spectrum")),
    "tests.trials.fourier_features", "tests.trials.huber", "tests.trials.rational", "tests.measured.twins",
    "tests.minimizers.nist", "tests.minimizers.test_lbfgs", "tests.minimizers.test_levenberg_marquardt_singular",
    "tests.curve_fitting.formulas", "tests.replay.test_program", "tests.training.test_nonfinite",
    "tests.gradient_check.test_right_and_wrong", "tests.theory.graphs", "tests.replay.test_staleness",
    "tests.verification.components", "tests.components.false_jacobians",
)  # fmt: skip

METHODS = ("forward", "jacobian", "hessian", "second_order", "second_derivative", "update", "draw")

#: What is not understood, by module, with the reason's gist.
CALLED: dict[str, dict[str, str]] = {
    "bpframe_optimizers": {"TruncatedNormal.draw": "an import statement"},
    "nist": {
        "Formula.forward": "reads FORMULAS, a dict",
        "Formula.jacobian": "reads FORMULAS, a dict",
        "DraftFormula.forward": "reads FORMULAS, a dict",
    },
    "gated": {"FrugalLstm.jacobian": "has a function in it"},
    "test_levenberg_marquardt_singular": {"Power.forward": "reads TRIED, a list"},
    "test_spectrum": {
        "Mixture.forward": "reads W, an array that can be written",
        "Mixture.jacobian": "reads W, an array that can be written",
    },
    "test_program": {
        "Breaks.forward": "not pure",
        "Breaks.jacobian": "not pure",
        "Random.forward": "without a seed",
        "Printing.forward": "print()",
    },
    "test_nonfinite": {"Exploding.jacobian": "an import statement"},
    "test_staleness": {
        "Scaled.forward": "reads settings, a dict",
        "Scaled.jacobian": "reads settings, a dict",
    },
    "components": {
        "Half.update": "changes gradient in place",
        "Clocked.draw": "reads time, the module time",
    },
    "false_jacobians": {
        "AddInPlace.forward": "changes a in place",
        "RunningMeanInPlace.forward": "writes into state",
    },
}


def classes(module: ModuleType) -> Iterator[type[Component]]:
    for each in vars(module).values():
        if isinstance(each, type) and issubclass(each, Component) and each.__module__.startswith(module.__name__):
            yield each


def reasons(module: ModuleType) -> Iterator[tuple[str, str | None]]:
    for cls in classes(module):
        fields = {
            name: 1 if field.is_required() else field.get_default(call_default_factory=True)
            for name, field in cls.model_fields.items()
        }
        instance = cls.model_construct(**fields)
        for method in METHODS:
            if hasattr(cls, method):
                yield f"{cls.__name__}.{method}", understand(instance, [method]).why


@pytest.mark.parametrize("name", MODULES)
def test_every_component_is_understood_or_named_here_with_the_reason(name: str) -> None:
    found = dict(reasons(importlib.import_module(name)))
    called = CALLED.get(name.split(".")[-1], {})
    assert found
    assert sorted(method for method, why in found.items() if why is not None) == sorted(called)
    for method, gist in called.items():
        assert gist in str(found[method])


def test_all_that_is_shipped_was_looked_at() -> None:
    found = {method for name in SHIPPED for method, _ in reasons(importlib.import_module(name))}
    assert len(found) >= 38
