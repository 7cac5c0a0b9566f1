"""Tables with gaps and categories: one policy, from files and from frames, in training and in predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_classification import BinaryCrossEntropy, CrossEntropy
from bpframe_reference import Dense, GradientDescent, QuadraticCost
from hypothesis import given
from hypothesis import strategies as st

import bpframe as bp
from bpframe.data import CsvData, FittedPreparation, from_table
from bpframe.data.columns import text_column
from bpframe.data.encoder import Encoder
from bpframe.data.place import Place
from bpframe.errors import DataError, ShapeMismatch, SpecError
from bpframe.runs import evaluate, open_run

ROWS = """age,city,rooms,price
30,Rome,2,1.5
,Paris,3,2.5
50,Rome,NA,3.5
40,,1,4.5
60,Oslo,4,5.5
"""
FIELDS: dict[str, Any] = {"categorical": ("city",), "shuffle": False}


def csv(folder: Path, content: str = ROWS, **fields: Any) -> Any:
    (folder / "d.csv").write_text(content)
    return CsvData(path="d.csv", **{"targets": ("price",), **FIELDS, **fields}).load(folder)


def columns() -> dict[str, list[Any]]:
    return {
        "age": [30, None, 50, 40, 60],
        "city": ["Rome", "Paris", "Rome", None, "Oslo"],
        "rooms": [2, 3, None, 1, 4],
        "price": [1.5, 2.5, 3.5, 4.5, 5.5],
    }


def pandas_table(values: Mapping[str, list[Any]]) -> Any:
    return pytest.importorskip("pandas").DataFrame(values)


def pandas_nullable(values: Mapping[str, list[Any]]) -> Any:
    return pandas_table(values).convert_dtypes().astype({"city": "category"})


def polars_table(values: Mapping[str, list[Any]]) -> Any:
    pl = pytest.importorskip("polars")
    return pl.DataFrame(values).with_columns(pl.col("city").cast(pl.Categorical))


def arrow_table(values: Mapping[str, list[Any]]) -> Any:
    pa = pytest.importorskip("pyarrow")
    return pa.table({**values, "city": pa.array(values["city"]).dictionary_encode()})


def streamed(values: Mapping[str, list[Any]]) -> Any:
    """Return a table of which nothing is known but the stream that tables share."""
    pytest.importorskip("pyarrow")

    class Result:
        def __init__(self) -> None:
            self.table = arrow_table(values)

        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return self.table.__arrow_c_stream__(requested_schema)

    return Result()


TABLES = [dict, pandas_table, pandas_nullable, polars_table, arrow_table, streamed]
table = pytest.mark.parametrize("table", TABLES, ids=lambda each: each.__name__)


# ---- what becomes of gaps and categories


def test_the_mean_of_the_training_part_fills_gaps(tmp_path: Path) -> None:
    data = csv(tmp_path, missing="mean", test_count=2)
    assert data.preparation.encoding.entries == ("age", "city=Oslo", "city=Paris", "city=Rome", "rooms")
    assert data.x.tolist() == [[30, 0, 0, 1, 2], [40, 0, 1, 0, 3], [50, 0, 0, 1, 2.5]]
    assert data.x_test.tolist() == [[40, 0, 0, 1, 1], [60, 1, 0, 0, 4]]


def test_an_indicator_tells_where_a_value_was_missing(tmp_path: Path) -> None:
    data = csv(tmp_path, missing="indicator", categorical={"city": "codes"}, test_count=2)
    names = ("age", "age is missing", "city", "city is missing", "rooms", "rooms is missing")
    assert data.preparation.encoding.entries == names
    assert data.x.tolist() == [[30, 0, 2, 0, 2, 0], [40, 1, 1, 0, 3, 0], [50, 0, 2, 0, 2.5, 1]]
    assert data.x_test.tolist() == [[40, 0, 2, 1, 1, 0], [60, 0, 0, 0, 4, 0]]


def test_rows_with_a_gap_are_dropped_and_counted(tmp_path: Path) -> None:
    data = csv(tmp_path, missing="drop")
    assert data.x.tolist() == [[30, 0, 1, 2], [60, 1, 0, 4]]
    assert data.y.tolist() == [[1.5], [5.5]]
    assert data.notes == ("d.csv: 3 of 5 rows have a missing value, and were dropped",)
    numbers = csv(tmp_path, missing="drop", categorical=(), inputs=("age", "rooms"))
    assert numbers.x.tolist() == [[30, 2], [40, 1], [60, 4]]
    labels = csv(tmp_path, missing="drop", categorical=(), inputs=("rooms",), targets=("city",), one_hot=True)
    assert labels.preparation.labels(labels.y) == ["Rome", "Paris", "Oslo"]


def test_a_gap_is_refused_with_its_place_unless_somebody_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 3, column 'age': '' is not a finite number") as caught:
        csv(tmp_path)
    assert "missing: mean" in caught.value.hint
    with pytest.raises(DataError, match="line 5, column 'city': the category is missing") as caught:
        csv(tmp_path, inputs=("city",))
    assert "missing: mean" in caught.value.hint


def test_a_missing_target_is_never_filled(tmp_path: Path) -> None:
    for missing in ("mean", "indicator"):
        with pytest.raises(DataError, match="line 2, column 'price'"):
            csv(tmp_path, "age,city,price\n1,Rome,\n2,Oslo,3\n", missing=missing)


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        ("a,b,price\n,1,2\n,2,3\n", {"categorical": (), "missing": "mean"}, "column 'a': every value of the training"),
        ("a,city,price\n,x,2\n1,,3\n", {"missing": "drop"}, "a value is missing in every row"),
        ("a,price\n1,2\n", {"categorical": ("price",)}, "a column of categories is no input"),
        ("a,price\n1,2\n", {"categorical": ("b",)}, "no column 'b'"),
    ],
)
def test_what_no_policy_can_mend_is_refused(tmp_path: Path, content: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        csv(tmp_path, content, **fields)


def test_other_marks_of_missing_values_stand_in_the_section(tmp_path: Path) -> None:
    content = "age,city,price\n-999,none,1\n3,Rome,2\n"
    data = csv(tmp_path, content, missing="mean", missing_marks=("-999",))
    assert data.x.tolist() == [[3, 0, 1], [3, 1, 0]]
    assert data.preparation.encoding.entries == ("age", "city=Rome", "city=none")
    with pytest.raises(DataError, match="line 2, column 'age': '' is not"):
        csv(tmp_path, "age,city,price\n,a,1\n3,b,2\n", missing="mean", missing_marks=("-999",))
    with pytest.raises(SpecError, match="missing_marks"):
        csv(tmp_path, missing_marks=("-999",))


def test_scaling_is_of_measured_numbers_alone(tmp_path: Path) -> None:
    data = csv(tmp_path, missing="indicator", scaling="standard")
    raw = csv(tmp_path, missing="indicator").x
    measured = data.preparation.encoding.measured
    assert np.allclose(data.x[:, measured], (raw[:, measured] - raw[:, measured].mean(0)) / raw[:, measured].std(0))
    assert np.array_equal(data.x[:, ~measured], raw[:, ~measured])


def test_columns_without_a_header_are_mixed_by_their_numbers(tmp_path: Path) -> None:
    content = ROWS.partition("\n")[2]
    data = csv(tmp_path, content, header=False, targets=(3,), categorical=(1,), missing="mean")
    assert np.array_equal(data.x, csv(tmp_path, missing="mean").x)


def test_columns_of_categories_may_be_numbered(tmp_path: Path) -> None:
    named, numbered = csv(tmp_path, missing="mean"), csv(tmp_path, missing="mean", categorical=(1,))
    assert named.preparation == numbered.preparation
    codes = csv(tmp_path, missing="mean", categorical={"city": "codes"})
    content = ROWS.partition("\n")[2]
    for key in (1, "1"):
        data = csv(tmp_path, content, header=False, targets=(3,), categorical={key: "codes"}, missing="mean")
        assert np.array_equal(data.x, codes.x)
    with pytest.raises(DataError, match="names no column by 1") as caught:
        csv(tmp_path, missing="mean", categorical={1: "codes"})
    assert caught.value.hint == "'city' in its place"


# ---- the same from frames


@table
@pytest.mark.parametrize("missing", ["mean", "indicator", "drop"])
def test_a_frame_is_prepared_as_a_file_of_it_is(tmp_path: Path, table: Callable[..., Any], missing: str) -> None:
    fields = {**FIELDS, "missing": missing, "scaling": "standard"}
    data, file = from_table(table(columns()), "price", **fields), csv(tmp_path, **fields)
    assert data.x.tobytes() == file.x.tobytes()
    assert data.y.tobytes() == file.y.tobytes()
    assert data.preparation == file.preparation
    if missing != "drop":
        assert np.array_equal(data.preparation.apply_inputs(table(columns())), file.x)


@table
def test_a_gap_in_a_frame_is_named(table: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="the table, row 1, column 'age': the value is missing") as caught:
        from_table(table(columns()), "price", **FIELDS)
    assert 'missing="mean"' in caught.value.hint
    with pytest.raises(DataError, match="column 'city' does not hold numbers") as caught:
        from_table(table(columns()), "price", missing="mean")
    assert "categorical=['city']" in caught.value.hint


def test_dates_are_refused_with_what_to_do() -> None:
    pd = pytest.importorskip("pandas")
    texts = ["2020-01-01", "2020-01-02"]
    with pytest.raises(DataError, match="column 'day' does not hold numbers") as caught:
        from_table({"day": texts, "y": [1.0, 2.0]}, "y")
    assert "days since the first" in caught.value.hint
    days = pd.to_datetime(texts)
    for categorical in ((), ("day",)):
        with pytest.raises(DataError, match="column 'day' does not hold numbers") as caught:
            from_table(pd.DataFrame({"day": days, "y": [1.0, 2.0]}), "y", categorical=categorical)
        assert "days since the first" in caught.value.hint


def test_a_target_of_texts_holds_labels() -> None:
    data = from_table({"a": [1, 2, 3], "kind": ["x", "y", "x"]}, "kind")
    assert data.preparation.classes == ("x", "y")
    assert from_table({"a": [1, 2, 3], "y": [1, 2, 1]}, "y").preparation.classes is None
    assert from_table({"a": [1, 2, 3], "y": [1, 2, 1]}, "y", one_hot=True).preparation.classes == (1, 2)


def test_a_setting_that_does_not_exist_is_told() -> None:
    with pytest.raises(SpecError, match="no argument 'categoricals'") as caught:
        from_table({"a": [1], "y": [1]}, "y", categoricals=["a"])
    assert caught.value.hint == "did you mean 'categorical'?"
    with pytest.raises(DataError, match="is no table"):
        from_table(np.eye(3), "y")


@pytest.mark.parametrize(
    ("values", "fields", "message"),
    [
        ({"y": [1, 2]}, {}, "the table is empty beside its targets"),
        ({"": [1, 2], "y": [1, 2]}, {}, "the table: column 0 has no name"),
        ({"": ["a", "b"], "y": [1, 2]}, {"categorical": (0,)}, "the table: column 0 has no name"),
        ({"a": [1, [2, 3]], "y": [1, 2]}, {}, "row 1, column 'a' does not hold numbers"),
        ({"a": [], "y": []}, {}, "the table is empty"),
        ({"a": [], "y": []}, {"missing": "drop"}, "the table is empty"),
        ({"a": [1, 2], "y": [1]}, {}, "column 'y' has 1 rows"),
        ({"a": [1, 1j], "y": [1, 2]}, {}, "column 'a' does not hold numbers"),
        ({"a": [1, 2**1100], "y": [1, 2]}, {}, "column 'a' does not hold numbers"),
        ({"a": [1, 2], "b": [1], "y": [1, 2]}, {}, "column 'b' has 1 rows"),
        ({"a": [1, float("inf")], "y": [1, 2]}, {"missing": "mean"}, "row 1, column 'a': inf is not a finite number"),
    ],
)
def test_what_is_no_table_of_examples_is_refused(
    values: dict[str, list[Any]], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        from_table(values, "y", **fields)


def test_a_second_table_is_held_back() -> None:
    values = columns()
    first = {name: column[:3] for name, column in values.items()}
    data = from_table(first, "price", test=values, missing="mean", **FIELDS)
    assert data.x.shape == (3, 5)
    assert data.x_test.shape == (5, 5)
    assert data.x_test[3, 0] == 40


# ---- predictions


def trained(tmp_path: Path, **fields: Any) -> tuple[bp.Network, Any]:
    data = from_table(columns(), "price", **{**FIELDS, "missing": "mean", "scaling": "standard", **fields})
    net = bp.Network([Dense(units=1)], input_shape=data.preparation.input_shape, cost=QuadraticCost())
    net.fit(data, optimizer=GradientDescent(learning_rate=0.1), epochs=2)
    return net, data


@table
def test_a_network_that_was_trained_on_a_table_takes_tables(tmp_path: Path, table: Callable[..., Any]) -> None:
    net, data = trained(tmp_path)
    expected = net.without_preparation().predict(data.x)
    assert np.array_equal(net.predict(table(columns())), expected)
    shuffled = {name: columns()[name] for name in ("rooms", "price", "city", "age")}
    assert np.array_equal(net.predict(table(shuffled)), expected)
    loaded = bp.load(net.save(tmp_path / "run"))
    assert np.array_equal(loaded.predict(table(columns())), expected)
    assert loaded.cost(table(columns()), columns()["price"]) == net.cost(table(columns()), columns()["price"])
    (tmp_path / "new.csv").write_text(ROWS)
    found = open_run(tmp_path / "run").predict(tmp_path / "new.csv")
    assert np.array_equal(next(iter(found.outputs.values())), expected)


def test_rows_without_names_have_the_columns_of_the_training(tmp_path: Path) -> None:
    net, data = trained(tmp_path)
    values = columns()
    rows = [[values[name][k] for name in ("age", "city", "rooms")] for k in range(5)]
    assert np.array_equal(net.predict(rows), net.without_preparation().predict(data.x))
    with pytest.raises(DataError, match="does not have the columns of the training"):
        net.predict([row[:2] for row in rows])


def test_a_category_that_training_did_not_have_is_an_error_or_zeros(tmp_path: Path) -> None:
    row = {"age": [1.0], "city": ["Romee"], "rooms": [2]}
    net, _ = trained(tmp_path)
    with pytest.raises(DataError, match="row 0, column 'city': 'Romee' is no category") as caught:
        net.predict(row)
    assert "did you mean 'Rome'?" in caught.value.hint
    assert "unknown: other" in caught.value.hint
    _, data = trained(tmp_path, unknown="other", scaling="none")
    assert data.preparation.apply_inputs(row).tolist() == [[1, 0, 0, 0, 2]]
    coded = from_table(columns(), "price", missing="mean", unknown="other", categorical={"city": "codes"})
    assert coded.preparation.apply_inputs(row).tolist() == [[1, 3, 2]]


def test_a_gap_that_training_had_no_entry_for_is_refused() -> None:
    whole = {"a": [1.0, 2.0, 3.0], "b": [1.0, None, 3.0], "y": [1, 2, 3]}
    data = from_table(whole, "y", missing="indicator")
    assert data.preparation.encoding.entries == ("a", "b", "b is missing")
    with pytest.raises(DataError, match="row 0, column 'a': the value is missing, and in training none was"):
        data.preparation.apply_inputs([[None, 1.0]])
    plain = from_table({"a": ["x", "z"], "y": [1, 2]}, "y", categorical=["a"])
    with pytest.raises(DataError, match="row 1, column 'a': the value is missing") as caught:
        plain.preparation.apply_inputs([["x"], [None]])
    assert "missing: mean" in caught.value.hint


@pytest.mark.parametrize(("units", "cost"), [(2, QuadraticCost()), (2, CrossEntropy()), (1, BinaryCrossEntropy())])
def test_labels_come_in_the_form_that_the_cost_wants(units: int, cost: Any) -> None:
    values = {"age": list(range(20)), "kind": ["low"] * 10 + ["high"] * 10}
    data = from_table(values, "kind", scaling="standard", validation_fraction=0.2)
    net = bp.Network([Dense(units=units)], input_shape=(1,), cost=cost)
    net.fit(data, optimizer=GradientDescent(learning_rate=0.5), epochs=60, metrics=["accuracy"])
    table = np.array(values["age"]).reshape(-1, 1)
    assert net.accuracy(table, values["kind"]) > 0.85
    assert net.preparation.labels(net.predict(table))[0] == "low"
    assert net.history.epochs[-1].validation_accuracy is not None


def test_a_data_set_is_measured_on_its_last_part() -> None:
    values = {"age": list(range(20)), "kind": ["low"] * 10 + ["high"] * 10}
    data = from_table(values, "kind", scaling="standard", validation_fraction=0.2, test_fraction=0.2)
    net = bp.Network([Dense(units=1)], input_shape=(1,), cost=BinaryCrossEntropy())
    history = net.fit(data, optimizer=GradientDescent(learning_rate=0.5), epochs=20)
    found = evaluate(net, data)
    bare, numbers = net.without_preparation(), data.y_test.argmax(axis=1)[:, None].astype(float)
    assert found.examples == 4
    assert found.cost == bare.cost(data.x_test, numbers)
    assert found.accuracy == bare.accuracy(data.x_test, numbers)
    validated = bare.cost(data.x_validation, data.y_validation.argmax(axis=1)[:, None].astype(float))
    assert history.epochs[-1].validation_cost == pytest.approx(validated)
    with pytest.raises(DataError, match="prepared otherwise"):
        evaluate(net, from_table(values, "kind"))
    with pytest.raises(DataError, match="no targets"):
        evaluate(net, data.x)


def test_a_data_set_and_a_network_that_do_not_fit_are_told(tmp_path: Path) -> None:
    data = from_table(columns(), "price", missing="mean", **FIELDS)
    net = bp.Network([Dense(units=1)], input_shape=(3,), cost=QuadraticCost())
    with pytest.raises(ShapeMismatch, match="input has 3 entries, and the data have 5") as caught:
        net.fit(data, optimizer=GradientDescent(learning_rate=0.1))
    assert "input_shape: [5]" in caught.value.expected
    assert "city=Oslo" in caught.value.received
    assert net.preparation is None
    with pytest.raises(DataError, match="holds its targets"):
        net.fit(data, columns()["price"], optimizer=GradientDescent(learning_rate=0.1))
    net, _ = trained(tmp_path)
    with pytest.raises(DataError, match="the network has a preparation"):
        net.fit(data, optimizer=GradientDescent(learning_rate=0.1))


def test_a_run_of_a_mixed_file_is_measured_as_it_was_trained(tmp_path: Path) -> None:
    from bpframe.documents import parse_spec
    from bpframe.runs import run_experiment

    (tmp_path / "d.csv").write_text(ROWS)
    spec = parse_spec("""
