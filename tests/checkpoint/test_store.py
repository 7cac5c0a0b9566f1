"""Checkpoints of one training: whole ones, the last few of them, the best beside them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost

import bpframe as bp
from bpframe.checkpoint import Checkpoint
from bpframe.checkpoint.content import FILES
from bpframe.checkpoint.folder import new_folder
from bpframe.checkpoint.locking import locked
from bpframe.checkpoint.next_place import write_somewhere
from bpframe.checkpoint.store import CheckpointStore
from bpframe.documents import RunSpec
from bpframe.errors import CheckpointError


def checkpoint(value: float) -> Checkpoint:
    net = bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost())
    net.parameters.vector[:] = value
    return Checkpoint(RunSpec(network=net.spec), {**net.parameters}, {})


def value_of(found: Checkpoint) -> float:
    (value,) = {float(each) for array in found.parameters.values() for each in np.ravel(array)}
    return value


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_the_last_few_stay_and_the_newest_is_read(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "checkpoints", keep_last=2)
    for step in (1, 20, 300):
        assert store.write(checkpoint(step), step) == tmp_path / "checkpoints" / f"{step:08d}"
    assert list(store.all()) == [20, 300]
    assert names(tmp_path / "checkpoints") == ["00000020", "00000300"]
    found = store.newest()
    assert (found.step, value_of(found.checkpoint)) == (300, 300.0)


def test_all_stay_where_no_number_is_said_and_steps_go_beyond_eight_digits(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    for step in (5, 123_456_789, 99_999_999):
        store.write(checkpoint(1.0), step)
    assert list(store.all()) == [5, 99_999_999, 123_456_789]
    assert store.newest().step == 123_456_789


def test_the_best_is_kept_beside_the_last(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep_last=1)
    for step, best in ((1, False), (2, True), (3, False), (4, False)):
        store.write(checkpoint(step), step, best=best)
    assert names(tmp_path) == ["00000004", "best"]
    best = store.best()
    assert best is not None
    assert np.all(bp.load(best).parameters.vector == 2.0)
    store.write(checkpoint(5.0), 5, best=True)
    assert np.all(bp.load(best).parameters.vector == 5.0)


def test_a_process_killed_between_the_best_and_its_step_has_the_best(tmp_path: Path, monkeypatch) -> None:
    """The training goes on from the step before, and comes to the best again; it would not, were it the step first."""
    store = CheckpointStore(tmp_path)
    store.write(checkpoint(1.0), 1, best=True)
    monkeypatch.setattr(store, "_take_best", lambda target: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        store.write(checkpoint(2.0), 2, best=True)
    assert list(store.all()) == [1]
    assert np.all(bp.load(tmp_path / "best").parameters.vector == 2.0)


def test_one_step_written_twice_is_the_later_one(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.write(checkpoint(1.0), 7)
    store.write(checkpoint(2.0), 7)
    assert value_of(store.newest().checkpoint) == 2.0
    assert names(tmp_path) == ["00000007"]


@pytest.mark.parametrize("damage", ["cut", "gone", "empty", "changed"])
def test_a_damaged_one_is_told_and_the_one_before_it_taken(tmp_path: Path, damage: str) -> None:
    store = CheckpointStore(tmp_path)
    for step in (1, 2):
        store.write(checkpoint(step), step)
    weights = tmp_path / "00000002" / "weights.safetensors"
    content = weights.read_bytes()
    if damage == "gone":
        weights.unlink()
    else:
        weights.write_bytes({"cut": content[:-9], "empty": b"", "changed": content[:-1] + b"?"}[damage])
    with pytest.warns(UserWarning, match=r"the checkpoint before it is taken, .*00000001"):
        assert value_of(store.newest().checkpoint) == 1.0
    weights.parent.rename(tmp_path / "00000001x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.newest().step == 1


@pytest.mark.parametrize("name", ["00000009", "000000009", "٠٠٠٠٠٠٠٩"])
def test_what_is_no_folder_of_a_step_hinders_nobody(tmp_path: Path, name: str) -> None:
    store = CheckpointStore(tmp_path)
    store.write(checkpoint(1.0), 1)
    (tmp_path / name).write_text("a file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if name == "00000009" else "error")
        assert store.newest().step == 1


def test_later_ones_that_are_damaged_do_not_count_among_the_last(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep_last=1)
    store.write(checkpoint(300.0), 300)
    (tmp_path / "00000300" / "spec.yaml").unlink()
    for step in (100, 200):  # the training goes on from one before
        store.write(checkpoint(step), step)
        with pytest.warns(UserWarning, match="00000300 is not whole"):
            assert store.newest().step == step
    store.write(checkpoint(400.0), 400)
    assert list(store.all()) == [400]


def test_one_that_a_writer_has_put_aside_is_read_where_it_lies(tmp_path: Path) -> None:
    """It was killed between two renamings, on a disk that cannot exchange two names."""
    store = CheckpointStore(tmp_path)
    for step, best in ((1, False), (2, True)):
        store.write(checkpoint(step), step, best=best)
    (tmp_path / "00000002").rename(tmp_path / ".00000002.before-0123abcd")
    (tmp_path / "best").rename(tmp_path / ".best.before-0123abcd")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value_of(store.newest().checkpoint) == 2.0
    best = store.best()
    assert best is not None
    assert np.all(bp.load(best).parameters.vector == 2.0)
    store.write(checkpoint(3.0), 3)
    assert names(tmp_path) == ["00000001", "00000002", "00000003", "best"]


def test_where_none_can_be_read_the_last_ones_error_is_told(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    with pytest.raises(CheckpointError, match="there is no checkpoint in"):
        store.newest()
    for step in (1, 2):
        store.write(checkpoint(step), step)
        (tmp_path / f"{step:08d}" / "spec.yaml").unlink()
    with pytest.raises(CheckpointError, match=r"00000002 is not whole: spec\.yaml is missing"):
        store.newest()


def test_one_that_vanishes_while_it_is_read_makes_it_look_again(tmp_path: Path, monkeypatch) -> None:
    import bpframe.checkpoint.store as module

    store, read = CheckpointStore(tmp_path), module.read_checkpoint
    store.write(checkpoint(1.0), 1)

    def meanwhile(path: Path, components: tuple) -> Checkpoint:
        if path.name == "00000001":
            CheckpointStore(tmp_path, keep_last=1).write(checkpoint(2.0), 2)
        return read(path, components)

    monkeypatch.setattr(module, "read_checkpoint", meanwhile)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.newest().step == 2


def test_the_older_one_stays_until_the_newer_is_durable(tmp_path: Path, monkeypatch) -> None:
    store = CheckpointStore(tmp_path, keep_last=1)
    store.write(checkpoint(1.0), 1)
    monkeypatch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(CheckpointError, match="cannot be written"):
        store.write(checkpoint(2.0), 2)
    monkeypatch.undo()
    assert names(tmp_path) == ["00000001"]
    assert value_of(store.newest().checkpoint) == 1.0


def test_a_parameter_that_is_not_finite_is_not_kept(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep_last=1)
    store.write(checkpoint(1.0), 1)
    with pytest.raises(CheckpointError, match="is not finite"):
        store.write(checkpoint(np.nan), 2)
    assert list(store.all()) == [1]


def test_who_writes_is_alone_and_the_second_is_told_who_it_is(tmp_path: Path) -> None:
    with locked(tmp_path / "run"), pytest.raises(CheckpointError) as caught, locked(tmp_path / "run", wait=0.1):
        pass
    assert "is being written by another" in str(caught.value)
    assert f"process {os.getpid()}" in str(caught.value.received)
    assert names(tmp_path) == []


def test_a_lock_ends_with_its_process_and_what_it_left_is_swept(tmp_path: Path) -> None:
    """It is killed while it writes a draft."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from bpframe.checkpoint.folder import new_folder\n"
        "with new_folder(Path(sys.argv[1]), True, ['spec.yaml']) as draft:\n"
        "    (draft / 'spec.yaml').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "00000001"], check=False)
    assert any(".draft-" in name for name in names(tmp_path))
    CheckpointStore(tmp_path).write(checkpoint(1.0), 1)
    assert names(tmp_path) == ["00000001"]


