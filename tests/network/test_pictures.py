"""What a network looks like: its table, its Mermaid text, its drawing, and the plot of a history."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from bpframe_reference import Add, Dense, Identity

import bpframe as bp
from bpframe.errors import DataError, MissingExtra
from bpframe.training.history import EpochRecord, History
from bpframe.training.range_test import RangeTest

from .networks import chain, shared


def test_the_summary_has_a_row_per_node():
    summary = chain("float32").summary()
    assert [row.node for row in summary.rows] == ["dense_1", "sigmoid_1", "dense_2", "sigmoid_2"]
    first, second = summary.rows[:2]
    assert (first.component, first.reads, first.output_shape, first.parameters) == ("dense", ("x",), (4,), 16)
    assert (second.component, second.reads, second.output_shape, second.parameters) == (
        "sigmoid",
        ("dense_1",),
        (4,),
        0,
    )
    assert list(first.jacobian) == ["a", "w", "b"]
    assert first.jacobian["a"] == "matrix"
    assert second.jacobian == {"z": "diagonal"}
    assert summary.parameters == sum(row.parameters for row in summary.rows) == 26
    assert summary.inputs == {"x": (3,)}
    assert summary.outputs == ("sigmoid_2",)
    assert summary.costs == {"sigmoid_2": "quadratic"}
    assert summary.dtype == "float32"


def test_shared_parameters_are_counted_once():
    summary = shared().summary()
    one, two = summary.rows[:2]
    assert (one.parameters, one.shares) == (8, None)
    assert (two.parameters, two.shares) == (0, "one")
    assert summary.parameters == 8


def cells(line):
    return re.split(r"\s{2,}", line.strip())


def test_the_table_shows_what_the_summary_holds():
    lines = [line for line in str(shared().summary()).splitlines() if line.strip()]
    assert cells(lines[0]) == ["node", "component", "reads", "output", "parameters", "Jacobian"]
    by_node = {cells(line)[0]: cells(line)[1:] for line in lines[2:]}
    assert by_node["left"] == ["input", "(N, 3)"]
    assert by_node["one"][:4] == ["dense", "left", "(N, 2)", "8"]
    assert by_node["two"][:4] == ["dense", "right", "(N, 2)", "those of one"]
    assert by_node["product"][:4] == ["multiply", "one, two, sum", "(N, 2)", "0"]
    assert "xs[0]: diagonal" in by_node["product"][4]
    caption = lines[-1]
    assert "8 parameters, float64" in caption
    assert "output sum, product" in caption
    assert "quadratic of sum, quadratic of product" in caption


def test_the_summary_prints_as_its_table():
    summary = chain().summary()
    assert repr(summary) == str(summary)


def test_a_notebook_shows_it_as_a_table():
    from xml.etree import ElementTree

    table = ElementTree.fromstring(shared().summary()._repr_html_())
    assert table.tag == "table"
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert rows[0] == ["node", "component", "reads", "output", "parameters", "Jacobian"]
    by_node = {row[0]: row for row in rows[1:]}
    assert by_node["one"][1:5] == ["dense", "left", "(N, 2)", "8"]
    assert by_node["two"][4] == "those of one"
    assert {"left", "right", "one", "two", "sum", "product"} <= set(by_node)


def test_the_mermaid_text_has_every_node_edge_and_cost():
    lines = [line.strip() for line in shared().to_mermaid().splitlines()]
    assert lines[0] == "flowchart LR"
    names = dict(re.findall(r'^(\w+)[(\[{]+"(\w+)', "\n".join(lines), re.MULTILINE))
    assert sorted(names.values()) == ["left", "one", "product", "quadratic", "quadratic", "right", "sum", "two"]
    edges = [match.groups() for line in lines if (match := re.match(r"(\w+) .*(-->|\.->) (\w+)$", line))]
    found = sorted((names[start], arrow, names[end]) for start, arrow, end in edges)
    assert found == [
        ("left", "-->", "one"),
        ("one", "-->", "product"),
        ("one", "-->", "sum"),
        ("one", ".->", "two"),  # the parameters that it shares
        ("product", "-->", "quadratic"),
        ("right", "-->", "two"),
        ("sum", "-->", "product"),
        ("sum", "-->", "quadratic"),
        ("two", "-->", "product"),
        ("two", "-->", "sum"),
    ]
    assert '"(N, 3)"' in shared().to_mermaid()


@pytest.mark.parametrize("name", ["end", "graph", "subgraph", "class", "o-x", "x"])
def test_mermaids_own_words_can_be_names_of_nodes(name):
    net = bp.Network(inputs={"data": (3,)}, nodes={name: bp.node(Identity(), "data")}, output=name)
    for line in net.to_mermaid().splitlines()[1:]:
        assert not re.match(rf"\s*{name}\b", line)  # only in quotes
    assert f'"{name}<br/>identity"' in net.to_mermaid()


@pytest.mark.parametrize("build", [chain, shared], ids=["chain", "shared"])
def test_draw_writes_a_picture_and_returns_the_figure(tmp_path, build):
    pytest.importorskip("matplotlib")
    pytest.importorskip("networkx")
    path = tmp_path / "graph.png"
    net = build()
    figure = net.draw(path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    texts = {text.get_text().splitlines()[0] for text in figure.axes[0].texts}
    assert texts == set(net.graph.shapes)


def test_draw_places_each_node_right_of_what_it_reads():
    pytest.importorskip("matplotlib")
    pytest.importorskip("networkx")
    net = bp.Network(
        inputs={"x": (2,)},
        nodes={"a": bp.node(Dense(units=2), "x"), "b": bp.node(Identity(), "a"), "c": bp.node(Add(), "x", "b")},
        output="c",
    )
    at = {text.get_text().splitlines()[0]: text.get_position()[0] for text in net.draw().axes[0].texts}
    assert at["x"] < at["a"] < at["b"] < at["c"]


HISTORY = History(
    epochs=[
        EpochRecord(epoch=1, cost=0.5, seconds=0.1, validation_cost=0.6),
        EpochRecord(epoch=2, cost=0.4, seconds=0.1, validation_cost=0.5),
    ]
)


def test_a_history_plots_what_it_has(tmp_path):
    pytest.importorskip("matplotlib")
    figure = HISTORY.plot(tmp_path / "history.png")
    assert (tmp_path / "history.png").read_bytes().startswith(b"\x89PNG")
    upper, lower = figure.axes
    drawn = {line.get_label(): [line.get_xdata().tolist(), line.get_ydata().tolist()] for line in upper.lines}
    assert drawn == {"cost": [[1, 2], [0.5, 0.4]], "validation cost": [[1, 2], [0.6, 0.5]]}
    assert list(lower.lines) == []


def test_an_empty_history_plots_too():
    pytest.importorskip("matplotlib")
    assert not History().plot().axes[0].lines


@pytest.mark.parametrize("missing", ["networkx", "matplotlib"])
def test_drawing_without_a_package_names_it_and_the_extra(monkeypatch, missing):
    for module in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtra) as caught:
        chain().draw()
    assert missing in str(caught.value)
    assert 'pip install "bpframe[plot]"' in str(caught.value)


def test_plotting_without_matplotlib_names_the_extra(monkeypatch):
    for module in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"matplotlib(?s:.)*bpframe\[plot\]"):
        HISTORY.plot()


PICTURES = {
    "history": HISTORY.plot,
    "network": lambda path: chain().draw(path),
    "range test": RangeTest(np.array([0.1, 1.0]), np.array([2.0, 1.0]), np.array([2.0, 1.0]), "completed").plot,
}


@pytest.mark.parametrize("draws", PICTURES.values(), ids=PICTURES)
def test_a_picture_that_cannot_be_written_is_refused_by_name(tmp_path, draws):
    pytest.importorskip("matplotlib")
    pytest.importorskip("networkx")
    for name in ("h.xyz", "h", "h."):
        with pytest.raises(DataError, match=r"(?s)cannot be written as .*h.*\.pdf, .*\.png, .*\.svg"):
            draws(tmp_path / name)
    with pytest.raises(DataError, match="No such file or directory"):
        draws(tmp_path / "nowhere" / "h.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        draws(tmp_path / "folder.png")
    assert [each.name for each in tmp_path.iterdir()] == ["folder.png"]
    draws(tmp_path / "H.SVG")
    assert (tmp_path / "H.SVG").read_bytes().startswith(b"<?xml")


def test_pictures_leave_the_network_as_it_was():
    net = chain()
    before = net.parameters.vector.copy()
    str(net.summary())
    net.to_mermaid()
    np.testing.assert_array_equal(net.parameters.vector, before)
