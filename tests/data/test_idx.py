from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bpframe.data import IdxData
from bpframe.data.idx import read_idx
from bpframe.errors import DataError, SpecError
from bpframe.machine import memory

# type byte and struct letter, from the format's description
TYPES = {
    "u1": (0x08, "B"),
    "i1": (0x09, "b"),
    "i2": (0x0B, "h"),
    "i4": (0x0C, "i"),
    "f4": (0x0D, "f"),
    "f8": (0x0E, "d"),
}


def encode(array):
    code, letter = TYPES[array.dtype.str[1:]]
    head = bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">I", length) for length in array.shape)
    return head + b"".join(struct.pack(f">{letter}", number) for number in array.ravel().tolist())


@pytest.fixture
def mnist(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in [("train", 12), ("t10k", 5)]:
        images = rng.integers(0, 256, (count, 4, 3), dtype=np.uint8)
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(encode(images)))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(encode(labels))
        np.savez(tmp_path / f"{part}.npz", images=images, labels=labels)
    return tmp_path


def spec(**settings):
    return IdxData(inputs="train-images-idx3-ubyte.gz", targets="train-labels-idx1-ubyte", **settings)


@pytest.mark.parametrize("dtype", TYPES)
@given(data=st.data(), compressed=st.booleans())
def test_arrays_of_every_type_come_back_as_they_were_written(tmp_path_factory, dtype, data, compressed):
    array = data.draw(hnp.arrays(np.dtype(dtype), hnp.array_shapes(max_dims=4, min_side=0, max_side=4)))
    path = tmp_path_factory.mktemp("idx") / "data"
    content = encode(array)
    path.write_bytes(gzip.compress(content) if compressed else content)
    read = read_idx(path)
    assert read.dtype == array.dtype
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


def test_two_pairs_of_files_are_the_training_and_the_test_part(mnist):
    data = spec(
        test_inputs="t10k-images-idx3-ubyte.gz",
        test_targets="t10k-labels-idx1-ubyte",
        scaling={"divide": 255},
        one_hot=True,
        classes=10,
    ).load(mnist, "float32")
    train, test = np.load(mnist / "train.npz"), np.load(mnist / "t10k.npz")
    np.testing.assert_array_equal(data.x, (train["images"].reshape(12, 12) / 255).astype(np.float32))
    np.testing.assert_array_equal(data.x_test, (test["images"].reshape(5, 12) / 255).astype(np.float32))
    assert data.y.argmax(axis=1).tolist() == train["labels"].tolist()
    assert data.y_test.argmax(axis=1).tolist() == test["labels"].tolist()
    assert data.y.dtype == np.float32


def test_images_keep_their_shape_where_asked(mnist):
    data = spec(flatten=False, test_count=3).load(mnist, "float64")
    assert data.x.shape == (9, 4, 3)
    assert data.preparation.input_shape == (4, 3)
    assert data.y.shape == (9, 1)


def test_a_flattened_preparation_takes_images_and_vectors_alike(mnist):
    data = spec().load(mnist, "float64")
    images = np.load(mnist / "train.npz")["images"]
    np.testing.assert_array_equal(data.preparation.apply_inputs(images), data.x)
    np.testing.assert_array_equal(data.preparation.apply_inputs(images.reshape(12, 12)), data.x)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_truncated_file_says_how_many_bytes_are_missing(tmp_path, compressed):
    content = encode(np.zeros((5, 2), np.uint8))[:-3]
    (tmp_path / "data").write_bytes(gzip.compress(content) if compressed else content)
    with pytest.raises(DataError, match="size that its header states") as caught:
        read_idx(tmp_path / "data")
    assert caught.value.expected == "22 bytes for shape (5, 2) of uint8"
    assert caught.value.received == "19 bytes"