def test_what_is_not_ours_is_not_swept(tmp_path: Path) -> None:
    (tmp_path / ".00000001.draft-0123abcd").mkdir()
    (tmp_path / ".00000001.draft-0123abcd" / "diary.txt").write_text("dear diary")
    (tmp_path / ".notes.draft-0123abcd").write_text("a file")
    CheckpointStore(tmp_path).write(checkpoint(1.0), 1)
    assert names(tmp_path) == [".00000001.draft-0123abcd", ".notes.draft-0123abcd", "00000001"]


def test_what_a_living_writer_has_is_not_swept_by_its_neighbour(tmp_path: Path) -> None:
    with new_folder(tmp_path / "00000002", False, FILES) as draft:
        CheckpointStore(tmp_path).write(checkpoint(1.0), 1)
        assert draft.is_dir()
        assert (tmp_path / ".00000002.bpframe-lock").exists()
    assert names(tmp_path) == ["00000001", "00000002"]


def test_a_dead_neighbours_draft_lock_and_run_before_are_put_in_order(tmp_path: Path) -> None:
    for left in (".a.draft-0123abcd", ".b.before-0123abcd"):
        CheckpointStore(tmp_path / left).write(checkpoint(1.0), 1)
        for each in (tmp_path / left / "00000001").iterdir():
            each.rename(tmp_path / left / each.name)
        (tmp_path / left / "00000001").rmdir()
    (tmp_path / ".c.bpframe-lock").write_text("{")
    network = bp.load(tmp_path / "b")  # it was put aside
    network.save(tmp_path / "d")
    assert names(tmp_path) == ["b", "d"]


