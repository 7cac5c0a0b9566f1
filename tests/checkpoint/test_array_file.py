"""A file of arrays is read as the library that wrote it reads it, and refused where a byte of it is wrong."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from safetensors.numpy import load, save

from bpframe.checkpoint.array_file import check_layout, read_arrays
from bpframe.errors import BpframeError, CheckpointError
from bpframe.machine import memory

KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ARRAYS = st.dictionaries(
    TEXT.filter(lambda name: name != "__metadata__"),
    st.sampled_from(KINDS).flatmap(
        lambda kind: arrays_of.arrays(np.dtype(kind), arrays_of.array_shapes(min_dims=0, min_side=0, max_dims=4))
    ),
    max_size=5,
)


@settings(max_examples=60)
@given(arrays=ARRAYS, told=st.dictionaries(TEXT, TEXT, min_size=1, max_size=2))
def test_arrays_come_back_to_the_last_bit(arrays: Any, told: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = save(arrays, metadata=told)
    path = tmp_path_factory.getbasetemp() / "file.safetensors"
    path.write_bytes(content)
    check_layout(path)
    found, also = read_arrays(path)
    expected = load(content)
    assert found.keys() == expected.keys()
    assert also == told
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()
        assert found[name].flags.writeable


def file_of(header: object, content: bytes = bytes(16)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


def place(dtype: object = "F64", shape: object = (2,), begin: object = 0, end: object = 16, **more: object) -> Any:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "short": bytes(7),
    "a header beyond the end": (10**6).to_bytes(8, "little") + b"{}",
    "a header of 2^64": b"\xff" * 8 + b"{}",
    "no JSON": file_of(b"{"),
    "no object": file_of([]),
    "no UTF-8": file_of(b'{"\xff": 1}'),
    "deep": file_of(b"[" * 100_000),
    "a number too long": file_of(b'{"w": ' + b"1" * 5000 + b"}"),
    "a name twice": file_of(b'{"w": %s, "w": %s}' % ((json.dumps(place()).encode(),) * 2)),
    "no place": file_of({"w": 3}),
    "more than a place": file_of({"w": place(code="os.system")}),
    "another dtype": file_of({"w": place("object")}),
    "no dtype": file_of({"w": place(["F64"])}),
    "another shape": file_of({"w": place(shape=[3])}),
    "a shape below 0": file_of({"w": place(shape=[-1, -2])}),
    "a shape of truth values": file_of({"w": place(shape=[True, 2])}),
    "a shape of fractions": file_of({"w": place(shape=[2.0])}),
    "a shape of petabytes": file_of({"w": place(shape=[2**50], end=2**53)}),
    "a shape that overflows": file_of({"w": place(shape=[2**32, 2**32], end=0)}),
    "an axis beyond 2^63": file_of({"w": place(shape=[0, 2**70], end=0)}, b""),
    "65 axes": file_of({"w": place(shape=[1] * 65, end=8)}, bytes(8)),
    "nothing of a large thing": file_of({"w": place(shape=[0, 2**62, 2**62], end=0)}, b""),
    "a gap": file_of({"w": place(shape=[1], begin=8)}),
    "bytes of two": file_of({"w": place(), "v": place()}),
    "bytes of nobody": file_of({"w": place(shape=[1], end=8)}),
    "backwards": file_of({"w": place(begin=16, end=0)}),
    "texts that are none": file_of({"__metadata__": {"a": 1}, "w": place()}),
    "no texts": file_of({"__metadata__": [], "w": place()}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_damaged_file_is_refused(case: str, tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    path.write_bytes(BROKEN[case])
    with pytest.raises(CheckpointError, match="is damaged") as caught:
        read_arrays(path)
    assert caught.value.hint == "take another copy of the run"


def test_a_file_of_one_array_is_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(file_of({"w": place()}))
    assert read_arrays(tmp_path / "file")[0]["w"].tolist() == [0, 0]


@settings(max_examples=200)
@given(at=st.integers(0, 200), byte=st.integers(0, 255), keep=st.integers(0, 300))
def test_a_byte_that_is_wrong_is_an_error_of_ours_or_other_arrays(
    at: int, byte: int, keep: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(save({"w": np.ones((3, 2)), "b": np.ones(3, np.float32)}, metadata={"a": "b"}))
    content[at % len(content)] = byte
    path = tmp_path_factory.getbasetemp() / "flipped.safetensors"
    path.write_bytes(content[:keep] if keep < len(content) else content)
    try:
        arrays, _ = read_arrays(path)
    except BpframeError:
        return
    assert sum(each.nbytes for each in arrays.values()) <= len(content)


def test_a_size_beyond_memory_is_told_before_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.safetensors"
    size = 2**36
    with path.open("wb") as file:
        file.write(file_of({"w": place("U8", [size], end=size)}, b""))
        file.truncate(file.tell() + size)
    monkeypatch.setattr(memory, "available_memory", lambda: 2**30)
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(CheckpointError, match="does not fit into memory") as caught:
        read_arrays(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    assert time.process_time() - began < 1
    assert caught.value.received == f"{size:,} bytes"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file.safetensors")
    for read in (read_arrays, check_layout):
        with pytest.raises(CheckpointError, match="cannot be read"):
            read(tmp_path / "file.safetensors")
