from __future__ import annotations

import bz2
import csv
import io
import lzma
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpframe.data import CsvData, read_inputs
from bpframe.errors import DataError, SpecError

IRIS = """length,width,species
5.1,3.5,setosa
7.0,3.2,versicolor

6.3,3.3,"virginica"
4.9,3.0,setosa
"""


def load(folder, content=None, dtype="float64", encoding="utf-8", **settings):
    if content is not None:
        (folder / "iris.csv").write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    settings.setdefault("targets", ["species"])
    return CsvData(path="iris.csv", **settings).load(folder, dtype)


@given(
    rows=st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    header=st.booleans(),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_numbers_come_back_to_the_last_bit(tmp_path_factory, rows, delimiter, header, quoting):
    path = tmp_path_factory.mktemp("csv") / "iris.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=quoting)
        writer.writerows([["a", "b c", "d,e;f"]] * header + [list(row) for row in rows])
    data = CsvData(path=path.name, targets=[1], header=header, delimiter=delimiter).load(path.parent, "float64")
    expected = np.array(rows)
    assert data.x.tobytes() == np.ascontiguousarray(expected[:, [0, 2]]).tobytes()
    assert data.y.tobytes() == np.ascontiguousarray(expected[:, [1]]).tobytes()
    assert data.preparation.feature_names == (("a", "d,e;f") if header else None)


@pytest.mark.parametrize(
    ("content", "settings", "hint"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", {"targets": ["species"]}, "header: false"),
        ("1,1,a\n2,3,b\n", {"targets": [2]}, "header: false"),
        ("1,,a\n2,3,b\n", {"targets": [2]}, "header: false"),
        ("1,2,3\n4,5,6\n", {"targets": ["species"]}, "header: false"),
        ("# of today\na,species\n1,x\n", {}, "take the comments out: '# of today'"),
        ("# of today, by me\na,b,species\n1,2,x\n", {}, "take the comments out: '# of today'"),
        ("# by me, today\n1,x\n", {}, "take the comments out: '# by me'"),
        ("# data\n1,2\n3,4\n", {"targets": [1], "header": False}, "take the comments out: '# data'"),
        ("a,b,species\n1,2,x\n# more\n3,4,y\n", {}, "take the comments out: '# more'"),
    ],
)
def test_a_first_row_of_data_and_comments_are_told(tmp_path, content, settings, hint):
    with pytest.raises(DataError) as caught:
        load(tmp_path, content, one_hot=True, **settings)
    assert hint in caught.value.hint


@pytest.mark.parametrize("word", ["tab", "\\t", ";;", "", " "])
def test_a_delimiter_that_is_none_is_told_how_one_is_written(tmp_path, word):
    with pytest.raises(SpecError) as caught:
        load(tmp_path, IRIS, delimiter=word)
    assert caught.value.expected == 'one character between cells, such as ";", or "\\t" for a tab'


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("2024-01-31", "write dates and times as numbers"),
        ("31.1.2024", "write dates and times as numbers"),
        ("2024-01-31 12:00:00", "write dates and times as numbers"),
        ("12:30", "write dates and times as numbers"),
        ("5%", "without %"),
        ("$5.00", "without a currency"),
    ],
)
def test_dates_and_marks_beside_numbers_are_told(tmp_path, cell, hint):
    with pytest.raises(DataError, match=f"line 3, column 'a': '{re.escape(cell)}' is not a finite number") as caught:
        load(tmp_path, f"a,species\n1,2\n{cell},3\n4,6\n")
    assert hint in caught.value.hint


def test_a_column_of_text_is_called_one(tmp_path):
    with pytest.raises(DataError, match="line 2, column 'a': 'red' is not a finite number: the column holds text"):
        load(tmp_path, "a,species\nred,2\nblue,3\n")


LABELS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs", "Nd"]), min_size=1, max_size=8
)