@pytest.mark.skipif(os.name == "nt", reason="flock is not of Windows")
def test_without_locks_of_the_file_system_it_is_saved_and_nobodys_draft_is_swept(tmp_path: Path, monkeypatch) -> None:
    import fcntl

    def missing(number: int, what: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", missing)
    (tmp_path / ".00000001.draft-0123abcd").mkdir()
    CheckpointStore(tmp_path).write(checkpoint(1.0), 1)
    assert names(tmp_path) == [".00000001.draft-0123abcd", "00000001"]


def full(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_at_the_end_of_a_training_the_cache_folder_takes_what_a_full_disk_does_not(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path / "cache"))
    wanted = tmp_path / "run" / "checkpoints" / "00000009"

    def write(place: Path) -> Path:
        if place == wanted:
            monkeypatch.setattr(os, "fsync", full)
        try:
            return CheckpointStore(place.parent).write(checkpoint(9.0), 9) if place == wanted else saved(place)
        finally:
            monkeypatch.undo()
            monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path / "cache"))

    def saved(place: Path) -> Path:
        from bpframe.checkpoint import write_checkpoint

        return write_checkpoint(checkpoint(9.0), place)

    with pytest.warns(UserWarning, match=r"No space left on device.*what was to be kept is in"):
        found = write_somewhere(write, wanted)
    assert found == tmp_path / "cache" / "saved" / "run-00000009"
    assert set(names(found)) <= set(FILES)
    assert np.all(bp.load(found).parameters.vector == 9.0)


def test_where_every_disk_is_full_it_says_how_to_save(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("BPFRAME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "fsync", full)
    store = CheckpointStore(tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"net\.save\(folder\)"):
        write_somewhere(
            lambda place: CheckpointStore(place.parent).write(checkpoint(1.0), 1), store.folder / "00000001"
        )
    assert not store.all()
