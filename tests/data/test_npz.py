from __future__ import annotations

import contextlib
import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bpframe.data import NpzData
from bpframe.data.npz import read_npy, read_npz
from bpframe.errors import DataError
from bpframe.machine import memory

from .archives import load

NUMBERS = st.one_of(hnp.integer_dtypes(), hnp.unsigned_integer_dtypes(), hnp.floating_dtypes(), hnp.boolean_dtypes())
ARRAYS = hnp.arrays(NUMBERS | hnp.unicode_string_dtypes(max_len=5), hnp.array_shapes(min_dims=0, min_side=0))


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "train.npz"
    np.savez(path, x=np.arange(600.0).reshape(100, 6), y=np.arange(100) % 3)
    return path


@given(array=ARRAYS, compressed=st.booleans(), fortran=st.booleans())
def test_arrays_come_back_as_they_were_written(tmp_path_factory, array, compressed, fortran):
    folder = tmp_path_factory.mktemp("npz")
    array = np.asfortranarray(array) if fortran else array
    (np.savez_compressed if compressed else np.savez)(folder / "a.npz", a=array, b=np.arange(3))
    np.save(folder / "a.npy", array)
    for read in (read_npz(folder / "a.npz", ["a"])["a"], read_npy(folder / "a.npy")):
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)


def test_the_spec_of_the_documentation_loads(good):
    data = load(good.parent, "float32", inputs="x", targets="y", test_fraction=0.2, scaling="standard", one_hot=True)
    assert data.x.shape == (80, 6)
    assert data.x_test.shape == (20, 6)
    assert data.y.shape == (80, 3)


def test_images_become_vectors_where_asked(tmp_path):
    np.savez(tmp_path / "train.npz", x=np.arange(16.0).reshape(4, 2, 2), y=np.zeros(4))
    assert load(tmp_path).x.shape == (4, 2, 2)
    data = load(tmp_path, flatten=True)
    np.testing.assert_array_equal(data.x, np.arange(16.0).reshape(4, 4))
    np.testing.assert_array_equal(data.preparation.apply_inputs(np.arange(4.0).reshape(1, 2, 2)), data.x[:1])


def test_a_missing_key_names_what_there_is(good):
    with pytest.raises(DataError, match="no array 'X'") as caught:
        load(good.parent, inputs="X")
    assert caught.value.expected == "one of x, y"


def test_a_missing_file_names_its_path_and_the_closest_name(good):
    with pytest.raises(DataError) as caught:
        NpzData(path="trian.npz").load(good.parent, "float64")
    assert str(good.parent / "trian.npz") in caught.value.problem
    assert caught.value.hint == "did you mean 'train.npz'?"


def test_a_folder_and_a_missing_folder_are_refused(good):
    (good.parent / "folder.npz").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        NpzData(path="folder.npz").load(good.parent, "float64")
    with pytest.raises(DataError, match="no data file"):
        NpzData(path="nowhere/train.npz").load(good.parent, "float64")
    with pytest.raises(DataError, match=r"no data file|cannot be looked up"):
        NpzData(path="a\0b.npz").load(good.parent, "float64")


def test_the_home_folder_is_expanded(good, monkeypatch):
    monkeypatch.setenv("HOME", str(good.parent))
    monkeypatch.setenv("USERPROFILE", str(good.parent))
    assert len(NpzData(path="~/train.npz").load(good.parent / "elsewhere", "float64").x) == 100


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_an_unreadable_file_is_refused(good):
    good.chmod(0)
    with pytest.raises(DataError, match="cannot be read"):
        load(good.parent)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_objects_are_refused_and_never_unpickled(tmp_path):
    trap = np.array([Trap(), None], dtype=object)
    np.savez(tmp_path / "train.npz", x=trap, y=np.zeros(2))
    np.save(tmp_path / "x.npy", trap)
    with pytest.raises(DataError, match="holds Python objects"):
        load(tmp_path)
    with pytest.raises(DataError, match="holds Python objects"):
        read_npy(tmp_path / "x.npy")


@pytest.mark.parametrize("keep", [0, 3, 30, 200, 2000, -1, -30])
def test_a_truncated_archive_is_refused(good, keep):
    content = good.read_bytes()
    good.write_bytes(content[:keep])
    with pytest.raises(DataError, match="cannot be read as an"):
        load(good.parent)