network: {input_shape: [8], layers: [{kind: dense, units: 1}], cost: {kind: quadratic}}
training: {optimizer: {kind: gradient_descent, learning_rate: 0.01}, epochs: 2}
data: {kind: csv, path: d.csv, targets: [price], categorical: [city], missing: indicator, scaling: standard,
       test_fraction: 0.4}
""")
    experiment = run_experiment(spec, tmp_path)
    experiment.save(tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.evaluate() == (experiment.evaluate(), "test")
    everything, part = run.evaluate(tmp_path / "d.csv")
    assert part == "all"
    assert everything.examples == 5
    x, y = experiment.dataset.x, experiment.dataset.y
    assert np.array_equal(run.example(0)[0], x[:1])
    assert np.array_equal(run.example(0)[1], y[:1])


def test_what_was_fitted_is_plain_data(tmp_path: Path) -> None:
    fitted = csv(tmp_path, missing="indicator", scaling="standard").preparation
    assert FittedPreparation.model_validate_json(fitted.model_dump_json()) == fitted
    assert "city is missing" in repr(fitted)


# ---- somebody else's numbers

CELLS = st.one_of(st.none(), st.floats(-1e6, 1e6))
WORDS = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))


@given(st.lists(st.tuples(CELLS, WORDS), min_size=2, max_size=8))
def test_entries_are_those_of_pandas(rows: list[tuple[float | None, str | None]]) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rows, columns=["x", "w"])
    if frame["x"].isna().all() or frame["w"].isna().all():
        return
    records = np.empty(len(rows), [("x", float), ("w", object)])
    records["x"], records["w"] = [np.nan if x is None else x for x, _ in rows], [w for _, w in rows]
    found = Encoder({"w": "one_hot"}, "mean", False).fit(records, [records], Place("t")).apply(records, Place("t"))
    filled = frame["w"].fillna(frame["w"].mode()[0])
    expected = np.column_stack([frame["x"].fillna(frame["x"].mean()), pd.get_dummies(filled).astype(float)])
    assert np.allclose(found, expected, rtol=1e-12)


def test_numbers_are_categories_by_their_text() -> None:
    texts = text_column([1, 2.0, True, None, "x", 2.5], "c", Place("t"), True)
    assert texts.tolist() == ["1", "2", "True", None, "x", "2.5"]
    assert text_column([2**60 + 1, 3], "c", Place("t"), False).tolist() == [str(2**60 + 1), "3"]
    with pytest.raises(DataError, match="is no category"):
        text_column([2.0**60, np.nan], "c", Place("t"), True)
