"""Saving with each system call failing or ending the process, killed at any time, on a full disk, by many at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bpframe as bp
from bpframe.checkpoint.store import CheckpointStore
from bpframe.errors import CheckpointError
from tests.checkpoint.durability.saving import network

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

#: What a call may answer, once and (+) from then on.
ERRORS = [name + lasting for name in ("ENOSPC", "EDQUOT", "EIO", "EACCES", "EROFS") for lasting in ("", "+")]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is such a disk, so that flushing takes no time."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = memory / f"bpframe-{os.getpid()}-{random.getrandbits(32):x}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that makes calls fail."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    target = tmp_path_factory.mktemp("failing") / "failing.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", target, HERE / "failing.c", "-ldl"], check=True)
    return target


@pytest.fixture
def tracing() -> None:
    if sys.platform != "linux":
        pytest.skip("needs ptrace of Linux")
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    if scope.exists() and scope.read_text().strip() == "3":
        pytest.skip("this system lets nobody trace a process")


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]), **more}


def tried(script: str, *words: object, **more: str) -> dict[str, Any]:
    command = [sys.executable, HERE / script, *map(str, words)]
    done = subprocess.run(command, env=environment(**more), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(script, *words[1:], done.stdout)
    return json.loads(done.stdout)


def test_where_a_call_fails_or_the_process_ends_the_run_before_or_after_is_there_and_nothing_else(
    library, place
) -> None:
    found = tried("calls.py", place, 0.04, "KILL", "ENOSPC", "ENOSPC+", "EIO", LD_PRELOAD=str(library))
    assert found["wrong"] == []
    assert found["killed"] >= 5
    assert found["refused"] >= 20


@pytest.mark.soak
@pytest.mark.parametrize("how", ["KILL", *ERRORS])
def test_every_call_that_changes_a_file_fails(library, place, how) -> None:
    assert tried("calls.py", place, 1, how, LD_PRELOAD=str(library))["wrong"] == []


def test_killed_at_a_system_call_the_run_before_or_after_is_there(place, tracing) -> None:
    found = tried("system_calls.py", place, 0.01)
    assert found["wrong"] == []
    assert found["killed"] >= 10


@pytest.mark.soak
def test_killed_at_every_system_call(place, tracing) -> None:
    assert tried("system_calls.py", place, 1)["wrong"] == []


def test_a_training_that_is_killed_goes_on_to_the_same_bytes(library, place) -> None:
    found = tried("trainings.py", place, "calls", 0.02, LD_PRELOAD=str(library))
    assert found["wrong"] == []
    assert found["killed"] >= 5


@pytest.mark.soak
@pytest.mark.parametrize(("how", "much"), [("chance", 300), ("calls", 1)])
def test_trainings_that_are_killed_anywhere_go_on_to_the_same_bytes(library, place, how, much) -> None:
    assert tried("trainings.py", place, how, much, LD_PRELOAD=str(library))["wrong"] == []


def started(script: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, HERE / script, *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def killed_at_random(place: Path, what: str, times: int) -> None:
    chance, value = random.Random(0), 1
    for _ in range(times):
        with started("writer.py", what, place, value) as writer:
            assert writer.stdout is not None
            durable = int(writer.stdout.readline())
            time.sleep(chance.uniform(0, 0.03))
            writer.kill()
            durable = int((writer.stdout.read().splitlines() or [durable])[-1])
        if what == "save":
            found = float(bp.load(place / "run").parameters.vector[0])
            network(found).save(place / "run", overwrite=True)
            expected = ["run"]
        else:
            store = CheckpointStore(place, keep_last=2)
            found = float(store.newest().step)
            store.write(network(found).checkpoint(), int(found))
            expected = [f"{step:08d}" for step in store.all()]
        assert found in (durable, durable + 1)
        assert sorted({each.name for each in place.iterdir()} - {"best"}) == expected
        value = int(found) + 1


@pytest.mark.parametrize("what", ["save", "store"])
def test_killed_at_random_times_the_last_durable_run_is_there(place, what) -> None:
    killed_at_random(place, what, 3)


@pytest.mark.soak
@pytest.mark.parametrize("what", ["save", "store"])
def test_killed_at_150_random_times(place, what) -> None:
    killed_at_random(place, what, 150)


def beside_each_other(place: Path, what: str, writers: int, readers: int, seconds: float) -> None:
    if what == "save":
        network(0.0).save(place / "run")
    else:
        CheckpointStore(place).write(network(0.0).checkpoint(), 0)
        writers = 1  # a training has its folder alone
    writing = [started("writer.py", what, place, 1 + 1_000_000 * number) for number in range(writers)]
    reading = [started("reader.py", what, place) for _ in range(readers)]
    time.sleep(seconds)
    loads = 0
    for reader in reading:
        told, failure = reader.communicate("")
        assert reader.returncode == 0, failure
        assert json.loads(told)["wrong"] == []
        loads += json.loads(told)["loads"]
    written = 0
    for writer in writing:
        assert writer.poll() is None, writer.communicate()[1]  # none has failed
        writer.kill()
        written += len(writer.communicate()[0].split())
    print(f"{what}: {written} written, {loads} loads")
    assert loads
    assert written


@pytest.mark.parametrize("what", ["save", "store"])
def test_readers_beside_writers_get_whole_runs(place, what) -> None:
    beside_each_other(place, what, writers=2, readers=2, seconds=2)


@pytest.mark.soak
@pytest.mark.parametrize("what", ["save", "store"])
def test_4_writers_and_8_readers_for_a_minute(place, what) -> None:
    beside_each_other(place, what, writers=4, readers=8, seconds=60)


def fits(value: float, run: Path) -> bool:
    try:
        network(value).save(run, overwrite=True)
    except CheckpointError as error:
        return "No space left on device" not in str(error)
    return True


def test_a_disk_that_is_really_full_leaves_the_run_before(tmp_path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    options = ["-t", "tmpfs", "-o", "size=256k,nr_inodes=64"]
    if shutil.which("mount") is None or subprocess.run(["mount", *options, "none", small], stderr=-3).returncode:
        pytest.skip("needs the right to mount a disk in memory")
    try:
        network(1.0).save(small / "run")
        free = os.statvfs(small).f_bavail * os.statvfs(small).f_frsize
        for left in range(0, free, 4096):
            (small / "ballast").write_bytes(bytes(free - left))
            if fits(2.0, small / "run"):
                break
            names = {each.name for each in small.iterdir()}
            assert names == {"ballast", "run"}
            assert set(bp.load(small / "run").parameters.vector) == {1.0}
            (small / "ballast").unlink()
        assert left
        assert set(bp.load(small / "run").parameters.vector) == {2.0}
    finally:
        subprocess.run(["umount", small], check=True)