@given(st.data())
def test_damage_anywhere_is_refused_or_harmless(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damage")
    arrays = {"x": np.arange(12.0).reshape(4, 3), "y": np.arange(4)}
    np.savez_compressed(folder / "train.npz", **arrays)
    content = bytearray((folder / "train.npz").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / "train.npz").write_bytes(content)
    try:
        read = read_npz(folder / "train.npz", ["x", "y"])
    except DataError:
        return
    # the archive's checksums: what can still be read is what was written
    for key, array in arrays.items():
        np.testing.assert_array_equal(read[key], array)


@given(st.data())
def test_damage_of_a_bare_array_ends_in_an_array_or_a_data_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damage") / "a.npy"
    np.save(path, np.arange(4.0))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, 90))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(DataError):
        read_npy(path)


@pytest.mark.parametrize("shape", ["(1000000000000, 8)", "(-1, 8)", "(2, 8)", "()"])
def test_a_header_that_lies_about_the_size_is_refused_before_memory_is_taken(tmp_path, shape):
    buffer = io.BytesIO()
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    buffer.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(8 * 3))
    (tmp_path / "a.npy").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match="size that its header states"):
        read_npy(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "train.npz", "w") as archive:
        archive.writestr("x.npy", buffer.getvalue())
    with pytest.raises(DataError, match="size that its header states"):
        read_npz(tmp_path / "train.npz")


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_ways_of_packing_are_refused(tmp_path, packing):
    content = io.BytesIO()
    np.save(content, np.ones(3))
    with zipfile.ZipFile(tmp_path / "train.npz", "w", packing) as archive:
        archive.writestr("x.npy", content.getvalue())
    with pytest.raises(DataError, match="compressed in a way that is not read"):
        read_npz(tmp_path / "train.npz")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    with (
        zipfile.ZipFile(tmp_path / "train.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as stream,
    ):
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": (2**26,)})
        for _ in range(2**6):
            stream.write(bytes(2**20))
    monkeypatch.setattr(memory, "SMALL", 0)
    monkeypatch.setattr(memory, "available_memory", lambda: 2**25)
    tracemalloc.start()
    with pytest.raises(DataError, match="does not fit into memory") as caught:
        read_npz(tmp_path / "train.npz")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    assert caught.value.received == f"{2**26 + 128:,} bytes"


def test_a_header_of_gigabytes_is_not_read(tmp_path):
    with (tmp_path / "x.npy").open("wb") as file:
        file.write(b"\x93NUMPY\x02\x00" + (2**32 - 1).to_bytes(4, "little"))
        file.truncate(2**33)
    tracemalloc.start()
    with pytest.raises(DataError, match="is not a NumPy array file"):
        read_npy(tmp_path / "x.npy")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_member_that_is_no_array_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "train.npz", "w") as archive:
        archive.writestr("x.npy", b"not an array")
        archive.writestr("y.npy", b"")
    with pytest.raises(DataError, match="'x' is not a NumPy array file"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.eye(3), np.zeros(4), "different numbers of examples"),
        (np.zeros((0, 3)), np.zeros(0), "is empty"),
        (np.zeros((3, 0)), np.zeros(3), "is empty"),
        (np.eye(3), np.zeros((3, 0)), "is empty"),
        (np.float64(1), np.zeros(1), "single number"),
        (np.array([["a"], ["b"]]), np.zeros(2), "does not hold real numbers"),
        (np.array([[1j], [2]]), np.zeros(2), "does not hold real numbers"),
        (np.zeros(2, [("a", "f8")]), np.zeros(2), "does not hold real numbers"),
        (np.zeros((2, 1), "M8[s]"), np.zeros(2), "does not hold real numbers"),
        (np.eye(2), np.array(["a", "b"]), "does not hold real numbers"),
    ],
)
def test_arrays_that_cannot_be_trained_on_are_refused(tmp_path, x, y, message):
    np.savez(tmp_path / "train.npz", x=x, y=y)
    with pytest.raises(DataError, match=message):
        load(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("key", ["x", "y"])
def test_a_number_that_is_not_finite_is_named_by_file_row_and_column(tmp_path, key, value):
    arrays = {"x": np.zeros((5, 3)), "y": np.zeros((5, 3))}
    arrays[key][3, 2] = value
    np.savez(tmp_path / "train.npz", **arrays)
    for seed in range(4):
        with pytest.raises(DataError, match=rf"train.npz, array '{key}', row 3, column 2: {value}"):
            load(tmp_path, test_count=2, seed=seed)


def test_test_arrays_of_another_shape_are_refused(tmp_path):
    np.savez(tmp_path / "train.npz", x=np.eye(3), y=np.zeros(3), xt=np.eye(4), yt=np.zeros(4))
    with pytest.raises(DataError, match="shape of the training inputs"):
        load(tmp_path, test_inputs="xt", test_targets="yt")
