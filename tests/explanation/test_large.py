"""Deep, wide and tangled networks explain themselves: in bounded work, in every format, with exact counts."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import jsonschema
import numpy as np
import pytest
from bpframe_merges import Residual
from bpframe_reference import Add, Dense, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.explanation import json_schema, view_of
from bpframe.explanation.formula.numerals import count_as_data, in_full, magnitude
from tests.explanation.networks import sigmoids
from tests.explanation.reading import wrong_lines


def doublings(count: int) -> bp.Network:
    """Return a network of x + x again and again, behind one weight: 2^count paths."""
    nodes = {"n0": bp.node(Dense(units=1, bias=False), "x")}
    nodes |= {f"n{number + 1}": bp.node(Add(), f"n{number}", f"n{number}") for number in range(count)}
    return bp.Network(inputs={"x": (1,)}, nodes=nodes, output=f"n{count}", cost=QuadraticCost())


def test_a_network_of_three_hundred_layers_has_every_view_and_a_page_of_its_size() -> None:
    found = sigmoids(*[4] * 300, inputs=4).explain(np.ones(4), np.zeros(4))
    assert wrong_lines(found) == []
    views = {name: view_of(found, name) for name in ("text", "latex", "html", "json")}
    assert len(views["html"].encode()) < 1_000_000
    assert max(len(views["text"]), len(views["latex"])) < 1_000_000
    data = json.loads(views["json"])
    assert len(data["nodes"]) == 601
    assert len(data["forward"]["lines"]) == len(data["step"]["parameters"]) == 600
    assert len(data["backward"]["errors"]) == 301
    assert "560 lines like these are left out here" in views["text"]


def test_a_deep_network_without_activations_is_written_without_recursion() -> None:
    layers = [Dense(units=2, bias=False) for _ in range(400)]
    network = bp.Network(layers, cost=QuadraticCost(), input_shape=(2,))
    for path, view in network.parameters.items():
        view[...] = np.eye(2) * (-1 if path == "dense_1.w" else 1)
    found = network.explain([1.0, 2.0], [0.0, 0.0])
    whole = found.forward.whole
    assert whole is not None
    assert whole.result == pytest.approx([-1.0, -2.0])
    for name in ("text", "latex", "html", "json"):
        assert view_of(found, name)


def test_paths_are_counted_exactly_however_many_there_are() -> None:
    found = doublings(150).explain([1.0], [0.0], expand=False)
    assert found.paths.rules[0].count == 2**150
    assert json.loads(view_of(found, "json"))["paths"]["rules"][0]["count"] == 2**150
    assert found.paths.counts is not None
    for count in (2**2200, 2**15_000, 2**40_000):  # more digits than JSON's integers should have, Python writes, and we
        rule = replace(found.paths.rules[0], count=count, unfactored_multiplications=count)
        counts = replace(found.paths.counts, paths=count, path_by_path=count, sweeps=count, reaching=None)
        shared = tuple(replace(each, paths=count) for each in found.paths.shared)
        paths = replace(found.paths, rules=(rule,), lines=(), counts=counts, shared=shared)
        many = replace(found, paths=paths)
        data = json.loads(view_of(many, "json"))["paths"]
        jsonschema.validate(data, {"$defs": json_schema()["$defs"], **json_schema()["properties"]["paths"]})
        for told in (data["rules"][0]["count"], data["counts"]["path_by_path"]):
            assert type(told) is str
            assert Decimal(told) == (count if count < 2**40_000 else Decimal(f"{Decimal(count):.16e}"))
        for name in ("text", "latex", "html"):
            view_of(many, name)
        assert in_full(count) in many.to_text()


def test_counts_are_told_with_their_digits_and_long_ones_rounded() -> None:
    assert [in_full(count) for count in (0, 12, 1234567, 10**39)] == ["0", "12", "1,234,567", f"{10**39:,}"]
    assert in_full(123456 * 10**4210) == "1.2346·10^4215"
    assert [magnitude(count) for count in (1, 9, 10, 10**5000, 10**5000 - 1)] == [0, 0, 1, 5000, 4999]
    assert count_as_data(10**639) == 10**639
    assert count_as_data(7 * 10**5000 + 3) == "7" + "0" * 4999 + "3"
    assert count_as_data(15 * 10**20_000) == "1.5000000000000000e+20001"


def test_a_chart_of_counts_beyond_all_floats_is_drawn() -> None:
    pytest.importorskip("matplotlib")
    found = doublings(30).explain([1.0], [0.0], expand=False)
    assert found.paths.counts is not None
    replace(found, paths=replace(found.paths, counts=replace(found.paths.counts, path_by_path=2**5000))).plot_counts()


def test_a_residual_network_of_two_hundred_blocks_is_explained() -> None:
    blocks = [Residual(body=[Dense(units=2), Sigmoid()]) for _ in range(200)]
    network = bp.Network([Dense(units=2), *blocks, Dense(units=1)], input_shape=(2,), cost=QuadraticCost(), seed=2)
    network.parameters.vector *= 0.1
    found = network.explain([1.0, -1.0], [0.5])
    assert wrong_lines(found) == []
    assert found.gradient.warning is None
    assert len(found.to_html().encode()) < 1_000_000


@pytest.mark.parametrize("layers", [40, 160])
def test_formulas_that_are_nested_deeply_are_counted_and_not_written(layers: int) -> None:
    parts = [part for _ in range(layers) for part in (Dense(units=1, bias=False), Sigmoid())]
    network = bp.Network(parts, input_shape=(1,), cost=QuadraticCost())
    found = network.explain([1.0], [0.5], per_parameter=0)
    formula = found.expansion.formula
    assert formula is not None
    assert formula.operations == 5 * layers + 3
    assert formula.formula is None
    assert "nested too deeply" in found.to_text()


def test_a_long_sum_is_not_nested() -> None:
    network = bp.Network([Dense(units=1)], input_shape=(150,), cost=QuadraticCost())
    formula = network.explain(np.ones(150), [0.5], per_parameter=0).expansion.formula
    assert formula is not None
    assert formula.formula is not None


def test_a_page_of_many_layers_shows_the_first_and_last_of_everything() -> None:
    page = sigmoids(*[2] * 60, inputs=2).explain(np.ones(2), np.zeros(2), per_parameter=0).to_html()
    assert "A network 2-2-2-2-2-2-2-2-…-2-2-2-2-2-2-2-2: 121 values" in page
    assert "20 like these are left out here" in page
