"""All parameters as one vector, and as a mapping from paths to views of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pytest
from bpframe_convolution import Conv2d
from bpframe_merges import Mean
from bpframe_reference import Dense
from bpframe_sequence import Embedding, Lstm

import bpframe as bp
from bpframe.core.graph.parameters import ParameterVector
from bpframe.errors import GraphError, ShapeMismatch
from bpframe.machine import memory

from .networks import chain, samples, shared


@pytest.fixture
def parameters():
    return chain().parameters


def test_it_is_a_mapping_in_the_order_of_the_nodes(parameters):
    assert isinstance(parameters, Mapping)
    assert list(parameters) == ["dense_1.w", "dense_1.b", "dense_2.w", "dense_2.b"]
    assert len(parameters) == 4
    assert {path: view.shape for path, view in parameters.items()} == parameters.shapes
    assert "dense_1.w" in parameters
    assert "dense_3.w" not in parameters


def test_shared_parameters_are_there_once():
    assert list(shared().parameters) == ["one.w", "one.b"]


def test_the_views_cover_the_vector_without_overlap(parameters):
    for path, view in parameters.items():
        assert np.shares_memory(view, parameters.vector), path
    parameters.vector[:] = np.arange(parameters.vector.size)
    np.testing.assert_array_equal(np.concatenate([view.ravel() for view in parameters.values()]), np.arange(26))
    assert parameters.vector.flags.c_contiguous


def test_writing_into_a_view_changes_vector_and_network():
    net, (x, _) = chain(), samples(2)
    net.parameters["dense_2.w"][...] = 0
    net.parameters["dense_2.b"][:] = [0, np.log(3)]
    np.testing.assert_allclose(net.predict(x), [[0.5, 0.75]] * 2, rtol=1e-15)
    assert net.parameters.vector[-10:-2].tolist() == [0] * 8


def test_writing_into_the_vector_changes_views_and_network():
    net, (x, _) = chain(), samples(2)
    views = dict(net.parameters)
    net.parameters.vector[:] = 0
    assert not any(view.any() for view in views.values())
    assert net.predict(x).tolist() == [[0.5, 0.5]] * 2


def test_assignment_copies_into_place(parameters):
    vector, given = parameters.vector, np.arange(12.0).reshape(4, 3)
    parameters["dense_1.w"] = given
    given[...] = -1
    assert vector[:12].tolist() == list(range(12))
    assert parameters.vector is vector
    parameters["dense_1.b"] = 7.0
    assert parameters["dense_1.b"].tolist() == [7.0] * 4
    parameters["dense_1.b"] = [1, 2, 3, 4]
    assert vector[12:16].tolist() == [1, 2, 3, 4]


def test_assignment_keeps_the_dtype():
    parameters = chain("float32").parameters
    parameters["dense_1.b"] = np.array([0.1, 0.2, 0.3, 0.4])
    assert parameters.vector.dtype == parameters["dense_1.b"].dtype == np.float32


@pytest.mark.parametrize("shape", [(3, 4), (3,), (4,), (1, 3), (4, 1), (12,)])
def test_another_shape_is_refused_and_not_broadcast(parameters, shape):
    before = parameters.vector.copy()
    with pytest.raises(ShapeMismatch, match=r"'dense_1.w' has another shape") as caught:
        parameters["dense_1.w"] = np.ones(shape)
    assert "(4, 3)" in str(caught.value)
    assert str(shape) in str(caught.value)
    np.testing.assert_array_equal(parameters.vector, before)


@pytest.mark.parametrize("write", [False, True])
def test_an_unknown_path_is_told_with_the_closest_one(parameters, write):
    with pytest.raises(KeyError) as caught:
        parameters.__setitem__("dense1.w", 0) if write else parameters["dense1.w"]
    assert caught.value.args == ("no parameter 'dense1.w'; did you mean 'dense_1.w'?",)
    with pytest.raises(KeyError, match=r"there are dense_1\.w, dense_1\.b, dense_2\.w, dense_2\.b"):
        parameters["unlike"]


def test_a_copy_shares_nothing(parameters):
    copied = parameters.copy()
    copied.vector[:] = 0
    assert parameters.vector.all()
    copied["dense_1.b"] = 3.0
    assert copied.vector[12:16].tolist() == [3.0] * 4


def test_a_vector_of_another_length_is_refused(parameters):
    with pytest.raises(ShapeMismatch, match=r"\(26,\)"):
        ParameterVector(np.zeros(25), parameters.shapes)


def test_the_network_always_gives_the_same_parameters():
    net = chain()
    assert net.parameters is net.parameters
    with pytest.raises(AttributeError):
        net.parameters = None


def test_repr_lists_paths_and_shapes(parameters):
    assert repr(parameters).startswith("ParameterVector(26 float64 in {dense_1.w: (4, 3), dense_1.b: (4,)")


@pytest.mark.parametrize("size", [10**12, 10**20, 10**200])
@pytest.mark.parametrize(
    ("layer", "shape", "largest"),
    [
        (lambda size: Dense(units=size), (300,), "dense_1.w"),
        (lambda size: Dense(units=size), (None, 300), "dense_1.w"),
        (lambda size: Conv2d(filters=size, kernel_size=8), (8, 8, 3), "conv2d_1.w"),
        (lambda size: Embedding(size=size, units=300), (3,), "embedding_1.w"),
        (lambda size: Lstm(units=size), (5, 300), "lstm_1.u"),
    ],
    ids=["dense", "dense of open axes", "convolution", "embedding", "lstm"],
)
def test_parameters_that_no_memory_holds_are_refused_by_name(layer, shape, largest, size):
    with pytest.raises(GraphError, match=rf"(?s)does not fit into memory.*'{largest}' has the shape \(.*\d{{12}}"):
        bp.Network([layer(size)], input_shape=shape)


@pytest.mark.parametrize(
    ("layers", "shape", "received"),
    [
        (
            [Dense(units=2000), Dense(units=2000), Dense(units=3)],
            (4,),
            r"64,\d{3},\d{3} bytes; 'dense_2.w' .*layers\[1\]",
        ),
        ([Embedding(size=5000, units=400)], (3,), r"'embedding_1.w' has the shape \(5000, 400\), in layers\[0\]"),
        ([Mean()], (3000, 3000), r"one example of 'x' has the shape \(3000, 3000\)"),
        ([Mean()], (None, 3000, 3000), None),
        ([Dense(units=10**5000)], (4,), r"more bytes than .*'dense_1.w' has the shape \(over 2\^16609, 4\)"),
    ],
    ids=["several layers", "embedding", "input", "open axis", "thousands of digits"],
)
def test_a_network_is_held_against_the_memory_that_is_free(layers, shape, received, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10_000_000)
    monkeypatch.setattr(memory, "SMALL", 0)
    if received is None:
        bp.Network(layers, input_shape=shape)
        return
    with pytest.raises(GraphError, match="the network does not fit into memory") as caught:
        bp.Network(layers, input_shape=shape)
    assert caught.value.expected == "at most 10,000,000 bytes, which are free now"
    assert re.search(received, caught.value.received), caught.value.received
