"""Every file of a saved run is what was saved, to the last bit, or the error names it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.checkpoint import writing
from bpframe.data import NpzData
from bpframe.documents import RunSpec, TrainingSpec
from bpframe.errors import CheckpointError
from bpframe.runs.experiment import prepare_experiment

RUNS = Path(__file__).parent / "runs"
FILES = (
    "history.json",
    "optimizer.safetensors",
    "preparation.json",
    "spec.yaml",
    "training.json",
    "versions.json",
    "weights.safetensors",
)


def saved(folder: Path, seed: int = 0) -> Path:
    """Save a small run with all of its files."""
    rng = np.random.default_rng(seed)
    folder.parent.mkdir(exist_ok=True, parents=True)
    points = folder.parent / f"points{seed}.npz"
    if not points.exists():  # of a file its place, its size and its bytes are kept
        np.savez(points, x=5 + rng.normal(size=(12, 2)), y=rng.integers(0, 2, 12))
    network = bp.Network(
        [Dense(units=2), Sigmoid()], input_shape=(2,), cost=QuadraticCost(), dtype="float32", seed=seed
    )
    training = TrainingSpec(optimizer=GradientDescent(learning_rate=1.0), epochs=2 + seed, batch_size=4, seed=seed)
    data = NpzData(path=points.name, one_hot=True, classes=2, scaling="standard")
    experiment = prepare_experiment(RunSpec(network=network.spec, training=training, data=data), folder.parent)
    experiment.train(progress=False)
    return experiment.save(folder)


def refusal(run: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        bp.load(run)
    return caught.value


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def test_the_digests_are_those_of_the_files(run: Path) -> None:
    versions = json.loads((run / "versions.json").read_text())
    assert sorted([*versions["digests"], "versions.json"]) == sorted(each.name for each in run.iterdir()) == [*FILES]
    for name, digest in versions["digests"].items():
        assert hashlib.sha256((run / name).read_bytes()).hexdigest() == digest
    bp.load(run)


def test_one_run_has_one_set_of_bytes(whole: Path) -> None:
    """Three more runs: metadata in an order by chance would agree by chance, as five names have 120 orders."""
    timed = {"history.json", "versions.json"}
    for again in range(3):
        other = saved(whole.parent / f"again {again}")
        for name in set(FILES) - timed:
            assert (other / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_noticed_wherever_it_is(run: Path, name: str) -> None:
    content = (run / name).read_bytes()
    rng = np.random.default_rng(0)
    places = rng.permutation(8 * len(content))[:120].tolist()
    for place in places:
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        (run / name).write_bytes(flipped)
        assert name in refusal(run).problem, (name, place)
    (run / name).write_bytes(content)
    bp.load(run)


@pytest.mark.soak
@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_is_noticed(run: Path, name: str) -> None:
    content = (run / name).read_bytes()
    for place in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        (run / name).write_bytes(flipped)
        assert name in refusal(run).problem, (name, place)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_longer_or_written_anew_is_named(run: Path, name: str) -> None:
    content = (run / name).read_bytes()
    spaced = content.replace(b"\n", b"\r\n") if not name.endswith(".safetensors") else content + b"\0"
    for other in (b"", content[:-1], content[: len(content) // 2], content + b"\n", content + b"\0" * 100, spaced):
        (run / name).write_bytes(other)
        assert name in refusal(run).problem


@pytest.mark.parametrize("name", [name for name in FILES if name != "versions.json"])
def test_a_file_of_another_run_is_named(run: Path, tmp_path: Path, name: str) -> None:
    other = saved(tmp_path / "other" / "run", seed=1)
    shutil.copy(other / name, run / name)
    assert name in refusal(run).problem


def test_versions_of_another_run_fit_no_file(run: Path, tmp_path: Path) -> None:
    shutil.copy(saved(tmp_path / "other" / "run", seed=1) / "versions.json", run / "versions.json")
    assert "is damaged, or was changed after the run was saved" in refusal(run).problem


def test_a_file_that_the_run_was_saved_without_is_named(run: Path, tmp_path: Path) -> None:
    net = bp.Network([Dense(units=2)], input_shape=(2,))
    bare = net.save(tmp_path / "bare")
    shutil.copy(run / "preparation.json", bare)
    assert "preparation.json" in refusal(bare).problem
    (bare / "preparation.json").unlink()
    (bare / "notes.txt").write_text("what else is there is nobody's business")
    bp.load(bare)


def test_versions_without_its_digests_is_no_run_of_before(run: Path) -> None:
    versions = json.loads((run / "versions.json").read_text())
    without_one = [{key: value for key, value in versions.items() if key != left} for left in versions]
    renamed = {
        "digest_" if key == "digest" else "digests_" if key == "digests" else key: versions[key] for key in versions
    }
    for damaged in [*without_one, renamed]:
        (run / "versions.json").write_text(json.dumps(damaged, indent=2) + "\n")
        assert "versions.json" in refusal(run).problem


def test_an_edited_spec_is_refused_with_the_way_to_another_run(run: Path) -> None:
    spec = run / "spec.yaml"
    spec.write_text(spec.read_text().replace("seed: 0", "seed: 1"))
    error = refusal(run)
    assert "was changed after the run was saved" in error.problem
    assert f"bpframe train {spec} --output" in str(error.hint)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (
            "float32",
            [["0x1.8831620000000p-1", "0x1.d0e81e0000000p-4"], ["0x1.d1867e0000000p-3", "0x1.97a5420000000p-1"]],
        ),
        (
            "float64",
            [["0x1.8831614cfc5dbp-1", "0x1.d0e8190d77a3ep-4"], ["0x1.d1867ce1eba93p-3", "0x1.97a5422288617p-1"]],
        ),
    ],
)
def test_runs_written_before_there_were_digests_load(dtype: str, expected: list[list[str]]) -> None:
    """Both were trained and saved by bpframe 0.1.0 of before, and these are its predictions for two animals."""
    net = bp.load(RUNS / f"before_digests_{dtype}")
    inputs = net.preparation.apply_inputs([[52.0, 1.53], [47.0, 1.49]])
    found = net.predict(inputs, raw=False)
    assert found.dtype == dtype
    exact = np.array([[float.fromhex(each) for each in row] for row in expected])
    assert np.allclose(found, exact, rtol=4 * np.finfo(dtype).eps, atol=0)
    assert len(net.history) == 3


@pytest.mark.parametrize("seed", range(2))
def test_a_damaged_run_without_digests_is_a_typed_error_or_loads(
    run: Path, without_digests: Callable[[Path], Path], seed: int
) -> None:
    """Nothing but the project's errors comes out of any bytes, as a run of before has nothing to compare them with."""
    rng = np.random.default_rng(seed)
    without_digests(run)
    contents = {name: (run / name).read_bytes() for name in FILES}
    for _ in range(60):
        name = str(rng.choice(FILES))
        damaged = bytearray(contents[name])
        for _ in range(int(rng.integers(1, 5))):
            damaged[int(rng.integers(len(damaged)))] = int(rng.integers(256))
        (run / name).write_bytes(damaged)
        with contextlib.suppress(CheckpointError):
            bp.load(run)
        (run / name).write_bytes(contents[name])


HOSTILE = {
    "deep": "[" * 100_000,
    "deep but closed": '{"a":' * 900 + "1" + "}" * 900,
    "large number": "1" + "0" * 10_000,
    "infinity": '{"format": 1e999}',
    "large format": '{"format": ' + "9" * 4000 + "}",
    "not a number": '{"format": NaN}',
    "sealed depth": '{"format": 1, "digest": "", "digests":' + '{"a":' * 600 + "1" + "}" * 601,
    "text": '"versions"',
    "nothing": "null",
}


@pytest.mark.parametrize("name", [name for name in FILES if name != "weights.safetensors"])
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_typed_errors(
    run: Path, without_digests: Callable[[Path], Path], name: str, value: str
) -> None:
    (without_digests(run) / name).write_text(HOSTILE[value])
    assert len(str(refusal(run))) < 3000


def test_weights_are_in_memory_once_more_while_they_are_written(tmp_path: Path) -> None:
    arrays = {"w": np.ones(1 << 17)}
    writing._write_arrays(arrays, tmp_path / "first")
    tracemalloc.start()
    writing._write_arrays(arrays, tmp_path / "second", told="words")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * arrays["w"].nbytes