@given(labels=st.lists(LABELS.map(str.strip).filter(bool), min_size=1, max_size=6))
def test_text_labels_come_back_whatever_they_contain(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("csv") / "iris.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["x", "species"], *([k, label] for k, label in enumerate(labels))])
    data = load(path.parent, one_hot=True, classes=sorted(set(labels)))
    assert [str(label) for label in data.preparation.labels(data.y)] == labels


def test_the_spec_of_the_documentation_loads(tmp_path):
    data = load(tmp_path, IRIS, "float32", test_fraction=0.25, scaling="minmax", one_hot=True)
    assert data.preparation.classes == ("setosa", "versicolor", "virginica")
    assert data.preparation.feature_names == ("length", "width")
    assert data.x.shape == (3, 2)
    assert data.x_test.shape == (1, 2)
    assert data.x.dtype == np.float32


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + IRIS,
        IRIS.replace("\n", "\r\n"),
        IRIS.replace(",", " , "),
        IRIS.rstrip("\n"),
        "\n\n" + IRIS + "\n  \n",
        '"length","width","species"\n"5.1",3.5,setosa\n7,3.2,versicolor\n6.3,3.3,virginica\n4.9,3.0,setosa\n',
    ],
    ids=["byte order mark", "carriage returns", "blanks around cells", "no last line end", "blank lines", "quotes"],
)
def test_common_spellings_of_one_table_are_read_alike(tmp_path, content):
    data = load(tmp_path, content, one_hot=True)
    assert data.x.tolist() == [[5.1, 3.5], [7.0, 3.2], [6.3, 3.3], [4.9, 3.0]]
    assert data.preparation.labels(data.y) == ["setosa", "versicolor", "virginica", "setosa"]
    assert data.preparation.feature_names == ("length", "width")


def test_columns_are_chosen_by_name_or_index(tmp_path):
    content = "a,b,c,d\n1,2,3,4\n5,6,7,8\n"
    data = load(tmp_path, content, inputs=["d", 0], targets=["b", 2])
    assert data.x.tolist() == [[4, 1], [8, 5]]
    assert data.y.tolist() == [[2, 3], [6, 7]]
    data = load(tmp_path, "1,2,3\n4,5,6\n", targets=[0], header=False)
    assert data.x.tolist() == [[2, 3], [5, 6]]


def test_a_header_that_counts_the_columns_is_a_header(tmp_path):
    assert load(tmp_path, "0,1,2\n7,8,9\n", targets=["2"]).x.tolist() == [[7, 8]]


def test_a_test_file_may_order_its_columns_differently(tmp_path):
    (tmp_path / "test.csv").write_text("species,width,extra,length\nsetosa,3.6,0,5.0\n")
    data = load(tmp_path, IRIS, one_hot=True, test_path="test.csv")
    assert data.x_test.tolist() == [[5.0, 3.6]]
    assert data.preparation.labels(data.y_test) == ["setosa"]
    assert len(data.x) == 4


def test_a_label_out_of_range_is_named_by_its_line(tmp_path):
    with pytest.raises(DataError, match=r"iris\.csv, line 5: label 'virginica'"):
        load(tmp_path, IRIS, one_hot=True, classes=["setosa", "versicolor"], test_count=2)


@pytest.mark.parametrize(
    ("row", "expected", "received"),
    [("7.0,3.2", "3 cells", "2 cells"), ("7.0,3.2,versicolor,", "3 cells", "4 cells")],
)
def test_a_ragged_row_is_named_by_its_line_with_both_counts(tmp_path, row, expected, received):
    with pytest.raises(DataError, match="line 3: the row has") as caught:
        load(tmp_path, IRIS.replace("7.0,3.2,versicolor", row), one_hot=True)
    assert caught.value.expected.startswith(expected)
    assert caught.value.received == received


def test_lines_are_counted_through_blank_lines_and_line_ends_in_quotes(tmp_path):
    content = 'x,species\n1,"a\nb"\n\n2,c\nbad,d\n'
    with pytest.raises(DataError, match="line 6, column 'x': 'bad' is not a finite number"):
        load(tmp_path, content, one_hot=True)


def test_a_row_over_several_lines_is_named_by_its_first(tmp_path):
    with pytest.raises(DataError, match="line 3, column 'x': 'bad'"):
        load(tmp_path, 'x,species\n1,a\nbad,"b\nc"\n', one_hot=True)


def test_line_ends_inside_quotes_stay_as_they_are(tmp_path):
    data = load(tmp_path, 'x,species\r\n1,"a\r\nb"\r\n', one_hot=True)
    assert data.preparation.classes == ("a\r\nb",)


