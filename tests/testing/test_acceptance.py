"""Components that are right pass, whatever the seed; what the kit is called for, it does."""

from __future__ import annotations

from typing import Any

import bpframe_reference as reference
import numpy as np
import pytest
from bpframe_regularisation import LayerNorm

from bpframe.categories import Optimizer
from bpframe.core.component import Activation, Cost, Initializer, Layer, contract_of
from bpframe.testing import check_component
from bpframe.testing.kit import check_names
from bpframe.testing.probe import CostProbe, LayerProbe
from bpframe.testing.probing import probe_of

from .subjects import PROBES, SHIPPED, SUBJECTS, Subject, named

#: The contract's probes are tests' components: their fields need no description.
LEFT_OUT = {"documented"}


def failures(subject: Subject, seed: int) -> str:
    report = check_component(subject.component, subject.shapes, seed=seed)
    wrong = [each for each in report.failed if subject not in PROBES or each.check not in LEFT_OUT]
    return report.text() if wrong or report.missing else ""


@pytest.mark.parametrize("subject", SHIPPED, ids=named)
def test_no_shipped_component_fails_with_other_seeds(subject: Subject) -> None:
    """Seed 0 is tried for the components of all sets, in test_shipped.py."""
    for seed in range(1, 4):
        assert not failures(subject, seed)


@pytest.mark.parametrize("subject", PROBES, ids=named)
def test_no_probe_fails(subject: Subject) -> None:
    assert not failures(subject, 0)


@pytest.mark.soak
@pytest.mark.parametrize("subject", SUBJECTS, ids=named)
def test_no_component_fails_with_two_hundred_seeds(subject: Subject) -> None:
    for seed in range(1000, 1200):
        assert not failures(subject, seed)


@pytest.mark.parametrize("subject", SUBJECTS, ids=named)
def test_the_checks_are_those_that_the_declarations_call_for(subject: Subject) -> None:
    """Counted here from the class alone, without the kit's own list."""
    component: Any = subject.component
    expected = {"contract", "construction", "round_trip", "schema", "documented"}
    if isinstance(component, Layer | Cost):
        expected |= {"shape", "dtype", "precision", "batches", "layout", "purity", "determinism", "independence"}
        expected |= {"extremes"}
    for key in keys(subject):
        expected |= {f"jacobian[{key}]", f"adjoint[{key}]", f"directions[{key}]"}
    declared = contract_of(type(component)).methods
    if "hessian" in declared:
        expected |= {"hessian", "root"} if isinstance(component, Cost) else {"hessian"}
    expected |= {name for name in ("second_derivative", "second_order") if name in declared}
    if isinstance(component, Optimizer):
        expected |= (
            {"minimize", "report", "stopping"}
            if "minimize" in declared
            else {"update", "purity", "elementwise", "memory", "resuming", "schedules"}
        )
        expected |= {"determinism"}
    expected |= {"draw", "determinism"} if isinstance(component, Initializer) else set()
    assert set(check_names(component, subject.shapes)) >= expected


def keys(subject: Subject) -> list[str]:
    component: Any = subject.component
    if isinstance(component, Cost):
        return ["a"]
    if not isinstance(component, Layer):
        return []
    contract = contract_of(type(component))
    inputs = contract.inputs or tuple(f"{contract.variadic}[{i}]" for i in range(len(subject.shapes)))
    words = {"shape": subject.shapes[0], "shapes": subject.shapes, "features": (subject.shapes[0] or (0,))[-1]}
    parameters: dict[str, Any] = {}
    if "parameters" in contract:
        asked = contract.methods["parameters"].words
        parameters = component.parameters(**{word: words[word] for word in asked})  # type: ignore[attr-defined]
    return [*(key for key in inputs if key not in component.integer_inputs), *parameters]


def test_a_report_with_fewer_checks_than_called_for_is_not_ok() -> None:
    report = check_component(reference.Sigmoid(), ((3,),))
    assert report.ok
    for missing in report.called_for:
        fewer = report.model_copy(update={"outcomes": tuple(each for each in report.outcomes if each.check != missing)})
        assert fewer.missing == (missing,)
        assert not fewer.ok
        assert f"{missing} did not run" in fewer.text()


def test_products_are_checked_along_vectors_that_have_nothing_to_do_with_the_point() -> None:
    """J x nearly vanishes for a normalisation: with v = x, nothing but rounding would be compared."""
    for seed in (1021, 1023):
        report = check_component(LayerNorm(), ((5,),), seed=seed, only=["adjoint"])
        assert report.ok, report.text()


def test_the_same_seed_gives_the_same_report() -> None:
    def told(seed: int) -> list[tuple[str, str, str]]:
        report = check_component(reference.Dense(units=2), ((3,),), seed=seed)
        return [(each.check, each.status, each.message) for each in report.outcomes]

    assert told(3) == told(3)


def test_seeds_look_at_other_points() -> None:
    probe = probe_of(reference.Sigmoid(), ((3,),))
    assert isinstance(probe, LayerProbe)
    one, other = (probe.sample(np.random.default_rng(seed), 2).arrays["z"] for seed in (0, 1))
    assert not np.allclose(one, other)


def test_probes_are_of_the_component_s_kind() -> None:
    assert isinstance(probe_of(reference.QuadraticCost(), ((3,),)), CostProbe)
    assert probe_of(reference.GradientDescent(learning_rate=1.0), ()) is None
    assert {type(each.component).__mro__[1] for each in SHIPPED} >= {Activation, Layer, Cost}
