from __future__ import annotations

import gzip

import numpy as np
import pytest

from bpframe.data import CsvData, NpzData, read_inputs
from bpframe.errors import DataError

X = np.arange(6.0).reshape(3, 2)


def test_an_npz_file_is_read_by_the_key_of_the_training_data(tmp_path):
    np.savez(tmp_path / "new.npz", images=X, x=X + 1)
    source = NpzData(path="train.npz", inputs="images")
    np.testing.assert_array_equal(read_inputs("new.npz", base=tmp_path, source=source)[0], X)
    np.testing.assert_array_equal(read_inputs(tmp_path / "new.npz")[0], X + 1)


def test_the_only_array_of_an_npz_file_needs_no_key(tmp_path):
    np.savez(tmp_path / "new.npz", whatever=X)
    np.testing.assert_array_equal(read_inputs("new.npz", base=tmp_path)[0], X)


def test_an_npz_file_of_several_arrays_without_x_is_refused(tmp_path):
    np.savez(tmp_path / "new.npz", a=X, b=X)
    with pytest.raises(DataError, match="no array 'x'"):
        read_inputs("new.npz", base=tmp_path)


def test_a_bare_array_is_read(tmp_path):
    np.save(tmp_path / "new.NPY", X)
    (tmp_path / "new.NPY.npy").rename(tmp_path / "new.NPY")
    np.testing.assert_array_equal(read_inputs("new.NPY", base=tmp_path)[0], X)


@pytest.mark.parametrize("name", ["new.idx", "new.idx.gz", "t10k-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte"])
def test_idx_files_are_known_by_their_usual_names(tmp_path, name):
    content = b"\0\0\x08\x02\0\0\0\3\0\0\0\2" + bytes(range(6))
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    np.testing.assert_array_equal(read_inputs(name, base=tmp_path)[0], X)


def test_the_columns_of_the_training_data_are_chosen_by_name(tmp_path):
    (tmp_path / "train.csv").write_text("a;b;label\n1;2;yes\n3;4;no\n")
    source = CsvData(path="train.csv", targets=["label"], one_hot=True, delimiter=";", scaling="minmax")
    preparation = source.load(tmp_path, "float64").preparation
    (tmp_path / "new.csv").write_text("label;b;a;more\nyes;2;1;text\nmaybe;4;2;text\n")
    x, place = read_inputs("new.csv", base=tmp_path, source=source, preparation=preparation)
    assert x.tolist() == [[1, 2], [2, 4]]
    assert preparation.apply_inputs(x, place).tolist() == [[0, 0], [0.5, 1]]


def test_a_missing_column_is_refused_by_name(tmp_path):
    (tmp_path / "train.csv").write_text("a,b,y\n1,2,0\n3,4,1\n")
    preparation = CsvData(path="train.csv", targets=["y"]).load(tmp_path, "float64").preparation
    (tmp_path / "new.csv").write_text("a,c\n1,2\n")
    with pytest.raises(DataError, match="no column 'b'"):
        read_inputs("new.csv", base=tmp_path, preparation=preparation)


def test_a_csv_file_is_read_whole_without_a_preparation(tmp_path):
    (tmp_path / "new.csv").write_text("a,b\n0,1\n2,3\n4,5\n")
    (tmp_path / "new.tsv").write_text("a\tb\n0\t1\n2\t3\n4\t5\n")
    np.testing.assert_array_equal(read_inputs("new.csv", base=tmp_path)[0], X)
    np.testing.assert_array_equal(read_inputs("new.tsv", base=tmp_path)[0], X)


def test_text_in_the_inputs_is_named_by_line_and_column(tmp_path):
    (tmp_path / "new.csv").write_text("a,b\n0,1\n2,x\n")
    with pytest.raises(DataError, match="line 3, column 'b': 'x'"):
        read_inputs("new.csv", base=tmp_path)


@pytest.mark.parametrize("name", ["new.txt", "new.pkl", "new", "images.gz"])
def test_another_kind_of_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"data")
    with pytest.raises(DataError, match="no kind of file"):
        read_inputs(name, base=tmp_path)


def test_a_missing_file_is_refused_before_its_kind(tmp_path):
    with pytest.raises(DataError, match="no data file"):
        read_inputs("new.txt", base=tmp_path)
