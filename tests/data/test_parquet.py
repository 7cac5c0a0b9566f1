"""Parquet, Arrow and Feather files are tables like any other, and damaged ones are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpframe.data import ParquetData, from_table, read_inputs
from bpframe.documents import parse_spec
from bpframe.errors import DataError, MissingExtra, SpecError
from bpframe.runs import open_run, run_experiment

pa = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

VALUES: dict[str, Any] = {
    "age": [30.0, None, 50.0, 40.0, 60.0],
    "city": pa.array(["Rome", "Paris", "Rome", None, "Oslo"]).dictionary_encode(),
    "rooms": [2, 3, 1, 1, 4],
    "price": [1.5, 2.5, 3.5, 4.5, 5.5],
}
FIELDS: dict[str, Any] = {"categorical": ("city",), "missing": "indicator", "scaling": "standard"}


def write(path: Path, table: Any) -> None:
    parquet.write_table(table, path) if path.suffix == ".parquet" else feather.write_feather(table, path)


@pytest.fixture(params=[".parquet", ".feather", ".arrow"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"d{request.param}"
    write(path, pa.table(VALUES))
    return path


def test_a_file_is_prepared_as_its_table_is(file: Path) -> None:
    data = ParquetData(path=file.name, targets=("price",), test_fraction=0.4, **FIELDS).load(file.parent)
    expected = from_table(pa.table(VALUES), "price", test_fraction=0.4, **FIELDS)
    assert data.x.tobytes() == expected.x.tobytes()
    assert data.x_test.tobytes() == expected.x_test.tobytes()
    assert data.preparation == expected.preparation


def test_numbers_alone_are_read_by_name(file: Path) -> None:
    data = ParquetData(path=file.name, inputs=("rooms",), targets=("price",)).load(file.parent)
    assert data.x.tolist() == [[2], [3], [1], [1], [4]]
    x, place = read_inputs(file, preparation=data.preparation)
    assert np.array_equal(data.preparation.apply_inputs(x, place), data.x)
    with pytest.raises(DataError, match=r"d\.\w+, row 1, column 'age': the value is missing"):
        ParquetData(path=file.name, inputs=("age",), targets=("price",)).load(file.parent)


def test_a_run_of_such_a_file_measures_and_predicts(file: Path) -> None:
    folder = file.parent
    spec = parse_spec(f"""
network: {{input_shape: [7], layers: [{{kind: dense, units: 1}}], cost: {{kind: quadratic}}}}
training: {{optimizer: {{kind: gradient_descent, learning_rate: 0.01}}, epochs: 2}}
data: {{kind: parquet, path: {file.name}, targets: [price], categorical: [city], missing: indicator, test_count: 2,
  validation_count: 1}}
""")
    experiment = run_experiment(spec, folder)
    experiment.save(folder / "run")
    run = open_run(folder / "run")
    assert run.evaluate() == (experiment.evaluate(), "test")
    write(folder / f"new{file.suffix}", pa.table(VALUES).drop_columns(["price"]))
    found = run.predict(folder / f"new{file.suffix}")
    assert np.array_equal(found.outputs["dense_1"], run.network.predict(VALUES))
    everything, part = run.evaluate(file)
    assert (everything.examples, part) == (5, "all")
    section = f"data: {{kind: parquet, path: {file.name}, targets: [price], categorical: [city], missing: indicator}}\n"
    (folder / "other.yaml").write_text(section)
    assert run.evaluate(folder / "other.yaml") == (everything, "all")
    pd = pytest.importorskip("pandas")
    pd.DataFrame({**VALUES, "city": VALUES["city"].to_pylist()}).to_csv(folder / "d.csv", index=False)
    assert run.evaluate(folder / "d.csv") == run.evaluate(file)
    assert np.array_equal(run.predict(folder / "d.csv").outputs["dense_1"], found.outputs["dense_1"])


def test_a_second_file_holds_the_test_data(file: Path) -> None:
    write(file.with_name(f"test{file.suffix}"), pa.table(VALUES).slice(0, 2))
    data = ParquetData(path=file.name, test_path=f"test{file.suffix}", targets=("price",), **FIELDS).load(file.parent)
    assert (len(data.x), len(data.x_test)) == (5, 2)
    with pytest.raises(SpecError, match="test_path"):
        ParquetData(path="a.parquet", test_path="b.parquet", test_fraction=0.1, targets=("price",))


def test_damaged_files_are_refused(file: Path) -> None:
    whole = file.read_bytes()
    spec = ParquetData(path=file.name, inputs=("rooms",), targets=("price",))
    for content in (whole[: len(whole) // 2], whole[:-3], b"", b"PAR1", b"ARROW1", b"a,b\n1,2\n"):
        file.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            spec.load(file.parent)
    rng = np.random.default_rng(0)
    for _ in range(60):  # a changed byte is an error with a name, or other numbers
        content = bytearray(whole)
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        file.write_bytes(content)
        try:
            spec.load(file.parent)
        except DataError:
            continue


def test_row_labels_of_pandas_are_no_inputs(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pd.DataFrame({"a": [1.0, 2.0], "y": [1.0, 2.0]}, index=["u", "v"]).to_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError, match="row labels of pandas") as caught:
        ParquetData(path="d.parquet", targets=("y",)).load(tmp_path)
    assert "index=False" in caught.value.hint
    assert ParquetData(path="d.parquet", inputs=("a",), targets=("y",)).load(tmp_path).x.tolist() == [[1], [2]]


def test_without_pyarrow_the_extra_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Callable[..., Any]:
        raise ImportError(name)

    monkeypatch.setattr("bpframe.data.parquet.import_module", missing)
    with pytest.raises(MissingExtra, match="needs pyarrow") as caught:
        ParquetData(path=file.name, targets=("price",)).load(file.parent)
    assert "bpframe[parquet]" in caught.value.hint
