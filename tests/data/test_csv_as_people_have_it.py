"""CSV files as people have them: other delimiters, decimal commas, marks between thousands, gzip, other encodings."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpframe.data import CsvData, read_inputs
from bpframe.data.cell_index import CellIndex, _other_nan
from bpframe.data.cells import MISSING, PLAIN, NumberForm
from bpframe.data.table import Table, read_table
from bpframe.errors import BpframeError, DataError, SpecError


def load(folder, content, name="d.csv", **settings):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    settings.setdefault("targets", ["y"])
    return CsvData(path=name, **settings).load(folder)


# ---- the delimiter


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("content", ["a;b;y\n1;2;0\n3;4;1\n", '"a";"b";"y"\r\n"1";"2";"0"\r\n"3";"4";"1"\r\n'])
def test_a_delimiter_is_found_by_itself(tmp_path, mark, content):
    data = load(tmp_path, content.replace(";", mark))
    assert data.x.tolist() == [[1, 2], [3, 4]]
    assert read_inputs(tmp_path / "d.csv")[0].tolist() == [[1, 2, 0], [3, 4, 1]]


def test_two_delimiters_that_both_cut_every_row_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"separated by ',' or by ';'") as caught:
        load(tmp_path, "1,5;2,5\n1,7;3,5\n", header=False, targets=[1])
    assert caught.value.hint == 'say which: delimiter: "," or delimiter: ";"'
    data = load(tmp_path, "1,5;2,5\n1,7;3,5\n", header=False, targets=[1], delimiter=";", decimal=",")
    assert data.x.tolist() == [[1.5], [1.7]]


@given(
    rows=st.lists(st.lists(st.text("ab ,;|\t\"'\n1.", max_size=4), min_size=2, max_size=4), min_size=2, max_size=5),
    mark=st.sampled_from(",;|\t"),
)
def test_a_delimiter_that_is_found_is_the_one_that_was_written(tmp_path_factory, rows, mark):
    import csv

    rows = [(row + ["x"] * 4)[:3] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=mark).writerows([["one", "two", "three"], *rows])
    path = tmp_path_factory.mktemp("csv") / "d.csv"
    path.write_bytes(text.getvalue().encode())
    try:
        table = read_table(path, header=True)
    except DataError as error:
        if "delimiter" in str(error.hint):
            return
        raise
    assert table.delimiter == mark
    assert table.names == ("one", "two", "three")
    assert [table.texts(k, frozenset()).tolist() for k in range(3)] == [
        [row[k].strip() for row in rows] for k in range(3)
    ]


# ---- how numbers are written


@pytest.mark.parametrize(
    ("cell", "settings", "number"),
    [
        ("1,5", {"decimal": ","}, 1.5),
        ("-0,25e3", {"decimal": ","}, -250.0),
        ("1.234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("1,234.5", {"thousands": ","}, 1234.5),
        ("1,234,567", {"thousands": ","}, 1234567.0),
        ("12 345", {"thousands": " "}, 12345.0),
        ("12\u202f345,5", {"thousands": " ", "decimal": ","}, 12345.5),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("999", {"thousands": ","}, 999.0),
        ("1234.5", {"thousands": ","}, 1234.5),
    ],
)
def test_numbers_are_read_as_they_are_written(tmp_path, cell, settings, number):
    assert load(tmp_path, f"a;y\n{cell};0\n7;1\n", **settings).x.tolist() == [[number], [7.0]]


@pytest.mark.parametrize(
    ("cell", "settings"),
    [
        ("1.5", {"decimal": ","}),
        ("1.234", {"decimal": ","}),
        ("1,23", {"thousands": ","}),
        ("12,34,567", {"thousands": ","}),
        ("1,5", {"thousands": ","}),
        ("1.5", {"thousands": ".", "decimal": ","}),
        ("1,2,3", {"decimal": ","}),
    ],
)
def test_what_may_be_two_numbers_is_none(tmp_path, cell, settings):
    with pytest.raises(DataError, match="line 2, column 'a'"):
        load(tmp_path, f"a;y\n{cell};0\n", **settings)


def test_marks_that_contradict_each_other_are_refused():
    for settings in ({"decimal": ",", "thousands": ","}, {"decimal": ",", "delimiter": ","}):
        with pytest.raises(SpecError, match="decimal"):
            CsvData(path="d.csv", targets=("y",), **settings)


def test_decimal_commas_are_those_of_pandas(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)) * 1e5, columns=["a", "b", "y"])
    frame.to_csv(tmp_path / "d.csv", sep=";", decimal=",", index=False)
    read = pd.read_csv(tmp_path / "d.csv", sep=";", decimal=",")
    data = CsvData(path="d.csv", targets=("y",), decimal=",").load(tmp_path)
    assert np.array_equal(data.x, read[["a", "b"]].to_numpy())


@pytest.mark.parametrize(
    ("cell", "hint"),
    [("1,5", 'decimal: ","'), ("1.234,5", 'thousands: "."'), ("1,234,567", 'thousands: ","')],
)
def test_the_setting_to_write_is_in_the_message(tmp_path, cell, hint):
    with pytest.raises(DataError, match="line 2, column 'a'") as caught:
        load(tmp_path, f"a;y\n{cell};0\n")
    assert hint in caught.value.hint


# ---- packed files and encodings


def test_a_file_compressed_with_gzip_is_read(tmp_path):
    content = gzip.compress(b"a,y\n1,0\n") + gzip.compress(b"2,1\n")
    assert load(tmp_path, content, "d.csv.gz").x.tolist() == [[1], [2]]
    assert load(tmp_path, content).x.tolist() == [[1], [2]]
    assert read_inputs(tmp_path / "d.csv.gz")[0].tolist() == [[1, 0], [2, 1]]


@pytest.mark.parametrize(("kept", "end"), [(-9, b""), (-8, b"12345678")], ids=["cut off", "another checksum"])
def test_a_damaged_gzip_file_is_refused(tmp_path, kept, end):
    with pytest.raises(DataError, match="cannot be unpacked"):
        load(tmp_path, gzip.compress(b"a,y\n1,0\n")[:kept] + end, "d.csv.gz")


@pytest.mark.parametrize(("encoding", "hint"), [("utf-16", "iconv -f UTF-16"), ("latin-1", "iconv -f WINDOWS-1252")])
def test_an_encoding_that_is_not_utf8_is_told_what_to_write(tmp_path, encoding, hint):
    with pytest.raises(DataError, match="is not UTF-8 text") as caught:
        load(tmp_path, "a,y\n1,0\n2,caf\u00e9\n".encode(encoding))
    assert hint in caught.value.hint
    if encoding == "latin-1":
        assert "line 3" in caught.value.received


# ---- reading all at once is reading cell by cell

CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["1", " 2 ", "", "nan", "NaN", "NA", "+nan", "inf", "-inf", "1e999", "1_0", "x", "0x1", "1.", "١"]),
    st.sampled_from(['"1"', '" x "', '""', '"a,b"', '"a""b"', '"', '"1']),
    st.text("0123456789.,-+eE \tna", max_size=6),
)  # fmt: skip


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5),
    mark=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    decimal=st.sampled_from(".,"),
    gaps=st.sampled_from([None, MISSING, frozenset({"", "-1"}), frozenset({"nan", "1", "x"})]),
)
def test_columns_read_at_once_are_those_read_cell_by_cell(tmp_path_factory, rows, mark, end, decimal, gaps):
    body = "".join(mark.join(row) + end for row in rows).encode()
    index = CellIndex.of(body, mark, 3)
    path = tmp_path_factory.mktemp("csv") / "d.csv"
    form = NumberForm(decimal)
    slow = Table(path, ("a", "b", "c"), 3, body, 2, mark, form, None)
    if index is None:
        return
    fast = Table(path, ("a", "b", "c"), 3, body, 2, mark, form, index)
    assert fast.lines.tolist() == slow.lines.tolist()
    for column in range(3):
        assert fast.texts(column, frozenset()).tolist() == slow.texts(column, frozenset()).tolist()
    found = []
    for table in (fast, slow):
        try:
            found.append(table.numbers([2, 0], "text", gaps).tobytes())
        except BpframeError as error:
            found.append(str(error))
    assert found[0] == found[1]


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4),
    mark=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    gaps=st.sampled_from([None, MISSING, frozenset({"nan", "1", "x"})]),
)
def test_pyarrow_and_numpy_read_the_same_numbers(rows, mark, end, gaps):
    pytest.importorskip("pyarrow")
    index = CellIndex.of("".join(mark.join(row) + end for row in rows).encode(), mark, 2)
    if index is None or (gaps is not None and _other_nan(index.body, gaps)):
        return
    fast = index._by_arrow(index.body, [1, 0], gaps)
    slow = index._by_numpy(index.body, [1, 0], gaps)
    if fast is not None:
        assert slow is None or fast.tobytes() == slow.tobytes()
        table = Table(Path("d.csv"), ("a", "b"), 2, index.body, 2, mark, PLAIN, None)
        assert np.array_equal(table.numbers([1, 0], "", gaps), fast, equal_nan=True)


@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=50))
def test_pyarrow_rounds_as_float_does(numbers):
    pytest.importorskip("pyarrow")
    texts = [f"{number:.25e}" for number in numbers] + [f"{number:.16g}" for number in numbers]
    index = CellIndex.of(("\n".join(texts) + "\n").encode(), ",", 1)
    found = index._by_arrow(index.body, [0], None)
    assert found is not None
    assert found[:, 0].tolist() == [float(text) for text in texts]


@given(
    cells=st.lists(st.sampled_from(["1", '"1"', "", " ", "\t", '""', '" "', "x", "\u00a0"]), min_size=1, max_size=4),
    end=st.sampled_from(["", "\n", "\n\n", " \n"]),
)
def test_blank_lines_in_a_file_of_one_column_are_seen(tmp_path_factory, cells, end):
    body = ("\n".join(cells) + end).encode()
    index = CellIndex.of(body, ",", 1)
    path = tmp_path_factory.mktemp("csv") / "d.csv"
    if index is not None:
        fast, slow = (Table(path, ("a",), 1, body, 2, ",", PLAIN, each) for each in (index, None))
        assert fast.lines.tolist() == slow.lines.tolist()
        assert fast.texts(0, frozenset()).tolist() == slow.texts(0, frozenset()).tolist()


def test_quotes_around_plain_cells_cost_nothing(tmp_path):
    (tmp_path / "d.csv").write_text('"a","kind"\n"1.5","up"\n2,"do wn"\n')
    table = read_table(tmp_path / "d.csv", header=True)
    assert table.index is not None
    assert table.numbers([0], "").tolist() == [[1.5], [2]]
    assert table.texts(1).tolist() == ["up", "do wn"]
    for cell in ('"u,p"', '"u""p"', '"u\np"', 'u"p'):
        (tmp_path / "d.csv").write_text(f"a,kind\n1,{cell}\n2,down\n")
        assert read_table(tmp_path / "d.csv", header=True).index is None


def test_a_large_plain_file_is_read_at_once(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5))
    lines = [",".join(["a", "b", "c", "d", "e", "kind"]), *(",".join([*map(repr, row), "up"]) for row in x.tolist())]
    (tmp_path / "d.csv").write_text("\n".join(lines))
    table = read_table(tmp_path / "d.csv", header=True)
    assert table.index is not None
    assert np.array_equal(table.index.numbers(range(5), table.form, None), x)
    assert table.index.texts(5) == ["up"] * 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,y\n" + b"1" * 5_000_000 + b",0\n", "a line is too long"),
        (b"1," * 3_000_000 + b"0\n", "a line is too long"),
        (b"a,b\n" + b"1," * 3_000_000 + b"0\n", "a line is too long"),
        (b"1," * 200_000 + b"0\n", "the row has 200,001 cells"),
    ],
)
def test_lines_that_nobody_wrote_are_refused_in_few_words(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path, content, header=content.startswith(b"a"), targets=[0])
    assert len(str(caught.value)) < 1000