@pytest.mark.parametrize("compressed", [False, True])
def test_trailing_bytes_are_refused(tmp_path, compressed):
    content = encode(np.zeros((5, 2), np.int16)) + b"\0"
    (tmp_path / "data").write_bytes(gzip.compress(content) if compressed else content)
    with pytest.raises(DataError, match="size that its header states") as caught:
        read_idx(tmp_path / "data")
    assert caught.value.received == "more bytes than that"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"\0\0\x0a\x01\0\0\0\0",
        b"\0\0\x08\x00\x05",
        b"\1\0\x08\x01\0\0\0\0",
        b"\0\1\x08\x01\0\0\0\0",
        b"not an idx file",
    ],
)
def test_another_format_is_refused(tmp_path, content):
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(DataError, match="is not an IDX file"):
        read_idx(tmp_path / "data")


def test_a_header_that_is_cut_short_is_refused(tmp_path):
    (tmp_path / "data").write_bytes(b"\0\0\x08\x03\0\0\0\1\0\0")
    with pytest.raises(DataError) as caught:
        read_idx(tmp_path / "data")
    assert caught.value.expected == "16 bytes of header for 3 axes"
    assert caught.value.received == "10 bytes"


@pytest.mark.parametrize("compressed", [False, True])
def test_an_absurd_header_takes_no_memory(tmp_path, compressed):
    import tracemalloc

    content = b"\0\0\x0e\x03" + b"\xff" * 12 + bytes(100)
    (tmp_path / "data").write_bytes(gzip.compress(content) if compressed else content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="size that its header states"):
            read_idx(tmp_path / "data")
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_is_held_against_the_memory_that_is_free(tmp_path, monkeypatch, compressed):
    content = encode(np.zeros((5000, 2), np.uint8))
    (tmp_path / "data").write_bytes(gzip.compress(content) if compressed else content)
    monkeypatch.setattr(memory, "SMALL", 0)
    monkeypatch.setattr(memory, "available_memory", lambda: 19_999)
    with pytest.raises(DataError, match="does not fit into memory") as caught:
        read_idx(tmp_path / "data")
    assert caught.value.received == "20,000 bytes"
    monkeypatch.setattr(memory, "available_memory", lambda: 20_000)
    assert read_idx(tmp_path / "data").shape == (5000, 2)


def test_more_axes_than_an_array_can_have_are_refused(tmp_path):
    (tmp_path / "data").write_bytes(b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"\7")
    with pytest.raises(DataError, match="cannot become an array"):
        read_idx(tmp_path / "data")


@pytest.mark.parametrize("keep", [2, 12, 30, -1, -9])
def test_a_truncated_gzip_file_is_refused(tmp_path, keep):
    content = gzip.compress(encode(np.arange(200, dtype=np.uint8)))
    (tmp_path / "data").write_bytes(content[:keep])
    with pytest.raises(DataError):
        read_idx(tmp_path / "data")


@given(st.data())
def test_damage_of_a_compressed_file_is_refused_or_harmless(tmp_path_factory, data):
    array = np.arange(60, dtype=np.int32).reshape(20, 3)
    content = bytearray(gzip.compress(encode(array), mtime=0))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damage") / "data"
    path.write_bytes(content)
    try:
        read = read_idx(path)
    except DataError:
        return
    np.testing.assert_array_equal(read, array)


def test_different_numbers_of_images_and_labels_are_refused_with_both_files(mnist):
    (mnist / "train-labels-idx1-ubyte").write_bytes(encode(np.zeros(11, np.uint8)))
    with pytest.raises(DataError, match=r"train-images.* and train-labels.* different numbers") as caught:
        spec().load(mnist, "float32")
    assert "12" in caught.value.expected
    assert "11" in caught.value.received


def test_a_file_without_examples_is_refused(mnist):
    (mnist / "train-images-idx3-ubyte.gz").write_bytes(encode(np.zeros((0, 4, 3), np.uint8)))
    with pytest.raises(DataError, match="is empty"):
        spec().load(mnist, "float32")


def test_nan_is_named_by_file_row_and_column(mnist):
    images = np.zeros((12, 2, 2), np.float32)
    images[7, 1, 0] = np.nan
    (mnist / "train-images-idx3-ubyte.gz").write_bytes(encode(images))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz, row 7, column \(1, 0\): nan"):
        spec().load(mnist, "float32")


def test_test_inputs_without_test_targets_are_refused():
    with pytest.raises(SpecError, match="go together"):
        spec(test_inputs="t10k-images-idx3-ubyte.gz")
