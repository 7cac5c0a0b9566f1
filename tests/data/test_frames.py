"""A table's columns are found by their names, whatever order they stand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Add, Dense, GradientDescent, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.curve_fitting import covariance, fit_curve
from bpframe.data import CsvData, FittedPreparation
from bpframe.errors import CheckpointError, DataError, ShapeMismatch
from bpframe.runs.saved_run import open_run

DESCENT = GradientDescent(learning_rate=0.1)


class Table:
    """What pandas and polars have in common: labels of columns, each column by its label, all of them as an array."""

    def __init__(self, columns: Mapping[Any, Any], labels: list[Any] | None = None) -> None:
        self.data = {label: np.asarray(column) for label, column in columns.items()}
        self.columns = list(self.data) if labels is None else labels

    def __getitem__(self, label: Any) -> np.ndarray:
        return self.data[label]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = np.column_stack([self.data[label] for label in self.columns])
        return array if dtype is None else array.astype(dtype)


def pandas_table(columns: Mapping[Any, Any]) -> Any:
    return pytest.importorskip("pandas").DataFrame(dict(columns))


def polars_table(columns: Mapping[Any, Any]) -> Any:
    return pytest.importorskip("polars").DataFrame(dict(columns))


def arrow_table(columns: Mapping[Any, Any]) -> Any:
    return pytest.importorskip("pyarrow").table(dict(columns))


@pytest.fixture(params=[Table, pandas_table, polars_table, arrow_table])
def table(request: pytest.FixtureRequest) -> Callable[[Mapping[Any, Any]], Any]:
    return request.param


def columns(*names: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    all_three = dict(zip(("a", "b", "c"), rng.normal(size=(3, 20)) * [[1], [10], [100]], strict=True))
    return {name: all_three[name] for name in names or all_three}


X = np.column_stack(list(columns().values()))
Y = np.tanh(X[:, :2] / 10)


def network(features: int = 3) -> bp.Network:
    return bp.Network([Dense(units=2), Sigmoid()], input_shape=(features,), cost=QuadraticCost())


def trained(x: Any, y: Any = Y, **fields: Any) -> bp.Network:
    net = network()
    net.fit(x, y, optimizer=DESCENT, epochs=2, **fields)
    return net


def test_columns_in_another_order_are_read_by_name(table: Callable[..., Any]) -> None:
    net = trained(table(columns()))
    assert np.array_equal(net.parameters.vector, trained(X).parameters.vector)
    expected = net.predict(X)
    for names in ("abc", "cab", "cba"):
        assert np.array_equal(net.predict(table(columns(*names))), expected)
        assert np.array_equal(net.predict(table(columns(*names)), raw=False), expected)
        assert np.array_equal(net.predict({"x": table(columns(*names))}), expected)
        assert net.cost(table(columns(*names)), Y) == net.cost(X, Y)
        assert np.array_equal(net.jacobian(table(columns(*names))), net.jacobian(X))
        assert np.array_equal(net.without_preparation().predict(table(columns(*names))), expected)
    more = {"text": ["t"] * 20, **columns("b", "a", "c"), "other": np.zeros(20)}
    assert np.array_equal(net.predict(table(more)), expected)
    assert net.preparation is None


def test_a_table_that_does_not_have_the_columns_is_refused(table: Callable[..., Any]) -> None:
    net = trained(table(columns()))
    with pytest.raises(DataError, match="the input 'x' has no column 'b'"):
        net.predict(table(columns("a", "c")))
    renamed = {"a": X[:, 0], "B": X[:, 1], "c": X[:, 2]}
    with pytest.raises(DataError, match="has no column 'b'") as refused:
        net.predict(table(renamed))
    assert "array" in str(refused.value.hint)
    with pytest.raises(DataError, match="column 'b' of the input 'x' does not hold numbers"):
        net.predict(table({**columns(), "b": ["much"] * 20}))


def test_training_goes_on_with_the_same_columns_only(table: Callable[..., Any]) -> None:
    net, same = trained(table(columns())), trained(X)
    for each, x in ((net, table(columns("c", "b", "a"))), (same, X)):
        each.fit(x, Y, optimizer=DESCENT, epochs=2, validation_data=(x, Y))
    assert np.array_equal(net.parameters.vector, same.parameters.vector)
    with pytest.raises(DataError, match="has no column"):
        net.fit(table({"p": X[:, 0], "q": X[:, 1], "r": X[:, 2]}), Y, optimizer=DESCENT, epochs=1)
    assert np.array_equal(net.parameters.vector, same.parameters.vector)


def test_validation_data_are_read_by_the_names_of_the_training(table: Callable[..., Any]) -> None:
    histories = []
    for x in (table(columns("b", "c", "a")), X):
        net = network()
        histories.append(net.fit(table(columns()), Y, optimizer=DESCENT, epochs=2, validation_data=(x, Y)))
    assert histories[0].column("validation_cost") == histories[1].column("validation_cost")


def test_targets_of_several_columns_are_read_by_name_too(table: Callable[..., Any]) -> None:
    net = trained(X, table({"left": Y[:, 0], "right": Y[:, 1]}))
    swapped = table({"right": Y[:, 1], "left": Y[:, 0]})
    assert net.cost(X, swapped) == net.cost(X, Y)
    sides = np.eye(2)[(Y[:, 0] > Y[:, 1]).astype(int)]
    assert net.accuracy(X, table({"right": sides[:, 1], "left": sides[:, 0]})) == net.accuracy(X, sides)
    with pytest.raises(DataError, match="the target of 'sigmoid_1' has no column 'left'"):
        net.cost(X, table({"right": Y[:, 1], "links": Y[:, 0]}))


def test_names_are_kept_by_a_run(table: Callable[..., Any], tmp_path: Path) -> None:
    net = trained(table(columns("b", "c", "a")))
    loaded = bp.load(net.save(tmp_path / "run"))
    assert np.array_equal(loaded.predict(table(columns())), net.predict(X[:, [1, 2, 0]]))
    with pytest.raises(DataError, match="has no column 'b'"):
        loaded.predict(table(columns("a", "c")))
    again = bp.load(loaded.save(tmp_path / "again"))
    assert np.array_equal(again.predict(table(columns())), net.predict(X[:, [1, 2, 0]]))
    rows = ["a,b,c", *(f"{a!r},{b!r},{c!r}" for a, b, c in X.tolist())]
    (tmp_path / "new.csv").write_text("\n".join(rows))
    found = open_run(tmp_path / "again").predict(tmp_path / "new.csv").outputs["sigmoid_1"]
    assert np.array_equal(found, net.predict(X[:, [1, 2, 0]]))


def test_columns_of_a_csv_file_are_those_of_a_table(table: Callable[..., Any], tmp_path: Path) -> None:
    rows = ["a,kind,b,c", *(f"{a!r},{'up' if a > 0 else 'down'},{b!r},{c!r}" for a, b, c in X.tolist())]
    (tmp_path / "points.csv").write_text("\n".join(rows))
    data = CsvData(path="points.csv", targets=("kind",), one_hot=True, scaling="standard").load(tmp_path)
    net = network()
    net.fit(data.x, data.y, optimizer=DESCENT, epochs=2)
    loaded = bp.load(net.save(tmp_path / "run", preparation=data.preparation))
    expected = net.predict((X - X.mean(axis=0)) / X.std(axis=0))
    assert np.allclose(loaded.predict(table(columns("c", "a", "b"))), expected, rtol=1e-12)
    assert np.array_equal(loaded.predict(table(columns("c", "a", "b"))), loaded.predict(X))
    prepared = loaded.preparation.apply_inputs(table(columns("c", "a", "b")))
    assert np.array_equal(prepared, data.x)
    kinds = table({"kind": np.where(X[:, 0] > 0, "up", "down").astype(object)})
    assert loaded.cost(X, kinds) == net.cost(data.x, data.y)


def test_a_preparation_of_columns_in_another_order_is_not_saved(tmp_path: Path) -> None:
    rows = ["a,b,c,y", *(f"{a!r},{b!r},{c!r},1" for a, b, c in X.tolist())]
    (tmp_path / "points.csv").write_text("\n".join(rows))
    data = CsvData(path="points.csv", targets=("y",), scaling="standard").load(tmp_path)
    scaled = dict(zip("abc", data.x.T, strict=True))
    net = trained(Table({name: scaled[name] for name in "bca"}))
    with pytest.raises(CheckpointError, match="trained on other columns than its preparation"):
        net.save(tmp_path / "run", preparation=data.preparation)
    trained(Table(scaled)).save(tmp_path / "run", preparation=data.preparation)


def test_a_training_on_twin_names_takes_arrays_but_no_tables(tmp_path: Path) -> None:
    """Two columns of one name can be trained on where they are selected by number."""
    preparation = FittedPreparation(
        dtype="float64", input_shape=(2,), flatten=False, scaling={"offset": [0, 0], "scale": [1, 2]},
        feature_names=("a", "a"),
    )  # fmt: skip
    net = network(2)
    loaded = bp.load(net.save(tmp_path / "run", preparation=preparation))
    assert np.array_equal(loaded.predict(X[:, :2]), net.predict(X[:, :2] / [1, 2]))
    for table in (Table(columns("a", "b")), Table(columns("a", "b"), ["a", "a"])):
        with pytest.raises(DataError, match="2 columns 'a'"):
            loaded.predict(table)


def test_a_table_that_cannot_be_read_is_told() -> None:
    pl = pytest.importorskip("polars")
    net = trained(Table(columns()))
    with pytest.warns(), pytest.raises(DataError, match="cannot be read"):
        net.predict(pl.DataFrame(columns()).lazy())


def test_curves_are_fitted_and_predicted_by_name(table: Callable[..., Any]) -> None:
    x, y = X[:, :2], 3 * X[:, 0] - 0.5 * X[:, 1] + 2
    fit = fit_curve(Dense(units=1), table(columns("a", "b")), y)
    swapped = table(columns("b", "a"))
    assert np.allclose(fit.predict(swapped), y, rtol=1e-9)
    assert np.array_equal(fit.predict(swapped), fit.predict(x))
    assert np.array_equal(fit.prediction_errors(swapped), fit.prediction_errors(x))
    assert np.array_equal(fit_curve(fit.network, swapped, y).estimates, fit_curve(fit.network, x, y).estimates)
    assert np.array_equal(covariance(fit.network, swapped, y).matrix, covariance(fit.network, x, y).matrix)
    masked = np.ma.masked_array(y, np.arange(len(y)) == 3)
    assert np.allclose(fit_curve(Dense(units=1), table(columns("a", "b")), masked).predict(swapped), y, rtol=1e-9)
    assert np.allclose(fit_curve(fit.network, swapped, masked).predict(x), y, rtol=1e-9)
    with pytest.raises(DataError, match="has no column 'b'"):
        fit.predict(table(columns("a", "c")))


def test_names_of_several_inputs_are_kept_apart() -> None:
    def fresh() -> bp.Network:
        return bp.Network(
            inputs={"p": (2,), "q": (2,)},
            nodes={"sum": bp.node(Add(), "p", "q"), "out": bp.node(Dense(units=2), "sum")},
            output="out",
            cost=QuadraticCost(),
        )

    net, p, q = fresh(), columns("a", "b"), columns("b", "c")
    net.fit({"p": Table(p), "q": Table(q)}, Y, optimizer=DESCENT, epochs=1)
    x = {"p": X[:, :2], "q": X[:, 1:]}
    swapped = {"q": Table(columns("c", "b")), "p": Table(columns("b", "a"))}
    assert np.array_equal(net.predict(swapped), net.predict(x))
    with pytest.raises(DataError, match="the input 'q' has no column 'c'"):
        net.predict({"p": Table(p), "q": Table(p)})


def test_twin_names_are_refused_where_they_are_asked_for() -> None:
    twins = Table(columns(), ["a", "b", "c", "a"])
    with pytest.raises(DataError, match="the input 'x' has 2 columns 'a'"):
        trained(Table({**columns(), 4: X[:, 0]}, ["a", "b", "a"]))
    net = trained(Table(columns()))
    with pytest.raises(DataError, match="the input 'x' has 2 columns 'a'"):
        net.predict(twins)
    others = Table({**columns(), "z": np.zeros(20)}, ["z", "a", "b", "c", "z"])
    assert np.array_equal(net.predict(others), net.predict(X))


def test_columns_that_are_counted_have_their_numbers_as_names(table: Callable[..., Any]) -> None:
    if table in (polars_table, arrow_table):
        pytest.skip("these take texts alone")
    net = trained(table({0: X[:, 0], 1: X[:, 1], 2: X[:, 2]}))
    reordered = table({2: X[:, 2], 0: X[:, 0], 1: X[:, 1]})
    assert np.array_equal(net.predict(reordered), net.predict(X))
    with pytest.raises(DataError, match="has no column 0"):
        net.predict(table(columns()))


def test_a_training_that_is_refused_leaves_no_names_behind() -> None:
    net = network()
    with pytest.raises(ShapeMismatch):
        net.fit(Table(columns("a", "b")), Y, optimizer=DESCENT, epochs=1)
    with pytest.raises(DataError):
        net.fit(Table(columns()), Y * np.nan, optimizer=DESCENT, epochs=1)
    net.fit(Table({"p": X[:, 0], "q": X[:, 1], "r": X[:, 2]}), Y, optimizer=DESCENT, epochs=1)


def test_a_network_that_never_saw_names_takes_any(table: Callable[..., Any]) -> None:
    net = trained(X)
    assert np.array_equal(net.predict(table(columns("c", "a", "b"))), net.predict(X[:, [2, 0, 1]]))


def test_whole_and_true_columns_are_numbers_and_gaps_are_none() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": pd.array([3, 4], dtype="Int64"), "c": [True, False]})
    net = trained(Table(columns()))
    assert np.array_equal(net.predict(frame), net.predict([[1, 3, 1], [2, 4, 0]]))
    for gap in (pd.array([3, None], dtype="Int64"), [None, "x"], [3, pd.NaT]):
        with pytest.raises(DataError, match=r"column 'b' of the input 'x' does not hold numbers|'x' is not finite"):
            net.predict(frame.assign(b=gap))


def test_a_column_by_itself_has_a_name_too() -> None:
    pd = pytest.importorskip("pandas")
    net = bp.Network([Dense(units=2), Sigmoid()], input_shape=(1,), cost=QuadraticCost())
    net.fit(pd.DataFrame({"a": X[:, 0]}), Y, optimizer=DESCENT, epochs=1)
    assert np.array_equal(net.predict(pd.Series(X[:, 0], name="a")), net.predict(X[:, :1]))
    with pytest.raises(DataError, match="has no column 'a'"):
        net.predict(pd.Series(X[:, 1], name="b"))


def test_labels_of_a_frame_are_labels() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({("a", 1): X[:, 0], ("a", 2): X[:, 1], ("b", 1): X[:, 2]})
    net = trained(frame)
    assert np.array_equal(net.predict(frame[[("b", 1), ("a", 2), ("a", 1)]]), net.predict(X))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_by_itself_is_the_target_of_one_output(library: str) -> None:
    module, values = pytest.importorskip(library), X.sum(axis=1)
    frame = module.DataFrame({**columns(), "price": values})
    trained = []
    for y in (frame["price"], values[:, None]):
        net = bp.Network([Dense(units=1)], input_shape=(3,), cost=QuadraticCost())
        net.fit(X / 100, y, optimizer=DESCENT, epochs=2, batch_size=5, validation_split=0.2)
        trained.append((net.parameters.vector.tobytes(), net.cost(X / 100, y), net.history.column("validation_cost")))
    assert trained[0] == trained[1]