@pytest.mark.parametrize("cell", ["abc", "", "nan", "inf", "-Infinity", "1_000", "1,5", "0x10", "1e999"])
def test_an_input_that_is_not_a_finite_number_is_named_by_line_and_column(tmp_path, cell):
    content = IRIS.replace("3.3", f'"{cell}"')
    with pytest.raises(DataError, match="line 5, column 'width'") as caught:
        load(tmp_path, content, one_hot=True)
    assert caught.value.received == (repr(cell) if cell else "an empty cell")


def test_text_targets_need_one_hot(tmp_path):
    with pytest.raises(DataError, match="line 2, column 'species': 'setosa'") as caught:
        load(tmp_path, IRIS)
    assert "one_hot" in caught.value.hint


def test_an_empty_label_is_refused(tmp_path):
    with pytest.raises(DataError, match="line 3, column 'species': the label is empty"):
        load(tmp_path, IRIS.replace("versicolor", ""), one_hot=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no rows"),
        ("\n\n", "holds no rows"),
        ("length,species\n", "holds no rows"),
        ("5.1,3.5,0\n4.9,3.0,1\n", "the header is a row of numbers"),
        ('length,species\n1,"setosa\n', "line 2: unexpected end of data"),
        ("length,species\n1,caf\u00e9\n".encode("latin-1"), "not UTF-8"),
        (IRIS.encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        load(tmp_path, content, one_hot=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"targets": ["specie"]}, "no column 'specie'"),
        ({"targets": [3]}, "no column 3"),
        ({"inputs": ["length", 0]}, "'length' is selected twice"),
        ({"inputs": ["length", "species"]}, "'species' is selected twice"),
        ({"inputs": ["length"], "targets": ["width"], "header": False}, "read without a header"),
    ],
)
def test_a_column_that_is_not_there_is_refused(tmp_path, settings, message):
    with pytest.raises(DataError, match=message):
        load(tmp_path, IRIS, **{"one_hot": True, **settings})


def test_a_misspelt_column_names_the_close_one(tmp_path):
    with pytest.raises(DataError) as caught:
        load(tmp_path, IRIS, targets=["specis"], one_hot=True)
    assert caught.value.hint == "did you mean 'species'?"


def test_a_name_that_two_columns_carry_is_refused(tmp_path):
    with pytest.raises(DataError, match="names 2 columns 'species'"):
        load(tmp_path, "a,species,species\n1,b,c\n", one_hot=True)


def test_a_file_of_targets_alone_is_refused(tmp_path):
    with pytest.raises(DataError, match="is empty"):
        load(tmp_path, "species\na\n", one_hot=True)


def test_only_the_first_line_can_be_a_header_taken_for_data(tmp_path):
    with pytest.raises(DataError, match=r"line 3.*'many' is not a finite number") as caught:
        load(tmp_path, "1,2,a\n3,4,b\n5,many,a\n", header=False, targets=[2], one_hot=True)
    assert "header" not in str(caught.value.hint)


def test_a_header_taken_for_data_is_explained(tmp_path):
    with pytest.raises(DataError, match="line 1, column '0': 'length'") as caught:
        load(tmp_path, IRIS, header=False, targets=[2], one_hot=True)
    assert "header: true" in caught.value.hint


@pytest.mark.parametrize(
    "settings",
    [
        {"targets": []},
        {"targets": [-1]},
        {"inputs": []},
        {"targets": ["a", "b"], "one_hot": True},
        {"delimiter": ""},
        {"delimiter": ",,"},
        {"delimiter": '"'},
        {"test_path": "b.csv", "test_fraction": 0.1},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(SpecError):
        CsvData(**{"path": "a.csv", "targets": ["y"], **settings})


def test_without_a_word_on_the_header_a_first_row_of_numbers_is_data(tmp_path):
    (tmp_path / "plain.csv").write_text("1,2\n3,4\n")
    (tmp_path / "named.csv").write_text("a,b\n3,4\n")
    assert read_inputs(tmp_path / "plain.csv")[0].tolist() == [[1, 2], [3, 4]]
    assert read_inputs(tmp_path / "named.csv")[0].tolist() == [[3, 4]]


# ---- a header that is none, or says too little


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,versicolor\n", {"targets": [2], "one_hot": True}),
        ("setosa,5.1,3.5\nsetosa,4.9,3.0\n", {"targets": [0], "one_hot": True}),
        ("5.1,3.5,setosa\n4.9,3.0,virginica\n", {"targets": ["setosa"], "one_hot": True}),
        ("a,1,2\nb,3,4\n", {"targets": ["1"], "inputs": [2]}),
        ("0,1\n1,0\n", {"targets": [1]}),
        ("1,2,yes\n3,4,no\n", {"targets": [2], "one_hot": True}),
        ("1e-3,-2,x\n3,4,y\n", {"targets": [2], "one_hot": True}),
        ("NA,3.5,setosa\n4.9,3.0,setosa\n", {"targets": [2], "one_hot": True}),
        ("5.1,3.5,y\n4.9,3.0,1\n", {"targets": ["y"]}),
    ],
)
def test_a_first_row_of_data_is_never_taken_for_the_names(tmp_path, content, settings):
    for header in ({}, {"header": True}):
        with pytest.raises(DataError, match=r"the header (holds|is a row of) numbers") as caught:
            load(tmp_path, content, **settings, **header)
        assert "header: false" in caught.value.hint


