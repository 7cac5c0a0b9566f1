"""Every mistake of the user ends with exit code 2 and one message that names the place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpframe as bp

Change = tuple[str, str]
LAYERS = """\
  layers:
    - {kind: dense, units: 3}
    - {kind: sigmoid}
    - {kind: dense, units: 2}
    - {kind: sigmoid}
"""


def nodes(text: str) -> Change:
    return (f"  input_shape: [2]\n{LAYERS}", f"  inputs: {{x: [2]}}\n  nodes: {{{text}}}\n  output: b\n")


# One mistake of each error class, and what only a whole run asks for: what is done to the spec, and what the message
# must say. Every other mistake of a class is told in the tests of the room that finds it.
MISTAKES: dict[str, tuple[Change, str]] = {
    "UnknownComponent": (
        ("kind: sigmoid", "kind: sigmoyd"),
        r"network\.layers\[1\]\.kind = 'sigmoyd'(?s:.*)did you mean",
    ),
    "SpecError": (("units: 3", "unit: 3"), r"network\.layers\[0\]\.unit\b(?s:.*)units"),
    "SpecError: no training": (("training: {", "#{"), "no section 'training'"),
    "SpecError: no data": (("data: {", "#{"), "no section 'data'"),
    "SpecFileError": (("input_shape: [2]", "input_shape: [2"), "spec.yaml, line"),
    "ShapeMismatch": (
        nodes("a: {kind: dense, units: 3, inputs: x}, b: {kind: add, inputs: [a, x]}"),
        r"'b'(?s:.*)\(N, 3\)(?s:.*)\(N, 2\)",
    ),
    "ShapeMismatch: the data": (("input_shape: [2]", "input_shape: [3]"), r"\(N, 3\)(?s:.*)\(50, 2\)"),
    "CycleError": (
        nodes("a: {kind: add, inputs: [x, b]}, b: {kind: sigmoid, inputs: a}"),
        "a -> b -> a|b -> a -> b",
    ),
    "DanglingInput": (nodes("a: {kind: sigmoid, inputs: x}, b: {kind: sigmoid, inputs: q}"), "reads from 'q'"),
    "UnreachableNode": (nodes("a: {kind: sigmoid, inputs: x}, b: {kind: sigmoid, inputs: x}"), "depends on 'a'"),
    "GraphError": (nodes("b: {kind: sigmoid, inputs: [x, x]}"), "'b'"),
    "DuplicateNode": (("kind: sigmoid}", "kind: sigmoid, name: s}"), r"layers\[3\] 's': the name 's' is taken"),
    "DataError": (("points.npz", "point.npz"), "did you mean 'points.npz'"),
}


def told(result: Any, message: str) -> None:
    assert result.exit_code == 2, (result.stdout, result.stderr)
    assert result.stdout == ""
    assert re.search(message, result.stderr), result.stderr
    assert "Traceback" not in result.stderr
    # One message: a first line, and below it only its own indented rows.
    first, *rows = result.stderr.splitlines()
    assert re.match(r"[A-Z]\w+: ", first)
    assert all(row.startswith("  ") for row in rows), result.stderr


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_spec_or_its_data_is_told_before_training(
    folder: Path, invoke: Callable[..., Any], write_spec: Callable[..., None], mistake: str
) -> None:
    change, message = MISTAKES[mistake]
    write_spec(change)
    told(invoke("train", "spec.yaml", "-o", "run"), rf"^{mistake.split(':')[0]}: (?s:.*)(?:{message})")
    assert not Path("run").exists()


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_a_spec_that_is_not_there_is_told(folder: Path, invoke: Callable[..., Any], name: str) -> None:
    told(invoke("train", name), r"nowhere\.yaml does not exist|is a folder")


@pytest.fixture
def run(folder: Path, invoke: Callable[..., Any]) -> str:
    assert invoke("train", "spec.yaml", "-o", "run", "-q").exit_code == 0
    return "run"


@pytest.mark.parametrize("existing", ["folder", "empty", "file", "dangling"])
def test_an_output_that_exists_is_found_before_training(
    folder: Path, invoke: Callable[..., Any], existing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bp.Network, "train", lambda *args: pytest.fail("it trained"))
    target = Path("out")
    if existing in ("folder", "empty"):
        target.mkdir()
        if existing == "folder":
            (target / "a").write_text("mine")
    elif existing == "file":
        target.write_text("mine")
    else:
        target.symlink_to(folder / "spec.yaml")
    told(invoke("train", "spec.yaml", "-o", "out"), "exists")


def test_an_output_that_cannot_be_written_is_found_before_training(
    folder: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bp.Network, "train", lambda *args: pytest.fail("it trained"))
    told(invoke("train", "spec.yaml", "-o", "points.npz/run"), r"(?s)cannot be written.*points\.npz")
    if Path("/proc/self").exists():  # no folder can be made there, not even by root
        told(invoke("train", "spec.yaml", "-o", "/proc/run"), r"/proc/run cannot be written")


def test_a_name_that_is_taken_meanwhile_is_told_with_the_first_step(
    folder: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = bp.Network.train

    def interfere(*args: Any, **kwargs: Any) -> Any:
        Path("out").mkdir()
        return train(*args, **kwargs)

    monkeypatch.setattr(bp.Network, "train", interfere)
    result = invoke("train", "spec.yaml", "-o", "out", "-q")
    assert (result.exit_code, "it came to be after the training began" in result.stderr) == (2, True), result.stderr
    assert list(Path("out").iterdir()) == []


def test_a_training_that_diverges_keeps_its_last_finite_weights(
    folder: Path, invoke: Callable[..., Any], write_spec: Callable[..., None]
) -> None:
    write_spec(("sigmoid", "identity"), ("learning_rate: 1.0", "learning_rate: 1.0e+30"))
    result = invoke("train", "spec.yaml", "-o", "run", "-q")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "NonFiniteError: " in result.stderr
    assert "'identity_2' (quadratic): its value is not finite, in epoch 1" in result.stderr
    assert "RuntimeWarning" not in result.stderr
    assert "the last finite parameters are in " in result.stderr
    net = bp.load("run")
    assert net.history.stopped == "not finite"
    assert np.isfinite(net.parameters.vector).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("evaluate", "runn"), "did you mean '.*run'"),
        (("evaluate", "spec.yaml"), "is no folder"),
        (("evaluate", "run", "--data", "nowhere.npz"), "there is no data file .*nowhere.npz"),
        (("evaluate", "run", "--data", "points.csv"), "does not say which of its numbers"),
        (("evaluate", "run", "--data", "nowhere.yaml"), "nowhere.yaml does not exist"),
        (("predict", "run", "wide.npy"), r"wide\.npy(?s:.*)\(N, 2\)(?s:.*)\(3, 4\)"),
        (("predict", "run", "nan.npy"), r"nan\.npy, row 1"),
        (("predict", "run", "spec.yaml"), r"spec\.yaml is no kind of file"),
        (("predict", "run", "good.npy", "-o", "out.txt"), r"out\.txt(?s:.*)\.csv, \.jsonl, \.npy or \.npz"),
        (("predict", "run", "good.npy", "-o", "good.npy"), "would replace the inputs"),
        (("predict", "run", "good.npy", "-o", "nowhere/out.csv"), r"nowhere/out\.csv cannot be written"),
        (("predict", "run", "good.npy", "-o", "folder.csv"), r"folder\.csv cannot be written"),
        (("schema", "-o", "nowhere/schema.json"), r"nowhere/schema\.json cannot be written"),
    ],
)
def test_other_commands_tell_mistakes_too(
    run: str, invoke: Callable[..., Any], words: tuple[str, ...], message: str
) -> None:
    np.save("good.npy", np.ones((3, 2)))
    np.save("wide.npy", np.ones((3, 4)))
    np.save("nan.npy", np.array([[1.0, 2.0], [np.nan, 1.0]]))
    Path("points.csv").write_text("a,b,y\n1,2,0\n")
    Path("folder.csv").mkdir()
    told(invoke(*words), message)
    assert np.array_equal(np.load("good.npy"), np.ones((3, 2)))


@pytest.mark.parametrize(
    "words",
    [
        ("trian", "spec.yaml"),
        ("train",),
        ("train", "spec.yaml", "--epochs", "0"),
        ("train", "spec.yaml", "--seed", "-1"),
        ("train", "spec.yaml", "--epochs", "many"),
        ("train", "spec.yaml", "--speed"),
        ("demo", "--epochs", "0"),
    ],
)
def test_words_that_make_no_command_are_told(folder: Path, invoke: Callable[..., Any], words: tuple[str, ...]) -> None:
    result = invoke(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_defect_is_called_one(folder: Path, invoke: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(bp.Network, "train", broken)
    result = invoke("train", "spec.yaml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ZeroDivisionError: oops" in result.stderr
    assert "report" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("BPFRAME_TRACEBACK", "1")
    assert "in broken" in invoke("train", "spec.yaml").stderr


def test_a_value_that_yaml_cannot_read_is_told_how_to_be_written(folder: Path, invoke: Callable[..., Any]) -> None:
    result = invoke("train", "spec.yaml", "--set", "data.decimal=,", "--dry-run")
    assert result.exit_code == 2
    assert """is written in quotes: --set "data.decimal=','\"""" in result.stderr
