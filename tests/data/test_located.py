from __future__ import annotations

import shutil

import numpy as np
import pytest

import bpframe as bp
from bpframe.data import CsvData, ImagesData, NpzData
from bpframe.data.located import located, recorded
from bpframe.documents import parse_spec, read_spec
from bpframe.errors import DataError
from bpframe.runs import open_run, prepare_experiment, resumed_experiment, run_experiment, train_in

SPEC = """
network: {layers: [{kind: dense, units: 1}], cost: {kind: quadratic}, input_shape: [2]}
training: {optimizer: {kind: gradient_descent, learning_rate: 0.1}, epochs: 2}
data: {kind: npz, path: data/points.npz, test_fraction: 0.25}
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.savez(folder / "data" / "points.npz", x=rng.normal(size=(40, 2)), y=rng.normal(size=40))
    experiment = run_experiment(parse_spec(SPEC), folder, progress=False)
    experiment.save(folder / "runs" / "first")
    return folder


def cost(run):
    return open_run(run).evaluate()[0].cost


def test_a_run_is_moved_alone_or_with_its_data(project, tmp_path):
    before = cost(project / "runs" / "first")
    shutil.move(project / "runs" / "first", tmp_path / "elsewhere")  # the data stay where they were at first
    assert cost(tmp_path / "elsewhere") == before
    shutil.move(tmp_path / "elsewhere", project / "runs" / "first")
    shutil.move(project, tmp_path / "deep")  # both move together
    assert cost(tmp_path / "deep" / "runs" / "first") == before


def test_data_that_are_not_found_are_asked_for(project, tmp_path):
    shutil.move(project / "data" / "points.npz", tmp_path / "points.npz")
    with pytest.raises(DataError, match=r"points\.npz \(path\)(.|\n)*--data"):
        cost(project / "runs" / "first")


def test_another_file_in_their_place_is_refused(project):
    np.savez(project / "data" / "points.npz", x=np.zeros((40, 2)), y=np.zeros(40))
    with pytest.raises(DataError, match="another file than that which the network was trained on"):
        cost(project / "runs" / "first")


def test_a_training_is_resumed_with_data_that_were_moved(project, tmp_path):
    run = tmp_path / "run"
    train_in(prepare_experiment(parse_spec(SPEC), project), run, False, True)
    whole = resumed_experiment(run, {"training.epochs": 4})
    whole.go_on(False, epochs=4)
    shutil.move(project / "data" / "points.npz", tmp_path / "moved.npz")
    with pytest.raises(DataError, match="--data"):
        resumed_experiment(run, {"training.epochs": 4})
    found = resumed_experiment(run, {"training.epochs": 4}, tmp_path / "moved.npz")
    found.go_on(False, epochs=4)
    assert found.network.parameters.vector.tobytes() == whole.network.parameters.vector.tobytes()
    shutil.move(tmp_path / "moved.npz", tmp_path / "points.npz")
    resumed_experiment(run, {"training.epochs": 4}, tmp_path)  # a folder
    np.savez(tmp_path / "other.npz", x=np.zeros((40, 2)), y=np.zeros(40))
    with pytest.raises(DataError, match="another file"):
        resumed_experiment(run, {"training.epochs": 4}, tmp_path / "other.npz")


def test_what_is_recorded_is_written_into_the_run_alone(project):
    saved = read_spec(project / "runs" / "first" / "spec.yaml").data
    assert saved.files["path"].place == str(project / "data" / "points.npz")
    assert saved.files["path"].size == (project / "data" / "points.npz").stat().st_size
    assert saved.whole().files is None
    assert parse_spec(SPEC).data.files is None
    again = bp.Network.from_spec(read_spec(project / "runs" / "first" / "spec.yaml").network)
    assert again.graph.inputs


def test_folders_and_patterns_are_found_by_their_place(tmp_path):
    (tmp_path / "images").mkdir()
    images = recorded(ImagesData(path="images"), tmp_path)
    assert images.files["path"].size is None
    assert located(images, tmp_path / "other").path == str(tmp_path / "images")
    pattern = recorded(NpzData(path="part-*.npz"), tmp_path)
    with pytest.raises(DataError, match="not found"):
        located(pattern, tmp_path)
    (tmp_path / "images" / "part-1.npz").touch()
    assert located(pattern, tmp_path, tmp_path / "images").path == str(tmp_path / "images" / "part-*.npz")
    (tmp_path / "part-1.npz").touch()
    assert located(pattern, tmp_path) == pattern
    several = recorded(NpzData(path=("a.npz", "b.npz")), tmp_path)
    assert located(several, tmp_path).path == ("a.npz", "b.npz")
    missing = CsvData(path="no.csv", targets=["y"])
    assert located(missing, tmp_path) == missing  # which its reader tells of
