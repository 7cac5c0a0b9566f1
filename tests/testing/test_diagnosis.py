"""The diagnosis names the planted cause, and is silent where it does not hold."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from bpframe.testing import check_component
from bpframe.testing.diagnosis import HYPOTHESES, diagnose, explained
from bpframe.testing.diagnosis.case import Case
from bpframe.testing.measuring import Block, block
from bpframe.testing.probing import probe_of
from tests.components.false_jacobians import PLANTED, FalseJacobian

CORRECT = list({type(each.component).__name__: each for each in PLANTED}.values())


def blocks(planted: FalseJacobian, component: Any, batch: int = 7) -> list[Block]:
    probe = probe_of(component, planted.shapes)
    assert probe is not None
    point = probe.sample(np.random.default_rng(5), batch)
    return [block(probe, point, key) for key in probe.shapes]


@pytest.mark.parametrize("planted", PLANTED, ids=[each.name for each in PLANTED])
def test_the_planted_cause_is_named(planted: FalseJacobian) -> None:
    _names_the_cause(planted, 0)


@pytest.mark.soak
@pytest.mark.parametrize("planted", PLANTED, ids=[each.name for each in PLANTED])
def test_the_planted_cause_is_named_whatever_the_seed(planted: FalseJacobian) -> None:
    for seed in range(1, 20):
        _names_the_cause(planted, seed)


def _names_the_cause(planted: FalseJacobian, seed: int) -> None:
    report = check_component(planted.false, planted.shapes, seed=seed, only=["jacobian"])
    failed = {each.check: each for each in report.failed}
    assert planted.check in failed, report.text()
    assert planted.cause in str(failed[planted.check].diagnosis), report.text()
    # What is declared right stays without a failure, and so without a diagnosis.
    others = [each.check for each in report.failed if each.check != planted.check]
    assert not others, report.text()


@pytest.mark.parametrize("planted", CORRECT, ids=[type(each.component).__name__ for each in CORRECT])
def test_a_correct_component_gets_no_diagnosis(planted: FalseJacobian) -> None:
    report = check_component(planted.component, planted.shapes, only=["jacobian", "adjoint", "directions", "hessian"])
    assert report.ok, report.text()
    probe = probe_of(planted.component, planted.shapes)
    assert probe is not None
    for found in blocks(planted, planted.component):
        assert diagnose(probe, found) is None


#: Hypotheses that speak of a part of the entries: another wrong entry changes the part, and not that there is one.
OF_PARTS = {"branch", "single", "some_examples", "not_finite", "diagonal", "structure", "missing_rank_one"}


@pytest.mark.parametrize("name", [name for name in HYPOTHESES if name not in OF_PARTS])
def test_a_hypothesis_is_silent_where_one_entry_does_not_fit(name: str) -> None:
    """One entry is moved by 3 % of the largest, after which no single mistake explains the numbers."""
    spoke = 0
    for planted, probe, found in wrong_blocks():
        with np.errstate(all="ignore"):
            if not HYPOTHESES[name](Case(probe, found)):
                continue
            spoke += 1
            spoilt = found.declared.copy()
            largest = float(np.max(np.abs(found.measured.value)))
            spoilt[np.unravel_index(np.argmax(np.abs(found.measured.value)), spoilt.shape)] += 0.03 * largest
            case = Case(probe, replace(found, declared=spoilt, operator=_Spoilt(found, spoilt)))
            assert HYPOTHESES[name](case) is None, f"{name} on {planted.name}"
    assert spoke, f"no planted bug makes {name} speak"


@cache
def wrong_blocks() -> list[tuple[FalseJacobian, Any, Block]]:
    """Every planted bug with what is wrong of it, measured once for all hypotheses."""
    return [
        (planted, probe_of(planted.false, planted.shapes), found)
        for planted in PLANTED
        for found in blocks(planted, planted.false)
        if not found.agrees
    ]


class _Spoilt:
    """Stands for the operator of a block whose entries were changed: nothing can be said about its parts."""

    structure = "spoilt"

    def __init__(self, found: Block, declared: Any) -> None:
        self.in_shape, self.out_shape = found.operator.in_shape, found.operator.out_shape
        self.couples_batch = False


def test_every_hypothesis_speaks_of_some_planted_bug_first() -> None:
    first: set[str] = set()
    for planted in PLANTED:
        probe = probe_of(planted.false, planted.shapes)
        assert probe is not None
        for found in blocks(planted, planted.false):
            if not found.agrees:
                with np.errstate(all="ignore"):
                    first.update([next((n for n, each in HYPOTHESES.items() if each(Case(probe, found))), "none")])
    assert first >= set(HYPOTHESES), set(HYPOTHESES) - first


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h: -h, "sign"),
        (lambda h: 2 * h, "constant factor: measured/declared = 0.5"),
        (lambda h: 0 * h, "zero"),
        (lambda h: np.where(h > 1, np.nan, h), "not finite"),
        (lambda h: h.transpose(2, 1, 0), "transposed"),
    ],
)
def test_a_false_hessian_is_explained(change: Any, said: str) -> None:
    measured = np.random.default_rng(2).standard_normal((3, 4, 3)) + 1
    assert said in str(explained(change(measured), measured, "hessian", (2, 1, 0)))


def test_zeros_that_are_missing_or_too_many_in_a_hessian_are_explained() -> None:
    measured = np.eye(4)[:, None] * np.array([[1.0, 0, 2, 0], [0, 3, 0, 1]])
    declared = np.where(np.eye(4, dtype=bool)[:, None] & (measured == 0), 1.0, measured)
    assert "4 entries too many: they should be zero; the others are right" in str(explained(declared, measured, "h"))
    assert "4 entries are declared to be zero and are not" in str(explained(measured, declared, "h"))
    declared[0, 0, 0] = 1.5
    assert explained(declared, measured, "h") is None
    assert explained(measured, declared, "h") is None


def test_a_hessian_that_nothing_explains_gets_no_diagnosis() -> None:
    measured = np.random.default_rng(2).standard_normal((3, 4, 3))
    assert explained(measured + np.eye(3)[:, None], measured, "hessian", (2, 1, 0)) is None


def _diagonal_block(wrong: np.ndarray) -> tuple[Any, Block]:
    """A sigmoid's block in which the entries of the inputs that `wrong` marks, (N, 4), are doubled."""
    planted = next(each for each in PLANTED if each.name == "sigmoid-sign")
    probe = probe_of(planted.component, planted.shapes)
    (found,) = blocks(planted, planted.component, len(wrong))
    # Column k, example n, output k: the entries of a diagonal.
    changed = np.where(wrong.T[:, :, None], 2 * found.declared, found.declared)
    return probe, replace(found, declared=changed)


