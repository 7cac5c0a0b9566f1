"""One line of pytest: a test for each check of each example, and expected failures that cannot go stale."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpframe_reference import Add, Dense, Sigmoid

from bpframe.errors import ContractError, MissingExtra, UnknownComponent
from bpframe.testing import parametrize_with_components

from .conftest import NO_FACTOR, SOFT_SIGN

Write = Callable[..., Path]


@parametrize_with_components([Sigmoid(), (Add(), [(3,), (3,)])])
def test_shipped_components_pass(check: Callable[[], None]) -> None:
    check()


def ids(decorator: Any) -> list[str]:
    return [each.id for each in decorator.args[1]]


def test_ids_name_the_kind_the_shapes_and_the_check() -> None:
    found = ids(parametrize_with_components([(Sigmoid(), [(4,)]), (Add(), [(2, 3), (2, 3)]), (Sigmoid(), [()])]))
    assert "sigmoid-4-jacobian[z]" in found
    assert "add-2x3-2x3-jacobian[xs[1]]" in found
    assert "sigmoid-scalar-shape" in found


def test_examples_that_differ_in_fields_alone_are_told_apart() -> None:
    found = ids(parametrize_with_components([Dense]))
    assert "dense-units=2-4-jacobian[w]" in found
    assert "dense-units=2-bias=False-4-jacobian[w]" in found
    assert len(set(found)) == len(found)


def test_names_and_everything_installed_can_be_asked_for(write: Write) -> None:
    write("soft.py", SOFT_SIGN)
    assert {each.split("-")[0] for each in ids(parametrize_with_components("sigmoid"))} == {"sigmoid"}
    assert {each.split("-")[0] for each in ids(parametrize_with_components("soft.py"))} == {"soft_sign"}
    by_set, everything = ids(parametrize_with_components("reference")), ids(parametrize_with_components())
    assert set(by_set) <= set(everything)
    with pytest.raises(UnknownComponent):
        parametrize_with_components("sigmiod")


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({("sigmoid", "extremes"): ""}, "has no reason"),
        ({("sigmoid", "extremes"): None}, "has no reason"),
        ({("sigmoid", "extrems"): "why"}, "that of no check"),
        ({("dense", "extremes"): "why"}, "that of no check"),
    ],
)
def test_an_expected_failure_needs_a_reason_and_a_check(expected: dict[Any, Any], told: str) -> None:
    with pytest.raises(ContractError, match=told):
        parametrize_with_components([Sigmoid()], expected_failures=expected)


def test_a_misspelt_check_names_the_close_one() -> None:
    with pytest.raises(ContractError) as caught:
        parametrize_with_components([Sigmoid()], expected_failures={("sigmoid", "extrems"): "why"})
    assert caught.value.hint == "did you mean (sigmoid, extremes)?"


SUITE = """
from bpframe.testing import parametrize_with_components
EXAMPLES = [(SoftSign(), [(4,)]), (NoFactor(sharpness=2.0), [(4,)])]

@parametrize_with_components(EXAMPLES)
def test_plain(check):
    check()

@parametrize_with_components(EXAMPLES, expected_failures={
    ("no_factor", "jacobian"): "the factor is left out on purpose",
    ("no_factor", "directions[x]"): "as above",
    ("soft_sign", "extremes"): "no longer true",
})
def test_expected(check):
    check()
"""


def test_expected_failures_are_strict_in_a_run_of_pytest(write: Write, process: Callable[..., Any]) -> None:
    write("test_suite.py", SOFT_SIGN, NO_FACTOR, SUITE)
    done = process("pytest", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist", "test_suite.py")
    ended: dict[str, set[str]] = {}
    for word, name in re.findall(r"^(PASSED|FAILED|XFAIL|XPASS) test_suite\.py::(\S+)", done.stdout, re.MULTILINE):
        ended.setdefault(word, set()).add(name)
    assert done.returncode == 1, done.stdout
    assert ended["FAILED"] == {
        "test_plain[no_factor-4-jacobian[x]]",
        "test_plain[no_factor-4-directions[x]]",
        "test_expected[soft_sign-4-extremes]",
    }
    assert ended["XFAIL"] == {
        "test_expected[no_factor-4-jacobian[x]]",
        "test_expected[no_factor-4-directions[x]]",
    }
    assert "test_plain[soft_sign-4-jacobian[x]]" in ended["PASSED"]
    assert "measured/declared = 2 in every entry" in done.stdout
    assert "no longer true" in done.stdout


def test_a_broken_set_is_a_test_that_fails(installed: Callable[[str, str], None]) -> None:
    installed("broken", "raise RuntimeError('no luck')\n")
    (parameter,) = (each for each in parametrize_with_components().args[1] if each.id.startswith("broken"))
    with pytest.raises(AssertionError, match="no luck"):
        parameter.values[0]()


def test_pytest_is_loaded_only_for_it() -> None:
    script = "import sys, bpframe.testing; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_without_pytest_the_error_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "bpframe.testing.running.parametrize", raising=False)
    monkeypatch.setitem(sys.modules, "pytest", None)
    with pytest.raises(MissingExtra, match="needs pytest"):
        importlib.import_module("bpframe.testing.running.parametrize")
