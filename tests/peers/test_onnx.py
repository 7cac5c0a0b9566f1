"""ONNX's own node tests: what a shipped component expresses passes, and a page tells all of it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from onnx_nodes.case import Case, cases
from onnx_nodes.judging import verdict, verdicts
from onnx_nodes.reasons import REASON_OF
from onnx_nodes.rules import RULES
from onnx_nodes.table import PAGE, shown, tables


def test_every_case_that_components_express_passes() -> None:
    failed = [f"{each.case.name}: {each.reason}" for each in verdicts() if each.how == "fails"]
    assert not failed, "\n".join(failed)


def test_hundreds_of_cases_are_expressed() -> None:
    assert Counter(each.how for each in verdicts())["passes"] > 300


@pytest.mark.parametrize("operator", sorted(RULES))
def test_no_rule_is_for_an_operator_that_has_no_case(operator: str) -> None:
    assert any(case.operator == operator for case in cases())


def test_an_operator_has_a_rule_or_a_reason() -> None:
    assert not RULES.keys() & REASON_OF.keys()
    assert {case.operator for case in cases()} == RULES.keys() | REASON_OF.keys()


def test_the_page_tells_what_the_runner_finds() -> None:
    told = shown(PAGE.read_text(encoding="utf-8"))
    assert told == tables(verdicts()), "python tests/peers/onnx_nodes/table.py writes the page again"


def test_a_wrong_expected_output_fails() -> None:
    x = np.array([-1.0, 2.0], np.float32)
    right = Case("relu", "Relu", {}, [x], [np.array([0, 2], np.float32)])
    wrong = Case("relu", "Relu", {}, [x], [np.array([0, 2.001], np.float32)])
    other = Case("relu", "Relu", {}, [x], [np.array([0, 2.0])])
    assert [verdict(each).how for each in (right, wrong, other)] == ["passes", "fails", "fails"]