def test_without_a_header_every_row_counts(tmp_path):
    content = "5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,versicolor\n"
    data = load(tmp_path, content, targets=[2], one_hot=True, header=False)
    assert data.x.tolist() == [[5.1, 3.5], [4.9, 3.0], [7.0, 3.2]]
    assert data.preparation.feature_names is None


@pytest.mark.parametrize(
    ("header", "settings", "names"),
    [
        ("0,1,label", {"targets": ["label"]}, ("0", "1")),
        ("1,2,label", {"targets": ["label"]}, ("1", "2")),
        ("2019,2020,y", {"targets": ["y"], "inputs": ["2019", "2020"]}, ("2019", "2020")),
        ("a,b,2020", {"targets": ["2020"]}, ("a", "b")),
        ("a,b,2020", {"targets": [2]}, ("a", "b")),
        ("a,2,y", {"targets": ["y"], "inputs": ["a"]}, ("a",)),
    ],
)
def test_numbers_are_names_where_the_spec_says_so(tmp_path, header, settings, names):
    data = load(tmp_path, header + "\n7,8,9\n", **settings)
    assert data.preparation.feature_names == names
    assert data.x.tolist() == [[7, 8][: len(names)]]
    assert data.y.tolist() == [[9]]


@pytest.mark.parametrize("name", ["", '""', "  ", "Unnamed: 0"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_column_of_row_numbers_without_a_name_is_no_input(tmp_path, name, at):
    names, row = ["a", "b"], ["1", "2"]
    names.insert(at, name)
    row.insert(at, "0")
    content = ",".join(names) + ",y\n" + ",".join(row) + ",5\n"
    with pytest.raises(DataError, match=f"column {at} has no name") as caught:
        load(tmp_path, content, targets=["y"])
    assert "index=False" in caught.value.hint
    data = load(tmp_path, content, targets=["y"], inputs=["a", "b"])
    assert data.x.tolist() == [[1, 2]]
    with pytest.raises(DataError, match=f"column {at} has no name"):
        load(tmp_path, content, targets=["y"], inputs=[at])


def test_what_pandas_writes_with_its_index_is_refused_and_without_it_is_read(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "y": [5.0, 6.0]})
    for content in (frame.to_csv(), pandas.read_csv(io.StringIO(frame.to_csv())).to_csv(index=False)):
        with pytest.raises(DataError, match="column 0 has no name"):
            load(tmp_path, content, targets=["y"])
    assert load(tmp_path, frame.to_csv(index=False), targets=["y"]).x.tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    "settings",
    [{"targets": ["y"]}, {"targets": [3]}, {"targets": ["y"], "inputs": ["a"]}, {"targets": ["y"], "inputs": [0, 1]}],
)
@pytest.mark.parametrize("twin", ["a", " a ", '"a"'])
def test_twin_names_are_refused_in_training(tmp_path, settings, twin):
    with pytest.raises(DataError, match="names 2 columns 'a'") as caught:
        load(tmp_path, f"a,{twin},c,y\n1,2,3,4\n", **settings)
    assert caught.value.hint == "rename one of them in the header"
    assert load(tmp_path, f"a,{twin},c,y\n1,2,3,4\n", inputs=["c"], targets=["y"]).x.tolist() == [[3]]


def test_an_input_with_the_name_of_the_target_is_refused(tmp_path):
    with pytest.raises(DataError, match="names 2 columns 'y'"):
        load(tmp_path, "a,y,y\n1,2,3\n", targets=[2])


