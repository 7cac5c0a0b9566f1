"""Files are read through one door: regular ones, of a stated size, without waiting."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from bpframe.errors import CheckpointError, DataError
from bpframe.machine import memory, opening
from bpframe.machine.opening import bytes_of, nearby, opened, text_of

posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")


def no_file(kind: str, folder: Path) -> Path:
    """Return the path of what is no file."""
    path = folder / "thing"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a named pipe":
        os.mkfifo(path)
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as bound:
            here = Path.cwd()
            os.chdir(folder)  # a socket's name is at most 108 bytes
            try:
                bound.bind("thing")
            finally:
                os.chdir(here)
    else:
        path = Path("/dev/zero")
    return path


@posix
@pytest.mark.parametrize("linked", [False, True], ids=["itself", "link"])
@pytest.mark.parametrize("kind", ["a folder", "a named pipe", "a socket", "a device"])
def test_what_is_no_file_is_refused_at_once(kind: str, linked: bool, tmp_path: Path) -> None:
    path = no_file(kind, tmp_path)
    if linked:
        path = tmp_path / "link"
        path.symlink_to(no_file(kind, tmp_path) if kind == "a device" else tmp_path / "thing")
    began = time.monotonic()
    with pytest.raises(DataError, match="cannot be read") as error:
        bytes_of(path, DataError)
    assert error.value.received == f"it is {kind}"
    assert time.monotonic() - began < 1


@posix
def test_what_takes_the_name_after_the_check_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("content")
    looked = Path.stat

    def swapped(place: Path) -> os.stat_result:
        found = looked(place)
        path.unlink()
        os.mkfifo(path)
        return found

    monkeypatch.setattr(Path, "stat", swapped)
    with pytest.raises(DataError) as error:
        bytes_of(path, DataError)
    assert error.value.received == "it is a named pipe"


def test_a_file_is_at_most_as_large_as_is_said(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert bytes_of(path, DataError, 5) == b"12345"
    with pytest.raises(CheckpointError, match="is too large") as error:
        bytes_of(path, CheckpointError, 4)
    assert (error.value.expected, error.value.received) == ("at most 4 bytes", "5 bytes")


def test_a_file_larger_than_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**36 * 64)
    with pytest.raises(DataError, match="is too large"):
        bytes_of(path, DataError)
    with opened(path, DataError) as stream:  # who reads piece by piece may
        assert stream.read(3) == b"\0\0\0"


def test_room_for_several_copies_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    monkeypatch.setattr(opening, "available_memory", lambda: 10)
    assert len(bytes_of(path, DataError, copies=2)) == 5
    with pytest.raises(DataError, match="is too large"):
        bytes_of(path, DataError, copies=3)


def test_a_file_that_grows_is_read_to_the_size_that_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"123")
    size = os.fstat

    def grown(number: int) -> os.stat_result:
        found = size(number)
        with path.open("ab") as file:
            file.write(b"4")
        return found

    monkeypatch.setattr(os, "fstat", grown)  # which is asked twice
    assert bytes_of(path, DataError) == b"1234"


def test_a_missing_file_is_named_with_what_is_called_almost_so(tmp_path: Path) -> None:
    (tmp_path / "weights.npz").write_bytes(b"")
    with pytest.raises(DataError, match=r"weigths\.npz does not exist") as error:
        bytes_of(tmp_path / "weigths.npz", DataError)
    assert error.value.hint == f"did you mean '{tmp_path / 'weights.npz'}'?"
    assert nearby(tmp_path / "nothing" / "like it") is None


@pytest.mark.parametrize("name", ["a\0b", "n" * 300], ids=["zero byte", "too long"])
def test_a_name_that_no_file_can_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        bytes_of(tmp_path / name, DataError)


def test_text_is_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("é".encode())
    assert text_of(path, DataError) == "é"
    path.write_bytes(b"a\xff")
    with pytest.raises(DataError, match="is not UTF-8 text") as error:
        text_of(path, DataError)
    assert error.value.received == "byte 0xff at 1"


@posix
def test_a_pipe_is_read_where_streams_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[b"line\n"])
    writer.start()
    found = b""
    while not found:  # without a writer yet it is at its end
        with opened(path, DataError, allow_stream=True) as stream:
            found = stream.read()
    writer.join()
    assert found == b"line\n"


def test_small_needs_are_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    memory.require_memory(memory.SMALL, "it", DataError)
    with pytest.raises(DataError, match="it does not fit into memory") as error:
        memory.require_memory(memory.SMALL + 1, "it", DataError, "take less")
    assert (error.value.expected, error.value.received, error.value.hint) == (
        "at most 0 bytes, which are free now",
        "67,108,865 bytes",
        "take less",
    )


@pytest.mark.parametrize(
    ("files", "own"),
    [
        (
            {
                "memory.max": "1000",
                "memory.current": "900",
                "memory.stat": "anon 600\nactive_file 40\ninactive_file 60\n",
            },
            "0::/",
        ),
        (
            {
                "memory/memory.limit_in_bytes": "1000",
                "memory/memory.usage_in_bytes": "900",
                "memory/memory.stat": "active_file 1\ntotal_active_file 40\ntotal_inactive_file 60\n",
            },
            "7:cpu,memory:/",
        ),
    ],
    ids=["version 2", "version 1"],
)
@pytest.mark.parametrize("below", ["", "a/b"])
def test_a_control_group_and_those_around_it_limit_memory(
    files: dict[str, str], own: str, below: str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "own").write_text(own + below + "\n")
    assert memory._of_the_group(tmp_path, tmp_path / "own") == 200


def test_this_machine_has_memory() -> None:
    assert 0 < memory.available_memory() < 2**50