def test_a_branch_is_not_seen_where_the_wrong_inputs_lie_among_the_right_ones() -> None:
    probe, found = _diagonal_block(np.zeros((7, 4), dtype=bool))
    x = found.point.arrays["x"]
    above = x > np.median(x)
    probe, found = _diagonal_block(above)
    assert "wrong branch" in str(HYPOTHESES["branch"](Case(probe, found)))
    above[np.unravel_index(np.argmin(x), x.shape)] = True
    probe, found = _diagonal_block(above)
    assert HYPOTHESES["branch"](Case(probe, found)) is None


def test_a_single_entry_is_not_named_where_two_are_wrong() -> None:
    wrong = np.zeros((7, 4), dtype=bool)
    wrong[:, 2] = True
    probe, found = _diagonal_block(wrong)
    assert "single entry" in str(HYPOTHESES["single"](Case(probe, found)))
    wrong[:, 3] = True
    probe, found = _diagonal_block(wrong)
    assert HYPOTHESES["single"](Case(probe, found)) is None


def test_examples_are_not_named_where_all_are_wrong() -> None:
    wrong = np.zeros((7, 4), dtype=bool)
    wrong[2] = True
    probe, found = _diagonal_block(wrong)
    assert "only examples 2 of 7" in str(HYPOTHESES["some_examples"](Case(probe, found)))
    wrong[:, 0] = True
    probe, found = _diagonal_block(wrong)
    assert HYPOTHESES["some_examples"](Case(probe, found)) is None


@pytest.mark.parametrize("name", ["diagonal", "structure", "missing_rank_one", "not_finite"])
def test_a_hypothesis_about_a_part_is_silent_where_the_rest_is_wrong_too(name: str) -> None:
    """Random numbers of 3 % are added to every entry that is declared."""
    spoke = 0
    for planted in PLANTED:
        probe = probe_of(planted.false, planted.shapes)
        assert probe is not None
        for found in blocks(planted, planted.false):
            with np.errstate(all="ignore"):
                if found.agrees or not HYPOTHESES[name](Case(probe, found)):
                    continue
                spoke += 1
                noise = np.random.default_rng(3).standard_normal(found.declared.shape)
                largest = float(np.max(np.abs(found.measured.value)))
                spoilt = np.where(np.isfinite(found.declared), found.declared, 0) + 0.03 * largest * noise
                case = Case(probe, replace(found, declared=spoilt))
                assert HYPOTHESES[name](case) is None, f"{name} on {planted.name}"
    assert spoke, f"no planted bug makes {name} speak"
