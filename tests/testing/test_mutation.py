"""Mutation: every false Jacobian of a shipped component is noticed, and what is not false is told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import bpframe_reference as reference
import numpy as np
import pytest
from bpframe_activations import Softmax
from bpframe_regularisation import Dropout

from bpframe.extend import Activation, Array, Diagonal, IdentityMap, Layer, Operator, Parameter
from bpframe.testing.mutation import mutating as mutation
from bpframe.testing.mutation.mutating import MutationReport, mutate_component
from bpframe.testing.mutation.mutations import MUTATIONS
from tests.components.blocks import Residual
from tests.components.cross_entropy import SoftmaxCrossEntropy

from .subjects import SUBJECTS, Subject, named


def test_there_are_at_least_thirty_ways_and_no_name_twice() -> None:
    names = [each.name for each in MUTATIONS]
    assert len(names) == len(set(names)) >= 30


@pytest.mark.parametrize(
    "subject",
    [
        Subject(reference.Dense(units=2), ((3,),)),
        Subject(reference.Multiply(), ((2,), (2,))),
        Subject(reference.QuadraticCost(), ((3,),)),
        Subject(reference.Sigmoid(), ((3,),)),
        Subject(Softmax(), ((3,),)),
        Subject(Dropout(rate=0.4), ((5,),)),
        Subject(SoftmaxCrossEntropy(), ((3,),)),
    ],
    ids=named,
)
def test_every_mutant_is_caught(subject: Subject) -> None:
    report = mutate_component(subject.component, subject.shapes, 0)
    assert report.ok, report.text()
    assert len({each.name for each in report.caught}) >= 30


@pytest.mark.soak
@pytest.mark.parametrize("subject", SUBJECTS, ids=named)
@pytest.mark.parametrize("seed", range(3))
def test_every_mutant_of_every_component_is_caught(subject: Subject, seed: int) -> None:
    report = mutate_component(subject.component, subject.shapes, seed)
    assert report.ok, report.text()


def test_mutants_that_change_nothing_are_told_apart() -> None:
    report = mutate_component(reference.Identity(), ((3,),), 0)
    equivalent = {each.name for each in report.of("equivalent")}
    assert {"transposed", "square", "reciprocal", "absolute value", "only the diagonal", "taken at zero"} <= equivalent
    assert "sign" not in equivalent
    assert {each.name for each in report.of("inapplicable")} == {"factor of a field", "of another key"}


class Idle(Layer):
    """A parameter that changes nothing at these shapes, as the recurrent weights of one step: y = x + 0 u."""

    def parameters(self, shape: tuple[int, ...]) -> dict[str, Parameter]:
        return {"u": Parameter(shape)}

    def forward(self, x: Array, p: Mapping[str, Array]) -> Array:
        return x + 0 * p["u"]

    def jacobian(self, x: Array) -> dict[str, Operator]:
        return {"x": IdentityMap(), "u": Diagonal(np.zeros_like(x))}


def test_a_jacobian_that_is_zero_leaves_nothing_to_survive() -> None:
    report = mutate_component(Idle(), ((3,),), 0)
    assert report.ok, report.text()
    assert {"vjp overwrites its argument", "identity too many"} <= {each.name for each in report.caught}


def test_a_block_is_left_to_its_nodes() -> None:
    report = mutate_component(Residual(units=2), ((3,),), 0)
    assert report.ok
    assert not report.mutants
    assert "a block declares no Jacobian, its nodes do: dense, sigmoid, add" in report.text()


class Twice(Activation):
    """Twice the input."""

    def forward(self, x: Array) -> Array:
        return 2 * x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.full_like(x, 2))


def test_a_kit_that_looks_away_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(*families: str) -> MutationReport:
        monkeypatch.setattr(mutation, "LOOKING", tuple(name for name in LOOKING if name not in families))
        return mutate_component(Twice(), ((3,),), 0)

    survived = {each.name for each in without("adjoint").survived}
    assert {"vjp off by 1 %, jvp right", "shared_jvp doubled", "conjugating"} <= survived
    report = without("jacobian", "directions")
    assert {"sign", "factor 1 + 1e-5", "one entry off by 1e-4"} <= {each.name for each in report.survived}
    assert not report.ok
    assert "survived: jacobian[x], sign" in report.text()


LOOKING = mutation.LOOKING


class Wrong(Twice):
    """Twice the input, declared to be three times."""

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.full_like(x, 3))


def test_a_component_that_fails_by_itself_is_not_mutated() -> None:
    report = mutate_component(Wrong(), ((3,),), 0)
    assert not report.ok
    assert "fails jacobian[x] as it is" in report.text()


def test_a_component_without_a_jacobian_has_nothing_to_mutate() -> None:
    report = mutate_component(reference.GradientDescent(learning_rate=0.1), (), 0)
    assert report.ok
    assert "it has no Jacobian" in report.text()


def test_the_report_is_data() -> None:
    report = mutate_component(Twice(), ((2,),), 0)
    read = MutationReport.model_validate_json(report.model_dump_json())
    assert read == report
    caught: Any = json.loads(report.model_dump_json())["mutants"][0]
    assert caught["status"] == "caught"
    assert caught["check"] == "jacobian[x]"


def test_a_seed_makes_the_same_mutants_again() -> None:
    cost = reference.QuadraticCost()
    assert mutate_component(cost, ((2,),), 4) == mutate_component(cost, ((2,),), 4)
