"""Whatever is wrong with a run's folder is told as such, and nothing in it is executed."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from safetensors.numpy import load_file, save_file

import bpframe as bp
from bpframe.errors import CheckpointError

WEIGHTS = "weights.safetensors"


@pytest.fixture
def run(tmp_path: Path, without_digests: Callable[[Path], Path]) -> Path:
    """A run without digests, which would notice everything first."""
    net = bp.Network([Dense(units=3), Sigmoid()], cost=QuadraticCost(), input_shape=(2,), dtype="float32")
    net.fit(np.ones((4, 2)), np.ones((4, 3)), optimizer=GradientDescent(learning_rate=0.1), epochs=1)
    return without_digests(net.save(tmp_path / "run"))


def change_arrays(run: Path, change: Callable[[dict[str, np.ndarray]], object], version: str = "1") -> None:
    arrays = load_file(run / WEIGHTS)
    change(arrays)
    save_file(arrays, run / WEIGHTS, metadata={"format_version": version})


def change_json(run: Path, name: str, **changes: object) -> None:
    value = json.loads((run / name).read_text())
    (run / name).write_text(json.dumps({**value, **changes}))


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def cut(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])


def put(value: float) -> Callable[[dict[str, np.ndarray]], object]:
    def change(arrays: dict[str, np.ndarray]) -> None:
        arrays["dense_1.w"][1, 1] = value

    return change


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("exploded"),))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no versions": (lambda run: (run / "versions.json").unlink(), "there is no versions.json"),
    "no spec": (lambda run: (run / "spec.yaml").unlink(), "spec.yaml is missing"),
    "no weights": (lambda run: (run / WEIGHTS).unlink(), "weights.safetensors is missing"),
    "no history": (lambda run: (run / "history.json").unlink(), "history.json is missing"),
    "weights end early": (lambda run: cut(run / WEIGHTS, -5), "weights.safetensors is damaged"),
    "weights end in the header": (lambda run: cut(run / WEIGHTS, 20), "weights.safetensors is damaged"),
    "weights are empty": (lambda run: cut(run / WEIGHTS, 0), "weights.safetensors is damaged"),
    "weights are a folder": (
        lambda run: ((run / WEIGHTS).unlink(), (run / WEIGHTS).mkdir()),
        "weights.safetensors is missing",
    ),
    "weights are a pickle": (lambda run: (run / WEIGHTS).write_bytes(pickle.dumps(Bomb())), "damaged"),
    "a parameter is missing": (
        lambda run: change_arrays(run, lambda arrays: arrays.pop("dense_1.b")),
        "has no parameter 'dense_1.b'",
    ),
    "a parameter too many": (
        lambda run: change_arrays(run, lambda arrays: arrays.update({"dense_2.w": np.ones(1, np.float32)})),
        "a parameter 'dense_2.w'",
    ),
    "a state too many": (
        lambda run: change_arrays(run, lambda arrays: arrays.update({"state/dense_1.mean": np.ones(1, np.float32)})),
        "a state 'dense_1.mean'",
    ),
    "another shape": (
        lambda run: change_arrays(run, lambda arrays: arrays.update({"dense_1.w": np.ones((2, 3), np.float32)})),
        r"'dense_1.w' does not fit(?s:.*)\(3, 2\)(?s:.*)\(2, 3\)",
    ),
    "another dtype": (
        lambda run: change_arrays(run, lambda arrays: arrays.update({"dense_1.w": np.ones((3, 2))})),
        "'dense_1.w' does not fit(?s:.*)float32(?s:.*)float64",
    ),
    "NaN": (lambda run: change_arrays(run, put(np.nan)), "parameter 'dense_1.w' is not finite"),
    "infinity": (lambda run: change_arrays(run, put(-np.inf)), "parameter 'dense_1.w' is not finite"),
    "newer weights": (lambda run: change_arrays(run, lambda arrays: None, "3"), "format 3"),
    "weights of another program": (lambda run: save_file(load_file(run / WEIGHTS), run / WEIGHTS), "format version"),
    "newer run": (lambda run: change_json(run, "versions.json", format=3, bpframe="9.0"), "format 3 by bpframe 9.0"),
    "no format": (lambda run: change_json(run, "versions.json", format=None), "versions.json is damaged"),
    "versions no object": (lambda run: (run / "versions.json").write_text("[]"), "versions.json is damaged"),
    "versions no JSON": (lambda run: cut(run / "versions.json", 30), "versions.json is damaged"),
    "versions too deep": (lambda run: (run / "versions.json").write_text("[" * 100_000), "versions.json is damaged"),
    "versions not UTF-8": (lambda run: (run / "versions.json").write_bytes(b"\xff\xfe"), "versions.json is damaged"),
    "unknown component": (
        lambda run: replace_text(run / "spec.yaml", "reference.sigmoid", "reference.sigmoyd"),
        r"network.layers\[1\].kind = 'reference.sigmoyd'",
    ),
    "component of a missing set": (
        lambda run: replace_text(run / "spec.yaml", "reference.sigmoid", "faraway.sigmoid"),
        "'faraway.sigmoid' is not a layer",
    ),
    "another network": (lambda run: replace_text(run / "spec.yaml", "units: 3", "units: 4"), "does not fit"),
    "no network": (lambda run: replace_text(run / "spec.yaml", "input_shape: [2]", "input_shape: []"), "spec.yaml"),
    "spec that calls": (
        lambda run: (run / "spec.yaml").write_text("network: !!python/object/apply:os.mkdir [exploded]\n"),
        "spec.yaml",
    ),
    "history ends early": (lambda run: cut(run / "history.json", 40), "history.json is damaged"),
    "history of another kind": (lambda run: (run / "history.json").write_text('{"a": 1}'), "history.json is damaged"),
    "more units than memory": (
        lambda run: replace_text(run / "spec.yaml", "units: 3", "units: 3000000000000"),
        r"'dense_1\.\w' does not fit(?s:.*)3000000000000",
    ),
    "more inputs than memory": (
        lambda run: replace_text(run / "spec.yaml", "input_shape: [2]", "input_shape: [2000000000000]"),
        "'dense_1.w' does not fit",
    ),
    "columns of another input": (
        lambda run: (run / "columns.json").write_text('{"inputs": {"z": ["a", "b"]}, "targets": {}}'),
        "not the columns of an input 'z'",
    ),
    "columns too many": (
        lambda run: (run / "columns.json").write_text('{"inputs": {"x": ["a", "b", "c"]}, "targets": {}}'),
        "not the columns of an input 'x'",
    ),
    "columns of another kind": (
        lambda run: (run / "columns.json").write_text('{"inputs": {"x": [1.5, null]}}'),
        "columns.json is damaged",
    ),
    "preparation of another kind": (
        lambda run: (run / "preparation.json").write_text('{"dtype": "int8"}'),
        "preparation.json is damaged",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told(run: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.parent)
    harm, message = DAMAGES[damage]
    harm(run)
    with pytest.raises(CheckpointError, match=message):
        bp.load(run)
    assert not (run.parent / "exploded").exists()


def test_the_same_run_without_damage_loads(run: Path) -> None:
    change_arrays(run, lambda arrays: None)
    change_json(run, "versions.json")
    assert bp.load(run).predict(np.ones((1, 2))).shape == (1, 3)


def test_a_misspelt_folder_is_suggested(run: Path) -> None:
    with pytest.raises(CheckpointError, match=f"did you mean '{run}'"):
        bp.load(run.with_name("runn"))


def test_a_file_is_no_run(run: Path) -> None:
    with pytest.raises(CheckpointError, match="is no folder"):
        bp.load(run / "spec.yaml")


def test_a_folder_of_something_else_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no run"):
        bp.load(tmp_path)
