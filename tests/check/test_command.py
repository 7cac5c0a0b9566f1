"""bpframe check: files, names, options, what it prints and how it ends."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpframe_reference
import pytest
from jsonschema import Draft202012Validator

from bpframe.testing import Report

from .conftest import NO_FACTOR, SOFT_SIGN

Invoke = Callable[..., Any]
Write = Callable[..., Path]


def test_a_file_without_fault_is_ok_and_leaves_no_trace(folder: Path, write: Write, invoke: Invoke) -> None:
    write("soft.py", SOFT_SIGN)
    result = invoke("soft.py")
    assert result.exit_code == 0, result.stdout
    assert "ok     soft_sign() at (4,)" in result.stdout
    assert "note: no example is stated: shape (4,) guessed" in result.stdout
    assert [each.name for each in folder.rglob("*")] == ["soft.py"]


def test_a_failure_is_told_with_its_cause_and_a_command_that_shows_it_again(write: Write, invoke: Invoke) -> None:
    write("soft.py", SOFT_SIGN, NO_FACTOR)
    result = invoke("soft.py")
    assert result.exit_code == 2
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.startswith("    ")}
    assert "declared" in lines["worst"]
    assert "measured" in lines["worst"]
    assert "measured/declared = 0.7" in lines["diagnosis"]
    assert "sharpness" in lines["diagnosis"]
    assert "passed: the entries are wrong, not the transpose" in lines["adjoint"]
    assert "3 of 4 examples are ok, 1 failed." in result.stdout

    # The first rerun command, as a shell reads it, runs this failure and nothing else.
    command = next(line for line in result.stdout.splitlines() if line.startswith("    rerun"))
    words = shlex.split(command.removeprefix("    rerun"))
    assert words[:2] == ["bpframe", "check"]
    again = invoke(*words[2:])
    assert again.exit_code == 2
    assert "soft_sign" not in again.stdout
    assert "jacobian[x] failed" in again.stdout
    assert "directions" not in again.stdout
    worst = next(line for line in result.stdout.splitlines() if "worst" in line)
    assert worst in again.stdout.splitlines()


def test_one_class_of_a_file_is_checked_alone(write: Write, invoke: Invoke) -> None:
    write("two.py", SOFT_SIGN, NO_FACTOR)
    assert invoke("two.py::SoftSign").exit_code == 0
    assert invoke("two.py::NoFactor").exit_code == 2
    wrong = invoke("two.py::SoftSing")
    assert wrong.exit_code == 2
    assert "two.py::SoftSign" in wrong.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "EXAMPLES = [(NoFactor(), [(3,)])]",
        "EXAMPLES = [(NoFactor(), (3,))]",
        "def bpframe_examples():\n    return [(NoFactor(), ((3,),))]",
    ],
)
def test_stated_examples_replace_guesses(write: Write, invoke: Invoke, statement: str) -> None:
    write("stated.py", NO_FACTOR, "\n" + statement + "\n")
    result = invoke("stated.py", "--json")
    (report,) = json.loads(result.stdout)
    assert report["shapes"] == [[3]]
    assert report["ok"]  # at sharpness 1 the missing factor is none
    assert report["notes"] == []


def test_a_file_of_examples_alone_is_checked(write: Write, invoke: Invoke) -> None:
    write("soft.py", SOFT_SIGN)
    write("examples.py", "from soft import SoftSign\nEXAMPLES = [SoftSign(sharpness=2.0)]\n", head="")
    result = invoke("examples.py")
    assert result.exit_code == 0, result.stdout
    assert "sharpness=2.0" in result.stdout


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = (1,\nclass A:\n", ["syntax.py is not Python", "line 1", "'(' was never closed"]),
        ("import numpy as np\n\ny = np.zeross(3)\n", ["cannot be imported", "line 3", "y = np.zeross(3)"]),
        ("raise SystemExit(0)\n", ["cannot be imported", "SystemExit: 0"]),
        ("from nowhere_at_all import x\n", ["cannot be imported", "No module named 'nowhere_at_all'"]),
        ("class Plain:\n    pass\n", ["no component is in syntax.py", "class Plain(Activation)"]),
        ("", ["no component is in syntax.py", "no class"]),
        ("\0", ["syntax.py", "null bytes"]),
    ],
)
def test_what_is_wrong_with_a_file_is_one_message(write: Write, invoke: Invoke, source: str, told: list[str]) -> None:
    write("syntax.py", source, head="")
    result = invoke("syntax.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("ComponentFileError: ")
    for text in told:
        assert text in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sof.py"], ["there is no file sof.py", "did you mean soft.py?"]),
        (["."], ["'.' is not a component"]),
        (["./"], ["is a folder"]),
        (["notes.txt"], ["is no Python file"]),
        (["sigmiod"], ["'sigmiod' is not a component", "reference.sigmoid?"]),
        (["reference.sigmiod"], ["reference.sigmoid?"]),
        (["cost", "sigmoid"], ["'sigmoid' is not a cost", "reference.quadratic"]),
        (["soft"], ["'soft' is not a component", "bpframe check soft.py"]),
        (["sigmoid", "--only", "jacobian[w]"], ["no check here is called 'jacobian[w]'", "jacobian[z]"]),
        ([], ["--all"]),
        (["sigmoid", "--all"], ["not both"]),
        (["sigmoid", "--seed", "-1"], ["--seed"]),
        (["sigmoid", "--time-limit", "0"], ["--time-limit"]),
    ],
)
def test_a_word_that_means_nothing_is_one_message(
    folder: Path, write: Write, invoke: Invoke, words: list[str], told: list[str]
) -> None:
    write("soft.py", SOFT_SIGN)
    (folder / "notes.txt").write_text("")
    result = invoke(*words)
    assert result.exit_code == 2
    for text in told:
        assert text in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("words", "examples"),
    [
        (["sigmoid"], 2),
        (["reference.sigmoid"], 2),
        (["layer", "sigmoid"], 2),
        (["cost", "quadratic"], 2),
        (["sigmoid", "shift"], 3),
        (["reference"], len(bpframe_reference.bpframe_examples())),
    ],
)
def test_installed_components_are_found_by_name_with_their_examples(
    invoke: Invoke, words: list[str], examples: int
) -> None:
    result = invoke(*words, "--only", "documented", "--only", "schema", "--json")
    assert result.exit_code == 0, result.stdout
    reports = json.loads(result.stdout)
    assert len(reports) == examples
    assert {each["check"] for report in reports for each in report["outcomes"]} == {"documented", "schema"}


@pytest.mark.parametrize("word", ["Quadratic", "QuadraticCost", "quadratic-cost", "reference.QuadraticCost"])
def test_case_and_underscores_are_forgiven_with_a_note(invoke: Invoke, word: str) -> None:
    result = invoke(word, "--only", "documented")
    assert result.exit_code == 0, result.stderr
    assert f"note: '{word}' is taken for reference.quadratic" in result.stdout


def test_json_is_a_list_of_reports_that_the_schema_describes(write: Write, invoke: Invoke) -> None:
    write("soft.py", SOFT_SIGN, NO_FACTOR, "print('noise at import')\n")
    result = invoke("soft.py", "--json")
    assert result.exit_code == 2
    reports = json.loads(result.stdout)
    assert [each["ok"] for each in reports] == [True, True, True, False]
    schema = Report.model_json_schema(mode="serialization")
    assert {"component", "ok", "outcomes", "called_for", "notes"} <= set(schema["properties"])
    for each in reports:
        Draft202012Validator(schema).validate(each)
        read = Report.model_validate(each)
        assert read.model_dump(mode="json") == each
    failed = [each for each in reports[-1]["outcomes"] if each["status"] == "failed"]
    assert failed[0]["check"] == "jacobian[x]"
    assert dict(failed[0]["rows"])["rerun"].startswith("bpframe check soft.py::NoFactor --seed 0 --only")
    assert "noise at import" in result.stderr


def test_only_runs_a_check_or_its_family(invoke: Invoke) -> None:
    def names(*words: str) -> set[str]:
        (first, *_) = json.loads(invoke("dense", "--json", *words).stdout)
        return {each["check"] for each in first["outcomes"]}

    assert names("--only", "jacobian[w]") == {"jacobian[w]"}
    assert names("--only", "jacobian") == {"jacobian[a]", "jacobian[w]", "jacobian[b]"}
    assert names("--only", "jacobian[w]", "--only", "shape") == {"jacobian[w]", "shape"}


def test_examples_that_lack_a_check_are_left_out(invoke: Invoke) -> None:
    reports = json.loads(invoke("dense", "sigmoid", "--only", "jacobian[w]", "--json").stdout)
    assert {each["component"] for each in reports} == {"dense"}


def test_the_seed_moves_the_points(write: Write, invoke: Invoke) -> None:
    write("no_factor.py", NO_FACTOR, "EXAMPLES = [(NoFactor(sharpness=3.0), (4,))]\n")
    worst = [
        next(line for line in invoke("no_factor.py", "--seed", seed).stdout.splitlines() if "worst" in line)
        for seed in (0, 1, 1)
    ]
    assert worst[0] != worst[1] == worst[2]


def test_verbose_names_every_check(invoke: Invoke) -> None:
    quiet, loud = invoke("shift").stdout, invoke("shift", "--verbose").stdout
    assert "jacobian[x] passed" in loud
    assert "jacobian[x] passed" not in quiet


def test_a_system_exit_of_the_component_does_not_end_the_run_well(write: Write, invoke: Invoke) -> None:
    quits = SOFT_SIGN.replace("kx = self", "if len(x) == 1:\n            raise SystemExit(0)\n        kx = self")
    write("quits.py", quits)
    result = invoke("quits.py")
    assert result.exit_code == 2
    assert "SystemExit: 0" in result.stdout


def test_a_breach_of_the_contract_is_a_failure_of_the_report(write: Write, invoke: Invoke) -> None:
    write("breach.py", SOFT_SIGN.replace("def jacobian(self, x, y)", "def jacobian(self, xx, y)"), NO_FACTOR)
    result = invoke("breach.py", "--json")
    assert result.exit_code == 2
    first = json.loads(result.stdout)[0]
    assert (first["component"], first["outcomes"][0]["check"]) == ("soft_sign", "contract")
    assert "'xx'" in first["outcomes"][0]["message"]


def test_a_component_of_which_no_example_can_be_guessed_fails_and_says_what_to_state(
    write: Write, invoke: Invoke
) -> None:
    hard = SOFT_SIGN.replace(
        'Field(1.0, description="k")', 'Field(description="k", gt=0.111, lt=0.1111, multiple_of=3)'
    )
    write("hard.py", hard)
    result = invoke("hard.py")
    assert result.exit_code == 2
    assert "no example is stated, and none could be guessed" in result.stdout
    assert "EXAMPLES = [(SoftSign(sharpness=...), [(4,)])]" in result.stdout


def test_bad_examples_are_named_and_the_class_is_checked_all_the_same(write: Write, invoke: Invoke) -> None:
    write("stated.py", SOFT_SIGN, "EXAMPLES = [(SoftSign(), 4)]\n")
    result = invoke("stated.py")
    assert result.exit_code == 2
    assert "EXAMPLES in stated.py[0] is no example" in result.stdout
    assert "ok     soft_sign() at (4,)" in result.stdout


GOOD_SET = SOFT_SIGN + "\ndef bpframe_components():\n    return [SoftSign]\n"


def test_all_checks_every_set_and_names_a_broken_one(
    installed: Callable[[str, str], None], invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPFRAME_PLUGINS", "reference,good")
    installed("good", GOOD_SET)
    cheap = ("--only", "documented")  # the whole kit runs over every set in tests/testing
    assert invoke("--all", *cheap).exit_code == 0
    monkeypatch.setenv("BPFRAME_PLUGINS", "reference,good,broken,examples")
    installed("broken", "raise RuntimeError('no luck')\n")
    installed("examples", GOOD_SET + "\ndef bpframe_examples():\n    raise KeyError('lost')\n")
    result = invoke("--all", "--json", *cheap)
    assert result.exit_code == 2
    reports = json.loads(result.stdout)
    failed = {each["component"]: each["outcomes"][0] for each in reports if not each["ok"]}
    assert set(failed) == {"broken", "examples"}
    assert (failed["broken"]["check"], failed["examples"]["check"]) == ("loading", "examples")
    assert "no luck" in failed["broken"]["message"]
    assert "lost" in failed["examples"]["message"]
    assert {"dense", "quadratic", "soft_sign"} <= {each["component"] for each in reports if each["ok"]}


def test_a_name_of_a_broken_set_says_why(installed: Callable[[str, str], None], invoke: Invoke) -> None:
    installed("broken", "raise RuntimeError('no luck')\n")
    result = invoke("broken.soft_sign")
    assert result.exit_code == 2
    assert result.stderr.startswith("BrokenPlugin: ")
    assert "no luck" in result.stderr


def test_a_bare_name_of_two_sets_is_ambiguous(installed: Callable[[str, str], None], invoke: Invoke) -> None:
    installed("one", GOOD_SET)
    installed("two", GOOD_SET)
    result = invoke("soft_sign")
    assert result.exit_code == 2
    assert "one.soft_sign or two.soft_sign" in result.stderr
    assert invoke("two.soft_sign", "--only", "documented").exit_code == 0


def test_all_of_nothing_is_no_success(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    from bpframe.plugins.discovery import default_discovery

    monkeypatch.setenv("BPFRAME_PLUGINS", "")
    default_discovery.cache_clear()
    try:
        result = invoke("--all")
    finally:
        default_discovery.cache_clear()
    assert result.exit_code == 2
    assert "no component is installed" in result.stderr


def test_mutants_are_counted(invoke: Invoke) -> None:
    result = invoke("shift", "--mutate")
    assert result.exit_code == 0, result.stdout
    assert "false Jacobians caught" in result.stdout
