from __future__ import annotations

import numpy as np
import pytest

from bpframe.data import NpzData, map_array
from bpframe.data import mapped as module
from bpframe.derivatives.points import given_rows
from bpframe.documents import parse_spec
from bpframe.errors import DataError
from bpframe.runs import open_run, run_experiment, write_report
from bpframe.validation.indexed import Indexed, is_mapped

X = np.arange(60, dtype=np.float32).reshape(20, 3)
ROWS = np.array([7, 0, 19, 7, 3])


def test_an_array_stays_in_its_file(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(X))
    np.savez(tmp_path / "a.npz", first=np.zeros(1000), x=X)
    for found in (
        map_array(tmp_path / "x.npy"),
        map_array("x.npy", base=tmp_path),
        map_array(tmp_path / "fortran.npy"),
        map_array(tmp_path / "a.npz", "x"),
    ):
        assert is_mapped(found)
        assert not found.flags.writeable
        np.testing.assert_array_equal(found, X)


def test_a_compressed_member_is_read_where_memory_has_room(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x=X)
    found = map_array(tmp_path / "a.npz", "x")
    np.testing.assert_array_equal(found, X)
    assert not is_mapped(found)
    monkeypatch.setattr(module, "available_memory", lambda: 300)
    with pytest.raises(DataError, match=r"compressed, and does not fit(.|\n)*numpy\.savez"):
        map_array(tmp_path / "a.npz", "x")


def test_several_files_are_one_array_in_the_order_of_their_numbers(tmp_path):
    for k, part in enumerate(np.split(X, [3, 4, 4, 15])):
        np.save(tmp_path / f"part-{[0, 1, 2, 9, 10][k]}.npy", part)
    for path in (
        "part-*.npy",
        [f"part-{k}.npy" for k in (0, 1, 2, 9, 10)],
        ["part-[012].npy", "part-9.npy", "part-10.npy"],
    ):
        found = map_array(path, base=tmp_path)
        assert isinstance(found, Indexed)
        assert found.shape == X.shape
        np.testing.assert_array_equal(found[ROWS], X[ROWS])
        np.testing.assert_array_equal(found[2:18:3], X[2:18:3])
        np.testing.assert_array_equal(found[5], X[5])
        np.testing.assert_array_equal(found.take(ROWS), X[ROWS])


def _broken(tmp_path):
    np.save(tmp_path / "x.npy", X)
    content = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "short.npy").write_bytes(content[:-8])
    np.save(tmp_path / "y.npy", X.astype(float))
    np.save(tmp_path / "one.npy", np.array(3.0))
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    np.savez(tmp_path / "a.npz", x=X)
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-40])
    (tmp_path / "t.txt").write_text("")


@pytest.mark.parametrize(
    ("path", "key", "message"),
    [
        ("short.npy", None, "size that its header"),
        (["x.npy", "y.npy"], None, "different examples"),
        ("one.npy", None, "single number"),
        ("objects.npy", None, "objects"),
        ("none-*.npy", None, "no file in"),
        ("nothing.npy", None, "no data file"),
        ([], None, "no file in the list"),
        ("x.npy", "x", "no key"),
        ("a.npz", None, "by name"),
        ("a.npz", "z", "no array 'z'"),
        ("b.npz", "x", "cannot be read"),
        ("t.txt", None, "no file of arrays"),
    ],
)
def test_what_is_no_array_in_a_file_is_refused(path, key, message, tmp_path):
    _broken(tmp_path)
    with pytest.raises(DataError, match=message):
        map_array(path, key, tmp_path)


@pytest.fixture
def large(tmp_path, monkeypatch):
    """Files that memory has no room for."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(3, 2, (3000, 17)), rng.integers(0, 3, 3000)
    np.savez(tmp_path / "whole.npz", x=x, y=y)
    for k, rows in enumerate(np.array_split(np.arange(3000), 4)):
        np.savez(tmp_path / f"part-{k}.npz", x=x[rows], y=y[rows])
    monkeypatch.setattr(given_rows, "IN_MEMORY", 0)
    return lambda: monkeypatch.setattr(module, "available_memory", lambda: 100_000)


@pytest.mark.parametrize("scaling", ["none", "standard", "minmax", {"divide": 3}])
@pytest.mark.parametrize("path", ["whole.npz", "part-*.npz", ["part-0.npz", "part-[123].npz"]])
def test_a_data_section_reads_what_memory_has_no_room_for_in_portions(path, scaling, large, tmp_path):
    fields = {"one_hot": True, "scaling": scaling, "validation_fraction": 0.1, "test_fraction": 0.1, "stratify": True}
    whole = NpzData(path="whole.npz", **fields).load(tmp_path)
    large()
    found = NpzData(path=path, **fields).load(tmp_path)
    for name, (x, y, _) in found.parts.items():
        assert isinstance(x, Indexed)
        np.testing.assert_array_equal(y, whole.parts[name][1])
        np.testing.assert_allclose(x[0 : len(x)], whole.parts[name][0], rtol=1e-12, atol=1e-12)
    assert found.preparation.input_range == whole.preparation.input_range


def test_a_run_trains_measures_and_reports_on_what_is_read_in_portions(large, tmp_path):
    spec = parse_spec("""
network: {layers: [{kind: dense, units: 3}], cost: {kind: quadratic}, input_shape: [17]}
training: {optimizer: {kind: gradient_descent, learning_rate: 0.1}, epochs: 2, metrics: [accuracy]}
data: {kind: npz, path: part-*.npz, one_hot: true, scaling: minmax, validation_fraction: 0.5, test_fraction: 0.1}
""")
    costs = []
    for change in (lambda: None, large):
        change()
        experiment = run_experiment(spec, tmp_path, progress=False)
        costs.append((experiment.history.column("validation_cost"), experiment.evaluate().cost))
        experiment.save(tmp_path / f"run{len(costs)}")
        found, part = open_run(tmp_path / f"run{len(costs)}").evaluate()
        assert (part, found.cost) == ("test", pytest.approx(costs[-1][1]))
        write_report(experiment, tmp_path / f"run{len(costs)}", experiment.evaluate(), 1.0)
    assert costs[0] == costs[1]


def test_numbers_that_are_none_are_told_with_their_row(large, tmp_path):
    x = np.zeros((3000, 17))
    x[2345, 3] = np.nan
    np.savez(tmp_path / "whole.npz", x=x, y=np.zeros(3000))
    large()
    with pytest.raises(DataError, match="row 2345, column 3"):
        NpzData(path="whole.npz").load(tmp_path)
