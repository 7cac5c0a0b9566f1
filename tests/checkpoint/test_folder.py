"""A run's folder appears whole or not at all, and never at the cost of another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Dense

import bpframe as bp
from bpframe.checkpoint import check_destination, folder, free_folder, writing
from bpframe.errors import CheckpointError
from bpframe.machine.exchange import exchange

FILES = {"spec.yaml", "weights.safetensors", "versions.json"}


def network(seed: int = 0) -> bp.Network:
    return bp.Network([Dense(units=2)], input_shape=(3,), seed=seed)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return network(1).save(tmp_path / "run")


def same_weights(run: Path, net: bp.Network) -> bool:
    return bool(np.array_equal(bp.load(run).parameters.vector, net.parameters.vector))


def test_a_run_holds_its_files_and_nothing_else_appears(run: Path) -> None:
    assert {each.name for each in run.iterdir()} == FILES
    assert list(run.parent.iterdir()) == [run]


def test_folders_above_are_made(tmp_path: Path) -> None:
    assert same_weights(network().save(tmp_path / "a" / "b" / "run"), network())


def test_an_existing_folder_is_refused_and_kept(run: Path) -> None:
    with pytest.raises(CheckpointError, match="exists"):
        network(2).save(run)
    assert same_weights(run, network(1))


def test_an_empty_folder_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(CheckpointError, match="exists"):
        network().save(tmp_path / "run")


def test_overwriting_replaces_a_run(run: Path) -> None:
    network(2).save(run, overwrite=True)
    assert same_weights(run, network(2))
    assert list(run.parent.iterdir()) == [run]


def test_overwriting_spares_a_folder_that_holds_anything_else(run: Path) -> None:
    (run / "notes.txt").write_text("keep me")
    with pytest.raises(CheckpointError, match=r"(?s)holds more than a saved run.*notes\.txt"):
        network(2).save(run, overwrite=True)
    assert (run / "notes.txt").read_text() == "keep me"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_never_replaced(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "run").write_text("precious")
    with pytest.raises(CheckpointError, match="is no folder"):
        network().save(tmp_path / "run", overwrite=overwrite)
    assert (tmp_path / "run").read_text() == "precious"


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    net = network()
    net.parameters["dense_1.w"][0, 1] = np.nan
    with pytest.raises(CheckpointError, match=r"'dense_1\.w' is not finite"):
        net.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["_write_arrays", "_versions"])
def test_a_failure_on_the_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    def fail(*args: object) -> None:
        raise error

    monkeypatch.setattr(writing, step, fail)
    with pytest.raises((CheckpointError, KeyboardInterrupt)) as caught:
        network().save(tmp_path / "run")
    if isinstance(error, OSError):
        assert "No space left on device" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exchanges", [True, False])
def test_the_old_run_survives_a_failure_at_any_moment(
    run: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    # Each flush and each renaming fails once, one after another, until one attempt meets no failure.
    left = 0

    def failing(original):
        def call(*args):
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(5, "Input/output error")
            return original(*args)

        return call

    monkeypatch.setattr(folder.os, "fsync", failing(folder.os.fsync))
    monkeypatch.setattr(Path, "rename", failing(Path.rename))
    if exchanges and not exchange(run, run):
        pytest.skip("this disk cannot exchange names")
    monkeypatch.setattr(folder, "exchange", failing(exchange) if exchanges else lambda *names: False)
    failures = 0
    for moment in range(1, 50):
        left = moment
        try:
            network(2).save(run, overwrite=True)
        except CheckpointError:
            failures += 1
            left = 0
            assert same_weights(run, network(1))
            assert list(run.parent.iterdir()) == [run]
        else:
            break
    assert left > 0
    moves = ["exchange"] if exchanges else ["old aside", "new in place", "old as draft"]
    assert failures == len(FILES) + len(["draft", *moves, "parent"])
    assert same_weights(run, network(2))


def test_a_parent_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for call in (network().save, check_destination):
        with pytest.raises(CheckpointError, match=r"(?s)cannot be written.*file"):
            call(tmp_path / "file" / "run")


def test_checking_a_destination_leaves_no_trace(tmp_path: Path) -> None:
    check_destination(tmp_path / "a" / "b" / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_check_of_a_destination_that_was_killed_leaves_nothing_for_long(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Path, "rmdir", lambda folder: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        check_destination(tmp_path / "run")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) != []
    run = network().save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == [run]


def test_a_free_folder_counts_on(tmp_path: Path) -> None:
    assert free_folder(tmp_path / "run") == tmp_path / "run"
    (tmp_path / "run").mkdir()
    (tmp_path / "run-2").symlink_to(tmp_path / "nowhere")
    assert free_folder(tmp_path / "run") == tmp_path / "run-3"