def test_a_test_file_without_names_has_as_many_columns(tmp_path):
    (tmp_path / "test.csv").write_text("0,1,2,3\n")
    with pytest.raises(DataError, match=r"test\.csv has another number of columns than .*iris\.csv"):
        load(tmp_path, "1,2,3\n", header=False, targets=[0], test_path="test.csv")


# ---- files of inputs alone


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("5.1,NA\n4.9,3.0\n", "the first row holds numbers and texts"),
        ("5.1,setosa\n4.9,3.0\n", "the first row holds numbers and texts"),
        (",a\n0,1\n", "column 0 has no name"),
        ("a,a\n0,1\n", "names 2 columns 'a'"),
        ("a\n1\n\n3\n", "line 3: the cell is empty"),
        ("1\n\n3\n", "line 2: the cell is empty"),
        ('a\n\n""\n2\n', "line 3: the cell is empty"),
    ],
)
def test_inputs_of_which_a_part_would_be_lost_or_misread_are_refused(tmp_path, content, message):
    (tmp_path / "new.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        read_inputs(tmp_path / "new.csv")


def test_blank_lines_at_both_ends_of_a_single_column_are_no_cells(tmp_path):
    (tmp_path / "new.csv").write_text("\n\na\n1\n3\n\n\n")
    assert read_inputs(tmp_path / "new.csv")[0].tolist() == [[1], [3]]


# ---- what to write instead


@pytest.mark.parametrize("mark", [";", "\t", "|"])
@pytest.mark.parametrize("settings", [{"targets": ["y"]}, {"targets": [2]}])
def test_a_delimiter_that_is_not_the_files_is_named(tmp_path, mark, settings):
    content = "a;b;y\n1;2;0\n".replace(";", mark)
    with pytest.raises(DataError) as caught:
        load(tmp_path, content, delimiter=",", **settings)
    assert caught.value.hint == 'delimiter: "' + mark.replace("\t", "\\t") + '"'
    with pytest.raises(DataError) as caught:
        load(tmp_path, "1;2;0\n".replace(";", mark), header=False, targets=[2], delimiter=",")
    assert "delimiter" in caught.value.hint
    with pytest.raises(DataError) as caught:
        load(tmp_path, "a,b,y\n1,2,0\n", delimiter=mark, **settings)
    assert caught.value.hint == 'delimiter: ","'


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("1,5", "write 1.5, with a decimal point"),
        ("-0,25", "write -0.25"),
        ("1,234", "without marks between thousands"),
        ("1.234,5", "without marks between thousands"),
        ("1,234,567", "without marks between thousands"),
        ("", "the value is missing"),
        ("NA", "the value is missing"),
        ("nan", "the value is missing"),
        ("NULL", "the value is missing"),
        ("?", "the value is missing"),
        ("True", "write 1 for true and 0 for false"),
        ("\N{MINUS SIGN}3", "write -3"),
        ("red", "select `inputs`"),
        ("inf", "select `inputs`"),
        ("2020-01-01", "select `inputs`"),
    ],
)
def test_the_message_says_what_to_write_for_a_cell(tmp_path, cell, hint):
    with pytest.raises(DataError, match="line 2, column 'a'") as caught:
        load(tmp_path, f"a;y\n{cell};0\n", targets=["y"], delimiter=";")
    assert hint in caught.value.hint
    assert "one_hot" not in caught.value.hint


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress], ids=["bzip2", "xz"])
def test_a_file_that_is_compressed_otherwise_is_called_one(tmp_path, pack):
    with pytest.raises(DataError, match=r"is compressed with (bzip2|xz)") as caught:
        load(tmp_path, pack(IRIS.encode()), one_hot=True)
    assert "unpack" in caught.value.hint


def test_a_file_that_lacks_a_column_of_the_training_is_told_with_both_lists(tmp_path):
    (tmp_path / "new.csv").write_text("a,y\n1,2\n")
    with pytest.raises(DataError, match=r"new\.csv has no column 'b'") as raised:
        read_inputs(tmp_path / "new.csv", columns=("a", "b"))
    assert raised.value.expected == "the columns a, b"
    assert raised.value.received == "the columns a, y"
    assert "a file that has 'b'" in raised.value.hint
